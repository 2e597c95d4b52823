"""The test on fresh worlds: does what the search found hold where the search did not look?

The best of many trials looks better than it is, for its luck in the worlds of the search helped to
choose it (the winner's curse). So the few best are played in worlds that no trial saw, next to
the start in the same worlds. Both estimates are kept, side by side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np

from sim.core.errors import ForyouError, StudyError
from sim.study.runs.outcome import Outcome
from sim.study.runs.plan import RunSpec
from sim.study.runs.start import Subject
from sim.study.statistics.intervals import Interval, mean_interval
from sim.study.statistics.metrics import Metric
from sim.study.statistics.multiple import holm
from sim.study.statistics.paired import Difference, paired_difference
from sim.study.tune.objective import Aim, Limit, Start
from sim.study.tune.search import scenario_of
from sim.study.tune.space import Space
from sim.study.tune.trial import Trial

__all__ = ["FRESH", "Bound", "Candidate", "Confirmed", "confirmation_plan", "confirmed"]

FRESH: Final = 1_000_000
"""Number of the first fresh world; searches use those from 0."""


@dataclass(frozen=True)
class Confirmed:
    """One number of a candidate, before and after: in the worlds of the search, in fresh ones."""

    metric: Metric
    role: Literal["objective", "constraint", "other"]
    search_before: float
    """Mean of the start over the worlds of the search; NaN for none."""
    search_after: float
    difference: Difference | None
    """On fresh worlds; None when fewer than two of them have the number."""
    adjusted_p: float | None = None
    """p by Holm over the objectives of all candidates; None for other numbers."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        d = self.difference
        r = None if d is None else d.relative
        known = not math.isnan(self.search_before) and not math.isnan(self.search_after)
        return {
            "path": self.metric.path,
            "unit": self.metric.unit,
            "label": self.metric.label,
            "role": self.role,
            "search_before": self.search_before if known else None,
            "search_after": self.search_after if known else None,
            "search_difference": self.search_after - self.search_before if known else None,
            "worlds": 0 if d is None else d.pairs,
            "before": None if d is None else d.before,
            "after": None if d is None else d.after,
            "difference": None if d is None else d.difference,
            "low": None if d is None else d.interval.low,
            "high": None if d is None else d.interval.high,
            "relative": None if r is None else r.value,
            "relative_low": None if r is None else r.low,
            "relative_high": None if r is None else r.high,
            "p": None if d is None else d.p,
            "adjusted_p": self.adjusted_p,
        }


@dataclass(frozen=True)
class Bound:
    """One constraint of a candidate on fresh worlds."""

    limit: Limit
    margin: Interval
    """Distance from the bound, below 0 on the wrong side, in the unit of the number."""

    @property
    def holds(self) -> bool:
        """Whether the mean keeps the bound."""
        return self.margin.value >= 0

    @property
    def holds_clearly(self) -> bool:
        """Whether the whole interval keeps it."""
        return self.margin.low >= 0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "constraint": str(self.limit),
            "path": self.limit.metric.path,
            "margin": self.margin.value,
            "low": self.margin.low,
            "high": self.margin.high,
            "holds": self.holds,
            "holds_clearly": self.holds_clearly,
        }


@dataclass(frozen=True)
class Candidate:
    """A trial that was tested on fresh worlds."""

    trial: Trial
    numbers: tuple[Confirmed, ...]
    bounds: tuple[Bound, ...]

    @property
    def holds(self) -> bool:
        """Whether it keeps all constraints on fresh worlds."""
        return all(bound.holds for bound in self.bounds)

    @property
    def holds_clearly(self) -> bool:
        """Whether it keeps them with their whole intervals."""
        return all(bound.holds_clearly for bound in self.bounds)

    def number(self, path: str) -> Confirmed:
        """One of its numbers."""
        return next(number for number in self.numbers if number.metric.path == path)


