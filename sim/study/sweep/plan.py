"""What a sweep will run: points of a design, each in the same worlds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from sim.core.errors import ForyouError
from sim.scenario import Scenario
from sim.study.points.design import Point, Variable, grid, latin_hypercube
from sim.study.points.scenarios import of_each_kind, scenario_at
from sim.study.points.vary import parse_vary
from sim.study.runs.plan import RunSpec
from sim.study.runs.start import MAX_WORLDS, Subject, check_level
from sim.study.statistics.metrics import Metric, metrics

__all__ = ["BASE", "SweepPlan", "plan_sweep"]

BASE: Final = 0
"""Number of the scenario as it is; the points of the design are counted from 1."""


@dataclass(frozen=True)
class SweepPlan:
    """Everything that a sweep will run; nothing in it can be refused any more."""

    subject: Subject
    variables: tuple[Variable, ...]
    points: tuple[Point, ...]
    scenarios: tuple[Scenario, ...]
    """The scenario of each point."""
    metrics: tuple[Metric, ...]
    worlds: int
    samples: int | None
    """Samples of the Latin hypercube; None for a grid."""
    level: float

    @cached_property
    def specs(self) -> tuple[tuple[RunSpec, ...], ...]:
        """[1 + points][worlds] the runs, the scenario as it is first."""
        arms = [("as it is", self.subject.scenario)]
        arms += [(self.said(i), scenario) for i, scenario in enumerate(self.scenarios, start=1)]
        return tuple(
            tuple(
                replace(self.subject, scenario=scenario).run(world, arm)
                for world in range(self.worlds)
            )
            for arm, scenario in arms
        )

    @cached_property
    def runs(self) -> int:
        """Different runs."""
        return len({spec.key for row in self.specs for spec in row})

    def is_base(self, number: int) -> bool:
        """Whether a point has the values that the scenario has anyway."""
        return self.specs[number][0].key == self.specs[BASE][0].key

    def said(self, number: int) -> str:
        """A point in words."""
        if number == BASE:
            return "as it is"
        pairs = zip(self.variables, self.points[number - 1], strict=True)
        return ", ".join(f"{variable.path} {level.text}" for variable, level in pairs)


def plan_sweep(
    about: Subject,
    vary: Sequence[str] | Mapping[str, Any],
    n: int = 4,
    *,
    samples: int | None = None,
    metric: Sequence[str] | None = None,
    level: float = 0.95,
) -> SweepPlan:
    """What a sweep would run. Everything that can be refused is refused here, by ForyouError."""
    if not 2 <= n <= MAX_WORLDS:
        raise ForyouError(
            f"a sweep takes 2 to {MAX_WORLDS:,} worlds at each point; got {n:,}. With fewer than "
            "two there is no interval"
        )
    check_level(level)
    variables = parse_vary(vary, about.scenario)
    points = grid(variables) if samples is None else latin_hypercube(variables, samples, about.seed)
    scenarios = [scenario_at(about.scenario, variables, point) for point in points]
    chosen = metrics(metric, about.scenario, *of_each_kind(scenarios))
    plan = SweepPlan(
        about, variables, tuple(points), tuple(scenarios), chosen, n, samples, level
    )  # fmt: skip
    _refuse_without_effect(plan)
    return plan


def _refuse_without_effect(plan: SweepPlan) -> None:
    if len({row[0].key for row in plan.specs[1:]}) == 1:
        names = ", ".join(variable.path for variable in plan.variables)
        raise ForyouError(f"vary {names}: all values give the same run")
