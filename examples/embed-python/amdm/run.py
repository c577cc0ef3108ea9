"""A run of a graph: started or executed, watched, cancelled, asked for what it gave."""

import ctypes
import json
from ctypes import byref, c_char_p, c_uint32

from . import _library as library
from . import _types as t
from .error import CANCELLED, EMPTY, Error
from .image import Image, wanted

KINDS = [None, "started", "node-started", "node-done", "cached", "progress", "preview", "ui"]
KINDS += ["saved", "log", "resumed", "finished"]
STATES = ["created", "running", "succeeded", "failed", "cancelled"]
FINISHED = KINDS.index("finished")


class Event:
    """Something that happened: its `kind`, `node`, `step` of `total`, `seconds`, `text`, `json`."""

    def __init__(self, told):
        known = told.kind < len(KINDS)
        self.kind = KINDS[told.kind] if known else f"event {told.kind}"
        self.node, self.text = str(told.node), str(told.text)
        self.step, self.total, self.seconds = told.step, told.total, told.seconds
        self.json = json.loads(str(told.json) or "{}")
        self.preview = None
        if told.image:
            image = told.image.contents
            size = image.height * image.row_stride
            self.preview = (image.width, image.height, ctypes.string_at(image.data, size))

    def __repr__(self):
        return f"<amdm.Event {self.kind} {self.node}>"


class Run:
    """One run. `for event in run` starts it and ends with it; `run.execute()` runs it on this thread.

    output_dir: where pictures are written; without it they are in memory alone.
    wanted: [(node, output), ...] that are kept besides what output nodes show.
    targets: ids of the output nodes to run; all without it.
    preview_ms: milliseconds between previews; 0 gives none.
    metadata: whether pictures carry the graph. timeout: in seconds.
    """

    def __init__(
        self, graph, output_dir=None, wanted=(), targets=(), preview_ms=0, metadata=True, timeout=0
    ):
        names = [(node.encode(), output.encode()) for node, output in wanted]
        desc = t.RunDesc(
            output_dir=None if output_dir is None else str(output_dir).encode(),
            wanted=(t.OutputName * len(names))(*names),
            wanted_count=len(names),
            targets=(c_char_p * len(targets))(*[target.encode() for target in targets]),
            target_count=len(targets),
            preview_ms=preview_ms,
            no_metadata=not metadata,
            timeout_ms=int(timeout * 1000),
        )
        self.host = graph.host
        self._handle = library.handle("run_create", graph.handle, byref(desc))

    def start(self):
        """Starts it on a thread of the library's."""
        library.call("run_start", self._handle)

    def execute(self):
        """Runs it to its end; nodes and models in Python are called on this thread."""
        self._end(library.status_of("run_execute", self._handle))

    @property
    def state(self):
        """One of "created", "running", "succeeded", "failed", "cancelled"."""
        state = c_uint32()
        library.call("run_poll", self._handle, byref(state))
        return STATES[state.value]

    def __iter__(self):
        """Starts the run if that is still to be done, and gives its events.

        Ends with the run, or raises its error. Whoever leaves the loop early cancels the run.
        """
        if self.state == "created":
            self.start()
        told, done = t.Event(), False
        try:
            while not done:
                # A while at a time, so that Ctrl-C comes through.
                status = library.status_of("run_next_event", self._handle, 100, byref(told))
                if status == 0:
                    done = told.kind == FINISHED
                    yield Event(told)
                elif status != EMPTY:
                    raise Error(status, library.last_error())
        finally:
            if not done:
                self.cancel()
        self.wait()

    def wait(self):
        """Waits for the end; raises the run's error."""
        self._end(library.status_of("run_wait", self._handle, -1))

    def _end(self, status):
        if status == 0:
            return
        message = library.last_error()
        said = t.String()
        if library.status_of("run_error", self._handle, byref(said)) != 0:
            raise Error(status, message)
        text = ctypes.string_at(said.ptr, said.len).decode()
        library.call("string_free", byref(said))
        raise Error.of_run(status, text)

    def cancel(self, after_image=False):
        """Stops it: now, or when the next picture is done. From any thread."""
        library.call("run_cancel", self._handle, int(after_image))

    def image(self, node, output=None, index=0, channels=0, dtype="u8", order="rgb"):
        """An image that `node` saved or showed, or of a wanted output.

        `channels` 0 takes the image's own; `dtype` is "u8" or "f32", `order` "rgb" or "bgr".
        """
        given = wanted(channels, dtype, order)
        name = None if output is None else output.encode()
        library.call("run_output_image", self._handle, node.encode(), name, index, byref(given))
        return Image(given, dtype)

    def result(self):
        """All about the run: files with hashes, times, seeds, warnings, plain wanted outputs."""
        return json.loads(library.text("run_output_json", self._handle))

    def close(self):
        """Ends it: cancels and waits where it goes on. Images that were fetched stay."""
        handle, self._handle = self._handle, None
        if handle:
            library.status_of("run_destroy", handle)

    def __del__(self):
        if getattr(self, "_handle", None):
            self.close()


def is_cancelled(error):
    """Whether an error is that somebody stopped the run."""
    return error.status == CANCELLED
