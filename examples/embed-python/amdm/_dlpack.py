"""DLPack 1.x: tensors of other libraries, by the capsules that `__dlpack__` gives.

A capsule of a version is named `dltensor_versioned`, an older one `dltensor`; whoever takes what is
in one renames it. One that nobody takes, and nobody holds any more, gives its tensor back at the
next call of the library. (A destructor in Python would lose the error of a consumer that fails: it
runs while that error is on its way.)
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import CFUNCTYPE, POINTER, PYFUNCTYPE, Structure, byref, c_char_p, c_int, c_int32
from ctypes import c_int64, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p, py_object
from typing import Any, Callable

from . import _library as library

NEW, NEW_USED = b"dltensor_versioned", b"used_dltensor_versioned"
OLD, OLD_USED = b"dltensor", b"used_dltensor"
DEVICES = {"cpu": 1, "cuda": 2, "metal": 8}
FLOAT = 2

Deleter = CFUNCTYPE(None, c_void_p)


class DLTensor(Structure):
    _fields_ = [
        ("data", c_void_p),
        ("device_type", c_int32),
        ("device_id", c_int32),
        ("ndim", c_int32),
        ("code", c_uint8),
        ("bits", c_uint8),
        ("lanes", c_uint16),
        ("shape", POINTER(c_int64)),
        ("strides", POINTER(c_int64)),
        ("byte_offset", c_uint64),
    ]


class Versioned(Structure):
    _fields_ = [
        ("major", c_uint32),
        ("minor", c_uint32),
        ("manager_ctx", c_void_p),
        ("deleter", Deleter),
        ("flags", c_uint64),
        ("tensor", DLTensor),
    ]


class Unversioned(Structure):
    _fields_ = [("tensor", DLTensor), ("manager_ctx", c_void_p), ("deleter", Deleter)]


def _python(name, result, *arguments):
    return PYFUNCTYPE(result, *arguments)((name, ctypes.pythonapi))


_new = _python("PyCapsule_New", py_object, c_void_p, c_char_p, c_void_p)
_is_valid = _python("PyCapsule_IsValid", c_int, c_void_p, c_char_p)
_pointer = _python("PyCapsule_GetPointer", c_void_p, py_object, c_char_p)
_set_name = _python("PyCapsule_SetName", c_int, py_object, c_char_p)


def delete(managed: int) -> None:
    """Gives a tensor back that the library showed."""
    Versioned.from_address(managed).deleter(managed)


def _references(entry) -> int:
    return sys.getrefcount(entry[0])


_ALONE = _references((object(),))


def settle() -> None:
    """Gives back what is in capsules that nobody has any more and nobody took."""
    for entry in library.SHOWN[:]:
        if _references(entry) > _ALONE:
            continue
        try:
            library.SHOWN.remove(entry)
        except ValueError:  # Another thread was faster.
            continue
        if _is_valid(id(entry[0]), NEW):
            delete(entry[1])


library.settle = settle


def show(handle: int | None) -> int:
    """The address of a view of a tensor, which `delete` ends."""
    return library.handle("tensor_to_dlpack", handle, 0)


def capsule(handle: int | None):
    """A view of a tensor, for another library."""
    managed = show(handle)
    made = _new(managed, NEW, None)
    library.SHOWN.append((made, managed))
    return made


def of_host(host: int | None) -> Callable[[Any], int]:
    """What makes tensors of a host's, outside callbacks."""
    return lambda view: library.handle("tensor_from_dlpack", host, view, 0)


def taken(source, make: Callable[[Any], int]) -> int:
    """A handle of a tensor that `make` makes from another library's, by one copy."""
    try:
        given = source.__dlpack__(max_version=(1, 0))
    except TypeError:  # A library from before versions.
        given = source.__dlpack__()
    if _is_valid(id(given), NEW):
        made = make(_pointer(given, NEW))
        _set_name(given, NEW_USED)
        return made
    old = Unversioned.from_address(_pointer(given, OLD))
    # Without a deleter: the library copies, and the old tensor ends here.
    made = make(byref(Versioned(1, 0, tensor=old.tensor)))
    _set_name(given, OLD_USED)
    if old.deleter:
        old.deleter(ctypes.addressof(old))
    return made


def copied(host: int | None, values, shape: tuple[int, ...]) -> int:
    """A handle of a tensor made from C floats, row-major."""
    tensor = DLTensor(
        data=ctypes.addressof(values),
        device_type=DEVICES["cpu"],
        ndim=len(shape),
        code=FLOAT,
        bits=32,
        lanes=1,
        shape=(c_int64 * len(shape))(*shape),
    )
    return library.handle("tensor_from_dlpack", host, byref(Versioned(1, 0, tensor=tensor)), 0)
