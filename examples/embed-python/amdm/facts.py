"""A node that says what is known of a model, for programs that wrap one."""

import json

from .node import Node


class Facts(Node):
    """Reads a model's facts from inside a run, where the library gives them."""

    descriptor = {
        "type": "python.facts.ModelFacts",
        "pack": "python:facts",
        "version": "1.0.0",
        "title": "Model facts",
        "category": "python",
        "description": "What is known of a model, as JSON.",
        "inputs": [
            {"name": "model_name", "type": "STRING", "default": ""},
            {"name": "steps", "type": "STRING", "default": "[]"},
        ],
        "outputs": [{"name": "facts", "type": "STRING"}],
        "deterministic": False,
    }

    def execute(self, call):
        model = call.load_model(call["model_name"])
        steps = [model.timesteps(count) for count in json.loads(call["steps"])]
        call["facts"] = json.dumps({"info": model.info(), "timesteps": steps})

    def of(self, host, name, steps):
        inputs = {"model_name": name, "steps": json.dumps(list(steps))}
        node = {"class_type": self.descriptor["type"], "inputs": inputs}
        run = host.graph({"facts": node}).run(wanted=[("facts", "facts")])
        run.execute()
        return json.loads(run.result()["values"]["facts"]["facts"])
