"""All that is public says what it is for, and has types. Run in examples/embed-c."""

import importlib
import inspect
import pathlib
import pkgutil
import pydoc
import subprocess
import sys
import tempfile

import amdm
from kit import module_or_none


def members(kind):
    """Methods, properties and the like that a class defines and shows."""
    for name, member in vars(kind).items():
        if not name.startswith("_") and (hasattr(member, "__get__") or callable(member)):
            yield name, getattr(member, "__func__", member)


def described():
    missing = []
    for name in amdm.__all__:
        value = getattr(amdm, name)
        if inspect.isclass(value):
            missing += [f"{name}.{one}" for one, member in members(value) if not member.__doc__]
        if not inspect.getdoc(value):
            missing.append(name)
    for found in pkgutil.iter_modules(amdm.__path__):
        module = importlib.import_module(f"amdm.{found.name}")
        if not module.__doc__:
            missing.append(module.__name__)
        for name, value in vars(module).items():
            ours = getattr(value, "__module__", None) == module.__name__
            if inspect.isfunction(value) and ours and name[0] != "_" and not value.__doc__:
                missing.append(f"{module.__name__}.{name}")
    assert not missing, missing
    assert amdm.__all__ == sorted(amdm.__all__)
    words = pydoc.plain(pydoc.render_doc(amdm))
    assert "on_event" in words and "__cause__" in words and "torch" in words


USE = """
from typing import Any, Sequence
import amdm

class Network(amdm.Denoiser):
    info: dict[str, Any] = {"name": "x"}

    def predict(
        self, call: amdm.Call, requests: Sequence[amdm.Request], parts: bool
    ) -> list[amdm.Tensor]:
        return [2 * request.latent + 1 - request.latent for request in requests]

    def decode(self, call: amdm.Call, latent: amdm.Tensor) -> list[float]:
        return [0.0]

    def condition(
        self, call: amdm.Call, text: str, tensors: dict[str, amdm.Tensor]
    ) -> amdm.Object:
        return call.object("X", {"json": text})

class Act(amdm.Operator):
    wants_parts = True

    def apply(self, step: amdm.Step, phase: str) -> None:
        for lane in step.lanes:
            lane.guidance, lane.active = lane.guidance * 2, not lane.active
            lane.latent = lane.latent * 0.5
        step.target = 1

class Make(amdm.Node):
    descriptor = {"type": "x"}

    def make_operator(self, call: amdm.Call) -> amdm.Operator:
        return Act()

def told(event: amdm.Event) -> None:
    if event.preview:
        height: int = event.preview.shape[0]
        print(height, event.text)

with amdm.Host(device="cpu") as host:
    host.register_model(Network())
    run = host.graph({"a": 1}).run("pictures", wanted=[("a", "b")], timeout=1.5)
    run.execute(on_event=told)
    for event in run:
        step: int = event.step
    data: memoryview = run.image("a").data
    run.tensor("a", "b").numpy().sum()
    run.tensor("a", "b").torch().sum()
    try:
        run.wait(1.5, on_event=lambda event: print(event.kind))
    except amdm.Error as error:
        cause: BaseException | None = error.__cause__
"""


def typed():
    """By mypy, where it is there: the package, and a program that uses it."""
    if not module_or_none("mypy"):
        return
    package = pathlib.Path(amdm.__file__).parent
    with tempfile.TemporaryDirectory() as place:
        program = pathlib.Path(place) / "program.py"
        program.write_text(USE)
        command = [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports"]
        command += ["--cache-dir", place, str(package), str(program)]
        checked = subprocess.run(command, capture_output=True, text=True, cwd=package.parent)
    assert checked.returncode == 0, checked.stdout


described()
typed()
print("ok")
