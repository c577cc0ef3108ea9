"""Lanes and step operators: what takes part, and how it is merged."""

from __future__ import annotations

from ..lanes import Lane
from . import described

CATEGORY = "AMDM"


def _told(name: str) -> dict:
    """An input of the engine's Lane, with its help."""
    return described.inputs("Lane")["required"][name][1]


class AMDMLane:
    """One participant: a MODEL with its conditioning. Lanes chain into a list."""

    CATEGORY = CATEGORY
    DESCRIPTION = (
        "One participant of an aggregation: a model with its prompts and its share. Chain lanes by "
        "their lanes input. Whatever hangs on the model or its conditioning (LoRA, ControlNet, "
        "areas, masks) counts for this lane alone."
    )
    SEARCH_ALIASES = ["combine models", "merge models", "multiple models", "aggregate"]
    RETURN_TYPES, RETURN_NAMES = ("AMDM_LANES",), ("lanes",)
    OUTPUT_TOOLTIPS = ("This lane after those before it.",)
    FUNCTION = "make"

    @classmethod
    def INPUT_TYPES(cls):
        cfg = {"default": 6.0, "min": 0.0, "max": 100.0, "step": 0.1, "round": 0.01}
        return {
            "required": {
                "model": ("MODEL", {"tooltip": "The model that predicts for this lane."}),
                "positive": ("CONDITIONING", {"tooltip": "What this lane is to show."}),
                "negative": ("CONDITIONING", {"tooltip": "What this lane is not to show."}),
                "cfg": ("FLOAT", {**cfg, "tooltip": "Classifier-free guidance of this lane."}),
                "weight": ("FLOAT", _told("weight")),
            },
            "optional": {
                "lanes": ("AMDM_LANES", {"tooltip": "Lanes before this one."}),
                "refine": ("FLOAT", {**_told("refine"), "advanced": True}),
                "seed": (
                    "INT",
                    {
                        "default": 0,
                        "min": 0,
                        "max": 0xFFFFFFFFFFFFFFFF,
                        "forceInput": True,
                        "tooltip": "A noise seed of its own; without it, derived from the "
                        "sampler's.",
                    },
                ),
            },
        }

    def make(self, model, positive, negative, cfg, weight, lanes=(), refine=1.0, seed=None):
        return ((*lanes, Lane(model, positive, negative, cfg, weight, refine, seed)),)


class _Operator:
    """A step operator of the engine's, which follows on those before it."""

    CATEGORY = CATEGORY
    RETURN_TYPES, RETURN_NAMES = ("AMDM_POLICY",), ("policy",)
    FUNCTION = "make"
    OF = TITLE = ""

    @classmethod
    def INPUT_TYPES(cls):
        return described.inputs(cls.OF)

    def make(self, policy=(), **inputs):
        return ((*policy, {"class": self.OF, "title": self.TITLE, "inputs": inputs}),)


class AMDMAggregate(_Operator):
    OF, TITLE = "AggregateStep", "Aggregate"
    DESCRIPTION = described.described(OF)
    SEARCH_ALIASES = ["slerp latents", "compose", "merge lanes", "blend models"]


class AMDMRefine(_Operator):
    OF, TITLE = "ManifoldRefine", "Refine"
    DESCRIPTION = described.described(OF)
    SEARCH_ALIASES = ["manifold", "deviation"]
