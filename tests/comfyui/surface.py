"""What belongs together in the node pack: nodes, help pages, workflows. Needs no ComfyUI.

ComfyUI's modules and torch are stood in for by names; nothing is sampled.
"""

import importlib.util
import json
import pathlib
import sys
from types import ModuleType
from unittest.mock import MagicMock

PACK = pathlib.Path(__file__).resolve().parents[2] / "examples" / "comfyui"
KSAMPLER = "simple sgm_uniform karras exponential ddim_uniform beta normal linear_quadratic".split()


class Sampler:
    pass


class Guider:
    pass


def stand_ins():
    names = ["comfy", "latent_preview", "torch"]
    names += [f"comfy.{name}" for name in (
        "k_diffusion", "k_diffusion.sampling", "model_management", "model_patcher",
        "model_sampling", "sample", "sampler_helpers", "samplers", "utils",
    )]  # fmt: skip
    for name in names:
        module = MagicMock(spec=ModuleType(name))
        module.__path__, module.__name__ = [], name
        sys.modules[name] = module
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, module)
    samplers = sys.modules["comfy.samplers"]
    samplers.Sampler, samplers.CFGGuider = Sampler, Guider
    samplers.KSampler = MagicMock(SCHEDULERS=KSAMPLER)
    torch = sys.modules["torch"]
    torch.Tensor, torch.device = type("Tensor", (), {}), type("device", (), {})


def pack():
    spec = importlib.util.spec_from_file_location(
        "amdm_pack", PACK / "__init__.py", submodule_search_locations=[str(PACK)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["amdm_pack"] = module
    spec.loader.exec_module(module)
    return module


def inputs(node):
    """All inputs of a node by name: kind and options."""
    both = node.INPUT_TYPES()
    assert set(both) <= {"required", "optional"}, both
    all_inputs = {**both["required"], **both.get("optional", {})}
    return {name: (told[0], told[1] if len(told) > 1 else {}) for name, told in all_inputs.items()}


def is_widget(kind, options):
    return isinstance(kind, list) or (
        kind in ("INT", "FLOAT", "STRING", "BOOLEAN") and not options.get("forceInput")
    )


def described(nodes, titles):
    assert set(nodes) == set(titles)
    pages = {path.stem for path in (PACK / "web" / "docs").glob("*.md")}
    assert pages == set(nodes), pages ^ set(nodes)
    for name, node in nodes.items():
        assert node.DESCRIPTION and node.CATEGORY.startswith("AMDM") and node.SEARCH_ALIASES, name
        assert hasattr(node, node.FUNCTION) and titles[name].startswith("AMDM "), name
        assert len(node.RETURN_TYPES) == len(node.RETURN_NAMES), name
        for input, (kind, options) in inputs(node).items():
            assert options.get("tooltip") or kind in ("IMAGE", "AMDM_BOXES"), (name, input)
            if kind in ("INT", "FLOAT"):
                assert {"default", "min", "max"} <= set(options), (name, input, options)


def worn(nodes, path):
    """A workflow names nodes that there are, with values that they take and links that fit."""
    workflow = json.loads(path.read_text())
    by_id = {node["id"]: node for node in workflow["nodes"]}
    links = {link[0]: link for link in workflow["links"]}
    assert len(by_id) == len(workflow["nodes"]) and workflow["version"] == 0.4
    notes = [node for node in by_id.values() if node["type"] == "MarkdownNote"]
    assert len(notes) == 1 and "##" in notes[0]["widgets_values"][0], path.name
    used = set()
    for node in by_id.values():
        for place, input in enumerate(node["inputs"]):
            _, source, slot, target, at, kind = links[input["link"]]
            assert (target, at, kind) == (node["id"], place, input["type"]), (path.name, node["id"])
            assert by_id[source]["outputs"][slot]["type"] == kind, (path.name, node["id"])
        if node["type"] not in nodes:
            assert not node["type"].startswith("AMDM"), node["type"]
            continue
        used.add(node["type"])
        told = inputs(nodes[node["type"]])
        for input in node["inputs"]:
            assert told[input["name"]][0] == input["type"], (path.name, node["id"], input["name"])
        kinds = [kind for kind, _ in zip(nodes[node["type"]].RETURN_TYPES, node["outputs"])]
        assert kinds == [output["type"] for output in node["outputs"]], (path.name, node["id"])
        values = list(node["widgets_values"])
        for name, (kind, options) in told.items():
            if not is_widget(kind, options):
                continue
            value = values.pop(0)
            place = (path.name, node["id"], name, value)
            if isinstance(kind, list):
                assert value in kind, place
            elif kind == "STRING":
                assert isinstance(value, str), place
            else:
                assert options["min"] <= value <= options["max"], place
            if options.get("control_after_generate"):
                assert values.pop(0) == "fixed", place
        assert not values, (path.name, node["id"], values)
    return used


def main():
    stand_ins()
    loaded = pack()
    nodes = loaded.NODE_CLASS_MAPPINGS
    described(nodes, loaded.NODE_DISPLAY_NAME_MAPPINGS)
    assert (PACK / loaded.WEB_DIRECTORY).is_dir()
    workflows = sorted((PACK / "example_workflows").glob("*.json"))
    assert len(workflows) == 4
    used = set().union(*(worn(nodes, path) for path in workflows))
    assert {"AMDMLane", "AMDMAggregate", "AMDMSampler", "AMDMSamplerAllLanes"} <= used
    assert all(path.with_suffix(".jpg").is_file() for path in workflows), "no picture to choose by"
    readme = (PACK / "README.md").read_text()
    assert all(f"`{path.stem}`" in readme for path in workflows)
    print("ok")


main()
