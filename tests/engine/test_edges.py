"""Odd scenarios, from end to end: nothing breaks, warns, or leaves a hole in the results."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from sim.plots import PLOTS
from sim.record.arrow import ARROW
from sim.record.columns import EVENTS, OPTIONAL, TABLES
from sim.simulate import Run, simulate
from sim.testing.worlds import tiny_scenario

HOUR = 3_600.0
NOTHING = {"catalogue": {"history": 0.0}, "creators": {"posts_per_week": 0.0}}
BUSY = {"sessions_per_day": 100.0, "activity_min": 50.0, "activity_max": 1_000.0}

CASES: dict[str, dict[str, Any]] = {
    "usual": {"record": {"events": True}},
    "one user": {"population": {"users": 1}},
    "two users who all post": {"population": {"users": 2, "creators": 1.0}},
    "one creator": {"population": {"creators": 0.0}},
    "one second": {"duration": 1.0, "refresh": 1.0},
    "one second, warm-up": {"duration": 1.0, "refresh": 0.25, "warmup": 0.5},
    "one millisecond": {"duration": 0.001, "refresh": 0.001},
    "one window": {"duration": 2 * HOUR, "refresh": 2 * HOUR},
    "longest refresh": {"duration": 26 * HOUR, "refresh": 24 * HOUR, "population": {"users": 30}},
    "almost all is warm-up": {"duration": 2 * HOUR, "warmup": 2 * HOUR - 0.001},
    "nothing to watch": {**NOTHING, "record": {"events": True}},
    "nothing to watch, probes at the end": {
        **NOTHING,
        "duration": HOUR,
        "probes": [{"name": "late", "count": 3, "post_at": HOUR - 1e-3}],
    },
    "probes of all kinds": {
        "duration": 3 * HOUR,
        "record": {"events": True},
        "viral": {"reach": 1.0},
        "probes": [
            {"name": f"p{i}", "count": 2, "post_at": 100.0 * i, **kind}
            for i, kind in enumerate(
                [
                    {},
                    {"followers": 60},
                    {"spread": HOUR},
                    {"quality": 10.0, "hook": 10.0},
                    {"quality": -10.0, "hook": -10.0},
                    {"video_duration": 1.0},
                    {"video_duration": 36_000.0},
                    {"topic": 5},
                    {"sound": "original"},
                    {"sound": "library"},
                    {"sound": "trending"},
                    {"post_at": 3 * HOUR - 1.0},
                ]
            )
        ],
    },
    "only probes": {
        **NOTHING,
        "duration": 2 * HOUR,
        "probes": [{"name": "only", "count": 20, "post_at": 0.0, "quality": 3.0}],
        "viral": {"reach": 1e-9},
    },
    "highest seed": {"seed": 2**63 - 1, "duration": HOUR},
    "creators alike": {"creators": {"popularity_sigma": 0.0, "posts_spread": 0.0}},
    "creators far apart": {"creators": {"popularity_sigma": 5.0, "posts_spread": 2.5}},
    "no posts": {"creators": {"posts_per_week": 0.0}},
    "no follows": {"population": {"follows": 0.0}},
    "more follows than creators": {"population": {"follows": 100_000.0, "users": 40}},
    "32 locales": {
        "population": {
            "locales": [
                {"name": f"l{i}", "share": 1 / 32, "utc_offset": (i - 16) * 1.5 * HOUR}
                for i in range(32)
            ]
        }
    },
    "64 topics": {"population": {"topics": 64, "declared_interests": 64}},
    "videos all alike": {
        "catalogue": {
            "duration": {"median": 1.0, "spread": 0.0, "min": 1.0, "max": 1.0},
            "hashtags_per_topic": 1,
            "original_sounds": 0.0,
            "new_library_sounds": 0.0,
        }
    },
    "hours of video": {
        "catalogue": {"duration": {"median": 36_000.0, "min": 36_000.0, "max": 36_000.0}}
    },
    "nothing recorded": {"record": {"timeline": 365 * 24 * HOUR, "tracked": 0}},
    "everything is done": {
        "duration": HOUR,
        "population": {"users": 20},
        "behaviour": {
            "act": dict.fromkeys(
                ("like", "comment", "share", "save", "follow", "sound_tap", "not_interested"), 10.0
            ),
            "session": BUSY,
        },
    },
    "nothing is done": {
        "behaviour": {
            "act": dict.fromkeys(
                ("like", "comment", "share", "save", "follow", "sound_tap", "not_interested"), 0.0
            )
        }
    },
    "extreme people": {
        "behaviour": {
            "interest": {"affinity": 5.0, "quality": 5.0, "taste": 5.0, "locale_gap": -5.0},
            "watch": {
                "early_appeal": 5.0, "late_appeal": 5.0, "hook": -5.0, "early_patience": 5.0,
                "late_patience": 5.0, "replay_appeal": -5.0, "ending_hazard": 10.0,
                "ending_appeal": -5.0, "max_plays": 1_000.0,
            },
            "act": {
                "appeal": 5.0, "generosity_spread": 5.0, "followed": 1_000.0, "dislike_appeal": -5.0
            },
            "session": {
                **BUSY, "leave_appeal": 5.0, "leave_start": 1_000.0, "leave_skip": 1_000.0,
                "activity_spread": 5.0, "chronotype_spread_h": 12.0, "rest_s": 1.0,
            },
        },
        "duration": 2 * HOUR,
        "population": {"users": 20},
    },
    "nobody swipes on": {
        "behaviour": {
            "watch": {
                "hazard": [[0.0, 1e-6], [3.0, 1e-6]], "replay": [[0.0, 1e-6]],
                "ending_hazard": 0.0, "max_plays": 1_000.0,
            },
            "session": BUSY,
        },
        "catalogue": {"duration": {"median": 36_000.0, "min": 36_000.0, "max": 36_000.0}},
    },
    "nobody comes": {
        "behaviour": {
            "session": {
                "sessions_per_day": 1e-9, "activity_spread": 0.0, "activity_min": 1e-9,
                "activity_max": 1e-8,
            }
        },
        "record": {"events": True},
    },
    "all in one hour": {
        "behaviour": {
            "session": {"hours": [1e-6] * 23 + [1_000.0]},
            "create": {"hours": [1_000.0] + [1e-6] * 23, "rest_s": 86_400.0},
        },
    },
    "a feed of one": {"feed": {"slate": 1, "candidates": 1, "sources": {"trending": 1.0}}},
    "no weights": {"feed": {"weights": {}, "filters": []}},
}  # fmt: skip


@pytest.fixture(scope="module", params=CASES)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    scenario = tiny_scenario(
        **{"duration": 4 * HOUR, "population": {"users": 60}, **CASES[request.param]}
    )
    out = tmp_path_factory.mktemp("edge") / "run"
    return simulate(scenario, out=out, shards=2)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, below in value.items():
            yield from _leaves(below, f"{path}.{name}")
    elif isinstance(value, list):
        for i, below in enumerate(value):
            yield from _leaves(below, f"{path}[{i}]")
    else:
        yield path, value


def test_every_number_of_the_summary_is_one(run: Run) -> None:
    written = json.loads((run.path / "summary.json").read_text(encoding="utf-8"))
    assert written == run.summary
    for path, value in _leaves(run.summary):
        if isinstance(value, float):
            assert math.isfinite(value), path
        if isinstance(value, int | float) and path.endswith(("share", "rate", "gini")):
            assert value >= 0, path


def test_tables_are_as_documented(run: Run) -> None:
    kept = (run.path / "events.parquet").exists()
    for name, columns in TABLES.items():
        if name in OPTIONAL and not (run.path / f"{name}.parquet").exists():
            assert name != "events" or not kept
            continue
        schema = pq.read_schema(run.path / f"{name}.parquet")
        assert schema.names == [c.name for c in columns], name
        for column in columns:
            assert schema.field(column.name).type == ARROW[column.dtype], (name, column.name)
        table = pq.read_table(run.path / f"{name}.parquet")
        for column in columns:
            values = table[column.name]
            if "null" not in column.meaning:  # what may be missing says so
                assert values.null_count == 0, (name, column.name)
            if column.dtype.startswith("float"):
                numbers = values.drop_null().to_numpy()
                assert np.isfinite(numbers).all(), (name, column.name)
            elif column.name in ("impressions", "views", "reach", "likes", "posts"):
                assert (values.to_numpy() >= 0).all(), (name, column.name)


def test_tables_agree_on_the_impressions(run: Run) -> None:
    for name in ("videos", "creators", "users", "timeline"):
        assert run.table(name)["impressions"].sum() == run.manifest["impressions"], name
    if (run.path / "events.parquet").exists():
        events = run.table("events")
        assert len(events) == run.manifest["impressions"]
        assert events.columns == [c.name for c in EVENTS]
    assert run.manifest["event_log_hash"].endswith(f"-{run.manifest['impressions']}")
    pipeline = run.manifest["pipeline"]
    left = pipeline["retrieved"] - pipeline["duplicates"] - sum(pipeline["removed"].values())
    assert left == pipeline["kept"] >= pipeline["selected"] >= run.manifest["impressions"]


def test_the_folder_is_complete(run: Run) -> None:
    manifest = json.loads((run.path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["finished"] is True
    wanted = {
        "seed", "engine", "shards", "command", "versions", "scenario_hash", "impressions",
        "event_log_hash", "peak_rss_bytes", "users", "warmup_s", "duration_s",
    }  # fmt: skip
    assert wanted <= set(manifest)
    assert set(manifest["wall_seconds"]) == {"build", "simulate", "write"}
    assert not list(run.path.rglob("*.part"))
    again = Run.open(run.path)
    assert again.summary == run.summary
    drawn = {path.stem for path in (run.path / "plots").glob("*.png")}
    assert drawn == set(PLOTS) - {"newcomers"}


def test_both_engines_play_it_alike(run: Run, tmp_path: Path) -> None:
    from sim.scenario import load

    scenario = load(run.path / "scenario.yaml")
    other = simulate(scenario, out=tmp_path / "again", engine="reference", plots=False)
    assert other.manifest["event_log_hash"] == run.manifest["event_log_hash"]
    differ = [k for k, v in other.summary.items() if v != run.summary[k]]
    assert differ in ([], ["manifest"], ["run"]), differ
