"""Full-size Stable Diffusion 1.5 files: two checkpoints, a LoRA and a ControlNet.

AMDM_COMFYUI_MODELS names a folder with `checkpoints`, `loras` and `controlnet`, in which the files
lie in the order of their names: two checkpoints, a LoRA, a ControlNet. Made-up weights will do.
"""

import functools
import os
import pathlib

import comfy.controlnet
import comfy.sample
import comfy.samplers
import comfy.sd
import comfy.utils
import torch
from lanes import expected, predictor, slerp, weights
from scene import aggregate, all_lanes, copied, core, empty, lane, off, sampled, start

BOUND = 1e-4
MODELS = os.environ.get("AMDM_COMFYUI_MODELS")


def file(folder, place=0):
    return str(sorted(pathlib.Path(MODELS, folder).glob("*.safetensors"))[place])


@functools.lru_cache(maxsize=None)
def checkpoint(place):
    return comfy.sd.load_checkpoint_guess_config(file("checkpoints", place), output_vae=False)[:2]


@functools.lru_cache(maxsize=None)
def prompts(place):
    clip = checkpoint(place)[1]
    encode = core.CLIPTextEncode().encode
    return encode(clip, "a red fox in the snow")[0], encode(clip, "blurry, lowres")[0]


@functools.lru_cache(maxsize=None)
def with_lora():
    lora = comfy.utils.load_torch_file(file("loras"), safe_load=True)
    return comfy.sd.load_lora_for_models(*checkpoint(0), lora, 0.8, 0.8)[0]


def ksampler(of, latent, positive, negative, **settings):
    told = {"seed": 7, "steps": 3, "cfg": 7.0, "sampler": "euler", "scheduler": "normal"}
    told.update(settings)
    made = core.common_ksampler(
        of, told["seed"], told["steps"], told["cfg"], told["sampler"], told["scheduler"], positive,
        negative, copied(latent), denoise=told.get("denoise", 1.0),
    )  # fmt: skip
    return made[0]["samples"]


def test_one_lane_is_ksampler():
    of, (positive, negative) = checkpoint(0)[0], prompts(0)
    most = 0.0
    for latent, settings in (
        (empty(), {"sampler": "euler", "cfg": 1.0}),
        (empty(2), {"sampler": "dpmpp_2m", "scheduler": "karras"}),
        (start(), {"sampler": "euler_ancestral", "denoise": 0.5}),
        (start(), {"sampler": "ddim", "scheduler": "ddim_uniform"}),
    ):
        wanted = ksampler(of, latent, positive, negative, **settings)
        ours = {key: value for key, value in settings.items() if key != "cfg"}
        chain = lane(of, positive, negative, settings.get("cfg", 7.0))
        found = sampled(chain, latent, steps=3, **ours)
        difference = off(found, wanted)
        assert difference < BOUND, (settings, difference)
        most = max(most, difference)
    return f"largest difference {most:.1e}"


def test_a_controlnet_counts_for_its_lane():
    of, (positive, negative) = checkpoint(0)[0], prompts(0)
    network = comfy.controlnet.load_controlnet(file("controlnet"))
    picture = torch.linspace(0, 1, 64).repeat(64, 1)[None, :, :, None].repeat(1, 1, 1, 3)
    apply = core.ControlNetApplyAdvanced().apply_controlnet
    controlled = apply(positive, negative, network, picture, 0.8, 0.0, 0.7)
    wanted = ksampler(of, empty(), *controlled)
    found = sampled(lane(of, *controlled), empty(), steps=3)
    difference = off(found, wanted)
    assert difference < BOUND, difference
    assert off(sampled(lane(of, positive, negative), empty(), steps=3), wanted) > 0.01
    return f"difference {difference:.1e}"


def merged(models, conditions, cfgs):
    """Two lanes by the pack, and by the formula computed here."""
    latent, seeds = empty(2), [7, 1234]
    noises = [comfy.sample.prepare_noise(latent["samples"], seed) for seed in seeds]
    chain = ()
    for of, both, cfg, seed in zip(models, conditions, cfgs, seeds):
        chain = lane(of, *both, cfg, lanes=chain, seed=seed)
    policy = aggregate("slerp", 0.87, 0, 2)
    found = all_lanes(chain, latent, steps=4, policy=policy)
    asked = [
        predictor(of, *both, cfg, noise)
        for of, both, cfg, noise in zip(models, conditions, cfgs, noises)
    ]
    cpu = torch.device("cpu")
    sigmas = comfy.samplers.KSampler(models[0], 4, cpu, "euler", "normal").sigmas
    wanted = expected(asked, noises, sigmas, slerp, weights(0.87, [1.0]), 0, 2)
    difference = off(found, torch.cat(wanted))
    assert difference < BOUND, difference
    return f"difference {difference:.1e}"


def test_two_checkpoints():
    return merged([checkpoint(0)[0], checkpoint(1)[0]], [prompts(0), prompts(1)], [7.0, 5.0])


def test_a_checkpoint_and_its_lora():
    return merged([checkpoint(0)[0], with_lora()], [prompts(0), prompts(0)], [7.0, 5.0])
