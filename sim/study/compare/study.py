"""Comparisons: several scenarios in the same worlds, and the differences pair by pair."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sim.core.errors import StudyError
from sim.core.estimates import Scale, scale_of
from sim.scenario import Scenario, dump
from sim.study.compare.arms import Arm, arms_of, refuse_unpairable
from sim.study.runs.execute import Executor, Report, execute, silent
from sim.study.runs.outcome import Outcome
from sim.study.runs.plan import RunSpec
from sim.study.runs.start import (
    Failure,
    check_level,
    check_worlds,
    failures,
    new_study_folder,
    working,
)
from sim.study.runs.store import Store
from sim.study.statistics.intervals import Interval
from sim.study.statistics.metrics import Metric, metrics
from sim.study.statistics.multiple import holm
from sim.study.statistics.over_worlds import OverWorlds, over_worlds
from sim.study.statistics.paired import Difference, paired_difference
from sim.study.statistics.unpaired import unpaired_difference

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Compare", "Contrast", "check_compare", "compare", "contrast_of"]

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


def compare(
    scenarios: Sequence[Scenario | str | os.PathLike[str]],
    n: int = 50,
    *,
    arms: Mapping[str, Sequence[str]] | None = None,
    out: Path | str | None = None,
    metric: Sequence[str] | None = None,
    overrides: Sequence[str] = (),
    seed: int | None = None,
    level: float = 0.95,
    unpaired: bool = False,
    executor: Executor | None = None,
    allow_code: bool = False,
    base_dir: Path | None = None,
    force: bool = False,
    plots: bool = True,
    progress: Callable[[Report], None] | None = None,
) -> Compare:
    """Play several scenarios in the same ``n`` worlds and compare each with the first.

    ``arms`` are changed copies of a single scenario: ``PATH=VALUE`` texts by name. World k has
    one seed for all arms, so that the same people with the same luck meet different rankers; the
    difference is that of pairs. ``unpaired`` gives each arm worlds of its own instead, for
    scenarios that cannot be paired. The rest is as in ``worlds``.

    Raises ForyouError for everything that the user can mend, among it scenarios whose worlds
    cannot be paired; StudyError for the folder and when fewer than two worlds are left.
    """
    found, wanted = check_compare(
        scenarios, arms or {}, metric, overrides,
        seed=seed, allow_code=allow_code, base_dir=base_dir, unpaired=unpaired,
    )  # fmt: skip
    check_worlds(n)
    check_level(level)
    first = found[0]
    name = first.subject.scenario.name
    store = Store.open(
        new_study_folder(out, NAME, name),
        {
            "study": NAME,
            "scenario": name,
            "seed": first.subject.seed,
            "paired": not unpaired,
            "arms": {arm.name: arm.subject.run(0).key for arm in found},
        },
    )
    for arm in found:
        store.write_text(f"arms/{arm.name}.yaml", dump(arm.subject.scenario))
    # world by world, so that pairs are complete early
    plan = [arm.run(w, i, not unpaired) for w in range(n) for i, arm in enumerate(found)]
    so_far = _SoFar(wanted[0], [arm.name for arm in found], not unpaired, level)
    with working(executor, len(plan)) as workers:
        outcomes = execute(
            plan, store, workers, progress or silent, so_far.note, force=force
        )  # fmt: skip
    result = _result(found, plan, outcomes, store.folder, wanted, level, not unpaired)
    store.write_json(NAME, result.to_dict())
    store.write_table(NAME, result.table)
    store.write_table("runs", result.runs)
    if plots:
        from sim.plots.files import draw_file
        from sim.plots.study.compare import compare_data, draw_compare

        draw_file(
            store.folder / "plots" / "compare.png", draw_compare, compare_data(result.to_dict())
        )
    return result


def check_compare(
    scenarios: Sequence[Scenario | str | os.PathLike[str]],
    arms: Mapping[str, Sequence[str]],
    metric: Sequence[str] | None,
    overrides: Sequence[str] = (),
    *,
    seed: int | None = None,
    allow_code: bool = False,
    base_dir: Path | None = None,
    unpaired: bool = False,
) -> tuple[tuple[Arm, ...], tuple[Metric, ...]]:
    """The arms and metrics that :func:`compare` would play, or the ForyouError that it would raise.

    Nothing is run or written.
    """
    found = arms_of(scenarios, arms, overrides, seed=seed, allow_code=allow_code, base_dir=base_dir)
    if not unpaired:
        refuse_unpairable(found)
    return found, metrics(metric, *(arm.subject.scenario for arm in found))


class _SoFar:
    """The first contrast over the worlds that are done, for the progress."""

    def __init__(self, metric: Metric, arms: Sequence[str], paired: bool, level: float) -> None:
        self._metric, self._paired, self._level = metric, paired, level
        self._arms = arms[:2]
        self._values: dict[tuple[str, int], float | None] = {}

    def note(self, spec: RunSpec, outcome: Outcome) -> str | None:
        """What is known now; None when this run adds nothing to it."""
        if spec.arm not in self._arms:
            return None
        value = None if outcome.summary is None else self._metric.of(outcome.summary)
        self._values[spec.arm, spec.world] = value
        worlds = 1 + max(world for _, world in self._values)
        before, after = ([self._values.get((a, w)) for w in range(worlds)] for a in self._arms)
        contrast = contrast_of(
            self._metric, self._arms[1], before, after, self._paired, self._level
        )
        found = contrast.difference
        if found is None:
            return None
        scale, ends = contrast.scale, found.interval
        return (
            f"{self._metric.path} {self._arms[1]} - {self._arms[0]}: "
            f"{scale.change(found.difference)} ({scale.changes(ends.low, ends.high)})"
        )


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


def _result(
    arms: Sequence[Arm],
    plan: Sequence[RunSpec],
    outcomes: Mapping[str, Outcome],
    folder: Path,
    wanted: Sequence[Metric],
    level: float,
    paired: bool,
) -> Compare:
    failed = failures(plan, dict(outcomes))
    specs = {arm.name: [spec for spec in plan if spec.arm == arm.name] for arm in arms}
    summaries = {name: [outcomes[s.key].summary for s in row] for name, row in specs.items()}
    numbers = {
        name: tuple(over_worlds(metric, row, level) for metric in wanted)
        for name, row in summaries.items()
    }
    first = numbers[arms[0].name]
    contrasts = [
        contrast_of(metric, arm.name, first[i].values, numbers[arm.name][i].values, paired, level)
        for i, metric in enumerate(wanted)
        for arm in arms[1:]
    ]
    if failed and all(contrast.difference is None for contrast in contrasts):
        raise StudyError(
            f"{folder}: {len(failed)} of {len(plan)} runs failed; the first: {failed[0].error} "
            f"(its scenario: {folder / failed[0].scenario})"
        )
    return Compare(
        folder=folder,
        arms={arm.name: arm.subject.scenario for arm in arms},
        seeds=tuple(spec.seed for spec in specs[arms[0].name]),
        paired=paired,
        level=level,
        numbers=numbers,
        contrasts=_adjusted(contrasts),
        failed=failed,
    )


def _adjusted(contrasts: Sequence[Contrast]) -> tuple[Contrast, ...]:
    """The contrasts with p adjusted for being that many."""
    known = [c.difference.p for c in contrasts if c.difference is not None]
    adjusted = iter(holm(known).tolist() if known else ())
    return tuple(
        c if c.difference is None else replace(c, adjusted_p=next(adjusted)) for c in contrasts
    )
