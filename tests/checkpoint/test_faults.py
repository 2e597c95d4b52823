"""A disk that fails at any moment of a run with checkpoints: it goes on all the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sim.core.errors import ForyouError
from sim.record.files import use_disk
from sim.scenario import Scenario
from sim.simulate import Plan, Run, resume, simulate
from sim.testing.disks import FAULTS, FaultyDisk, Killed
from sim.testing.worlds import tiny_scenario
from tests.checkpoint.conftest import HOUR


@pytest.fixture(scope="module")
def small() -> Scenario:
    """30 people for three hours, with an event log."""
    return tiny_scenario(
        population={"users": 30}, duration=3 * HOUR, catalogue={"history": 24 * HOUR},
        record={"events": True},
    )  # fmt: skip


def _play(scenario: Scenario, folder: Path) -> Run:
    return simulate(
        scenario, seed=2, out=folder, plots=False, shards=1, checkpoints=Plan(0.5 * HOUR)
    )


def _goes_on(folder: Path, expected: Run, scenario: Scenario) -> None:
    """Whatever was left, the next command brings it to its end."""
    there = (folder / "manifest.json").is_file()
    found = resume(folder, plots=False) if there else _play(scenario, folder)
    assert found.manifest["event_log_hash"] == expected.manifest["event_log_hash"]
    assert found.summary == expected.summary
    assert found.table("events").equals(expected.table("events"), null_equal=True)


def _every(step: int, fault: str, scenario: Scenario, tmp_path: Path) -> None:
    disk = FaultyDisk()
    with use_disk(disk):
        expected = _play(scenario, tmp_path / "expected")
    assert len(disk.calls) > 250
    for at in range(FAULTS.index(fault), len(disk.calls), step):
        folder, faulty = tmp_path / f"run{at}", FaultyDisk(fault, at)
        try:
            with use_disk(faulty):
                _play(scenario, folder)
        except (Killed, ForyouError):
            pass
        assert faulty.happened
        _goes_on(folder, expected, scenario)
        shutil.rmtree(folder)


@pytest.mark.parametrize("fault", FAULTS)
def test_some_faults(fault: str, small: Scenario, tmp_path: Path) -> None:
    _every(41, fault, small, tmp_path)


@pytest.mark.large
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault(fault: str, small: Scenario, tmp_path: Path) -> None:
    _every(1, fault, small, tmp_path)
