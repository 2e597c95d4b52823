"""What varies in a study, read from texts: settings with a list or a range for the value.

    feed.weights.share=0.5,1,2,4      these values
    feed.cold_start.policy=none,pools the same with words
    feed.cold_start.slots=0..30 %:4   four values from 0 % to 30 %, evenly spaced
    feed.weights.like=log:0.1..10:5   five values, evenly spaced on a logarithmic scale
    warmup=6..24 h                    anything in between: for samples, not for a grid

A unit behind the last number of a range holds for both ends.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

from sim.core.errors import ForyouError
from sim.core.units import AmountUnit, Unit, UnitError, shown
from sim.scenario.nodes import Location, path_text, plain
from sim.scenario.overrides import parse_path
from sim.scenario.text import read_text
from sim.study.points.design import Level, Variable, between, digits, refuse

if TYPE_CHECKING:
    from sim.scenario import Scenario

__all__ = ["MAX_STEPS", "as_it_is", "parse_vary"]

MAX_STEPS: Final = 1_000
"""Most values of one variable."""

_NUMBER = r"[-+]?(?:[0-9]+(?:_[0-9]+)*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?"
_QUANTITY: Final = re.compile(rf"\s*({_NUMBER})\s*(|%|/?\s*[A-Za-zµ][A-Za-zµ ]*)\s*")
_RANGE: Final = re.compile(r"(?P<log>log:)?(?P<ends>.*?\.\..*?)(?::(?P<steps>[0-9]{1,9}))?", re.S)
_HOW: Final = "write a list as 0.5,1,2 or a range as 0..1:5"
_OPEN: Final = {"[": "]", "{": "}"}


def parse_vary(vary: Sequence[str] | Mapping[str, Any], scenario: Scenario) -> tuple[Variable, ...]:
    """What varies, from ``PATH=VALUES`` texts or from a mapping of paths to values or texts.

    ``scenario`` tells which settings are whole numbers. Whether a path exists and takes the
    values is found when the points are laid over the scenario. Raises ForyouError.
    """
    if isinstance(vary, str):
        raise ForyouError("vary wants a list of PATH=VALUES, or a mapping; got one text")
    pairs = list(vary.items()) if isinstance(vary, Mapping) else [_split(text) for text in vary]
    if not pairs:
        raise ForyouError("nothing varies; give at least one PATH=VALUES, such as feed.slate=5,10")
    variables = tuple(_variable(path.strip(), spec, scenario) for path, spec in pairs)
    _refuse_overlaps(variables)
    return variables


def _split(text: str) -> tuple[str, str]:
    path, equals, spec = text.partition("=")
    if not equals:
        raise ForyouError(f"wants PATH=VALUES; got {shown(text)}; {_HOW}")
    return path, spec


def _variable(path: str, spec: Any, scenario: Scenario) -> Variable:
    location = parse_path(path)
    if location is None:
        raise ForyouError(f"vary: {shown(path)} is no path of a setting, such as feed.weights.like")
    if location[0] in _NOT_TO_VARY:
        raise refuse(path, _NOT_TO_VARY[str(location[0])])
    path = path_text(location)
    unit = _unit_at(scenario, location)
    if isinstance(spec, str):
        found = _written(path, spec, unit)
        _refuse_wrong_unit(found, unit)
        return found
    if isinstance(spec, Mapping) or not isinstance(spec, Iterable):
        raise refuse(path, f"wants a list of values or a text; got {shown(spec)}")
    return _listed(path, list(spec))


def _written(path: str, spec: str, unit: Unit | None) -> Variable:
    """A list or a range from its text."""
    if not spec.strip():
        raise refuse(path, f"has no values; {_HOW}")
    parts = _at_commas(spec)
    match = _RANGE.fullmatch(spec.strip()) if len(parts) == 1 else None
    if match is not None:
        return _range(path, match, unit)
    if spec.strip().startswith("log:"):
        raise refuse(path, "log: stands before a range, such as log:0.1..10:5")
    return _listed(path, [_read(path, part) for part in parts])


def _refuse_wrong_unit(variable: Variable, unit: Unit | None) -> None:
    """A text needs units where a scenario needs them: nobody can tell 6 seconds from 6 hours."""
    levels = variable.levels or (variable.level(variable.low), variable.level(variable.high))
    if unit is None:
        return
    try:
        for level in levels:
            unit.read(level.value, False)
    except UnitError as error:
        raise refuse(variable.path, str(error)) from None


_NOT_TO_VARY: Final[dict[str, str]] = {
    "seed": "the seeds of the worlds are drawn by the study; say how many worlds with -n",
    "extends": "can only be written in a file",
    **dict.fromkeys(("name", "question", "description", "tune"), "changes nothing in a run"),
}


def _at_commas(spec: str) -> list[str]:
    """The text cut at commas outside brackets and quotes."""
    parts, depth, quote, start = [], 0, "", 0
    for i, letter in enumerate(spec):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter in _OPEN:
            depth += 1
        elif letter in _OPEN.values():
            depth -= 1
        elif letter == "," and depth == 0:
            parts.append(spec[start:i])
            start = i + 1
    return [*parts, spec[start:]]


def _read(path: str, text: str) -> Any:
    """One value as a scenario text says it."""
    if not text.strip():
        raise refuse(path, f"a value is missing; {_HOW}")
    node, problems = read_text(text, "vary")
    if problems or node is None:
        why = "; ".join(dict.fromkeys(problem.message for problem in problems)) or "is nothing"
        raise refuse(path, f"{shown(text.strip())}: {why}")
    return plain(node)


def _quantity(value: Any) -> tuple[float, str] | None:
    """A value as number and unit, or None when it is a word or something larger."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value), ""
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) and len(value) < 100 else None
    return None if match is None else (float(match[1].replace("_", "")), match[2].strip())