def confirmation_plan(
    about: Subject, space: Space, trials: Sequence[Trial], worlds: int
) -> list[RunSpec]:
    """The runs of the test, world by world: the start, then each candidate."""
    plan = []
    arms = [(about, "start")]
    for trial in trials:
        scenario = scenario_of(about.scenario, space, trial.params)
        arms.append((replace(about, scenario=scenario), f"trial {trial.number}"))
    for world in range(FRESH, FRESH + worlds):
        plan += [arm.run(world, name) for arm, name in arms]
    return plan


def confirmed(
    start: Start,
    trials: Sequence[Trial],
    plan: Sequence[RunSpec],
    outcomes: Mapping[str, Outcome],
    level: float,
) -> tuple[Candidate, ...]:
    """The candidates with what the fresh worlds say; ``level`` holds for all of them together.

    Raises StudyError when fewer than two worlds are left for one of them.
    """
    measured = _measured(start.aim, plan, outcomes)
    # Bonferroni over the candidates: any of them may be the one that is chosen
    own = 1.0 - (1.0 - level) / max(len(trials), 1)
    found = []
    for trial in trials:
        arm = measured[f"trial {trial.number}"]
        worlds = sorted(set(arm) & set(measured["start"]))
        if len(worlds) < 2:
            raise StudyError(
                f"trial {trial.number} cannot be tested: {len(worlds)} of its fresh worlds "
                "worked; the scenarios of the others lie under failed/"
            )
        before = {m.path: [measured["start"][w][m.path] for w in worlds] for m in start.aim.shown}
        after = {m.path: [arm[w][m.path] for w in worlds] for m in start.aim.shown}
        found.append(_candidate(start, trial, before, after, own))
    return _adjusted(found)


def _measured(
    aim: Aim, plan: Sequence[RunSpec], outcomes: Mapping[str, Outcome]
) -> dict[str, dict[int, dict[str, float]]]:
    """The numbers of every run that worked, by arm and world."""
    found: dict[str, dict[int, dict[str, float]]] = {spec.arm: {} for spec in plan}
    for spec in plan:
        try:
            if outcomes[spec.key].error is None:
                found[spec.arm][spec.world] = aim.measure(outcomes[spec.key])
        except ForyouError:
            continue  # a number that this world does not have
    return found


def _candidate(
    start: Start,
    trial: Trial,
    before: Mapping[str, Sequence[float]],
    after: Mapping[str, Sequence[float]],
    level: float,
) -> Candidate:
    roles = {limit.metric: "constraint" for limit in start.aim.limits}
    roles.update({o.metric: "objective" for o in start.aim.objectives})
    numbers = []
    for metric in start.aim.shown:
        path = metric.path
        pairs = [
            pair for pair in zip(before[path], after[path], strict=True)
            if not any(map(math.isnan, pair))
        ]  # fmt: skip
        difference = None
        if len(pairs) >= 2:
            difference = paired_difference([p[0] for p in pairs], [p[1] for p in pairs], level)
        numbers.append(
            Confirmed(
                metric,
                roles.get(metric, "other"),  # type: ignore[arg-type]  # one of the three words
                float(np.mean(start.values[path])),
                float(np.mean(trial.values[path])),
                difference,
            )
        )
    bounds = [
        Bound(x, mean_interval(x.margins(after[x.metric.path], before[x.metric.path]), level))
        for x in start.aim.limits
    ]
    return Candidate(trial, tuple(numbers), tuple(bounds))


def _adjusted(found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The candidates with p of their objectives adjusted for being that many."""
    known = [
        number.difference.p
        for candidate in found
        for number in candidate.numbers
        if number.role == "objective" and number.difference is not None
    ]
    adjusted = iter(holm(known).tolist() if known else ())
    return tuple(
        replace(
            candidate,
            numbers=tuple(
                replace(number, adjusted_p=next(adjusted))
                if number.role == "objective" and number.difference is not None
                else number
                for number in candidate.numbers
            ),
        )
        for candidate in found
    )
