"""Rules of ComfyUI's that differ between its versions, asked of the version at hand."""

from __future__ import annotations

import functools

import comfy.k_diffusion.sampling
import comfy.samplers
import torch

# ComfyUI's names of the samplers that the engine has, and its own name for each.
SAMPLERS = {
    "euler_ancestral": "euler-ancestral",
    "euler": "euler",
    "dpmpp_2m": "dpmpp-2m",
    "ddim": "euler",
    "ddpm": "ddim",
}


@functools.lru_cache(maxsize=1)
def step_noise() -> dict[str, object]:
    """Where the noise of ancestral steps comes from, as inputs of the engine's sampler.

    Versions differ: the seed itself again, or the seed plus one.
    """
    latent = torch.zeros(1, 4, 2, 2)
    drawn = comfy.k_diffusion.sampling.default_noise_sampler(latent, seed=5)(None, None)
    plus_one = torch.randn(latent.shape, generator=torch.Generator().manual_seed(6))
    if torch.equal(drawn, plus_one):
        return {"step_noise": "own-seed", "step_seed": 1}
    return {"step_noise": "restart"}


def sigmas(model, sampler: str, scheduler: str, steps: int, denoise: float) -> torch.Tensor:
    """The noise levels that KSampler would run through; none where nothing is to be done."""
    device = model.load_device
    asked = comfy.samplers.KSampler(
        model, steps=steps, device=device, sampler=sampler, scheduler=scheduler, denoise=denoise
    )
    return asked.sigmas
