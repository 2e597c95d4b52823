"""The same scenario and seed give the same log, whatever else differs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from sim.assemble import ENGINES
from sim.testing.worlds import tiny_platform

SHORT: dict[str, Any] = {"duration": 5_400.0}


def hash_of(seed: int = 1, **overrides: Any) -> str:
    return tiny_platform(seed, **{**SHORT, **overrides}).log.hash


@pytest.fixture(scope="module")
def usual() -> str:
    return hash_of()


def test_the_same_seed_gives_the_same_hash(usual: str) -> None:
    assert hash_of() == usual
    assert int(usual.rpartition("-")[2]) > 200


def test_another_seed_gives_another_hash(usual: str) -> None:
    assert len({usual, hash_of(2), hash_of(3)}) == 3


def test_another_process_with_another_hash_seed_gives_the_same_hash(usual: str) -> None:
    program = (
        "from sim.testing.worlds import tiny_platform\n"
        f"print(tiny_platform(1, **{SHORT!r}).log.hash)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "4242"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == usual


@pytest.mark.parametrize(
    "changes",
    [
        {"record": {"timeline": 60.0, "tracked": 0}},
        {"record": {"timeline": 1_000.0}},
        {"viral": {"reach": 0.5}},
        {"warmup": 3_000.0},
        {"name": "other", "question": "why?"},
    ],
)
def test_what_is_recorded_does_not_change_the_world(usual: str, changes: dict[str, Any]) -> None:
    assert hash_of(**changes) == usual


def test_keeping_the_events_does_not_change_the_hash(usual: str, tmp_path: Path) -> None:
    assert hash_of(events=tmp_path / "events.parquet") == usual


@pytest.mark.parametrize(
    "changes",
    [
        {"feed": {"weights": {"like": 1.0}}},
        {"feed": {"learning": {"noise": 0.5}}},
        {"feed": {"select": {"use": "spaced", "creator_gap": 5}}},
        {"feed": {"cold_start": {"policy": "none"}}},
        {"refresh": 300.0},
        {"probes": [{"name": "x", "count": 3, "post_at": 600.0}]},
    ],
)
def test_what_matters_changes_the_hash(usual: str, changes: dict[str, Any]) -> None:
    assert hash_of(**changes) != usual


def test_a_longer_run_begins_like_a_shorter_one(tmp_path: Path) -> None:
    logs = []
    for duration in (3_600.0, 5_400.0):
        path = tmp_path / f"{duration}.parquet"
        tiny_platform(duration=duration, events=path)
        logs.append(pl.read_parquet(path))
    assert logs[1].filter(pl.col("time_s") < 3_600.0).equals(logs[0])


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "reference"])
@pytest.mark.parametrize(
    "changes",
    [{}, {"refresh": 97.3}, {"feed": {"cold_start": {"policy": "none"}, "filters": ["own"]}}],
)
def test_every_engine_plays_the_same_log(engine: str, changes: dict[str, Any]) -> None:
    assert hash_of(engine=engine, **changes) == hash_of(**changes)


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "reference"])
def test_every_engine_counts_the_same(engine: str) -> None:
    wanted, found = tiny_platform(**SHORT), tiny_platform(engine=engine, **SHORT)
    a, b = wanted.platform, found.platform
    np.testing.assert_array_equal(a.view.counts, b.view.counts)
    np.testing.assert_array_equal(a.view.totals, b.view.totals)
    np.testing.assert_array_equal(a.view.cold.pool, b.view.cold.pool)
    np.testing.assert_array_equal(a.view.cold.state, b.view.cold.state)
    np.testing.assert_array_equal(a.view.beliefs.profile, b.view.beliefs.profile)
    np.testing.assert_array_equal(wanted.world.creators.followers, found.world.creators.followers)
    np.testing.assert_array_equal(wanted.engine.follow_counts(), found.engine.follow_counts())
    for name in ("counts", "sessions", "active_days"):
        np.testing.assert_array_equal(
            getattr(wanted.engine.user_counts(), name), getattr(found.engine.user_counts(), name)
        )
    assert a.stages == b.stages
    for name, column in wanted.timeline.columns().items():
        assert column.tolist() == found.timeline.columns()[name].tolist()
