"""A lane's network, as the engine asks for it: ComfyUI predicts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Sequence

import amdm
import comfy.model_management
import comfy.model_patcher
import torch

from .lanes import name

if TYPE_CHECKING:
    from .aggregation import Aggregation, Entered


class LaneNetwork(amdm.Denoiser):
    """Answers the engine's questions of one lane with the guider that ComfyUI prepared for it.

    The engine carries latents as `signal * x0 + noise * epsilon` with `signal^2 + noise^2 = 1`
    (flows: `signal = 1 - noise`), ComfyUI as `x0 + sigma * epsilon`.
    """

    def __init__(self, aggregation: Aggregation, index: int, entered: Entered):
        self.aggregation, self.index, self.entered = aggregation, index, entered
        sampling = aggregation.sampling
        self.info = {
            "name": f"lane {index + 1}",
            "prediction": "flow" if aggregation.is_flow else "sample",
            "latent_shape": list(aggregation.shape[1:]),
            "latent_space": aggregation.space,
            "parts": True,
            "deterministic": False,
        }
        if not aggregation.is_flow:
            # The schedule comes as sigmas; of the table only its ends are looked at.
            ends = [float(sampling.sigma_min), float(sampling.sigma_max)]
            self.info["alphas_cumprod"] = [1 / (1 + sigma * sigma) for sigma in ends]

    def predict(
        self, call: amdm.Call, requests: Sequence[amdm.Request], parts: bool
    ) -> Sequence[Any]:
        return [self._answer(request, parts) for request in requests]

    def _answer(self, request: amdm.Request, parts: bool) -> Any:
        comfy.model_management.throw_exception_if_processing_interrupted()
        if parts and not self.entered.has_parts():
            raise ValueError(
                f"{name(self.index)} is guided by {type(self.entered.guider).__name__}, which does "
                "not predict with and without its condition apart: this way of merging needs a "
                "CFGGuider"
            )
        self.aggregation.switch_to(self.index)
        sigma = self.entered.sigmas[request.step]
        x = self._lifted(request.latent, float(sigma))
        seen: dict[str, torch.Tensor] = {}
        denoised = self._denoised(x, sigma, request.guidance, seen if parts else None)
        self.aggregation.noticed(self.index, request.step, x, denoised)
        if not parts:
            return self._lowered(denoised, x, float(sigma))
        all_three = (denoised, seen["conditional"], seen["unconditional"])
        return [self._lowered(part, x, float(sigma)) for part in all_three]

    def _lifted(self, latent: amdm.Tensor, sigma: float) -> torch.Tensor:
        """The engine's latent in ComfyUI's scale, on the model's device; a copy."""
        device = self.entered.device
        x = latent.torch(copy=self.aggregation.is_flow)
        if device.type != "cpu":
            at_once = comfy.model_management.device_supports_non_blocking(device)
            x = x.to(device, non_blocking=at_once)
        if not self.aggregation.is_flow:
            x = x * math.sqrt(1 + sigma * sigma)
        return x.reshape(self.aggregation.shape)

    def _lowered(self, denoised: torch.Tensor, x: torch.Tensor, sigma: float) -> torch.Tensor:
        """What the engine takes as the answer: the clean latent, for flows the velocity."""
        if self.aggregation.is_flow:
            denoised = (x - denoised) / sigma
        return denoised.to("cpu", torch.float32).contiguous()

    def _denoised(
        self, x: torch.Tensor, sigma: torch.Tensor, guidance: float, seen: dict | None
    ) -> torch.Tensor:
        """The guided clean latent; where `seen` is there, its parts go into it."""
        entered, options = self.entered, self.entered.model_options
        if entered.has_parts():
            entered.guider.cfg = guidance
        if seen is not None:
            options = self._watched(options, seen)
        denoised = entered.masked(
            x,
            sigma * x.new_ones([x.shape[0]]),
            entered.denoise_mask,
            model_options=options,
            seed=entered.seed,
        )
        if seen is not None and entered.denoise_mask is not None:
            mask = entered.denoise_mask
            change = entered.model_options.get("denoise_mask_function")
            if change is not None:
                told = {"model": entered.guider, "sigmas": self.aggregation.sigmas}
                mask = change(sigma * x.new_ones([x.shape[0]]), mask, extra_options=told)
            for key, part in seen.items():
                seen[key] = part * mask + entered.latent_image * (1 - mask)
        return denoised

    @staticmethod
    def _watched(options: dict, seen: dict[str, torch.Tensor]) -> dict:
        """Options with which both predictions are computed, and go into `seen`."""

        def watch(given: dict) -> Any:
            seen["conditional"], seen["unconditional"] = given["conds_out"][:2]
            return given["conds_out"]

        options = comfy.model_patcher.create_model_options_clone(options)
        return comfy.model_patcher.set_model_options_pre_cfg_function(
            options, watch, disable_cfg1_optimization=True
        )
