"""Denoising networks written in Python."""

from __future__ import annotations

import json
from ctypes import byref
from typing import TYPE_CHECKING, Any, Sequence

from . import _library as library
from . import registry
from ._tables import Codec, Condition, ModelVtable, Predict, Timesteps
from ._types import called
from .callback import Call, count_of, guarded
from .network import Object, Request
from .tensor import Tensor

if TYPE_CHECKING:
    from .host import Host

NAMES = ["guided", "conditional", "unconditional"]


class Denoiser:
    """A network. Derive from it, set `info`, write `predict`, and what else it has.

    `info` is a dict with `name`, `prediction`, `latent_shape`, `latent_space`, `alphas_cumprod` and
    what else <amdm.h> says of AmdmModelVtable.info_json; with `deterministic` False nothing is kept
    that depends on it. A class need not have `condition`,
    `timesteps`, `decode` and `encode`; those that it does not write count as not there.

    Latents are [batch, channels, height, width], images [batch, height, width, channels] in [0, 1].
    What gives a tensor may give a `Tensor`, an array, or whatever else `Call.tensor` takes. What
    the methods raise becomes the error of the run, as the `__cause__` of `amdm.Error`.
    """

    info: dict[str, Any] = {}

    def predict(self, call: Call, requests: Sequence[Request], parts: bool) -> Sequence[Any]:
        """Answers all requests of a step, in order.

        Of each the guided prediction, shaped as its latent and of the kind that `info` says; with
        `parts` a list or tuple of three: guided, conditional, unconditional.
        """
        raise NotImplementedError

    def condition(self, call: Call, text: str, tensors: dict[str, Tensor]) -> Object:
        """A condition for requests, from JSON and named tensors; made by `Call.object`.

        Without this method requests carry an object with the field `json` and the tensors.
        """
        raise NotImplementedError

    def timesteps(self, call: Call, steps: int) -> Sequence[float]:
        """The timesteps that it recommends, first to last; as many as there are steps.

        In training steps, falling; in [0, 1] for flow models.
        """
        raise NotImplementedError

    def decode(self, call: Call, latent: Tensor) -> Any:
        """The image of a latent."""
        raise NotImplementedError

    def encode(self, call: Call, image: Tensor) -> Any:
        """The latent of an image."""
        raise NotImplementedError

    def register(self, host: Host) -> None:
        """Adds it to a host; as `Host.register_model`."""
        library.call("host_register_model", host.handle, byref(self._vtable()))

    def _vtable(self) -> ModelVtable:
        """Its functions for the library, which calls `destroy` once it needs them no more."""
        functions: dict[str, Any] = {"predict": _predict}
        for name, function in _OPTIONAL.items():
            method = getattr(self, name)
            if method and getattr(method, "__func__", None) is not getattr(Denoiser, name):
                functions[name] = function
        return ModelVtable(
            info_json=json.dumps(self.info).encode(),
            user_data=registry.remember(self),
            destroy=registry.destroy,
            **functions,
        )


@called(Timesteps)
def _timesteps(key: int, context: int, api: Any, steps: int, out: Any) -> int:
    model = registry.recall(key)

    def work(call: Call) -> None:
        timesteps = model.timesteps(call, steps)
        if len(timesteps) != steps:
            raise ValueError(f"found {len(timesteps)} timesteps, expected {steps}")
        for index, timestep in enumerate(timesteps):
            out[index] = timestep

    return guarded(context, api, work)


@called(Predict)
def _predict(
    key: int, context: int, api: Any, requests: Any, count: int, parts: int, out: Any
) -> int:
    model = registry.recall(key)

    def work(call: Call) -> None:
        asked = [
            Request(call, request, place)
            for place, request in enumerate(count_of(requests, count))
        ]
        answers = model.predict(call, asked, bool(parts))
        if len(answers) != count:
            raise ValueError(f"found {len(answers)} predictions, expected {count}")
        for place, answer in zip(range(count), answers):
            answer = answer if isinstance(answer, (list, tuple)) else [answer]
            for name, tensor in zip(NAMES, answer):
                setattr(out[place], name, call.given(call.tensor(tensor)))

    return guarded(context, api, work)


@called(Condition)
def _condition(
    key: int,
    context: int,
    api: Any,
    text: bytes,
    names: Any,
    tensors: Any,
    count: int,
    out: Any,
) -> int:
    model = registry.recall(key)

    def work(call: Call) -> None:
        named = [name.decode() for name in count_of(names, count)]
        lent = [Tensor(handle, call, lent=True) for handle in count_of(tensors, count)]
        made = model.condition(call, text.decode(), dict(zip(named, lent)))
        if not isinstance(made, Object):
            raise TypeError(f"found {type(made).__name__} as a condition, expected amdm.Object")
        out[0] = call.given(made)

    return guarded(context, api, work)


def _coded(key: int, context: int, api: Any, given: int, out: Any, method: str) -> int:
    model = registry.recall(key)

    def work(call: Call) -> None:
        made = getattr(model, method)(call, Tensor(given, call, lent=True))
        out[0] = call.given(call.tensor(made))

    return guarded(context, api, work)


@called(Codec)
def _decode(key: int, context: int, api: Any, latent: int, out: Any) -> int:
    return _coded(key, context, api, latent, out, "decode")


@called(Codec)
def _encode(key: int, context: int, api: Any, image: int, out: Any) -> int:
    return _coded(key, context, api, image, out, "encode")


_OPTIONAL = {
    "timesteps": _timesteps,
    "condition": _condition,
    "decode": _decode,
    "encode": _encode,
}
