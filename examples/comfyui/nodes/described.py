"""Nodes made from what the engine says of its own: the same inputs, ranges and help."""

from __future__ import annotations

from typing import Any

from .. import engine

# The engine's wires, and what they are called here. IMAGE is ComfyUI's.
WIRES = {"STEP_POLICY": "AMDM_POLICY", "BOXES": "AMDM_BOXES", "IMAGE": "IMAGE"}
NUMBERS = ("default", "min", "max", "step")


def _widget(told: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    options: dict[str, Any] = {}
    choices = told.get("choices") or []
    lines = [told.get("tooltip") or ""]
    lines += [f"{one['name']}: {one['tooltip']}" for one in choices if one.get("tooltip")]
    if any(lines):
        options["tooltip"] = "\n".join(line for line in lines if line)
    if told.get("advanced"):
        options["advanced"] = True
    kind = told["type"]
    if kind in WIRES:
        return WIRES[kind], options
    options.update((key, told[key]) for key in NUMBERS if told.get(key) is not None)
    if kind == "COMBO":
        return [one["name"] for one in choices], options
    if kind == "STRING":
        options["multiline"] = bool(told.get("multiline"))
    return kind, options


def inputs(name: str, leave_out: tuple[str, ...] = ()) -> dict[str, dict[str, Any]]:
    """INPUT_TYPES of the engine's class `name`."""
    both: dict[str, dict[str, Any]] = {"required": {}, "optional": {}}
    for told in engine.descriptor(name)["inputs"]:
        if told["name"] not in leave_out:
            both["optional" if told.get("optional") else "required"][told["name"]] = _widget(told)
    return both


def described(name: str) -> str:
    """What the engine's class `name` is for."""
    return engine.descriptor(name)["description"]
