"""Amounts: a number or a multiple of the stated mean, and what counts as viral in either."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.errors import ScenarioError
from sim.core.units import Multiple, UnitError, format_multiple, parse_multiple
from sim.scenario import Scenario, dump, json_schema, load, loads, scenario_hash
from sim.scenario.amounts import impressions_of, settled
from sim.scenario.feed import Pools, Smoothed
from sim.scenario.viral import Viral, viral_of
from sim.study.points.vary import as_it_is, parse_vary
from sim.study.runs.plan import with_changes
from sim.study.tune.space import space_of

HEAD = "name: x\nduration: 1 d\ncatalogue: {mean_impressions: 250}\n"
BARE = "name: x\nduration: 1 d\n"


def told(text: str, *changes: str) -> list[tuple[int, int, str, str]]:
    with pytest.raises(ScenarioError) as error:
        loads(text, "x.yaml", changes)
    return [(p.line, p.column, p.path, p.message) for p in error.value.problems]


def pools(first: Any) -> str:
    return f"{HEAD}feed: {{cold_start: {{policy: pools, first: {first}}}}}\n"


# ---- the unit


@pytest.mark.parametrize(
    ("text", "times"), [("0.1x", 0.1), ("10x", 10.0), (" 1_000 x ", 1000.0), ("1e-3x", 0.001)]
)
def test_a_multiple_is_read(text: str, times: float) -> None:
    assert parse_multiple(text) == Multiple(times)


@pytest.mark.parametrize("text", ["x", "0x", "-1x", "1", "1 %", "xx", "1x2", "1e7x", "1e-999x"])
def test_what_is_no_multiple_is_refused(text: str) -> None:
    with pytest.raises(UnitError):
        parse_multiple(text)


@given(st.floats(min_value=1e-300, max_value=1e6))
def test_a_multiple_is_written_and_read_back_bit_for_bit(times: float) -> None:
    assert parse_multiple(format_multiple(times)).times == times


# ---- in a scenario


def test_a_number_stays_a_number_and_a_multiple_comes_back() -> None:
    assert loads(pools(20)).feed.cold_start.first == 20  # type: ignore[union-attr]
    found = loads(pools("0.10x"))
    assert isinstance(found.feed.cold_start, Pools)
    assert found.feed.cold_start.first == Multiple(0.1)
    assert "first: 0.1x" in dump(found)
    assert "first: 0.1x" in dump(found, resolved=False)
    assert loads(dump(found)) == found
    assert hash(found) == hash(loads(dump(found)))
    assert scenario_hash(found) == scenario_hash(loads(pools("0.1x")))
    assert scenario_hash(found) != scenario_hash(loads(pools(25)))
    assert Scenario.model_validate(found.model_dump()) == found


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("0", "must be at least 1; got 0"),
        ("0x", 'must be more than 0x and at most 1_000_000x; got "0x"'),
        (
            "5 %",
            'wants a whole number such as 20_000 or a multiple such as "0.1x"; got "5 %"',
        ),
        ("0.5", 'wants a whole number such as 20_000 or a multiple such as "0.1x"; got 0.5'),
        ("20_000_000", "must be at most 10_000_000; got 20_000_000"),
    ],
)
def test_what_is_no_amount_is_told_with_its_place(value: str, message: str) -> None:
    assert told(pools(value)) == [(4, 43, "feed.cold_start.first", message)]


def test_a_prior_takes_any_number_or_a_multiple() -> None:
    text = HEAD + "feed: {predict: {use: smoothed, prior: %s}}"
    assert loads(text % "12.5").feed.predict.prior == 12.5  # type: ignore[union-attr]
    assert loads(text % "0.25x").feed.predict.prior == Multiple(0.25)  # type: ignore[union-attr]
    assert told(text % "0") == [(4, 40, "feed.predict.prior", "must be more than 0; got 0")]
    assert told(text % "a lot") == [
        (4, 40, "feed.predict.prior", 'wants a number or a multiple such as "0.1x"; got "a lot"')
    ]


def test_a_multiple_of_nothing_is_refused_at_its_place() -> None:
    text = BARE + (
        "feed: {cold_start: {policy: pools, first: 0.1x}, predict: {use: smoothed, prior: 2x}}\n"
        "viral: {impressions: 10x}\n"
    )
    why = "{} is a multiple of catalogue.mean_impressions, which is not stated; state it, or write "
    found = [
        (3, 43, "feed.cold_start.first", why.format("0.1x") + "a number"),
        (3, 82, "feed.predict.prior", why.format("2x") + "a number"),
        (4, 22, "viral.impressions", why.format("10x") + "a number"),
    ]
    assert told(text) == found
    assert loads(text, "x.yaml", ["catalogue.mean_impressions=100"]).viral.impressions
    # of a catalogue that is wrong nobody knows whether it states the mean
    wrong = told(text + "catalogue: {mean_impressions: 0}\n")
    assert [problem[2] for problem in wrong] == ["catalogue.mean_impressions"]


def test_a_multiple_is_of_the_stated_mean() -> None:
    found = loads(pools("0.1x"))
    assert impressions_of(20, found) == 20.0
    assert impressions_of(Multiple(0.1), found) == 25.0
    assert impressions_of(Multiple(0.001), found) == 1.0
    assert impressions_of(Multiple(0.005), found, whole=False) == 1.25
    assert settled(found.feed.cold_start, found).first == 25  # type: ignore[union-attr]
    assert settled(Smoothed(prior=Multiple(0.005)), found).prior == 1.25
    assert settled(found.feed.predict, found) is found.feed.predict
    with pytest.raises(ValueError, match="which is not stated"):
        impressions_of(Multiple(0.1), loads(BARE))


def test_the_schema_knows_both_forms() -> None:
    first = json_schema()["$defs"]["Pools"]["properties"]["first"]
    assert first["default"] == 100
    assert {one["type"] for one in first["anyOf"]} == {"integer", "string"}
    assert first["anyOf"][0]["minimum"] == 1


# ---- viral


def test_what_counts_as_viral() -> None:
    found = viral_of(loads(HEAD + "population: {users: 2_000}\nviral: {reach: 5 %}"))
    assert (found.counter, found.least, found.age_s) == ("reach", 100, None)
    assert str(found) == "seen by at least 100 people, 5 % of all"
    found = viral_of(loads(HEAD + "viral: {impressions: 10x, age: 1 d}"))
    assert (found.counter, found.least, found.age_s) == ("impressions", 2500, 86_400.0)
    assert str(found) == "shown at least 2,500 times, 10 times the stated mean, within 1 d"
    assert Viral.of_facts({"viral": found.to_dict()}) == found
    assert str(viral_of(loads(BARE + "viral: {impressions: 300}"))) == "shown at least 300 times"
    assert viral_of(loads(BARE)).share == 0.01
    # 7 % of 100 users are 7, whatever rounding did to 0.07
    assert Viral.of_facts({"viral_reach": 0.07, "users": 100}).least == 7


def test_one_of_both_says_what_is_viral() -> None:
    why = "has reach and impressions; state one of both, and remove the other"
    assert told(HEAD + "viral: {reach: 5 %, impressions: 10x}") == [(4, 8, "viral", why)]
    shown = loads(HEAD + "viral: {impressions: 10x, age: 2 h}")
    assert (shown.viral.reach, shown.viral.age) == (None, 7200.0)
    assert loads(dump(shown)) == shown
    assert loads(dump(shown, resolved=False)) == shown


def test_a_change_of_one_takes_the_place_of_the_other(tmp_path: Path) -> None:
    shown = HEAD + "viral: {impressions: 10x, age: 2 h}"
    seen = loads(shown, "x.yaml", ["viral.reach=5 %"])
    assert (seen.viral.reach, seen.viral.impressions, seen.viral.age) == (0.05, None, 7200.0)
    again = loads(HEAD + "viral: {reach: 5 %}", "x.yaml", ["viral.impressions=300"])
    assert (again.viral.reach, again.viral.impressions) == (None, 300)
    assert loads(HEAD, "x.yaml", ["viral.impressions=2x"]).viral.reach is None
    assert with_changes(loads(shown), {"viral.reach": "5 %"}) == seen
    assert with_changes(seen, {"viral.impressions": "10x"}) == loads(shown)
    (tmp_path / "below.yaml").write_text(shown, encoding="utf-8")
    above = tmp_path / "above.yaml"
    above.write_text("extends: below.yaml\nviral: {reach: 5 %}\n", encoding="utf-8")
    assert load(above) == seen


# ---- in studies


def test_amounts_vary_as_numbers_or_as_multiples() -> None:
    scenario = loads(pools("0.1x"))
    (whole,) = parse_vary(["feed.cold_start.first=10..40:4"], scenario)
    assert [level.value for level in whole.levels] == [10, 20, 30, 40]
    assert whole.whole
    assert as_it_is(whole, scenario).number is None  # type: ignore[union-attr]
    (listed,) = parse_vary(["feed.cold_start.first=0.1x,0.5x"], scenario)
    assert listed.numeric
    found = as_it_is(listed, scenario)
    assert found is not None
    assert (found.number, found.text) == (0.1, "0.1 x")
    (free,) = parse_vary(["feed.cold_start.first=0.1..0.9x"], scenario)
    assert not free.whole
    value = free.at(0.5).value
    changed = with_changes(scenario, {"feed.cold_start.first": value}).feed.cold_start
    assert changed.first == Multiple(0.5)  # type: ignore[union-attr]
    (mixed,) = parse_vary(["feed.cold_start.first=0.1x,20"], scenario)
    assert not mixed.numeric


@pytest.mark.parametrize(
    ("first", "ends", "whole", "start"),
    [
        ("20", "low: 10, high: 40", True, 20),
        ("0.1x", "low: 10, high: 40", True, None),
        ("0.1x", "low: 0.05x, high: 1x, scale: log", False, 0.1),
        ("20", "low: 0.05x, high: 1x", False, None),
        # a number of impressions and a multiple are not on one scale
        ("12x", "low: 10, high: 40", True, None),
        ("20", "low: 1x, high: 30x", False, None),
    ],
)
def test_a_search_varies_either(first: str, ends: str, whole: bool, start: Any) -> None:
    space = space_of(
        loads(
            pools(first)
            + f"tune:\n  vary: {{feed.cold_start.first: {{{ends}}}}}\n"
            + "  objectives: [{metric: reach.viral_share}]\n"
        )
    )
    assert space.variables[0].whole is whole
    assert space.start == {"feed.cold_start.first": start}
    assert set(space.distributions()) == {"feed.cold_start.first"}
