"""Ctrl-C while the library has the main thread.

Python's handlers of signals run where Python does: in the callbacks of a run. What one raises there
must not get into the library, so it waits: the run is cancelled, and it is raised when the run has
ended.
"""

from __future__ import annotations

import signal
import threading
from typing import Any, Callable


class Interruptible:
    """`with Interruptible(cancel):` around the call that runs a graph on this thread."""

    def __init__(self, cancel: Callable[[], None]):
        self._cancel = cancel
        self._before: Any = None
        self._raised: BaseException | None = None

    def __enter__(self) -> None:
        before = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is threading.main_thread() and callable(before):
            self._before = before
            signal.signal(signal.SIGINT, self._handle)

    def _handle(self, number: int, frame: Any) -> None:
        try:
            self._before(number, frame)
        except BaseException as error:
            self._raised = self._raised or error
            self._cancel()

    def __exit__(self, *_: object) -> None:
        if self._before and signal.getsignal(signal.SIGINT) == self._handle:
            signal.signal(signal.SIGINT, self._before)
        raised, self._raised = self._raised, None
        try:
            if raised is not None:
                raise raised
        finally:
            del raised
