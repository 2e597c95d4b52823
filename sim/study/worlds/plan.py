"""What a study of parallel worlds plays: one scenario under many seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.study.runs.plan import RunSpec
from sim.study.runs.start import Subject, check_level, check_worlds
from sim.study.statistics.metrics import Metric, metrics
from sim.study.statistics.over_worlds import Precision

__all__ = ["WorldsPlan", "plan_worlds"]


@dataclass(frozen=True)
class WorldsPlan:
    """A study of parallel worlds, checked and ready to run."""

    subject: Subject
    worlds: int
    metrics: tuple[Metric, ...]
    level: float
    precision: Precision

    @property
    def specs(self) -> list[RunSpec]:
        """All runs, world by world."""
        return [self.subject.run(world) for world in range(self.worlds)]


def plan_worlds(
    about: Subject,
    n: int = 50,
    *,
    metric: Sequence[str] | None = None,
    level: float = 0.95,
    precision: str | float | Precision = "5 %",
) -> WorldsPlan:
    """What ``worlds`` would run. Everything that can be refused is refused here, by ForyouError."""
    wanted = metrics(metric, about.scenario)
    goal = precision if isinstance(precision, Precision) else Precision.parse(precision)
    check_worlds(n)
    check_level(level)
    return WorldsPlan(about, n, wanted, level, goal)
