"""What a sensitivity study will run: samples over ranges of settings, in two sets of worlds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from sim.core.errors import ForyouError
from sim.scenario import Scenario
from sim.study.points.design import Variable, refuse
from sim.study.points.scenarios import of_each_kind, scenario_at
from sim.study.points.vary import parse_vary
from sim.study.runs.plan import RunSpec
from sim.study.runs.start import MAX_WORLDS, Subject, check_level
from sim.study.sensitivity.indices import METHODS, Method, Samples, take_samples
from sim.study.statistics.metrics import Metric, metrics

__all__ = ["SAMPLES", "SensitivityPlan", "plan_sensitivity", "weights_from_half_to_double"]

SAMPLES: Final[Mapping[Method, int]] = {"morris": 10, "sobol": 64}
"""Samples when none are asked for: ten trajectories are the usual screening; 64 base samples tell
the large Sobol indices from the small."""
MOST_VALUES: Final = 4
"""Most values of a list: a Morris design visits four levels."""


@dataclass(frozen=True)
class SensitivityPlan:
    """Everything that a sensitivity study will run; nothing in it can be refused any more."""

    subject: Subject
    variables: tuple[Variable, ...]
    samples: Samples
    count: int
    """Trajectories (Morris) or base samples (Sobol)."""
    scenarios: tuple[Scenario, ...]
    """[P] the scenario of each point."""
    metrics: tuple[Metric, ...]
    worlds: int
    """Worlds at each point; the second set has as many of its own."""
    level: float

    @property
    def method(self) -> Method:
        """Which indices."""
        return self.samples.method

    @cached_property
    def specs(self) -> tuple[tuple[RunSpec, ...], ...]:
        """[P][worlds] the runs."""
        rows = []
        for number, scenario in enumerate(self.scenarios):
            first = self.worlds if self.samples.second[number] else 0
            about = replace(self.subject, scenario=scenario)
            arm = f"sample {number + 1}"
            rows.append(tuple(about.run(first + w, arm) for w in range(self.worlds)))
        return tuple(rows)

    @cached_property
    def runs(self) -> int:
        """Different runs."""
        return len({spec.key for row in self.specs for spec in row})


def weights_from_half_to_double(scenario: Scenario) -> tuple[Variable, ...]:
    """Every weight of the value model that is not zero, from half to double its value.

    Evenly on a logarithmic scale, so that the scenario's own weight is in the middle. Raises
    ForyouError when all weights are zero.
    """
    found = []
    for name, weight in scenario.feed.weights.items():
        if weight != 0:
            low, high = sorted((weight / 2, weight * 2))
            found.append(Variable(f"feed.weights.{name}", (), low, high, log=True))
    if not found:
        raise ForyouError(
            f"{scenario.name}: all feed.weights are zero; say what varies, such as "
            "--vary feed.weights.like=0.1..1"
        )
    return tuple(found)


def plan_sensitivity(
    about: Subject,
    vary: Sequence[str] | Mapping[str, Any] | None = None,
    n: int = 2,
    *,
    method: str = "morris",
    samples: int | None = None,
    metric: Sequence[str] | None = None,
    level: float = 0.95,
) -> SensitivityPlan:
    """What a study would run. Everything that can be refused is refused here, by ForyouError."""
    chosen = _method(method)
    if not 1 <= n <= MAX_WORLDS:
        raise ForyouError(f"a sample takes 1 to {MAX_WORLDS:,} worlds; got {n:,}")
    check_level(level)
    if vary:
        variables = parse_vary(vary, about.scenario)
    else:
        variables = weights_from_half_to_double(about.scenario)
    for variable in variables:
        _refuse_values(variable, chosen)
    count = SAMPLES[chosen] if samples is None else samples
    taken = take_samples(chosen, len(variables), count, about.seed)
    scenarios = [
        scenario_at(
            about.scenario,
            variables,
            tuple(variable.at(float(u)) for variable, u in zip(variables, row, strict=False)),
        )
        for row in taken.cube
    ]
    wanted = metrics(metric, about.scenario, *of_each_kind(scenarios))
    return SensitivityPlan(
        about, variables, taken, count, tuple(scenarios), wanted, n, level
    )  # fmt: skip


def _method(name: str) -> Method:
    if name == "morris":
        return "morris"
    if name == "sobol":
        return "sobol"
    raise ForyouError(f'unknown method "{name}"; known are {", ".join(METHODS)}')


def _refuse_values(variable: Variable, method: Method) -> None:
    """Sobol needs a range; Morris can do with a few values."""
    if variable.is_range:
        return
    if method == "sobol":
        texts = ", ".join(level.text for level in variable.levels[:4])
        numbers = [level.number for level in variable.levels if level.number is not None]
        way = (
            f"such as {min(numbers):g}..{max(numbers):g}"
            if len(numbers) == len(variable.levels)
            else "or take --method morris, which can do with words"
        )
        raise refuse(variable.path, f"sobol wants a range of numbers, {way}; got {texts}")
    if len(variable.levels) > MOST_VALUES:
        raise refuse(
            variable.path,
            f"a Morris design visits at most {MOST_VALUES} values of a list; got "
            f"{len(variable.levels)}. Take fewer, or a range",
        )
