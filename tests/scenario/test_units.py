"""Human units: what they mean, what is refused, and exact round trips."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.core.config import Config
from sim.core.units import (
    HUMAN,
    Count,
    Duration,
    Number,
    Rate,
    Share,
    SignedDuration,
    UnitError,
    WeeklyRate,
    format_count,
    format_duration,
    format_rate,
    format_share,
    format_weekly_rate,
    parse_count,
    parse_duration,
    parse_rate,
    parse_share,
    parse_weekly_rate,
)

POSITIVE = st.floats(min_value=0, allow_infinity=False, allow_nan=False)


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90 s", 90.0),
        ("90s", 90.0),
        ("250 ms", 0.25),
        ("10 min", 600.0),
        ("3 d", 259_200.0),
        ("2 weeks", 1_209_600.0),
        ("1 h 30 min", 5_400.0),
        ("1h30min", 5_400.0),
        ("1 d 18:00", 151_200.0),
        ("1 d 18:00:30", 151_230.0),
        ("18:00", 64_800.0),
        ("1.5 h", 5_400.0),
        ("1_000 s", 1_000.0),
        ("0.1 s", 0.1),
        ("0", 0.0),
        ("1e3 s", 1_000.0),
    ],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert bits(parse_duration(text)) == bits(seconds)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("6", 'wants a duration such as "6 h"; got "6"'),
        ("", 'wants a duration such as "6 h"; got ""'),
        ("soon", 'wants a duration such as "6 h"; got "soon"'),
        ("5 m", 'wants a duration such as "6 h"; got "5 m"; write "min" for minutes'),
        (
            "6 hous",
            'wants a duration such as "6 h"; got "6 hous"; unknown unit "hous"; '
            'did you mean "hours"?',
        ),
        (
            "30 min 1 h",
            'wants a duration such as "6 h"; got "30 min 1 h"; '
            "write the larger unit first, each once",
        ),
        (
            "1 d 24:00",
            'wants a duration such as "6 h"; got "1 d 24:00"; '
            "a clock time after days goes to 23:59",
        ),
        ("1 h 18:00", 'wants a duration such as "6 h"; got "1 h 18:00"'),
        ("18:60", 'wants a duration such as "6 h"; got "18:60"'),
        ("-3 h", 'must not be negative; got "-3 h"'),
        ("1e999 s", 'wants a duration such as "6 h"; got "1e999 s"; that is too large'),
        ("nan s", 'wants a duration such as "6 h"; got "nan s"'),
    ],
)
def test_what_is_no_duration_is_refused(text: str, message: str) -> None:
    with pytest.raises(UnitError) as error:
        parse_duration(text)
    assert str(error.value) == message


def test_a_long_text_is_refused_at_once() -> None:
    with pytest.raises(UnitError):
        parse_duration("1" * 10_000_000 + " s")
    with pytest.raises(UnitError):
        parse_duration("1e99999999999 s")


def test_a_negative_duration_where_it_is_allowed() -> None:
    assert parse_duration("-3 h", signed=True) == -10_800.0
    assert parse_duration("-1 h 30 min", signed=True) == -5_400.0


@given(POSITIVE)
def test_a_duration_is_written_and_read_back_bit_for_bit(seconds: float) -> None:
    assert bits(parse_duration(format_duration(seconds))) == bits(seconds)


@given(st.integers(0, 10**7).map(lambda n: n * 60.0))
def test_whole_minutes_are_written_without_a_fraction_of_a_second(seconds: float) -> None:
    text = format_duration(seconds)
    assert parse_duration(text) == seconds
    assert not text.endswith("ms")


@given(st.floats(allow_infinity=False, allow_nan=False).map(lambda x: x + 0.0))
def test_a_signed_duration_is_written_and_read_back_bit_for_bit(seconds: float) -> None:
    assert bits(parse_duration(format_duration(seconds), signed=True)) == bits(seconds)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 s"), (60.0, "1 min"), (90.0, "90 s"), (129_600.0, "36 h"), (0.25, "250 ms"),
     (259_200.0, "3 d"), (604_800.0, "1 w"), (-10_800.0, "-3 h")],
)  # fmt: skip
def test_a_duration_is_written_as_people_do(seconds: float, text: str) -> None:
    if seconds == 0.25:
        assert format_duration(seconds) in (text, "0.25 s")
    else:
        assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "share"), [("5 %", 0.05), ("5%", 0.05), (0.05, 0.05), ("0.1 %", 0.001), (1, 1.0)]
)
def test_a_share_is_read(value: float | str, share: float) -> None:
    assert bits(parse_share(value)) == bits(share)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("120 %", 'must be between 0 % and 100 %; got "120 %"'),
        (5, 'must be between 0 % and 100 %; got 5; did you mean "5 %"?'),
        (-0.1, "must be between 0 % and 100 %; got -0.1"),
        ("5", 'wants a share such as "5 %" or 0.05; got "5"'),
        (math.nan, 'wants a share such as "5 %" or 0.05; got nan; it must be finite'),
    ],
)
def test_what_is_no_share_is_refused(value: float | str, message: str) -> None:
    with pytest.raises(UnitError) as error:
        parse_share(value)
    assert str(error.value) == message


@given(st.floats(0, 1).map(abs))
def test_a_share_is_written_and_read_back_bit_for_bit(share: float) -> None:
    assert bits(parse_share(format_share(share))) == bits(share)


def test_a_rate_is_read_per_second_or_per_week() -> None:
    assert parse_rate("2/day") == 2 / 86_400
    assert parse_rate("1 per hour") == 1 / 3_600
    assert parse_weekly_rate("3.9/week") == 3.9
    assert parse_weekly_rate("2/day") == 14.0
    assert format_weekly_rate(3.9) == "3.9/week"
    assert format_rate(2 / 86_400) == "2/day"
    with pytest.raises(UnitError, match='unknown unit "fortnight"'):
        parse_rate("2/fortnight")


@given(POSITIVE)
def test_a_rate_is_written_and_read_back_bit_for_bit(rate: float) -> None:
    assert bits(parse_rate(format_rate(rate))) == bits(rate)
    assert bits(parse_weekly_rate(format_weekly_rate(rate))) == bits(rate)


@given(st.integers(-(10**15), 10**15))
def test_a_count_is_written_and_read_back(count: int) -> None:
    assert parse_count(format_count(count)) == count


@pytest.mark.parametrize("value", [2.5, "20k", "20,000", True, None, math.inf])
def test_what_is_no_count_is_refused(value: object) -> None:
    with pytest.raises(UnitError, match="wants a whole number such as 20_000; got "):
        parse_count(value)  # type: ignore[arg-type]


class Everything(Config):
    duration: Duration = 0.0
    offset: SignedDuration = 0.0
    share: Share = 0.0
    rate: Rate = 0.0
    weekly: WeeklyRate = 0.0
    count: Count = 0
    number: Number = 0.0


def test_python_may_use_the_inner_unit_but_a_scenario_needs_human_ones() -> None:
    plain = {"duration": 90, "offset": -60.0, "rate": 0.5, "weekly": 3.9}
    assert Everything.model_validate(plain).duration == 90.0
    with pytest.raises(ValidationError) as error:
        Everything.model_validate(plain, context=HUMAN)
    assert [e["loc"][0] for e in error.value.errors()] == list(plain)


def test_zero_needs_no_unit() -> None:
    zeros = dict.fromkeys(Everything.model_fields, 0)
    assert Everything.model_validate(zeros, context=HUMAN) == Everything()


@pytest.mark.parametrize("field", list(Everything.model_fields))
@pytest.mark.parametrize("value", [True, None, [], {}, "x", math.nan, math.inf], ids=str)
def test_nonsense_is_refused_everywhere(field: str, value: object) -> None:
    for context in (None, HUMAN):
        with pytest.raises(ValidationError):
            Everything.model_validate({field: value}, context=context)


@pytest.mark.parametrize("field", [f for f in Everything.model_fields if f != "count"])
def test_a_number_that_no_float_holds_is_refused(field: str) -> None:
    with pytest.raises(ValidationError):
        Everything.model_validate({field: 10**400})
