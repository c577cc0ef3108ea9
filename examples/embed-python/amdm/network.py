"""Networks of the host's, what they are asked, and values of wires, as callbacks have them."""

from __future__ import annotations

import ctypes
import json
from ctypes import byref, c_double, c_size_t, c_void_p
from typing import TYPE_CHECKING, Any, Iterator, NamedTuple, Sequence

from . import _types as t
from . import registry
from .tensor import Tensor

if TYPE_CHECKING:
    from .callback import Call


class NoiseLevel(NamedTuple):
    """A level of the forward process: `x = signal * x0 + noise * epsilon`.

    timestep: in training steps, in [0, 1] for flow models. signal: the factor of the clean latent.
    noise: that of the noise, whose variance is 1.
    """

    timestep: float
    signal: float
    noise: float


class Object:
    """A value of a wire other than an image: `object["field"]`, or members of a list of them."""

    def __init__(self, call: Call, handle: int):
        self._call, self.handle = call, handle

    @property
    def kind(self) -> str:
        """The wire's type, such as `LANES`."""
        kind = t.Str()
        self._call.do("object", "kind", self.handle, byref(kind))
        return str(kind)

    def __getitem__(self, name: str) -> Any:
        value = t.Value()
        self._call.do("object", "field", self.handle, name.encode(), byref(value))
        return self._call.received(value)

    def __len__(self) -> int:
        count = c_size_t()
        self._call.do("object", "count", self.handle, byref(count))
        return count.value

    def __iter__(self) -> Iterator[Object]:
        for index in range(len(self)):
            yield Object(self._call, self._call.made("object", "item", self.handle, index))

    def append(self, item: Object) -> Object:
        """A new list with one more member."""
        return Object(self._call, self._call.made("object", "append", self.handle, item.handle))

    @property
    def value(self) -> Any:
        """The Python object that `Graph.set_object` put there.

        Raises `amdm.Error` (EMPTY) of any other value.
        """
        key = c_void_p()
        self._call.do("object", "user_data", self.handle, byref(key))
        return registry.recall(key.value or 0)

    def model(self) -> Model:
        """The network of a value of wire `MODEL`."""
        return Model(self._call, self._call.made("model", "from_object", self.handle))

    def __repr__(self) -> str:
        return f"<amdm.Object {self.kind}>"


class Model:
    """A network of the host's, such as a built-in one; of `Call.load_model`, for a callback's time.

    Latents are [batch, channels, height, width], images [batch, height, width, channels] in [0, 1].
    Where the network is written in Python and raises, the `amdm.Error` that comes out here has what
    was raised as its `__cause__`.
    """

    def __init__(self, call: Call, handle: int):
        self._call, self.handle = call, handle

    def info(self) -> dict[str, Any]:
        """Facts, in the form of `Denoiser.info`."""
        facts = t.Str()
        self._call.do("model", "info", self.handle, byref(facts))
        told: dict[str, Any] = json.loads(str(facts))
        return told

    def timesteps(self, steps: int) -> list[float]:
        """The timesteps that it recommends, first to last, in training steps ([0, 1] for flow)."""
        places = (c_double * steps)()
        self._call.do("model", "timesteps", self.handle, steps, places)
        return list(places)

    def condition(self, text: str, tensors: dict[str, Tensor]) -> Object:
        """A condition from JSON and named tensors; what those are, `info()` says."""
        names = (ctypes.c_char_p * len(tensors))(*[name.encode() for name in tensors])
        handles = (c_void_p * len(tensors))(*[tensor.handle for tensor in tensors.values()])
        arguments = (self.handle, text.encode(), names, handles, len(tensors))
        return Object(self._call, self._call.made("model", "condition", *arguments))

    def predict(
        self,
        requests: Sequence[Request],
        parts: bool = False,
        level: NoiseLevel | None = None,
    ) -> list[list[Tensor]]:
        """Answers requests, each as its latent is shaped: of each [guided], or with parts [guided,
        conditional, unconditional].

        level: where the latents are on the forward process, by its signal and noise; without it,
        where the network's own table has the requests' timesteps. The network is told those.
        """
        asked = (t.Request * len(requests))()
        for place, request in zip(asked, requests):
            ctypes.memmove(byref(place), byref(request.struct), ctypes.sizeof(t.Request))
            place.model, place.latent = self.handle, request.latent.handle
            place.timestep, place.guidance = request.timestep, request.guidance
        answers = (t.Prediction * len(requests))()
        if level is None:
            self._call.do("model", "predict", asked, len(requests), int(parts), answers)
        else:
            told = level.signal, level.noise, int(parts)
            self._call.do("model", "predict_at", asked, len(requests), *told, answers)
        names = ["guided", "conditional", "unconditional"][: 3 if parts else 1]
        return [[self._tensor(getattr(one, name)) for name in names] for one in answers]

    def decode(self, latent: Tensor) -> Tensor:
        """Latent [batch, channels, height, width] to image [batch, height, width, channels]."""
        return self._tensor(self._call.made("model", "decode", self.handle, latent.handle))

    def encode(self, image: Tensor) -> Tensor:
        """Image [batch, height, width, channels] in [0, 1] to latent."""
        return self._tensor(self._call.made("model", "encode", self.handle, image.handle))

    def _tensor(self, handle: int) -> Tensor:
        return Tensor(handle, self._call, lent=True)


class Request:
    """A question to a model.

    `latent` [batch, channels, height, width]; `timestep` in training steps, in [0, 1] for flow;
    `positive` and `negative` (None: the model's own) are conditions; `guidance`, 1 for the
    conditional prediction alone; `step` of `steps`, from 0. Who asks another model may set
    `latent`, `timestep` and `guidance` first.
    """

    def __init__(self, call: Call, struct: t.Request, place: int):
        self.struct, self._call, self._place = struct, call, place
        self.latent = Tensor(struct.latent, call, lent=True)
        self.positive = Object(call, struct.positive)
        self.negative = Object(call, struct.negative) if struct.negative else None
        self.timestep, self.guidance = struct.timestep, struct.guidance
        self.step, self.steps = struct.step, struct.steps

    @property
    def level(self) -> NoiseLevel:
        """Where its latent is: `signal * x0 + noise * epsilon`. Its sigma is `noise / signal`."""
        level = t.NoiseLevel()
        self._call.do("model", "request_level", self._place, byref(level))
        return NoiseLevel(level.timestep, level.signal, level.noise)
