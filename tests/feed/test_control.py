"""Controls: places of a slate that chance fills."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from sim.analysis.control import lift
from sim.core.counts import FIRST_ACTION, IMPRESSIONS
from sim.core.random import key, stream
from sim.core.stages import KINDS, STAGES
from sim.core.surfaces import FOR_YOU, SURFACE_NAMES
from sim.feed.component import Candidates
from sim.feed.control import (
    CONTROL,
    ROWS,
    Control,
    control_place,
    controls_of,
    put,
    row_beside,
)
from sim.feed.view import Requests
from sim.simulate import simulate
from sim.testing.worlds import tiny_scenario

SLATES = st.lists(st.integers(0, 30), max_size=10, unique=True)


@given(SLATES, st.integers(0, 9), st.integers(0, 30))
def test_a_control_moves_the_others_on_and_drops_the_last(
    videos: list[int], place: int, video: int
) -> None:
    slate = [(v, 0) for v in videos]
    found = put(slate, place, video, 10)
    assert found.count((video, CONTROL)) == 1
    assert [v for v, _ in found].count(video) == 1
    assert len(found) == min(10, len({*videos, video}))
    others = [v for v in videos if v != video]
    assert [v for v, source in found if source == 0] == others[: len(found) - 1]
    assert found.index((video, CONTROL)) == min(place, len(others))


def _requests(count: int) -> Requests:
    streams = np.array([stream(key(1, "test"), i) for i in range(count)], np.uint64)
    zeros = np.zeros(count, np.int32)
    return Requests(zeros, np.zeros(count), zeros.astype(np.int8), zeros, streams)


def _filled(count: int, share: float, keep: Any = None) -> list[list[tuple[int, int]]]:
    view: Any = SimpleNamespace(index=SimpleNamespace(every=np.arange(100, 110, dtype=np.int32)))
    slates = [[(v, 0) for v in range(5)] for _ in range(count)]

    def all_pass(requests: Requests, drawn: Candidates) -> Any:
        assert len(requests) == len(drawn.video) == 1
        return drawn.present

    return Control(share).fill(_requests(count), slates, view, 5, keep or all_pass)


def test_every_video_and_every_place_is_as_likely() -> None:
    filled = _filled(10_000, 0.1)
    videos, places = np.zeros(10), np.zeros(5)
    for slate in filled:
        for place, (video, source) in enumerate(slate):
            if source == CONTROL:
                videos[video - 100] += 1
                places[place] += 1
    # half of the slates have one: 500 a video and 1,000 a place
    for counts in (videos, places):
        expected = counts.sum() / counts.size
        assert ((counts - expected) ** 2 / expected).sum() < 30.0
    assert abs(videos.sum() / 50_000 - 0.1) < 0.003


def test_what_does_not_pass_a_filter_is_drawn_anew() -> None:
    def few(requests: Requests, drawn: Candidates) -> Any:
        del requests
        return drawn.video < 103

    filled = _filled(2_000, 0.2, few)
    videos = [video for slate in filled for video, source in slate if source == CONTROL]
    assert set(videos) == {100, 101, 102}
    # all of eight draws fail with probability .7 ** 8
    assert abs(len(videos) / 2_000 - (1 - 0.7**8)) < 0.03


def test_no_control_without_a_share_and_in_an_empty_slate() -> None:
    assert _filled(3, 0.0) == [[(v, 0) for v in range(5)]] * 3
    view: Any = SimpleNamespace(index=SimpleNamespace(every=np.arange(3, dtype=np.int32)))
    assert Control(1.0).fill(_requests(1), [[]], view, 5, None) == [[]]  # type: ignore[arg-type]


def test_all_places_can_be_controls() -> None:
    r = stream(key(2, "test"), 0)
    wanted = controls_of(r, 1.0, 7)
    assert [control_place(r, i, wanted, 7) for i in range(wanted)] == list(range(7))


def test_rows_tell_stages_and_kinds_apart() -> None:
    rows = {
        row_beside(source, pool, seen)
        for seen in (0, 99, 100, 349, 350, 999, 1_000, 10**6)
        for source, pool in ((CONTROL, 1), (0, 1), (4, 0), (4, 2))
    }
    assert rows == set(range(ROWS))
    assert row_beside(CONTROL, 0, 350) == STAGES.index(350) * len(KINDS)


def test_the_run_folder_tells_what_chance_did(tmp_path: Any) -> None:
    feed = {"control": 0.1, "cold_start": {"policy": "pools", "first": 20, "audience": "even"}}
    scenario = tiny_scenario(feed=feed, record={"events": True}, warmup=3_600.0)
    run = simulate(scenario, out=tmp_path / "run", plots=False)
    events = run.table("events").filter(pl.col("surface") == FOR_YOU)
    drawn = events.filter(pl.col("source") == CONTROL)
    assert abs(drawn.height / events.height - 0.1) < 0.02
    # in the places of an even test audience chance decides too
    tested = (pl.col("source") == 4) & (pl.col("pool") > 0)
    decided = events.filter((pl.col("source") == CONTROL) | tested)
    assert decided["chance"].null_count() == 0
    assert events.filter(~((pl.col("source") == CONTROL) | tested))["chance"].null_count() > 100
    videos = run.table("videos").height
    assert (1 / drawn["chance"] * 0.1).max() <= videos + 1e-6
    assert (1 / drawn["chance"] * 0.1).min() > 0.5 * videos
    # the table has the slates with a control alone, and only those after the warm-up
    table = run.table("control")
    control = table.filter(pl.col("kind") == "control")
    late = drawn.filter(pl.col("time_s") >= 3_600.0)
    assert control["impressions"].sum() == late.height
    assert control["completions"].sum() == late["completion"].sum()
    summary = run.summary["ranked_over_random"]
    assert summary["control_impressions"] == late.height
    assert summary["completion"]["control"] == late["completion"].mean()
    assert FIRST_ACTION > IMPRESSIONS


def test_impressions_by_surface_add_up(tmp_path: Any) -> None:
    scenario = tiny_scenario(
        behaviour={"session": {"following_share": 0.5}, "act": {"sound_tap": 1.0}},
        record={"events": True},
    )
    run = simulate(scenario, out=tmp_path / "run", plots=False)
    videos, events = run.table("videos"), run.table("events")
    names = SURFACE_NAMES
    for code, name in enumerate(names):
        count = events.filter(pl.col("surface") == code).height
        assert videos[f"impressions_{name}"].sum() == count, name
    total = videos.select(pl.sum_horizontal(*(f"impressions_{name}" for name in names)))
    assert total.to_series().to_list() == videos["impressions"].to_list()
    last = run.table("paths").filter(pl.col("time_s") == pl.col("time_s").max())
    some = videos.filter(pl.col("video").is_in(last["video"].implode()))
    assert last["impressions_following"].sum() <= some["impressions_following"].sum()
    assert last["impressions_for_you"].sum() > 0


def test_a_lift_has_the_interval_of_the_log_ratio() -> None:
    found = lift(60, 200, 10, 100)
    np.testing.assert_allclose(found.ratio, 3.0)
    assert found.low is not None
    assert found.high is not None
    # sqrt(1/60 - 1/200 + 1/10 - 1/100) = .3188
    np.testing.assert_allclose([found.low, found.high], 3 * np.exp([-0.62489, 0.62489]), rtol=1e-4)
    assert lift(0, 10, 0, 0).ratio is None
    assert lift(3, 10, 0, 10).ratio is None
    assert lift(0, 10, 5, 10).ratio == 0.0


def test_who_tests_a_video_that_suits_them_was_not_drawn_by_chance(tmp_path: Any) -> None:
    scenario = tiny_scenario(feed={"control": 0.1}, record={"events": True})
    events = simulate(scenario, out=tmp_path / "run", plots=False).table("events")
    tested = events.filter((pl.col("source") == 4) & (pl.col("pool") > 0))
    assert tested.height > 50
    assert tested["chance"].null_count() == tested.height
    drawn = events.filter((pl.col("source") == CONTROL) & (pl.col("surface") == FOR_YOU))
    assert drawn["chance"].null_count() == 0
