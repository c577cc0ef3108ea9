"""Runs a graph, then the same with a model in Python in place of a built-in one.

    python3 example.py GRAPH OUTPUT_DIR

1. The graph as it is, with its events.
2. `Wrapped`: a model in Python that asks a built-in one. The pixels are the same, to the bit.
3. `Flat`: a model in Python that computes by itself, with plain floats.
4. `Invert`: a node in Python.
5. What a model raises is the error of the run, and nothing else is harmed.
"""

import math
import sys

import amdm


class Wrapped(amdm.Denoiser):
    """Another model under another name, for samplings of some numbers of steps."""

    def __init__(self, host, inner, name, steps):
        self.inner = inner
        self.info = {**host.model_info(inner), "name": name, "parts": True, "version": "1"}
        # Recommended timesteps are asked for outside of runs: there is no `call` then.
        self.recommended = host.model_timesteps(inner, steps)

    def timesteps(self, steps):
        return self.recommended[steps]

    def predict(self, call, requests, parts):
        return call.load_model(self.inner).predict(requests, parts)

    def condition(self, call, text, tensors):
        return call.load_model(self.inner).condition(text, tensors)

    def decode(self, call, latent):
        return call.load_model(self.inner).decode(latent)

    def encode(self, call, image):
        return call.load_model(self.inner).encode(image)


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
        "invert": {"class_type": "acme.negative.Invert", "inputs": {"image": ["image", 0]}},
    }


def main(path, output_dir):
    with amdm.Host() as host:
        graph = host.graph(path)
        graph.set("sampler", "seed", 7)
        run = graph.run(output_dir=output_dir)
        for event in run:
            if event.kind == "progress":
                print(f"{event.node}: step {event.step} of {event.total}")
        built_in = run.image("save")
        print("built in:", built_in.shape)

        host.register_model(Wrapped(host, "tiny-layout", "python-layout", [12]))
        graph = host.graph(path)
        graph.set("sampler", "seed", 7)
        graph.set("layout", "model_name", "python-layout")
        run = graph.run()
        run.execute()
        same = run.image("save").tobytes() == built_in.tobytes()
        print("in Python:", "the same pixels" if same else "other pixels")

        host.register_model(Flat())
        host.register_node(Invert())
        run = host.graph(flat_graph("flat")).run(wanted=[("image", "image"), ("invert", "image")])
        run.execute()
        colour = run.image("image", "image", dtype="f32").data[4, 4, 0]
        negative = run.image("invert", "image", dtype="f32").data[4, 4, 0]
        print(f"flat: {colour:.3f}, its negative {negative:.3f}")

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
