"""What a lane and a step cost beyond the model: AMDM_COMFYUI_DIR=... python cost.py.

The network answers at once. Beside the pack's cost stands KSampler's own, both as the time of a
run less that of a run of fewer steps, for each step; the least of several.
"""

import time

import torch
from scene import aggregate, ksampler, lane, model, sampled

import comfy.latent_formats

FEW, MANY, TRIES = 4, 24, 7
SHAPES = [(4, 64, 64), (4, 128, 128), (16, 128, 128)]


class Nothing(torch.nn.Module):
    dtype = torch.float32

    def forward(self, x, t, context=None, control=None, transformer_options={}, **more):
        return x


def silent(channels):
    of = model(latent_format=comfy.latent_formats.SD3() if channels == 16 else None)
    of.model.diffusion_model = Nothing()
    return of


def step(work):
    """Milliseconds of a step."""

    def least(steps):
        times = []
        for _ in range(TRIES):
            began = time.perf_counter()
            work(steps)
            times.append(time.perf_counter() - began)
        return min(times)

    return (least(MANY) - least(FEW)) / (MANY - FEW) * 1e3


def main():
    print("latent         | KSampler | one lane | two lanes, slerp | a lane beyond KSampler")
    for shape in SHAPES:
        of, other = silent(shape[0]), silent(shape[0])
        latent = {"samples": torch.zeros(1, *shape)}
        chain = lane(other, lanes=lane(of))
        merged = aggregate("slerp", end=1.0)
        alone = step(lambda steps: ksampler(of, latent, steps=steps, sampler="euler_ancestral"))
        one = step(
            lambda steps: sampled(lane(of), latent, steps=steps, sampler="euler_ancestral")
        )
        two = step(
            lambda steps: sampled(
                chain, latent, steps=steps, sampler="euler_ancestral", policy=merged
            )
        )
        beyond = max(one - alone, (two - 2 * alone) / 2)
        told = "x".join(map(str, shape))
        print(f"{told:14} | {alone:5.2f} ms | {one:5.2f} ms | {two:13.2f} ms | {beyond:.2f} ms")


if __name__ == "__main__":
    main()
