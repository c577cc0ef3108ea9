"""The host: opened once, runs any number of graphs."""

import atexit
import json
import os
import weakref
from ctypes import byref, c_char_p, sizeof

from . import _library as library
from . import _types as t
from .facts import Facts
from .graph import Graph

_OPEN = weakref.WeakSet()


class Host:
    """Opens a device, the standard pack, and what else is named.

    device: "auto", "cpu", "cuda", "cuda:1". threads: 0 takes all cores. model_dirs: where graphs
    find models. input_dir: where graphs find pictures. cache_dir: results kept on disk.
    log_level: 1 (trace) to 5 (errors) become events of runs; 0 for none.
    """

    def __init__(
        self,
        device=None,
        threads=0,
        model_dirs=(),
        input_dir=None,
        cache_dir=None,
        cache_bytes=None,
        log_level=0,
    ):
        desc = t.HostDesc()
        library.call("host_desc_init", byref(desc), sizeof(desc))
        desc.abi_version = t.ABI_VERSION
        desc.threads, desc.log_level = threads, log_level
        desc.device = device.encode() if device else None
        dirs = (c_char_p * len(model_dirs))(*[os.fsencode(path) for path in model_dirs])
        desc.model_dirs, desc.model_dir_count = dirs, len(dirs)
        desc.input_dir = os.fsencode(input_dir) if input_dir else None
        desc.cache_dir = os.fsencode(cache_dir) if cache_dir else None
        if cache_bytes is not None:
            desc.cache_bytes = cache_bytes
        self._handle = library.handle("host_create", byref(desc))
        self._facts = None
        _OPEN.add(self)

    @property
    def handle(self):
        return self._handle

    def graph(self, source):
        """A graph: from a path, from bytes of JSON, PNG or WebP, or from a dict."""
        if isinstance(source, dict):
            source = json.dumps(source).encode()
        elif not isinstance(source, bytes):
            with open(source, "rb") as file:
                source = file.read()
        return Graph(self, source)

    def info(self):
        """Facts: version, device, threads, packs, names of models."""
        return json.loads(library.text("host_info", self._handle))

    def node_schemas(self):
        """Descriptors of all classes of nodes."""
        return json.loads(library.text("host_node_schemas", self._handle))

    def register_node(self, node):
        """Adds a class of nodes: an instance of `amdm.Node`."""
        node.register(self)

    def register_model(self, model):
        """Adds a model that graphs load by name: an instance of `amdm.Denoiser`."""
        model.register(self)

    def model_info(self, name):
        """Facts about a model, in the form of `Denoiser.info`."""
        return self._known(name, [])["info"]

    def model_timesteps(self, name, steps):
        """The timesteps that a model recommends: a dict from each of `steps` to its list."""
        return dict(zip(steps, self._known(name, steps)["timesteps"]))

    def _known(self, name, steps):
        if self._facts is None:
            self._facts = Facts()
            self.register_node(self._facts)
        return self._facts.of(self, name, steps)

    def load_pack(self, path, sha256=None, native=False):
        """Adds a pack from a file: an isolated component, or native code with its hash."""
        sha256 = None if sha256 is None else sha256.encode()
        library.call("host_load_pack", self._handle, os.fsencode(path), int(native), sha256)

    def close(self):
        """Ends the host and cancels its runs."""
        handle, self._handle = self._handle, None
        if handle:
            library.status_of("host_destroy", handle)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_handle", None):
            self.close()


@atexit.register
def _close_all():
    """While Python can still be called: the end of a host ends nodes and models in Python."""
    for host in list(_OPEN):
        host.close()
