"""What varies in a study, read from texts; grids and Latin hypercubes over it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.errors import ForyouError
from sim.scenario import Scenario
from sim.study.points.design import Variable, changes, grid, latin_hypercube
from sim.study.points.vary import as_it_is, parse_vary
from sim.study.runs.plan import with_changes


def values(scenario: Scenario, text: str) -> list[Any]:
    (variable,) = parse_vary([text], scenario)
    return [level.value for level in variable.levels]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("feed.weights.share=0.5,1,2,4", [0.5, 1, 2, 4]),
        ("feed.weights.share = 0.5 , 1", [0.5, 1]),
        ("feed.weights.skip=-1,-0.5", [-1, -0.5]),
        ("population.users=1_000,2e3", [1000, 2000.0]),
        ("feed.cold_start.policy=none,pools", ["none", "pools"]),
        ("feed.cold_start=none,{policy: pools, slots: 5 %}",
         ["none", {"policy": "pools", "slots": "5 %"}]),
        ("feed.score=[value],[value, value]", [("value",), ("value", "value")]),
        ("duration=8 h,1 d 6 h", ["8 h", "1 d 6 h"]),
        ("record.events=true,false", [True, False]),
        ("feed.cold_start.slots=0..0.3:4", [0, 0.1, 0.2, 0.3]),
        ("feed.cold_start.slots=0..30 %:4", ["0 %", "10 %", "20 %", "30 %"]),
        ("feed.cold_start.slots=5 %..25 %:3", ["5 %", "15 %", "25 %"]),
        ("duration=6..24h:3", ["6 h", "15 h", "24 h"]),
        ("creators.posts_per_week=1..4/week:3", ["1 /week", "2.5 /week", "4 /week"]),
        ("feed.slate=5..20:4", [5, 10, 15, 20]),
        ("feed.slate=5..10:3", [5, 8, 10]),
        ("feed.weights.like=log:0.1..10:3", [0.1, 1, 10]),
        ("feed.weights.skip=log:-1..-0.25:3", [-1, -0.5, -0.25]),
        ("feed.weights.like=0.1234567..1:2", [0.1234567, 1]),
        ("feed.weights.like=1..2:4", [1, 1.33333, 1.66667, 2]),
        ("feed.weights.like=10000..10000.3:4", [10000, 10000.1, 10000.2, 10000.3]),
    ],
)  # fmt: skip
def test_values_are_read(scenario: Scenario, text: str, expected: list[Any]) -> None:
    found = values(scenario, text)
    assert found == expected
    for value in found:  # each is one that the scenario takes
        with_changes(scenario, {text.partition("=")[0].strip(): value})


def test_whole_settings_get_whole_numbers(scenario: Scenario) -> None:
    assert all(isinstance(v, int) for v in values(scenario, "feed.slate=5..20:4"))
    (variable,) = parse_vary(["feed.slate=5..8"], scenario)
    taken = [variable.at(u / 1000).value for u in range(1001)]
    assert {taken.count(v) for v in (5, 6, 7, 8)} <= {250, 251}


def test_a_setting_that_is_not_there_yet_can_vary(scenario: Scenario) -> None:
    assert values(scenario, "feed.weights.watch=0,0.1") == [0, 0.1]


def test_a_mapping_may_stand_for_texts(scenario: Scenario) -> None:
    by_hand = parse_vary({"feed.weights.share": [0.5, 1], "warmup": "1..2 h:2"}, scenario)
    assert by_hand == parse_vary(["feed.weights.share=0.5,1", "warmup=1..2 h:2"], scenario)
    (plain,) = parse_vary({"warmup": [3600.0, 7200.0]}, scenario)  # Python may leave units out
    assert with_changes(scenario, {"warmup": plain.levels[0].value}).warmup == 3600.0


@pytest.mark.parametrize(
    ("vary", "words"),
    [
        ([], "nothing varies"),
        (["feed.weights.like"], "wants PATH=VALUES"),
        (["=1,2"], "no path"),
        (["feed..like=1,2"], "no path"),
        (["feed.weights.like="], "has no values"),
        (["feed.weights.like=1,,2"], "a value is missing"),
        (["feed.weights.like=1,"], "a value is missing"),
        (["feed.weights.like=1"], "one value only"),
        (["feed.weights.like=1,2,1.0"], "stands there twice"),
        (["feed.weights.like=2..1:3"], "did you mean 1..2"),
        (["feed.weights.like=1..1:3"], "empty or upside down"),
        (["feed.weights.like=a..b"], "from number to number"),
        (["feed.weights.like=1.."], "from number to number"),
        (["feed.weights.like=0..1:1"], "2 to 1,000 steps"),
        (["feed.weights.like=0..1:5000"], "2 to 1,000 steps"),
        (["feed.weights.like=log:0..1:3"], "must not contain 0"),
        (["feed.weights.like=log:-1..1:3"], "must not contain 0"),
        (["feed.weights.like=log:1,2"], "log: stands before a range"),
        (["feed.weights.like=1..1e999"], "finite"),
        (["feed.weights.like={a,1"], "is not valid YAML"),
        (["feed.slate=2..3:5"], "no 5 different whole numbers"),
        (["feed.slate=2.5..6"], "whole number"),
        (["feed.slate=two,three"], "whole number"),
        (["warmup=6..24:2"], 'a duration such as "6 h"'),
        (["warmup=6,24"], 'a duration such as "6 h"'),
        (["warmup=6 h..1 d:2"], "one unit"),
        (["feed.cold_start.slots=0..30:4"], "did you mean"),
        (["feed.weights.like=1,2", "feed.weights.like=3,4"], "varies twice"),
        (["feed.weights={like: 1},{like: 2}", "feed.weights.like=3,4"], "is a part of"),
        (["seed=1,2"], "-n"),
        (["name=a,b"], "changes nothing"),
        (["extends=a.yaml,b.yaml"], "only be written in a file"),
        ("feed.weights.like=1,2", "got one text"),
        ({"feed.weights.like": 3}, "wants a list"),
        ({"feed.weights.like": []}, "has no values"),
    ],
)
def test_what_cannot_vary_is_refused(scenario: Scenario, vary: Any, words: str) -> None:
    with pytest.raises(ForyouError) as error:
        parse_vary(vary, scenario)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


finite = st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6)


@given(low=finite, width=st.floats(1e-3, 1e6), log=st.booleans(), u=st.floats(0, 1))
def test_a_range_is_covered_evenly(low: float, width: float, log: bool, u: float) -> None:
    log = log and low > 0
    variable = Variable("x", (), low, low + width, log=log)
    number = variable.at(u).number
    assert number is not None
    assert low <= number <= low + width
    if log:
        share = math.log(number / low) / math.log((low + width) / low)
        slack = 1e-5 / math.log((low + width) / low)  # six digits are kept
    else:
        share, slack = (number - low) / width, 1e-5 * max(abs(low), abs(low + width)) / width
    assert share == pytest.approx(u, abs=1e-9 + slack)


def test_a_grid_has_every_combination_once_and_the_last_changes_fastest(
    scenario: Scenario,
) -> None:
    variables = parse_vary(["feed.slate=5,10", "feed.cold_start.policy=none,pools"], scenario)
    points = [tuple(level.value for level in point) for point in grid(variables)]
    assert points == [(5, "none"), (5, "pools"), (10, "none"), (10, "pools")]


@pytest.mark.parametrize(
    ("vary", "words"),
    [
        (["feed.weights.like=0..1"], "such as 0..1:4"),
        ([f"feed.weights.{a}=0..1:100" for a in ("like", "share", "skip")], "1,000,000 points"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(scenario: Scenario, vary: list[str], words: str) -> None:
    with pytest.raises(ForyouError, match=words):
        grid(parse_vary(vary, scenario))


def test_a_latin_hypercube_visits_each_part_of_each_range_once(scenario: Scenario) -> None:
    texts = ["feed.weights.like=0..16", "feed.slate=1..16", "feed.cold_start.policy=none,pools"]
    variables = parse_vary(texts, scenario)
    points = latin_hypercube(variables, 16, seed=3)
    likes, slates, policies = zip(*points, strict=True)
    assert sorted(math.floor(level.number) for level in likes) == list(range(16))
    assert sorted(level.value for level in slates) == list(range(1, 17))
    assert [level.value for level in policies].count("none") == 8


def test_a_latin_hypercube_is_fixed_by_its_seed(scenario: Scenario) -> None:
    variables = parse_vary(["feed.weights.like=0..1", "feed.weights.share=0..1"], scenario)
    one = latin_hypercube(variables, 8, seed=1)
    assert latin_hypercube(variables, 8, seed=1) == one
    assert latin_hypercube(variables, 8, seed=2) != one
    # the numbers themselves, so that a change of the library is noticed
    assert [point[0].number for point in one[:3]] == pytest.approx(KNOWN)


KNOWN = [0.79124, 0.115458, 0.39128]


@pytest.mark.parametrize("samples", [0, 3, 100_001])
def test_a_wrong_number_of_samples_is_refused(scenario: Scenario, samples: int) -> None:
    variables = parse_vary(["feed.weights.like=0..1"], scenario)
    with pytest.raises(ForyouError, match="wants 4 to 100,000 samples"):
        latin_hypercube(variables, samples, seed=1)


def test_a_component_is_chosen_before_its_options(scenario: Scenario) -> None:
    texts = ["feed.cold_start.slots=5 %,10 %", "feed.cold_start.policy=pools,none"]
    variables = parse_vary(texts, scenario)
    points = grid(variables)
    assert list(changes(variables, points[0])) == [
        "feed.cold_start.policy", "feed.cold_start.slots"
    ]  # fmt: skip
    with pytest.raises(ForyouError, match="slots"):  # and not dropped in silence
        with_changes(scenario, changes(variables, points[1]))


@pytest.mark.parametrize(
    ("text", "shown", "number"),
    [
        ("feed.cold_start.slots=0..50 %", "20 %", 20.0),
        ("feed.cold_start.slots=0..0.5", "0.2", 0.2),
        ("duration=6..24 h", "8 h", 8.0),
        ("duration=60..600 min", "480 min", 480.0),
        ("duration=6 h,1 d", "8 h", None),
        ("feed.slate=5,10", "6", 6.0),
        ("feed.cold_start.policy=none,pools", "pools", None),
    ],
)
def test_what_the_scenario_has_anyway_is_said_in_the_same_unit(
    scenario: Scenario, text: str, shown: str, number: float | None
) -> None:
    (variable,) = parse_vary([text], scenario)
    level = as_it_is(variable, scenario)
    assert level is not None
    assert (level.text, level.number) == (shown, number)


def test_what_the_scenario_does_not_have_is_none(scenario: Scenario) -> None:
    (variable,) = parse_vary(["feed.weights.watch=0..1"], scenario)
    assert as_it_is(variable, scenario) is None
