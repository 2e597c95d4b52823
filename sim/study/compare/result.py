"""What a comparison found: each number of each arm, and its difference from the first arm's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sim.core.estimates import Scale, scale_of
from sim.scenario import Scenario
from sim.study.runs.start import Failure
from sim.study.statistics.intervals import Interval
from sim.study.statistics.metrics import Metric
from sim.study.statistics.over_worlds import OverWorlds
from sim.study.statistics.paired import Difference, paired_difference
from sim.study.statistics.unpaired import unpaired_difference

if TYPE_CHECKING:
    import polars as pl

__all__ = ["NAME", "Compare", "Contrast", "contrast_of"]

NAME: Final = "compare"


@dataclass(frozen=True)
class Contrast:
    """One number of one arm against that of the first arm."""

    metric: Metric
    arm: str
    difference: Difference | None
    """None with fewer than two worlds that have the number in both arms."""
    adjusted_p: float | None
    """p by Holm over all contrasts of the comparison."""
    differences: tuple[float | None, ...]
    """[W] this arm minus the first, by world; empty when worlds are not paired."""

    @property
    def scale(self) -> Scale:
        """How its numbers are written."""
        found = self.difference
        if found is None:
            return scale_of(self.metric.unit, None, 0.0)
        largest = max(abs(found.before), abs(found.after))
        return scale_of(self.metric.unit, found.interval.half_width, largest)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        d = self.difference
        relative = None if d is None else d.relative
        saved = None if d is None else d.variance_saved
        return {
            "path": self.metric.path,
            "unit": self.metric.unit,
            "label": self.metric.label,
            "arm": self.arm,
            "worlds": 0 if d is None else d.pairs,
            "before": None if d is None else d.before,
            "after": None if d is None else d.after,
            "difference": None if d is None else d.difference,
            "low": None if d is None else d.interval.low,
            "high": None if d is None else d.interval.high,
            **_interval("relative", relative),
            "p": None if d is None else d.p,
            "adjusted_p": self.adjusted_p,
            **_interval("variance_saved", saved),
            "differences": list(self.differences),
        }


def _interval(name: str, of: Interval | None) -> dict[str, float | None]:
    return {
        name: None if of is None else of.value,
        f"{name}_low": None if of is None else of.low,
        f"{name}_high": None if of is None else of.high,
    }


@dataclass(frozen=True)
class Compare:
    """What several scenarios do to the same worlds."""

    folder: Path
    """The study folder, with ``compare.json``, ``compare.parquet``, pictures and all runs."""
    arms: Mapping[str, Scenario]
    """Scenarios by name; the first is what the others are compared with."""
    seeds: tuple[int, ...]
    """[W] seed of each world of the first arm, and of all arms when they are paired."""
    paired: bool
    level: float
    numbers: Mapping[str, tuple[OverWorlds, ...]]
    """Each number over the worlds of each arm, by name of the arm."""
    contrasts: tuple[Contrast, ...]
    """Every number of every arm but the first, by number."""
    failed: tuple[Failure, ...]

    @property
    def first(self) -> str:
        """Name of the arm that the others are compared with."""
        return next(iter(self.arms))

    @property
    def table(self) -> pl.DataFrame:
        """A row a contrast: both means, the difference with its interval, p, variance saved."""
        import polars as pl

        dropped = ("differences", "label")
        rows = [{k: v for k, v in c.to_dict().items() if k not in dropped} for c in self.contrasts]
        words = ("path", "unit", "arm")
        schema = {
            name: pl.String if name in words else pl.Int64 if name == "worlds" else pl.Float64
            for name in rows[0]
        }
        return pl.DataFrame(rows, schema=schema)

    @property
    def runs(self) -> pl.DataFrame:
        """A row a run: arm, world, and a column for each number, named by its path."""
        import polars as pl

        frames = [
            pl.DataFrame(
                {
                    "arm": [arm] * len(self.seeds),
                    "world": pl.Series(range(len(self.seeds)), dtype=pl.Int32),
                    **{n.metric.path: pl.Series(n.values, dtype=pl.Float64) for n in numbers},
                }
            )
            for arm, numbers in self.numbers.items()
        ]
        return pl.concat(frames)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: the content of ``compare.json``."""
        return {
            "study": NAME,
            "arms": list(self.arms),
            "first": self.first,
            "seed": int(self.arms[self.first].seed),
            "worlds": len(self.seeds),
            "paired": self.paired,
            "level": self.level,
            "numbers": {
                arm: [number.to_dict() for number in numbers]
                for arm, numbers in self.numbers.items()
            },
            "contrasts": [contrast.to_dict() for contrast in self.contrasts],
            "failed": [failure.to_dict() for failure in self.failed],
        }


def contrast_of(
    metric: Metric,
    arm: str,
    before: Sequence[float | None],
    after: Sequence[float | None],
    paired: bool,
    level: float,
) -> Contrast:
    """One number of an arm against the first, from the values [W] of both; p not adjusted yet."""
    if not paired:
        a, b = ([v for v in values if v is not None] for values in (before, after))
        enough = min(len(a), len(b)) >= 2
        return Contrast(metric, arm, unpaired_difference(a, b, level) if enough else None, None, ())
    both = [(a, b) for a, b in zip(before, after, strict=True) if a is not None and b is not None]
    steps = tuple(
        None if a is None or b is None else b - a for a, b in zip(before, after, strict=True)
    )
    if len(both) < 2:
        return Contrast(metric, arm, None, None, steps)
    a, b = ([pair[i] for pair in both] for i in (0, 1))
    return Contrast(metric, arm, paired_difference(a, b, level), None, steps)
