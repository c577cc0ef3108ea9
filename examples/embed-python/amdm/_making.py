"""How tensors are made: from numbers, from other libraries' tensors, and from tensors."""

from __future__ import annotations

from ctypes import c_double, c_uint32, c_void_p
from typing import TYPE_CHECKING, Any, Sequence

from . import _dlpack
from .buffer import floats, shaped
from .tensor import Tensor

if TYPE_CHECKING:
    from .callback import Call


def made(host: int | None, source: Any, shape: Sequence[int] | None = None) -> Tensor:
    """A tensor that stays, from what `Host.tensor` takes."""
    if isinstance(source, Tensor):
        source, shape = source.data, shape or source.shape
    if not _has_buffer(source) and hasattr(source, "__dlpack__"):
        if shape is not None:
            raise TypeError("found a shape for a tensor of another library's, which has its own")
        return Tensor(_dlpack.taken(source, _dlpack.of_host(host)))
    values, found = floats(source)
    extents = found if shape is None else shaped(shape, len(values))
    return Tensor(_dlpack.copied(host, values, extents))


def lent(call: Call, source: Any, shape: Sequence[int] | None = None) -> Tensor:
    """A tensor of a callback's, from what `Call.tensor` takes."""
    if isinstance(source, Tensor):
        shared = Tensor(given(call, source), call, lent=True)
        return shared if shape is None else shared.reshape(*shape)
    if not _has_buffer(source) and hasattr(source, "__dlpack__"):
        made = _dlpack.taken(source, lambda view: call.made("tensor", "from_dlpack", view, 0))
        taken = Tensor(made, call, lent=True)
        return taken if shape is None else taken.reshape(*shape)
    values, found = floats(source)
    extents = found if shape is None else shaped(shape, len(values))
    places = (c_uint32 * len(extents))(*extents)
    return Tensor(
        call.made("tensor", "from_f32", places, len(extents), values), call, lent=True
    )


def given(call: Call, tensor: Tensor) -> int:
    """A second handle on a tensor, to be given away: `tensor` itself stays usable."""
    return call.made("tensor", "share", tensor.handle)


def combined(call: Call, terms: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """`sum(weight * term)`."""
    if len(terms) != len(weights):
        raise ValueError(f"found {len(terms)} terms and {len(weights)} weights, expected as many")
    handles = (c_void_p * len(terms))(*[term.handle for term in terms])
    numbers = (c_double * len(weights))(*weights)
    made = call.made("tensor", "linear_combination", handles, numbers, len(terms))
    return Tensor(made, call, lent=True)


def joined(call: Call, parts: Sequence[Tensor], axis: int) -> Tensor:
    """Tensors one after the other along `axis`."""
    handles = (c_void_p * len(parts))(*[part.handle for part in parts])
    return Tensor(call.made("tensor", "concat", handles, len(parts), axis), call, lent=True)


def _has_buffer(source: Any) -> bool:
    try:
        memoryview(source)
    except (TypeError, BufferError):
        return False
    return True
