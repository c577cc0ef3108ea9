"""All nodes, by the names that workflows record."""

from .images import (
    AMDMBoundingBox,
    AMDMDrawBoxes,
    AMDMImageGrid,
    AMDMImageLabel,
    AMDMTextImage,
)
from .lane import AMDMAggregate, AMDMLane, AMDMRefine
from .sampler import AMDMCustomSampler, AMDMSampler, AMDMSamplerAllLanes

TITLES = {
    AMDMLane: "AMDM Lane",
    AMDMAggregate: "AMDM Aggregate",
    AMDMRefine: "AMDM Refine",
    AMDMSampler: "AMDM Sampler",
    AMDMSamplerAllLanes: "AMDM Sampler (all lanes)",
    AMDMCustomSampler: "AMDM Custom Sampler",
    AMDMBoundingBox: "AMDM Bounding Box",
    AMDMDrawBoxes: "AMDM Draw Boxes",
    AMDMImageGrid: "AMDM Image Grid",
    AMDMImageLabel: "AMDM Image Label",
    AMDMTextImage: "AMDM Text Image",
}
NODE_CLASS_MAPPINGS = {node.__name__: node for node in TITLES}
NODE_DISPLAY_NAME_MAPPINGS = {node.__name__: title for node, title in TITLES.items()}
