"""Pixels, in and out, without a copy on the way out."""

import ctypes
import weakref

from . import _types as t

ELEMENTS = {"u8": (1, "B", 1), "f32": (3, "f", 4)}
FORMATS = {"B": 1, "e": 2, "f": 3}
ORDERS = {"rgb": 0, "bgr": 1}


class Image:
    """An image of the library's: rows of pixels, top row first.

    `data` is a memoryview of shape (height, width, channels); it stays good after the run has gone.
    numpy takes it as `numpy.asarray(image)`.
    """

    def __init__(self, given, dtype):
        self.shape = (given.height, given.width, given.channels)
        self.dtype = dtype
        _, form, size = ELEMENTS[dtype]
        count = given.height * given.width * given.channels * size
        memory = (ctypes.c_ubyte * count).from_address(given.data)
        # The view keeps the memory's object, whose end gives the memory back.
        end = weakref.finalize(memory, given.release, given.release_ctx)
        end.atexit = False
        self.data = memoryview(memory).cast("B").cast(form, shape=list(self.shape))

    def tobytes(self):
        """The values as bytes, row after row."""
        return self.data.tobytes()

    def __array__(self, dtype=None, copy=None):
        import numpy

        array = numpy.asarray(self.data, dtype=dtype)
        return array.copy() if copy else array


def wanted(channels, dtype, order):
    """The layout to ask amdm_run_output_image for: no gaps between rows."""
    return t.Image(
        channels=channels, element_type=ELEMENTS[dtype][0], channel_order=ORDERS[order]
    )


def lent(pixels, order):
    """Pixels of the caller's: anything with a buffer of shape (height, width[, channels]).

    Gives the struct and what must live as long as it.
    """
    view = memoryview(pixels)
    if view.format not in FORMATS or view.ndim not in (2, 3):
        raise ValueError(
            f"found pixels of format {view.format!r} in {view.ndim} dimensions, expected bytes or "
            "floats of 16 or 32 bits in (height, width[, channels])"
        )
    height, width = view.shape[:2]
    data = ctypes.create_string_buffer(view.tobytes(), view.nbytes)
    image = t.Image(
        width=width,
        height=height,
        channels=view.shape[2] if view.ndim == 3 else 1,
        element_type=FORMATS[view.format],
        channel_order=ORDERS[order],
        data=ctypes.cast(data, ctypes.c_void_p),
    )
    return image, data
