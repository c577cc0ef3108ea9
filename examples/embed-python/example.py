"""Runs a graph, then the same with a model in Python in place of a built-in one.

    python3 example.py GRAPH OUTPUT_DIR

1. The graph as it is, with its events and a preview.
2. `Wrapped`: a model in Python that asks a built-in one, with all values passing through Python.
   The pixels are the same, to the bit.
3. `Flat`: a model in Python that computes by itself, with plain floats.
4. `Invert`: a node in Python.
5. `Fade`: a step operator in Python.
6. What a model raises is the error of the run, and nothing else is harmed.
"""

import math
import sys

import amdm


class Wrapped(amdm.Denoiser):
    """Another model under another name: what goes in and what comes out are Python's own values."""

    def __init__(self, host, inner, name):
        self.inner = inner
        # The version says all that results depend on: this class, and what it wraps.
        version = f"1 around {inner} of amdm {amdm.version}"
        self.info = {**host.model_info(inner), "name": name, "parts": True, "version": version}

    def timesteps(self, call, steps):
        return call.load_model(self.inner).timesteps(steps)

    def predict(self, call, requests, parts):
        for request in requests:
            request.latent = call.tensor(request.latent.values(), request.latent.shape)
        answers = call.load_model(self.inner).predict(requests, parts)
        return [[tensor.data for tensor in answer] for answer in answers]

    def condition(self, call, text, tensors):
        return call.load_model(self.inner).condition(text, tensors)

    def decode(self, call, latent):
        return call.load_model(self.inner).decode(call.tensor(latent.data)).data

    def encode(self, call, image):
        return call.load_model(self.inner).encode(call.tensor(image.data)).data


