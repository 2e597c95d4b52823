"""What the paths of a ``tune:`` section stand for, and whether the section makes sense.

A path is followed in the scenario itself, not in its schema: which options ``feed.cold_start``
has depends on the policy that it names.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError, create_model

from sim.core.units import HUMAN, Unit, shown, suggest
from sim.scenario.components import Component, Custom
from sim.scenario.fields import Setting, setting_at
from sim.scenario.nodes import Location, Place, path_text, tree
from sim.scenario.overrides import parse_path
from sim.scenario.problems import to_problems
from sim.scenario.tune import ConstraintConfig, TuneConfig, VaryConfig

__all__ = ["Complaint", "Slot", "complaints", "quantity", "slot_at"]

Complaint = tuple[Location, str]
"""Where something is wrong below ``tune``, and what."""

_OTHER_WORLDS: Final = "trials are compared in the same worlds, and these would be others"
_OTHER_RULER: Final = "would change what is measured, not what happens"
_SETTLED: Final[dict[str, str]] = {
    "extends": "can only be written in a file",
    "seed": _OTHER_WORLDS,
    "duration": _OTHER_WORLDS,
    "refresh": _OTHER_WORLDS,
    "population.users": _OTHER_WORLDS,
    "population.creators": _OTHER_WORLDS,
    "population.topics": _OTHER_WORLDS,
    "population.locales": _OTHER_WORLDS,
    "population.devices": _OTHER_WORLDS,
    "viral": _OTHER_RULER,
    "warmup": _OTHER_RULER,
    **dict.fromkeys(("name", "question", "description", "record", "tune"), "changes no run"),
}
"""Where paths must not begin, and why."""

_NUMBER: Final = r"[-+]?(?:[0-9]+(?:_[0-9]+)*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?"
_QUANTITY: Final = re.compile(rf"\s*({_NUMBER})\s*(|%|/?\s*[A-Za-z][A-Za-z ]*)\s*")


def quantity(value: Any) -> tuple[float, str] | None:
    """A value as number and unit as written, or None when it is a word or true or false."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value), ""
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) and len(value) < 100 else None
    return None if match is None else (float(match[1].replace("_", "")), match[2].strip())


# ---- paths ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slot:
    """The setting that a path stands for, in one scenario."""

    path: str
    annotation: Any
    """Its bare type."""
    metadata: tuple[Any, ...]
    """Units and bounds."""
    value: Any
    """What it is now, in the inner unit; None when it is left out."""
    key: str = ""
    """``use`` or ``policy`` when it is the name of a component, whose type is then that of the
    whole component."""

    @property
    def unit(self) -> Unit | None:
        """Its unit, when it has one."""
        return next((item for item in self.metadata if isinstance(item, Unit)), None)

    @property
    def numeric(self) -> bool:
        """Whether it is a number, so that it can vary in a range."""
        return not self.key and self.annotation in (int, float, Any)

    @property
    def whole(self) -> bool:
        """Whether it is a whole number."""
        return self.annotation is int

    def read(self, value: Any) -> Any:
        """A value as a scenario text would say it, in the inner unit. Raises ValueError."""
        kind: Any = self.annotation
        if self.metadata:
            kind = Annotated[(self.annotation, *self.metadata)]
        model = create_model("_Value", value=(kind, ...))
        data = {"value": {self.key: value} if self.key else value}
        try:
            read = model.model_validate(data, strict=True, context=HUMAN)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            raise ValueError(to_problems(found, tree(data, Place("")), model)[0].message) from None
        return value if self.key else read.value  # type: ignore[attr-defined]


def slot_at(scenario: BaseModel, path: str) -> Slot:
    """The setting at a dotted path. Raises ValueError, with what is wrong and a way out."""
    location = parse_path(path)
    if location is None:
        raise ValueError("is no path of a setting, such as feed.weights.like")
    for end in (1, 2):
        if (why := _SETTLED.get(path_text(location[:end]))) is not None:
            raise ValueError(f"must not vary: {why}")
    above: Setting | None = None
    value: Any = scenario
    model, rest = scenario, location
    for depth, part in enumerate(location):
        value = _below(value, part, path_text(location[:depth]))
        if isinstance(value, BaseModel):
            above = setting_at(type(model), rest[: len(rest) - len(location) + depth + 1])
            model, rest = value, location[depth + 1 :]
    setting = setting_at(type(model), rest) if rest else None
    if isinstance(value, BaseModel | Mapping | tuple):
        raise ValueError("is a group of settings; name one of them")
    if isinstance(model, Component) and rest == (model.KEY,) and above is not None:
        return Slot(path_text(location), above.annotation, above.metadata, value, model.KEY)
    if setting is None:  # an option of the user's own code, of which only the value is known
        return Slot(path_text(location), Any, (), value)
    if isinstance(value, _Unnamed):
        _refuse_unknown_name(model, rest)
        value = 0.0
    return Slot(path_text(location), setting.annotation, setting.metadata, value)


class _Unnamed:
    """Stands for an entry that a mapping of weights does not name, and that so counts 0."""


def _below(value: Any, part: str | int, above: str) -> Any:
    """The value one step down; ``above`` is the path so far. Raises ValueError."""
    if isinstance(value, BaseModel):
        if part in type(value).model_fields:
            return getattr(value, str(part))
        if isinstance(value, Custom) and part in value.options:
            return value.options[str(part)]
        known = value.options if isinstance(value, Custom) else type(value).model_fields
        raise ValueError(_unknown(part, above, known))
    if isinstance(value, Mapping):
        return value.get(str(part), _Unnamed())
    if isinstance(value, tuple):
        if isinstance(part, int) and part < len(value):
            return value[part]
        count = f"it has {len(value)} entries, counted from 0" if value else "it is empty"
        raise ValueError(f"has no such entry; {shown(above)} is a list, {count}")
    raise ValueError(f"does not exist; {shown(above)} is one value")


