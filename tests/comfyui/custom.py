"""AMDM Custom Sampler in SamplerCustomAdvanced, beside guiders of different kinds."""

import comfy.samplers
import comfy_extras.nodes_custom_sampler as custom
import torch
from scene import (
    NEGATIVE, NODES, POSITIVE, aggregate, copied, empty, lane, model, off, sampled, start, told,
)  # fmt: skip


def guided(of, cfg=7.0, kind=comfy.samplers.CFGGuider):
    guider = kind(of)
    if kind is comfy.samplers.CFGGuider:
        guider.set_conds(POSITIVE, NEGATIVE)
        guider.set_cfg(cfg)
    else:
        guider.set_conds(POSITIVE)
    return guider


def other(of):
    return lane(of, told(0.4), told(0.1), 4.0)


def sigmas_of(of, steps=6):
    cpu = torch.device("cpu")
    return comfy.samplers.KSampler(of, steps, cpu, "euler", "normal").sigmas


def advanced(guider, others, sigmas, latent, noise=None, policy=(), sampler="euler"):
    (made,) = NODES["AMDMCustomSampler"]().make(others, sampler, policy)
    node = custom.SamplerCustomAdvanced
    run = node.execute if hasattr(node, "execute") else node().sample
    noise = noise or custom.Noise_RandomNoise(7)
    out = run(noise, guider, made, sigmas, copied(latent))
    return getattr(out, "result", out)[0]["samples"]


def test_it_is_the_sampler_of_the_pack():
    first, second = model(), model(gain=0.7)
    sigmas = sigmas_of(first)
    half = torch.zeros(1, 64, 64)
    half[:, :, 20:] = 1
    for latent in (empty(2), start(), {**start(), "noise_mask": half}):
        for method in ("slerp", "compose", "handoff"):
            policy = aggregate(method)
            chain = (*lane(first), *other(second))
            wanted = sampled(chain, latent, steps=6, policy=policy)
            found = advanced(guided(first), other(second), sigmas, latent, policy=policy)
            assert off(found, wanted) < 1e-6, method


def test_the_guider_stays_what_it_was():
    first, second = model(), model(gain=0.7)
    guider, policy = guided(first), aggregate(guidance_after=2.0)
    runs = [
        advanced(guider, other(second), sigmas_of(first), empty(), policy=policy) for _ in range(2)
    ]
    assert guider.cfg == 7.0 and torch.equal(*runs)


def test_a_second_stage_adds_no_noise_to_any_lane():
    first, second = model(), model(gain=0.7)
    sigmas, policy = sigmas_of(first), aggregate(end=1.0)
    whole = advanced(guided(first), other(second), sigmas, empty(), policy=policy)
    begun = advanced(guided(first), other(second), sigmas[:4], empty(), policy=policy)
    none = custom.Noise_EmptyNoise()
    ended = advanced(
        guided(first), other(second), sigmas[3:], {"samples": begun}, none, policy=policy
    )
    assert off(ended, whole) < 1e-5, off(ended, whole)


def test_guiders_that_have_no_parts_are_refused_where_these_are_needed():
    first, second = model(), model(gain=0.7)
    basic = lambda: guided(first, kind=custom.Guider_Basic)  # noqa: E731
    advanced(basic(), other(second), sigmas_of(first), empty(), policy=aggregate("slerp"))
    try:
        advanced(basic(), other(second), sigmas_of(first), empty(), policy=aggregate("compose"))
    except ValueError as error:
        assert "AMDM Lane 1 is guided by Guider_Basic" in str(error), error
    else:
        raise AssertionError("it ran")
