"""Denoising networks written in Python."""

from __future__ import annotations

import json
from ctypes import byref
from typing import TYPE_CHECKING, Any, Sequence

from . import _library as library
from . import registry
from ._tables import Codec, Condition, ModelVtable, Predict, Timesteps
from .callback import Call, Object, Request, count_of, guarded
from .tensor import Tensor

if TYPE_CHECKING:
    from .host import Host

NAMES = ["guided", "conditional", "unconditional"]


class Denoiser:
    """A network. Derive from it, set `info`, write `predict`, and what else it has.

    `info` is a dict with `name`, `prediction`, `latent_shape`, `latent_space`, `alphas_cumprod` and
    what else <amdm.h> says of AmdmModelVtable.info_json. Further methods that a class may have:

    condition(call, text, tensors): an `Object` from JSON and named tensors; without it, requests
        carry an object with the field `json` and the tensors.
    decode(call, latent), encode(call, image): from latents [batch, channels, height, width] and to
        them; images are [batch, height, width, channels] in [0, 1].
    timesteps(call, steps): what the model recommends, first to last.

    What gives a tensor may give a `Tensor`, an array, or whatever else `Call.tensor` takes. What
    they raise becomes the error of the run.
    """

    info: dict[str, Any] = {}
    condition = decode = encode = timesteps = None

    def predict(self, call: Call, requests: Sequence[Request], parts: bool) -> Sequence[Any]:
        """Answers all requests of a step, in order.

        Of each the guided prediction, shaped as its latent and of the kind that `info` says; with
        `parts` a list or tuple of three: guided, conditional, unconditional.
        """
        raise NotImplementedError

    def register(self, host: Host) -> None:
        """Adds it to a host; as `Host.register_model`."""
        functions = {"predict": _predict}
        for name, function in _OPTIONAL.items():
            if getattr(self, name) is not None:
                functions[name] = function
        vtable = ModelVtable(
            info_json=json.dumps(self.info).encode(),
            user_data=registry.remember(self),
            destroy=registry.destroy,
            **functions,
        )
        library.call("host_register_model", host.handle, byref(vtable))


@Timesteps
def _timesteps(key, context, api, steps, out):
    model = registry.recall(key)

    def work(call):
        timesteps = model.timesteps(call, steps)
        if len(timesteps) != steps:
            raise ValueError(f"found {len(timesteps)} timesteps, expected {steps}")
        for index, timestep in enumerate(timesteps):
            out[index] = timestep

    return guarded(context, api, work)


@Predict
def _predict(key, context, api, requests, count, parts, out):
    model = registry.recall(key)

    def work(call):
        asked = [Request(call, request) for request in count_of(requests, count)]
        answers = model.predict(call, asked, bool(parts))
        if len(answers) != count:
            raise ValueError(f"found {len(answers)} predictions, expected {count}")
        for place, answer in zip(range(count), answers):
            answer = answer if isinstance(answer, (list, tuple)) else [answer]
            for name, tensor in zip(NAMES, answer):
                setattr(out[place], name, call.given(call.tensor(tensor)))

    return guarded(context, api, work)


@Condition
def _condition(key, context, api, text, names, tensors, count, out):
    model = registry.recall(key)

    def work(call):
        named = [name.decode() for name in count_of(names, count)]
        lent = [Tensor(handle, call, lent=True) for handle in count_of(tensors, count)]
        made = model.condition(call, text.decode(), dict(zip(named, lent)))
        if not isinstance(made, Object):
            raise TypeError(f"found {type(made).__name__} as a condition, expected amdm.Object")
        out[0] = call.given(made)

    return guarded(context, api, work)


def _coded(key, context, api, given, out, method):
    model = registry.recall(key)

    def work(call):
        made = getattr(model, method)(call, Tensor(given, call, lent=True))
        out[0] = call.given(call.tensor(made))

    return guarded(context, api, work)


@Codec
def _decode(key, context, api, latent, out):
    return _coded(key, context, api, latent, out, "decode")


@Codec
def _encode(key, context, api, image, out):
    return _coded(key, context, api, image, out, "encode")


_OPTIONAL = {
    "timesteps": _timesteps,
    "condition": _condition,
    "decode": _decode,
    "encode": _encode,
}
