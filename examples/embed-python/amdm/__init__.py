"""AMDM in Python: run graphs, and bring nodes and models written in Python.

    import amdm
    with amdm.Host() as host:
        run = host.graph("graph.json").run(output_dir="pictures")
        for event in run:
            print(event.kind, event.node)
        pixels = run.image("save").data

`Host` opens a device; `Host.graph` reads a graph, in which `Graph.set` and its like change values;
`Graph.run` prepares a run, which is looped over, or executed on this thread (`Run.execute`, where
`on_event` is told how it goes), and then asked for images (`Run.image`) and tensors (`Run.tensor`).
All three end with a `with`, or with the last reference.

`Host.register_node` adds a `Node` and `Host.register_model` a `Denoiser`, written in Python: their
methods get a `Call`, with which they read inputs, make tensors and ask other models. A node may
make an `Operator`, which acts on a sampling between steps through a `Step` and its `Lane`s.

It wraps the C library by ctypes alone; numpy and torch are used where they are asked for. What
fails raises `amdm.Error` with the library's status and words. What Python code raised in a callback
is its `__cause__`.
"""

from ._library import lane_seed, version
from .callback import Call
from .error import Error, FailedNode
from .event import Event
from .graph import Graph
from .host import Host
from .image import Image
from .model import Denoiser
from .network import Model, NoiseLevel, Object, Request
from .node import Node
from .run import Run
from .step import Lane, Operator, Step
from .tensor import Tensor

__all__ = [
    "Call",
    "Denoiser",
    "Error",
    "Event",
    "FailedNode",
    "Graph",
    "Host",
    "Image",
    "Lane",
    "Model",
    "Node",
    "NoiseLevel",
    "Object",
    "Operator",
    "Request",
    "Run",
    "Step",
    "Tensor",
    "lane_seed",
    "version",
]
