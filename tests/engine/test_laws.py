"""Conservation laws of a run: the counters are the sums over the log, and the clock is right."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from sim.core.actions import ACTIONS
from sim.core.counts import COUNT_NAMES, IMPRESSIONS, REACH, VIEWS, WATCH_MS
from sim.core.surfaces import SURFACES, surface_code
from sim.record.columns import SOURCE_NAMES, SURFACE_NAMES
from sim.record.recorders import count_columns
from sim.record.tables import creator_columns, user_columns, video_columns
from tests.conftest import Played

COUNTERS = ["impressions", "views", "watch_s", *(a.plural for a in ACTIONS)]


def sums(events: pl.DataFrame, by: str, rows: int) -> dict[str, np.ndarray]:
    """Counters of each ``by`` from the log."""
    group = events[by].to_numpy()
    found = {
        "impressions": np.bincount(group, minlength=rows),
        "views": np.bincount(group, weights=events["views"].to_numpy(), minlength=rows),
        "watch_s": np.bincount(group, weights=events["watch_s"].to_numpy(), minlength=rows),
    }
    for a in ACTIONS:
        weights = events[a.name].to_numpy().astype(float)
        found[a.plural] = np.bincount(group, weights=weights, minlength=rows)
    return found


def same(columns: dict[str, Any], wanted: dict[str, np.ndarray]) -> None:
    for name in COUNTERS:
        np.testing.assert_allclose(columns[name], wanted[name], atol=1e-6, err_msg=name)


def test_the_log_has_a_row_an_impression(played: Played) -> None:
    assert len(played.events) == played.live.platform.impressions == played.live.log.impressions
    assert len(played.events) > 3_000


def test_counters_of_videos_are_sums_over_the_log(played: Played) -> None:
    world, view = played.live.world, played.live.platform.view
    n = world.videos.count
    names = np.full(len(view.cold.state), "", object)
    elsewhere = played.live.platform.window.elsewhere
    columns = video_columns(world, view.counts, elsewhere, view.cold.pool, names)
    same(columns, sums(played.events, "video", n))
    reach = played.events.group_by("video").agg(pl.col("user").n_unique()).sort("video")
    counted = np.zeros(n, int)
    counted[reach["video"].to_numpy()] = reach["user"].to_numpy()
    np.testing.assert_array_equal(columns["reach"], counted)


def test_counters_of_users_are_sums_over_the_log(played: Played) -> None:
    live = played.live
    columns = user_columns(
        live.world, live.engine.user_counts(), live.engine.follow_counts(),
        live.platform.view.beliefs.profile, np.zeros(live.world.users, np.uint64),
        np.zeros(0, np.int8),
    )  # fmt: skip
    same(columns, sums(played.events, "user", live.world.users))


def test_counters_of_creators_are_sums_over_the_log(played: Played) -> None:
    live = played.live
    creator = live.world.videos.creator[played.events["video"].to_numpy()]
    events = played.events.with_columns(pl.Series("creator", creator))
    columns = creator_columns(live.world, live.platform.view.counts)
    same(columns, sums(events, "creator", live.world.creators.count))


RARE = ("saves", "shares", "not_interested", "reports", "blocks")
"""Counters that may be 0 in a world so small."""


def test_totals_are_the_sums_of_all_videos(played: Played) -> None:
    view = played.live.platform.view
    np.testing.assert_array_equal(view.totals, view.counts.sum(axis=0))
    for i, name in enumerate(COUNT_NAMES):
        assert view.totals[i] > 0 or name in RARE, name


def test_the_timeline_is_the_log_in_bins(played: Played) -> None:
    timeline = pl.DataFrame({k: v.tolist() for k, v in played.live.timeline.columns().items()})
    wanted = (
        played.events.with_columns(
            (pl.col("time_s") // 1800.0 * 1800.0).alias("bin"),
            pl.col("surface").cast(pl.Int64).replace_strict(dict(enumerate(SURFACE_NAMES))),
            pl.col("source").cast(pl.Int64).replace_strict(dict(enumerate(SOURCE_NAMES))),
        )
        .group_by("bin", "surface", "source")
        .agg(
            pl.len().alias("impressions"),
            pl.col("views").cast(pl.Int64).sum(),
            pl.col("watch_s").sum(),
            *(pl.col(a.name).cast(pl.Int64).sum().alias(a.plural) for a in ACTIONS),
        )
        .sort("bin", "surface", "source")
    )
    found = timeline.sort("time_s", "surface", "source")
    assert found["time_s"].to_list() == wanted["bin"].to_list()
    for name in ("surface", "source", "impressions", "views", *(a.plural for a in ACTIONS)):
        assert found[name].to_list() == wanted[name].to_list(), name
    np.testing.assert_allclose(found["watch_s"], wanted["watch_s"], atol=1e-6)
    # bins are written once each, in order of time
    assert timeline["time_s"].is_sorted()


def test_views_are_at_least_the_reach(played: Played) -> None:
    counts = played.live.platform.view.counts
    assert (counts[:, VIEWS] >= counts[:, IMPRESSIONS]).all()
    assert (counts[:, IMPRESSIONS] >= counts[:, REACH]).all()
    assert (counts >= 0).all()
    assert counts[:, REACH].max() <= played.live.world.users


def test_new_followers_are_the_follow_events(played: Played) -> None:
    live, events = played.live, played.events
    creators = live.world.creators
    gained, by_user = np.zeros(creators.count, int), np.zeros(live.world.users, int)
    for action, one in (("follow", 1), ("unfollow", -1)):
        did = events.filter(pl.col(action))
        creator = live.world.videos.creator[did["video"].to_numpy()]
        gained += one * np.bincount(creator, minlength=creators.count)
        by_user += one * np.bincount(did["user"].to_numpy(), minlength=live.world.users)
        assert did.height > 0
    np.testing.assert_array_equal(creators.followers - creators.followers_start, gained)
    np.testing.assert_array_equal(live.platform.view.creators.followers, creators.followers)
    np.testing.assert_array_equal(
        live.engine.follow_counts() - np.diff(live.world.follows.start), by_user
    )


def test_nobody_follows_a_creator_twice(played: Played) -> None:
    for user in range(played.live.world.users):
        follows = played.live.platform.view.follows.of(user).tolist()
        assert len(set(follows)) == len(follows)


def test_events_say_what_their_numbers_say(played: Played) -> None:
    """Completion, skip, loop and views follow from the seconds watched (design, terms)."""
    events, videos = played.events, played.live.world.videos
    duration = np.round(videos.duration_s[events["video"].to_numpy()] * 1000).astype(int)
    ms = np.round(events["watch_s"].to_numpy() * 1000).astype(int)
    np.testing.assert_array_equal(events["completion"].to_numpy(), ms >= duration)
    skip = (ms < 3_000) & (ms < duration)
    np.testing.assert_array_equal(events["skip"].to_numpy(), skip)
    np.testing.assert_array_equal(events["views"].to_numpy(), np.maximum(-(-ms // duration), 1))
    np.testing.assert_array_equal(events["loop"].to_numpy(), events["views"].to_numpy() > 1)
    assert (events["watch_s"] >= 0).all()


def test_a_user_plays_one_video_at_a_time(played: Played) -> None:
    for (_,), one in played.events.group_by("user", maintain_order=True):
        start = one["time_s"].to_numpy()
        end = start + one["watch_s"].to_numpy()
        assert (np.diff(start) > 0).all()
        assert (start[1:] >= end[:-1] - 1e-6).all()


def test_the_log_is_in_its_fixed_order(played: Played) -> None:
    """Window by window, in a window by user, for each user by time."""
    events = played.events
    window = (events["time_s"] // 600.0).to_numpy()
    order = np.lexsort((events["time_s"].to_numpy(), events["user"].to_numpy(), window))
    np.testing.assert_array_equal(order, np.arange(len(events)))


def test_times_are_within_the_run(played: Played) -> None:
    assert played.events["time_s"].min() >= 0.0
    assert played.events["time_s"].max() < 8 * 3600.0


def test_a_video_is_not_shown_before_the_refresh_after_its_upload(played: Played) -> None:
    videos = played.live.world.videos
    uploaded = videos.uploaded_s[played.events["video"].to_numpy()]
    time = played.events["time_s"].to_numpy()
    new = uploaded >= 0
    assert new.sum() > 50
    visible = (np.floor(uploaded[new] / 600.0) + 1) * 600.0
    assert (time[new] >= visible).all()


def test_every_upload_of_the_run_is_before_its_end(played: Played) -> None:
    videos = played.live.world.videos
    uploaded = videos.uploaded_s[: videos.count]
    assert (np.diff(uploaded) >= 0).all()
    assert uploaded[-1] < 8 * 3600.0
    posts = np.bincount(videos.creator[: videos.count], minlength=played.live.world.creators.count)
    np.testing.assert_array_equal(posts, played.live.world.creators.post_number)


def test_probes_post_at_their_time(played: Played) -> None:
    world = played.live.world
    n = world.videos.count
    late = np.flatnonzero(world.video_truth.probe[:n] == 0)
    assert world.videos.uploaded_s[late].tolist() == [7_200.0] * 4
    assert world.videos.followers_at_upload[late].tolist() == [30] * 4
    assert (world.video_truth.quality[late] == 1.5).all()
    assert sorted(world.video_truth.probe_number[late].tolist()) == [0, 1, 2, 3]
    spread = np.flatnonzero(world.video_truth.probe[:n] == 1)
    assert world.videos.uploaded_s[spread].tolist() == [10_801.0, 12_001.0, 13_201.0]
    assert len(set(world.videos.creator[np.concatenate([late, spread])].tolist())) == 7


def test_pools_in_the_log_are_those_of_the_slate(played: Played) -> None:
    uploaded = played.live.world.videos.uploaded_s[played.events["video"].to_numpy()]
    pool = played.events["pool"].to_numpy()
    assert ((pool > 0) == (uploaded >= 0)).all()
    assert pool.max() > 1


def test_sessions_are_counted(played: Played) -> None:
    users = played.live.engine.user_counts()
    shown = users.counts[:, IMPRESSIONS] > 0
    assert (users.sessions[shown] >= 1).all()
    assert (users.active_days <= 1).all()
    np.testing.assert_array_equal(users.active_days > 0, users.sessions > 0)


@pytest.mark.parametrize(
    "name", [s.name for s in SURFACES if s.name not in ("shared_link", "injected")]
)
def test_every_surface_is_used(played: Played, name: str) -> None:
    """All but those that are off until somebody has contacts, or something is forced."""
    assert (played.events["surface"] == surface_code(name)).any()


def test_count_columns_have_the_names_of_the_tables() -> None:
    row = np.arange(len(COUNT_NAMES), dtype=np.int64)[None]
    columns = count_columns(row)
    assert list(columns) == COUNTERS
    assert columns["watch_s"][0] == WATCH_MS / 1000
    assert columns["likes"][0] == COUNT_NAMES.index("likes")
