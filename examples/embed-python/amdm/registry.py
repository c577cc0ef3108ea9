"""Which Python object a callback is for.

The library is given a number in place of a pointer; the functions that it calls are made once and
live as long as this module, so that none is freed while it runs.
"""

import itertools
import threading

from ._tables import Destroy

_KEYS = itertools.count(1)
_LOCK = threading.Lock()
_OBJECTS = {}


def remember(value):
    """The number for an object, until the library says that it needs it no more."""
    with _LOCK:
        key = next(_KEYS)
        _OBJECTS[key] = value
    return key


def recall(key):
    return _OBJECTS[key]


def left():
    """How many objects the library may still call."""
    return len(_OBJECTS)


@Destroy
def destroy(key):
    with _LOCK:
        _OBJECTS.pop(key, None)
