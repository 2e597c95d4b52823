"""The action table and what is derived from it."""

from __future__ import annotations

from sim.core.actions import ACTION_INDEX, ACTION_NAMES, ACTIONS, CLICKS, bit
from sim.core.counts import COUNT_NAMES, FIRST_ACTION, IMPRESSIONS, REACH, VIEWS, WATCH_MS, WIDTH
from sim.record.columns import EVENTS, SOURCE_NAMES, VIDEOS
from sim.scenario.feed import SOURCES


def test_names_and_counters_are_unique() -> None:
    assert len(set(ACTION_NAMES)) == len(ACTIONS)
    assert len({a.plural for a in ACTIONS}) == len(ACTIONS)
    assert {a.sign for a in ACTIONS} == {-1, 1}
    assert [a.name for a in CLICKS] == [a.name for a in ACTIONS if a.kind == "click"]


def test_what_is_assumed_before_the_first_impression_are_rates() -> None:
    rates = {a.name: a.start_rate for a in ACTIONS}
    assert all(0 < rate < 1 for rate in rates.values())
    # whoever completes a video did not skip it
    assert rates["completion"] + rates["skip"] <= 1
    assert rates["loop"] <= rates["completion"]


def test_bits_are_separate() -> None:
    assert sum(bit(name) for name in ACTION_NAMES) == 2 ** len(ACTIONS) - 1
    assert all(bit(name) == 1 << ACTION_INDEX[name] for name in ACTION_NAMES)


def test_the_counter_row_has_a_column_for_each() -> None:
    assert len(COUNT_NAMES) == WIDTH == FIRST_ACTION + len(ACTIONS)
    assert len({IMPRESSIONS, VIEWS, WATCH_MS, REACH, FIRST_ACTION}) == 5
    assert COUNT_NAMES[VIEWS] == "views"
    assert COUNT_NAMES[FIRST_ACTION + ACTION_INDEX["like"]] == "likes"


def test_tables_have_a_column_for_each() -> None:
    videos, events = {c.name for c in VIDEOS}, {c.name for c in EVENTS}
    assert {a.plural for a in ACTIONS} <= videos
    assert set(ACTION_NAMES) <= events


def test_the_codes_of_sources_are_those_of_the_log() -> None:
    assert SOURCE_NAMES[: len(SOURCES)] == SOURCES
    assert SOURCE_NAMES[len(SOURCES) :] == (
        "custom",
        "link",
        "control",
        "injected",
        "notification",
        "friends",
        "profile",
        "search",
        "parent",
    )
