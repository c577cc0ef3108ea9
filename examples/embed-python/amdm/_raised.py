"""What callbacks raise, as objects: the error of their run has it as its `__cause__`.

Each run has a `Raised`. The thread that executes the run, and whoever asks a model in a callback,
makes it the current one, so that a callback finds it. What is in there is let go of as soon as it
is handed on.
"""

from __future__ import annotations

import collections
import contextlib
import threading
import traceback
import unicodedata
import weakref
from typing import Iterable, Iterator, NamedTuple

from .error import Error

# How many are kept of one run; the first that ended the run is among them.
MOST = 16
# So many characters of words always come back; the library shortens what is long.
HEAD = 1000
_HERE = threading.local()


class _Kept(NamedTuple):
    words: str
    error: BaseException
    where: str


class Raised:
    """What the callbacks of one run raised, the oldest first."""

    def __init__(self) -> None:
        self._kept: collections.deque[_Kept] = collections.deque(maxlen=MOST)
        # The run's error, for as long as somebody has it.
        self._told: weakref.ref[Error] | None = None

    @contextlib.contextmanager
    def here(self) -> Iterator[None]:
        """Makes it that of this thread."""
        before = getattr(_HERE, "raised", None)
        _HERE.raised = self
        try:
            yield
        finally:
            _HERE.raised = before

    def keep(self, error: BaseException, words: str) -> None:
        """Keeps what a callback raises now, with the words that the library is told."""
        where = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        while isinstance(error, Error) and error._passed_on and error.__cause__ is not None:
            error = error.__cause__
        self._kept.append(_Kept(_plain(words[:HEAD]), error, where))

    def nested(self, status: int, message: str) -> Error:
        """The error of a call inside a callback, caused by what a model raised in that call."""
        made = Error(status, message)
        kept = _said(message, reversed(tuple(self._kept)))
        if kept:
            self._kept.remove(kept)
            _caused(made, kept.error, kept.where)
            made._passed_on = True
        return made

    def clear(self) -> None:
        """Lets go of all of it."""
        self._kept.clear()

    def error(self, status: int, said: str) -> Error:
        """The run's error, from the JSON of amdm_run_error."""
        made = Error.of_run(status, said)
        told = self._told and self._told()
        kept = _said(made.message, tuple(self._kept))
        self._kept.clear()
        if kept:
            _caused(made, kept.error, kept.where)
        elif told:
            _caused(made, told.__cause__, told.traceback)
        if made.__cause__ is not None:
            self._told = weakref.ref(made)
        return made


def _plain(words: str) -> str:
    """Words as the library gives them back: in one line."""
    return "".join(" " if unicodedata.category(one) == "Cc" else one for one in words).strip()


def _said(message: str, several: Iterable[_Kept]) -> _Kept | None:
    """The first of several whose words are in a message, else the first that has none."""
    silent = None
    for kept in several:
        if kept.words and kept.words in message:
            return kept
        if not kept.words and silent is None:
            silent = kept
    return silent


def _caused(made: Error, cause: BaseException | None, where: str | None) -> None:
    made.__cause__, made.traceback = cause, where


def current() -> Raised:
    """That of this thread's run."""
    return getattr(_HERE, "raised", None) or Raised()
