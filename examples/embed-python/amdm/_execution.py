"""A thread that executes a run: the run's callbacks and events come on it."""

from __future__ import annotations

import threading
from typing import Any, Callable

from . import _ends
from . import _library as library
from . import _types as t
from ._raised import Raised
from .error import OUT_OF_MEMORY, WRONG_STATE, Error
from .event import OnEvent, taken

_HERE = threading.local()


class Execution:
    """Executes a run on this thread, once, by `work()`.

    on_event: told of each event. What it raises cancels the run.
    """

    def __init__(self, run: int | None, raised: Raised, on_event: OnEvent | None = None):
        self._run, self._raised, self._on_event = run, raised, on_event
        self._stopped: BaseException | None = None
        self._telling = False
        self._begun, self._over = threading.Event(), threading.Event()
        self._thread: int | None = None
        self.refused: Error | None = None

    def work(self) -> tuple[int, str]:
        """Runs to the end, and gives the status and the library's words."""
        before = getattr(_HERE, "execution", None)
        _HERE.execution = self
        try:
            with self._raised.here():
                status = library.status_of("run_execute", self._run)
                return status, library.last_error()
        finally:
            _HERE.execution = before

    def start(self, waits: Callable[[], bool]) -> None:
        """Has another thread do the work; returns when the run `waits` no more."""
        thread = threading.Thread(target=self._drive, name="amdm-run", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            raise Error(OUT_OF_MEMORY, f"cannot start a thread: {error}") from None
        _ends.THREADS.add(thread)
        self._thread = thread.ident
        while waits() and not self._begun.wait(0.001):
            pass
        if self.refused:
            raise self.refused

    def _drive(self) -> None:
        status, message = self.work()
        if status == WRONG_STATE:
            self.refused = Error(status, message)
        self._begun.set()
        self._over.set()

    def settle(self) -> None:
        """After the run's end, waits until the other thread has left the library."""
        if threading.get_ident() != self._thread:
            self._over.wait(_ends.PATIENCE)

    def woken(self) -> None:
        """Tells of what has happened since."""
        self._begun.set()
        if self._on_event is None or self._telling:
            return
        self._telling = True
        try:
            while self._stopped is None:
                event = taken(self._run, 0)
                if event is None:
                    break
                self._on_event(event)
        finally:
            self._telling = False

    def stop(self, error: BaseException) -> None:
        """Cancels the run for something that was raised; the first wins."""
        if self._stopped is None:
            self._stopped = error
        library.raw("run_cancel", self._run, 0)

    def end(self) -> None:
        """Raises what the run was cancelled for."""
        error, self._stopped = self._stopped, None
        try:
            if error is not None:
                self._raised.clear()
                raise error
        finally:
            del error


@t.called(t.Release)
def wake(_: Any) -> None:
    """Called on the executing thread at every event, also so that Python handles signals."""
    execution: Execution | None = getattr(_HERE, "execution", None)
    if execution is None:  # On a thread of a callback's own; the next event comes on the right one.
        return
    with _ends.INSIDE:
        try:
            execution.woken()
        except BaseException as error:  # Nothing may get across.
            execution.stop(error)
