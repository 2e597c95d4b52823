"""Human units in scenarios and on the command line; plain numbers inside.

    in YAML                      inside                          type
    "90 s", "3 d", "1 d 18:00"   seconds, float                  Duration, SignedDuration
    "5 %", 0.05                  share from 0 to 1, float        Share
    "2/day", "3.9/week"          per second, float               Rate
    "2/day", "3.9/week"          per week, float                 WeeklyRate
    20_000                       whole number, at least 0        Count
    "0.1x"                       Multiple                        amount(int), amount(float)
    0.6                          finite number                   Number

In Python a plain number in the inner unit is welcome. In a scenario text (validation context
``HUMAN``) a bare number where a unit is needed is refused, except 0: nobody can tell
whether 6 means seconds or hours. The same context makes ``model_dump`` write human units.

An amount is a plain number, or a multiple of one that another setting states: a ``Multiple``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, Final

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from sim.core.quantities import (
    Multiple,
    UnitError,
    format_count,
    format_duration,
    format_multiple,
    format_rate,
    format_share,
    format_weekly_rate,
    parse_count,
    parse_duration,
    parse_multiple,
    parse_number,
    parse_rate,
    parse_share,
    parse_weekly_rate,
    read_count,
    read_duration,
    read_multiple,
    read_number,
    read_rate,
    read_share,
    shown,
    suggest,
)

__all__ = [
    "COUNT",
    "DURATION",
    "HUMAN",
    "NUMBER",
    "RATE",
    "SHARE",
    "SIGNED_DURATION",
    "WEEKLY_RATE",
    "AmountUnit",
    "Count",
    "Duration",
    "Multiple",
    "Number",
    "Rate",
    "Share",
    "SignedDuration",
    "Unit",
    "UnitError",
    "WeeklyRate",
    "amount",
    "format_count",
    "format_duration",
    "format_multiple",
    "format_rate",
    "format_share",
    "format_weekly_rate",
    "parse_count",
    "parse_duration",
    "parse_multiple",
    "parse_number",
    "parse_rate",
    "parse_share",
    "parse_weekly_rate",
    "shown",
    "suggest",
]

HUMAN: Final[dict[str, str]] = {"units": "human"}
"""Validation and serialisation context of scenario texts."""

WEEK: Final = Fraction(604800)


@dataclass(frozen=True, eq=False)
class Unit:
    """How one kind of quantity is read, written and described; goes into ``Annotated``."""

    name: str
    """Name in the reference."""
    inside: str
    """Unit of the plain number."""
    read: Callable[[object, bool], Any]
    """(value, whether a bare number is welcome) to the plain number; raises ``UnitError``."""
    write: Callable[[Any], object]
    """Plain number to what stands in YAML."""
    schema: tuple[JsonSchemaValue, ...]
    """JSON Schema of the ways to write it; none when it is that of the plain number."""
    whole: bool = False
    """Whether the plain number is a whole one."""

    def _validate(self, value: object, info: core_schema.ValidationInfo) -> Any:
        try:
            return self.read(value, info.context is None)
        except UnitError as error:
            raise PydanticCustomError(
                "unit",
                "{rule}; got {found}{tail}",
                {
                    "rule": error.rule,
                    "found": error.found,
                    "hint": error.hint,
                    "tail": f"; {error.hint}" if error.hint else "",
                },
            ) from error

    def _serialise(self, value: Any, info: core_schema.SerializationInfo) -> object:
        return value if info.context is None else self.write(value)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.with_info_before_validator_function(
            self._validate,
            handler(source),
            serialization=core_schema.plain_serializer_function_ser_schema(
                self._serialise, info_arg=True
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        if not self.schema:
            return handler(schema)
        return dict(self.schema[0]) if len(self.schema) == 1 else {"anyOf": list(self.schema)}


@dataclass(frozen=True, eq=False)
class AmountUnit(Unit):
    """The unit of a plain number in whose place a ``Multiple`` may stand."""

    ge: float | None = None
    """Bounds of the plain number; those of a multiple are always the same."""
    gt: float | None = None
    le: float | None = None

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        del source
        kind = int if self.whole else float
        bounds = Field(ge=self.ge, gt=self.gt, le=self.le)
        number = handler.generate_schema(Annotated[kind, bounds])

        def validate(
            value: object,
            bounded: core_schema.ValidatorFunctionWrapHandler,
            info: core_schema.ValidationInfo,
        ) -> Any:
            read = self._validate(value, info)
            return read if isinstance(read, Multiple) else bounded(read)

        return core_schema.with_info_wrap_validator_function(
            validate,
            number,
            # a multiple is text in every form of a scenario; a number looks the same in all
            serialization=core_schema.plain_serializer_function_ser_schema(self.write),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), *self.schema]}


def _text(pattern: str, *examples: str) -> JsonSchemaValue:
    return {"type": "string", "pattern": pattern, "examples": list(examples)}


_NUMBER = r"[0-9][0-9_]*(\.[0-9]*)?([eE][-+]?[0-9]{1,3})?"
_TIME = rf"({_NUMBER} *[a-z]+ *)*([0-9]+:[0-5][0-9](:[0-5][0-9])?)?$"
_RATE = rf"^{_NUMBER} *(/|per ) *[a-z]+$"
_ZERO: JsonSchemaValue = {"const": 0}

DURATION: Final = Unit(
    "duration",
    "s",
    read_duration,
    format_duration,
    (_text("^" + _TIME, "90 s", "10 min", "1 d 18:00"), _ZERO),
)
SIGNED_DURATION: Final = Unit(
    "duration, may be negative",
    "s",
    lambda value, bare: read_duration(value, bare, signed=True),
    format_duration,
    (_text("^[-+]?" + _TIME, "8 h", "-3 h"), _ZERO),
)
SHARE: Final = Unit(
    "share",
    "0 to 1",
    lambda value, _: read_share(value),
    format_share,
    (_text(rf"^{_NUMBER} *(%|percent)$", "5 %"), {"type": "number", "minimum": 0, "maximum": 1}),
)
RATE: Final = Unit(
    "rate", "per second", read_rate, format_rate, (_text(_RATE, "2/day", "3.9/week"), _ZERO)
)
WEEKLY_RATE: Final = Unit(
    "rate",
    "per week",
    lambda value, bare: read_rate(value, bare, WEEK),
    format_weekly_rate,
    (_text(_RATE, "2/day", "3.9/week"), _ZERO),
)
COUNT: Final = Unit(
    "count",
    "whole number",
    lambda value, _: read_count(value),
    lambda value: value,
    (),
    whole=True,
)
NUMBER: Final = Unit(
    "number",
    "finite number",
    lambda value, _: read_number(value),
    lambda value: value,
    (),
)


def amount(
    kind: type[int | float],
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
) -> AmountUnit:
    """The unit for ``int | Multiple`` or ``float | Multiple``: a number within bounds, or ``0.1x``.

    Of what a multiple is one, and that it is stated, is for the scenario to say
    (``sim.scenario.amounts``).
    """
    whole = kind is int
    rule = f"wants {'a whole number such as 20_000' if whole else 'a number'} or a multiple " + (
        'such as "0.1x"'
    )

    def read(value: object, bare: bool) -> int | float | Multiple:
        del bare
        if isinstance(value, Multiple):
            return value
        if isinstance(value, str):
            return read_multiple(value, rule)
        try:
            return read_count(value) if whole else read_number(value)
        except UnitError as error:
            # that a number is not finite is worth more than what else would do
            number = isinstance(value, float) and not whole
            raise UnitError(error.rule if number else rule, error.found, error.hint) from None

    return AmountUnit(
        ("count" if whole else "number") + " or multiple",
        "whole number" if whole else "finite number",
        read,
        lambda value: str(value) if isinstance(value, Multiple) else value,
        (_text(rf"^{_NUMBER} *x$", "0.1x", "5x"),),
        whole,
        ge,
        gt,
        le,
    )


Duration = Annotated[float, DURATION]
"""Seconds, at least 0."""
SignedDuration = Annotated[float, SIGNED_DURATION]
"""Seconds."""
Share = Annotated[float, SHARE]
"""From 0 to 1."""
Rate = Annotated[float, RATE]
"""Events per second."""
WeeklyRate = Annotated[float, WEEKLY_RATE]
"""Events per week."""
Count = Annotated[int, COUNT, Field(ge=0)]
"""Whole number, at least 0."""
Number = Annotated[float, NUMBER]
"""Finite number."""
