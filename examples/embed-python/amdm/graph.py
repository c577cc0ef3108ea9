"""A graph, and values in it."""

import json
from ctypes import byref, string_at

from . import _library as library
from ._types import String
from .error import Error
from .image import lent
from .run import Run

INVALID_GRAPH = -9


class Graph:
    """A graph of nodes; made by `Host.graph`. One thread at a time."""

    def __init__(self, host, data):
        self.host = host
        self._handle = library.handle("graph_from_json", host.handle, data, len(data))

    @property
    def handle(self):
        return self._handle

    def set(self, node, input, value):
        """Sets an input to a value: a number, a text, or a link [node, slot].

        `node` is an id or a title, or "" where `input` is a parameter that the graph declares.
        """
        text = json.dumps(value).encode()
        library.call(
            "graph_set_json", self._handle, node.encode(), input.encode(), text, len(text)
        )

    def set_image(self, node, input, pixels, order="rgb"):
        """Sets an image, mask, or picture's name to pixels (height, width[, channels])."""
        image, _data = lent(pixels, order)
        library.call(
            "graph_set_image", self._handle, node.encode(), input.encode(), byref(image)
        )

    def inputs(self):
        """What can be set: of each input its node, name, type, range, choices and value."""
        return json.loads(library.text("graph_inputs", self._handle))

    def errors(self):
        """What is wrong with the graph, in the form that node editors read; None where nothing."""
        given = String()
        status = library.status_of("graph_validate", self._handle, byref(given))
        if status not in (0, INVALID_GRAPH):
            raise Error(status, library.last_error())
        report = json.loads(string_at(given.ptr, given.len))
        library.call("string_free", byref(given))
        return report if status else None

    def run(self, **options):
        """Prepares a run of the graph as it stands; see `Run` for the options."""
        return Run(self, **options)

    def close(self):
        """Ends the graph; runs made from it go on."""
        handle, self._handle = self._handle, None
        if handle:
            library.status_of("graph_destroy", handle)

    def __del__(self):
        if getattr(self, "_handle", None):
            self.close()
