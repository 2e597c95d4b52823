"""What a sweep found: each number at each point, with differences from the scenario as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from sim.study.points.design import Level
from sim.study.points.vary import as_it_is
from sim.study.runs.outcome import Outcome
from sim.study.runs.start import Failure
from sim.study.statistics.multiple import holm, say_comparisons
from sim.study.statistics.over_worlds import OverWorlds, over_worlds
from sim.study.statistics.paired import Difference, paired_difference
from sim.study.sweep.plan import BASE, SweepPlan
from sim.study.sweep.response import Answer, answers

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Cell", "Sweep", "gather"]


@dataclass(frozen=True)
class Cell:
    """One number at one point."""

    number: OverWorlds
    difference: Difference | None
    """Against the scenario as it is, over the worlds that both have; None without two of them,
    and for the scenario itself."""
    p_holm: float | None
    """p of the difference, corrected for all points of this number."""


@dataclass(frozen=True)
class Sweep:
    """A finished sweep."""

    plan: SweepPlan
    folder: Path
    cells: Mapping[str, tuple[Cell, ...]]
    """By path of the number: [1 + points], the scenario as it is first."""
    answers: Mapping[str, tuple[tuple[Answer, ...], ...]]
    """By path of the number: for each variable its mean along it, over all else."""
    failed: tuple[Failure, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be said beside the table."""
        notes = []
        for metric in self.plan.metrics:
            chances = [c.difference.p for c in self.cells[metric.path] if c.difference is not None]
            if len(chances) > 1:
                notes.append(f"{metric.path}: {say_comparisons(chances, self.plan.level)}")
        return tuple(notes)

    @property
    def table(self) -> pl.DataFrame:
        """One row for each number at each point, the scenario as it is first."""
        import polars as pl

        plan = self.plan
        bases = self._bases
        rows: list[dict[str, Any]] = []
        schema: dict[str, Any] = {"point": pl.Int32, "as_it_is": pl.Boolean}
        for variable, base in zip(plan.variables, bases, strict=True):
            as_numbers = variable.numeric and (base is None or base.number is not None)
            schema[variable.path] = pl.Float64 if as_numbers else pl.String
        schema |= {"metric": pl.String, "unit": pl.String, "worlds": pl.Int32}
        schema |= dict.fromkeys(("mean", "low", "high", "sd", *_DIFFERENCE), pl.Float64)
        for number in range(len(plan.points) + 1):
            levels = bases if number == BASE else plan.points[number - 1]
            values: dict[str, Any] = {}
            for variable, level in zip(plan.variables, levels, strict=True):
                as_numbers = schema[variable.path] == pl.Float64
                values[variable.path] = (
                    None if level is None else level.number if as_numbers else level.text
                )
            for metric in plan.metrics:
                cell = self.cells[metric.path][number]
                rows.append(
                    {
                        "point": number,
                        "as_it_is": plan.is_base(number),
                        **values,
                        "metric": metric.path,
                        "unit": metric.unit,
                        **_numbers(cell),
                    }
                )
        return pl.DataFrame(rows, schema=schema)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: everything that the table and the pictures show."""
        plan = self.plan
        return {
            "study": "sweep",
            **plan.subject.identity,
            "design": "grid" if plan.samples is None else "latin hypercube",
            "samples": plan.samples,
            "worlds": plan.worlds,
            "level": plan.level,
            "runs": plan.runs,
            "variables": [
                {
                    "path": variable.path,
                    "unit": variable.unit,
                    "log": variable.log,
                    "values": [level.text for level in variable.levels],
                    "low": variable.low if variable.is_range else None,
                    "high": variable.high if variable.is_range else None,
                    "as_it_is": None
                    if base is None
                    else {"text": base.text, "number": base.number},
                }
                for variable, base in zip(plan.variables, self._bases, strict=True)
            ],
            "metrics": [
                {"path": metric.path, "unit": metric.unit, "label": metric.label}
                for metric in plan.metrics
            ],
            "points": [
                {
                    "point": number,
                    "as_it_is": plan.is_base(number),
                    "values": {} if number == BASE else self._texts(number),
                    "places": {} if number == BASE else self._places(number),
                    "numbers": {
                        metric.path: _numbers(self.cells[metric.path][number])
                        for metric in plan.metrics
                    },
                }
                for number in range(len(plan.points) + 1)
            ],
            "along": {
                path: {
                    variable.path: [answer.to_dict() for answer in along]
                    for variable, along in zip(plan.variables, of_number, strict=True)
                }
                for path, of_number in self.answers.items()
            },
            "failed": [failure.to_dict() for failure in self.failed],
            "notes": list(self.notes),
        }

    @property
    def _bases(self) -> list[Level | None]:
        return [as_it_is(variable, self.plan.subject.scenario) for variable in self.plan.variables]

    def _texts(self, number: int) -> dict[str, str]:
        pairs = zip(self.plan.variables, self.plan.points[number - 1], strict=True)
        return {variable.path: level.text for variable, level in pairs}

    def _places(self, number: int) -> dict[str, float | None]:
        pairs = zip(self.plan.variables, self.plan.points[number - 1], strict=True)
        return {variable.path: level.number for variable, level in pairs}


_DIFFERENCE: Final = ("difference", "difference_low", "difference_high", "p", "p_holm")


def _numbers(cell: Cell) -> dict[str, float | int | None]:
    """Mean and difference with their intervals, by the names of the table."""
    known, of, than = cell.number.known, cell.number.interval, cell.difference
    return {
        "worlds": len(known),
        "mean": float(np.mean(known)) if known else None,
        "low": None if of is None else of.low,
        "high": None if of is None else of.high,
        "sd": cell.number.sd,
        "difference": None if than is None else than.difference,
        "difference_low": None if than is None else than.interval.low,
        "difference_high": None if than is None else than.interval.high,
        "p": None if than is None else than.p,
        "p_holm": cell.p_holm,
    }


def gather(
    plan: SweepPlan, folder: Path, outcomes: Mapping[str, Outcome], failed: tuple[Failure, ...]
) -> Sweep:
    """Outcomes to cells and answers."""
    summaries = [[outcomes[spec.key].summary for spec in row] for row in plan.specs]
    cells: dict[str, tuple[Cell, ...]] = {}
    along: dict[str, tuple[tuple[Answer, ...], ...]] = {}
    for metric in plan.metrics:
        numbers = [over_worlds(metric, row, plan.level) for row in summaries]
        values = np.array([number.values for number in numbers], dtype=np.float64)
        compared = [
            None if plan.is_base(i) else _difference(values[BASE], values[i], plan.level)
            for i in range(len(numbers))
        ]
        chances = [than.p for than in compared if than is not None]
        held = iter(holm(chances)) if chances else iter(())
        cells[metric.path] = tuple(
            Cell(number, than, None if than is None else float(next(held)))
            for number, than in zip(numbers, compared, strict=True)
        )
        along[metric.path] = tuple(
            answers(
                variable, place, plan.points, values[1:], values[BASE], metric.bounds, plan.level
            )
            for place, variable in enumerate(plan.variables)
        )
    return Sweep(plan, folder, cells, along, failed)


def _difference(
    base: npt.NDArray[np.float64], there: npt.NDArray[np.float64], level: float
) -> Difference | None:
    """Against the scenario as it is, over the worlds in which both have the number."""
    both = ~(np.isnan(base) | np.isnan(there))
    if both.sum() < 2:
        return None
    return paired_difference(base[both], there[both], level)
