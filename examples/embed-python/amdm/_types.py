"""The structs of <amdm.h>, in its order. Handles are numbers, here as in C."""

import ctypes
from ctypes import CFUNCTYPE, POINTER, Structure, Union, c_char_p, c_double, c_float
from ctypes import c_int64, c_size_t, c_uint32, c_uint64, c_void_p
from typing import Any, Callable

ABI_VERSION = 1 << 16

Release = CFUNCTYPE(None, c_void_p)


def called(kind: Any) -> Callable[[Callable[..., Any]], Any]:
    """Makes a function in Python one that C calls; nothing may be raised out of it."""
    made: Callable[[Callable[..., Any]], Any] = kind
    return made


class Sized(Structure):
    """A struct that says its size."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(struct_size=ctypes.sizeof(self), **fields)


class String(Structure):
    _fields_ = [("ptr", c_void_p), ("len", c_size_t)]


class Str(Structure):
    """Text that somebody else owns."""

    _fields_ = [("ptr", c_void_p), ("len", c_size_t)]

    def __str__(self) -> str:
        return ctypes.string_at(self.ptr, self.len).decode() if self.len else ""


class ValueAs(Union):
    _fields_ = [
        ("integer", c_int64),
        ("number", c_double),
        ("text", Str),
        ("tensor", c_void_p),
        ("object", c_void_p),
    ]


class Value(Structure):
    _fields_ = [("kind", c_uint32), ("reserved", c_uint32), ("value", ValueAs)]


class NamedValue(Structure):
    _fields_ = [("name", Str), ("value", Value)]


BOOLEAN, INTEGER, FLOAT, TEXT, JSON, TENSOR, OBJECT = range(1, 8)


class HostDesc(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("abi_version", c_uint32),
        ("threads", c_uint32),
        ("device", c_char_p),
        ("memory_budget", c_uint64),
        ("cache_bytes", c_uint64),
        ("cache_dir", c_char_p),
        ("pack_cache_dir", c_char_p),
        ("model_dirs", POINTER(c_char_p)),
        ("model_dir_count", c_size_t),
        ("input_dir", c_char_p),
        ("log_level", c_uint32),
        ("reserved", c_uint32),
    ]


class Image(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("width", c_uint32),
        ("height", c_uint32),
        ("channels", c_uint32),
        ("element_type", c_uint32),
        ("row_stride", c_int64),
        ("channel_order", c_uint32),
        ("alpha_mode", c_uint32),
        ("data", c_void_p),
        ("release", Release),
        ("release_ctx", c_void_p),
    ]


class OutputName(Structure):
    _fields_ = [("node", c_char_p), ("output", c_char_p)]


class RunDesc(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("output_dir", c_char_p),
        ("wanted", POINTER(OutputName)),
        ("wanted_count", c_size_t),
        ("targets", POINTER(c_char_p)),
        ("target_count", c_size_t),
        ("preview_ms", c_uint32),
        ("no_metadata", c_uint32),
        ("timeout_ms", c_uint64),
        ("wakeup", Release),
        ("user_data", c_void_p),
    ]


class Event(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("kind", c_uint32),
        ("step", c_uint32),
        ("total", c_uint32),
        ("reserved", c_uint32),
        ("seconds", c_double),
        ("node", Str),
        ("text", Str),
        ("json", Str),
        ("image", POINTER(Image)),
    ]


class NoiseLevel(Structure):
    _fields_ = [("timestep", c_double), ("signal", c_double), ("noise", c_double)]


class TensorInfo(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("dtype", c_uint32),
        ("rank", c_uint32),
        ("shape", c_uint32 * 8),
        ("bytes", c_uint64),
        ("device", Str),
    ]


class Request(Sized):
    _fields_ = [
        ("struct_size", c_size_t),
        ("model", c_void_p),
        ("latent", c_void_p),
        ("timestep", c_double),
        ("positive", c_void_p),
        ("negative", c_void_p),
        ("guidance", c_double),
        ("step", c_uint32),
        ("steps", c_uint32),
    ]


class Prediction(Structure):
    _fields_ = [("guided", c_void_p), ("conditional", c_void_p), ("unconditional", c_void_p)]


class Window(Structure):
    _fields_ = [("start", c_uint32), ("end", c_uint32)]


Handles = POINTER(c_void_p)
Shape = POINTER(c_uint32)
Floats = POINTER(c_float)
