"""Runs of a small world that are stopped at any moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sim.scenario import Scenario
from sim.simulate import Plan, Progress, Run, simulate
from sim.testing.worlds import tiny_scenario

HOUR = 3600.0
LIVELY: Mapping[str, Any] = {
    "probes": [
        {"name": "late", "count": 4, "followers": 20, "post_at": 2 * HOUR},
        {"name": "pushed", "post_at": 3 * HOUR, "inject": [{"after": HOUR, "likes": 10}]},
    ],
    "behaviour": {"sharing": {"contacts": 6}, "act": {"share": 0.05}, "boredom": {"topic": 0.1}},
    "record": {"events": True, "regret": 0.05},
}
"""Mechanisms that keep something, and everything that is written while a run is played."""


class Stopped(BaseException):
    """Stands for a power cut: nothing catches it."""


@pytest.fixture(scope="session")
def lively() -> Scenario:
    """150 users for 8 hours."""
    return tiny_scenario(**LIVELY)


@pytest.fixture(scope="session")
def whole(lively: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run that nobody stops; to be read only."""
    return simulate(lively, seed=3, shards=1, out=tmp_path_factory.mktemp("whole"), plots=False)


def stop_after(now_s: float, phase: str = "simulate") -> Callable[[Progress], None]:
    """Stops a run when it reports that it is so far."""

    def progress(report: Progress) -> None:
        if report.phase == phase and report.now_s >= now_s:
            raise Stopped

    return progress


@pytest.fixture
def stopped(lively: Scenario, tmp_path: Path) -> Callable[..., Path]:
    """``stopped(at, every)``: a run that was stopped there, with checkpoints so often."""

    def make(at: float, every: float | None = HOUR, phase: str = "simulate", **plan: Any) -> Path:
        folder = tmp_path / f"stopped-{at:g}-{phase}"
        with pytest.raises(Stopped):
            simulate(
                lively, seed=3, shards=2, out=folder, plots=False,
                checkpoints=None if every is None else Plan(every, **plan),
                progress=stop_after(at, phase),
            )  # fmt: skip
        return folder

    return make


def assert_same(one: Run, other: Run) -> None:
    """The same events and the same tables."""
    assert one.manifest["event_log_hash"] == other.manifest["event_log_hash"]
    assert one.manifest["pipeline"] == other.manifest["pipeline"]
    assert one.summary == other.summary
    names = {path.name for path in one.path.glob("*.parquet")}
    assert names == {path.name for path in other.path.glob("*.parquet")}
    for name in names:
        a, b = pl.read_parquet(one.path / name), pl.read_parquet(other.path / name)
        assert a.equals(b, null_equal=True), name
