"""DLPack 1.x: tensors of other libraries, by the capsules that `__dlpack__` gives.

A capsule of a version is named `dltensor_versioned`, an older one `dltensor`; whoever takes what is
in one renames it. One that nobody takes, and nobody holds any more, gives its tensor back at the
next call of the library. (A destructor in Python would lose the error of a consumer that fails: it
runs while that error is on its way.)
"""

from __future__ import annotations

import ctypes
import math
import sys
from ctypes import CFUNCTYPE, POINTER, PYFUNCTYPE, Structure, byref, c_char_p, c_int, c_int32
from ctypes import c_int64, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p, py_object
from typing import Any, Callable

from . import _library as library
from .error import UNSUPPORTED, Error

NEW, NEW_USED = b"dltensor_versioned", b"used_dltensor_versioned"
OLD, OLD_USED = b"dltensor", b"used_dltensor"
DEVICES = {"cpu": 1, "cuda": 2, "cuda_host": 3, "metal": 8, "rocm": 10}
CPU = 1, 0
FLOAT, IS_COPIED, ALIGNMENT = 2, 2, 64

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


def _python(name: str, result: Any, *arguments: Any) -> Any:
    return PYFUNCTYPE(result, *arguments)((name, ctypes.pythonapi))


_new = _python("PyCapsule_New", py_object, c_void_p, c_char_p, c_void_p)
_is_valid = _python("PyCapsule_IsValid", c_int, c_void_p, c_char_p)
_pointer = _python("PyCapsule_GetPointer", c_void_p, py_object, c_char_p)
_set_name = _python("PyCapsule_SetName", c_int, py_object, c_char_p)
_malloc = _python("PyMem_RawMalloc", c_void_p, ctypes.c_size_t)
# Needs no interpreter, so that whoever takes a copy may end it at any time, on any thread.
_FREE = Deleter(ctypes.cast(ctypes.pythonapi.PyMem_RawFree, c_void_p).value or 0)


def delete(managed: int) -> None:
    """Gives a tensor back that the library showed."""
    Versioned.from_address(managed).deleter(managed)


def _references(entry: tuple[object, ...]) -> int:
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
        elif _is_valid(id(entry[0]), OLD):
            Unversioned.from_address(entry[1]).deleter(entry[1])


library.settle = settle


def show(handle: int | None) -> int:
    """The address of a view of a tensor, which `delete` ends."""
    return library.handle("tensor_to_dlpack", handle, 0)


def _capsule(managed: int, name: bytes) -> object:
    made: object = _new(managed, name, None)
    library.SHOWN.append((made, managed))
    return made


def capsule(handle: int | None) -> object:
    """A view of a tensor, for another library."""
    return _capsule(show(handle), NEW)


def capsule_of_copy(data: memoryview, versioned: bool) -> object:
    """Values in memory that is the taker's, who may write to it; for another library.

    One block has it all: what DLPack describes it by comes first, so that freeing that frees all.
    """
    form, sizes = (Versioned if versioned else Unversioned), data.shape or ()
    rank = len(sizes)
    extents = c_int64 * rank
    head = ctypes.sizeof(form) + 2 * ctypes.sizeof(extents)
    block = _malloc(head + ALIGNMENT + data.nbytes)
    if not block:
        raise MemoryError(f"found no room for {data.nbytes} bytes")
    place = -(-(block + head) // ALIGNMENT) * ALIGNMENT
    if data.nbytes:
        memoryview((c_uint8 * data.nbytes).from_address(place)).cast("B")[:] = data.cast("B")
    shape = extents.from_address(block + ctypes.sizeof(form))
    strides = extents.from_address(block + ctypes.sizeof(form) + ctypes.sizeof(extents))
    for axis in range(rank):
        shape[axis] = sizes[axis]
        strides[axis] = math.prod(sizes[axis + 1 :])
    tensor = DLTensor(place, DEVICES["cpu"], 0, rank, FLOAT, 32, 1, shape, strides, 0)
    made: Versioned | Unversioned
    if versioned:
        made = Versioned(1, 0, None, _FREE, IS_COPIED, tensor)
    else:
        made = Unversioned(tensor, None, _FREE)
    ctypes.memmove(block, byref(made), ctypes.sizeof(form))
    return _capsule(block, NEW if versioned else OLD)


def of_host(host: int | None) -> Callable[[Any], int]:
    """What makes tensors of a host's, outside callbacks."""
    return lambda view: library.handle("tensor_from_dlpack", host, view, 0)


def taken(source: Any, make: Callable[[Any], int]) -> int:
    """A handle of a tensor that `make` makes from another library's, by one copy."""
    if getattr(source, "requires_grad", False):  # Of torch's, which shows none that learns.
        source = source.detach()
    try:
        return _taken(source, make)
    except Error as error:
        kind, index = source.__dlpack_device__()
        if error.status != UNSUPPORTED or kind in (DEVICES["cpu"], DEVICES["cuda_host"]):
            raise
        name = {number: name for name, number in DEVICES.items()}.get(kind, f"device type {kind}")
        message = f"found a tensor on {name}:{index}, expected one in memory of the CPU: use .cpu()"
        raise Error(UNSUPPORTED, message) from None


def _taken(source: Any, make: Callable[[Any], int]) -> int:
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


def copied(host: int | None, values: ctypes.Array[Any], shape: tuple[int, ...]) -> int:
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
