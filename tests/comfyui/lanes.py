"""Several lanes: merged as the formulas say, computed anew, without the pack and the engine."""

import math

import comfy.model_management
import comfy.sample
import comfy.samplers
import torch
from scene import (
    NEGATIVE, POSITIVE, aggregate, all_lanes, empty, lane, model, off, sampled, start, told,
)  # fmt: skip

BOUND = 1e-4
SCALE = 0.18215


def predictor(of, positive, negative, cfg, noise):
    """x0 of a MODEL at any sigma, by a guider of its own: guided, and both parts."""

    def ask(x, sigma):
        seen = {}

        class Once(comfy.samplers.Sampler):
            def sample(self, wrap, sigmas, extra, callback, noise, *more, **options):
                wanted = extra["model_options"]

                def watch(given):
                    seen["parts"] = given["conds_out"][:2]
                    return given["conds_out"]

                wanted = comfy.model_patcher.create_model_options_clone(wanted)
                wanted = comfy.model_patcher.set_model_options_pre_cfg_function(
                    wanted, watch, disable_cfg1_optimization=True
                )
                ones = x.new_ones([x.shape[0]])
                seen["guided"] = wrap(x, sigma * ones, model_options=wanted, seed=0)
                return x

        guider = comfy.samplers.CFGGuider(of)
        guider.set_conds(positive, negative)
        guider.set_cfg(cfg)
        nothing = torch.zeros_like(noise)
        guider.sample(noise, nothing, Once(), torch.stack([sigma, sigma * 0]), None, None, True, 0)
        return seen["guided"], *seen["parts"]

    return ask


def per_sample(values, like):
    return values.view(-1, *[1] * (like.ndim - 1))


def norms(x):
    return x.flatten(1).norm(dim=1)


def slerp(lanes, weights, target):
    """Two lanes: from the target to the other, by the angle between them."""
    a, b = lanes[target], lanes[1 - target]
    share = 2 / math.pi * math.atan2(weights[1], weights[0])
    angle = torch.acos(((a * b).flatten(1).sum(1) / (norms(a) * norms(b))).clamp(-1, 1))
    first = per_sample(torch.sin((1 - share) * angle) / torch.sin(angle) / norms(a), a) * a
    second = per_sample(torch.sin(share * angle) / torch.sin(angle) / norms(b), a) * b
    return (first + second) * per_sample((1 - share) * norms(a) + share * norms(b), a)


def normalized(lanes, weights, target):
    """Any number of lanes: the direction of the weighted sum, the weighted squares of the norms."""
    order = [target, *[index for index in range(len(lanes)) if index != target]]
    mixed = sum(weight * lanes[index] for weight, index in zip(weights, order))
    length = sum(weight**2 * norms(lanes[index]) for weight, index in zip(weights, order))
    return mixed * per_sample(length / norms(mixed), mixed)


def weights(weight, others):
    """The target's factor and those of the others, whose squares add up to 1."""
    size = math.sqrt(sum(one * one for one in others))
    return [math.sqrt(1 - weight * weight), *[weight * one / size for one in others]]


def expected(asked, noises, sigmas, method, shares, target, end):
    """Euler in sigma space; after each step before `end` all lanes become the merged latent."""
    lanes = [noise * torch.sqrt(1 + sigmas[0] ** 2) for noise in noises]
    for step in range(len(sigmas) - 1):
        now, after = sigmas[step], sigmas[step + 1]
        moved = []
        for ask, x in zip(asked, lanes):
            clean = ask(x, now)[0]
            moved.append(x + (x - clean) / now * (after - now))
        lanes = moved
        if step < end:
            merged = method(lanes, shares, target)
            lanes = [merged.clone() for _ in lanes]
    return [x / SCALE for x in lanes]


