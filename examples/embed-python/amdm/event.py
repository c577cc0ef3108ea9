"""What happens in a run."""

from __future__ import annotations

import json
from ctypes import byref
from typing import Any, Callable

from . import _library as library
from . import _types as t
from .error import EMPTY, Error
from .image import Image

KINDS = ["", "started", "node-started", "node-done", "cached", "progress", "preview", "ui"]
KINDS += ["saved", "log", "resumed", "finished"]


class Event:
    """Something that happened.

    kind: "started", "node-started", "node-done" (with `seconds`), "cached", "progress" (`step` of
    `total`), "preview", "ui", "saved", "log" (`text`, its level in `step`), "resumed" or
    "finished". Further kinds may come with later versions: pass over those.
    node: the id of the node that it is about, or "".
    text: a line of the log, or "". step, total: counts, 0 where there are none. seconds: the time
    that a node took. json: all about the event, as `amdm run --progress json` prints it.
    preview: an unfinished picture, as an `Image` of bytes; None of other events.
    """

    def __init__(self, told: t.Event):
        known = told.kind < len(KINDS)
        self.kind: str = KINDS[told.kind] if known else f"event {told.kind}"
        self.node: str = str(told.node)
        self.text: str = str(told.text)
        self.step: int = told.step
        self.total: int = told.total
        self.seconds: float = told.seconds
        self.json: dict[str, Any] = json.loads(str(told.json) or "{}")
        self.preview: Image | None = Image.copied(told.image.contents) if told.image else None

    def __repr__(self) -> str:
        return f"<amdm.Event {self.kind} {self.node}>"


OnEvent = Callable[[Event], object]


def taken(run: int | None, span: int) -> Event | None:
    """The next event of a run; None where none comes within `span` milliseconds."""
    told = t.Event()
    status = library.status_of("run_next_event", run, span, byref(told))
    if status == EMPTY:
        return None
    if status != 0:
        raise Error(status, library.last_error())
    return Event(told)
