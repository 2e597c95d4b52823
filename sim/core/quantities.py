"""Reading and writing quantities with units: exact, rounded once, and the same both ways.

A text such as ``1.5 h`` is read as an exact fraction and rounded to a float only at the end.
``format_*`` looks for the shortest text that is read back as the same float, bit for bit.
Numbers inside are seconds, shares from 0 to 1, and events per second or per week.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from sim.core.printable import one_line

__all__ = [
    "Multiple",
    "UnitError",
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
    "read_count",
    "read_duration",
    "read_multiple",
    "read_number",
    "read_rate",
    "read_share",
    "shown",
    "suggest",
]


class UnitError(ValueError):
    """A value that is not in the wanted unit: (what is wanted, what was found, a hint or "")."""

    def __init__(self, rule: str, found: str, hint: str = "") -> None:
        super().__init__(rule, found, hint)
        self.rule = rule
        self.found = found
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.rule}; got {self.found}" + (f"; {self.hint}" if self.hint else "")


def shown(value: object) -> str:
    """A value as an error message quotes it: text in quotes, long things cut."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = value if len(value) <= 60 else value[:57] + "..."
        return f'"{one_line(text)}"'
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    return one_line(value)[:60]


def suggest(word: str, known: Iterable[str]) -> str:
    """``did you mean "like"?`` for the closest known word, or an empty text."""
    if len(word) > 64:
        return ""  # comparing takes time that grows with the square of the length
    options = {option.lower(): option for option in known}
    close = difflib.get_close_matches(word.lower(), options, n=1, cutoff=0.6)
    return f'did you mean "{options[close[0]]}"?' if close else ""


# ---- durations ------------------------------------------------------------------------------

_NUMBER = r"(?:[0-9]+(?:_[0-9]+)*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?"
_PART = re.compile(rf"\s*({_NUMBER})\s*([A-Za-zµ]+)\s*")
_CLOCK = re.compile(r"\s*([0-9]{1,4}):([0-5][0-9])(?::([0-5][0-9](?:\.[0-9]+)?))?\s*\Z")
_PLAIN = re.compile(rf"\s*[-+]?{_NUMBER}\s*\Z")
_MAX_TEXT = 100

_SECONDS: Final[dict[str, Fraction]] = {
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "min": Fraction(60),
    "h": Fraction(3600),
    "d": Fraction(86400),
    "w": Fraction(604800),
}
_NAMES: Final[dict[str, str]] = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("w", "week", "weeks"), "w"),
}


def _exact(text: str) -> Fraction:
    """A decimal number without any rounding."""
    return Fraction(text.replace("_", ""))


def _to_float(exact: Fraction, rule: str, found: str) -> float:
    """Round once; refuse what does not fit a float."""
    try:
        return float(exact)
    except OverflowError:
        raise UnitError(rule, found, "that is too large") from None


def _unit_hint(word: str, known: dict[str, Any]) -> str:
    if word == "m":
        return 'write "min" for minutes'
    guess = suggest(word, known)
    return f'unknown unit "{word}"; ' + (guess or "known are " + ", ".join(_SECONDS))


_DURATION_RULE = 'wants a duration such as "6 h"'


