"""Pixels, in and out, without a copy on the way out."""

from __future__ import annotations

import ctypes
import weakref
from typing import Any

from . import _types as t
from .buffer import as_array, view

ELEMENTS = {"u8": (1, "B", 1), "f32": (3, "f", 4)}
FORMATS = {"B": 1, "e": 2, "f": 3}
ORDERS = {"rgb": 0, "bgr": 1}


class Image:
    """Pixels: rows of interleaved channels, top row first.

    `shape` is (height, width, channels); `dtype` is "u8" (0 to 255) or "f32" (0 to 1). `data` is a
    read-only memoryview of that shape, which stays good after the run has gone. numpy takes it as
    `numpy.asarray(image)`, without a copy.
    """

    def __init__(self, memory: Any, shape: tuple[int, int, int], dtype: str):
        self.shape, self.dtype = shape, dtype
        self.data: memoryview = view(memory, shape, ELEMENTS[dtype][1])

    @classmethod
    def of(cls, given: t.Image, dtype: str) -> Image:
        """One of the library's that is the caller's, without gaps between rows."""
        shape = (given.height, given.width, given.channels)
        count = given.height * given.width * given.channels * ELEMENTS[dtype][2]
        memory = (ctypes.c_ubyte * count).from_address(given.data)
        # The view keeps the memory's object, whose end gives the memory back.
        weakref.finalize(memory, given.release, given.release_ctx).atexit = False
        return cls(memory, shape, dtype)

    @classmethod
    def copied(cls, lent: t.Image) -> Image:
        """One of bytes that is the library's, and good for a moment alone."""
        row = lent.width * lent.channels
        stride = lent.row_stride or row
        rows = [ctypes.string_at(lent.data + y * stride, row) for y in range(lent.height)]
        return cls(b"".join(rows), (lent.height, lent.width, lent.channels), "u8")

    def tobytes(self) -> bytes:
        """The values as bytes, row after row."""
        return self.data.tobytes()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return as_array(self.data, dtype, copy)

    def __repr__(self) -> str:
        return f"<amdm.Image {self.shape} {self.dtype}>"


def wanted(channels: int, dtype: str, order: str) -> t.Image:
    """The layout to ask amdm_run_output_image for: no gaps between rows."""
    return t.Image(
        channels=channels, element_type=ELEMENTS[dtype][0], channel_order=ORDERS[order]
    )


def lent(pixels: Any, order: str) -> tuple[t.Image, ctypes.Array[ctypes.c_char]]:
    """Pixels of the caller's: an `Image`, or anything with a buffer of (height, width[, channels]).

    Gives the struct and what must live as long as it.
    """
    seen: Any = memoryview(pixels.data if isinstance(pixels, Image) else pixels)
    if seen.format not in FORMATS or seen.ndim not in (2, 3):
        raise ValueError(
            f"found pixels of format {seen.format!r} in {seen.ndim} dimensions, expected bytes or "
            "floats of 16 or 32 bits in (height, width[, channels])"
        )
    height, width = seen.shape[:2]
    data = ctypes.create_string_buffer(seen.tobytes(), seen.nbytes)
    image = t.Image(
        width=width,
        height=height,
        channels=seen.shape[2] if seen.ndim == 3 else 1,
        element_type=FORMATS[seen.format],
        channel_order=ORDERS[order],
        data=ctypes.cast(data, ctypes.c_void_p),
    )
    return image, data
