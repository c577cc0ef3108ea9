"""One lane and no policy: what KSampler makes."""

import comfy.samplers
import torch
from scene import NEGATIVE, POSITIVE, empty, ksampler, lane, model, off, sampled, start, told

BOUND = 1e-4
SAMPLERS = ["euler", "ddim", "dpmpp_2m", "euler_ancestral", "ddpm"]


def compare(what, of, latent, *, positive=POSITIVE, negative=NEGATIVE, cfg=7.0, **settings):
    expected = ksampler(of, latent, positive=positive, negative=negative, cfg=cfg, **settings)
    found = sampled(lane(of, positive, negative, cfg), latent, **settings)
    difference = off(found, expected)
    if difference >= BOUND:
        # As for the recorded cases: 20 times what rounding of the network's outputs does.
        network = of.model.diffusion_model
        network.rounding = torch.Generator().manual_seed(1)
        rounded = ksampler(of, latent, positive=positive, negative=negative, cfg=cfg, **settings)
        network.rounding = None
        bound = 20 * off(rounded, expected)
        assert difference < bound, f"{what}: {difference:.2e}, at most {bound:.2e}"
    return difference


def test_all_samplers_and_schedulers():
    of, most = model(), 0.0
    for sampler in SAMPLERS:
        for scheduler in comfy.samplers.KSampler.SCHEDULERS:
            for latent, denoise in ((empty(), 1.0), (start(), 1.0), (start(), 0.5)):
                settings = {"sampler": sampler, "scheduler": scheduler, "denoise": denoise}
                most = max(most, compare(f"{settings}", of, latent, **settings))
    return f"largest difference {most:.1e}"


def test_guidance_batches_and_steps():
    of, most = model(), 0.0
    for sampler in SAMPLERS:
        for cfg in (0.0, 1.0, 7.0, 30.0, 100.0):
            for latent in (empty(2), start(3, 8, 16)):
                most = max(most, compare(f"{sampler} {cfg}", of, latent, sampler=sampler, cfg=cfg))
        for steps in (1, 2, 12):
            told = f"{sampler} {steps}"
            most = max(most, compare(told, of, empty(), sampler=sampler, steps=steps))
    return f"largest difference {most:.1e}"


def test_noise_masks_and_places_in_a_batch():
    of, most = model(), 0.0
    half = torch.zeros(1, 64, 64)
    half[:, :, 20:] = 1
    soft = torch.linspace(0, 1, 16).repeat(1, 16, 1)
    for sampler in SAMPLERS:
        for mask in (half, soft):
            for denoise in (1.0, 0.5):
                latent = {**start(), "noise_mask": mask}
                told = f"{sampler} mask {tuple(mask.shape)} {denoise}"
                most = max(most, compare(told, of, latent, sampler=sampler, denoise=denoise))
        latent = {**empty(2), "batch_index": [3, 1]}
        most = max(most, compare(f"{sampler} batch_index", of, latent, sampler=sampler))
    return f"largest difference {most:.1e}"


def test_areas_masks_and_time_ranges():
    of = model()
    left = [POSITIVE[0][0], {"area": (8, 4, 0, 0), "strength": 0.7, "set_area_to_bounds": False}]
    mask = torch.zeros(1, 64, 64)
    mask[:, 10:40, 8:50] = 1
    inside = [told(0.3)[0][0], {"mask": mask, "mask_strength": 1.3, "set_area_to_bounds": False}]
    early = [told(2.0)[0][0], {"start_percent": 0.0, "end_percent": 0.4}]
    late = [told(-1.0)[0][0], {"start_percent": 0.4, "end_percent": 1.0}]
    most = 0.0
    for name, positive in {
        "area": [left, told(0.5)[0]], "mask": [inside, told(-0.2)[0]],
        "time": [early, late], "all": [left, inside, early, late],
    }.items():  # fmt: skip
        for sampler in ("euler", "dpmpp_2m"):
            most = max(most, compare(name, of, empty(), positive=positive, sampler=sampler))
    return f"largest difference {most:.1e}"


def test_other_processes():
    most = 0.0
    for kind in ("V_PREDICTION", "V_PREDICTION_EDM", "EDM", "FLOW", "FLUX"):
        of = model(kind)
        for latent, denoise in ((empty(2), 1.0), (start(), 0.5)):
            told = f"{kind} {denoise}"
            most = max(most, compare(told, of, latent, denoise=denoise, scheduler="simple"))
    return f"largest difference {most:.1e}"


def test_nothing_to_do_gives_the_latent_back():
    latent = start()
    assert torch.equal(sampled(lane(model()), latent, denoise=0.0), latent["samples"])
