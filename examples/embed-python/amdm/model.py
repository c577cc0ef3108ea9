"""Denoising networks written in Python."""

import json
from ctypes import byref

from . import _library as library
from . import registry
from ._tables import Codec, Condition, ModelVtable, Predict, Timesteps
from .callback import Object, Request, Tensor, count_of, guarded
from .error import INTERNAL


class Denoiser:
    """A network. Derive from it, set `info`, write `predict`, and what else it has.

    `info` is a dict with `name`, `prediction`, `latent_shape`, `latent_space`, `alphas_cumprod` and
    what else <amdm.h> says of AmdmModelVtable.info_json. Further methods that a class may have:

    condition(call, text, tensors): an `Object` from JSON and named tensors; without it, requests
        carry an object with the field `json` and the tensors.
    decode(call, latent), encode(call, image): from and to images (batch, height, width, channels).
    timesteps(steps): what the model recommends, first to last.

    What they raise becomes the error of the run.
    """

    info = None
    condition = decode = encode = timesteps = None

    def predict(self, call, requests, parts):
        """Answers all requests of a step: a tensor for each, or three with `parts`."""
        raise NotImplementedError

    def register(self, host):
        def where(method, function):
            return {} if method is None else function

        vtable = ModelVtable(
            info_json=json.dumps(self.info).encode(),
            user_data=registry.remember(self),
            predict=_predict,
            destroy=registry.destroy,
            **where(self.timesteps, {"timesteps": _timesteps}),
            **where(self.condition, {"condition": _condition}),
            **where(self.decode, {"decode": _decode}),
            **where(self.encode, {"encode": _encode}),
        )
        library.call("host_register_model", host.handle, byref(vtable))


@Timesteps
def _timesteps(key, steps, out):
    try:
        for index, timestep in enumerate(registry.recall(key).timesteps(steps)[:steps]):
            out[index] = timestep
        return 0
    except BaseException:  # The library then takes its own timesteps.
        return INTERNAL


@Predict
def _predict(key, context, api, requests, count, parts, out):
    def work(call):
        asked = [Request(call, request) for request in count_of(requests, count)]
        answers = registry.recall(key).predict(call, asked, bool(parts))
        if len(answers) != count:
            raise ValueError(f"found {len(answers)} predictions, expected {count}")
        for place, answer in zip(range(count), answers):
            answer = [answer] if isinstance(answer, Tensor) else answer
            for name, tensor in zip(["guided", "conditional", "unconditional"], answer):
                setattr(out[place], name, tensor.handle)

    return guarded(context, api, work)


@Condition
def _condition(key, context, api, text, names, tensors, count, out):
    def work(call):
        names_ = [name.decode() for name in count_of(names, count)]
        tensors_ = [Tensor(call, handle) for handle in count_of(tensors, count)]
        model = registry.recall(key)
        made = model.condition(call, text.decode(), dict(zip(names_, tensors_)))
        if not isinstance(made, Object):
            raise TypeError(f"found {type(made).__name__} as a condition, expected amdm.Object")
        out[0] = made.handle

    return guarded(context, api, work)


def _coded(context, api, given, out, method):
    def work(call):
        out[0] = method(call, Tensor(call, given)).handle

    return guarded(context, api, work)


@Codec
def _decode(key, context, api, latent, out):
    return _coded(context, api, latent, out, lambda *given: registry.recall(key).decode(*given))


@Codec
def _encode(key, context, api, image, out):
    return _coded(context, api, image, out, lambda *given: registry.recall(key).encode(*given))
