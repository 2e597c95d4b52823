"""Comparisons: several scenarios in the same worlds, and the differences pair by pair."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

from sim.core.errors import StudyError
from sim.scenario import Scenario, dump
from sim.study.compare.plan import ComparePlan, plan_compare
from sim.study.compare.result import NAME, Compare, Contrast, contrast_of
from sim.study.runs.execute import Executor, Report, execute, silent
from sim.study.runs.options import Options, split
from sim.study.runs.outcome import Outcome
from sim.study.runs.plan import RunSpec
from sim.study.runs.start import (
    failures,
    new_study_folder,
    working,
)
from sim.study.runs.store import Store
from sim.study.statistics.multiple import holm
from sim.study.statistics.over_worlds import over_worlds

__all__ = ["Compare", "ComparePlan", "compare", "plan_compare", "run_compare"]


def compare(
    scenarios: Sequence[Scenario | str | os.PathLike[str]],
    n: int = 50,
    *,
    arms: Mapping[str, Sequence[str]] | None = None,
    metric: Sequence[str] | None = None,
    level: float = 0.95,
    unpaired: bool = False,
    **options: Unpack[Options],
) -> Compare:
    """Play several scenarios in the same ``n`` worlds and compare each with the first.

    ``arms`` are changed copies of a single scenario: ``PATH=VALUE`` texts by name. World k has
    one seed for all arms, so that the same people with the same luck meet different rankers; the
    difference is that of pairs. ``unpaired`` gives each arm worlds of its own instead, for
    scenarios that cannot be paired. ``metric`` are paths into ``summary.json``, by default those
    that all arms show. The ``options`` are those of every study, see ``sim.study.runs.options``.

    Raises ForyouError for everything that the user can mend, among it scenarios whose worlds
    cannot be paired; StudyError for the folder and when fewer than two worlds are left.
    """
    opening, playing = split(options)
    plan = plan_compare(
        scenarios, n, arms=arms, metric=metric, level=level, unpaired=unpaired, **opening
    )
    return run_compare(plan, **playing)


def run_compare(
    plan: ComparePlan,
    *,
    out: Path | str | None = None,
    executor: Executor | None = None,
    force: bool = False,
    plots: bool = True,
    progress: Callable[[Report], None] | None = None,
) -> Compare:
    """Do the runs of a plan that are not done yet, and write the result into the study folder.

    Raises StudyError for the folder and when fewer than two worlds are left.
    """
    specs = plan.specs
    store = Store.open(new_study_folder(out, NAME, plan.name), {"study": NAME, **plan.identity})
    for arm in plan.arms:
        store.write_text(f"arms/{arm.name}.yaml", dump(arm.subject.scenario))
    so_far = _SoFar(plan)
    with working(executor, len(specs)) as workers:
        outcomes = execute(
            specs, store, workers, progress or silent, so_far.note, force=force
        )  # fmt: skip
    result = _result(plan, specs, outcomes, store.folder)
    with store.results():
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


class _SoFar:
    """The first contrast over the worlds that are done, for the progress."""

    def __init__(self, plan: ComparePlan) -> None:
        self._metric, self._paired, self._level = plan.metrics[0], plan.paired, plan.level
        self._arms = [arm.name for arm in plan.arms[:2]]
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


def _result(
    plan: ComparePlan, specs: Sequence[RunSpec], outcomes: dict[str, Outcome], folder: Path
) -> Compare:
    arms, wanted, level, paired = plan.arms, plan.metrics, plan.level, plan.paired
    failed = failures(specs, outcomes)
    of_arm = {arm.name: [spec for spec in specs if spec.arm == arm.name] for arm in arms}
    summaries = {name: [outcomes[s.key].summary for s in row] for name, row in of_arm.items()}
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
            f"{folder}: {len(failed)} of {len(specs)} runs failed; the first: {failed[0].error} "
            f"(its scenario: {folder / failed[0].scenario})"
        )
    return Compare(
        folder=folder,
        arms={arm.name: arm.subject.scenario for arm in arms},
        seeds=tuple(spec.seed for spec in of_arm[arms[0].name]),
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
