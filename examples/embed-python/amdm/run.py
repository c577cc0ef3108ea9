"""A run of a graph: started or executed, watched, cancelled, asked for what it gave."""

from __future__ import annotations

import json
import threading
import time
from ctypes import byref, c_char_p, c_uint32
from typing import TYPE_CHECKING, Any, Iterator, Sequence

from . import _ends
from . import _library as library
from . import _types as t
from ._execution import Execution, wake
from ._interrupt import Interruptible
from ._raised import Raised
from .error import CANCELLED, INVALID_GRAPH, TIMEOUT, Error
from .event import Event, OnEvent, taken
from .image import Image
from .image import wanted as layout
from .tensor import Tensor

if TYPE_CHECKING:
    from .graph import Graph

STATES = ["created", "running", "succeeded", "failed", "cancelled"]
# How long Ctrl-C may have to wait, in milliseconds.
SLICE = 100


class Run(_ends.Owned):
    """One run. `for event in run` starts and ends with it; `run.execute()` runs it on this thread.

    A run goes once; a graph runs again with another. Several threads may use it, but events are
    for one of them at a time.

    output_dir: where pictures are written; without it they are in memory alone.
    wanted: [(node, output), ...] that are kept besides what output nodes show.
    targets: ids of the output nodes to run; all without it.
    preview_ms: milliseconds between previews; 0 gives none.
    metadata: whether pictures carry the graph. timeout: in seconds; 0 for no limit.

    `close()`, or the end of a `with`, cancels it and waits where it goes on. Images and tensors
    that were fetched stay.
    """

    _kind = "run"

    def __init__(
        self,
        graph: Graph,
        output_dir: library.Path | None = None,
        wanted: Sequence[tuple[str, str]] = (),
        targets: Sequence[str] = (),
        preview_ms: int = 0,
        metadata: bool = True,
        timeout: float = 0,
    ):
        names = [(node.encode(), output.encode()) for node, output in wanted]
        desc = t.RunDesc(
            output_dir=library.path(output_dir),
            wanted=(t.OutputName * len(names))(*[t.OutputName(*name) for name in names]),
            wanted_count=len(names),
            targets=(c_char_p * len(targets))(*[target.encode() for target in targets]),
            target_count=len(targets),
            preview_ms=preview_ms,
            no_metadata=not metadata,
            timeout_ms=int(timeout * 1000),
            wakeup=wake,
        )
        self.host = graph.host
        self._raised = Raised()
        self._started: Execution | None = None
        self._starting = threading.Lock()
        self._own(library.handle("run_create", graph.handle, byref(desc)))

    def start(self) -> None:
        """Starts it on a thread of its own, where nodes and models in Python are called; returns.

        What the caller's thread has set for itself, such as a mode of torch's, is not set there.
        Raises `amdm.Error` (WRONG_STATE) for a run that was started before.
        """
        with self._starting:
            if _ends.is_inside() or self.state != "created":
                library.call("run_start", self._handle)  # Which refuses, with its words.
            execution = Execution(self._handle, self._raised)
            execution.start(lambda: self.state == "created")
            self._started = execution

    def execute(self, on_event: OnEvent | None = None) -> None:
        """Runs it to its end; nodes and models in Python are called on this thread.

        on_event: called on this thread with each `Event` as it comes, also inside callbacks of
        nodes and models. It may call `cancel()` and `state` of the run, and nothing else of the
        library's. What it raises cancels the run, and comes out of here as it is.

        Raises the run's error. Where code in Python raised it, `__cause__` is what was raised.
        Ctrl-C cancels it, at its next event, and raises KeyboardInterrupt: on the main thread.
        """
        execution = Execution(self._handle, self._raised, on_event)
        try:
            with Interruptible(self.cancel):
                status, message = execution.work()
        except BaseException:
            self._raised.clear()
            raise
        _ends.sweep()
        execution.end()
        self._judge(status, message)

    def close(self) -> None:
        """Cancels it and waits where it goes on, and ends it; again is fine.

        Inside a callback it ends as soon as the callback is over.
        """
        super().close()
        self._settle()
        self._raised.clear()

    def _settle(self) -> None:
        """After its end, waits for what is left of the thread that it was started on."""
        if self._started and not _ends.is_inside() and not _ends.is_fork():
            self._started.settle()
            self._started = None

    @property
    def state(self) -> str:
        """One of "created", "running", "succeeded", "failed", "cancelled"."""
        state = c_uint32()
        library.call("run_poll", self._handle, byref(state))
        return STATES[state.value]

    def __iter__(self) -> Iterator[Event]:
        """Starts the run if that is still to be done, and gives its events.

        Ends with the run, or raises its error. Whoever leaves the loop early cancels the run.
        """
        if self.state == "created":
            self.start()
        done = over = False
        try:
            while not done:
                # A while at a time, so that Ctrl-C comes through.
                event = taken(self._handle, SLICE)
                if event is not None:
                    done = event.kind == "finished"
                    yield event
                else:  # Whoever loops again finds no last event.
                    done, over = over, self.state not in ("created", "running")
        finally:
            if not done:
                self.cancel()
        self.wait()

    def wait(self, timeout: float | None = None, on_event: OnEvent | None = None) -> None:
        """Waits for the end, at most `timeout` seconds; raises the run's error.

        on_event: called on this thread with each `Event` as it comes. Unlike that of `execute` it
        may do whatever it likes. What it raises cancels the run, and comes out as it is.

        When the time is over it raises `amdm.Error` with TIMEOUT, and the run goes on. Ctrl-C
        cancels the run and raises KeyboardInterrupt.
        """
        end = None if timeout is None else time.monotonic() + timeout
        status = TIMEOUT
        try:
            while status == TIMEOUT:
                left = SLICE if end is None else (end - time.monotonic()) * 1000
                span = int(max(0, min(SLICE, left)))
                if on_event is not None and self._told(on_event, span):
                    span = 0
                status = library.status_of("run_wait", self._handle, span)
                if left <= 0:
                    break
            message = library.last_error()
            while on_event is not None and status != TIMEOUT and self._told(on_event, 0):
                pass
        except KeyboardInterrupt:
            self.cancel()
            raise
        if status != TIMEOUT:
            self._settle()
        self._judge(status, message)

    def _told(self, on_event: OnEvent, span: int) -> bool:
        """Whether an event came within `span` milliseconds, of which it has told."""
        event = taken(self._handle, span)
        if event is None:
            return False
        try:
            on_event(event)
        except BaseException:
            self.cancel()
            raise
        return True

    def _judge(self, status: int, message: str) -> None:
        """Raises what a call that ends with the run ended with: the run's error, or its own."""
        if status == 0:
            self._raised.clear()
            return
        said = t.String()
        # Statuses above this one are about calls.
        if status > INVALID_GRAPH or library.raw("run_error", self._handle, byref(said)) != 0:
            raise Error(status, message)
        raise self._raised.error(status, library.taken(said))

    def cancel(self, after_image: bool = False) -> None:
        """Stops it: now, or when the next picture is done. From any thread, also in callbacks.

        The run ends when what it is in the middle of ends, with an error of status CANCELLED.
        """
        library.call("run_cancel", self._handle, int(after_image))

    def image(
        self,
        node: str,
        output: str | None = None,
        index: int = 0,
        channels: int = 0,
        dtype: str = "u8",
        order: str = "rgb",
    ) -> Image:
        """An image that `node` saved or showed, or of a wanted output.

        output: the name of a wanted output; without it what the node saved or showed. index: which
        of the images, from 0. channels: 1 to 4; 0 takes the image's own. dtype: "u8" (0 to 255) or
        "f32" (0 to 1). order: "rgb" or "bgr".

        Raises `amdm.Error`: WRONG_STATE before the run's end, EMPTY where there is no such image.
        """
        given = layout(channels, dtype, order)
        name = None if output is None else output.encode()
        library.call("run_output_image", self._handle, node.encode(), name, index, byref(given))
        return Image.of(given, dtype)

    def tensor(self, node: str, output: str | None = None) -> Tensor:
        """The tensor of a wanted output, or the batch that `node` saved or showed last.

        Images are [batch, height, width, channels] and masks [batch, height, width], in [0, 1];
        latents [batch, channels, height, width]. Raises `amdm.Error`: WRONG_STATE before the run's
        end, EMPTY where there is none.
        """
        name = None if output is None else output.encode()
        return Tensor(library.handle("run_output_tensor", self._handle, node.encode(), name))

    def result(self) -> dict[str, Any]:
        """All about the run: files with hashes, times, seeds, warnings, plain wanted outputs."""
        told: dict[str, Any] = json.loads(library.text("run_output_json", self._handle))
        return told


def is_cancelled(error: Error) -> bool:
    """Whether an error is that somebody stopped the run."""
    return error.status == CANCELLED
