"""When things end: in callbacks, in cycles, and with Python. Run in examples/embed-c."""

import gc
import subprocess
import sys

import amdm
from amdm import _library, registry
from kit import described, fails, one


class Drop(amdm.Node):
    """Lets go of what it holds, inside its callback."""

    descriptor = described("Drop", deterministic=False)

    def __init__(self):
        self.held = []

    def execute(self, call):
        self.held.clear()
        gc.collect()
        self.waiting = len(_library.WAITING)


def let_go_inside(host):
    node = Drop()
    host.register_node(node)
    for run_it in (amdm.Run.execute, lambda run: list(run)):
        # A host of its own, so that its node shows when it has ended.
        other = amdm.Host(cache_bytes=0)
        before = registry.left()
        other.register_node(Drop())
        graph = other.graph(one("test.kit.Drop"))
        old = graph.run()
        old.execute()
        tensor = other.tensor([1.0])
        handles = [old.handle, graph.handle, other.handle, tensor.handle]
        node.held += [old, graph, other, tensor]
        del other, graph, old, tensor
        run_it(host.graph(one("test.kit.Drop")).run())
        # Watched from another thread, that one may have ended them already.
        most = 3 if run_it is amdm.Run.execute else node.waiting
        assert node.waiting == most <= 3, "runs, graphs and hosts wait for the callback's end"
        assert not _library.WAITING and registry.left() == before
        for handle, probe in zip(handles, PROBES):
            assert probe(handle) == -2, "its handle is no handle any more"


def probed(name):
    def probe(handle):
        text = amdm._library.t.String()
        return _library.raw(name, handle, _library.byref(text))

    return probe


PROBES = [
    lambda run: _library.raw("run_cancel", run, 0),
    probed("graph_inputs"),
    probed("host_info"),
    lambda tensor: _library.raw("tensor_retain", tensor),
]


def closed_inside(host):
    """`close()` in a callback is remembered, not forgotten."""

    class Close(amdm.Node):
        descriptor = described("Close", deterministic=False)

        def execute(self, call):
            old.close()
            fails("INVALID_HANDLE", old.cancel)

    host.register_node(Close())
    old = host.graph("graph.json").run()
    handle = old.handle
    host.graph(one("test.kit.Close")).run().execute()
    assert PROBES[0](handle) == -2


def in_cycles(host):
    """Collected in the middle of a callback, or of whatever else."""
    for _ in range(50):
        run = host.graph("graph.json").run()
        run.itself = run
    del run
    gc.collect()
    assert not _library.WAITING


SCRIPT = """
import sys, amdm
class Slow(amdm.Node):
    descriptor = %r
    def __del__(self):
        print("node ended")
    def execute(self, call):
        import time
        while not call.cancelled():
            time.sleep(0.001)
host = amdm.Host()
host.register_node(Slow())
graph = host.graph(%r)
run = graph.run()
{how}
capsule = host.tensor([1.0, 2.0]).__dlpack__(max_version=(1, 0))
tensor, view = host.tensor([1.0]), host.tensor([2.0]).data
sys.modules["kept"] = run
class Late:
    def __del__(self):
        try:
            amdm.Host()
        except amdm.Error as error:
            print(error.name)
import atexit
late = Late()
atexit.register(print, "exit begins")
"""


def at_exit(_):
    """Runs, graphs and hosts that modules hold end before the interpreter does."""
    descriptor = described("Slow", deterministic=False)
    text = SCRIPT % (descriptor, one("test.kit.Slow"))
    ways = {
        "created": "",
        "started": "run.start()",
        "done": "run.cancel()\ntry: run.execute()\nexcept amdm.Error: pass",
        "thread": "import threading; threading.Thread(target=run.execute, daemon=True).start()\n"
        "import time\nwhile run.state == 'created': time.sleep(0.001)",
    }
    for name, way in ways.items():
        command = [sys.executable, "-Werror", "-Xfaulthandler", "-c", text.replace("{how}", way)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
        lines = ended.stdout.splitlines()
        assert ended.returncode == 0 and lines[:2] == ["exit begins", "node ended"], (name, ended)
        assert "WRONG_STATE" in lines[2:] or not lines[2:], (name, ended)
        if name != "thread":  # A thread that is cut off may say why.
            assert not ended.stderr, (name, ended)


def main():
    with amdm.Host(cache_bytes=0) as host:
        for part in (let_go_inside, closed_inside, in_cycles, at_exit):
            part(host)
    gc.collect()
    assert registry.left() == 0, "hosts end the nodes that were registered"
    print("ok")


main()
