"""What a search wants: gains over the start in the same worlds, and bounds that have to hold.

World k of a trial and world k of the start share their people and their luck, so the difference
of the two says more after one world than the number itself after many. Everything here is such a
difference: *gains* of the objectives (positive is better) and *margins* of the constraints
(negative is broken), one value a world.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import ForyouError
from sim.scenario import Scenario
from sim.scenario.tune import ConstraintConfig, TuneConfig
from sim.study.runs.outcome import Outcome
from sim.study.statistics.metrics import Metric, default_metrics, metric

__all__ = ["Aim", "Limit", "Objective", "Start", "Values", "aim_of", "aim_problems"]

Floats = NDArray[np.float64]
Values = Mapping[str, Sequence[float]]
"""Metric to its values, one a world in the order of worlds; NaN for none."""


@dataclass(frozen=True)
class Objective:
    """A number that should be large, or small."""

    metric: Metric
    maximise: bool

    @property
    def sign(self) -> float:
        """1 when more is better, else -1."""
        return 1.0 if self.maximise else -1.0


@dataclass(frozen=True)
class Limit:
    """One bound of one number."""

    metric: Metric
    bound: float
    """The bound, or the fraction of the start."""
    lower: bool
    """Whether it is a lower bound."""
    relative: bool
    """Whether it is a fraction of what the start gives in the same world."""

    def margins(self, values: Sequence[float], start: Sequence[float]) -> Floats:
        """Distance from the bound in each world, below 0 on the wrong side."""
        x = np.asarray(values, np.float64)
        bound = (
            self.bound * np.asarray(start[: x.size], np.float64) if self.relative else self.bound
        )
        return x - bound if self.lower else bound - x

    def __str__(self) -> str:
        words = "at least" if self.lower else "at most"
        amount = f"{100 * self.bound:g} % of the start" if self.relative else f"{self.bound:g}"
        return f"{self.metric.path} {words} {amount}"


@dataclass(frozen=True)
class Aim:
    """Objectives, constraints, and what else is shown."""

    objectives: tuple[Objective, ...]
    limits: tuple[Limit, ...]
    shown: tuple[Metric, ...]
    """All numbers that are kept of a run: those above first."""

    @cached_property
    def needed(self) -> tuple[Metric, ...]:
        """The numbers without which a trial says nothing."""
        found = [o.metric for o in self.objectives] + [limit.metric for limit in self.limits]
        return tuple(dict.fromkeys(found))

    def measure(self, outcome: Outcome) -> dict[str, float]:
        """The numbers of one run. Raises ForyouError when one that is needed is not there."""
        assert outcome.summary is not None
        found = {}
        for wanted in self.shown:
            value = wanted.of(outcome.summary)
            if value is None and wanted in self.needed:
                raise ForyouError(f"{wanted.path}: this run has no such number")
            found[wanted.path] = float("nan") if value is None else value
        return found


class Start:
    """What the settings to start from give, and trials in comparison with it."""

    def __init__(self, aim: Aim, values: Values) -> None:
        self.aim = aim
        self.values: dict[str, tuple[float, ...]] = {k: tuple(v) for k, v in values.items()}

    def gains(self, values: Values) -> Floats:
        """gains [O, W] better by so much than the start, in each world that the trial has."""
        return np.array([o.sign * self._change(o.metric, values) for o in self.aim.objectives])

    def margins(self, values: Values) -> Floats:
        """margins [L, W] distance from each bound, below 0 on the wrong side."""
        rows = [
            limit.margins(values[limit.metric.path], self.values[limit.metric.path])
            for limit in self.aim.limits
        ]
        worlds = len(next(iter(values.values())))
        return np.array(rows).reshape(len(rows), worlds)

    def estimates(self, values: Values) -> list[float]:
        """The objectives as all worlds of the start would show them, from some of its worlds.

        The mean of the start over all worlds, plus the mean change in those that the trial has:
        with all of them this is the trial's own mean.
        """
        return [
            float(np.mean(self.values[o.metric.path]) + self._change(o.metric, values).mean())
            for o in self.aim.objectives
        ]

    def violations(self, values: Values) -> list[float]:
        """Each constraint as Optuna counts it: above 0 is broken, in fractions of the bound."""
        means = self.margins(values).mean(axis=1) if self.aim.limits else np.empty(0)
        return [-float(m) / self._scale(x) for m, x in zip(means, self.aim.limits, strict=True)]

    def feasible(self, values: Values) -> bool:
        """Whether every constraint holds as a mean over the worlds."""
        return all(violation <= 0 for violation in self.violations(values))

    def _change(self, wanted: Metric, values: Values) -> Floats:
        x = np.asarray(values[wanted.path], np.float64)
        return x - np.asarray(self.values[wanted.path][: x.size], np.float64)

    def _scale(self, limit: Limit) -> float:
        size = abs(limit.bound)
        if limit.relative:
            size *= abs(float(np.mean(self.values[limit.metric.path])))
        return size or 1.0


_AIMS: Final = ("objectives", "constraints")


def aim_of(scenario: Scenario, tune: TuneConfig) -> Aim:
    """What the section wants of runs of the scenario. Raises ForyouError for an unknown number."""
    objectives = tuple(
        Objective(metric(o.metric, scenario), o.goal == "maximise") for o in tune.objectives
    )
    limits = tuple(
        limit for c in tune.constraints for limit in _limits(c, metric(c.metric, scenario))
    )
    wanted = [o.metric for o in objectives] + [limit.metric for limit in limits]
    return Aim(objectives, limits, tuple(dict.fromkeys([*wanted, *default_metrics(scenario)])))


def _limits(constraint: ConstraintConfig, wanted: Metric) -> list[Limit]:
    pairs = ((constraint.at_least, True), (constraint.at_most, False))
    relative = constraint.of is not None
    return [Limit(wanted, bound, low, relative) for bound, low in pairs if bound is not None]


def aim_problems(scenario: Scenario, tune: TuneConfig) -> list[tuple[str, str]]:
    """(path, message) of each number in the section that no run of the scenario has."""
    found = []
    for name in _AIMS:
        for i, item in enumerate(getattr(tune, name)):
            try:
                metric(item.metric, scenario)
            except ForyouError as error:
                found.append((f"tune.{name}[{i}].metric", str(error)))
    return found