class Flat(amdm.Denoiser):
    """A model that knows one picture: a plain colour, and is sure of it at every step."""

    alphas = [math.cos(math.pi / 2 * (step + 1) / 101) ** 2 for step in range(100)]
    info = {
        "name": "flat",
        "prediction": "epsilon",
        "latent_shape": [3, 8, 8],
        "latent_space": "acme-flat",
        "alphas_cumprod": alphas,
    }
    colour = [0.25, 0.5, 0.75]

    def predict(self, call, requests, parts):
        return [self.noise(call, request) for request in requests]

    def noise(self, call, request):
        """What is left when the colour is taken away: latent = signal colour + noise epsilon."""
        alpha = self.alphas[round(request.timestep)]
        signal, noise = math.sqrt(alpha), math.sqrt(1 - alpha)
        batch, channels, height, width = request.latent.shape
        plane = height * width
        epsilon = [
            (value - signal * self.colour[index // plane % channels]) / noise
            for index, value in enumerate(request.latent.values())
        ]
        return call.tensor(epsilon, request.latent.shape)

    def decode(self, call, latent):
        batch, channels, height, width = latent.shape
        values, plane = latent.values(), height * width
        pixels = [
            min(1.0, max(0.0, values[(image * channels + channel) * plane + place]))
            for image in range(batch)
            for place in range(plane)
            for channel in range(channels)
        ]
        return call.tensor(pixels, [batch, height, width, channels])


class Broken(Flat):
    info = {**Flat.info, "name": "broken"}

    def predict(self, call, requests, parts):
        raise RuntimeError("out of coffee")


class Invert(amdm.Node):
    """White for black."""

    descriptor = {
        "type": "acme.negative.Invert",
        "pack": "acme:negative",
        "version": "1.0.0",
        "title": "Invert",
        "category": "acme/image",
        "description": "The negative of an image.",
        "inputs": [{"name": "image", "type": "IMAGE"}],
        "outputs": [{"name": "image", "type": "IMAGE"}],
    }

    def execute(self, call):
        image = call["image"]
        call["image"] = call.tensor([1 - value for value in image.values()], image.shape)


class Fade(amdm.Node):
    """Makes step operators, which multiply what leaves their steps."""

    descriptor = {
        "type": "acme.negative.Fade",
        "pack": "acme:negative",
        "version": "1.0.0",
        "title": "Fade",
        "category": "acme/steps",
        "description": "Fades the latents of all lanes.",
        "inputs": [{"name": "by", "type": "FLOAT", "default": 0.5, "min": 0, "max": 1}],
        "outputs": [{"name": "policy", "type": "STEP_POLICY"}],
        "step_operator": {"phases": ["stepped"]},
    }

    class Operator(amdm.Operator):
        def __init__(self, factor):
            self.factor = factor

        def window(self, steps, before):
            return steps - 1, steps

        def apply(self, step, phase):
            for lane in step.lanes:
                lane.latent = lane.latent * self.factor

    def make_operator(self, call):
        return self.Operator(1 - call["by"])


def flat_graph(model):
    """One lane, conditioned by JSON, eight steps."""
    return {
        "model": {"class_type": "ModelLoader", "inputs": {"model_name": model}},
        "what": {"class_type": "ConditionJson", "inputs": {"model": ["model", 0], "json": "{}"}},
        "lane": {
            "class_type": "Lane",
            "inputs": {"model": ["model", 0], "positive": ["what", 0], "guidance": 1},
        },
        "start": {"class_type": "EmptyLatent", "inputs": {"model": ["model", 0]}},
        "sampler": {
            "class_type": "Sampler",
            "inputs": {"lanes": ["lane", 0], "latent": ["start", 0], "steps": 8, "eta": 0},
        },
        "image": {
            "class_type": "DecodeLatent",
            "inputs": {"model": ["model", 0], "latent": ["sampler", 0]},
        },
        "fade": {"class_type": "acme.negative.Fade", "inputs": {}},
        "invert": {"class_type": "acme.negative.Invert", "inputs": {"image": ["image", 0]}},
    }


def watched(graph, output_dir):
    """Runs a graph, says what happens, and gives the picture that it saves."""
    previews = []
    run = graph.run(output_dir=output_dir, preview_ms=1)
    for event in run:
        if event.kind == "progress":
            print(f"{event.node}: step {event.step} of {event.total}")
        elif event.preview:
            previews.append(event.preview)
    if previews:
        print("previews:", previews[-1].shape)
    return run.image("save")


def main(path, output_dir):
    with amdm.Host() as host:
        graph = host.graph(path)
        graph.set("sampler", "seed", 7)
        built_in = watched(graph, output_dir)
        print("built in:", built_in.shape)

        host.register_model(Wrapped(host, "tiny-layout", "python-layout"))
        graph = host.graph(path)
        graph.set("sampler", "seed", 7)
        graph.set("layout", "model_name", "python-layout")
        run = graph.run()
        run.execute()
        same = run.image("save").tobytes() == built_in.tobytes()
        print("in Python:", "the same pixels" if same else "other pixels")

        host.register_model(Flat())
        host.register_node(Invert())
        host.register_node(Fade())
        graph = host.graph(flat_graph("flat"))
        run = graph.run(wanted=[("image", "image"), ("invert", "image")])
        run.execute()
        colour = run.image("image", "image", dtype="f32").data[4, 4, 0]
        negative = run.image("invert", "image", dtype="f32").data[4, 4, 0]
        print(f"flat: {colour:.3f}, its negative {negative:.3f}")
        graph.set("sampler", "policy", ["fade", 0])
        run = graph.run(wanted=[("image", "image")])
        run.execute()
        print(f"faded: {run.tensor('image', 'image').data[0, 4, 4, 0]:.3f}")

        host.register_model(Broken())
        run = host.graph(flat_graph("broken")).run(wanted=[("image", "image")])
        try:
            run.execute()
        except amdm.Error as error:
            print("error:", error)
        return 0 if same and abs(colour - 0.25) < 1e-3 else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} GRAPH OUTPUT_DIR")
    sys.exit(main(*sys.argv[1:]))
