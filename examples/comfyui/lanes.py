"""Lanes: ComfyUI models with what they are told, side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Sequence

import amdm
import comfy.model_sampling

SEED_MASK = 0xFFFF_FFFF


@dataclass(frozen=True, eq=False)
class Lane:
    """One participant: a MODEL with its conditioning and its share."""

    model: Any
    positive: Any
    negative: Any
    cfg: float
    weight: float
    refine: float
    seed: int | None

    def is_flow(self) -> bool:
        """Whether its forward process is a rectified flow."""
        sampling = self.model.get_model_object("model_sampling")
        return isinstance(sampling, comfy.model_sampling.CONST)

    def space(self) -> str:
        """The name of its latent space: lanes can be merged where it is the same."""
        return type(self.model.get_model_object("latent_format")).__name__


def name(index: int) -> str:
    """What people call a lane: counted from 1, in the order of the chain."""
    return f"AMDM Lane {index + 1}"


def check(lanes: Sequence[Lane], target: int) -> None:
    """Refuses lanes that cannot share a sampling."""
    if not 0 <= target < len(lanes):
        raise ValueError(f"target: found {target}, expected 0 to {len(lanes) - 1}, a lane's place")
    wanted = lanes[target]
    for index, lane in enumerate(lanes):
        if lane.space() != wanted.space():
            raise ValueError(
                f"{name(index)} works on latents of {lane.space()}, the target "
                f"({name(target)}) on those of {wanted.space()}: lanes must share one latent space"
            )
        if lane.is_flow() != wanted.is_flow():
            kinds = {True: "a flow model", False: "no flow model"}
            raise ValueError(
                f"{name(index)} is {kinds[lane.is_flow()]}, the target ({name(target)}) is "
                f"{kinds[wanted.is_flow()]}: lanes must share one forward process"
            )


def apart(lanes: Sequence[Lane]) -> list[Lane]:
    """The same lanes, in which none shares with another what ComfyUI changes while it samples.

    A MODEL that stands in several lanes is cloned (its hooks are the sampling's own), and so is a
    ControlNet that is applied in several (it takes up the noise levels of the model at hand).
    """
    models: list[Any] = []
    controls: dict[int, int] = {}
    made = []
    for index, lane in enumerate(lanes):
        model = lane.model.clone() if any(lane.model is one for one in models) else lane.model
        models.append(lane.model)
        conds = [_own(conds, index, controls) for conds in (lane.positive, lane.negative)]
        made.append(replace(lane, model=model, positive=conds[0], negative=conds[1]))
    return made


def _own(conds: Any, lane: int, controls: dict[int, int]) -> Any:
    """A conditioning whose ControlNets no lane before has."""
    if not isinstance(conds, list):
        return conds
    copies: dict[int, Any] = {}

    def own(control: Any) -> Any:
        if control is None:
            return None
        if controls.setdefault(id(control), lane) == lane:
            own_before = own(control.previous_controlnet)
            if own_before is control.previous_controlnet:
                return control
        if id(control) not in copies:
            copies[id(control)] = copy = control.copy()
            copy.set_previous_controlnet(own(control.previous_controlnet))
        return copies[id(control)]

    made = []
    for entry in conds:
        # A graph's entries are pairs, a guider's are dicts.
        told = entry[1] if isinstance(entry, (list, tuple)) else entry
        control = told.get("control") if isinstance(told, dict) else None
        mine = own(control)
        if mine is control:
            made.append(entry)
        elif told is entry:
            made.append({**entry, "control": mine})
        else:
            made.append([entry[0], {**told, "control": mine}])
    return made


def seeds(lanes: Sequence[Lane], seed: int) -> list[int]:
    """The seed of each lane: its own, or one that follows from the sampler's.

    torch's generator takes the low 32 bits.
    """
    low = seed & SEED_MASK
    return [
        (amdm.lane_seed(low, index) if lane.seed is None else lane.seed) & SEED_MASK
        for index, lane in enumerate(lanes)
    ]
