"""Step operators in Python. Run in examples/embed-c."""

import gc

import amdm
from amdm import registry
from kit import DESCRIPTOR, fails

POLICY = {"name": "policy", "type": "STEP_POLICY", "optional": True, "socket_only": True}


class Acting(amdm.Operator):
    """Does what its maker says, and notes what it was asked."""

    def __init__(self, node, factor):
        self.node, self.factor, self.wants_parts = node, factor, node.parts

    def window(self, steps, before):
        self.node.windows.append((steps, before))
        return self.node.window or (0, steps)

    def check(self, step):
        self.node.checked.append((step.index, step.steps, len(step.lanes), step["factor"]))
        if self.node.refuses:
            raise amdm.Error(-10, "found what it is, expected better", input="factor")

    def apply(self, step, phase):
        self.node.phases.append((step.index, phase))
        self.node.act(step, phase, self.factor)

    def __del__(self):
        self.node.ended += 1


class Act(amdm.Node):
    descriptor = {
        **DESCRIPTOR,
        "type": "test.kit.Act",
        "output_node": False,
        "inputs": [POLICY, {"name": "factor", "type": "FLOAT", "default": 0.5, "max": 9}],
        "outputs": [{"name": "policy", "type": "STEP_POLICY"}],
        "step_operator": {"phases": amdm.step.PHASES},
    }

    def __init__(self):
        self.ended = 0
        self.reset()

    def reset(self, act=None, window=None, parts=False, refuses=False):
        self.act = act or (lambda *_: None)
        self.window, self.parts, self.refuses = window, parts, refuses
        self.windows, self.checked, self.phases = [], [], []

    def make_operator(self, call):
        return Acting(self, call["factor"])


class Lost(Act):
    descriptor = {**Act.descriptor, "type": "test.kit.Lost"}

    def make_operator(self, call):
        return "no operator"


def graph_with(host, kind="Act", guidance=6, count=1):
    graph = host.graph(
        {
            "model": {"class_type": "ModelLoader", "inputs": {"model_name": "tiny-layout"}},
            "box": {
                "class_type": "BoundingBox",
                "inputs": {"left": 0.1, "top": 0.5, "width": 0.3, "height": 0.3},
            },
            "where": {
                "class_type": "TinyLayout",
                "inputs": {"model": ["model", 0], "boxes": ["box", 0]},
            },
            "lane": {
                "class_type": "Lane",
                "inputs": {
                    "model": ["model", 0],
                    "positive": ["where", 0],
                    "guidance": guidance,
                },
            },
            "start": {"class_type": "EmptyLatent", "inputs": {"model": ["model", 0]}},
            "act": {"class_type": f"test.kit.{kind}", "inputs": {}},
            "more": {"class_type": f"test.kit.{kind}", "inputs": {"policy": ["act", 0]}},
            "sampler": {
                "class_type": "Sampler",
                "inputs": {
                    "lanes": ["lane", 0],
                    "latent": ["start", 0],
                    "steps": 4,
                    "seed": 3,
                    "eta": 1,
                    "policy": [["", "act", "more"][count], 0] if count else None,
                },
            },
        }
    )
    return graph


def latent(graph):
    run = graph.run(wanted=[("sampler", "latent")])
    run.execute()
    return run.tensor("sampler", "latent").data.tobytes()


def acts(host, node):
    plain = latent(graph_with(host))
    assert node.windows == [(4, [])] and node.checked == [(0, 4, 1, 0.5)]
    assert node.phases == [(step, phase) for step in range(4) for phase in amdm.step.PHASES]

    node.reset(window=(1, 3))
    assert latent(graph_with(host, count=2)) == plain
    assert node.windows == [(4, []), (4, [(1, 3)])]
    assert {step for step, _ in node.phases} == {1, 2}

    def milder(step, phase, factor):
        if phase == "prepare":
            for lane in step.lanes:
                assert lane.guidance == 6 and lane.active and not lane.has_prediction
                lane.guidance *= factor

    node.reset(milder, window=(0, 1))
    mild = latent(graph_with(host))
    assert mild != plain

    def milder_still(step, phase, factor):
        if phase == "prepare":
            step.lanes[0].guidance = 3

    node.reset(milder_still)
    assert latent(graph_with(host)) == latent(graph_with(host, guidance=3))


def rewrites(host, node):
    node.reset()
    plain = latent(graph_with(host))

    def same(step, phase, factor):
        (lane,) = step.lanes
        assert lane.wanted and step.target == 0 and lane.weight == 1 and lane.refine == 1
        assert step.stochastic and step.now.noise > step.next.noise, (step.now, step.next)
        assert len(step.alphas_cumprod) > 100 and not step.cancelled()
        shape = lane.input.shape
        if phase == "prepare":
            # Values through Python, bit for bit.
            lane.input = lane.input.data
            assert lane.rewritten and step.slot("note") is None
            step.set_slot("note", lane.input * 2)
        elif phase == "predicted":
            assert lane.has_prediction and step.slot("note").shape == shape
            parts = [lane.epsilon(part) for part in ("guided", "conditional", "unconditional")]
            assert all(part.shape == shape == lane.denoised().shape for part in parts)
            guided, with_, without = parts
            far = (without + 6 * (with_ - without) - guided).values()
            assert max(map(abs, far)) < 1e-3
            step.trace("far", max(map(abs, far)), 0)
        else:
            assert lane.mean is None or lane.mean.shape == shape
            lane.latent = lane.latent.data
            lane.latent = lane.latent

    node.reset(same, parts=True)
    assert latent(graph_with(host)) == plain

    def other(step, phase, factor):
        (lane,) = step.lanes
        if phase == "predicted":
            lane.set_epsilon(lane.epsilon() * factor)
            lane.set_denoised(lane.denoised() * factor)

    node.reset(other)
    assert latent(graph_with(host)) != plain


def refuses(host, node):
    node.reset(refuses=True)
    error = fails("INVALID_INPUT", lambda: latent(graph_with(host)))
    assert error.message.startswith("found what it is") and not node.phases, error

    def odd(step, phase, factor):
        step.lanes[0].latent = [1.0, 2.0]

    node.reset(odd)
    fails("INVALID_INPUT", lambda: latent(graph_with(host)))

    def broken(step, phase, factor):
        raise ZeroDivisionError("by nothing")

    node.reset(broken)
    error = fails("INTERNAL", lambda: latent(graph_with(host)))
    assert "ZeroDivisionError: by nothing" in error.message
    error = fails("INTERNAL", lambda: latent(graph_with(host, "Lost")))
    assert "TypeError: found str as an operator" in error.message
    node.reset(window="ab")
    error = fails("INTERNAL", lambda: latent(graph_with(host)))
    assert "TypeError" in error.message, error.message


def main():
    node = Act()
    with amdm.Host(cache_bytes=0) as host:
        host.register_node(node)
        host.register_node(Lost())
        for part in (acts, rewrites, refuses):
            part(host, node)
        gc.collect()
        assert node.ended >= 9 and registry.left() == 2, "operators end with their samplings"
    gc.collect()
    assert registry.left() == 0, "hosts end the nodes that were registered"
    print("ok")


main()
