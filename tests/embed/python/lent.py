"""Models and objects of one graph, levels, schedules and seeds. Run in examples/embed-c."""

import gc
import math
import weakref

import amdm
from amdm import registry
from kit import raises

SIGMAS = [8.0, 2.0, 1.0, 0.0]
SHAPE = (2, 1, 2, 2)


class Painter(amdm.Denoiser):
    """Predicts the clean latent that its condition holds, and notes what it was asked."""

    def __init__(self, name="painter", **facts):
        self.info = {
            "name": name,
            "prediction": "sample",
            "latent_shape": list(SHAPE[1:]),
            "latent_space": "paint",
            "alphas_cumprod": [0.999, 0.5, 0.004],
            "parts": False,
            **facts,
        }
        self.seen = []

    def predict(self, call, requests, parts):
        for request in requests:
            self.seen.append((request.positive.value, request.negative, request.level))
        values = [request.positive.value["colour"] for request in requests]
        return [call.tensor([value] * math.prod(SHAPE), SHAPE) for value in values]


class Colour(dict):
    """Something that the library knows nothing of."""


def graph(host):
    return host.graph({
        "lane": {"class_type": "Lane", "inputs": {"guidance": 1.0}},
        "sampler": {
            "class_type": "Sampler",
            "inputs": {"lanes": ["lane", 0], "solver": "euler", "start": "given"},
        },
    })  # fmt: skip


def filled(host, painter, colour):
    made = graph(host)
    made.set_model("lane", "model", painter)
    made.set_object("lane", "positive", colour)
    made.set_tensor("sampler", "latent", host.tensor([0.0] * 8, SHAPE))
    made.set_tensor("sampler", "sigmas", SIGMAS)
    return made


def ran(made):
    with made.run(wanted=[("sampler", "latent")]) as run:
        run.execute()
        return run.tensor("sampler", "latent").data.tobytes()


def sampled(host):
    """A model and a condition without names; the object itself comes back, with the level."""
    painter, colour = Painter(), Colour(colour=0.25)
    made = filled(host, painter, colour)
    assert ran(made) == b"\x00\x00\x80>" * 8
    assert [one[0] for one in painter.seen] == [colour] * 3
    assert all(one[0] is colour and one[1] is None for one in painter.seen)
    for sigma, (_, _, level) in zip(SIGMAS, painter.seen):
        assert isinstance(level, amdm.NoiseLevel)
        assert abs(level.noise / level.signal - sigma) < 1e-9, level
        assert abs(level.noise**2 + level.signal**2 - 1) < 1e-12
    # Set again: another object, and nothing is kept of the first.
    first = weakref.ref(colour)
    made.set_object("lane", "positive", Colour(colour=0.5))
    painter.seen.clear()
    del colour
    assert ran(made) == b"\x00\x00\x00?" * 8
    painter.seen.clear()
    gc.collect()
    assert first() is None
    made.close()


def kept(host):
    """What is not said to differ is kept for the graph; what is, is asked again."""
    for facts, asked in (({}, 3), ({"deterministic": False}, 6)):
        painter = Painter(**facts)
        made = filled(host, painter, Colour(colour=1.0))
        assert ran(made) == ran(made)
        assert len(painter.seen) == asked, (facts, len(painter.seen))
        made.close()


def refused(host):
    made = graph(host)
    error = raises(amdm.Error, lambda: made.set_model("lane", "positive", Painter()))
    assert "found an input of type CONDITIONING, expected MODEL" in error, error
    error = raises(amdm.Error, lambda: made.set_object("lane", "weight", Colour()))
    assert "lane.weight" in error and "FLOAT" in error, error
    error = raises(amdm.Error, lambda: made.set_tensor("sampler", "sigmas", [[1.0, 0.0]]))
    assert "expected [steps + 1]" in error, error
    for name in ("prediction", "latent_shape"):
        painter = Painter(**{name: "noise"})
        error = raises(amdm.Error, lambda: made.set_model("lane", "model", painter))
        assert name in error, error


def seeded():
    assert amdm.lane_seed(5, 0) == 5
    assert amdm.lane_seed(5, 1) == 3483696855544120


def main():
    before = registry.left()
    with amdm.Host(device="cpu", threads=1) as host:
        sampled(host)
        kept(host)
        refused(host)
    seeded()
    gc.collect()
    assert registry.left() == before, registry.left()
    print("ok")


main()
