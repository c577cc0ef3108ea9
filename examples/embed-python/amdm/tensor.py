"""Tensors: floats of 32 bits with a shape, shared with numpy, torch and others."""

from __future__ import annotations

import array
import ctypes
import math
import weakref
from ctypes import byref, c_uint32
from typing import TYPE_CHECKING, Any

from . import _dlpack
from . import _library as library
from . import _types as t
from ._ends import Owned
from .buffer import as_array, view
from .error import Error

if TYPE_CHECKING:
    import numpy as np
    import torch as pytorch

    from .callback import Call


class Tensor(Owned):
    """Values on a device, with a shape; never changed once made.

    Images are [batch, height, width, channels] and masks [batch, height, width], in [0, 1]; latents
    are [batch, channels, height, width].

    `Host.tensor` and `Run.tensor` give tensors that stay, for any thread. What callbacks are
    handed, and make, is lent: it ends with the callback; `keep()` gives one that stays. Inside
    callbacks the operators `+ - * /` with tensors and numbers, and methods such as `clamp`, work on
    the device; outside they raise TypeError. One that has ended raises `amdm.Error`
    (INVALID_HANDLE).

    `numpy()` and `torch()` give it to those libraries, and so do `numpy.asarray(tensor)`,
    `numpy.from_dlpack(tensor)` and `torch.from_dlpack(tensor)`. Memory that is shared is nobody's
    to write to, as others may use the tensor. numpy knows that, torch does not: after
    `torch.from_dlpack` alone, write to a `clone()`, or ask for `copy=True`.
    """

    _kind = "tensor"

    def __init__(self, handle: int, call: Call | None = None, lent: bool = False):
        self._call = call
        self._lent = handle if lent else None
        if not lent:
            self._own(handle)

    @property
    def handle(self) -> int | None:
        """The handle as <amdm.h> has it; None once closed."""
        return self._lent or self._handle

    def _info(self) -> t.TensorInfo:
        info = t.TensorInfo()
        library.call("tensor_info", self.handle, byref(info))
        return info

    @property
    def shape(self) -> tuple[int, ...]:
        """Extents, the batch first."""
        info = self._info()
        return tuple(info.shape[: info.rank])

    @property
    def device(self) -> str:
        """Where the values are, such as `cpu`."""
        return str(self._info().device)

    @property
    def data(self) -> memoryview:
        """The values as a read-only memoryview of the tensor's shape.

        On the CPU without a copy; it stays good when the tensor has gone. From other devices,
        inside callbacks, a copy.
        """
        shape = self.shape
        if self._call and self._lent and self.device != "cpu":
            return view(self.values(), shape, "f")
        managed = _dlpack.show(self.handle)
        seen = _dlpack.Versioned.from_address(managed).tensor
        memory = (ctypes.c_float * math.prod(shape)).from_address(seen.data)
        # The view keeps the memory's object, whose end gives the tensor back.
        weakref.finalize(memory, _dlpack.delete, managed).atexit = False
        return view(memory, shape, "f")

    def values(self) -> array.array[float]:
        """A copy of the values, row-major: a flat array of floats of 32 bits."""
        if self._call is None or not self._lent:
            return array.array("f", self.data.tobytes())
        count = math.prod(self.shape)
        values = array.array("f", bytes(4 * count))
        if count:
            place = (ctypes.c_float * count).from_buffer(values)
            self._call.do("tensor", "read_f32", self.handle, place, count)
        return values

    def numpy(self, *, copy: bool = False) -> np.ndarray[Any, np.dtype[np.float32]]:
        """The values as an array of numpy's, float32.

        It shares the memory and is read-only; with `copy`, and in callbacks from other devices
        than the CPU, it has its own.
        """
        values: np.ndarray[Any, np.dtype[np.float32]] = as_array(self.data, None, copy or None)
        return values

    def torch(self, *, copy: bool = True) -> pytorch.Tensor:
        """The values as a tensor of torch's, float32, on the CPU, without a gradient.

        It has its own memory. Without `copy` it shares that of the tensor: torch knows of no
        read-only memory, so whoever writes to it breaks what others see of the tensor.
        """
        import torch

        shared: torch.Tensor
        if self.device != "cpu":
            shared = torch.frombuffer(self.values(), dtype=torch.float32)
            return shared.reshape(self.shape)
        shared = torch.utils.dlpack.from_dlpack(self)
        return shared.clone() if copy else shared

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return as_array(self.data, dtype, copy)

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """A capsule of DLPack's: a read-only view, or a copy that is the taker's.

        A copy is made with `copy`, and without `copy=False` where there is no other way: for
        takers that know no read-only views (`max_version` before 1.0), and to the CPU from other
        devices. Raises BufferError for what cannot be.
        """
        here = self.__dlpack_device__()
        there = here if dl_device is None else (dl_device[0], dl_device[1])
        versioned = max_version is not None and max_version[0] >= 1
        if there not in (here, _dlpack.CPU):
            raise BufferError(f"found a request for device {there}, expected {here}")
        if copy or (copy is None and not (versioned and there == here)):
            if there != _dlpack.CPU:
                raise BufferError(f"found a request for a copy on {there}, expected {_dlpack.CPU}")
            return _dlpack.capsule_of_copy(self.data, versioned)
        if not versioned:
            raise BufferError("found a request for a view before DLPack 1.0, expected a later one")
        if there != here:
            raise BufferError(f"found a request for device {there} without a copy, expected {here}")
        return _dlpack.capsule(self.handle)

    def __dlpack_device__(self) -> tuple[int, int]:
        name, _, index = self.device.partition(":")
        return _dlpack.DEVICES.get(name, 0), int(index or 0)

    def __repr__(self) -> str:
        try:
            return f"<amdm.Tensor {self.shape} on {self.device}>"
        except Error:
            return "<amdm.Tensor, ended>"

    def keep(self) -> Tensor:
        """The same values as a tensor that outlives the callback."""
        library.call("tensor_retain", self.handle)
        return Tensor(self.handle or 0)

    def _made(self, function: str, *arguments: Any) -> Tensor:
        call = self._call
        if call is None:
            raise TypeError("found a tensor of no callback's; inside one, see Call.tensor")
        plain = [given.handle if isinstance(given, Tensor) else given for given in arguments]
        return Tensor(call.made("tensor", function, self.handle, *plain), call, lent=True)

    def __add__(self, other: Tensor | float) -> Tensor:
        if isinstance(other, Tensor):
            return self._made("add", other)
        return self._made("affine", 1.0, float(other))

    def __mul__(self, other: Tensor | float) -> Tensor:
        if isinstance(other, Tensor):
            return self._made("mul", other)
        return self._made("affine", float(other), 0.0)

    __radd__, __rmul__ = __add__, __mul__

    def __sub__(self, other: Tensor | float) -> Tensor:
        if isinstance(other, Tensor):
            return self._made("sub", other)
        return self._made("affine", 1.0, -float(other))

    def __rsub__(self, other: float) -> Tensor:
        return self._made("affine", -1.0, float(other))

    def __truediv__(self, other: Tensor | float) -> Tensor:
        if isinstance(other, Tensor):
            return self._made("div", other)
        return self._made("affine", 1 / float(other), 0.0)

    def __neg__(self) -> Tensor:
        return self._made("affine", -1.0, 0.0)

    def minimum(self, other: Tensor) -> Tensor:
        """The smaller of each pair."""
        return self._made("minimum", other)

    def maximum(self, other: Tensor) -> Tensor:
        """The larger of each pair."""
        return self._made("maximum", other)

    def clamp(self, low: float, high: float) -> Tensor:
        """Values held within [low, high]."""
        return self._made("clamp", float(low), float(high))

    def sample_dot(self, other: Tensor) -> Tensor:
        """Inner product of each sample with its counterpart: [batch]."""
        return self._made("sample_dot", other)

    def sqrt(self) -> Tensor:
        """Square roots."""
        return self._made("sqrt")

    def sin(self) -> Tensor:
        """Sines."""
        return self._made("sin")

    def acos(self) -> Tensor:
        """Arc cosines."""
        return self._made("acos")

    def select(self, threshold: float, above: Tensor, below: Tensor) -> Tensor:
        """`above` where a value is greater than `threshold`, else `below`."""
        return self._made("select", float(threshold), above, below)

    def reshape(self, *shape: int) -> Tensor:
        """The same values in another shape."""
        return self._made("reshape", (c_uint32 * len(shape))(*shape), len(shape))

    def narrow(self, axis: int, start: int, length: int) -> Tensor:
        """`length` entries of `axis` from `start`."""
        return self._made("narrow", axis, start, length)