def composed(asked, cfgs, noises, sigmas, target, end):
    """One shared latent before `end`: the mean of what each predicts without its condition, and the
    guided differences of all of them."""
    lanes = [noise * torch.sqrt(1 + sigmas[0] ** 2) for noise in noises]
    for step in range(len(sigmas) - 1):
        now, after = sigmas[step], sigmas[step + 1]
        if step < end:
            shared = lanes[target]
            parts = [ask(shared, now) for ask in asked]
            clean = sum(part[2] for part in parts) / len(parts)
            clean = clean + sum(cfg * (part[1] - part[2]) for cfg, part in zip(cfgs, parts))
            shared = shared + (shared - clean) / now * (after - now)
            lanes = [shared.clone() for _ in lanes]
        else:
            lanes = [
                x + (x - ask(x, now)[0]) / now * (after - now) for ask, x in zip(asked, lanes)
            ]
    return [x / SCALE for x in lanes]


def scene(batch, count=2):
    models = [model(), model(gain=0.7, wave=0.3), model(gain=0.78, wave=0.1)][:count]
    conditions = [(POSITIVE, NEGATIVE), (told(0.4), told(0.1)), (told(-0.7), told(0.2))][:count]
    cfgs, seeds = [7.0, 4.0, 5.0][:count], [7, 1234, 99][:count]
    latent = empty(batch)
    noises = [comfy.sample.prepare_noise(latent["samples"], seed) for seed in seeds]
    asked = [
        predictor(of, *both, cfg, noise)
        for of, both, cfg, noise in zip(models, conditions, cfgs, noises)
    ]
    chain = ()
    for of, both, cfg, seed in zip(models, conditions, cfgs, seeds):
        chain = lane(of, *both, cfg, lanes=chain, seed=seed)
    sigmas = comfy.samplers.KSampler(models[0], 6, torch.device("cpu"), "euler", "normal").sigmas
    return chain, latent, asked, cfgs, noises, sigmas


def test_two_lanes_against_the_formulas():
    most = 0.0
    for batch in (1, 2):
        chain, latent, asked, cfgs, noises, sigmas = scene(batch)
        for target in (0, 1):
            for method, formula in (("slerp", slerp), ("normalized", normalized)):
                shares = weights(0.87, [1.0])
                policy = aggregate(method, 0.87, 0, 3)
                wanted = expected(asked, noises, sigmas, formula, shares, target, 3)
                found = sampled(chain, latent, target=target, steps=6, policy=policy)
                difference = off(found, wanted[target])
                assert difference < BOUND, (batch, target, method, difference)
                most = max(most, difference)
            policy = aggregate("compose", 0.87, 0, 3)
            wanted = composed(asked, cfgs, noises, sigmas, target, 3)
            found = sampled(chain, latent, target=target, steps=6, policy=policy)
            difference = off(found, wanted[target])
            assert difference < BOUND, (batch, target, "compose", difference)
            most = max(most, difference)
    return f"largest difference {most:.1e}"


def test_three_lanes_and_all_results():
    chain, latent, asked, _, noises, sigmas = scene(2, 3)
    shares = weights(0.8, [1.0, 1.0])
    wanted = expected(asked, noises, sigmas, normalized, shares, 0, 4)
    found = all_lanes(chain, latent, steps=6, policy=aggregate("normalized", 0.8, 0, 4))
    difference = off(found, torch.cat(wanted))
    assert difference < BOUND, difference
    return f"largest difference {difference:.1e}"


def test_lanes_alone_are_what_each_makes_for_itself():
    chain, latent, *_ = scene(1, 3)
    together = all_lanes(chain, latent, sampler="euler_ancestral")
    for index, one in enumerate(chain):
        alone = sampled((one,), latent, sampler="euler_ancestral")
        assert torch.equal(together[index : index + 1], alone), index


def lora(of, scale):
    """A clone of a MODEL with a weight patched, as a LoRA does it."""
    clone = of.clone()
    key = "diffusion_model.scale"
    added = clone.add_patches({key: (torch.full((1,), scale - 1.0),)})
    assert list(added) == [key]
    return clone


def test_clones_of_one_checkpoint_have_their_own_weights():
    base = model()
    patched = lora(base, 0.9)
    for first, second in ((base, patched), (patched, base), (lora(base, 1.2), patched)):
        chain = lane(second, told(0.4), NEGATIVE, 4.0, lanes=lane(first), seed=3)
        found = all_lanes(chain, empty())
        for index, one in enumerate(chain):
            alone = sampled((one,), empty())
            difference = off(found[index : index + 1], alone)
            assert difference < 1e-6, (index, difference)


