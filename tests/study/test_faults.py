"""Whatever happens at whichever write, sync or rename of a study: the same command goes on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import sim.plots.study.worlds
from sim.core.errors import StudyError
from sim.record.files import PART, use_disk
from sim.scenario import Scenario
from sim.study import worlds
from sim.study.runs import local
from sim.study.runs.local import InProcess
from sim.study.runs.outcome import Outcome, evaluate
from sim.study.runs.plan import RunSpec
from sim.study.runs.verify import is_study, verify_study
from sim.testing.disks import FAULTS, FaultyDisk, Killed, calls_of
from sim.testing.worlds import tiny_scenario

N = 3


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return tiny_scenario(population={"users": 60}, duration=2 * 3_600.0, warmup=600.0)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each world is played once, whichever study asks for it, and the picture is empty."""
    known: dict[str, Outcome] = {}

    def again(spec: RunSpec) -> Outcome:
        if spec.key not in known:
            known[spec.key] = evaluate(spec)
        return known[spec.key]

    monkeypatch.setattr(local, "evaluate", again)
    monkeypatch.setattr(sim.plots.study.worlds, "draw_strips", lambda data, figure: None)


def play(scenario: Scenario, out: Path, n: int = N) -> None:
    worlds(scenario, n, out=out, executor=InProcess(), force=True)


def content(folder: Path) -> dict[str, Any]:
    """What a study found."""
    names = ["scenario.yaml", "worlds.json", "worlds.parquet", "plots/worlds.png", "study.json"]
    names += [path.relative_to(folder).as_posix() for path in (folder / "runs").glob("*.json")]
    return {name: (folder / name).read_bytes() for name in names}


def check(folder: Path, whole: dict[int, dict[str, Any]]) -> str:
    """What a folder is that a fault has left: ``nothing``, ``unfinished`` or ``whole``."""
    there = list(folder.iterdir()) if folder.is_dir() else []
    if all(path.suffix == PART for path in there):
        return "nothing"
    assert is_study(folder)
    if wrong := verify_study(folder).wrong:
        assert all("start the command of the study again" in line for line in wrong)
        assert not any("damaged" in line for line in wrong if "missing" not in line)
        return "unfinished"
    result = json.loads((folder / "worlds.json").read_text())
    assert content(folder) == whole[len(result["seeds"])]
    return "whole"


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_study_is_whole_or_says_that_it_is_not_and_goes_on(
    fault: str, scenario: Scenario, tmp_path: Path
) -> None:
    calls = calls_of(lambda: play(scenario, tmp_path / "expected"))
    whole = {N: content(tmp_path / "expected")}
    assert check(tmp_path / "expected", whole) == "whole"
    assert len(calls) > 50
    found = set()
    for at, call in enumerate(calls):
        folder = tmp_path / f"study{at}"
        disk = FaultyDisk(fault, at)
        raised: BaseException | None = None
        try:
            with use_disk(disk):
                play(scenario, folder)
        except (Killed, StudyError) as error:
            raised = error
        assert disk.happened, call
        assert raised is not None, f"{call} failed, and the study told nobody"
        if isinstance(raised, StudyError):
            assert "start the same study again" in str(raised)
        found.add(check(folder, whole))
        play(scenario, folder)
        assert check(folder, whole) == "whole"
        shutil.rmtree(folder)
    assert found >= {"nothing", "unfinished"}


def test_what_is_told_to_be_done_outlasts_a_power_cut(scenario: Scenario, tmp_path: Path) -> None:
    disk = FaultyDisk()
    with use_disk(disk):
        play(scenario, tmp_path / "study")
        whole = {N: content(tmp_path / "study")}
        disk.cut_power()
    assert check(tmp_path / "study", whole) == "whole"


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["kill", "power cut"])
def test_a_larger_study_never_mixes_its_results_with_those_of_before(
    fault: str, scenario: Scenario, tmp_path: Path
) -> None:
    play(scenario, tmp_path / "less", 2)
    shutil.copytree(tmp_path / "less", tmp_path / "more")
    calls = calls_of(lambda: play(scenario, tmp_path / "more"))
    whole = {2: content(tmp_path / "less"), N: content(tmp_path / "more")}
    for at in range(len(calls)):
        folder = shutil.copytree(tmp_path / "less", tmp_path / f"study{at}")
        with pytest.raises(Killed), use_disk(FaultyDisk(fault, at)):
            play(scenario, folder)
        assert check(folder, whole) in ("whole", "unfinished")
        play(scenario, folder)
        assert check(folder, whole) == "whole"
        shutil.rmtree(folder)
