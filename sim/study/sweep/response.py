"""How a number answers to one variable when several vary: its mean over all the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from sim.study.points.design import Point, Variable
from sim.study.statistics.intervals import Interval, mean_interval

__all__ = ["Answer", "answers"]

Floats = npt.NDArray[np.float64]

_BINS: Final = 8
"""Most parts into which the samples along a range are put."""
_IN_BIN: Final = 4
"""Fewest samples in a part, so that the other variables have a chance to even out."""


@dataclass(frozen=True)
class Answer:
    """The mean of a number where one variable has one value, or lies in one part of its range."""

    text: str
    """The value as it is shown; for a part of a range its middle sample."""
    number: float | None
    """The value in the unit of the variable; the mean over a part. None for a word."""
    points: int
    """Points of the design in the mean."""
    mean: float
    interval: Interval | None
    """Over worlds; None with fewer than two."""
    difference: Interval | None
    """From the scenario as it is, over pairs of worlds; None with fewer than two pairs."""

    def to_dict(self) -> dict[str, object]:
        """Plain JSON."""
        of, than = self.interval, self.difference
        return {
            "text": self.text,
            "number": self.number,
            "points": self.points,
            "mean": self.mean,
            "low": None if of is None else of.low,
            "high": None if of is None else of.high,
            "difference": None if than is None else than.value,
            "difference_low": None if than is None else than.low,
            "difference_high": None if than is None else than.high,
        }


def answers(
    variable: Variable,
    place: int,
    points: Sequence[Point],
    values: Floats,
    base: Floats,
    bounds: tuple[float, float],
    level: float,
) -> tuple[Answer, ...]:
    """The number along one variable, averaged over what else varied.

    ``place`` is that of the variable in a point, ``values`` [points, worlds] are the numbers with
    NaN for what is missing, ``base`` [worlds] those of the scenario as it is, ``bounds`` what
    the number can be. In each world the points that
    share a value of the variable are averaged first; the interval is Student's over worlds. On a
    grid this is the main effect. On a Latin hypercube the samples along a range are put into up
    to eight parts of equal numbers, and the points of a part still differ in the other
    variables: that scatter is in the mean, and not in the interval.
    """
    found = []
    for text, number, members in _groups(variable, place, points):
        chosen = values[members]
        whole = ~np.isnan(chosen).any(axis=0)
        means = chosen[:, whole].mean(axis=0)
        if means.size == 0:
            continue
        interval = mean_interval(means, level) if means.size > 1 else None
        if interval is not None:
            low, high = max(interval.low, bounds[0]), min(interval.high, bounds[1])
            interval = Interval(interval.value, low, high, level)
        change = (means - base[whole])[~np.isnan(base[whole])]
        than = mean_interval(change, level) if change.size > 1 else None
        found.append(Answer(text, number, len(members), float(means.mean()), interval, than))
    return tuple(found)


def _groups(
    variable: Variable, place: int, points: Sequence[Point]
) -> list[tuple[str, float | None, list[int]]]:
    """(text, number, places of points) of each value, or of each part of a range, in order."""
    levels = [point[place] for point in points]
    distinct = list(dict.fromkeys(level.text for level in levels))
    if not variable.is_range or (variable.whole and len(distinct) <= _BINS):
        by_text = {level.text: level for level in (*variable.levels, *levels)}
        ordered = list(by_text.values())
        if variable.numeric:
            ordered.sort(key=lambda level: level.number or 0.0)
        groups = [
            (level.text, level.number, [i for i, at in enumerate(levels) if at.text == level.text])
            for level in ordered
        ]
        return [group for group in groups if group[2]]
    numbers = np.array([level.number for level in levels], dtype=np.float64)
    order = np.argsort(numbers, kind="stable")
    parts = np.array_split(order, max(2, min(_BINS, len(levels) // _IN_BIN)))
    return [
        (levels[int(part[len(part) // 2])].text, float(numbers[part].mean()), part.tolist())
        for part in parts
    ]
