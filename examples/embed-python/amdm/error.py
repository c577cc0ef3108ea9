"""Failures as exceptions."""

from __future__ import annotations

import json
from typing import NamedTuple, Optional

NAMES = {
    -1: "INVALID_ARGUMENT",
    -2: "INVALID_HANDLE",
    -3: "ABI_MISMATCH",
    -4: "WRONG_THREAD",
    -5: "WRONG_STATE",
    -6: "EMPTY",
    -7: "TIMEOUT",
    -8: "PANIC",
    -9: "INVALID_GRAPH",
    -10: "INVALID_INPUT",
    -11: "NOT_FOUND",
    -12: "UNSUPPORTED",
    -13: "OUT_OF_MEMORY",
    -14: "LIMIT_EXCEEDED",
    -15: "INPUT_OUTPUT",
    -16: "CANCELLED",
    -17: "DENIED",
    -18: "INTERNAL",
    -19: "TRAP",
    -20: "TIME_UP",
    -21: "PACK_INVALID",
    -22: "PACK_MISMATCH",
}
WRONG_THREAD, WRONG_STATE, EMPTY, TIMEOUT, PANIC, INVALID_GRAPH = -4, -5, -6, -7, -8, -9
UNSUPPORTED, OUT_OF_MEMORY, CANCELLED, INTERNAL = -12, -13, -16, -18


class FailedNode(NamedTuple):
    """The node that failed: its `id`, its class, and its title where it has one."""

    id: str
    class_type: str = ""
    title: Optional[str] = None

    def __str__(self) -> str:
        called = f" {self.title!r}" if self.title and self.title != self.id else ""
        return f"node {self.id}{called}" + (f" ({self.class_type})" if self.class_type else "")


class Error(Exception):
    """What the library says of a call, or a run, that failed.

    status: the number, as <amdm.h> has it; `name` is the number's name, such as `INVALID_INPUT`.
    code: the short word for it that files and other programs see, such as `invalid_input`.
    message: what was found and what was expected, for people.
    node: the `FailedNode`, if it is about one. input: the name of its input, if it is about one.

    Of what Python code raised in a callback, `__cause__` is the very object that was raised, so
    that `raise error.__cause__` goes on with it, and `traceback` is its traceback as text. The run
    keeps neither: both end with the error.

    Code in Python raises it, too: `raise amdm.Error(-12, "no colour", input="image")`.
    """

    def __init__(
        self,
        status: int,
        message: str,
        node: FailedNode | None = None,
        input: str | None = None,
        code: str | None = None,
    ):
        super().__init__(status, message, node, input, code)
        self.status, self.message, self.node, self.input = status, message, node, input
        self.code = code or self.name.lower()
        self.traceback: str | None = None
        # Whether it only hands on its cause, out of a model that a callback asked.
        self._passed_on = False

    @property
    def name(self) -> str:
        """The name of `status` in <amdm.h>, without AMDM_STATUS_; its number where it has none."""
        return NAMES.get(self.status, str(self.status))

    def __str__(self) -> str:
        place = [str(self.node)] if self.node else []
        place += [f"input {self.input}"] if self.input else []
        where = ", ".join(place) + ": " if place else ""
        return f"{where}{self.message} [{self.name}]"

    @classmethod
    def of_run(cls, status: int, text: str) -> Error:
        """The error of a run, from the JSON of amdm_run_error."""
        said = json.loads(text)
        node = said.get("node")
        if node:
            node = FailedNode(node.get("id", ""), node.get("class") or "", node.get("title"))
        message = said.get("message", text)
        return cls(status, message, node, said.get("input"), said.get("code"))
