"""What callbacks raise comes out as the same object, and is let go of. Run in examples/embed-c."""

import copy
import gc
import pickle
import threading
import traceback
import weakref

import amdm
from amdm import _raised, registry
from kit import described, fails, one

WAYS = {
    "executed": amdm.Run.execute,
    "watched": lambda run: run.execute(lambda event: None),
    "waited": lambda run: (run.start(), run.wait()),
    "told": lambda run: (run.start(), run.wait(on_event=lambda event: None)),
    "looped": lambda run: list(run),
}


class Interrupted(Exception):
    """Such as a program has that stops by raising."""


class OutOfMemory(RuntimeError):
    """What a network raises, with tensors in its frames."""


class Stop(BaseException):
    pass


class Big:
    """A large tensor of a frame."""


class Raise(amdm.Node):
    descriptor = described("Raise", deterministic=False)

    def execute(self, call):
        big = Big()
        self.big = weakref.ref(big)
        raise self.make()


class Network(amdm.Denoiser):
    info = {
        "name": "network",
        "prediction": "epsilon",
        "latent_shape": [3, 8, 8],
        "latent_space": "test-raised",
        "alphas_cumprod": [1 - step / 10 for step in range(1, 10)],
    }

    def condition(self, call, text, tensors):
        return self.work(call)


class Ask(amdm.Node):
    """Asks the network, in its own way."""

    descriptor = described("Ask", deterministic=False)

    def execute(self, call):
        self.work(call, lambda: call.load_model("network").condition("{}", {}))


def error_of(way, graph):
    run = graph.run()
    return fails("INTERNAL", lambda: WAYS[way](run)), run


def the_same_object(host):
    node = Raise()
    host.register_node(node)
    graph = host.graph(one("test.kit.Raise"))
    for way in WAYS:
        for kind in (Interrupted, OutOfMemory, Stop, KeyboardInterrupt, SystemExit):
            made = kind("by us")
            node.make = lambda: made
            error, run = error_of(way, graph)
            assert error.__cause__ is made, (way, error.__cause__)
            assert error.message == f"{kind.__name__}: by us"
            places = [frame.name for frame in traceback.extract_tb(made.__traceback__)]
            assert places[-1] == "execute", places
            assert "raise self.make()" in error.traceback
            # Goes on with it.
            try:
                raise error.__cause__
            except kind as caught:
                assert caught is made
            # Who asks again gets the same, while somebody has the first.
            assert fails("INTERNAL", run.wait).__cause__ is made
    shown = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    assert shown.count("raise self.make()") == 1 and "direct cause" in shown, shown
    for copied in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert str(copied) == str(error) and copied.traceback == error.traceback

    # An error of the library's kind is one, with its own cause.
    cause = OutOfMemory("deep")
    made = amdm.Error(-12, "no colour", input=None)
    made.__cause__ = cause
    node.make = lambda: made
    error = fails("UNSUPPORTED", graph.run().execute)
    assert error.__cause__ is made and made.__cause__ is cause
    # Words that are none, and such as C has not.
    for words in ("", "a\0b", "\ud800", "two\nlines", "ö" * 10000):
        for made in (amdm.Error(-12, words), Stop(words)):
            node.make = lambda: made
            run = graph.run()
            try:
                run.execute()
            except amdm.Error as error:
                assert error.__cause__ is made, (words, error)
    node.make = None  # It would have what was raised, whose frames have the run.
    # What fails by itself has no cause.
    error = fails("INVALID_GRAPH", lambda: host.graph(b"{"))
    assert error.__cause__ is None and error.traceback is None