def read_duration(value: object, bare: bool, signed: bool = False) -> float:
    """Seconds; a number without a unit is refused unless ``bare`` or 0. Raises ``UnitError``."""
    found = shown(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise UnitError(_DURATION_RULE, found)
    if not isinstance(value, str):
        if value != 0 and not bare:
            raise UnitError(_DURATION_RULE, found)
        exact = _finite(value, _DURATION_RULE, found)
    else:
        exact = _duration_text(value, found)
    if exact < 0 and not signed:
        raise UnitError("must not be negative", found)
    return _to_float(exact, _DURATION_RULE, found)


def _finite(value: float, rule: str, found: str) -> Fraction:
    try:
        return Fraction(value)
    except (OverflowError, ValueError):
        raise UnitError(rule, found, "it must be finite") from None


def _duration_text(value: str, found: str) -> Fraction:
    text = value.strip()
    if len(text) > _MAX_TEXT:
        raise UnitError(_DURATION_RULE, found)
    if _PLAIN.match(text):
        if _exact(text) == 0:
            return Fraction(0)
        raise UnitError(_DURATION_RULE, found)
    negative = text.startswith("-")
    rest = text[1:] if text[:1] in ("-", "+") else text
    if not rest:
        raise UnitError(_DURATION_RULE, found)
    total, previous, position = Fraction(0), None, 0
    while match := _PART.match(rest, position):
        unit = _NAMES.get(match[2])
        if unit is None:
            raise UnitError(_DURATION_RULE, found, _unit_hint(match[2], _NAMES))
        if previous is not None and _SECONDS[unit] >= previous:
            raise UnitError(_DURATION_RULE, found, "write the larger unit first, each once")
        total += _exact(match[1]) * _SECONDS[unit]
        previous, position = _SECONDS[unit], match.end()
    if position < len(rest):
        clock = _CLOCK.match(rest, position)
        if clock is None or (previous is not None and previous < _SECONDS["d"]):
            raise UnitError(_DURATION_RULE, found)
        if previous is not None and int(clock[1]) >= 24:
            raise UnitError(_DURATION_RULE, found, "a clock time after days goes to 23:59")
        total += int(clock[1]) * 3600 + int(clock[2]) * 60 + _exact(clock[3] or "0")
    return -total if negative else total


def parse_duration(value: float | str, *, signed: bool = False) -> float:
    """Seconds of a duration such as ``1 h 30 min`` or ``1 d 18:00``; a number is seconds.

    Raises ``UnitError`` when it is not a duration, or negative and not ``signed``.
    """
    return read_duration(value, bare=True, signed=signed)


def _shortest(value: float, unit: str, scale: Fraction) -> str | None:
    """The number with the fewest digits that, times ``scale``, is exactly ``value``."""
    exact = Fraction(value) / scale
    if not Fraction(1, 10**6) <= abs(exact) < 10**15:
        return None
    if exact.denominator == 1:
        return f"{exact.numerator}{unit}"
    for digits in range(1, 18):
        text = f"{float(exact):.{digits}g}"
        if "e" not in text and float(_exact(text.lstrip("-")) * scale) == abs(value):
            return f"{text}{unit}"
    return None


def _in_units(value: float, texts: Iterable[tuple[str, Fraction]]) -> list[str]:
    """``value`` in each unit that can say it exactly, the shortest number first."""
    found = [_shortest(value, unit, scale) for unit, scale in texts]
    return sorted((t for t in found if t is not None), key=lambda t: len(re.split("[ /]", t)[0]))


def format_duration(seconds: float) -> str:
    """The shortest text that reads back as exactly this many seconds, such as ``36 h``."""
    if seconds == 0:
        return "0 s"
    large_first = reversed(_SECONDS.items())
    texts = _in_units(seconds, ((f" {name}", scale) for name, scale in large_first))
    return texts[0] if texts else f"{seconds!r} s"


# ---- shares ---------------------------------------------------------------------------------

_SHARE_RULE = 'wants a share such as "5 %" or 0.05'
_PERCENT = re.compile(rf"\s*([-+]?{_NUMBER})\s*(?:%|percent)\s*\Z")


def read_share(value: object) -> float:
    """Share from 0 to 1. Raises ``UnitError``."""
    found = shown(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise UnitError(_SHARE_RULE, found)
    if isinstance(value, str):
        match = _PERCENT.match(value) if len(value) <= _MAX_TEXT else None
        if match is None:
            raise UnitError(_SHARE_RULE, found)
        exact = _exact(match[1]) / 100
    else:
        exact = _finite(value, _SHARE_RULE, found)
    if not 0 <= exact <= 1:
        percent = not isinstance(value, str) and 1 < exact <= 100
        hint = f'did you mean "{value} %"?' if percent else ""
        raise UnitError("must be between 0 % and 100 %", found, hint)
    return float(exact)


def parse_share(value: float | str) -> float:
    """Share from 0 to 1 of ``5 %`` or 0.05. Raises ``UnitError``."""
    return read_share(value)


def format_share(share: float) -> str:
    """A share in per cent that reads back as exactly the same float, such as ``5 %``."""
    if share == 0:
        return "0 %"
    # shifting the point of the decimal text is exact, so reading it back is too
    return _shortest(share, " %", Fraction(1, 100)) or f"{Decimal(repr(share)).scaleb(2)} %"


# ---- rates ----------------------------------------------------------------------------------

_RATE_RULE = 'wants a rate such as "2/day"'
_RATE = re.compile(rf"\s*({_NUMBER})\s*(?:/|per\s)\s*([A-Za-z]+)\s*\Z")
_RATE_WORDS: Final[dict[str, Fraction]] = {
    "day": _SECONDS["d"],
    "week": _SECONDS["w"],
    "hour": _SECONDS["h"],
    "min": _SECONDS["min"],
    "s": _SECONDS["s"],
}
"""Units to write rates in; the first wins a tie."""


def read_rate(value: object, bare: bool, span: Fraction = Fraction(1)) -> float:
    """Events in a ``span`` of seconds; a number without a unit is refused unless ``bare`` or 0."""
    found = shown(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise UnitError(_RATE_RULE, found)
    if not isinstance(value, str):
        if value != 0 and not bare:
            raise UnitError(_RATE_RULE, found)
        if value < 0:
            raise UnitError("must not be negative", found)
        return _to_float(_finite(value, _RATE_RULE, found), _RATE_RULE, found)
    match = _RATE.match(value) if len(value) <= _MAX_TEXT else None
    if match is None:
        raise UnitError(_RATE_RULE, found)
    unit = _NAMES.get(match[2])
    if unit is None:
        raise UnitError(_RATE_RULE, found, _unit_hint(match[2], _NAMES))
    return _to_float(_exact(match[1]) * span / _SECONDS[unit], _RATE_RULE, found)


def _write_rate(rate: float, span: Fraction) -> str:
    if rate == 0:
        return "0/day"
    texts = _in_units(rate, ((f"/{word}", span / size) for word, size in _RATE_WORDS.items()))
    return texts[0] if texts else f"{rate!r}/{'s' if span == 1 else 'week'}"


def parse_rate(value: float | str) -> float:
    """Events per second of ``2/day``; a number is per second. Raises ``UnitError``."""
    return read_rate(value, True, _SECONDS["s"])


def format_rate(per_second: float) -> str:
    """A rate that reads back as exactly the same float per second, such as ``2/day``."""
    return _write_rate(per_second, _SECONDS["s"])


def parse_weekly_rate(value: float | str) -> float:
    """Events per week of ``2/day`` or ``3.9/week``; a number is per week. Raises ``UnitError``."""
    return read_rate(value, True, _SECONDS["w"])


def format_weekly_rate(per_week: float) -> str:
    """A rate that reads back as exactly the same float per week."""
    return _write_rate(per_week, _SECONDS["w"])


# ---- counts and numbers ---------------------------------------------------------------------

_COUNT_RULE = "wants a whole number such as 20_000"


def read_count(value: object) -> int:
    """Whole number; text is refused. Raises ``UnitError``."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnitError(_COUNT_RULE, shown(value))
    if isinstance(value, float) and not value.is_integer():
        raise UnitError(_COUNT_RULE, shown(value))
    return int(value)


def parse_count(value: float | str) -> int:
    """Whole number of 20000, 2e4 or the text ``20_000``. Raises ``UnitError``."""
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,18}(_[0-9]{1,18})*\s*", value):
        return int(value)
    return read_count(value)


def format_count(count: int) -> str:
    """A whole number with a mark every three digits from 10_000 on."""
    return f"{count:_}" if abs(count) >= 10_000 else str(count)


def read_number(value: object) -> float:
    """Finite number; text is refused. Raises ``UnitError``."""
    found = shown(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnitError("wants a number", found)
    return _to_float(_finite(value, "must be a finite number", found), "wants a number", found)


def parse_number(value: float) -> float:
    """A finite number. Raises ``UnitError``."""
    return read_number(value)


# ---- multiples ------------------------------------------------------------------------------

_MULTIPLE_RULE = 'wants a multiple such as "0.1x"'
_MULTIPLE = re.compile(rf"\s*([-+]?{_NUMBER})\s*x\s*\Z")
_MAX_TIMES = 10**6


@dataclass(frozen=True, slots=True)
class Multiple:
    """So many times a number that another setting states."""

    times: float
    """Above 0."""

    def __str__(self) -> str:
        return format_multiple(self.times)


def read_multiple(value: str, rule: str = _MULTIPLE_RULE) -> Multiple:
    """The multiple that a text such as ``0.1x`` says. Raises ``UnitError`` that wants ``rule``."""
    found = shown(value)
    match = _MULTIPLE.match(value) if len(value) <= _MAX_TEXT else None
    if match is None:
        raise UnitError(rule, found)
    exact = _exact(match[1])
    if not 0 < exact <= _MAX_TIMES or float(exact) == 0:
        raise UnitError(f"must be more than 0x and at most {_MAX_TIMES:_}x", found)
    return Multiple(float(exact))


def parse_multiple(value: str) -> Multiple:
    """The multiple that a text such as ``0.1x`` says. Raises ``UnitError``."""
    return read_multiple(value)


def format_multiple(times: float) -> str:
    """A multiple that reads back as exactly the same float, such as ``0.1x``."""
    return _shortest(times, "x", Fraction(1)) or f"{times!r}x"
