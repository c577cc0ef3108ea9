"""Which Python object a callback is for.

The library is given a number in place of a pointer; the functions that it calls are made once and
live as long as this module, so that none is freed while it runs. One operation of a dict at a time
needs no lock.
"""

from __future__ import annotations

import itertools
from typing import Any

from . import _library as library
from ._ends import INSIDE
from ._tables import Destroy
from ._types import called

_KEYS = itertools.count(1)
_OBJECTS: dict[int, Any] = library.CALLABLE


def remember(value: Any) -> int:
    """The number for an object, until the library says that it needs it no more."""
    key = next(_KEYS)
    _OBJECTS[key] = value
    return key


def recall(key: int) -> Any:
    """The object of a number."""
    return _OBJECTS[key]


def forget(key: int) -> None:
    """Lets go of an object."""
    _OBJECTS.pop(key, None)


def left() -> int:
    """How many objects the library may still call."""
    return len(_OBJECTS)


@called(Destroy)
def destroy(key: int) -> None:
    with INSIDE:
        forget(key)
