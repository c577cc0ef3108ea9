"""Step operators: code that acts on a sampling, between its steps' phases."""

from __future__ import annotations

from ctypes import byref, c_double, c_float, c_size_t, c_uint32
from typing import Any, Callable, Generic, Sequence, TypeVar, overload

from . import _types as t
from .callback import Call
from .error import EMPTY, Error
from .network import NoiseLevel
from .tensor import Tensor

PHASES = ["prepare", "predicted", "stepped"]
PARTS = {"guided": 0, "conditional": 1, "unconditional": 2}


_T = TypeVar("_T")


class _Fact(Generic[_T]):
    """A number, or a flag, of a lane's, to be read."""

    def __init__(self, name: str, kind: Callable[[Any], _T], words: str):
        self._name, self._kind, self.__doc__ = name, kind, words

    @overload
    def __get__(self, lane: None, owner: type[Lane]) -> _Fact[_T]: ...

    @overload
    def __get__(self, lane: Lane, owner: type[Lane]) -> _T: ...

    def __get__(self, lane: Lane | None, owner: type[Lane]) -> _Fact[_T] | _T:
        if lane is None:
            return self
        kind = c_uint32 if self._kind is bool else c_double
        return self._kind(lane._step.asked("step", self._name, lane.index, kind=kind))

    def __set__(self, lane: Lane, value: _T) -> None:
        raise AttributeError(f"found a new value for {self._name}, which is to be read alone")


class _Setting(_Fact[_T]):
    """The same, to be read and set."""

    def __set__(self, lane: Lane, value: _T) -> None:
        lane._step.do("step", "set_" + self._name, lane.index, value)


class Lane:
    """One lane of a step; of `Step.lanes`, good for the callback.

    Its tensors are [batch, channels, height, width]; setting one takes a `Tensor`, or what
    `Call.tensor` takes, and leaves it usable. What is asked in a phase where it is not there, or
    set where it cannot be, raises `amdm.Error`.

    index: which lane it is, from 0.
    """

    weight = _Setting("weight", float, "The lane's share.")
    guidance = _Setting(
        "guidance", float, "Its guidance, until set again, 1 for none; read after \"prepare\"."
    )
    refine = _Setting("refine", float, "Its multiplier of a refinement's radius.")
    wanted = _Fact("wanted", bool, "Whether the graph uses the lane's result.")
    active = _Setting("active", bool, "Whether its network runs in this step; to be set.")
    has_prediction = _Fact(
        "has_prediction", bool, "Whether it has one: operators pass over lanes without."
    )
    rewritten = _Fact(
        "rewritten", bool, "Whether an operator replaced its input or latent in this step."
    )

    def __init__(self, step: Step, index: int):
        self._step, self.index = step, index

    @property
    def input(self) -> Tensor:
        """The latent that enters the step; to be set in "prepare"."""
        return self._read("input")

    @input.setter
    def input(self, value: Any) -> None:
        self._write("set_input", value)

    @property
    def latent(self) -> Tensor:
        """In "stepped" the latent that leaves the step; to be set."""
        return self._read("latent")

    @latent.setter
    def latent(self, value: Any) -> None:
        self._write("set_latent", value)

    @property
    def mean(self) -> Tensor | None:
        """In "stepped", with a stochastic solver: the latent before the noise, else None."""
        return self._step.if_there("mean", self.index)

    def epsilon(self, part: str = "guided") -> Tensor:
        """From "predicted" on, the noise in the input as the lane sees it.

        part: "guided"; "conditional" or "unconditional" where the operator wants parts.
        """
        return self._read("epsilon", PARTS[part])

    def denoised(self, part: str = "guided") -> Tensor:
        """From "predicted" on, the clean latent as the lane sees it; `part` as for `epsilon`."""
        return self._read("denoised", PARTS[part])

    def set_epsilon(self, value: Any) -> None:
        """Replaces the guided prediction by its noise."""
        self._write("set_epsilon", value)

    def set_denoised(self, value: Any) -> None:
        """Replaces the guided prediction by its clean latent."""
        self._write("set_denoised", value)

    def _read(self, name: str, *arguments: Any) -> Tensor:
        made = self._step.made("step", name, self.index, *arguments)
        return Tensor(made, self._step, lent=True)

    def _write(self, name: str, value: Any) -> None:
        step = self._step
        step.do("step", name, self.index, step.given(step.tensor(value)))


