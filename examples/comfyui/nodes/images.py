"""Pictures: nodes of the engine's that ComfyUI lacks, for labels, grids and boxes."""

from __future__ import annotations

from typing import Any

import torch

from .. import engine
from . import described

CATEGORY = "AMDM/image"
NODE = "AMDM"


class _Picture:
    """A node of the engine's, run as a graph of one node."""

    CATEGORY = CATEGORY
    RETURN_TYPES, RETURN_NAMES = ("IMAGE",), ("image",)
    FUNCTION = "run"
    OF = ""

    @classmethod
    def INPUT_TYPES(cls):
        return described.inputs(cls.OF)

    def run(self, **inputs):
        values = {key: value for key, value in inputs.items() if not torch.is_tensor(value)}
        graph: dict[str, Any] = {NODE: {"class_type": self.OF, "inputs": values}}
        if "boxes" in values:
            before: str | None = None
            for index, box in enumerate(values["boxes"]):
                told = dict(box) if before is None else {**box, "boxes": [before, 0]}
                before = f"box {index + 1}"
                graph[before] = {"class_type": "BoundingBox", "inputs": told}
            values["boxes"] = [before, 0]
        made = engine.host().graph(graph)
        try:
            for key, value in inputs.items():
                if torch.is_tensor(value):
                    made.set_tensor(NODE, key, value.to("cpu", torch.float32).contiguous())
            with made.run(wanted=[(NODE, "image")]) as run:
                run.execute()
                return (run.tensor(NODE, "image").torch(),)
        finally:
            made.close()


class AMDMImageLabel(_Picture):
    OF = "ImageLabel"
    DESCRIPTION = described.described(OF)
    SEARCH_ALIASES = ["text", "caption", "title"]


class AMDMTextImage(_Picture):
    OF = "TextImage"
    DESCRIPTION = described.described(OF)
    SEARCH_ALIASES = ["heading", "caption"]


class AMDMImageGrid(_Picture):
    OF = "ImageGrid"
    DESCRIPTION = described.described(OF)
    SEARCH_ALIASES = ["contact sheet", "compare images", "side by side"]
    PLACES = 8

    @classmethod
    def INPUT_TYPES(cls):
        both = described.inputs(cls.OF, leave_out=("image",))
        both["required"] = {"image_1": ("IMAGE",), **both["required"]}
        for place in range(2, cls.PLACES + 1):
            both["optional"][f"image_{place}"] = ("IMAGE",)
        return both


class AMDMDrawBoxes(_Picture):
    OF = "DrawBoxes"
    DESCRIPTION = described.described(OF)
    SEARCH_ALIASES = ["bounding box", "rectangle", "layout"]


class AMDMBoundingBox:
    CATEGORY = CATEGORY
    DESCRIPTION = described.described("BoundingBox")
    SEARCH_ALIASES = ["rectangle", "region", "layout"]
    RETURN_TYPES, RETURN_NAMES = ("AMDM_BOXES",), ("boxes",)
    FUNCTION = "make"

    @classmethod
    def INPUT_TYPES(cls):
        return described.inputs("BoundingBox")

    def make(self, boxes=(), **box):
        return ((*boxes, box),)
