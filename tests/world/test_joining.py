"""People who join during a run: nothing of them is there before they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from sim.analysis import make_tables
from sim.analysis.watch import watch_summary
from sim.assemble import Live, assemble
from sim.record.tables import to_table
from sim.testing.worlds import tiny_scenario, tiny_world
from sim.world.build import joined_s
from sim.world.state import NOBODY

HOUR = 3_600.0
DURATION = 12 * HOUR
JOINING: dict[str, Any] = {
    "population": {"users": 400, "joining": 0.4, "creators": 0.5},
    "creators": {"posts_per_week": 40.0}, "duration": DURATION,
    "behaviour": {"act": {"follow": 0.01}},
}  # fmt: skip


@pytest.fixture(scope="module", params=[1, 3])
def live(request: pytest.FixtureRequest) -> Live:
    """Played on one thread, and on three."""
    found = assemble(tiny_scenario(**JOINING), 1, engine="fast", shards=request.param)
    found.env.run(until=found.end)
    return found


def test_a_share_joins_evenly_over_the_run() -> None:
    joined = tiny_world(**{**JOINING, "population": {"users": 20_000, "joining": 0.4}})
    times = joined.accounts.joined_s
    assert abs((times > 0).mean() - 0.4) < 4 * np.sqrt(0.24 / 20_000)
    quarters = np.histogram(times[times > 0], 4, (0, DURATION))[0] / (times > 0).sum()
    assert (abs(quarters - 0.25) < 0.03).all()
    assert not tiny_world().accounts.joined_s.any()


def test_who_was_there_is_as_in_a_world_where_nobody_joins() -> None:
    one, other = (
        tiny_world(**JOINING),
        tiny_world(**{**JOINING, "population": {"users": 400, "creators": 0.5}}),
    )
    np.testing.assert_array_equal(one.truth.interests, other.truth.interests)
    np.testing.assert_array_equal(one.creators.skill, other.creators.skill)


def test_nobody_knows_them_before(live: Live) -> None:
    world = live.world
    later = world.accounts.joined_s > 0
    counts = np.diff(world.follows.start)
    assert counts[~later].mean() > 3
    assert not counts[later].any()
    ordinary = np.flatnonzero(world.creators.user != NOBODY)
    newcomers = ordinary[joined_s(world)[ordinary] > 0]
    assert not world.creators.followers_start[newcomers].any()
    assert not np.isin(world.follows.creator, newcomers).any()


def test_nothing_is_posted_before_one_joins(live: Live) -> None:
    videos, joined = live.world.videos, joined_s(live.world)
    n = videos.count
    when, since = videos.uploaded_s[:n], joined[videos.creator[:n]]
    assert (since > 0).any()
    assert (when[since > 0] > since[since > 0]).all()
    assert (when < 0).any()


def test_they_come_and_are_followed_after_they_joined(live: Live) -> None:
    users = live.columns()["users"]
    joined = users["joined_s"]
    early, late = (joined > 0) & (joined < 0.3 * DURATION), joined > 0.9 * DURATION
    assert users["impressions"][early].mean() > 10
    assert users["impressions"][early].mean() > users["impressions"][late].mean()
    # who opens an account watches at once
    assert (users["impressions"][(joined > 0) & (joined < DURATION)] > 0).all()
    assert users["follows_end"][early].sum() > 0


def test_a_day_counts_from_joining_on(live: Live) -> None:
    """Minutes a day are over the time for which people were there."""
    frames = {n: pl.DataFrame(to_table(n, c)) for n, c in live.columns().items()}
    facts = {"users": 400, "warmup_s": 0.0, "duration_s": DURATION, "viral_reach": 0.1}
    tables = make_tables(frames, facts)
    there = (DURATION - tables.users["joined_s"]).sum() / 86_400.0
    watched = tables.users["watch_s"].sum() / 60.0
    assert watch_summary(tables).minutes_per_user_day == pytest.approx(watched / there)
