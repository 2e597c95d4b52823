"""Where a search looks: the settings that vary, in the units in which the scenario wrote them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sim.core.errors import ForyouError
from sim.core.units import AmountUnit, Multiple
from sim.scenario import Scenario
from sim.scenario.varied import Slot, quantity, slot_at
from sim.study.points.design import Level, Variable, digits

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

__all__ = ["Params", "Space", "space_of"]

Params = dict[str, float | int | str | bool]
"""Path to value: a number in the unit of the variable, or one of its choices as written."""

_STEPS: Final = 10_000
"""A proposed number is rounded to no coarser than this part of its range, and on a logarithmic
scale of itself: finer than any effect, and it can be read."""


@dataclass(frozen=True)
class Space:
    """The settings that vary and the place among them that the search starts from."""

    variables: tuple[Variable, ...]
    start: Mapping[str, float | int | str | bool | None]
    """What each setting is in the scenario, in its unit; None where that is no value it can take
    in the search."""

    @property
    def holds_start(self) -> bool:
        """Whether the scenario itself is a point of the search."""
        return all(value is not None for value in self.start.values())

    def distributions(self) -> dict[str, BaseDistribution]:
        """The space in Optuna's terms."""
        from optuna.distributions import (
            CategoricalDistribution,
            FloatDistribution,
            IntDistribution,
        )

        found: dict[str, BaseDistribution] = {}
        for v in self.variables:
            if v.levels:
                found[v.path] = CategoricalDistribution([level.value for level in v.levels])
            elif v.whole:
                found[v.path] = IntDistribution(int(v.low), int(v.high), log=v.log)
            else:
                found[v.path] = FloatDistribution(v.low, v.high, log=v.log)
        return found

    def tidy(self, params: Mapping[str, Any]) -> Params:
        """The same point with numbers that can be read, none of them outside its range."""
        found: Params = {}
        for v in self.variables:
            value = params[v.path]
            if not v.levels and not v.whole:
                value = min(max(_rounded(float(value), v), v.low), v.high)
            found[v.path] = value
        return found

    def level(self, variable: Variable, value: Any) -> Level:
        """One value of a variable with its text."""
        if not variable.levels:
            return variable.level(float(value))
        return next(x for x in variable.levels if x.value == value and type(x.value) is type(value))

    def changes(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """What a point changes in the scenario, for ``with_changes``.

        The names of components come last: one that differs drops the options of the other, which
        then do not count.
        """
        pairs = [(v.path, self.level(v, params[v.path]).value) for v in self.variables]
        return dict(sorted(pairs, key=lambda pair: pair[0].endswith((".use", ".policy"))))

    def texts(self, params: Mapping[str, Any]) -> dict[str, str]:
        """Path to value as people read it, such as ``20 %``."""
        return {v.path: self.level(v, params[v.path]).text for v in self.variables}

    def start_texts(self) -> dict[str, str]:
        """The same of the scenario itself; empty where the value is not in the search."""
        found = {}
        for v in self.variables:
            value = self.start[v.path]
            found[v.path] = "" if value is None else self.level(v, value).text
        return found


def _rounded(number: float, variable: Variable) -> float:
    """The number with as many decimals as its range needs."""
    step = (variable.high - variable.low) / _STEPS
    if variable.log:
        step = min(step, abs(number) / (_STEPS / 10))
    return round(number, max(math.ceil(-math.log10(step)), 0)) if step > 0 else number


def space_of(scenario: Scenario) -> Space:
    """The space that the ``tune:`` section of a scenario describes; the section is sound.

    Raises ForyouError when there is no section.
    """
    if scenario.tune is None:
        raise ForyouError(
            f'the scenario "{scenario.name}" has no section "tune", which says what varies and '
            "what is wanted; scenarios/tune_newcomers.yaml has one"
        )
    variables, start = [], {}
    for path, how in scenario.tune.vary.items():
        slot = slot_at(scenario, path)
        if how.choice is None:
            variable = _range(path, how.low, how.high, how.scale == "log", slot)
            start[path] = _start_number(variable, slot)
        else:
            variable = _choice(path, how.choice)
            values = [level.value for level in variable.levels]
            same = [value for value in values if _same(slot.read(value), slot.value)]
            start[path] = same[0] if same else None
        variables.append(variable)
    return Space(tuple(variables), start)


def _range(path: str, low: Any, high: Any, log: bool, slot: Slot) -> Variable:
    ends = quantity(low), quantity(high)
    assert ends[0] is not None
    assert ends[1] is not None
    unit = ends[1][1]
    whole = (slot.whole and not unit) or (
        slot.annotation is Any and isinstance(low, int) and isinstance(high, int)
    )
    return Variable(path, (), ends[0][0], ends[1][0], unit, log, whole)


def _choice(path: str, values: tuple[Any, ...]) -> Variable:
    levels = []
    for value in values:
        read = quantity(value)
        text = f"{digits(read[0])} {read[1]}".rstrip() if read is not None else _word(value)
        levels.append(Level(value, None if read is None else read[0], text))
    return Variable(path, tuple(levels))


def _word(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _same(one: Any, other: Any) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _start_number(variable: Variable, slot: Slot) -> float | int | None:
    """The setting's own number in the unit of its range; None when it lies outside."""
    value = slot.value
    if isinstance(slot.unit, AmountUnit):
        if isinstance(value, Multiple) != bool(variable.unit):
            return None  # a number of impressions and a multiple are not on one scale
        number = value.times if isinstance(value, Multiple) else float(value)
    elif not isinstance(value, int | float) or isinstance(value, bool):
        return None
    else:
        number = float(value)
    if variable.unit and slot.unit is not None and not isinstance(slot.unit, AmountUnit):
        number /= float(slot.unit.read(f"1 {variable.unit}", False))
    tidy = float(f"{number:.10g}")  # 0.2 is 20 %, whatever rounding did to it
    if not variable.low <= tidy <= variable.high:
        return None
    return int(tidy) if variable.whole else tidy
