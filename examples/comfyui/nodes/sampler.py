"""The samplers: for one lane's picture, for those of all lanes, and for SamplerCustomAdvanced."""

from __future__ import annotations

import comfy.model_management
import comfy.sample
import comfy.samplers
import comfy.utils
import latent_preview
import torch

from .. import lanes as laning
from .. import rules
from ..aggregation import Aggregation
from ..lanes import Lane
from . import described
from .lane import CATEGORY


def _told(name: str) -> dict:
    """An input of the engine's Sampler, with its help."""
    both = described.inputs("Sampler")
    return {**both["required"], **both["optional"]}[name][1]


def _common(target: bool) -> dict:
    seed = {
        "default": 0,
        "min": 0,
        "max": 0xFFFFFFFFFFFFFFFF,
        "control_after_generate": True,
        "tooltip": "The seed of the noise. The first lane has it, the others follow from it.",
    }
    required = {
        "lanes": ("AMDM_LANES", {"tooltip": "The lanes to run side by side."}),
        "latent_image": ("LATENT", {"tooltip": "The latent to start from; empty for text alone."}),
    }
    if target:
        help = "The lane whose picture is wanted, from 0: the first of the chain."
        required["target"] = ("INT", {**_told("target"), "tooltip": help})
    required.update({
        "seed": ("INT", seed),
        "steps": (
            "INT",
            {"default": 20, "min": 1, "max": 10000, "tooltip": "Steps of the sampling."},
        ),
        "sampler_name": (
            list(rules.SAMPLERS),
            {"tooltip": "Those that add noise (euler_ancestral, ddpm) merge lanes best."},
        ),
        "scheduler": (
            comfy.samplers.KSampler.SCHEDULERS,
            {"tooltip": "How noise is spread over the steps, as in KSampler."},
        ),
        "denoise": (
            "FLOAT",
            {
                "default": 1.0,
                "min": 0.0,
                "max": 1.0,
                "step": 0.01,
                "tooltip": "Below 1, the latent is noised in part and changed that much.",
            },
        ),
    })
    optional = {
        "policy": (
            "AMDM_POLICY",
            {"tooltip": "How lanes are merged; without it, each runs on its own."},
        ),
        "eta": ("FLOAT", {**_told("eta"), "advanced": True}),
    }
    return {"required": required, "optional": optional}


def _sampled(
    lanes, latent_image, seed, steps, sampler_name, scheduler, denoise, policy=(), eta=1.0,
    target=0, all_lanes=False,
):  # fmt: skip
    """The latents of the target, or of all lanes, in order."""
    laning.check(lanes, target)
    model, samples = lanes[target].model, latent_image["samples"]
    spread = ("downscale_ratio_spacial", "downscale_ratio_temporal")
    given = {key: latent_image[key] for key in spread if latent_image.get(key) is not None}
    samples = comfy.sample.fix_empty_latent_channels(model, samples, **given)
    sigmas = rules.sigmas(model, sampler_name, scheduler, steps, denoise)
    if len(sigmas) < 2:
        return [samples] * (len(lanes) if all_lanes else 1)
    seeds, places = laning.seeds(lanes, seed), latent_image.get("batch_index")
    aggregation = Aggregation(
        lanes, target, policy, sampler_name, eta, all_lanes,
        seed=seed, raw=samples, batch_index=places,
    )  # fmt: skip
    # The aggregation's own: a lane before may have the same model or control.
    lane = aggregation.lanes[target]
    guider = comfy.samplers.CFGGuider(lane.model)
    guider.set_conds(lane.positive, lane.negative)
    guider.set_cfg(lane.cfg)
    noise = comfy.sample.prepare_noise(samples, seeds[target], places)
    callback = latent_preview.prepare_callback(model, len(sigmas) - 1)
    quiet = not comfy.utils.PROGRESS_BAR_ENABLED
    result = guider.sample(
        noise, samples, aggregation, sigmas, latent_image.get("noise_mask"), callback, quiet,
        seeds[target],
    )  # fmt: skip
    if not all_lanes:
        return [result]
    aggregation.results[target] = result
    return [aggregation.results[index] for index in range(len(lanes))]


