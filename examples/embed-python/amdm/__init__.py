"""AMDM in Python: run graphs, and bring nodes and models written in Python.

    import amdm
    with amdm.Host() as host:
        run = host.graph("graph.json").run(output_dir="pictures")
        for event in run:
            print(event.kind, event.node)
        pixels = run.image("save").data

It wraps the C library by ctypes alone; numpy is used where it is asked for. What fails raises
`amdm.Error` with the library's status and words.
"""

from ._library import version
from .callback import Call, Model, Object, Tensor
from .error import Error
from .graph import Graph
from .host import Host
from .image import Image
from .model import Denoiser
from .node import Node
from .run import Event, Run

__all__ = [
    "Call",
    "Denoiser",
    "Error",
    "Event",
    "Graph",
    "Host",
    "Image",
    "Model",
    "Node",
    "Object",
    "Run",
    "Tensor",
    "version",
]
