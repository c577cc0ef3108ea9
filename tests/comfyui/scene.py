"""A ComfyUI in this process, on the CPU, with the node pack and models of a made-up network.

AMDM_COMFYUI_DIR names ComfyUI's folder; it is imported, never changed.
"""

from __future__ import annotations

import importlib.util
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
PACK = HERE.parents[1] / "examples" / "comfyui"
COMFYUI = pathlib.Path(os.environ["AMDM_COMFYUI_DIR"]).resolve()

sys.path.insert(0, str(COMFYUI))
sys.argv = [sys.argv[0]]
import comfy.options  # noqa: E402

comfy.options.enable_args_parsing(False)
import comfy.cli_args  # noqa: E402

comfy.cli_args.args.cpu = True
comfy.cli_args.args.disable_metadata = True

import torch  # noqa: E402

torch.set_grad_enabled(False)
torch.set_num_threads(1)

import comfy.utils  # noqa: E402
import nodes as core  # noqa: E402

from made import model, told  # noqa: E402

comfy.utils.PROGRESS_BAR_ENABLED = False


def pack():
    """The node pack, loaded as ComfyUI loads it: a module out of a folder."""
    name = "amdm_pack"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            name, PACK / "__init__.py", submodule_search_locations=[str(PACK)]
        )
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


NODES = pack().NODE_CLASS_MAPPINGS


POSITIVE, NEGATIVE = told(1.0), told(-0.5)


def noise(shape, seed):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def empty(batch=1, height=8, width=8):
    return {"samples": torch.zeros(batch, 4, height, width)}


def start(batch=1, height=8, width=8):
    return {"samples": noise((batch, 4, height, width), 1001) * 0.8 / 0.18215}


def copied(latent):
    cloned = {key: value.clone() for key, value in latent.items() if torch.is_tensor(value)}
    return {**latent, **cloned}


def ksampler(of, latent, *, seed=7, steps=5, cfg=7.0, sampler="euler", scheduler="normal",
             denoise=1.0, positive=POSITIVE, negative=NEGATIVE):  # fmt: skip
    """What ComfyUI's own KSampler makes."""
    made = core.common_ksampler(
        of, seed, steps, cfg, sampler, scheduler, positive, negative, copied(latent),
        denoise=denoise,
    )  # fmt: skip
    return made[0]["samples"]


def lane(of, positive=POSITIVE, negative=NEGATIVE, cfg=7.0, weight=1.0, lanes=(), seed=None):
    (made,) = NODES["AMDMLane"]().make(of, positive, negative, cfg, weight, lanes, seed=seed)
    return made


def aggregate(method="slerp", weight=0.87, start=0.0, end=0.5, **more):
    inputs = {"source": 0, "guidance_after": 0.0, **more}
    (made,) = NODES["AMDMAggregate"]().make(
        method=method, weight=weight, start=start, end=end, **inputs
    )
    return made


def sampled(lanes, latent, *, target=0, seed=7, steps=5, sampler="euler", scheduler="normal",
            denoise=1.0, policy=(), eta=1.0):  # fmt: skip
    """What AMDM Sampler makes."""
    made = NODES["AMDMSampler"]().sample(
        lanes=lanes, latent_image=copied(latent), target=target, seed=seed, steps=steps,
        sampler_name=sampler, scheduler=scheduler, denoise=denoise, policy=policy, eta=eta,
    )  # fmt: skip
    return made[0]["samples"]


def all_lanes(lanes, latent, *, seed=7, steps=5, sampler="euler", scheduler="normal", denoise=1.0,
              policy=(), eta=1.0):  # fmt: skip
    made = NODES["AMDMSamplerAllLanes"]().sample(
        lanes=lanes, latent_image=copied(latent), seed=seed, steps=steps, sampler_name=sampler,
        scheduler=scheduler, denoise=denoise, policy=policy, eta=eta,
    )  # fmt: skip
    return made[0]["samples"]


def off(found, expected):
    """The largest difference, in standard deviations of what is expected."""
    assert found.shape == expected.shape, (found.shape, expected.shape)
    return float((found - expected).abs().max() / expected.std())
