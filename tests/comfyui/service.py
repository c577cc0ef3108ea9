"""Errors, interrupts, memory: what a server goes through."""

import gc
import resource
import weakref

import amdm.registry
import comfy.model_management
import comfy.utils
import torch
from scene import aggregate, empty, lane, model, off, sampled


def two():
    first, second = model(), model(gain=0.7)
    return lane(second, lanes=lane(first)), first, second


class Broken(RuntimeError):
    pass


def raised(work, kind):
    try:
        work()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def test_what_a_model_raises_comes_out_as_it_is():
    chain, _, second = two()
    network = second.model.diffusion_model
    for error in (torch.OutOfMemoryError("imitated"), Broken("broken")):
        network.fails = error
        merged = lambda: sampled(chain, empty(), policy=aggregate())  # noqa: E731
        assert raised(merged, type(error)) is error
        network.fails = None
    kept = weakref.ref(error)
    del error
    gc.collect()
    assert kept() is None, "the error is kept"
    assert off(sampled(chain, empty()), sampled(chain, empty())) == 0


def test_an_interrupt_acts_within_one_step():
    chain, first, _ = two()
    network = first.model.diffusion_model
    network.calls = 0
    interrupt = comfy.model_management.interrupt_current_processing
    forward = network.forward

    def stops(*args, **more):
        interrupt()
        return forward(*args, **more)

    network.forward = stops
    kind = comfy.model_management.InterruptProcessingException
    raised(lambda: sampled(chain, empty(), steps=50), kind)
    network.forward = forward
    assert network.calls <= 2, network.calls
    interrupt(False)
    assert off(sampled(chain, empty()), sampled(chain, empty())) == 0


def test_progress_is_told_after_every_step():
    told, update = [], comfy.utils.ProgressBar.update_absolute
    comfy.utils.ProgressBar.update_absolute = lambda bar, *values: told.append(values[:2])
    try:
        for policy in ((), aggregate("handoff", end=0.5)):
            told.clear()
            chain, *_ = two()
            sampled(chain, empty(), steps=6, policy=policy)
            assert told == [(step, 6) for step in range(1, 7)], told
    finally:
        comfy.utils.ProgressBar.update_absolute = update


def test_sixty_runs_leave_nothing():
    chain, *_ = two()
    policy = aggregate("compose")
    for _ in range(5):
        sampled(chain, empty(), policy=policy)
    gc.collect()
    handles = amdm.registry.left()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed in range(60):
        sampled(chain, empty(), policy=policy, seed=seed)
    gc.collect()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert amdm.registry.left() == handles, (amdm.registry.left(), handles)
    assert grown < 4096, f"{grown} KiB more"
    return f"{grown} KiB more, {handles} objects"
