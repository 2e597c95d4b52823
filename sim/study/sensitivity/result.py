"""What a sensitivity study found: an index for each setting and number, and one for luck."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from sim.study.runs.outcome import Outcome
from sim.study.runs.start import Failure
from sim.study.sensitivity.indices import LEAST, LUCK, Index, Method, indices
from sim.study.sensitivity.plan import SensitivityPlan
from sim.study.statistics.metrics import Metric

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Importance", "Sensitivity", "above", "common", "gather"]

Floats = npt.NDArray[np.float64]

COLUMNS: Final[Mapping[Method, tuple[str, ...]]] = {
    "morris": ("mu_star", "mu_star_low", "mu_star_high", "sigma", "mu"),
    "sobol": ("total", "total_low", "total_high", "first", "first_low", "first_high"),
}
"""Columns of the table by method."""


def above(index: Index, luck: Index) -> bool:
    """Whether a setting clearly does more than luck: the interval of the difference is above 0.

    The two are taken as independent: they come from different steps of the same samples.
    """
    return index.main - luck.main > math.hypot(index.main_half, luck.main_half)


@dataclass(frozen=True)
class Importance:
    """What the settings do to one number."""

    metric: Metric
    mean: float | None
    """Mean over all points; None when no run has the number."""
    blocks: int
    """Trajectories or base samples in which no run lacks the number."""
    settings: tuple[Index, ...] | None
    """[K] one for each setting; None when nothing can be said."""
    luck: Index | None
    """What another set of worlds does: the floor."""
    reason: str | None
    """Why nothing can be said."""


@dataclass(frozen=True)
class Sensitivity:
    """A finished sensitivity study."""

    plan: SensitivityPlan
    folder: Path
    numbers: tuple[Importance, ...]
    failed: tuple[Failure, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be said beside the table."""
        plan = self.plan
        many = len(plan.variables) * len(plan.metrics)
        notes = []
        for number in self.numbers:
            if number.reason is not None:
                notes.append(f"{number.metric.path}: {number.reason}.")
            elif number.blocks < plan.count:
                notes.append(
                    f"{number.metric.path}: {plan.count - number.blocks} of {plan.count} samples "
                    "are left out, because a run of theirs failed or lacks the number."
                )
        if many > 1:
            notes.append(
                f"{many} pairs of a setting and a number are looked at, each with its own "
                f"{100 * plan.level:g} % interval: among many, one may rise above luck by chance."
            )
        return tuple(notes)

    @property
    def table(self) -> pl.DataFrame:
        """One row for each number and setting, the most important first, luck last."""
        import polars as pl

        schema: dict[str, Any] = {"metric": pl.String, "unit": pl.String, "setting": pl.String}
        schema |= dict.fromkeys(COLUMNS[self.plan.method], pl.Float64)
        schema |= {"above_luck": pl.Boolean, "mean": pl.Float64, "samples": pl.Int32}
        rows = [
            {
                "metric": number.metric.path,
                "unit": number.metric.unit,
                **row,
                "mean": number.mean,
                "samples": number.blocks,
            }
            for number in self.numbers
            for row in self._rows(number)
        ]
        return pl.DataFrame(rows, schema=schema)

    def _rows(self, number: Importance) -> list[dict[str, Any]]:
        """Setting and index, the most important first, luck last."""
        if number.settings is None or number.luck is None:
            return []
        pairs = list(zip(self.plan.variables, number.settings, strict=True))
        pairs.sort(key=lambda pair: -pair[1].main)
        rows = [
            {
                "setting": variable.path,
                **_columns(index, self.plan.method),
                "above_luck": above(index, number.luck),
            }
            for variable, index in pairs
        ]
        luck = {"setting": LUCK, **_columns(number.luck, self.plan.method), "above_luck": None}
        return [*rows, luck]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: everything that the table and the pictures show."""
        plan = self.plan
        return {
            "study": "sensitivity",
            **plan.subject.identity,
            "method": plan.method,
            "samples": plan.count,
            "points": len(plan.scenarios),
            "worlds": plan.worlds,
            "level": plan.level,
            "runs": plan.runs,
            "prefix": common([variable.path for variable in plan.variables]),
            "variables": [
                {
                    "path": variable.path,
                    "unit": variable.unit,
                    "low": variable.low if variable.is_range else None,
                    "high": variable.high if variable.is_range else None,
                    "log": variable.log,
                    "values": [level.text for level in variable.levels],
                }
                for variable in plan.variables
            ],
            "numbers": [
                {
                    "path": number.metric.path,
                    "unit": number.metric.unit,
                    "label": number.metric.label,
                    "mean": number.mean,
                    "samples": number.blocks,
                    "reason": number.reason,
                    "settings": self._rows(number),
                }
                for number in self.numbers
            ],
            "failed": [failure.to_dict() for failure in self.failed],
            "notes": list(self.notes),
        }


def common(paths: Sequence[str]) -> str:
    """What all paths begin with, up to and with a dot; empty for one path."""
    if len(paths) < 2:
        return ""
    shared = []
    for names in zip(*(path.split(".")[:-1] for path in paths), strict=False):
        if len(set(names)) > 1:
            break
        shared.append(names[0])
    return "".join(f"{part}." for part in shared)


def _columns(index: Index, method: Method) -> dict[str, float | None]:
    low, high = max(index.main - index.main_half, 0.0), index.main + index.main_half
    if method == "morris":
        values: tuple[float | None, ...] = (index.main, low, high, index.side, index.mean)
    else:
        half = index.side_half or 0.0
        values = (index.main, low, high, index.side, index.side - half, index.side + half)
    return dict(zip(COLUMNS[method], values, strict=True))


def gather(
    plan: SensitivityPlan,
    folder: Path,
    outcomes: Mapping[str, Outcome],
    failed: tuple[Failure, ...],
) -> Sensitivity:
    """Outcomes to indices."""
    summaries = [[outcomes[spec.key].summary for spec in row] for row in plan.specs]
    numbers = tuple(_importance(plan, metric, summaries) for metric in plan.metrics)
    return Sensitivity(plan, folder, numbers, failed)


def _importance(
    plan: SensitivityPlan,
    metric: Metric,
    summaries: Sequence[Sequence[Mapping[str, Any] | None]],
) -> Importance:
    """The mean over worlds at each point, and what SALib makes of it."""
    table = [[None if s is None else metric.of(s) for s in row] for row in summaries]
    values: Floats = np.array(table, dtype=np.float64).mean(axis=1)
    known = values[~np.isnan(values)]
    blocks = int((~np.isnan(values.reshape(-1, plan.samples.block)).any(axis=1)).sum())
    mean = float(known.mean()) if known.size else None
    found = indices(plan.samples, values, plan.subject.seed, plan.level)
    if found is None:
        least = LEAST[plan.method]
        reason = (
            "it is the same in all runs"
            if blocks >= least
            else f"only {blocks} of {plan.count} samples are whole; {least} are needed"
        )
        return Importance(metric, mean, blocks, None, None, reason)
    return Importance(metric, mean, blocks, tuple(found[:-1]), found[-1], None)
