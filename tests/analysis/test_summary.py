"""Run folders in, summaries out: loading, populations, conservation, documentation."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest

from sim.analysis import SUMMARY_FIELDS, load_tables, summarise, value_at
from sim.analysis.engagement import TIER_LABELS
from sim.analysis.fields import matches
from sim.analysis.tables import Locale, Tables, mature, measured, measured_timeline, ordinary
from sim.analysis.watch import daily_activity, shares_by, watch_summary
from sim.core.errors import RunFolderError
from sim.scenario.viral import Viral

DAY = 86_400.0


@pytest.fixture(scope="module")
def tables(synthetic: ModuleType) -> Tables:
    made: Tables = synthetic.make_tables(
        twins=("0", "10"), seed=11, users=1_000, probes={"newcomer": 40}, joined=50
    )
    return made


def leaves(node: Any, path: str = "") -> dict[str, Any]:
    if isinstance(node, dict):
        items = node.items()
    else:
        return {path: node}
    found: dict[str, Any] = {}
    for key, value in items:
        found |= leaves(value, f"{path}.{key}" if path else str(key))
    return found


def test_generator_keeps_the_conservation_laws(tables: Tables) -> None:
    v = tables.videos
    assert (v["reach"] <= v["impressions"]).all()
    assert (v["impressions"] <= v["views"]).all()
    assert (v["completions"] + v["skips"] <= v["impressions"]).all()
    for name in ("impressions", "views", "likes", "follows"):
        total = v[name].sum()
        assert total == tables.users[name].sum() == tables.timeline[name].sum()
        assert total == tables.creators[name].sum()


def test_a_folder_gives_the_tables_back(
    tables: Tables, synthetic: ModuleType, tmp_path: Path
) -> None:
    folder = synthetic.write_run(tmp_path / "run", tables)
    loaded = load_tables(folder)
    assert summarise(loaded) == summarise(tables)
    assert loaded.locales == tables.locales
    assert loaded.seed == 11


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"finished": False}, "did not finish"),
        ({"users": None}, "no number 'users'"),
        ({"viral": {"reach": 0.01}}, "does not say what counts as viral"),
        ({"warmup_s": 1e9}, "not describe a run"),
        ({"locales": [{"name": "x"}]}, "locales"),
    ],
)
def test_manifests_that_cannot_be_used(
    tables: Tables, synthetic: ModuleType, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    folder = synthetic.write_run(tmp_path / "run", tables, **change)
    with pytest.raises(RunFolderError, match=re.escape(words)) as caught:
        load_tables(folder)
    assert str(folder) in str(caught.value)


def test_folders_that_are_no_runs(tables: Tables, synthetic: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="no such folder"):
        load_tables(tmp_path / "absent")
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunFolderError, match="is a file"):
        load_tables(tmp_path / "file")
    with pytest.raises(RunFolderError, match=r"no manifest\.json"):
        load_tables(tmp_path)
    folder = synthetic.write_run(tmp_path / "run", tables)
    tables.users.drop("sessions").write_parquet(folder / "users.parquet")
    with pytest.raises(RunFolderError, match="'sessions' is missing"):
        load_tables(folder)
    (folder / "users.parquet").write_bytes(b"not parquet")
    with pytest.raises(RunFolderError, match=r"users\.parquet: cannot be read"):
        load_tables(folder)
    (folder / "users.parquet").unlink()
    with pytest.raises(RunFolderError, match=r"users\.parquet: is missing"):
        load_tables(folder)
    for text in ("{", "[]"):
        (folder / "manifest.json").write_text(text)
        with pytest.raises(RunFolderError, match=r"manifest\.json"):
            load_tables(folder)


def test_populations_are_nested(tables: Tables) -> None:
    assert tables.min_age_s == 86_400.0
    old = mature(tables)
    assert 0 < old.height < measured(tables).height < ordinary(tables).height
    assert ordinary(tables).height == tables.videos.height - tables.probes.height
    assert (old["uploaded_s"] >= tables.warmup_s).all()
    assert (tables.duration_s - old["uploaded_s"] >= tables.min_age_s).all()


def test_the_warm_up_is_left_out(tables: Tables) -> None:
    rows, covered = measured_timeline(tables)
    assert covered == tables.measured_s
    assert rows["time_s"].min() == tables.warmup_s
    # A bin that the warm-up cuts goes, with its time.
    rows, covered = measured_timeline(replace(tables, warmup_s=tables.warmup_s + 1.0))
    assert covered == tables.measured_s - 600.0
    assert rows["time_s"].min() == tables.warmup_s + 600.0


def test_watch_numbers_by_hand(tables: Tables) -> None:
    watch = watch_summary(tables)
    late = tables.timeline.filter(pl.col("time_s") >= tables.warmup_s)
    assert watch.impressions == late["impressions"].sum()
    days = tables.measured_s / 86_400
    minutes = float(late["watch_s"].sum()) / 60 / 1_000 / days
    assert watch.minutes_per_user_day == pytest.approx(minutes)
    assert watch.completion_rate == late["completions"].sum() / late["impressions"].sum()
    assert sum(shares_by(tables, "source").values()) == pytest.approx(1.0)
    assert next(iter(shares_by(tables, "surface"))) == "for_you"


def test_daily_activity_moves_with_the_clock(tables: Tables) -> None:
    home = daily_activity(tables)
    assert home.share is not None
    assert home.share.sum() == pytest.approx(1.0)
    assert (home.covered_h == 2).all()
    hours = (tables.timeline["time_s"] / 3600 % 24).floor()
    at_noon = tables.timeline.filter((hours == 12) & (pl.col("time_s") >= tables.warmup_s))
    assert home.rate[12] == pytest.approx(at_noon["views"].sum() / 1_000 / 2)
    east = daily_activity(replace(tables, locales=(Locale("east", 1.0, 3 * 3600.0),)))
    assert east.share is not None
    np.testing.assert_allclose(east.share, np.roll(home.share, 3))


def test_daily_activity_of_a_short_run_covers_some_hours(synthetic: ModuleType) -> None:
    made = synthetic.make_tables(users=200, duration_s=5 * 3600.0, warmup_s=3600.0)
    daily = daily_activity(made)
    assert daily.share is None
    assert np.isfinite(daily.rate).sum() == 4
    coarse = daily_activity(replace(made, timeline_s=7200.0))
    assert coarse.reason is not None


def test_summary_is_plain_json_and_every_leaf_is_documented(tables: Tables) -> None:
    summary = summarise(tables)
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    found = leaves(summary)
    undocumented = [p for p in found if not any(matches(f.path, p) for f in SUMMARY_FIELDS)]
    assert undocumented == []
    unused = [f.path for f in SUMMARY_FIELDS if not any(matches(f.path, p) for p in found)]
    assert unused == []
    assert len({f.path for f in SUMMARY_FIELDS}) == len(SUMMARY_FIELDS)


def test_shares_lie_within_their_intervals(tables: Tables) -> None:
    found = leaves(summarise(tables))
    checked = 0
    for path, value in found.items():
        if f"{path}_low" in found and value is not None:
            assert found[f"{path}_low"] <= value <= found[f"{path}_high"], path
            checked += 1
    assert checked > 20


def test_objectives_are_dotted_paths(tables: Tables) -> None:
    summary = summarise(tables)
    viral = tables.probes["viral"].sum()
    assert value_at(summary, "probes.newcomer.viral_share") == viral / 40
    assert value_at(summary, "engagement.tiers.1-9.followers") == "1-9"
    with pytest.raises(KeyError, match=r"probes\.newcomer\.viral_share\.x"):
        value_at(summary, "probes.newcomer.viral_share.x")
    with pytest.raises(KeyError, match=r"probes\.newcomers"):
        value_at(summary, "probes.newcomers.viral_share")


def test_what_has_a_name_is_found_by_it_though_it_is_empty(tables: Tables) -> None:
    summary = summarise(tables)
    tiers = summary["engagement"]["tiers"]
    assert list(tiers) == list(TIER_LABELS)
    assert all(name == tier["followers"] for name, tier in tiers.items())
    empty = tiers["1M+"]
    assert (empty["videos"], empty["mean"], empty["total"]) == (0, None, None)
    assert not [label for label in TIER_LABELS if "." in label], "they are parts of dotted paths"

    steps = summary["probes"]["newcomer"]["time_to_reach"]
    assert {name: step["reach"] for name, step in steps.items()} == {
        "10": 10, "100": 100, "1000": 1_000,
    }  # fmt: skip
    deep = summarise(replace(tables, pools=9))["pools"]["levels"]
    assert [level["pool"] for level in deep.values()] == list(range(1, 10))
    assert list(deep) == [str(pool) for pool in range(1, 10)]
    assert deep["9"]["entered"] == 0
    assert deep["9"]["share"] == 0.0
    assert deep["9"]["share_high"] > 0


@pytest.mark.parametrize(
    "options",
    [
        {"users": 1, "probes": {}, "pools": 0},
        {"users": 50, "median": 1e-9},
        {"users": 50, "probes": {"p": 1}, "duration_s": 3_600.0, "warmup_s": 0.0},
        {"users": 300, "sigma": 4.0, "probes": {"a": 3, "b": 50}},
    ],
)
def test_odd_runs_give_finite_numbers_or_none(
    synthetic: ModuleType, options: dict[str, Any]
) -> None:
    found = leaves(summarise(synthetic.make_tables(seed=2, **options)))
    assert all(math.isfinite(v) for v in found.values() if isinstance(v, float))


def test_supply_is_impressions_for_each_post(tables: Tables) -> None:
    population = summarise(replace(tables, mean_impressions=50.0))["population"]
    shown = tables.timeline.filter(pl.col("time_s") >= tables.warmup_s)["impressions"].sum()
    posts = (tables.videos["uploaded_s"] >= tables.warmup_s).sum()
    assert population["supply_realised"] == pytest.approx(shown / posts)
    assert population["supply_stated"] == 50.0
    assert population["headroom"] == pytest.approx(tables.users_count * posts / shown)
    assert summarise(tables)["population"]["supply_stated"] is None


def test_viral_uploads_are_those_that_meet_the_criterion(tables: Tables) -> None:
    uploads = mature(tables)
    for viral in (
        Viral("impressions", 40),
        Viral("reach", 40),
        Viral("impressions", 40, age_s=1.0),
    ):
        share = value_at(summarise(replace(tables, viral=viral)), "reach.viral_share")
        assert share == (uploads[viral.counter] >= 40).mean()
    assert (uploads["impressions"] >= 40).sum() > (uploads["reach"] >= 40).sum()


def test_supply_is_taken_over_whole_days(synthetic: ModuleType) -> None:
    """Posts and impressions have their own hours, so half a day would not do."""
    long = synthetic.make_tables(seed=1, duration_s=3.5 * DAY, warmup_s=0.8 * DAY)
    since = 1.5 * DAY
    shown = long.timeline.filter(pl.col("time_s") >= since)["impressions"].sum()
    posts = (long.videos["uploaded_s"] >= since).sum()
    assert summarise(long)["population"]["supply_realised"] == pytest.approx(shown / posts)
    short = replace(long, warmup_s=2.5 * DAY)
    shown = long.timeline.filter(pl.col("time_s") >= 2.5 * DAY)["impressions"].sum()
    posts = (long.videos["uploaded_s"] >= 2.5 * DAY).sum()
    assert summarise(short)["population"]["supply_realised"] == pytest.approx(shown / posts)


def test_supply_allows_for_a_bin_that_is_cut(synthetic: ModuleType) -> None:
    tables = synthetic.make_tables(seed=1, timeline_s=5 * 3_600.0)
    shown = tables.timeline.filter(pl.col("time_s") >= 25 * 3_600.0)["impressions"].sum()
    posts = (tables.videos["uploaded_s"] >= DAY).sum()
    found = summarise(tables)["population"]["supply_realised"]
    assert found == pytest.approx(shown / posts * 48 / 47)
