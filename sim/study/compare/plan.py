"""What a comparison plays: its arms in the same worlds, or each in worlds of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from sim.scenario import Scenario
from sim.study.compare.arms import Arm, arms_of, refuse_unpairable
from sim.study.runs.options import Opening
from sim.study.runs.plan import RunSpec
from sim.study.runs.start import check_level, check_worlds
from sim.study.statistics.metrics import Metric, metrics

__all__ = ["ComparePlan", "plan_compare"]


@dataclass(frozen=True)
class ComparePlan:
    """A comparison, checked and ready to run."""

    arms: tuple[Arm, ...]
    """The first is what the others are compared with."""
    worlds: int
    metrics: tuple[Metric, ...]
    level: float
    paired: bool
    """Whether the arms are played in the same worlds."""

    @property
    def name(self) -> str:
        """Name of the first scenario."""
        return self.arms[0].subject.scenario.name

    @property
    def specs(self) -> list[RunSpec]:
        """All runs, world by world, so that pairs are complete early."""
        return [
            arm.run(world, place, self.paired)
            for world in range(self.worlds)
            for place, arm in enumerate(self.arms)
        ]

    @property
    def identity(self) -> dict[str, Any]:
        """What tells this comparison from others; numbers and worlds may change later."""
        return {
            "scenario": self.name,
            "seed": self.arms[0].subject.seed,
            "paired": self.paired,
            "arms": {arm.name: arm.subject.run(0).key for arm in self.arms},
        }


def plan_compare(
    scenarios: Sequence[Scenario | str | os.PathLike[str]],
    n: int = 50,
    *,
    arms: Mapping[str, Sequence[str]] | None = None,
    metric: Sequence[str] | None = None,
    level: float = 0.95,
    unpaired: bool = False,
    **opening: Unpack[Opening],
) -> ComparePlan:
    """What ``compare`` would run. Everything that can be refused is refused here, by ForyouError.

    Nothing is run or written.
    """
    found = arms_of(scenarios, arms or {}, **opening)
    if not unpaired:
        refuse_unpairable(found)
    wanted = metrics(metric, *(arm.subject.scenario for arm in found))
    check_worlds(n)
    check_level(level)
    return ComparePlan(found, n, wanted, level, not unpaired)
