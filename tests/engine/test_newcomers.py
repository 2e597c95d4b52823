"""Newcomers: the contract of a mechanism, the counters against the log, the table by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest

from sim.assemble import Live, assemble
from sim.core.stages import FIRST_VIDEOS, SPANS
from sim.engine.newcomers import FirstVideos, Newcomers, newcomer_columns
from sim.record.tables import to_table
from sim.testing.mechanisms import MechanismContract
from sim.testing.worlds import tiny_scenario
from sim.world.state import NOBODY, TOPIC_ONE

HOUR = 3_600.0
JOINING: dict[str, Any] = {
    "population": {"users": 30, "joining": 0.6, "ticking": 0.5, "creators": 1.0},
    "duration": 3 * HOUR,
    "warmup": HOUR,
    "behaviour": {
        "session": {
            "sessions_per_day": 100.0, "activity_min": 50, "activity_max": 1000, "leave": 1e-3,
        },
        "act": {"like": 0.2},
    },
    "feed": {"filters": []},
}  # fmt: skip


class TestNewcomers(MechanismContract):
    on: ClassVar = {"population": {"joining": 0.5}}
    off: ClassVar = {"population": {"joining": 0.0}}
    tables = ("newcomers", "first_videos")


def state(live: Live) -> tuple[Newcomers, FirstVideos]:
    newcomers, first = (
        table for table in live.platform.mechanisms if isinstance(table, Newcomers | FirstVideos)
    )
    assert isinstance(newcomers, Newcomers)
    assert isinstance(first, FirstVideos)
    return newcomers, first


@pytest.fixture(scope="module", params=[("fast", 1), ("fast", 3), ("reference", 1)], ids=str)
def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Live, pl.DataFrame]:
    engine, shards = request.param
    path = tmp_path_factory.mktemp("log") / "events.parquet"
    live = assemble(tiny_scenario(**JOINING), 1, engine=engine, shards=shards, events=path)
    live.env.run(until=live.end)
    live.log.close()
    return live, pl.read_parquet(path)


def test_the_first_videos_in_the_log_are_counted(played: tuple[Live, pl.DataFrame]) -> None:
    live, events = played
    newcomers, first = state(live)
    world = live.world
    joined = np.flatnonzero(world.accounts.joined_s > 0)
    assert newcomers.row[joined].tolist() == list(range(len(joined)))
    assert (newcomers.row[world.accounts.joined_s == 0] == NOBODY).all()
    longest = 0
    for row, user in enumerate(joined.tolist()):
        own = events.filter(pl.col("user") == user).sort("time_s")
        longest = max(longest, own.height)
        interests = world.truth.interests[user].astype(np.int64)
        match = world.video_truth.topics[own["video"].to_numpy()].astype(np.int64) @ interests
        for part, last in enumerate(FIRST_VIDEOS):
            begin = (0, *FIRST_VIDEOS)[part]
            some = own.slice(begin, last - begin)
            wanted = [some.height, *(some[a].sum() for a in ("completion", "skip", "like"))]
            assert first.counts[row, part].tolist() == wanted
            watch_ms = (some["watch_s"] * 1_000).round().cast(pl.Int64).sum()
            assert first.watch_ms[row, part] == watch_ms
            assert first.match[row, part] == match[begin:last].sum()
    assert longest > FIRST_VIDEOS[-1]


def test_the_table_is_that_of_the_log(played: tuple[Live, pl.DataFrame]) -> None:
    """Of people who joined after the warm-up, whom the table of users tells."""
    live, events = played
    table = pl.DataFrame(to_table("newcomers", live.columns()["newcomers"]))
    assert table.height == 2 * len(SPANS)
    accounts = live.world.accounts
    number = pl.col("time_s").rank("ordinal").over("user")
    events = events.with_columns(number=number)
    for row in table.iter_rows(named=True):
        group = (accounts.joined_s >= HOUR) & ((accounts.declared != 0) == row["ticked"])
        some = events.filter(
            pl.col("user").is_in(np.flatnonzero(group).tolist()),
            pl.col("number").is_between(row["from"], row["to"]),
        )
        assert row["people"] == some["user"].n_unique()
        assert row["impressions"] == some.height
        if some.height:
            assert row["completed"] == pytest.approx(some["completion"].mean())
            assert row["skipped"] == pytest.approx(some["skip"].mean())
            assert row["liked"] == pytest.approx(some["like"].mean())
            assert row["watch_s"] == pytest.approx(some["watch_s"].mean())
        else:
            assert row["completed"] is None
    assert (table["people"] > 0).all()


def test_rates_and_their_errors_in_closed_form() -> None:
    """Three people with 10, 10 and 5 videos, of which they finish 4, 2 and 0."""
    live = assemble(tiny_scenario(population={"users": 4, "joining": 1.0}), 1, engine="fast")
    accounts = live.world.accounts
    accounts.joined_s[:], accounts.declared[:] = (10.0, 20.0, 30.0, 40.0), (1, 2, 4, 0)
    newcomers, first = Newcomers(4), FirstVideos(4)
    newcomers.row[:] = range(4)
    first.counts[:3, 0, :2] = [[10, 4], [10, 2], [5, 0]]
    first.match[:3, 0] = np.array([5, 2, 1]) * TOPIC_ONE**2
    columns = newcomer_columns(live.scenario, live.world, newcomers, first)
    row = {name: values[0] for name, values in columns.items()}
    assert (row["ticked"], row["from"], row["to"]) == (True, 1, 10)
    assert (row["people"], row["impressions"]) == (3, 25)
    assert row["completed"] == pytest.approx(6 / 25)
    residuals = np.array([4 - 2.4, 2 - 2.4, 0 - 1.2])
    error = np.sqrt(3 / 2 * (residuals**2).sum()) / 25
    assert row["completed_se"] == pytest.approx(error)
    assert row["match"] == pytest.approx(8 / 25)
    assert row["skipped"] == row["skipped_se"] == 0.0
    names = list(SPANS)
    assert columns["people"][names.index("11-35")] == 0
    assert columns["match"][names.index("11-35")] is None
    assert columns["completed"][names.index("first_100")] == row["completed"]
    # the fourth ticked nothing and was shown nothing
    assert columns["people"][len(SPANS)] == 0
    # who joined in the warm-up is left out, and one person has no standard error
    late = live.scenario.model_copy(update={"warmup": 25.0})
    columns = newcomer_columns(late, live.world, newcomers, first)
    assert columns["people"][0] == 1
    assert columns["completed_se"][0] is None


def test_it_takes_no_room_where_nobody_joins(tmp_path: Path) -> None:
    live = assemble(tiny_scenario(), 1, engine="fast")
    assert [table.rows for table in state(live)] == [0, 0]
    assert "newcomers" not in live.columns()