def _listed(path: str, values: Sequence[Any]) -> Variable:
    if len(values) < 2:
        raise refuse(
            path,
            "has no values; " + _HOW
            if not values
            else "has one value only; give several, or fix it with --set",
        )
    if len(values) > MAX_STEPS:
        raise refuse(path, f"has {len(values):,} values; at most {MAX_STEPS:,} are possible")
    pairs = [_quantity(value) for value in values]
    units = {pair[1] for pair in pairs if pair is not None and (pair[0] != 0 or pair[1])}
    same = None not in pairs and len(units) <= 1
    unit = next(iter(units), "") if same else ""
    levels = tuple(
        Level(value, pair[0] if same and pair is not None else None, _text(value, pair, unit))
        for value, pair in zip(values, pairs, strict=True)
    )
    for one, other in combinations(levels, 2):
        if one.text == other.text or one.value == other.value:
            raise refuse(path, f"{one.text} stands there twice")
    return Variable(path, levels, unit=unit)


def _text(value: Any, pair: tuple[float, str] | None, unit: str) -> str:
    """A value as it is shown: a number with the unit of its list, a word, or a mapping in short."""
    if pair is not None:
        return f"{digits(pair[0])} {pair[1] or unit}".rstrip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        items = [f"{key}: {_text(item, _quantity(item), '')}" for key, item in value.items()]
        return "{" + ", ".join(items) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_text(item, _quantity(item), "") for item in value) + "]"
    return str(value)


