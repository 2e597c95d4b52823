"""Which points a study visits: settings that vary, a grid of them, a Latin hypercube."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from sim.core.errors import ForyouError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "MAX_POINTS",
    "Level",
    "Point",
    "Variable",
    "between",
    "changes",
    "digits",
    "grid",
    "latin_hypercube",
    "refuse",
]

MAX_POINTS: Final = 100_000
"""Most points of one study; more is a slip of the pen, and would fill the memory first."""
_DIGITS: Final = 6
"""Significant digits of a value that is computed."""


def refuse(path: str, message: str) -> ForyouError:
    """The error about a setting that varies."""
    return ForyouError(f"vary {path}: {message}")


@dataclass(frozen=True)
class Level:
    """One value of a variable."""

    value: Any
    """What the setting becomes, as a scenario text would say it: ``2.0``, ``"6 h"``, ``"none"``."""
    number: float | None
    """The number in the unit of the variable; None for a word."""
    text: str
    """As it is shown, such as ``6 h``."""


Point = tuple[Level, ...]
"""One value of each variable."""


@dataclass(frozen=True)
class Variable:
    """One setting that varies: over ``levels``, or over anything from ``low`` to ``high``."""

    path: str
    levels: tuple[Level, ...] = ()
    """The values in their order; empty for a range without steps."""
    low: float = math.nan
    """Lower end of a range, in ``unit``."""
    high: float = math.nan
    """Upper end of a range, in ``unit``."""
    unit: str = ""
    """Unit of the numbers as the user wrote it, such as ``%`` or ``h``; empty for plain numbers."""
    log: bool = False
    """Whether the range is even on a logarithmic scale."""
    whole: bool = False
    """Whether the setting is a whole number."""

    @property
    def is_range(self) -> bool:
        """Whether every value in between may be taken."""
        return not self.levels

    @property
    def numeric(self) -> bool:
        """Whether all values are numbers."""
        return all(level.number is not None for level in self.levels)

    @property
    def label(self) -> str:
        """Path and unit, for a table or an axis."""
        return f"{self.path} ({self.unit})" if self.unit else self.path

    def at(self, u: float) -> Level:
        """The value at ``u`` from 0 to 1: equal parts of [0, 1] for equal parts of the values.

        Whole numbers, and the values of a list, get parts of equal size.
        """
        if self.levels:
            # What was computed as 1/3 of three is the second, whatever rounding did to it.
            place = math.floor(u * len(self.levels) + 1e-9)
            return self.levels[min(place, len(self.levels) - 1)]
        if not self.whole:
            return self.level(between(self.low, self.high, u, self.log))
        exact = math.floor(between(self.low, self.high + 1.0, u, self.log) + 1e-9)
        return self.level(min(float(exact), self.high))

    def level(self, number: float) -> Level:
        """A number of the range, rounded so that it can be read, as a value.

        What is kept is six significant digits, and more where a range is narrow for its size.
        """
        tidy = number
        if number not in (self.low, self.high):
            narrow = max(abs(self.low), abs(self.high)) / (self.high - self.low)
            kept = _DIGITS + max(0, math.floor(math.log10(narrow)))
            tidy = min(max(float(f"{number:.{kept}g}"), self.low), self.high)
        exact = round(tidy) if tidy.is_integer() else tidy
        value = f"{exact!r} {self.unit}" if self.unit else exact
        return Level(value, tidy, f"{digits(tidy)} {self.unit}".rstrip())


def digits(number: float) -> str:
    """A number as it is shown: twelve significant digits at most, whole numbers in full."""
    whole = number.is_integer() and abs(number) < 1e15
    return f"{number:.0f}" if whole else f"{number:.12g}"


def between(low: float, high: float, u: float, log: bool) -> float:
    """The number at ``u`` on the way from ``low`` to ``high``, both of one sign when ``log``."""
    if u in (0.0, 1.0):
        return high if u else low
    if log:
        sign = math.copysign(1.0, low)
        return sign * math.exp((1 - u) * math.log(abs(low)) + u * math.log(abs(high)))
    return (1 - u) * low + u * high


def grid(variables: Sequence[Variable]) -> list[Point]:
    """Every combination of the values; the last variable changes fastest.

    Raises ForyouError for a range without steps and for more than ``MAX_POINTS`` points.
    """
    for variable in variables:
        if variable.is_range:
            ends = f"{variable.low:g}..{variable.high:g}"
            raise refuse(
                variable.path,
                f"say how many values the range has, such as {ends}:4, or take samples "
                "of a Latin hypercube with --samples",
            )
    count = math.prod(len(variable.levels) for variable in variables)
    if count > MAX_POINTS:
        raise ForyouError(
            f"the grid has {count:,} points, more than {MAX_POINTS:,}; "
            "take fewer values, or --samples of a Latin hypercube"
        )
    return list(product(*(variable.levels for variable in variables)))


def latin_hypercube(variables: Sequence[Variable], samples: int, seed: int) -> list[Point]:
    """``samples`` points that cover each variable evenly, whatever the others do.

    Each range is cut into as many parts of equal size as there are samples, and each part is
    visited once (McKay, Beckman and Conover 1979); within it the place is drawn. ``seed``
    fixes the points. Raises ForyouError for too few samples.
    """
    needed = max([len(variables) + 1, 4, *(len(variable.levels) for variable in variables)])
    if not needed <= samples <= MAX_POINTS:
        raise ForyouError(
            f"a Latin hypercube of {len(variables)} variable{'s' * (len(variables) != 1)} wants "
            f"{needed} to {MAX_POINTS:,} samples; got {samples:,}"
        )
    return [
        tuple(variable.at(float(u)) for variable, u in zip(variables, row, strict=True))
        for row in _unit_hypercube(len(variables), samples, seed)
    ]


def _unit_hypercube(dimensions: int, samples: int, seed: int) -> NDArray[np.float64]:
    """[samples, dimensions] in [0, 1)."""
    import numpy as np
    from scipy.stats import qmc

    from sim.core.random import key

    generator = np.random.default_rng(int(key(seed, "study/latin hypercube")))
    cube: NDArray[np.float64] = qmc.LatinHypercube(dimensions, seed=generator).random(samples)
    return cube


def changes(variables: Sequence[Variable], point: Point) -> dict[str, Any]:
    """Path to value for each variable at a point, to lay over a scenario.

    What names a component comes first: changing it afterwards would drop the options set so far.
    """
    pairs = [(v.path, level.value) for v, level in zip(variables, point, strict=True)]
    return dict(sorted(pairs, key=lambda pair: not pair[0].endswith((".use", ".policy"))))