class Step(Call):
    """The state of a sampling at one step; also a `Call`, so that `step["name"]` reads an input."""

    @property
    def index(self) -> int:
        """The step, from 0."""
        return int(self.asked("step", "index"))

    @property
    def steps(self) -> int:
        """Steps of the sampling."""
        return int(self.asked("step", "steps"))

    @property
    def lanes(self) -> list[Lane]:
        """The lanes of the sampling."""
        return [Lane(self, index) for index in range(self.asked("step", "lanes"))]

    @property
    def target(self) -> int:
        """The lane whose image is wanted; with several, the first; to be set."""
        return int(self.asked("step", "target"))

    @target.setter
    def target(self, lane: int) -> None:
        self.do("step", "set_target", lane)

    @property
    def stochastic(self) -> bool:
        """Whether the solver adds noise, so that means are there."""
        return bool(self.asked("step", "stochastic"))

    @property
    def now(self) -> NoiseLevel:
        """The level that the step starts from."""
        return self._level("now")

    @property
    def next(self) -> NoiseLevel:
        """The level that the step leads to."""
        return self._level("next")

    @property
    def alphas_cumprod(self) -> list[float]:
        """Cumulative alphas of the training steps; none for flow models."""
        count = c_size_t()
        self.do("step", "alphas_cumprod", None, 0, byref(count))
        places = (c_float * count.value)()
        self.do("step", "alphas_cumprod", places, len(places), byref(count))
        return list(places)

    def slot(self, name: str) -> Tensor | None:
        """A tensor that an operator of the chain left in this step, if one did."""
        return self.if_there("slot", name.encode())

    def set_slot(self, name: str, value: Any) -> None:
        """Leaves a tensor to the operators behind, in this step."""
        self.do("step", "set_slot", name.encode(), self.given(self.tensor(value)))

    def trace(self, name: str, value: float, lane: int = -1) -> None:
        """Notes a number, for example an angle, in the log; `lane` -1 where it is about none."""
        self.do("step", "trace", name.encode(), lane, value)

    def cancelled(self) -> bool:
        """Whether the run is being stopped."""
        return bool(self.asked("step", "cancelled"))

    def if_there(self, name: str, *arguments: Any) -> Tensor | None:
        """A tensor of the step, or None where it has none."""
        try:
            return Tensor(self.made("step", name, *arguments), self, lent=True)
        except Error as error:
            if error.status == EMPTY:
                return None
            raise

    def _level(self, name: str) -> NoiseLevel:
        level = t.NoiseLevel()
        self.do("step", name, byref(level))
        return NoiseLevel(level.timestep, level.signal, level.noise)


class Operator:
    """What acts in one sampling; made by `Node.make_operator`. Derive from it and write `apply`."""

    wants_parts = False
    """Whether it needs conditional and unconditional predictions apart."""

    def window(self, steps: int, before: Sequence[tuple[int, int]]) -> tuple[int, int]:
        """The steps [start, end) in which it acts, of `steps`: all of them.

        `before` has the windows of the operators before it in the chain.
        """
        return 0, steps

    def check(self, step: Step) -> None:
        """Raises for what it cannot do with the lanes, before any network runs."""

    def apply(self, step: Step, phase: str) -> None:
        """Acts in one phase of one step.

        phase: one of those that the descriptor names. "prepare": before the networks run;
        "predicted": their predictions are there; "stepped": the solver has moved.
        """
        raise NotImplementedError
