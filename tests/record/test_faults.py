"""Whatever happens at whichever write, sync or rename: a run is whole, or says that it is not."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import sim.plots
import sim.plots.draw
import sim.record.manifest
from sim.core.errors import ForyouError, RunFolderError
from sim.record.files import PART, use_disk
from sim.record.verify import verify_run
from sim.scenario import Scenario
from sim.simulate import Run, resume, simulate
from sim.testing.disks import FAULTS, FaultyDisk, Killed, calls_of
from sim.testing.worlds import tiny_scenario

PICTURES = ("lorenz",)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return tiny_scenario(
        population={"users": 60}, duration=2 * 3_600.0, warmup=600.0, record={"events": True}
    )


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """One empty picture instead of all, drawn here, and no search for versions."""
    few = {
        name: replace(sim.plots.draw.PLOTS[name], draw=lambda data, figure: None)
        for name in PICTURES
    }
    monkeypatch.setattr(sim.plots.draw, "PLOTS", few)
    known = sim.record.manifest.versions()
    monkeypatch.setattr(sim.record.manifest, "versions", lambda: known)


def play(scenario: Scenario, out: Path) -> Run:
    return simulate(scenario, out=out, force=True)


def content(folder: Path) -> dict[str, bytes]:
    """What a run found, by file."""
    names = [*folder.glob("*.parquet"), folder / "summary.json", folder / "scenario.yaml"]
    return {path.name: path.read_bytes() for path in names}


def refused(folder: Path) -> str:
    """Why a folder is not opened as a run; nothing when it is."""
    try:
        Run.open(folder)
    except RunFolderError as error:
        return str(error)
    return ""


def check(folder: Path, expected: dict[str, bytes]) -> str:
    """What a folder is that a fault has left: ``nothing``, ``unfinished`` or ``whole``."""
    there = list(folder.iterdir()) if folder.is_dir() else []
    if all(path.suffix == PART for path in there):
        return "nothing"
    if complaint := refused(folder):
        assert "the run did not finish; go on with: foryou resume" in complaint
        assert verify_run(folder).wrong == (complaint,)
        return "unfinished"
    assert verify_run(folder).wrong == ()
    assert content(folder) == expected
    pictures = [folder / "plots" / f"{name}.png" for name in PICTURES]
    return "whole" if all(path.is_file() for path in pictures) else "whole without pictures"


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.large)])
def test_a_run_is_whole_or_says_that_it_is_not(
    fault: str, step: int, scenario: Scenario, tmp_path: Path
) -> None:
    calls = calls_of(lambda: play(scenario, tmp_path / "expected"))
    expected = content(tmp_path / "expected")
    assert {"users.parquet", "events.parquet", "summary.json", "scenario.yaml"} <= expected.keys()
    assert check(tmp_path / "expected", expected) == "whole"
    assert len(calls) > 60
    found: dict[str, int] = {}
    for at in range(FAULTS.index(fault) % step, len(calls), step):
        call, folder = calls[at], tmp_path / f"run{at}"
        disk = FaultyDisk(fault, at)
        raised: BaseException | None = None
        try:
            with use_disk(disk):
                play(scenario, folder)
        except (Killed, ForyouError) as error:
            raised = error
        assert disk.happened, call
        assert raised is not None, f"{call} failed, and the run told nobody"
        if isinstance(raised, ForyouError):
            assert str(folder) in str(raised)
            assert "cannot be" in str(raised)
        state = check(folder, expected)
        found[state] = found.get(state, 0) + 1
        if state == "nothing":
            play(scenario, folder)  # the next command takes the folder
            assert check(folder, expected) == "whole"
        elif state == "unfinished":
            resume(folder, plots=False)
            assert check(folder, expected).startswith("whole")
        shutil.rmtree(folder, ignore_errors=True)
    # a fault before the first manifest, and up to the last, is met
    assert found["nothing"] > 3 // step
    assert found["unfinished"] > 40 // step


def test_what_is_told_to_be_done_outlasts_a_power_cut(scenario: Scenario, tmp_path: Path) -> None:
    from sim.cli.main import main

    disk = FaultyDisk()
    with use_disk(disk):
        play(scenario, tmp_path / "run")
        expected = content(tmp_path / "run")
        disk.cut_power()
        assert check(tmp_path / "run", expected) == "whole"
        assert main(["plot", str(tmp_path / "run"), "--format", "svg"]) == 0
        disk.cut_power()
    assert check(tmp_path / "run", expected) == "whole"
    assert (tmp_path / "run" / "plots" / "lorenz.svg").is_file()


@pytest.mark.parametrize("fault", FAULTS)
def test_drawing_anew_leaves_a_run_that_is_right(
    fault: str, scenario: Scenario, tmp_path: Path
) -> None:
    from sim.cli.main import main

    play(scenario, tmp_path / "run")
    expected = content(tmp_path / "run")

    def draw(folder: Path) -> int:
        return main(["plot", str(folder), "--format", "svg"])

    shutil.copytree(tmp_path / "run", tmp_path / "copy")
    calls = calls_of(lambda: draw(tmp_path / "copy"))
    manifest = json.loads((tmp_path / "copy" / "manifest.json").read_text())
    assert "plots/lorenz.svg" in manifest["files"]
    for at in range(len(calls)):
        folder = shutil.copytree(tmp_path / "run", tmp_path / f"run{at}")
        try:
            with use_disk(FaultyDisk(fault, at)):
                assert draw(folder) == 2
        except Killed:
            pass
        assert check(folder, expected) == "whole"
        assert draw(folder) == 0  # the next command goes on
        assert verify_run(folder).wrong == ()
        assert (folder / "plots" / "lorenz.svg").is_file()


SCRIPT = """
import os, signal, sys
from sim.record.files import use_disk
from sim.scenario import load
from sim.simulate import resume, simulate
from sim.testing.disks import FaultyDisk

class Deadly(FaultyDisk):
    def _call(self, name, half=lambda: None, room=True):
        if len(self.calls) == self.at:
            half()
            os.kill(os.getpid(), signal.SIGKILL)
        self.calls.append(name)

with use_disk(Deadly("kill", int(sys.argv[3]))):
    simulate(load(sys.argv[1]), out=sys.argv[2], force=True, plots=False)
"""


@pytest.mark.parametrize(
    "moments", [(12, 30), pytest.param(range(80), marks=pytest.mark.large)], ids=["two", "all"]
)
def test_a_process_that_is_killed_leaves_the_same(
    moments: tuple[int, ...], scenario: Scenario, tmp_path: Path
) -> None:
    from sim.scenario import dump

    expected = content(simulate(scenario, out=tmp_path / "whole", force=True, plots=False).path)
    file = tmp_path / "tiny.yaml"
    file.write_text(dump(scenario))
    ended, states = [], set()
    for at in moments:
        folder = tmp_path / f"run{at}"
        command = [sys.executable, "-c", SCRIPT, str(file), str(folder), str(at)]
        ended.append(subprocess.run(command, check=False, env=os.environ).returncode)
        states.add(check(folder, expected))
        shutil.rmtree(folder, ignore_errors=True)
    assert set(ended) <= {0, -signal.SIGKILL}
    assert ended[0] == -signal.SIGKILL
    assert "unfinished" in states
