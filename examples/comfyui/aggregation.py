"""The sampler: every lane a guider of ComfyUI's, the steps and the merging by the engine.

The guiders stand inside each other. Each prepares its lane as for a sampling of its own: it loads
the model, its patches and hooks, prepares conditions, and cleans up in the end. The innermost runs
the engine on this thread, which asks the lanes' networks step by step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Callable, Sequence

import amdm
import comfy.model_management
import comfy.sample
import comfy.sampler_helpers
import comfy.samplers
import torch

from . import engine, lanes, rules
from .lanes import Lane
from .network import LaneNetwork

SAMPLER = "AMDM Sampler"


@dataclass(eq=False)
class Entered:
    """A lane whose guider is ready: what ComfyUI hands a sampler, and how to ask for x0."""

    guider: Any
    model_options: dict
    seed: int | None
    latent_image: torch.Tensor
    denoise_mask: torch.Tensor | None
    masked: Callable[..., torch.Tensor]
    device: torch.device
    sigmas: torch.Tensor
    start: torch.Tensor

    def has_parts(self) -> bool:
        """Whether its guider is the plain one: guidance can be set, and both predictions seen."""
        return type(self.guider) is comfy.samplers.CFGGuider


class Aggregation(comfy.samplers.Sampler):
    """A SAMPLER whose guider is the target lane; the other lanes it brings itself.

    target: the place of the guider's lane in `chain`; that entry's model is the guider's own.
    policy: step operators, first to last, each a class, its title and its inputs. all_lanes: every
    lane runs to the end, and `results` holds all latents. seed: what the lanes' seeds follow from,
    where it is not the guider's own. raw: the latent as graphs carry it, where the caller has it.
    batch_index: places in a batch that noise is drawn for.
    """

    def __init__(
        self,
        chain: Sequence[Lane],
        target: int,
        policy: Sequence[dict[str, Any]] = (),
        sampler: str = "euler_ancestral",
        eta: float = 1.0,
        all_lanes: bool = False,
        seed: int | None = None,
        raw: torch.Tensor | None = None,
        batch_index: Sequence[int] | None = None,
    ):
        lanes.check(chain, target)
        self.lanes, self.target, self.policy = lanes.apart(chain), target, list(policy)
        self.sampler, self.eta, self.all_lanes = sampler, eta, all_lanes
        self.seed, self.raw, self.batch_index = seed, raw, batch_index
        self.results: dict[int, torch.Tensor] = {}
        self._forget()

    def _forget(self) -> None:
        """Lets go of everything that belongs to one sampling."""
        self.entered: dict[int, Entered] = {}
        self.sampling = self.sigmas = self.shape = self.callback = None
        self.space, self.is_flow = "", False
        self._last: tuple[int, torch.Tensor, torch.Tensor] | None = None

    # What ComfyUI calls.

    def sample(
        self, model_wrap, sigmas, extra_args, callback, noise,
        latent_image=None, denoise_mask=None, disable_pbar=False,
    ):  # fmt: skip
        """Runs all lanes through `sigmas`; gives the target's latent."""
        if latent_image is None:
            latent_image = torch.zeros_like(noise)
        if getattr(noise, "is_nested", False):
            raise ValueError("AMDM cannot sample latents of several parts, such as film with sound")
        self._forget()
        # The guider is its owner's, and may be kept: its guidance is changed for this run alone.
        guidance = getattr(model_wrap, "cfg", None)
        try:
            self.sigmas, self.callback, self.shape = sigmas, callback, tuple(noise.shape)
            self.is_flow = self.lanes[self.target].is_flow()
            self.space = self.lanes[self.target].space()
            self.sampling = model_wrap.inner_model.model_sampling
            self.results = {}
            seed = self.seed if self.seed is not None else extra_args.get("seed")
            self.seeds = lanes.seeds(self.lanes, seed or 0)
            handed = (model_wrap, extra_args, noise, latent_image, denoise_mask)
            return self._enter(self.target, handed)
        finally:
            if guidance is not None:
                model_wrap.cfg = guidance
            self._forget()

    # The lanes, one inside the other.

    def _enter(self, index: int, handed: tuple) -> torch.Tensor:
        """Notes that a lane's guider is ready; goes on with the next one, or runs."""
        guider, extra_args, noise, latent_image, denoise_mask = handed
        masked = comfy.samplers.KSamplerX0Inpaint(guider, self.sigmas)
        masked.latent_image, masked.noise = latent_image, noise
        if self.sampler == "ddim" and denoise_mask is not None:
            # Outside a mask ComfyUI's ddim has noise of its own.
            seed = torch.Generator().manual_seed((extra_args.get("seed") or 0) + 1)
            drawn = torch.randn(noise.shape, generator=seed, device="cpu")
            masked.noise = drawn.to(noise.device, noise.dtype)
        sampling = guider.inner_model.model_sampling
        full = self.max_denoise(guider, self.sigmas)
        start = sampling.noise_scaling(self.sigmas[0], noise.clone(), latent_image, full)
        self.entered[index] = Entered(
            guider, extra_args["model_options"], extra_args.get("seed"), latent_image,
            denoise_mask, masked, noise.device, self.sigmas.to(noise.device), start,
        )  # fmt: skip
        left = [other for other in range(len(self.lanes)) if other not in self.entered]
        if left:
            self._go_on(left[0], guider, noise, latent_image, denoise_mask)
        else:
            self._run()
        return self.results[index]

    def _go_on(self, index: int, guider, outer_noise, latent_image, denoise_mask) -> None:
        """Has ComfyUI prepare the lane `index`, inside the lane of `guider`."""
        lane, raw = self.lanes[index], self.raw
        if raw is None:
            raw = latent_image
            if torch.count_nonzero(raw) > 0:
                raw = guider.inner_model.process_latent_out(raw)
        raw = raw.to("cpu", torch.float32)
        noise = comfy.sample.prepare_noise(raw, self.seeds[index], self.batch_index)
        if torch.count_nonzero(outer_noise) == 0:
            # A second stage, which adds no noise: to no lane.
            noise = torch.zeros_like(noise)
        inner = comfy.samplers.CFGGuider(lane.model)
        inner.set_conds(lane.positive, lane.negative)
        inner.set_cfg(lane.cfg)
        out = inner.sample(
            noise, raw, _Inner(self, index), self.sigmas, denoise_mask, None, True,
            self.seeds[index],
        )  # fmt: skip
        if self.all_lanes:
            self.results[index] = out

    def switch_to(self, index: int) -> None:
        """Sees to it that a lane's model is loaded, with its own weights.

        ComfyUI may have unloaded it to make room for another lane's. And clones of one checkpoint,
        such as one with a LoRA and one without, share a network that it patches in place: of them
        one is loaded at a time.
        """
        guider = self.entered[index].guider
        patcher = guider.model_patcher
        loaded = comfy.model_management.current_loaded_models
        if not any(one.model is patcher for one in loaded):
            comfy.sampler_helpers.prepare_sampling(
                patcher, self.shape, guider.conds, guider.model_options
            )
        guider.inner_model.current_patcher = patcher

    # What the lanes' networks tell.

    def noticed(self, index: int, step: int, x: torch.Tensor, denoised: torch.Tensor) -> None:
        """Keeps what is shown of a step: the target's clean latent, else any."""
        if self._last is None or self._last[0] != step or index == self.target:
            self._last = (step, x, denoised)

    def _on_event(self, event: amdm.Event) -> None:
        if event.kind == "progress" and event.node == SAMPLER and self._last is not None:
            step, x, denoised = self._last
            if self.callback is not None:
                self.callback(step, denoised, x, event.total)

    # The engine.

    def _graph(self) -> dict[str, Any]:
        graph: dict[str, Any] = {}
        before: str | None = None
        for index, lane in enumerate(self.lanes):
            inputs: dict[str, Any] = {
                "guidance": lane.cfg if self.entered[index].has_parts() else 1.0,
                "weight": lane.weight,
                "refine": lane.refine,
                "seed": self.seeds[index],
            }
            if before:
                inputs["lanes"] = [before, 0]
            before = lanes.name(index)
            graph[before] = {"class_type": "Lane", "inputs": inputs}
        sampler = {
            "lanes": [before, 0],
            "target": self.target,
            "seed": self.seeds[self.target],
            "solver": rules.SAMPLERS[self.sampler],
            "eta": self.eta,
            "start": "given",
            **rules.step_noise(),
        }
        before = None
        for index, operator in enumerate(self.policy):
            inputs = dict(operator["inputs"])
            if before:
                inputs["policy"] = [before, 0]
            before = f"AMDM {operator['title']} {index + 1}"
            graph[before] = {"class_type": operator["class"], "inputs": inputs}
        if before:
            sampler["policy"] = [before, 0]
        graph[SAMPLER] = {"class_type": "Sampler", "inputs": sampler}
        return graph

    def _run(self) -> None:
        first, last = float(self.sigmas[0]), float(self.sigmas[-1])
        starts = [self.entered[index].start for index in range(len(self.lanes))]
        starts = torch.cat([start.to("cpu", torch.float32) for start in starts])
        if not self.is_flow:
            starts = starts / math.sqrt(1 + first * first)
        made = engine.host().graph(self._graph())
        try:
            for index in range(len(self.lanes)):
                network = LaneNetwork(self, index, self.entered[index])
                made.set_model(lanes.name(index), "model", network)
                made.set_object(lanes.name(index), "positive", network)
            made.set_tensor(SAMPLER, "latent", starts[: self.shape[0]].contiguous())
            made.set_tensor(SAMPLER, "lane_latents", starts.contiguous())
            made.set_tensor(SAMPLER, "sigmas", self.sigmas.to("cpu", torch.float32).contiguous())
            output = "all_lanes" if self.all_lanes else "latent"
            with made.run(wanted=[(SAMPLER, output)]) as run:
                self._execute(run)
                result = run.tensor(SAMPLER, output).torch()
        finally:
            made.close()
        self._spread(result, last)

    def _execute(self, run: amdm.Run) -> None:
        try:
            run.execute(on_event=self._on_event)
        except amdm.Error as error:
            if error.__cause__ is not None:  # What a lane's model raised, ComfyUI knows to handle.
                raise error.__cause__ from None
            raise

    def _spread(self, result: torch.Tensor, last: float) -> None:
        """Gives each lane's guider its result, in ComfyUI's scale."""
        scale = 1.0 if self.is_flow else math.sqrt(1 + last * last)
        rows = self.shape[0]
        for index, entered in self.entered.items():
            sampling = entered.guider.inner_model.model_sampling
            part = result[index * rows : (index + 1) * rows] if self.all_lanes else result
            part = (part * scale).reshape(self.shape).to(entered.device)
            self.results[index] = sampling.inverse_noise_scaling(self.sigmas[-1], part)


class _Inner(comfy.samplers.Sampler):
    """The sampler of a lane that is not the target."""

    def __init__(self, aggregation: Aggregation, index: int):
        self.aggregation, self.index = aggregation, index

    def sample(
        self, model_wrap, sigmas, extra_args, callback, noise,
        latent_image=None, denoise_mask=None, disable_pbar=False,
    ):  # fmt: skip
        handed = (model_wrap, extra_args, noise, latent_image, denoise_mask)
        return self.aggregation._enter(self.index, handed)
