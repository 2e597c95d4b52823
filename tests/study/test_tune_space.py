"""Where a search looks: the point it starts from, values as they are written, what they change."""

from __future__ import annotations

from typing import Any

import pytest

from sim.core.errors import ForyouError
from sim.scenario import Scenario, loads
from sim.study.runs.plan import RunSpec, with_changes
from sim.study.tune.search import scenario_of
from sim.study.tune.space import Space, space_of

TEXT = """\
name: x
duration: 1 d
probes: [{name: new, post_at: 1 h}]
tune:
  vary:
    feed.weights.like: {low: 0, high: 5}
    feed.weights.save: {low: 0, high: 5}
    feed.cold_start.promote: {low: 5 %, high: 50 %}
    feed.cold_start.policy: {choice: [pools, none]}
    feed.cold_start.first: {low: 5, high: 500, scale: log}
    feed.reindex: {low: 1 min, high: 60 min, scale: log}
    creators.posts_per_week: {low: 2/week, high: 8/week}
    creators.trend_uptake: {low: 0.1, high: 0.9}
    feed.select.creator_gap: {choice: [1, 2]}
  objectives: [{metric: reach.viral_share}]
"""


def bare(scenario: Scenario) -> Scenario:
    return scenario.model_copy(update={"tune": None})


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return loads(TEXT)


@pytest.fixture(scope="module")
def space(scenario: Scenario) -> Space:
    return space_of(scenario)


def test_the_start_is_in_the_units_of_the_section(space: Space) -> None:
    assert space.start == {
        "feed.weights.like": 0.6,
        "feed.weights.save": 0.0,  # not named, so it counts 0
        "feed.cold_start.promote": 10.0,
        "feed.cold_start.policy": "pools",
        "feed.cold_start.first": 100,
        "feed.reindex": 10.0,
        "creators.posts_per_week": 3.9,
        "creators.trend_uptake": 0.15,
        "feed.select.creator_gap": 1,
    }
    assert space.holds_start
    assert space.start_texts()["feed.cold_start.promote"] == "10 %"


def test_the_start_is_the_scenario_itself(space: Space, scenario: Scenario) -> None:
    base = bare(scenario)
    point = space.tidy(space.start)
    assert scenario_of(base, space, point) is base
    # changing everything to what it is changes nothing but naming the weight of saves
    changed = with_changes(base, space.changes(point))
    assert dict(changed.feed.weights) == {**base.feed.weights, "save": 0.0}
    same = changed.model_copy(update={"feed": base.feed})
    assert RunSpec(same, 0).key == RunSpec(base, 0).key


def test_a_start_outside_of_the_search_is_none(scenario: Scenario) -> None:
    other = loads(TEXT, overrides=["feed.weights.like=-1", "feed.select.creator_gap=5"])
    space = space_of(other)
    assert space.start["feed.weights.like"] is None
    assert space.start["feed.select.creator_gap"] is None
    assert not space.holds_start


def test_a_point_changes_the_scenario(space: Space, scenario: Scenario) -> None:
    point = {
        **space.start, "feed.cold_start.promote": 35.0, "feed.cold_start.first": 40,
        "feed.reindex": 2.5, "creators.posts_per_week": 7.0,
    }  # fmt: skip
    changed = scenario_of(bare(scenario), space, space.tidy(point))
    cold: Any = changed.feed.cold_start
    assert (cold.promote, cold.first) == (0.35, 40)
    assert (changed.feed.reindex, changed.creators.posts_per_week) == (150.0, 7.0)


def test_options_of_a_policy_that_is_not_there_do_not_count(
    space: Space, scenario: Scenario
) -> None:
    point = space.tidy({**space.start, "feed.cold_start.policy": "none"})
    changed = scenario_of(bare(scenario), space, point)
    assert changed.feed.cold_start.policy == "none"


def test_numbers_are_short_and_inside(space: Space) -> None:
    point = space.tidy(
        {**space.start, "feed.weights.like": 1.23456789, "feed.reindex": 59.9999,
         "creators.trend_uptake": 0.1}
    )  # fmt: skip
    assert point["feed.weights.like"] == 1.2346
    assert point["feed.reindex"] == 60.0
    assert space.texts(point)["feed.weights.like"] == "1.2346"
    narrow = space_of(
        loads(TEXT.replace("{low: 0, high: 5}", "{low: 0.123456, high: 0.123458}", 1))
    )
    inside = narrow.tidy({**narrow.start, "feed.weights.like": 0.12345712345})
    assert inside["feed.weights.like"] == 0.1234571234
    log = space.tidy({**space.start, "feed.reindex": 1.23456789})
    assert log["feed.reindex"] == 1.235


def test_the_space_in_optunas_terms(space: Space) -> None:
    found = {name: repr(kind) for name, kind in space.distributions().items()}
    assert list(found) == sorted(found)
    assert found["feed.cold_start.first"].startswith("IntDistribution(high=500, log=True, low=5")
    assert "choices=('pools', 'none')" in found["feed.cold_start.policy"]
    assert "high=50.0" in found["feed.cold_start.promote"]


def test_true_and_one_are_different_choices() -> None:
    text = TEXT.replace("{choice: [1, 2]}", "{choice: [2, 1]}").replace(
        "    feed.select.creator_gap", "    behaviour.watch.hook: {low: -1, high: 1}\n    "
        "feed.select.creator_gap"
    )  # fmt: skip
    space = space_of(loads(text))
    assert space.start["feed.select.creator_gap"] == 1
    assert space.start["behaviour.watch.hook"] is not None


def test_without_a_section_there_is_nothing_to_search() -> None:
    with pytest.raises(ForyouError, match='has no section "tune"'):
        space_of(loads("name: x\nduration: 1 d\n"))
