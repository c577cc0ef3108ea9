"""Failures as exceptions."""

import json

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
    -23: "STALE",
}
INVALID_HANDLE, EMPTY, CANCELLED, INTERNAL = -2, -6, -16, -18


class Error(Exception):
    """What the library says of a call that failed.

    `status` is its number, `name` the number's name; `node` (its id) and `input` say where in a
    graph, if anywhere.
    """

    def __init__(self, status, message, node=None, input=None):
        super().__init__(message)
        self.status, self.message, self.node, self.input = status, message, node, input

    @property
    def name(self):
        return NAMES.get(self.status, str(self.status))

    def __str__(self):
        return f"{self.message} [{self.name}]"

    @classmethod
    def of_run(cls, status, text):
        """The error of a run, from the JSON of amdm_run_error."""
        said = json.loads(text)
        node = (said.get("node") or {}).get("id")
        return cls(status, said.get("message", text), node, said.get("input"))
