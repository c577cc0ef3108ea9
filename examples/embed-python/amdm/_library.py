"""Finds the library and declares its functions.

Looked for in this order: the file that AMDM_LIBRARY names, the one inside this package (wheels
carry it), the system's.
"""

from __future__ import annotations

import collections
import ctypes
import os
import pathlib
import sys
from ctypes import (
    POINTER,
    byref,
    c_char_p,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)
from typing import Any, Union

from . import _types as t
from ._tables import Destroy, ModelVtable, NodeVtable
from .error import Error

NAME = {"darwin": "libamdm.1.dylib", "win32": "amdm_capi.dll"}.get(sys.platform, "libamdm.so.1")

Path = Union[str, "os.PathLike[str]", "os.PathLike[bytes]"]
OUT = POINTER(c_void_p)
FUNCTIONS = {
    "string_free": (POINTER(t.String),),
    "host_desc_init": (POINTER(t.HostDesc), c_size_t),
    "host_create": (POINTER(t.HostDesc), OUT),
    "host_destroy": (c_void_p,),
    "host_load_pack": (c_void_p, c_char_p, c_uint32, c_char_p),
    "host_register_node": (c_void_p, POINTER(NodeVtable)),
    "host_register_model": (c_void_p, POINTER(ModelVtable)),
    "host_node_schemas": (c_void_p, POINTER(t.String)),
    "host_info": (c_void_p, POINTER(t.String)),
    "host_model_info": (c_void_p, c_char_p, POINTER(t.String)),
    "graph_from_json": (c_void_p, c_char_p, c_size_t, OUT),
    "graph_validate": (c_void_p, POINTER(t.String)),
    "graph_inputs": (c_void_p, POINTER(t.String)),
    "graph_set_json": (c_void_p, c_char_p, c_char_p, c_char_p, c_size_t),
    "graph_set_image": (c_void_p, c_char_p, c_char_p, POINTER(t.Image)),
    "graph_set_tensor": (c_void_p, c_char_p, c_char_p, c_void_p),
    "graph_set_model": (c_void_p, c_char_p, c_char_p, POINTER(ModelVtable)),
    "graph_set_object": (c_void_p, c_char_p, c_char_p, c_void_p, Destroy),
    "graph_destroy": (c_void_p,),
    "run_create": (c_void_p, POINTER(t.RunDesc), OUT),
    "run_start": (c_void_p,),
    "run_execute": (c_void_p,),
    "run_poll": (c_void_p, POINTER(c_uint32)),
    "run_wait": (c_void_p, c_int64),
    "run_next_event": (c_void_p, c_int64, POINTER(t.Event)),
    "run_cancel": (c_void_p, c_uint32),
    "run_error": (c_void_p, POINTER(t.String)),
    "run_output_image": (c_void_p, c_char_p, c_char_p, c_uint32, POINTER(t.Image)),
    "run_output_tensor": (c_void_p, c_char_p, c_char_p, OUT),
    "run_output_json": (c_void_p, POINTER(t.String)),
    "run_destroy": (c_void_p,),
    "tensor_from_dlpack": (c_void_p, c_void_p, c_int64, OUT),
    "tensor_to_dlpack": (c_void_p, c_int64, OUT),
    "tensor_info": (c_void_p, POINTER(t.TensorInfo)),
    "tensor_retain": (c_void_p,),
    "tensor_release": (c_void_p,),
}


def _load() -> ctypes.CDLL:
    beside = pathlib.Path(__file__).with_name(NAME)
    path = os.environ.get("AMDM_LIBRARY") or (str(beside) if beside.exists() else NAME)
    library = ctypes.CDLL(path)
    library.amdm_abi_version.restype = c_uint32
    library.amdm_version_string.restype = c_char_p
    library.amdm_last_error.restype = c_char_p
    library.amdm_lane_seed.argtypes = (c_uint64, c_uint32)
    library.amdm_lane_seed.restype = c_uint64
    found = library.amdm_abi_version()
    if found >> 16 != t.ABI_VERSION >> 16:
        raise ImportError(f"{path} has version {found >> 16} of the interface, expected 1")
    for name, arguments in FUNCTIONS.items():
        function = getattr(library, "amdm_" + name)
        function.argtypes, function.restype = arguments, c_int32
    return library


_LIBRARY = _load()
version: str = _LIBRARY.amdm_version_string().decode()


def lane_seed(seed: int, lane: int) -> int:
    """The seed of lane `lane`, from 0, where it has none of its own and the sampler's is `seed`."""
    found: int = _LIBRARY.amdm_lane_seed(seed, lane)
    return found


# Handles, with their kinds, that were let go of inside callbacks.
WAITING: collections.deque[tuple[str, int]] = collections.deque()
# Capsules of tensors that were shown to others, and what is in them.
SHOWN: list[tuple[object, int]] = []
# What the library may still call, by its numbers.
CALLABLE: dict[int, object] = {}


def sweep() -> None:
    """Ends what waits; `_ends` brings it."""


def settle() -> None:
    """Ends what nobody took; `_dlpack` brings it."""


def last_error() -> str:
    """The library's words for the last failure on this thread."""
    words: bytes = _LIBRARY.amdm_last_error()
    return words.decode(errors="replace")


def raw(name: str, *arguments: Any) -> int:
    """Calls amdm_<name> and gives its status."""
    status: int = getattr(_LIBRARY, "amdm_" + name)(*arguments)
    return status


def status_of(name: str, *arguments: Any) -> int:
    """The same, after the end of what waits for one."""
    if WAITING:
        sweep()
    if SHOWN:
        settle()
    return raw(name, *arguments)


def call(name: str, *arguments: Any) -> None:
    """Calls amdm_<name>; raises where it fails."""
    status = status_of(name, *arguments)
    if status != 0:
        raise Error(status, last_error())


def text(name: str, *arguments: Any) -> str:
    """Calls amdm_<name>, which gives a text."""
    given = t.String()
    call(name, *arguments, byref(given))
    return taken(given)


def taken(given: t.String) -> str:
    """A text of the library's, which is freed."""
    try:
        return ctypes.string_at(given.ptr, given.len).decode()
    finally:
        raw("string_free", byref(given))


def handle(name: str, *arguments: Any) -> int:
    """Calls amdm_<name>, which gives a handle."""
    made = c_void_p()
    call(name, *arguments, byref(made))
    return made.value or 0


def path(given: Path | bytes | None) -> bytes | None:
    """A path as the library takes it: UTF-8 on every system."""
    if given is None:
        return None
    try:
        return os.fsdecode(given).encode()
    except UnicodeEncodeError:
        raise ValueError(f"found the path {given!r}, expected one whose name is Unicode") from None
