"""A run that was stopped goes on as if nothing had happened."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.checkpoint.disk import Checkpoint, checkpoints
from sim.cli.main import main
from sim.core.errors import ForyouError, RunFolderError
from sim.record.files import alone
from sim.scenario import Scenario
from sim.simulate import Plan, Run, resume, simulate
from sim.testing.worlds import tiny_scenario
from tests.checkpoint.conftest import HOUR, LIVELY, Stopped, assert_same, stop_after

Stop = Callable[..., Path]


def _kept(run: Path) -> list[float]:
    """The times of the checkpoints that are there, s."""
    return sorted(found.now_s for found in checkpoints(run) if isinstance(found, Checkpoint))


@pytest.mark.parametrize("at", [0.0, 0.5 * HOUR, HOUR, 3.4 * HOUR, 7.8 * HOUR])
def test_a_stopped_run_ends_like_one_that_was_not(stopped: Stop, whole: Run, at: float) -> None:
    assert_same(resume(stopped(at), plots=False), whole)


def test_one_without_checkpoints_begins_anew(stopped: Stop, whole: Run) -> None:
    found = resume(stopped(5 * HOUR, None), plots=False)
    assert_same(found, whole)
    assert not (found.path / "checkpoints").exists()


def test_one_that_was_stopped_while_it_wrote(stopped: Stop, whole: Run) -> None:
    assert_same(resume(stopped(0.0, phase="write"), shards=5, plots=False), whole)


def test_one_that_is_stopped_again_and_again(stopped: Stop, whole: Run) -> None:
    folder = stopped(1.2 * HOUR)
    for at in (1.6, 1.9, 2.2, 4.1, 4.2, 7.0):
        with pytest.raises(Stopped):
            resume(folder, plots=False, progress=stop_after(at * HOUR))
    assert_same(resume(folder, plots=False), whole)


def test_the_last_two_are_kept_or_all(stopped: Stop) -> None:
    assert _kept(stopped(5.5 * HOUR)) == [4 * HOUR, 5 * HOUR]
    assert _kept(stopped(5.4 * HOUR, all=True)) == [n * HOUR for n in range(1, 6)]


def test_a_checkpoint_is_made_at_the_refresh_after_its_time(stopped: Stop) -> None:
    assert _kept(stopped(2 * HOUR, 1500.0, all=True)) == [1800.0, 3000.0, 4800.0, 6000.0]


def test_a_finished_run_is_given_back(whole: Run) -> None:
    before = (whole.path / "manifest.json").read_bytes()
    assert resume(whole.path).summary == whole.summary
    assert (whole.path / "manifest.json").read_bytes() == before


@pytest.mark.parametrize("every", [None, 3 * HOUR, 4 * HOUR])
def test_beyond_the_end(lively: Scenario, whole: Run, tmp_path: Path, every: float | None) -> None:
    longer = lively.model_copy(update={"duration": 11 * HOUR})
    straight = simulate(longer, seed=3, out=tmp_path / "straight", plots=False)
    plan = None if every is None else Plan(every)
    run = simulate(lively, seed=3, out=tmp_path / "run", plots=False, checkpoints=plan)
    with pytest.raises(Stopped):
        resume(run.path, until=11 * HOUR, plots=False, progress=stop_after(10 * HOUR))
    with pytest.raises(RunFolderError, match="did not finish"):
        Run.open(run.path)
    found = resume(run.path, plots=False)
    assert_same(found, straight)
    assert found.manifest["event_log_hash"] != whole.manifest["event_log_hash"]


def test_not_before_its_end(whole: Run) -> None:
    with pytest.raises(ForyouError, match="goes to 8 h anyway"):
        resume(whole.path, until=HOUR)


def test_the_world_stays_when_more_time_would_have_made_another(tmp_path: Path) -> None:
    """People join over the whole run, so a longer one would have spread them out."""
    short = tiny_scenario(population={"joining": 0.5})
    run = simulate(short, seed=1, out=tmp_path / "run", plots=False, checkpoints=Plan(2 * HOUR))
    joined = run.table("users")["joined_s"].to_list()
    found = resume(run.path, until=12 * HOUR, plots=False)
    assert found.table("users")["joined_s"].to_list() == joined
    assert found.manifest["impressions"] > run.manifest["impressions"]


def test_one_that_was_stopped_before_its_scenario_was_written(
    stopped: Stop, whole: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = stopped(0.0)
    (folder / "scenario.yaml").unlink()
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    assert main(["resume", str(folder), "--quiet", "--no-plots"]) == 0
    assert_same(Run.open(folder), whole)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert "resolved" not in manifest


# ---- damage ------------------------------------------------------------------------------------


def _flip(path: Path, at: float) -> None:
    data = bytearray(path.read_bytes())
    data[int(at * (len(data) - 1))] ^= 4
    path.write_bytes(data)


@pytest.mark.parametrize("name", ["engine.npz", "platform.npz", "checkpoint.json", "log.npz"])
@pytest.mark.parametrize("at", [0.0, 0.5, 1.0])
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(
    stopped: Stop, whole: Run, name: str, at: float
) -> None:
    folder = stopped(4.5 * HOUR)
    damaged = folder / "checkpoints" / "0000014400.000" / name
    _flip(damaged, at)
    told: list[str] = []
    assert_same(resume(folder, plots=False, notice=told.append), whole)
    assert len(told) == 1
    assert str(damaged) in told[0]


def test_a_scenario_that_was_edited_is_another_run(stopped: Stop) -> None:
    folder = stopped(2.5 * HOUR)
    path = folder / "scenario.yaml"
    path.write_text(path.read_text("utf-8").replace("users: 150", "users: 151"), "utf-8")
    with pytest.raises(RunFolderError, match="has changed since the run began"):
        resume(folder, plots=False)


def test_a_manifest_that_tells_two_seeds_is_refused(stopped: Stop) -> None:
    """An unfinished manifest has no digest, so what stands in it twice is compared."""
    folder = stopped(2.5 * HOUR)
    path = folder / "manifest.json"
    path.write_text(path.read_text("utf-8").replace('"seed": 3', '"seed": 4'), "utf-8")
    with pytest.raises(RunFolderError, match=r"manifest\.json: is damaged, it tells two seeds"):
        resume(folder, plots=False)


def test_a_checkpoint_of_another_world_is_left_out(
    lively: Scenario, stopped: Stop, whole: Run, tmp_path: Path
) -> None:
    folder = stopped(2.5 * HOUR)
    other = simulate(
        lively, seed=4, out=tmp_path / "other", plots=False, checkpoints=Plan(HOUR, all=True)
    )
    shutil.rmtree(folder / "checkpoints")
    shutil.copytree(other.path / "checkpoints", folder / "checkpoints")
    told: list[str] = []
    assert_same(resume(folder, plots=False, notice=told.append), whole)
    assert len(told) == 8
    assert all("of another scenario or seed" in line for line in told)


def test_with_all_of_them_damaged_it_begins_anew(stopped: Stop, whole: Run) -> None:
    folder = stopped(4.5 * HOUR)
    for path in folder.glob("checkpoints/*/engine.npz"):
        path.unlink()
    told: list[str] = []
    assert_same(resume(folder, plots=False, notice=told.append), whole)
    assert len(told) == 2


def test_a_damaged_segment_of_events_is_not_passed_on(stopped: Stop) -> None:
    folder = stopped(4.5 * HOUR)
    _flip(folder / "checkpoints" / "events-000001.parquet", 0.3)
    with pytest.raises(RunFolderError, match=r"events-000001\.parquet: is damaged"):
        resume(folder, plots=False)


def test_two_do_not_go_on_with_one_run(stopped: Stop) -> None:
    folder = stopped(HOUR)
    with alone(folder), pytest.raises(RunFolderError, match="another command is at work"):
        resume(folder, plots=False)


def test_code_that_has_changed_makes_another_run(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    mine = code / "mine.py"
    mine.write_text(
        "def score(requests, candidates, prediction, scores, view):\n    return scores\n"
    )
    own = tiny_scenario(**{**LIVELY, "feed": {"score": ["value", "mine:score"]}})
    folder = tmp_path / "run"
    with pytest.raises(Stopped):
        simulate(
            own, seed=3, out=folder, plots=False, allow_code=True, base_dir=code,
            checkpoints=Plan(HOUR), progress=stop_after(2.5 * HOUR),
        )  # fmt: skip
    copy = shutil.copytree(folder, tmp_path / "copy")
    with pytest.raises(ForyouError, match="--allow-code"):
        resume(copy, plots=False)
    found = resume(copy, plots=False, allow_code=True)
    straight = simulate(
        own, seed=3, out=tmp_path / "straight", plots=False, allow_code=True, base_dir=code
    )
    assert_same(found, straight)
    mine.write_text(mine.read_text() + "# changed\n")
    with pytest.raises(RunFolderError, match="has changed since"):
        resume(folder, plots=False, allow_code=True)
