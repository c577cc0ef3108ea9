"""What Python code sees of the run that called it.

Everything here is lent for the time of the callback. Nothing that is raised gets across: `guarded`
makes it the error of the run.
"""

from __future__ import annotations

import ctypes
import json
from ctypes import POINTER, byref, c_size_t, c_uint32, c_void_p
from typing import Any, Callable, Sequence

from . import _library as library
from . import _making, _raised
from . import _types as t
from ._ends import INSIDE
from .error import INTERNAL, Error
from .network import Model, Object
from .tensor import Tensor

LEVELS = {"trace": 1, "debug": 2, "info": 3, "warn": 4, "error": 5}


class Call:
    """A callback in progress: `call["name"]` reads an input, `call["name"] = value` sets an output.

    Values are bool, int, float and str; JSON is a str to read, a dict or list to set; images
    [batch, height, width, channels], masks [batch, height, width], both in [0, 1], and latents are
    `Tensor`, and all that `tensor` takes where they are set; other wires are `Object`. Setting one
    leaves it usable.

    It is good for the callback alone, and so is what it gives. What cannot be had raises
    `amdm.Error`: EMPTY for an input that is not there or has no value. Threads of the callback's
    own may use it while the callback waits.
    """

    def __init__(self, context: int, api: Any):
        self._context, self._api = context, api.contents
        self._raised = _raised.current()
        # Objects that were given away, and are held until the end of the callback: once each.
        self._held: set[int] = set()

    def do(self, table: str, function: str, *arguments: Any) -> None:
        """Calls `function` of a table that <amdm.h> hands to callbacks, such as "tensor".

        `arguments` are as ctypes takes them, without the context. Raises `amdm.Error` where it
        fails.
        """
        work = getattr(getattr(self._api, table).contents, function)
        if table != "model":
            status = work(self._context, *arguments)
            if status != 0:
                raise Error(status, library.last_error())
            return
        # Models may be in Python, and be asked from a thread of the callback's own.
        with self._raised.here():
            status = work(self._context, *arguments)
        if status != 0:
            raise self._raised.nested(status, library.last_error())

    def made(self, table: str, function: str, *arguments: Any) -> int:
        """As `do`, for functions that write a handle to their last argument; gives the handle."""
        handle = c_void_p()
        self.do(table, function, *arguments, byref(handle))
        return handle.value or 0

    def asked(self, table: str, function: str, *arguments: Any, kind: Any = c_uint32) -> Any:
        """As `do`, for functions that write a number of type `kind` to their last argument."""
        answer = kind()
        self.do(table, function, *arguments, byref(answer))
        return answer.value

    def received(self, value: t.Value) -> Any:
        """A value of <amdm.h> as Python has it; tensors and objects in it are lent."""
        kind, given = value.kind, value.value
        if kind == t.BOOLEAN:
            return bool(given.integer)
        if kind in (t.TEXT, t.JSON):
            return str(given.text)
        if kind == t.TENSOR:
            return Tensor(given.tensor, self, lent=True)
        if kind == t.OBJECT:
            return Object(self, given.object)
        return {t.INTEGER: given.integer, t.FLOAT: given.number}.get(kind)

    def _sent(self, value: Any) -> tuple[t.Value, Any]:
        """A value as C has it, given away, and what must live as long."""
        given, kept = t.Value(), None
        if isinstance(value, Object):
            given.kind, given.value.object = t.OBJECT, self.given(value)
        elif isinstance(value, bool):
            given.kind, given.value.integer = t.BOOLEAN, int(value)
        elif isinstance(value, int):
            given.kind, given.value.integer = t.INTEGER, value
        elif isinstance(value, float):
            given.kind, given.value.number = t.FLOAT, value
        elif isinstance(value, (str, dict, list)):
            given.kind = t.TEXT if isinstance(value, str) else t.JSON
            text = value if isinstance(value, str) else json.dumps(value)
            kept = ctypes.create_string_buffer(text.encode())
            given.value.text = t.Str(ctypes.cast(kept, c_void_p), len(kept) - 1)
        else:
            given.kind, given.value.tensor = t.TENSOR, self.given(self.tensor(value))
        return given, kept

    def given(self, value: Tensor | Object) -> int:
        """A handle to give away: the tensor, or object, itself stays usable."""
        if isinstance(value, Tensor):
            return _making.given(self, value)
        self.do("object", "retain", value.handle)
        self._held.add(value.handle)
        return value.handle

    def _end(self) -> None:
        for handle in self._held:
            self.do("object", "release", handle)

    def __getitem__(self, name: str) -> Any:
        value = t.Value()
        self.do("call", "input", name.encode(), byref(value))
        return self.received(value)

    def get(self, name: str, default: Any = None) -> Any:
        """The value of an optional input, or `default` where it has none."""
        try:
            return self[name]
        except Error as error:
            if error.name == "EMPTY":
                return default
            raise

    def __setitem__(self, name: str, value: Any) -> None:
        given, _kept = self._sent(value)
        self.do("call", "set_output", name.encode(), given)

    def inputs(self, prefix: str) -> dict[str, Any]:
        """The members of an open-ended group (`image_1`, `image_2`, ...), in order."""
        members, count = POINTER(t.NamedValue)(), c_size_t()
        self.do("call", "inputs", prefix.encode(), byref(members), byref(count))
        return {str(one.name): self.received(one.value) for one in count_of(members, count.value)}

    def wants(self, output: str) -> bool:
        """Whether anything in the graph uses an output; what nothing uses need not be set."""
        return bool(self.asked("call", "output_wanted", output.encode()))

    def tensor(self, source: Any, shape: Sequence[int] | None = None) -> Tensor:
        """A tensor of floats of 32 bits, row-major.

        source: anything with a buffer (arrays of numpy's, array.array, memoryview, bytes), with
        `__dlpack__` (tensors of torch's), numbers in sequences as deep as there are extents, or a
        `Tensor`. Other numbers than floats of 32 bits are converted by their value.
        shape: extents where they differ from those of `source`.

        Tensors of torch's that require a gradient are detached. Raises `amdm.Error` (UNSUPPORTED)
        for those on another device than the CPU, and for numbers that are not real; ValueError or
        TypeError for sequences that are no tensor.
        """
        return _making.lent(self, source, shape)

    def combine(self, terms: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
        """`sum(weight * term)` of tensors of one shape."""
        return _making.combined(self, terms, weights)

    def concat(self, parts: Sequence[Tensor], axis: int) -> Tensor:
        """Tensors one after the other along `axis`."""
        return _making.joined(self, parts, axis)

    def noise(self, seed: int, shape: Sequence[int]) -> Tensor:
        """Standard normal values, the same for a seed on every device.

        seed: a whole number, of which the lowest 64 bits count. shape: extents, at most eight.
        """
        extents = (c_uint32 * len(shape))(*shape)
        stream = self.made("generator", "create", seed)
        made = self.made("generator", "normal", stream, extents, len(shape))
        return Tensor(made, self, lent=True)

    def object(self, kind: str, fields: dict[str, Any]) -> Object:
        """A value of wire `kind` with named fields, as a node gives it to another.

        fields: values as outputs take them, by name; `Object` and `Tensor` stay usable.
        """
        named, kept = (t.NamedValue * len(fields))(), []
        # What fails does so before any object is given away.
        plain = [None if isinstance(one, Object) else self._sent(one) for one in fields.values()]
        for place, sent, (name, value) in zip(named, plain, fields.items()):
            kept.append(ctypes.create_string_buffer(name.encode()))
            place.name = t.Str(ctypes.cast(kept[-1], c_void_p), len(kept[-1]) - 1)
            place.value, text = sent or self._sent(value)
            kept.append(text)
        return Object(self, self.made("object", "create", kind.encode(), named, len(fields)))

    def load_model(self, name: str) -> Model:
        """A network of the host's by its name, as ModelLoader takes it; built in or registered.

        Raises `amdm.Error` (NOT_FOUND) for a name that no model has.
        """
        return Model(self, self.made("model", "load", name.encode(), None))

    def progress(self, step: int, total: int) -> None:
        """Reports that `step` of `total` are done, 1 to `total`; an event of the run."""
        self.do("call", "progress", step, total)

    def show(self, value: Any) -> None:
        """Has editors show something on the node: anything that JSON has."""
        self.do("call", "set_ui", json.dumps(value).encode())

    def log(self, message: str, level: str = "info") -> None:
        """A line for the log: "trace" to "error". A node's warnings go into the run's result."""
        self.do("call", "log", LEVELS[level], message.encode())

    def depends_on_more(self) -> None:
        """Says that the result depends on what the graph does not name, so that it is not kept."""
        self.do("call", "depends_on_more")

    def cancelled(self) -> bool:
        """Whether the run is being stopped; long work asks now and then."""
        return bool(self.asked("call", "cancelled"))


def count_of(pointer: Any, count: int) -> list[Any]:
    """A list out of a C array, which may be NULL where it is empty."""
    return [pointer[index] for index in range(count)] if count else []


def guarded(
    context: int, api: Any, work: Callable[[Any], None], kind: Callable[[int, Any], Call] = Call
) -> int:
    """Does `work(call)`; what it raises becomes the run's error, with its type and words."""
    with INSIDE:
        try:
            call = kind(context, api)
            try:
                work(call)
            finally:
                call._end()
            return 0
        except BaseException as error:  # Nothing may get across.
            status, said, place = INTERNAL, f"{type(error).__name__}: {error}", None
            if isinstance(error, Error):
                status = error.status if error.status < 0 else INTERNAL
                said = error.message
                place = error.input.encode() if error.input else None
            message = said.replace("\0", " ").encode(errors="replace")
            _raised.current().keep(error, message.decode())
            api.contents.call.contents.fail(context, status, message, place)
            return status
