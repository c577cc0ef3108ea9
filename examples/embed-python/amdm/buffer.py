"""Numbers of the caller's as floats of 32 bits, row-major.

Anything with Python's buffer protocol is taken as it lies: floats of 32 bits in rows are used in
place or copied as a block; other numbers, and other strides, are converted value by value, bytes
and whole numbers by their value. What has no buffer is a number, or sequences of numbers in as many
levels as there are extents.
"""

from __future__ import annotations

import array
import ctypes
import math
import struct
import sys
from typing import Any, Iterable

NATIVE = {"f", "@f", "=f", "<f" if sys.byteorder == "little" else ">f"}
NUMBERS = set("bBhHiIlLqQnN?efd")


def floats(source: Any) -> tuple[ctypes.Array[ctypes.c_float], tuple[int, ...]]:
    """Values as C floats, and their shape."""
    try:
        view = memoryview(source)
    except TypeError:
        return _nested(source)
    kind, shape = view.format, tuple(view.shape or ())
    if kind in NATIVE:
        lying = view if view.c_contiguous else memoryview(view.tobytes())
        return _placed(lying, view.nbytes // 4), shape
    order = kind[:1] if kind[:1] in "@=<>!" else ""
    code = kind[len(order) :]
    if code not in NUMBERS or len(code) != 1:
        raise TypeError(f"found values of format {kind!r}, expected real numbers")
    count = view.nbytes // view.itemsize
    numbers = struct.unpack(f"{order}{count}{code}", view.tobytes())
    return _placed(array.array("f", numbers), count), shape


def _placed(lying: Any, count: int) -> ctypes.Array[ctypes.c_float]:
    kind = ctypes.c_float * count
    readonly = count == 0 or memoryview(lying).readonly
    return kind.from_buffer_copy(lying) if readonly else kind.from_buffer(lying)


def _levels(source: Any) -> tuple[int, ...]:
    if isinstance(source, (str, dict)) or not hasattr(source, "__len__"):
        return ()
    return (len(source), *(_levels(source[0]) if len(source) else ()))


def _nested(source: Any) -> tuple[ctypes.Array[ctypes.c_float], tuple[int, ...]]:
    shape = _levels(source)
    numbers = array.array("f")

    def walk(part: Any, extents: tuple[int, ...]) -> None:
        if not extents:
            numbers.append(part)
            return
        if not hasattr(part, "__len__") or len(part) != extents[0]:
            raise ValueError(f"found sequences of unequal lengths, expected the shape {shape}")
        if len(extents) == 1:
            numbers.extend(array.array("f", part))
        else:
            for inner in part:
                walk(inner, extents[1:])

    walk(source, shape)
    return _placed(numbers, len(numbers)), shape


def shaped(shape: Iterable[int], count: int) -> tuple[int, ...]:
    """A shape as extents, which must have `count` values."""
    extents = tuple(int(extent) for extent in shape)
    if math.prod(extents) != count:
        raise ValueError(f"found {count} values, expected those of shape {extents}")
    return extents


def view(memory: Any, shape: tuple[int, ...], form: Any) -> memoryview:
    """Memory as a view of `shape` that nobody writes through."""
    flat = memoryview(memory).cast("B").toreadonly()
    return flat.cast(form, shape=list(shape)) if flat.nbytes else flat.cast(form)


def as_array(data: memoryview, dtype: Any = None, copy: bool | None = None) -> Any:
    """The same as an array of numpy's: without a copy where none is asked for or needed."""
    import numpy

    if copy is None:
        return numpy.asarray(data, dtype=dtype)
    return numpy.array(data, dtype=dtype, copy=copy)