def let_go(host):
    """Frames end with the error, whoever else is still there."""
    node = Raise()
    host.register_node(node)
    graph = host.graph(one("test.kit.Raise"))
    node.make = lambda: Interrupted("now")
    for way in WAYS:
        error, run = error_of(way, graph)
        gc.collect()
        assert node.big() is not None and error.__cause__, "the error has it"
        raised = weakref.ref(error.__cause__)
        del error
        gc.collect()
        assert node.big() is None and raised() is None, way
        again = fails("INTERNAL", run.wait)
        assert again.__cause__ is None and "Interrupted: now" in str(again)
    # Without the collector, too.
    gc.disable()
    try:
        error, run = error_of("executed", graph)
        del error
        assert node.big() is None, "there is no cycle"
    finally:
        gc.enable()
    # A run that nobody waits for, closed or dropped.
    for end in (amdm.Run.close, lambda run: None):
        run = graph.run()
        run.start()
        while run.state == "running":
            pass
        end(run)
        del run
        gc.collect()
        assert node.big() is None
    # One that is stopped by something else.
    def stop(event):
        if event.kind == "finished":
            raise Stop

    run = graph.run()
    try:
        run.execute(stop)
    except Stop:
        pass
    gc.collect()
    assert node.big() is None


def through_models(host):
    """A callback that asks a model in Python gets what that raised, and may go on."""
    node, network = Ask(), Network()
    host.register_node(node)
    host.register_model(network)
    graph = host.graph(one("test.kit.Ask"))
    made = []

    def lacking(call):
        big = Big()
        network.big = weakref.ref(big)
        made.append(OutOfMemory("no room"))
        raise made[-1]

    network.work = lacking

    def passes(call, ask):
        ask()

    def handles(call, ask):
        try:
            ask()
        except amdm.Error as error:
            assert error.__cause__ is made.pop() and "no room" in str(error)
        gc.collect()
        assert network.big() is None, "there is room again"
        raise ValueError("something else")

    def wraps(call, ask):
        try:
            ask()
        except amdm.Error as error:
            raise ValueError("no network") from error

    def elsewhere(call, ask):
        """On a thread of its own, for which it waits."""
        caught = []

        def work():
            try:
                ask()
            except amdm.Error as error:
                caught.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        raise caught.pop()

    for way in WAYS:
        for work in (passes, elsewhere):
            node.work = work
            error, _ = error_of(way, graph)
            assert error.__cause__ is made.pop() and "no room" in error.message, error
            assert "in lacking" in error.traceback and f"in {work.__name__}" in error.traceback
        node.work = handles
        error, _ = error_of(way, graph)
        assert type(error.__cause__) is ValueError and not made
        node.work = wraps
        error, _ = error_of(way, graph)
        assert type(error.__cause__) is ValueError
        assert error.__cause__.__cause__.__cause__ is made.pop()
    # What was handled is not the run's.
    node.work = lambda call, ask: fails("INTERNAL", ask)
    graph.run().execute()
    del error, made[:]
    gc.collect()
    assert network.big() is None


def at_the_same_time(host):
    """Runs that fail with the same words at once each have their own object."""

    class Meet(amdm.Node):
        descriptor = described("Meet", deterministic=False, concurrent=True)

        def execute(self, call):
            meeting.wait(60)
            made = Interrupted("together")
            mine[threading.get_ident()] = made
            raise made

    meeting, mine, right = threading.Barrier(4), {}, []
    host.register_node(Meet())
    graph = host.graph(one("test.kit.Meet"))
    started = [graph.run() for _ in range(2)]
    for run in started:
        run.start()

    def work():
        run = graph.run()
        error = fails("INTERNAL", run.execute)
        right.append(error.__cause__ is mine[threading.get_ident()])

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    causes = {id(fails("INTERNAL", run.wait).__cause__) for run in started}
    assert right == [True, True] and len(causes) == 2 and causes < set(map(id, mine.values()))
    mine.clear()


def main():
    for part in (the_same_object, let_go, through_models, at_the_same_time):
        with amdm.Host(cache_bytes=0) as host:
            part(host)
    gc.collect()
    assert registry.left() == 0, "hosts end the nodes that were registered"
    assert getattr(_raised._HERE, "raised", None) is None
    print("ok")


main()
