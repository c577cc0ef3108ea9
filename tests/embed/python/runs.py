"""Runs, events, errors, pictures and Ctrl-C. Run in examples/embed-c."""

import gc
import json
import os
import pickle
import signal
import threading
import time

import amdm
from amdm import registry
from kit import described, fails, filter_of, numpy_or_none, one, raises, shown


class Thread(amdm.Node):
    descriptor = described("Thread", deterministic=False)

    def execute(self, call):
        self.seen = threading.get_ident()


class Raise(amdm.Node):
    descriptor = described(
        "Raise", inputs=[{"name": "depth", "type": "INT", "default": 1, "min": 0, "max": 9}]
    )
    what, words = KeyboardInterrupt, ("now",)

    def execute(self, call):
        raise self.what(*self.words)


class Negative(amdm.Node):
    descriptor = filter_of("Negative")

    def execute(self, call):
        image = call["image"]
        call["image"] = call.tensor([1 - value for value in image.values()], image.shape)


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
    failing = one("test.kit.Raise")
    failing["1"]["_meta"] = {"title": "My node"}
    run = host.graph(failing).run()
    error = fails("INTERNAL", run.execute)
    assert error.node == ("1", "test.kit.Raise", "My node") and error.node.id == "1", error
    assert error.message == "KeyboardInterrupt: now" and error.code == "internal"
    words = "node 1 'My node' (test.kit.Raise): KeyboardInterrupt: now [INTERNAL]"
    assert str(error) == words == str(pickle.loads(pickle.dumps(error)))
    assert "raise self.what(*self.words)" in error.traceback
    assert run.state == "failed"
    node.what, node.words = amdm.Error, (-12, "not today", None, "depth")
    error = fails("UNSUPPORTED", host.graph(one("test.kit.Raise")).run().execute)
    assert error.message == "not today" and error.input == "depth"
    assert str(error).startswith("node 1 (test.kit.Raise), input depth: not today"), error
    # What is asked too late is not what the run failed of.
    error = fails("WRONG_STATE", run.execute)
    assert "started before" in error.message and error.node is None, error
    fails("INTERNAL", run.wait)
    taken = registry.left()
    fails("INVALID_INPUT", lambda: host.register_node(Raise()))
    assert registry.left() == taken, "what was refused is ended at once"


def long(host):
    graph = host.graph("graph.json")
    graph.set("sampler", "steps", 1000)
    return graph.run()


def cancelling(host):
    run = long(host)
    for event in run:
        if event.kind == "progress":
            break
    del event
    gc.collect()
    fails("CANCELLED", run.wait)
    assert run.state == "cancelled"
    # Whoever loops again gets the end, not a wait.
    fails("CANCELLED", lambda: list(run))
    with long(host) as run:
        run.start()
        fails("TIMEOUT", lambda: run.wait(0.05))
        fails("TIMEOUT", lambda: run.wait(0))
        assert run.state == "running"
    assert run.handle is None


def interrupts(host):
    """Ctrl-C cancels, however the run is waited for, and KeyboardInterrupt comes out."""

    def waited(run):
        run.start()
        run.wait()

    def looped(run):
        for _ in run:
            pass

    # Whoever started the test in the background had it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for work in (amdm.Run.execute, waited, looped):
        run = long(host)
        timer = threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT])
        timer.start()
        started = time.monotonic()
        raises(KeyboardInterrupt, lambda: work(run))
        timer.join()
        fails("CANCELLED", run.wait)
        assert run.state == "cancelled" and time.monotonic() - started < 5
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    # A handler that raises nothing stops nothing.
    seen = []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append(1))
    try:
        graph = host.graph("graph.json")
        graph.set("sampler", "steps", 100)
        timer = threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGINT])
        timer.start()
        graph.run().execute()
        timer.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [1]


def previews(host):
    seen = []
    for event in host.graph("graph.json").run(preview_ms=1):
        assert (event.kind == "preview") == (event.preview is not None)
        if event.preview:
            seen.append((event.node, event.preview))
    gc.collect()
    assert seen, "there were previews"
    for node, image in seen:
        assert node == "sampler" and image.shape == (32, 32, 3) and image.dtype == "u8"
        assert len(image.tobytes()) == 32 * 32 * 3 and any(image.tobytes())


def pictures(host):
    host.register_node(Negative())
    graph = host.graph(shown("test.kit.Negative"))
    pixels = bytes(range(2 * 3 * 3))
    graph.set_image("load", "image", memoryview(pixels).cast("B", shape=[2, 3, 3]))
    run = graph.run()
    run.execute()
    image = run.image("show")
    run.close()
    assert image.shape == (2, 3, 3) and image.data[1, 2, 0] == 255 - pixels[15]
    assert image.tobytes() == bytes(255 - value for value in pixels)
    # What came out goes in.
    graph.set_image("load", "image", image)
    again = graph.run()
    again.execute()
    # What lies between two bytes is cut down: 1 - 253 / 255 is a bit less than 2 / 255.
    again = again.image("show").tobytes()
    assert all(byte - was in (0, -1) for byte, was in zip(again, pixels))
    data = image.data
    del image
    gc.collect()
    assert data[0, 0, 1] == 254, "the view keeps the pixels"
    numpy = numpy_or_none()
    if numpy:
        run = graph.run()
        run.execute()
        array = numpy.asarray(run.image("show", dtype="f32"))
        assert array.shape == (2, 3, 3) and array.dtype == numpy.float32


def paths(host):
    """A path is UTF-8, whatever it comes as."""
    graph = host.graph("graph.json")
    graph.run(output_dir=os.fsencode("/tmp/bilder"))
    said = raises(ValueError, lambda: graph.run(output_dir=b"/tmp/\xff"))
    assert "expected one whose name is Unicode" in said


def main():
    with amdm.Host(cache_bytes=0) as host:
        assert "tiny-layout" in host.info()["models"]
        assert len(host.node_schemas()) > 20
        for part in (events_and_threads, errors, cancelling, interrupts, previews, pictures, paths):
            part(host)
    gc.collect()
    assert registry.left() == 0, "hosts end the nodes that were registered"
    print("ok")


main()
