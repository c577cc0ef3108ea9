"""The host: opened once, runs any number of graphs."""

from __future__ import annotations

import json
from ctypes import byref, c_char_p, sizeof
from typing import Any, Sequence

from . import _library as library
from . import _making
from . import _types as t
from ._ends import Owned
from .graph import Graph
from .model import Denoiser
from .node import Node
from .tensor import Tensor


class Host(Owned):
    """Opens a device, the standard pack, and what else is named.

    device: "auto", "cpu", "cuda", "cuda:1".
    threads: how many compute; 0 takes all cores.
    model_dirs: where graphs find models. input_dir: where graphs find pictures.
    cache_dir: where results are kept on disk; without it none are.
    cache_bytes: bytes of results kept in memory, 512 MiB without it, 0 for none.
    log_level: lines from 1 (trace) to 5 (errors) on become events of runs; 0 for none.
    memory_budget: bytes of tensors that one run may hold; 0 for the default.

    `close()`, or the end of a `with`, cancels its runs and waits for them. Several threads may use
    it. Raises `amdm.Error`: UNSUPPORTED for a device that is not there, INPUT_OUTPUT for a
    directory of models that cannot be read.
    """

    _kind = "host"

    def __init__(
        self,
        device: str | None = None,
        threads: int = 0,
        model_dirs: Sequence[library.Path] = (),
        input_dir: library.Path | None = None,
        cache_dir: library.Path | None = None,
        cache_bytes: int | None = None,
        log_level: int = 0,
        memory_budget: int = 0,
    ):
        desc = t.HostDesc()
        library.call("host_desc_init", byref(desc), sizeof(desc))
        desc.abi_version = t.ABI_VERSION
        desc.threads, desc.log_level = threads, log_level
        desc.memory_budget = memory_budget
        desc.device = device.encode() if device else None
        dirs = (c_char_p * len(model_dirs))(*[library.path(path) for path in model_dirs])
        desc.model_dirs, desc.model_dir_count = dirs, len(dirs)
        desc.input_dir = library.path(input_dir) if input_dir else None
        desc.cache_dir = library.path(cache_dir) if cache_dir else None
        if cache_bytes is not None:
            desc.cache_bytes = cache_bytes
        self._own(library.handle("host_create", byref(desc)))

    def graph(self, source: library.Path | bytes | dict[str, Any]) -> Graph:
        """A graph: from a path, from bytes of JSON, PNG or WebP, from JSON text, or from a dict.

        Raises `amdm.Error` (INVALID_GRAPH) for what is no graph, and OSError for a file.
        """
        if isinstance(source, dict):
            source = json.dumps(source).encode()
        elif isinstance(source, str) and source.lstrip().startswith("{"):
            source = source.encode()
        elif not isinstance(source, bytes):
            with open(source, "rb") as file:
                source = file.read()
        return Graph(self, source)

    def tensor(self, source: Any, shape: Sequence[int] | None = None) -> Tensor:
        """A tensor that stays, by one copy to the host's device; for `Graph.set_tensor`.

        source and shape: as for `Call.tensor`.
        """
        return _making.made(self._handle, source, shape)

    def info(self) -> dict[str, Any]:
        """Facts: version, device, threads, packs, names of models."""
        told: dict[str, Any] = json.loads(library.text("host_info", self._handle))
        return told

    def node_schemas(self) -> list[dict[str, Any]]:
        """Descriptors of all classes of nodes, in the form of `Node.descriptor`."""
        told: list[dict[str, Any]] = json.loads(library.text("host_node_schemas", self._handle))
        return told

    def register_node(self, node: Node) -> None:
        """Adds a class of nodes, for the graphs that are made from now on.

        Raises `amdm.Error`: INVALID_ARGUMENT for a descriptor that is none, INVALID_INPUT for one
        that is wrong, or a class that is there.
        """
        node.register(self)

    def register_model(self, model: Denoiser) -> None:
        """Adds a model that graphs load by its name, for those that are made from now on.

        Raises `amdm.Error`: INVALID_ARGUMENT for an `info` that is wrong, INVALID_INPUT for a name
        that is taken.
        """
        model.register(self)

    def model_info(self, name: str) -> dict[str, Any]:
        """Facts about a model, in the form of `Denoiser.info`; loads it, if it was not."""
        said = library.text("host_model_info", self._handle, name.encode())
        told: dict[str, Any] = json.loads(said)
        return told

    def load_pack(
        self, path: library.Path, sha256: str | None = None, native: bool = False
    ) -> None:
        """Adds a pack from a file, for the graphs that are made from now on.

        An isolated component, or with `native` a library that can do whatever this process can:
        `sha256` must be its hash in hexadecimal digits. Raises `amdm.Error` where it is refused.
        """
        hashed = None if sha256 is None else sha256.encode()
        library.call("host_load_pack", self._handle, library.path(path), int(native), hashed)