def test_a_lane_that_was_unloaded_for_another_is_loaded_again():
    """As on a GPU on which one model at a time has room."""
    management = comfy.model_management
    models = [lora(model(), 0.9), lora(model(gain=0.7), 1.1)]
    chain = lane(models[1], told(0.4), NEGATIVE, 4.0, lanes=lane(models[0]), seed=3)
    policy, load = aggregate("slerp"), management.load_models_gpu
    wanted = all_lanes(chain, empty(), policy=policy)

    def alone(models, *more, **options):
        management.free_memory(1e30, torch.device("cpu"))
        return load(models, *more, **options)

    management.load_models_gpu = alone
    try:
        found = all_lanes(chain, empty(), policy=policy)
    finally:
        management.load_models_gpu = load
    assert off(found, wanted) < 1e-6, off(found, wanted)


class Control:
    """As much of a ControlNet as lanes look at."""

    def __init__(self, before=None):
        self.previous_controlnet = before

    def copy(self):
        return Control(self.previous_controlnet)

    def set_previous_controlnet(self, before):
        self.previous_controlnet = before


def test_lanes_share_no_model_and_no_control():
    from amdm_pack.aggregation import Aggregation

    of, first = model(), Control()
    second = Control(first)
    positive = [[POSITIVE[0][0], {"control": second}]]
    chain = lane(of, positive, positive, lanes=lane(of, positive, positive))
    one, two = Aggregation(chain, 0).lanes
    assert one.model is of and two.model is not of and two.model.is_clone(of)
    assert one.positive[0][1]["control"] is second is one.negative[0][1]["control"]
    mine = two.positive[0][1]["control"]
    assert mine is not second and mine.previous_controlnet not in (first, None)
    assert mine.previous_controlnet is not first and positive[0][1]["control"] is second
    # Whichever is the target, its guider has what is its own.
    switch, seen = Aggregation.switch_to, {}

    def watch(aggregation, index):
        seen[index] = aggregation.entered[index].guider.model_patcher
        return switch(aggregation, index)

    Aggregation.switch_to = watch
    try:
        for target in (0, 1):
            seen.clear()
            sampled(lane(of, lanes=lane(of)), empty(), target=target, policy=aggregate())
            assert seen[0] is not seen[1], target
    finally:
        Aggregation.switch_to = switch
    same = all_lanes(lane(of, lanes=lane(of)), empty())
    assert off(same[:1], sampled(lane(of), empty())) < 1e-6


def test_half_the_guidance_twice_is_the_guidance():
    """`compose` of two equal lanes, also where the mask changes with the steps."""
    soft = torch.linspace(0, 1, 16).repeat(1, 16, 1)
    latent = {**start(), "noise_mask": soft}
    changing = model()
    changing.set_model_denoise_mask_function(
        lambda sigma, mask, extra_options: (mask >= float(sigma[0]) / 20).to(mask.dtype)
    )
    for of in (model(), changing):
        wanted = sampled(lane(of, cfg=7.0), latent)
        chain = lane(of, cfg=3.5, lanes=lane(of, cfg=3.5), seed=7)
        found = sampled(chain, latent, policy=aggregate("compose", end=1.0))
        assert off(found, wanted) < 1e-5, off(found, wanted)


def test_lanes_that_cannot_be_merged_are_refused_by_name():
    import comfy.latent_formats

    other = model(latent_format=comfy.latent_formats.SDXL())
    for second, words in (
        (other, "AMDM Lane 2 works on latents of SDXL, the target (AMDM Lane 1) on those of SD15"),
        (model("FLOW"), "AMDM Lane 2 is a flow model, the target (AMDM Lane 1) is no flow model"),
    ):
        try:
            sampled(lane(second, lanes=lane(model())), empty())
        except ValueError as error:
            assert words in str(error), error
        else:
            raise AssertionError("it ran")
    try:
        sampled(lane(model()), start(), target=3)
    except ValueError as error:
        assert "target: found 3, expected 0 to 0" in str(error), error
    else:
        raise AssertionError("it ran")
