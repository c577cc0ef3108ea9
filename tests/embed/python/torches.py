"""Tensors of torch's, in and out, where it is there. Run in examples/embed-c."""

import gc
import warnings

import amdm
from amdm import registry
from kit import described, fails, filter_of, shown, torch_or_none

torch = torch_or_none()
VALUES = [[1.0, 2.0], [3.0, 4.0]]


def outwards(host):
    """Without a copy, or with memory that is the taker's."""
    tensor = host.tensor(VALUES)
    seen = torch.from_dlpack(tensor)
    assert seen.tolist() == VALUES and seen.data_ptr() == torch.from_dlpack(tensor).data_ptr()
    shared, own = tensor.torch(copy=False), tensor.torch()
    assert shared.data_ptr() == seen.data_ptr() != own.data_ptr()
    assert own.dtype == torch.float32 and not own.requires_grad
    own += 1
    assert tensor.data.tolist() == VALUES
    for options in ({"copy": True}, {"copy": True, "device": "cpu"}):
        try:
            copied = torch.from_dlpack(tensor, **options)
        except TypeError:  # A version that knows no such option.
            break
        copied.mul_(2)
        assert copied.tolist() == [[2, 4], [6, 8]] and tensor.data.tolist() == VALUES
    tensor.close()
    gc.collect()
    assert seen.tolist() == VALUES, "the view keeps the values"
    # It may learn.
    own.requires_grad_(True)
    own.sum().backward()
    assert own.grad.tolist() == [[1, 1], [1, 1]]
    assert host.tensor(1.5).torch().shape == ()


def inwards(host):
    """Whatever lies in memory of the CPU; what learns is detached, and goes on learning."""
    numbers = torch.tensor(VALUES)
    weight = torch.nn.Parameter(numbers.clone())
    for source in (
        numbers,
        numbers.T.contiguous().T,
        numbers.half(),
        numbers.bfloat16(),
        numbers.double(),
        numbers.to(torch.uint8),
        numbers.long(),
        numbers.repeat(2, 1)[::2] * 0 + numbers,
        weight,
        weight * 1,
        numbers.clone().requires_grad_(True),
    ):
        assert host.tensor(source).data.tolist() == VALUES, source
    assert weight.requires_grad
    with torch.inference_mode():
        assert host.tensor(numbers + 0).data.tolist() == VALUES


class Scale(amdm.Node):
    """Multiplies by a weight that learns."""

    descriptor = filter_of("Scale")

    def __init__(self):
        self.weight = torch.nn.Parameter(torch.tensor(2.0))
        self.modes = []

    def execute(self, call):
        image = call["image"].torch()
        self.modes.append(torch.is_inference_mode_enabled())
        call["image"] = image * self.weight


class Network(amdm.Denoiser):
    """A layer of torch's, which is trained or not."""

    info = {
        "name": "layer",
        "prediction": "epsilon",
        "latent_shape": [3, 8, 8],
        "latent_space": "test-torch",
        "alphas_cumprod": [1 - step / 10 for step in range(1, 10)],
        "parts": True,
    }

    def __init__(self):
        self.layer = torch.nn.Conv2d(3, 3, 1)

    def predict(self, call, requests, parts):
        answers = [self.layer(request.latent.torch()) for request in requests]
        return [(answer,) * 3 if parts else answer for answer in answers]

    def decode(self, call, latent):
        pixels = torch.sigmoid(latent.torch()).permute(0, 2, 3, 1)
        return pixels.requires_grad_(True)


GRAPH = {
    "model": {"class_type": "ModelLoader", "inputs": {"model_name": "layer"}},
    "what": {"class_type": "ConditionJson", "inputs": {"model": ["model", 0], "json": "{}"}},
    "lane": {"class_type": "Lane", "inputs": {"model": ["model", 0], "positive": ["what", 0]}},
    "start": {"class_type": "EmptyLatent", "inputs": {"model": ["model", 0]}},
    "sampler": {
        "class_type": "Sampler",
        "inputs": {"lanes": ["lane", 0], "latent": ["start", 0], "steps": 4},
    },
    "image": {
        "class_type": "DecodeLatent",
        "inputs": {"model": ["model", 0], "latent": ["sampler", 0]},
    },
}


def in_callbacks(host):
    """On either thread, in and out of the caller's mode; the values are the same."""
    node, network = Scale(), Network()
    host.register_node(node)
    host.register_model(network)
    nodes = shown("test.kit.Scale")
    del nodes["load"]
    graph = host.graph(nodes)
    graph.set_tensor("not", "image", torch.full((1, 2, 3, 3), 0.25).requires_grad_(True))
    ways = [amdm.Run.execute, lambda run: (run.start(), run.wait()), list]
    modes = [torch.inference_mode, torch.no_grad, torch.enable_grad]
    pictures = []
    for way in ways:
        for mode in modes:
            with mode():
                run = graph.run(wanted=[("not", "image")])
                way(run)
                assert run.tensor("not", "image").torch().flatten().tolist() == [0.5] * 18
                run = host.graph(GRAPH).run(wanted=[("image", "image")])
                way(run)
                pictures.append(run.tensor("image", "image").torch())
    assert node.modes == [True, False, False] + [False] * 6
    assert all(torch.equal(one, pictures[0]) for one in pictures)
    low, high = pictures[0].min().item(), pictures[0].max().item()
    assert 0 <= low < high <= 1, (low, high)


def out_of_memory(host):
    """What torch raises for a lack of memory comes out as it is."""

    class Large(amdm.Node):
        descriptor = described("Large", deterministic=False)

        def execute(self, call):
            raise torch.OutOfMemoryError("no room")

    if not hasattr(torch, "OutOfMemoryError"):
        return
    host.register_node(Large())
    run = host.graph({"1": {"class_type": "test.kit.Large", "inputs": {}}}).run()
    error = fails("INTERNAL", run.execute)
    assert type(error.__cause__) is torch.OutOfMemoryError


def elsewhere(host):
    """On a device that is no CPU."""
    if not torch.cuda.is_available():
        print("skipped: torch has no GPU")
        return
    error = fails("UNSUPPORTED", lambda: host.tensor(torch.ones(2, device="cuda")))
    assert "cuda:0" in error.message and ".cpu()" in error.message
    assert host.tensor(torch.ones(2).pin_memory()).values().tolist() == [1, 1]


def main():
    warnings.filterwarnings("ignore")  # Torch's own.
    for part in (outwards, inwards, in_callbacks, out_of_memory, elsewhere):
        with amdm.Host(cache_bytes=0, device="cpu") as host:
            part(host)
    gc.collect()
    assert registry.left() == 0, "hosts end the nodes that were registered"


if torch:
    main()
print("ok")
