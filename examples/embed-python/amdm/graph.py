"""A graph, and values in it."""

from __future__ import annotations

import json
from ctypes import byref
from typing import TYPE_CHECKING, Any, Sequence

from . import _library as library
from . import registry
from ._ends import Owned
from ._types import String
from .error import INVALID_GRAPH, Error
from .image import lent
from .run import Run
from .tensor import Tensor

if TYPE_CHECKING:
    from .host import Host
    from .model import Denoiser


class Graph(Owned):
    """A graph of nodes; made by `Host.graph`. One thread at a time.

    It may be changed while runs of it go on: they are of the graph as it stood. Names that it does
    not have, and values that do not fit, raise `amdm.Error` (INVALID_GRAPH, INVALID_INPUT).

    host: the `Host` that it belongs to.
    """

    _kind = "graph"

    def __init__(self, host: Host, data: bytes):
        self.host = host
        self._own(library.handle("graph_from_json", host.handle, data, len(data)))

    def set(self, node: str, input: str, value: Any) -> None:
        """Sets an input to a value: a number, a text, or a link [node, slot].

        `node` is an id or a title, or "" where `input` is a parameter that the graph declares. Any
        value is taken for an input that is there: `errors()` says what is wrong with it.
        """
        text = json.dumps(value).encode()
        library.call(
            "graph_set_json", self._handle, node.encode(), input.encode(), text, len(text)
        )

    def set_image(self, node: str, input: str, pixels: Any, order: str = "rgb") -> None:
        """Sets an image, mask, or picture's name to pixels.

        pixels: an `Image`, or anything with a buffer of shape (height, width[, channels]): bytes, 0
        to 255, or floats of 16 or 32 bits, 0 to 1. order: "rgb" or "bgr".
        """
        image, _data = lent(pixels, order)
        library.call(
            "graph_set_image", self._handle, node.encode(), input.encode(), byref(image)
        )

    def set_tensor(self, node: str, input: str, values: Any) -> None:
        """Sets an input to a tensor, in place of its link: an image [batch, height, width,
        channels] or a mask [batch, height, width] in [0, 1], a latent [batch, channels, height,
        width] (other models have two to four axes after the batch), or sigmas [steps + 1].

        values: a `Tensor`, or what `Host.tensor` takes.
        """
        tensor = values if isinstance(values, Tensor) else self.host.tensor(values)
        names = node.encode(), input.encode()
        library.call("graph_set_tensor", self._handle, *names, tensor.handle)

    def set_model(self, node: str, input: str, model: Denoiser) -> None:
        """Has a `MODEL` input read a model written in Python, in place of its link.

        The model is the graph's own: no name leads to it, and it goes with the graph and its runs.
        Its `info["name"]` is for messages. Setting it again is another model to the library, even
        where it is the same object.
        """
        names = node.encode(), input.encode()
        library.call("graph_set_model", self._handle, *names, byref(model._vtable()))

    def set_object(self, node: str, input: str, value: Any) -> None:
        """Has a `CONDITIONING` input, or one of a type of your own nodes, read any Python object.

        Models in Python find it as `request.positive.value` and `request.negative.value`, nodes as
        `call[name].value`. It is kept as long as the graph and its runs need it, and must not
        change meanwhile. A model of another kind refuses it.
        """
        names = node.encode(), input.encode()
        key = registry.remember(value)
        library.call("graph_set_object", self._handle, *names, key, registry.destroy)

    def inputs(self) -> list[dict[str, Any]]:
        """What can be set: of each input its node, name, type, range, choices and value."""
        told: list[dict[str, Any]] = json.loads(library.text("graph_inputs", self._handle))
        return told

    def errors(self) -> dict[str, Any] | None:
        """What is wrong with the graph, in the form that node editors read; None where nothing."""
        given = String()
        status = library.status_of("graph_validate", self._handle, byref(given))
        if status not in (0, INVALID_GRAPH):
            raise Error(status, library.last_error())
        report: dict[str, Any] = json.loads(library.taken(given))
        return report if status else None

    def run(
        self,
        output_dir: library.Path | None = None,
        wanted: Sequence[tuple[str, str]] = (),
        targets: Sequence[str] = (),
        preview_ms: int = 0,
        metadata: bool = True,
        timeout: float = 0,
    ) -> Run:
        """Prepares a run of the graph as it stands; see `Run` for the options.

        Raises `amdm.Error` (INVALID_GRAPH) with all that is wrong with the graph.
        """
        return Run(self, output_dir, wanted, targets, preview_ms, metadata, timeout)
