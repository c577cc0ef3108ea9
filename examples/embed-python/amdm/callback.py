"""What Python code sees of the run that called it.

Everything here is lent for the time of the callback. Nothing that is raised gets across: `guarded`
makes it the error of the run.
"""

import array
import ctypes
import json
import math
from ctypes import byref, c_uint32, c_void_p

from . import _library as library
from . import _types as t
from .error import INTERNAL, Error


class Tensor:
    """Values on a device, with a shape; never changed once made."""

    def __init__(self, call, handle):
        self._call, self.handle = call, handle

    @property
    def shape(self):
        info = t.TensorInfo()
        self._call.do("tensor", "info", self.handle, byref(info))
        return tuple(info.shape[: info.rank])

    def values(self):
        """A copy of the values, row-major: an array of floats of 32 bits."""
        count = math.prod(self.shape)
        values = array.array("f", bytes(4 * count))
        place = (ctypes.c_float * count).from_buffer(values)
        self._call.do("tensor", "read_f32", self.handle, place, count)
        return values


class Object:
    """A value of a wire other than an image."""

    def __init__(self, call, handle):
        self._call, self.handle = call, handle

    @property
    def kind(self):
        """The wire's type, such as `LANES`."""
        kind = t.Str()
        self._call.do("object", "kind", self.handle, byref(kind))
        return str(kind)

    def __getitem__(self, name):
        value = t.Value()
        self._call.do("object", "field", self.handle, name.encode(), byref(value))
        return self._call.received(value)


class Model:
    """A network of the host's, such as a built-in one."""

    def __init__(self, call, handle):
        self._call, self.handle = call, handle

    def info(self):
        """Facts, in the form of `Denoiser.info`."""
        facts = t.Str()
        self._call.do("model", "info", self.handle, byref(facts))
        return json.loads(str(facts))

    def timesteps(self, steps):
        """The timesteps that it recommends."""
        places = (ctypes.c_double * steps)()
        self._call.do("model", "timesteps", self.handle, steps, places)
        return list(places)

    def condition(self, text, tensors):
        """A condition from JSON and named tensors."""
        names = (ctypes.c_char_p * len(tensors))(*[name.encode() for name in tensors])
        handles = (c_void_p * len(tensors))(*[tensor.handle for tensor in tensors.values()])
        arguments = (self.handle, text.encode(), names, handles, len(tensors))
        return Object(self._call, self._call.made("model", "condition", *arguments))

    def predict(self, requests, parts=False):
        """Answers requests: of each (guided,) or, with parts, (guided, conditional, unconditional)."""
        asked = (t.Request * len(requests))()
        for place, request in zip(asked, requests):
            ctypes.memmove(byref(place), byref(request.struct), ctypes.sizeof(t.Request))
            place.model = self.handle
        answers = (t.Prediction * len(requests))()
        self._call.do("model", "predict", asked, len(requests), int(parts), answers)
        names = ["guided", "conditional", "unconditional"][: 3 if parts else 1]
        return [[Tensor(self._call, getattr(one, name)) for name in names] for one in answers]

    def decode(self, latent):
        """Latent to image."""
        return Tensor(self._call, self._call.made("model", "decode", self.handle, latent.handle))

    def encode(self, image):
        """Image to latent."""
        return Tensor(self._call, self._call.made("model", "encode", self.handle, image.handle))


class Request:
    """A question to a model: `latent`, `timestep`, `positive`, `negative`, `guidance`, `step`."""

    def __init__(self, call, struct):
        self.struct = struct
        self.latent = Tensor(call, struct.latent)
        self.positive = Object(call, struct.positive)
        self.negative = Object(call, struct.negative) if struct.negative else None
        self.timestep, self.guidance = struct.timestep, struct.guidance
        self.step, self.steps = struct.step, struct.steps


class Call:
    """A callback in progress: `call["name"]` reads an input, `call["name"] = value` sets an output."""

    def __init__(self, context, api):
        self._context, self._api = context, api.contents

    def do(self, table, function, *arguments):
        """Calls a function of a table; raises where it fails."""
        function = getattr(getattr(self._api, table).contents, function)
        status = function(self._context, *arguments)
        if status != 0:
            raise Error(status, library.last_error())

    def made(self, table, function, *arguments):
        """The same, with a handle as its result."""
        handle = c_void_p()
        self.do(table, function, *arguments, byref(handle))
        return handle.value

    def received(self, value):
        """A value as Python has it."""
        kind, given = value.kind, value.value
        if kind == t.BOOLEAN:
            return bool(given.integer)
        if kind in (t.TEXT, t.JSON):
            return str(given.text)
        if kind == t.TENSOR:
            return Tensor(self, given.tensor)
        if kind == t.OBJECT:
            return Object(self, given.object)
        return {t.INTEGER: given.integer, t.FLOAT: given.number}.get(kind)

    def __getitem__(self, name):
        value = t.Value()
        self.do("call", "input", name.encode(), byref(value))
        return self.received(value)

    def __setitem__(self, name, value):
        given, kept = t.Value(), None
        if isinstance(value, Tensor):
            given.kind, given.value.tensor = t.TENSOR, value.handle
        elif isinstance(value, Object):
            given.kind, given.value.object = t.OBJECT, value.handle
        elif isinstance(value, bool):
            given.kind, given.value.integer = t.BOOLEAN, int(value)
        elif isinstance(value, int):
            given.kind, given.value.integer = t.INTEGER, value
        elif isinstance(value, float):
            given.kind, given.value.number = t.FLOAT, value
        else:
            kept = ctypes.create_string_buffer(str(value).encode())
            text = t.Str(ctypes.cast(kept, c_void_p), len(kept) - 1)
            given.kind, given.value.text = t.TEXT, text
        self.do("call", "set_output", name.encode(), given)

    def tensor(self, values, shape):
        """A tensor of floats, row-major: from numbers, or from a buffer of floats of 32 bits."""
        if len(values) != math.prod(shape):
            raise ValueError(f"found {len(values)} values, expected those of shape {shape}")
        floats = (ctypes.c_float * len(values))(*values)
        extents = (c_uint32 * len(shape))(*shape)
        return Tensor(self, self.made("tensor", "from_f32", extents, len(shape), floats))

    def load_model(self, name):
        """A network by name."""
        return Model(self, self.made("model", "load", name.encode(), None))

    def progress(self, step, total):
        """Reports that `step` of `total` are done."""
        self.do("call", "progress", step, total)

    def cancelled(self):
        """Whether the run is being stopped."""
        answer = c_uint32()
        self.do("call", "cancelled", byref(answer))
        return bool(answer.value)


def count_of(pointer, count):
    """A list out of a C array, which may be NULL where it is empty."""
    return [pointer[index] for index in range(count)] if count else []


def guarded(context, api, work):
    """Does `work(call)`; what it raises becomes the run's error, with its type and words."""
    try:
        work(Call(context, api))
        return 0
    except BaseException as error:  # Nothing may get across.
        status = error.status if isinstance(error, Error) else INTERNAL
        said = error.message if isinstance(error, Error) else f"{type(error).__name__}: {error}"
        message = said.replace("\0", " ").encode(errors="replace")
        api.contents.call.contents.fail(context, status, message, None)
        return status
