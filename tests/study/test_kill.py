"""A study that is killed again and again ends with the results of one that never was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from sim.core.random import key, stream, uniform
from sim.study.runs.outcome import Outcome, evaluate
from sim.study.runs.plan import RunSpec
from sim.study.runs.store import Store

SCRIPT = """
import sys
from sim.scenario import load
from sim.study.runs.execute import execute
from sim.study.runs.local import LocalProcesses
from sim.study.runs.plan import RunSpec, world_seed
from sim.study.runs.store import Store

scenario = load(sys.argv[1])
specs = [RunSpec(scenario, world_seed(5, world), world=world) for world in range(int(sys.argv[3]))]
store = Store.open(sys.argv[2], {"kind": "killed"})
with LocalProcesses(2) as executor:
    execute(specs, store, executor)
"""
KILLS = 10
WORLDS = 30


class Study:
    """A study in a process of its own, which has just started."""

    def __init__(self, scenario: Path, folder: Path) -> None:
        command = [sys.executable, "-c", SCRIPT, str(scenario), str(folder), str(WORLDS)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE)
        self._runs = folder / "runs"

    def wait_for_runs(self, more: int) -> None:
        """Come back when so many more runs are done, or the study is over."""
        wanted = self._done() + more
        while self._done() < wanted and self.process.poll() is None:
            time.sleep(0.002)

    def _done(self) -> int:
        return len(list(self._runs.glob("*.json")))

    def workers(self) -> list[psutil.Process]:
        """Its worker processes."""
        try:
            return psutil.Process(self.process.pid).children()
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> None:
        """Kill it, and see that its workers end by themselves."""
        workers = self.workers()
        self.process.kill()
        self.close()
        _, left = psutil.wait_procs(workers, timeout=20)
        assert left == []

    def close(self) -> str:
        """What it printed as errors, after its end."""
        return self.process.communicate()[1].decode()


@pytest.fixture(scope="module")
def expected(specs: Callable[..., list[RunSpec]]) -> dict[str, Outcome]:
    """The outcomes of a study that nobody disturbs."""
    return {spec.key: evaluate(spec) for spec in specs(WORLDS, duration=86_400.0)}


@pytest.mark.slow
@pytest.mark.parametrize("kills", [2, pytest.param(KILLS, marks=pytest.mark.large)])
def test_kills_at_random_moments_change_nothing(
    kills: int, specs: Callable[..., list[RunSpec]], expected: dict[str, Outcome], tmp_path: Path
) -> None:
    from sim.scenario import dump

    file, folder = tmp_path / "tiny.yaml", tmp_path / "study"
    file.write_text(dump(specs(1, duration=86_400.0)[0].scenario))
    moments = stream(key(11, "moments"), 0)
    study = Study(file, folder)
    for number in range(kills):
        share, delay = uniform(moments, 2 * number), uniform(moments, 2 * number + 1)
        study.wait_for_runs(int(3 * share))
        time.sleep(0.5 * delay)
        if number % 3 == 2 and study.workers():
            worker = study.workers()[number % len(study.workers())]
            os.kill(worker.pid, signal.SIGKILL)
        else:
            study.kill()
            study = Study(file, folder)
    errors = study.close()
    assert (study.process.returncode, errors) == (0, "")
    found = {outcome.key: outcome for outcome in Store.open(folder, {"kind": "killed"}).outcomes()}
    assert len(found) == WORLDS
    for name, outcome in expected.items():
        assert found[name].error is None
        assert found[name].summary == outcome.summary
        assert found[name].event_log_hash == outcome.event_log_hash
        assert found[name].probes == outcome.probes
    assert np.isfinite([outcome.value("watch.views") for outcome in found.values()]).all()


def test_ctrl_c_in_a_terminal_ends_all(specs: Callable[..., list[RunSpec]], tmp_path: Path) -> None:
    """Ctrl-C reaches the whole group of processes in the foreground."""
    from sim.scenario import dump

    file, folder = tmp_path / "tiny.yaml", tmp_path / "study"
    file.write_text(dump(specs(1, duration=86_400.0)[0].scenario))
    command = [sys.executable, "-c", SCRIPT, str(file), str(folder), "500"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    while not list((folder / "runs").glob("*.json")):
        time.sleep(0.01)
    workers = psutil.Process(process.pid).children()
    os.killpg(process.pid, signal.SIGINT)
    assert b"KeyboardInterrupt" in process.communicate(timeout=20)[1]
    _, left = psutil.wait_procs(workers, timeout=5)
    assert len(workers) == 2
    assert left == []
    assert all(
        outcome.error is None for outcome in Store.open(folder, {"kind": "killed"}).outcomes()
    )
