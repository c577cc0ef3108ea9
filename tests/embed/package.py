"""What the Python package promises, beyond what its example shows. Run in examples/embed-c."""

import gc
import json
import threading

import amdm
from amdm import registry

DESCRIPTOR = {
    "pack": "test:kit",
    "version": "1.0.0",
    "title": "t",
    "category": "c",
    "description": "d",
    "inputs": [],
    "outputs": [],
    "output_node": True,
}


class Thread(amdm.Node):
    descriptor = {**DESCRIPTOR, "type": "test.kit.Thread", "deterministic": False}

    def execute(self, call):
        self.seen = threading.get_ident()


class Raise(amdm.Node):
    descriptor = {**DESCRIPTOR, "type": "test.kit.Raise"}
    what, words = KeyboardInterrupt, ("now",)

    def execute(self, call):
        raise self.what(*self.words)


class Negative(amdm.Node):
    descriptor = {
        **DESCRIPTOR,
        "type": "test.kit.Negative",
        "inputs": [{"name": "image", "type": "IMAGE"}],
        "outputs": [{"name": "image", "type": "IMAGE"}],
    }

    def execute(self, call):
        image = call["image"]
        call["image"] = call.tensor([1 - value for value in image.values()], image.shape)


def one(kind):
    return {"1": {"class_type": kind, "inputs": {}}}


def fails(name, work):
    try:
        work()
    except amdm.Error as error:
        assert error.name == name, error
        return error
    raise AssertionError(f"expected {name}")


def events_and_threads(host):
    node = Thread()
    host.register_node(node)
    kinds = [event.kind for event in host.graph(one("test.kit.Thread")).run()]
    assert kinds[0] == "started" and kinds[-1] == "finished", kinds
    assert "node-done" in kinds and node.seen != threading.get_ident()
    host.graph(one("test.kit.Thread")).run().execute()
    assert node.seen == threading.get_ident()


def errors(host):
    fails("INVALID_GRAPH", lambda: host.graph(b"{"))
    fails("INVALID_GRAPH", lambda: host.graph("graph.json").set("none", "seed", 1))
    fails("WRONG_STATE", lambda: host.graph("graph.json").run().image("save"))
    graph = host.graph("graph.json")
    assert graph.errors() is None
    graph.set("sampler", "steps", 0)
    assert "sampler" in json.dumps(graph.errors())
    fails("INVALID_GRAPH", graph.run)
    node = Raise()
    host.register_node(node)
    run = host.graph(one("test.kit.Raise")).run()
    error = fails("INTERNAL", run.execute)
    assert error.node == "1" and "KeyboardInterrupt: now" in error.message, error
    assert run.state == "failed"
    node.what, node.words = amdm.Error, (-12, "not today")
    error = fails("UNSUPPORTED", host.graph(one("test.kit.Raise")).run().execute)
    assert "not today" in error.message
    taken = registry.left()
    fails("INVALID_INPUT", lambda: host.register_node(Raise()))
    assert registry.left() == taken, "what was refused is ended at once"


def cancelling(host):
    graph = host.graph("graph.json")
    graph.set("sampler", "steps", 1000)
    run = graph.run()
    for event in run:
        if event.kind == "progress":
            break
    del event
    gc.collect()
    fails("CANCELLED", run.wait)
    assert run.state == "cancelled"


def pictures(host):
    host.register_node(Negative())
    graph = host.graph(
        {
            "load": {"class_type": "LoadImage", "inputs": {"image": "none.png"}},
            "not": {"class_type": "test.kit.Negative", "inputs": {"image": ["load", 0]}},
            "show": {"class_type": "PreviewImage", "inputs": {"images": ["not", 0]}},
        }
    )
    pixels = bytes(range(2 * 3 * 3))
    graph.set_image("load", "image", memoryview(pixels).cast("B", shape=[2, 3, 3]))
    run = graph.run()
    run.execute()
    image = run.image("show")
    run.close()
    assert image.shape == (2, 3, 3) and image.data[1, 2, 0] == 255 - pixels[15]
    assert image.tobytes() == bytes(255 - value for value in pixels)
    data = image.data
    del image
    gc.collect()
    assert data[0, 0, 1] == 254, "the view keeps the pixels"
    try:
        import numpy
    except ImportError:
        return
    run = graph.run()
    run.execute()
    array = numpy.asarray(run.image("show", dtype="f32"))
    assert array.shape == (2, 3, 3) and array.dtype == numpy.float32


def main():
    with amdm.Host(cache_bytes=0) as host:
        assert "tiny-layout" in host.info()["models"]
        assert len(host.node_schemas()) > 20
        for part in (events_and_threads, errors, cancelling, pictures):
            part(host)
    gc.collect()
    assert registry.left() == 0, "hosts end the nodes that were registered"
    print("ok")


main()
