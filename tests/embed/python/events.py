"""Events as they come: `on_event` of `execute` and `wait`. Run in examples/embed-c."""

import gc
import os
import signal
import threading
import time
import weakref

import amdm
from amdm import registry
from kit import described, fails, one, raises


class Reports(amdm.Node):
    """Says how far it is, and notes what had been told of by then."""

    descriptor = described("Reports", deterministic=False)

    def execute(self, call):
        self.told = []
        for step in range(1, 4):
            call.progress(step, 3)
            self.told.append(len(self.events))
        self.work(call)


class Stop(BaseException):
    pass


def executed(run, on_event):
    run.execute(on_event)


def waited(run, on_event):
    run.start()
    run.wait(on_event=on_event)


def followed(host):
    """Each event once, in order, on the caller's thread."""
    for work in (executed, waited):
        events, threads = [], set()

        def on_event(event):
            events.append(event)
            threads.add(threading.get_ident())

        work(host.graph("graph.json").run(preview_ms=1), on_event)
        kinds = [event.kind for event in events]
        assert kinds[0] == "started" and kinds[-1] == "finished", kinds
        assert kinds.count("finished") == 1 and {"node-started", "node-done"} < set(kinds)
        steps = [event.step for event in events if event.kind == "progress"]
        assert steps == sorted(steps) and steps[-1] == 12, steps
        assert threads == {threading.get_ident()}
        previews = [event.preview for event in events if event.preview]
        assert previews and previews[0].shape == (32, 32, 3)
    log, node = [], Reports()
    node.events, node.work = [], lambda call: call.log("nearly there", "warn")
    with amdm.Host(cache_bytes=0, log_level=3) as talkative:
        talkative.register_node(node)
        run = talkative.graph(one("test.kit.Reports")).run()
        run.execute(lambda event: log.append(event.text) if event.kind == "log" else None)
    assert any("nearly there" in line for line in log), log


def at_once(host):
    """Under `execute` an event is told of before the node goes on."""
    node = Reports()
    host.register_node(node)
    graph = host.graph(one("test.kit.Reports"))
    node.events, node.work = [], lambda call: None
    graph.run().execute(node.events.append)
    first = node.told[0]
    assert node.told == [first, first + 1, first + 2], node.told
    assert node.events[first - 1].kind == "progress"

    # Elsewhere it waits until the right thread is there.
    def elsewhere(call):
        thread = threading.Thread(target=lambda: call.progress(3, 3))
        thread.start()
        thread.join()
        node.told.append(len(node.events))

    threads = set()
    node.events, node.work = [], elsewhere
    graph.run().execute(lambda _: (node.events.append(1), threads.add(threading.get_ident())))
    assert node.told[-1] == node.told[-2] < len(node.events)
    assert threads == {threading.get_ident()}


def cancelled_by(host):
    """`cancel()` in it ends the run, whose error comes out."""
    for work in (executed, waited):
        run, last = long(host), []

        def on_event(event):
            last.append(event.kind)
            if event.kind == "progress":
                assert run.state == "running"
                run.cancel()

        fails("CANCELLED", lambda: work(run, on_event))
        assert last[-1] == "finished" and run.state == "cancelled"


def long(host):
    graph = host.graph("graph.json")
    graph.set("sampler", "steps", 1000)
    return graph.run()


def raised_by(host):
    """What it raises cancels the run, and is what comes out."""
    for work in (executed, waited):
        for kind in (Stop, KeyboardInterrupt, ValueError, amdm.Error):
            made, told = kind(-10, "no") if kind is amdm.Error else kind("no"), []

            def on_event(event):
                told.append(event.kind)
                if event.kind == "progress":
                    raise made

            run = long(host)
            try:
                work(run, on_event)
                raise AssertionError("it came out")
            except kind as error:
                assert error is made
            assert told.count("progress") == 1 and told[-1] == "progress"
            fails("CANCELLED", run.wait)
            assert run.state == "cancelled"
    # Frames end with it.
    big = type("Big", (), {})()
    seen = weakref.ref(big)

    def holds(event, held=big):
        raise Stop

    run = long(host)
    raises(Stop, lambda: run.execute(holds))
    del big, holds, on_event, made
    gc.disable()
    try:
        assert seen() is None, "there is no cycle"
    finally:
        gc.enable()
    # In the last event there is nothing left to cancel.
    def late(event):
        if event.kind == "finished":
            raise Stop

    run = host.graph("graph.json").run()
    raises(Stop, lambda: run.execute(late))
    assert run.state == "succeeded" and run.image("save").shape[2] == 3, run.image("save").shape


def in_its_place(host):
    """Inside `execute` the library refuses what would wait for it; `wait` is free."""
    refused = []

    def on_event(event):
        if event.kind == "started":
            refused.append(fails("WRONG_THREAD", lambda: host.graph("graph.json")))

    run = host.graph("graph.json").run()
    run.execute(on_event)
    assert refused and run.state == "succeeded"
    waiting = host.graph("graph.json").run()
    refused.append(fails("WRONG_THREAD", lambda: within(host, waiting.start)))
    assert waiting.state == "created"
    other = []

    def free(event):
        if event.kind == "finished":
            again = host.graph("graph.json").run()
            again.execute()
            other.append(again.image("save").tobytes())

    waited(host.graph("graph.json").run(), free)
    assert other == [run.image("save").tobytes()]
    # Not started, over, in time.
    run = host.graph("graph.json").run()
    fails("WRONG_STATE", lambda: run.wait(on_event=print))
    run.execute()
    left = []
    run.wait(on_event=lambda event: left.append(event.kind))
    assert left[-1] == "finished", "nobody had taken them"
    fails("WRONG_STATE", lambda: run.execute(print))
    fails("WRONG_STATE", run.start)
    with long(host) as run:
        run.start()
        started, left = time.monotonic(), []
        fails("TIMEOUT", lambda: run.wait(0.2, left.append))
        assert left and 0.2 <= time.monotonic() - started < 5 and run.state == "running"


def within(host, work):
    """Does something in a callback, and raises what it raises."""

    def on_event(event):
        work()

    host.graph("graph.json").run().execute(on_event)


def interrupts(host):
    """Ctrl-C comes through."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for work in (executed, waited):
        run = long(host)
        timer = threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT])
        timer.start()
        raises(KeyboardInterrupt, lambda: work(run, lambda event: None))
        timer.join()
        fails("CANCELLED", run.wait)


def main():
    parts = (followed, at_once, cancelled_by, raised_by, in_its_place, interrupts)
    for part in parts:
        with amdm.Host(cache_bytes=0) as host:
            part(host)
    gc.collect()
    assert registry.left() == 0, "hosts end the nodes that were registered"
    print("ok")


main()
