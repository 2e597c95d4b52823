"""The clock: ranks, half-open windows, and an end that every part reaches."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import simpy
from hypothesis import example, given
from hypothesis import strategies as st

from sim.assemble import assemble
from sim.engine.clock import PLAY, REFRESH, SNAPSHOT, TRENDS, UPLOADS, every, stop_at
from sim.testing.worlds import tiny_platform, tiny_scenario


def ticks(interval: float, end: float) -> list[float]:
    env, found = simpy.Environment(), []
    every(env, interval, end, PLAY, found.append)
    env.run(until=stop_at(env, end))
    return found


def test_parts_run_by_rank_and_before_users() -> None:
    env, order = simpy.Environment(), []

    def user() -> object:
        yield env.timeout(10.0)
        order.append("user")

    env.process(user())
    for rank in (SNAPSHOT, TRENDS, PLAY, REFRESH, UPLOADS):
        every(env, 5.0, 20.0, rank, lambda now, rank=rank: order.append((now, rank)))
    env.run(until=stop_at(env, 20.0))
    parts = [PLAY, UPLOADS, REFRESH, TRENDS, SNAPSHOT]
    at_ten = [(10.0, rank) for rank in parts]
    assert order.index("user") == order.index(at_ten[-1]) + 1
    assert [o for o in order if o != "user"] == [
        (t, r) for t in (5.0, 10.0, 15.0, 20.0) for r in parts
    ]


def test_a_user_at_the_very_end_does_not_act() -> None:
    env, acted = simpy.Environment(), []

    def user() -> object:
        yield env.timeout(20.0)
        acted.append(env.now)

    env.process(user())
    env.run(until=stop_at(env, 20.0))
    assert acted == []


def test_an_interval_that_does_not_divide_the_end() -> None:
    assert ticks(7.0, 20.0) == [7.0, 14.0, 20.0]
    assert ticks(5.0, 20.0) == [5.0, 10.0, 15.0, 20.0]
    assert ticks(30.0, 20.0) == [20.0]


@example(0.7, 1.1)
@example(0.1, 1.0)
@given(st.floats(0.01, 100.0), st.floats(0.01, 500.0))
def test_the_last_tick_is_the_end_itself(interval: float, end: float) -> None:
    if end / interval > 500:
        return
    found = ticks(interval, end)
    assert found[-1] == end
    assert (np.diff([0.0, *found]) > 0).all()
    assert (np.diff([0.0, *found])[:-1] > interval * 0.99).all()


@pytest.mark.parametrize(
    ("duration", "refresh"),
    [(5_000.0, 600.0), (4_321.5, 97.3), (3_600.0, 3_600.0), (4_000.0, 0.7e3)],
)
def test_nothing_is_lost_at_the_end(tmp_path: Path, duration: float, refresh: float) -> None:
    path = tmp_path / "events.parquet"
    live = tiny_platform(duration=duration, refresh=refresh, events=path)
    events = pl.read_parquet(path)
    assert live.env.now == duration
    assert live.platform.view.refreshed_s == duration
    assert events["time_s"].max() < duration
    # the last, shorter window is there: it is as busy as the one before
    assert (events["time_s"] > duration - 600.0).any()
    assert int(live.engine.user_counts().counts[:, 0].sum()) == len(events) == live.log.impressions
    assert live.platform.view.totals[0] == len(events)


def test_what_happens_in_a_window_is_seen_by_others_after_it() -> None:
    """The counters that the feed sees are those of the last refresh, also between two."""
    live = assemble(tiny_scenario(), 1, engine="reference")
    view = live.platform.view
    seen = []
    for now in np.arange(7_200.0, 9_600.0, 150.0):
        live.env.run(until=now + 1.0)
        seen.append(
            (
                view.refreshed_s,
                int(view.totals[0]),
                int(live.engine.user_counts().counts[:, 0].sum()),
            )
        )
    for (at, total, _), (later, after, _) in pairwise(seen):
        assert (total == after) == (at == later)
    # people went on in between
    assert all(played >= total for _, total, played in seen)
    assert sum(played > total for _, total, played in seen) > len(seen) / 2
    assert sorted({at for at, _, _ in seen}) == [7_200.0, 7_800.0, 8_400.0, 9_000.0]
