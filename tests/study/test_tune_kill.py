"""A search that is killed again and again, and one that two processes share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil
import pytest

from sim.core.random import key, stream, uniform
from sim.study import tune
from sim.study.runs.local import InProcess

SCENARIO = """\
name: killed
duration: 3 h
refresh: 10 min
population: {users: 60, creators: 25 %, topics: 4}
creators: {posts_per_week: 20/week}
catalogue: {history: 1 d}
feed: {candidates: 20, slate: 5, reindex: 30 min, cold_start: {policy: none}}
probes: [{name: new, count: 6, post_at: 30 min, spread: 30 min}]
viral: {reach: 5 %}
tune:
  vary:
    feed.weights.watch: {low: 0, high: 0.1}
    feed.weights.skip: {low: -2, high: 0}
    feed.predict.prior: {low: 5, high: 500, scale: log}
  objectives: [{metric: watch.minutes_per_user_day}]
  constraints: [{metric: probes.new.viral_share, at_least: 50 %, of: start}]
  trials: 20
  worlds: 3
  batch: 4
  startup: 6
  confirm: {worlds: 3, candidates: 2}
"""
KILLS = 10
RESULTS = ("tune.json", "best.yaml")


class Search:
    """A search in a process of its own, which has just started."""

    def __init__(self, scenario: Path, out: Path, *options: str) -> None:
        command = [sys.executable, "-m", "sim.cli.main", "tune", str(scenario), "--out", str(out)]
        self.process = subprocess.Popen(
            [*command, "--workers", "2", "--executor", "processes", "--no-plots", "-q", *options],
            stderr=subprocess.PIPE,
        )
        self._runs = out / "runs"

    def done(self) -> int:
        """Runs that are written down."""
        return len(list(self._runs.glob("*.json")))

    def kill_at(self, runs: int, wait_s: float) -> bool:
        """Kill it a moment after so many runs are written; whether it was still there."""
        while self.done() < runs and self.process.poll() is None:
            time.sleep(0.002)
        time.sleep(wait_s)
        there = self.process.poll() is None
        workers = psutil.Process(self.process.pid).children() if there else []
        self.process.kill()
        self.process.communicate()
        _, left = psutil.wait_procs(workers, timeout=20)
        assert left == []
        return there

    def end(self) -> tuple[int, str]:
        """Exit code and what it printed as errors."""
        errors = self.process.communicate(timeout=600)[1].decode()
        return self.process.returncode, errors


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: (folder / name).read_text() if (folder / name).is_file() else None for name in RESULTS
    }
    for name in ("tune", "trials"):
        found[name] = pl.read_parquet(folder / f"{name}.parquet").rows()
    return found


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("killed") / "killed.yaml"
    path.write_text(SCENARIO)
    return path


def search_alone(scenario: Path, out: Path) -> None:
    """A search that nobody disturbs, run after run in this process."""
    tune(scenario, out=out, executor=InProcess(), plots=False)


@pytest.fixture(scope="module")
def whole(scenario: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a search that nobody disturbed."""
    out = tmp_path_factory.mktemp("whole") / "out"
    search_alone(scenario, out)
    return out


@pytest.fixture(scope="module")
def expected(whole: Path) -> dict[str, Any]:
    """Its results."""
    found = results(whole)
    states = {trial["state"] for trial in json.loads(found["tune.json"])["trials"]}
    assert states >= {"complete", "pruned"}
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kills", [2, pytest.param(KILLS, marks=pytest.mark.large)])
def test_kills_at_random_moments_change_nothing(
    kills: int, scenario: Path, whole: Path, expected: dict[str, Any], tmp_path: Path
) -> None:
    luck = stream(key(11, "tests/kill a search"), 0)
    out = tmp_path / "out"
    # in the first three quarters: however fast the machine, the search is not over before the last
    runs_of_all = len(list((whole / "runs").glob("*.json")))
    moments = sorted(int(uniform(luck, i) * 0.75 * runs_of_all) for i in range(kills))
    for i, runs in enumerate(moments):
        wait_s = 0.05 * float(uniform(luck, kills + i))
        assert Search(scenario, out).kill_at(runs, wait_s), f"kill {i + 1} came too late"
    assert Search(scenario, out).end() == (0, "")
    assert results(out) == expected
    assert list(out.rglob("*.part")) == []


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_time_and_nothing_else(
    scenario: Path, expected: dict[str, Any], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    search = Search(scenario, out)
    for number in range(3):
        while search.done() < 5 * (number + 1) and search.process.poll() is None:
            time.sleep(0.002)
        workers: list[psutil.Process] = []
        while not workers and search.process.poll() is None:
            workers = psutil.Process(search.process.pid).children()
        os.kill(workers[0].pid, 9)
    assert search.end() == (0, "")
    assert results(out) == expected


@pytest.mark.slow
def test_two_processes_share_one_search(
    scenario: Path, expected: dict[str, Any], tmp_path: Path
) -> None:
    """Each has a folder of its own, as on two machines; one is killed, the other ends the work."""
    storage = ["--storage", f"sqlite:///{tmp_path / 'shared.db'}"]
    first = Search(scenario, tmp_path / "first", *storage)
    second = Search(scenario, tmp_path / "second", *storage)
    assert second.kill_at(12, 0.02)
    assert first.end() == (0, "")
    assert results(tmp_path / "first") == expected
    # its numbers come from the database, and it plays only what the test on fresh worlds needs
    assert Search(scenario, tmp_path / "second", *storage).end() == (0, "")
    assert results(tmp_path / "second") == expected
    assert second.done() < np.ceil(0.9 * first.done())
