"""Blocks and follows that end, event by event, and the counters by surface and for followers."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest

from sim.assemble import Live
from sim.core.counts import FOLLOWERS, IMPRESSIONS, PARTS, REACH, VIEWS
from sim.core.surfaces import SURFACE_NAMES
from sim.record.recorders import part_columns, parts_of
from sim.testing.worlds import tiny_platform, tiny_world

ENGINES = ["fast", "reference"]
POPULATION = {"users": 120, "creators": 0.3, "follows": 12}
SCENARIO: dict[str, Any] = {
    "population": POPULATION,
    "behaviour": {
        "act": {
            "profile_visit": 0.05, "hashtag_tap": 0.05, "sound_tap": 0.05, "share": 0.05,
            "follow": 0.05, "unfollow": 0.1, "block": 0.01,
        },
        "browse": {"friends": 0.2, "friends_half": 1.0, "search": 0.2, "open": 0.9},
        "sharing": {"contacts": 8, "delay": 60.0},
        "session": {"following_share": 0.3, "sessions_per_day": 8.0},
        "notifications": {"reply": 0.5, "post": 0.5, "opened": 0.9},
    },
}  # fmt: skip


class Told(NamedTuple):
    """A run, and its events in the order of each person."""

    live: Live
    events: pl.DataFrame


@cache
def told(engine: str, blocked: bool = True) -> Told:
    """``blocked``: whether the feed filters blocked creators."""
    filters = ["seen", "own", "ineligible", *(["blocked"] if blocked else [])]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "events.parquet"
        live = tiny_platform(
            engine=engine, events=path, feed={"filters": filters}, **SCENARIO
        )  # fmt: skip
        events = pl.read_parquet(path).sort("user", "time_s", maintain_order=True)
    creator = live.world.videos.creator[events["video"].to_numpy()]
    names = np.array(SURFACE_NAMES)[events["surface"].to_numpy()]
    events = events.with_columns(creator=pl.Series(creator), surface=pl.Series(names))
    return Told(live, events)


def after_a_block(events: pl.DataFrame) -> pl.DataFrame:
    """Events of a person with a creator whom they had blocked before."""
    blocks = events.filter(pl.col("block")).group_by("user", "creator").agg(pl.col("time_s").min())
    later = events.join(blocks, on=["user", "creator"], suffix="_block")
    return later.filter(pl.col("time_s") > pl.col("time_s_block"))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_blocked_creator_is_never_shown_again_on_any_surface(engine: str) -> None:
    events = told(engine).events
    assert events["block"].sum() > 100
    assert set(events["surface"].unique()) >= {
        "for_you", "following", "sound_page", "shared_link", "friends", "profile",
        "hashtag_page", "search",
    }  # fmt: skip
    assert after_a_block(events).height == 0


def test_without_the_filter_a_blocked_creator_comes_back() -> None:
    """So the test above could fail."""
    found = after_a_block(told("fast", blocked=False).events)
    assert found.height > 50
    assert found["surface"].n_unique() > 3


def _replayed(engine: str) -> tuple[list[set[int]], np.ndarray]:
    """Whom each person follows in the end, and whether they followed at each event."""
    live, events = told(engine)
    graph = live.world.follows
    follows = [
        set(graph.creator[graph.start[u] : graph.start[u + 1]].tolist())
        for u in range(live.world.users)
    ]
    followed = np.zeros(events.height, bool)
    rows = events.select("user", "creator", "follow", "unfollow", "block").iter_rows()
    for i, (user, creator, starts, stops, blocks) in enumerate(rows):
        followed[i] = creator in follows[user]
        if starts:
            assert not followed[i]
            follows[user].add(creator)
        if stops:
            follows[user].remove(creator)
        if blocks:
            assert creator not in follows[user]
    return follows, followed


@pytest.mark.parametrize("engine", ENGINES)
def test_who_stops_following_follows_no_more(engine: str) -> None:
    live, events = told(engine)
    assert events["unfollow"].sum() > 100
    follows, _ = _replayed(engine)
    for user, wanted in enumerate(follows):
        found = live.platform.view.follows.of(user).tolist()
        assert len(found) == len(set(found))
        assert set(found) == wanted
    counts = live.engine.follow_counts()
    assert counts.tolist() == [len(row) for row in follows]


@pytest.mark.parametrize("engine", ENGINES)
def test_followers_fall_when_people_stop(engine: str) -> None:
    live, events = told(engine)
    start = tiny_world(population=POPULATION).creators.followers
    change = np.zeros(len(start), np.int64)
    np.add.at(change, events.filter("follow")["creator"].to_numpy(), 1)
    assert change.sum() > 100
    np.add.at(change, events.filter("unfollow")["creator"].to_numpy(), -1)
    np.testing.assert_array_equal(live.world.creators.followers, start + change)
    assert (change < 0).any()


@pytest.mark.parametrize("engine", ENGINES)
def test_parts_are_what_the_events_say(engine: str) -> None:
    live, events = told(engine)
    n = live.world.videos.count
    found = parts_of(live.platform.view.counts[:n], live.platform.window.elsewhere[:n])
    _, followed = _replayed(engine)
    first = events.select(pl.struct("user", "video").is_first_distinct()).to_series().to_numpy()
    views = events["views"].to_numpy()
    for part, name in enumerate(PARTS):
        there = followed if part == FOLLOWERS else (events["surface"] == name).to_numpy()
        video = events["video"].to_numpy()[there]
        for column, counted in enumerate((np.ones(len(views)), views, first)):
            wanted = np.bincount(video, counted[there], minlength=n)
            np.testing.assert_array_equal(found[:, part, column], wanted, f"{name}, {column}")


@pytest.mark.parametrize("engine", ENGINES)
def test_parts_add_up(engine: str) -> None:
    """Surfaces add up to all there is; followers are some of them."""
    live, _ = told(engine)
    n = live.world.videos.count
    counts = live.platform.view.counts[:n]
    columns = part_columns(counts, live.platform.window.elsewhere[:n])
    for name, counter in (("impressions", IMPRESSIONS), ("views", VIEWS), ("reach", REACH)):
        by_surface = np.array([columns[f"{name}_{surface}"] for surface in SURFACE_NAMES])
        np.testing.assert_array_equal(by_surface.sum(axis=0), counts[:, counter])
        assert (by_surface >= 0).all()
        followers = columns[f"{name}_followers"]
        assert ((followers >= 0) & (followers <= counts[:, counter])).all()
        assert followers.sum() > 0


def test_there_are_columns_of_no_video() -> None:
    columns = part_columns(np.zeros((0, 19), np.int64), np.zeros((0, 3 * len(PARTS)), np.int32))
    assert len(columns) == 3 * len(PARTS)
    assert all(len(column) == 0 for column in columns.values())
