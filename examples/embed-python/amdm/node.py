"""Classes of nodes written in Python."""

from __future__ import annotations

import json
from ctypes import byref
from typing import TYPE_CHECKING, Any

from . import _library as library
from . import _tables, registry
from ._ends import INSIDE
from ._tables import NodeVtable
from ._types import called
from .callback import Call, count_of, guarded
from .step import PHASES, Operator, Step

if TYPE_CHECKING:
    from .host import Host


class Node:
    """A class of nodes. Derive from it, set `descriptor`, and write `execute` or `make_operator`.

    `descriptor` is a dict as `Host.node_schemas` lists them; with `"step_operator": {"phases":
    [...]}` it is one of step operators. What the methods raise becomes the error of the run, as the
    `__cause__` of `amdm.Error`. One object serves all nodes of its class, in all runs; its methods
    are called one at a time, unless the descriptor says `"concurrent": True`.
    """

    descriptor: dict[str, Any] = {}

    def execute(self, call: Call) -> None:
        """Executes one node once: reads inputs from `call`, and sets outputs."""
        raise NotImplementedError

    def make_operator(self, call: Call) -> Operator:
        """The operator for one sampling; reads inputs from `call`. For step operators alone."""
        raise NotImplementedError

    def register(self, host: Host) -> None:
        """Adds it to a host; as `Host.register_node`."""
        functions: dict[str, Any] = {"execute": _execute}
        if self.descriptor.get("step_operator"):
            functions = _OPERATOR
        vtable = NodeVtable(
            descriptor_json=json.dumps(self.descriptor).encode(),
            user_data=registry.remember(self),
            destroy=registry.destroy,
            **functions,
        )
        library.call("host_register_node", host.handle, byref(vtable))


@called(_tables.Execute)
def _execute(key: int, context: int, api: Any) -> int:
    node = registry.recall(key)
    return guarded(context, api, node.execute)


@called(_tables.MakeOperator)
def _make(key: int, context: int, api: Any, out: Any) -> int:
    node = registry.recall(key)

    def work(call: Call) -> None:
        made = node.make_operator(call)
        if not isinstance(made, Operator):
            raise TypeError(f"found {type(made).__name__} as an operator, expected amdm.Operator")
        out[0] = registry.remember(made)

    return guarded(context, api, work)


@called(_tables.OperatorWindow)
def _window(
    _node: int,
    key: int,
    context: int,
    api: Any,
    steps: int,
    before: Any,
    count: int,
    out: Any,
) -> int:
    operator = registry.recall(key)

    def work(_: Call) -> None:
        windows = [(one.start, one.end) for one in count_of(before, count)]
        out[0].start, out[0].end = operator.window(steps, windows)

    return guarded(context, api, work)


@called(_tables.WantsParts)
def _wants_parts(_node: int, key: int, context: int, api: Any, out: Any) -> int:
    operator = registry.recall(key)

    def work(_: Call) -> None:
        out[0] = int(bool(operator.wants_parts))

    return guarded(context, api, work)


@called(_tables.OperatorCheck)
def _check(_node: int, key: int, context: int, api: Any) -> int:
    operator = registry.recall(key)
    return guarded(context, api, operator.check, Step)


@called(_tables.OperatorApply)
def _apply(_node: int, key: int, context: int, api: Any, phase: int) -> int:
    operator = registry.recall(key)
    return guarded(context, api, lambda step: operator.apply(step, PHASES[phase]), Step)


@called(_tables.OperatorDestroy)
def _destroy(_node: int, key: int) -> None:
    with INSIDE:
        registry.forget(key)


_OPERATOR = {
    "make_operator": _make,
    "operator_window": _window,
    "operator_wants_parts": _wants_parts,
    "operator_check": _check,
    "operator_apply": _apply,
    "operator_destroy": _destroy,
}
