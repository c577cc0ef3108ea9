"""The engine: libamdm through its Python package, opened once for all nodes."""

from __future__ import annotations

import threading
from typing import Any

WHAT_TO_DO = """\
AMDM nodes need the Python package `amdm` with the library in it, which could not be loaded: see the
last line. Install its wheel into the Python that runs ComfyUI, for example

    python -m pip install amdm-0.1.0-py3-none-linux_x86_64.whl

or set AMDM_LIBRARY to a libamdm that you built, with its Python package on PYTHONPATH. The README
of this pack says how to build the wheel."""

TOO_OLD = """\
The Python package `amdm` was found in {place}, but it is too old for these nodes: it lacks
{missing}. Install the wheel that was built from the same version as this pack."""

try:
    import amdm
except (ImportError, OSError) as error:
    raise ImportError(f"{WHAT_TO_DO}\n({error})") from error

MISSING = [name for name in ("set_model", "set_object") if not hasattr(amdm.Graph, name)]
if MISSING:
    raise ImportError(TOO_OLD.format(place=amdm.__file__, missing=", ".join(MISSING)))

_LOCK = threading.Lock()
_HOST: amdm.Host | None = None
_SCHEMAS: dict[str, dict[str, Any]] = {}


def host() -> amdm.Host:
    """The one host. Networks run in torch; what is left to it is small, and one thread does it.

    It keeps no results: ComfyUI does.
    """
    global _HOST
    with _LOCK:
        if _HOST is None:
            _HOST = amdm.Host(device="cpu", threads=1, cache_bytes=0)
        return _HOST


def descriptor(name: str) -> dict[str, Any]:
    """What the engine says of one of its classes of nodes: inputs, ranges, help."""
    if not _SCHEMAS:
        _SCHEMAS.update((schema["type"], schema) for schema in host().node_schemas())
    return _SCHEMAS[name]
