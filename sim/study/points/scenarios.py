"""The scenarios at the points of a study."""

from __future__ import annotations

from collections.abc import Sequence

from sim.core.errors import ForyouError
from sim.scenario import Scenario
from sim.study.points.design import Point, Variable, changes
from sim.study.runs.plan import with_changes

__all__ = ["of_each_kind", "scenario_at"]


def scenario_at(scenario: Scenario, variables: Sequence[Variable], point: Point) -> Scenario:
    """The scenario with the values of a point. ForyouError, with the point, if they do not fit."""
    try:
        return with_changes(scenario, changes(variables, point))
    except ForyouError as error:
        if len(variables) == 1:
            raise
        where = ", ".join(f"{v.path} {at.text}" for v, at in zip(variables, point, strict=True))
        raise ForyouError(f"{error}; this is the point {where}") from None


def of_each_kind(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """One scenario for each set of probes and size, on which depends what numbers a run has."""
    kinds = {(s.probes, s.population.users): s for s in scenarios}
    return list(kinds.values())