def _range(path: str, match: re.Match[str], unit: Unit | None) -> Variable:
    words = [word.strip() for word in match["ends"].split("..", 1)]
    ends = [_quantity(word) for word in words]
    if ends[0] is None or ends[1] is None:
        wrong = words[0] if ends[0] is None else words[1]
        raise refuse(
            path, f"a range goes from number to number, as 0..1 or 6..24 h; got {shown(wrong)}"
        )
    (low, low_unit), (high, high_unit) = ends[0], ends[1]
    if low_unit and low_unit != high_unit:
        raise refuse(
            path, f"both ends of a range have one unit; got {shown(words[0])} and {shown(words[1])}"
        )
    if not (math.isfinite(low) and math.isfinite(high)):
        raise refuse(path, "both ends of a range must be finite")
    if low >= high:
        hint = f"; did you mean {words[1]}..{words[0]}?" if low > high else ""
        raise refuse(path, f"the range {match['ends'].strip()} is empty or upside down{hint}")
    log = match["log"] is not None
    if log and low <= 0 <= high:
        raise refuse(path, f"a logarithmic range must not contain 0; got {words[0]}..{words[1]}")
    whole = unit is not None and unit.whole and not high_unit
    if whole and not (low.is_integer() and high.is_integer()):
        raise refuse(path, f"wants whole numbers; got {match['ends'].strip()}")
    free = Variable(path, (), low, high, high_unit, log, whole)
    if match["steps"] is None:
        return free
    return _stepped(free, int(match["steps"]))


def _stepped(free: Variable, steps: int) -> Variable:
    """A range with its values laid out evenly."""
    if not 2 <= steps <= MAX_STEPS:
        raise refuse(
            free.path, f"a range has 2 to {MAX_STEPS:,} steps, both ends included; got {steps}"
        )
    numbers = []
    for i in range(steps):
        exact = between(free.low, free.high, i / (steps - 1), free.log)
        numbers.append(float(round(exact)) if free.whole else exact)
    if len(set(numbers)) < steps:
        raise refuse(free.path, f"there are no {steps} different whole numbers in the range")
    levels = tuple(free.level(number) for number in numbers)
    return Variable(free.path, levels, free.low, free.high, free.unit, free.log, free.whole)


def _unit_at(scenario: Scenario, location: Location) -> Unit | None:
    """The unit of a setting; None when it has none, or is not there before another setting is."""
    from pydantic import BaseModel

    from sim.scenario.fields import setting_at

    model: BaseModel = scenario
    rest = location
    node: Any = scenario
    for depth, part in enumerate(location, start=1):
        node = _below(node, part)
        if isinstance(node, BaseModel):
            model, rest = node, location[depth:]
    setting = setting_at(type(model), rest) if rest else None
    return None if setting is None else setting.unit


def _below(node: Any, part: str | int) -> Any:
    if isinstance(part, int):
        return node[part] if isinstance(node, tuple) and part < len(node) else None
    if isinstance(node, Mapping):
        return node.get(part)
    return getattr(node, part, None) if part in getattr(type(node), "model_fields", ()) else None


def as_it_is(variable: Variable, scenario: Scenario) -> Level | None:
    """What a variable is in the scenario anyway, in its own unit; None when it is not set there."""
    location = parse_path(variable.path) or ()
    value: Any = scenario.model_dump(exclude_none=True)
    for part in location:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    unit = _unit_at(scenario, location)
    if isinstance(unit, AmountUnit):
        return _amount_as_it_is(variable, value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Level(value, None, _text(value, None, ""))
    if not variable.numeric:
        written = value if unit is None else unit.write(value)
        return Level(written, None, _text(written, _quantity(written), ""))
    scale = 1.0
    if variable.unit and unit is not None:
        scale = unit.read(f"1 {variable.unit}", False)
    number = float(f"{value / scale:.12g}")
    return Level(value, number, f"{digits(number)} {variable.unit}".rstrip())


def _amount_as_it_is(variable: Variable, value: Any) -> Level:
    """An amount: a number only where all values are plain ones, or all are multiples, as it is."""
    pair = _quantity(value)
    comparable = variable.numeric and pair is not None and pair[1] == variable.unit
    return Level(value, pair[0] if pair and comparable else None, _text(value, pair, ""))


def _refuse_overlaps(variables: Sequence[Variable]) -> None:
    """One setting must not vary twice, nor as a part of another."""
    for one, other in combinations(variables, 2):
        a, b = sorted((parse_path(v.path) or () for v in (one, other)), key=len)
        if b[: len(a)] == a:
            what = "varies twice" if a == b else f"is a part of {path_text(a)}, which varies too"
            raise refuse(path_text(b), what)
