"""When what Python owns ends.

Inside a callback nothing of the library's may be destroyed: what Python lets go of there waits for
the next call outside one. At the end of the interpreter runs end first, then graphs and tensors,
and hosts last, so that nothing in Python is called after.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from typing import TypeVar

from . import _library as library
from .error import WRONG_STATE, WRONG_THREAD, Error

_HERE = threading.local()
_OPEN: dict[str, weakref.WeakSet[Owned]] = {
    kind: weakref.WeakSet() for kind in ("run", "graph", "tensor", "host")
}
# Threads that execute runs.
THREADS: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
_VERBS = {"tensor": "tensor_release"}
_OVER = False
_PROCESS = os.getpid()
# How many seconds the end of the interpreter waits for what other threads still use.
PATIENCE = 5


class Inside:
    """`with INSIDE:` marks what this thread does as part of a callback."""

    def __enter__(self) -> None:
        _HERE.depth = getattr(_HERE, "depth", 0) + 1

    def __exit__(self, *_: object) -> None:
        _HERE.depth -= 1


INSIDE = Inside()


def is_inside() -> bool:
    """Whether this thread is in a callback."""
    return getattr(_HERE, "depth", 0) > 0


def is_fork() -> bool:
    """Whether this process is a fork, which has the handles, but no other threads."""
    return os.getpid() != _PROCESS


def end(kind: str, handle: int) -> None:
    """Ends a handle: now, or at the next call outside callbacks."""
    if is_fork():
        return
    free = kind == "tensor" or not is_inside()
    if not free or library.raw(_VERBS.get(kind, kind + "_destroy"), handle) == WRONG_THREAD:
        library.WAITING.append((kind, handle))


def sweep() -> None:
    """Ends what waits, outside callbacks."""
    if is_inside():
        return
    for _ in range(len(library.WAITING)):
        try:
            end(*library.WAITING.popleft())
        except IndexError:  # Another thread was faster.
            return


library.sweep = sweep


_Self = TypeVar("_Self", bound="Owned")


class Owned:
    """Something of the library's that this object owns, and ends with it."""

    _kind = ""
    _handle: int | None = None

    def _own(self, handle: int) -> None:
        if _OVER:
            end(self._kind, handle)
            raise Error(WRONG_STATE, "the interpreter is ending")
        self._handle = handle
        _OPEN[self._kind].add(self)

    @property
    def handle(self) -> int | None:
        """The handle as <amdm.h> has it; None once closed."""
        return self._handle

    def close(self) -> None:
        """Ends it; again is fine. Inside a callback it ends as soon as the callback is over."""
        handle, self._handle = self._handle, None
        if handle:
            end(self._kind, handle)

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if self._handle:
            self.close()


def _end_all() -> None:
    global _OVER
    _OVER = True
    sweep()
    library.settle()
    for kind in _OPEN:
        for owned in list(_OPEN[kind]):
            owned.close()
    # Another thread that is about to leave the library may hold the last reference there.
    end_of_patience = time.monotonic() + PATIENCE
    for thread in list(THREADS):
        thread.join(max(0, end_of_patience - time.monotonic()))
    while library.CALLABLE and time.monotonic() < end_of_patience:
        time.sleep(0.001)


atexit.register(_end_all)