def _wrapped(latent: dict, samples: torch.Tensor) -> dict:
    out = {key: value for key, value in latent.items() if not key.startswith("downscale_ratio_")}
    device = comfy.model_management.intermediate_device()
    out["samples"] = samples.to(device)
    return out


class AMDMSampler:
    CATEGORY = CATEGORY
    DESCRIPTION = (
        "Runs the lanes side by side, merges them as the policy says, and gives the target lane's "
        "latent. With one lane and no policy it gives what KSampler gives."
    )
    SEARCH_ALIASES = ["ksampler", "aggregate models", "sample lanes"]
    RETURN_TYPES, RETURN_NAMES = ("LATENT",), ("latent",)
    OUTPUT_TOOLTIPS = ("The target lane's result.",)
    FUNCTION = "sample"

    @classmethod
    def INPUT_TYPES(cls):
        return _common(target=True)

    def sample(self, latent_image, **inputs):
        (samples,) = _sampled(latent_image=latent_image, **inputs)
        return (_wrapped(latent_image, samples),)


class AMDMSamplerAllLanes:
    CATEGORY = CATEGORY
    DESCRIPTION = (
        "As AMDM Sampler, for the results of all lanes: one batch, in the order of the chain. "
        "Every lane runs to the end, so that it takes longer."
    )
    SEARCH_ALIASES = ["compare lanes", "all targets"]
    RETURN_TYPES, RETURN_NAMES = ("LATENT",), ("latents",)
    OUTPUT_TOOLTIPS = ("One result a lane, in the order of the chain.",)
    FUNCTION = "sample"

    @classmethod
    def INPUT_TYPES(cls):
        return _common(target=False)

    def sample(self, latent_image, **inputs):
        samples = _sampled(latent_image=latent_image, **inputs, all_lanes=True)
        of_batch = ("noise_mask", "batch_index")
        latent = {key: value for key, value in latent_image.items() if key not in of_batch}
        return (_wrapped(latent, torch.cat(samples)),)


class AMDMCustomSampler:
    CATEGORY = f"{CATEGORY}/custom sampling"
    DESCRIPTION = (
        "A SAMPLER for SamplerCustomAdvanced: its guider is the first lane and the target, the "
        "lanes given here run beside it."
    )
    SEARCH_ALIASES = ["samplercustomadvanced", "guider"]
    RETURN_TYPES, RETURN_NAMES = ("SAMPLER",), ("sampler",)
    FUNCTION = "make"

    @classmethod
    def INPUT_TYPES(cls):
        common = _common(target=False)
        required = {key: common["required"][key] for key in ("lanes", "sampler_name")}
        return {"required": required, "optional": common["optional"]}

    def make(self, lanes, sampler_name, policy=(), eta=1.0):
        return (_Custom(lanes, policy, sampler_name, eta),)


class _Custom(comfy.samplers.Sampler):
    """Learns at its sampling whose guider it is beside."""

    def __init__(self, others, policy, sampler_name, eta):
        self.others, self.policy, self.sampler_name, self.eta = others, policy, sampler_name, eta

    def sample(self, model_wrap, sigmas, extra_args, callback, noise, *more, **options):
        conds = model_wrap.original_conds
        cfg = getattr(model_wrap, "cfg", 1.0)
        first = Lane(
            model_wrap.model_patcher, conds.get("positive"), conds.get("negative"), cfg, 1.0, 1.0,
            None,
        )  # fmt: skip
        chain = (first, *self.others)
        aggregation = Aggregation(chain, 0, self.policy, self.sampler_name, self.eta)
        return aggregation.sample(model_wrap, sigmas, extra_args, callback, noise, *more, **options)
