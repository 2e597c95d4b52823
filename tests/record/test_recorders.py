"""Observers: the timeline, the paths of single videos, the event log and its hash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from sim.core.actions import ACTION_NAMES, bit
from sim.core.counts import (
    FOLLOWERS,
    IMPRESSIONS,
    PART_COUNTS,
    PART_WIDTH,
    PARTS,
    REACH,
    VIEWS,
    WIDTH,
)
from sim.feed.cold_start import STATE_NAMES
from sim.record.columns import EVENTS, OPTIONAL, SOURCE_NAMES, SURFACE_NAMES, TABLES
from sim.record.events import EVENT, hash_text
from sim.record.recorders import EventLog, Paths, Timeline
from sim.record.tables import (
    creator_columns,
    hashtag_columns,
    probe_columns,
    probe_names,
    sound_columns,
    to_table,
    user_columns,
    video_columns,
    write_table,
)
from sim.scenario.viral import Viral
from tests.conftest import Played

ROW = (12.5, 3, 7, 4_250, bit("like") | bit("completion"), 2, 1, 4, 2, 1, 0)

GOLDEN = "2c99d17ce3aae6957a2ae2ec5f95b3c6-1"


def log_of(*rows: tuple[Any, ...]) -> EventLog:
    log = EventLog(None)
    log.add(np.array(list(rows), EVENT))
    return log


@pytest.mark.parametrize("field", range(9))
def test_the_hash_depends_on_every_field_of_an_event(field: int) -> None:
    changed = list(ROW)
    changed[field] += 1
    assert log_of(tuple(changed)).hash != log_of(ROW).hash


def test_the_hash_does_not_depend_on_how_the_log_is_cut() -> None:
    other = (99.0, 4, *ROW[2:])
    cut = log_of(ROW)
    cut.add(np.array([other], EVENT))
    assert cut.hash == log_of(ROW, other).hash == log_of(other, ROW).hash
    assert cut.hash != log_of(ROW).hash
    assert log_of(ROW, ROW).hash != log_of(other, other).hash
    assert cut.hash.endswith("-2")


def test_events_that_swap_a_field_have_another_hash() -> None:
    a, b = ROW, (ROW[0], 9, *ROW[2:])
    swapped = (a[0], a[1], 8, *a[3:]), (b[0], b[1], a[2], *b[3:])
    other = (a[0], a[1], a[2], *a[3:]), (b[0], b[1], 8, *b[3:])
    assert log_of(*swapped).hash != log_of(*other).hash


def test_no_events_have_a_hash_too() -> None:
    assert EventLog(None).hash == hash_text(np.zeros(2, np.uint64), 0) == "0" * 32 + "-0"


def test_golden_hash() -> None:
    assert log_of(ROW).hash == GOLDEN


def test_the_file_holds_the_documented_columns(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    log = EventLog(path)
    assert log.wanted
    log.add(np.array([ROW, (13.0, *ROW[1:])], EVENT))
    log.close()
    table = pl.read_parquet(path)
    assert table.columns == [c.name for c in EVENTS]
    assert table.row(0) == (
        12.5, 3, 7, 1, 4, 2, None, 4.25, 2,
        *(name in ("like", "completion") for name in ACTION_NAMES),
    )  # fmt: skip


def test_a_log_without_events_is_an_empty_file(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.parquet")
    log.close()
    assert pl.read_parquet(tmp_path / "events.parquet").height == 0


def cells(bins: int, **set_: int) -> np.ndarray:
    counts = np.zeros((bins, len(SURFACE_NAMES), len(SOURCE_NAMES), WIDTH), np.int64)
    for name, value in set_.items():
        counts[int(name[1:]), 0, 2, IMPRESSIONS] = value
    return counts


def test_the_timeline_joins_windows_that_share_a_bin() -> None:
    timeline = Timeline(600.0)
    timeline.add(0, cells(2, b0=3, b1=1))
    timeline.add(1, cells(1, b0=5))
    timeline.add(1, cells(3, b0=2, b2=4))
    columns = timeline.columns()
    assert columns["time_s"].tolist() == [0.0, 600.0, 1_800.0]
    assert columns["impressions"].tolist() == [3, 8, 4]
    assert set(columns["source"]) == {"hashtag"}
    assert set(columns["surface"]) == {"for_you"}


def test_a_timeline_without_impressions_is_empty() -> None:
    timeline = Timeline(600.0)
    timeline.add(0, cells(2))
    assert all(len(column) == 0 for column in timeline.columns().values())


def test_paths_follow_probes_and_the_first_uploads_after_the_warm_up() -> None:
    paths = Paths(2, 100.0)
    uploaded = np.array([-5.0, 50.0, 100.0, 120.0, 130.0, 140.0])
    probe = np.array([-1, -1, -1, 0, -1, -1], np.int16)
    counts = np.zeros((6, WIDTH), np.int64)
    pool = np.zeros(6, np.int8)
    paths.notice(uploaded, probe, 3)
    elsewhere = np.zeros((6, PART_WIDTH), np.int32)
    paths.snapshot(150.0, counts, elsewhere, pool)
    paths.notice(uploaded, probe, 6)
    counts[:, REACH] = 10 * np.arange(6)
    counts[:, VIEWS] = 20 * np.arange(6)
    counts[:, IMPRESSIONS] = 9
    parts = elsewhere.reshape(6, len(PARTS), len(PART_COUNTS))
    for name, shown, reach in (("following", 1, 1), ("sound_page", 2, 20), ("injected", 3, 0)):
        parts[3, PARTS.index(name)] = shown, shown, reach
    parts[3, FOLLOWERS] = 4, 4, 11
    paths.snapshot(200.0, counts, elsewhere, pool)
    names = np.array(["", "", "", "p", "", ""], object)
    columns = paths.columns(uploaded, names)
    assert columns["video"].tolist() == [2, 2, 3, 4]
    assert columns["age_s"].tolist() == [50.0, 100.0, 80.0, 70.0]
    assert columns["reach"].tolist() == [0, 20, 30, 40]
    assert columns["views"].tolist() == [0, 40, 60, 80]
    assert list(columns["probe"]) == ["", "", "p", ""]
    assert columns["impressions_for_you"].tolist() == [0, 9, 3, 9]
    assert columns["impressions_following"].tolist() == [0, 0, 1, 0]
    assert columns["impressions_injected"].tolist() == [0, 0, 3, 0]
    assert not columns["impressions_notification"].any()
    assert columns["reach_for_you"].tolist() == [0, 20, 9, 40]
    assert columns["impressions_followers"].tolist() == [0, 0, 4, 0]
    assert columns["reach_followers"].tolist() == [0, 0, 11, 0]
    assert paths.first_reaching("reach", 20) == {2: 200.0, 3: 200.0, 4: 200.0}
    assert paths.first_reaching("impressions", 9) == {2: 200.0, 3: 200.0, 4: 200.0}
    assert paths.first_reaching("impressions", 10) == {}
    assert paths.first_reaching("reach", 1_000) == {}
    # 30 people were reached, 9 of them on For You, and 19 who did not follow
    assert paths.first_reaching("reach", 20, "for_you") == {2: 200.0, 4: 200.0}
    assert paths.first_reaching("reach", 9, "for_you")[3] == 200.0
    assert paths.first_reaching("reach", 20, "strangers") == {2: 200.0, 4: 200.0}
    assert paths.first_reaching("reach", 19, "strangers")[3] == 200.0
    assert 3 not in paths.first_reaching("impressions", 4, "for_you")
    assert paths.first_reaching("impressions", 5, "strangers")[3] == 200.0


def test_snapshots_are_what_the_counts_were(played: Played) -> None:
    live, events = played.live, played.events
    columns = live.paths.columns(
        live.world.videos.uploaded_s, probe_names(live.world, live.world.video_truth.probe)
    )
    table = pl.DataFrame({k: list(v) for k, v in columns.items()})
    assert table.filter(pl.col("probe") != "")["video"].n_unique() == 7
    assert table.filter(pl.col("probe") == "")["video"].n_unique() == 10
    for row in table.sample(40, seed=1).iter_rows(named=True):
        before = events.filter(
            (pl.col("video") == row["video"]) & (pl.col("time_s") < row["time_s"])
        )
        assert row["impressions"] == before.height
        assert row["views"] == before["views"].cast(pl.Int64).sum()
        assert row["reach"] == before["user"].n_unique()
        assert row["likes"] == before["like"].sum()


@pytest.fixture(scope="module")
def tables(played: Played) -> dict[str, dict[str, Any]]:
    live = played.live
    world, view = live.world, live.platform.view
    states = np.array(STATE_NAMES, object)[view.cold.state]
    elsewhere = live.platform.window.elsewhere
    videos = video_columns(world, view.counts, elsewhere, view.cold.pool, states)
    return {
        "videos": videos,
        "creators": creator_columns(world, view.counts),
        "users": user_columns(
            world,
            live.engine.user_counts(),
            live.engine.follow_counts(),
            view.beliefs.profile,
            np.zeros(world.users, np.uint64),
            np.zeros(0, np.int8),
        ),
        "timeline": live.timeline.columns(),
        "control": live.controls.columns(),
        "regret": live.regrets.columns(),
        "sounds": sound_columns(world, view.counts),
        "hashtags": hashtag_columns(world, view.counts),
        "trends": live.platform.trends.columns(),
        "paths": live.paths.columns(
            world.videos.uploaded_s, probe_names(world, world.video_truth.probe)
        ),
        "probes": probe_columns(world, videos, live.paths, Viral.by_reach(0.1, 150)),
    }


@pytest.mark.parametrize("name", [name for name in TABLES if name not in OPTIONAL])
def test_tables_have_exactly_the_documented_columns(
    tables: dict[str, dict[str, Any]], name: str, tmp_path: Path
) -> None:
    assert set(tables[name]) == {c.name for c in TABLES[name]}
    write_table(tmp_path, name, tables[name])
    assert [p.name for p in tmp_path.iterdir()] == [f"{name}.parquet"]
    table = pl.read_parquet(tmp_path / f"{name}.parquet")
    assert table.columns == [c.name for c in TABLES[name]]
    assert table.height > 0
    arrow = to_table(name, tables[name])
    for column in TABLES[name]:
        assert arrow.schema.field(column.name).metadata[b"unit"] == column.unit.encode()
        if "null" not in column.meaning:
            assert table[column.name].null_count() == 0
        if column.dtype == "float64":
            assert table[column.name].drop_nulls().is_finite().all()


def test_probes_become_viral_when_their_reach_does(
    tables: dict[str, dict[str, Any]], played: Played
) -> None:
    probes = pl.DataFrame({k: list(v) for k, v in tables["probes"].items()}, strict=False)
    assert probes["probe"].to_list() == ["late"] * 4 + ["spread"] * 3
    assert probes["number"].to_list() == [0, 1, 2, 3, 0, 1, 2]
    # 10 % of 150 users
    assert probes["viral"].to_list() == (probes["reach"] >= 15).to_list()
    assert (probes["time_to_viral_s"].is_not_null() == probes["viral"]).all()
    assert probes["viral"].any()
    for row in probes.filter(pl.col("viral")).iter_rows(named=True):
        first = (
            played.events.filter(pl.col("video") == row["video"])
            .unique("user", keep="first", maintain_order=True)
            .sort("time_s")["time_s"][14]
        )
        # the first snapshot, every 30 minutes, after the fifteenth person
        late = row["uploaded_s"] + row["time_to_viral_s"] - first
        assert 0 <= late <= 1_800.0


def test_viral_begins_exactly_at_the_threshold(
    tables: dict[str, dict[str, Any]], played: Played
) -> None:
    live, videos = played.live, tables["videos"]
    for reach in {int(r) for r in tables["probes"]["reach"]} - {0}:
        at = probe_columns(live.world, videos, live.paths, Viral.by_reach(reach / 150, 150))
        np.testing.assert_array_equal(at["viral"], at["reach"] >= reach)
        above = probe_columns(
            live.world, videos, live.paths, Viral.by_reach((reach + 0.01) / 150, 150)
        )
        np.testing.assert_array_equal(above["viral"], above["reach"] > reach)


@pytest.mark.parametrize("counter", ["impressions", "reach"])
def test_verdicts_by_some_alone_count_what_those_brought(
    tables: dict[str, dict[str, Any]], played: Played, counter: Any
) -> None:
    live, videos = played.live, tables["videos"]
    for least in (2, 10, 30):
        found = probe_columns(live.world, videos, live.paths, Viral(counter, least))
        everybody, followers = found[counter], found[f"{counter}_followers"]
        for_you = found[f"{counter}_for_you"]
        np.testing.assert_array_equal(found["viral"], everybody >= least)
        np.testing.assert_array_equal(found["viral_for_you"], for_you >= least)
        np.testing.assert_array_equal(found["viral_strangers"], everybody - followers >= least)
        # by an age that nobody outlives it is the same, by the paths
        by_age = probe_columns(live.world, videos, live.paths, Viral(counter, least, age_s=1e9))
        for name in ("viral_for_you", "viral_strangers"):
            np.testing.assert_array_equal(by_age[name], found[name], name)
    assert (for_you < everybody).any()
    assert (followers > 0).any()


@pytest.mark.parametrize("counter", ["impressions", "reach"])
def test_viral_by_an_age_is_what_the_paths_say(
    tables: dict[str, dict[str, Any]], played: Played, counter: Any
) -> None:
    live, paths = played.live, pl.DataFrame(
        {k: list(v) for k, v in tables["paths"].items()}, strict=False
    )  # fmt: skip
    seen = set()
    for least, age_s in ((5, 3_600.0), (10, 5_400.0), (30, 7_200.0), (10, 1e9)):
        found = probe_columns(
            live.world, tables["videos"], live.paths, Viral(counter, least, age_s=age_s)
        )
        for video, viral, after in zip(
            found["video"], found["viral"], found["time_to_viral_s"], strict=True
        ):
            rows = paths.filter(
                (pl.col("video") == video) & (pl.col(counter) >= least) & (pl.col("age_s") <= age_s)
            )
            assert bool(viral) == (rows.height > 0)
            assert after == (rows["age_s"].min() if viral else None)
            seen.add(bool(viral))
    assert seen == {False, True}


def test_creators_have_the_posts_of_the_run(
    tables: dict[str, dict[str, Any]], played: Played
) -> None:
    videos = pl.DataFrame({k: list(v) for k, v in tables["videos"].items()})
    made = videos.filter(pl.col("uploaded_s") >= 0).group_by("creator").len().sort("creator")
    posts = np.asarray(tables["creators"]["posts"])
    assert posts[made["creator"].to_numpy()].tolist() == made["len"].to_list()
    assert posts.sum() == made["len"].sum()
    assert videos["original_sound"].any()
    original = videos.filter("original_sound")["sound"]
    assert original.n_unique() == len(original)