def _refuse_unknown_name(model: BaseModel, rest: Location) -> None:
    """ValueError when the mapping at ``rest`` cannot name its last part."""
    above = setting_at(type(model), rest[:-1])
    if above is None or get_origin(above.annotation) is not dict:
        return
    try:
        TypeAdapter(get_args(above.annotation)[0]).validate_python(rest[-1], strict=True)
    except ValidationError as error:
        raise ValueError(str(error.errors()[0]["msg"])) from None


def _unknown(part: str | int, above: str, known: Mapping[str, Any]) -> str:
    hint = suggest(str(part), known) or "known are " + ", ".join(known)
    return (
        f"does not exist; {shown(above) if above else 'the scenario'} has no {shown(part)}; {hint}"
    )


# ---- rules ------------------------------------------------------------------------------------


def complaints(tune: TuneConfig, scenario: BaseModel | None) -> Iterator[Complaint]:
    """Everything in the section that makes no sense.

    ``scenario`` is the whole it stands in; None when other settings are wrong, and then paths are
    not looked at.
    """
    for name in ("vary", "objectives"):
        if not getattr(tune, name):
            yield (name,), "needs at least 1 entry; got 0"
    for path, how in tune.vary.items():
        where: Location = ("vary", path)
        slot = None
        if scenario is not None:
            try:
                slot = slot_at(scenario, path)
            except ValueError as error:
                yield where, str(error)
                continue
        if how.choice is not None:
            yield from _choice(where, how, slot)
        else:
            yield from _range(where, how, slot)
    yield from _overlaps(tuple(tune.vary))
    known: dict[str, int] = {}
    for i, objective in enumerate(tune.objectives):
        if known.setdefault(objective.metric, i) != i:
            first = f"objectives[{known[objective.metric]}]"
            yield ("objectives", i, "metric"), f"is the metric of {first} already"
    for i, constraint in enumerate(tune.constraints):
        yield from _bounds(("constraints", i), constraint)


def _choice(where: Location, how: VaryConfig, slot: Slot | None) -> Iterator[Complaint]:
    if how.low is not None or how.high is not None:
        name = "low" if how.low is not None else "high"
        yield (*where, name), "a setting varies in a range or among a choice, not both"
    assert how.choice is not None
    if len(how.choice) < 2:
        yield (*where, "choice"), f"needs at least 2 values; got {len(how.choice)}"
    known: list[Any] = []
    for i, value in enumerate(how.choice):
        here = (*where, "choice", i)
        inner = value
        if slot is not None:
            try:
                inner = slot.read(value)
            except ValueError as error:
                yield here, str(error)
                continue
        if any(type(inner) is type(other) and inner == other for other in known):
            yield here, f"stands there twice; got {shown(value)}"
        known.append(inner)


def _range(where: Location, how: VaryConfig, slot: Slot | None) -> Iterator[Complaint]:
    for name in ("low", "high"):
        if getattr(how, name) is None:
            yield where, f'needs "{name}" and the other end of a range, or "choice"'
            return
    if slot is not None and not slot.numeric:
        yield where, 'is no number, so it has no range; write "choice" and its values'
        return
    ends = []
    for name in ("low", "high"):
        value = getattr(how, name)
        read = quantity(value)
        if read is None:
            yield (*where, name), f"wants a number, with its unit if it has one; got {shown(value)}"
            continue
        if slot is not None:
            try:
                slot.read(value)
            except ValueError as error:
                yield (*where, name), str(error)
                continue
        ends.append(read)
    if len(ends) < 2:
        return
    (low, low_unit), (high, high_unit) = ends
    zero = low == 0 and not low_unit
    if low_unit != high_unit and not zero:
        yield (
            (*where, "low"),
            f"both ends have one unit; got {shown(how.low)} and {shown(how.high)}",
        )
    elif low >= high:
        hint = "; swap the two" if low > high else ""
        yield (*where, "low"), f"must be below high, {how.high}; got {how.low}{hint}"
    elif how.scale == "log" and low <= 0:
        yield (*where, "low"), f"must be above 0 on a logarithmic scale; got {how.low}"
    elif not math.isfinite(high - low):
        yield (*where, "high"), "is too far from low"


def _overlaps(paths: tuple[str, ...]) -> Iterator[Complaint]:
    """One setting must not vary under two spellings of its path."""
    known: dict[Location, str] = {}
    for path in paths:
        location = parse_path(path)
        if location is not None and known.setdefault(location, path) != path:
            yield ("vary", path), f"varies as {shown(known[location])} already"


def _bounds(where: Location, constraint: ConstraintConfig) -> Iterator[Complaint]:
    low, high = constraint.at_least, constraint.at_most
    if low is None and high is None:
        yield where, 'needs "at_least" or "at_most"'
    elif low is not None and high is not None and low > high:
        yield (*where, "at_least"), f"must not be above at_most, {high:g}; got {low:g}"
    if constraint.of is not None:
        for name, bound in (("at_least", low), ("at_most", high)):
            if bound is not None and bound <= 0:
                yield (*where, name), f"a fraction of the start must be above 0; got {bound:g}"
