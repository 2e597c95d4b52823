"""Studies whose runs go on from one moment: one past a world, not one a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.core.errors import ForyouError
from sim.scenario import Scenario, dump
from sim.simulate import Plan, Run, simulate
from sim.study.compare.study import compare
from sim.study.runs.local import InProcess
from sim.study.runs.outcome import evaluate
from sim.study.runs.start import subject
from sim.study.sweep.study import sweep
from tests.checkpoint.conftest import HOUR


@pytest.fixture
def base(lively: Scenario, tmp_path: Path) -> Run:
    return simulate(
        lively, seed=3, out=tmp_path / "base", plots=False, checkpoints=Plan(2 * HOUR, all=True)
    )


def test_the_first_world_is_that_of_the_run(base: Run, lively: Scenario) -> None:
    about = subject(lively, past=f"{base.path}@4h")
    found = evaluate(about.run(0))
    assert found.error is None
    assert found.event_log_hash == base.manifest["event_log_hash"]


def test_further_worlds_have_the_past_that_they_would_have_had(base: Run, lively: Scenario) -> None:
    spec = subject(lively, past=f"{base.path}@4h").run(2)
    from_start = evaluate(subject(lively.model_copy(update={"seed": 3})).run(2))
    for _ in range(2):  # played, then read
        assert evaluate(spec).event_log_hash == from_start.event_log_hash
    assert len(list(base.path.glob(f"pasts/{spec.seed}/checkpoints/*/checkpoint.json"))) == 1


def test_arms_share_the_past_of_their_world(base: Run, lively: Scenario, tmp_path: Path) -> None:
    path = tmp_path / "lively.yaml"
    path.write_text(dump(lively), encoding="utf-8")
    found = compare(
        [path], 2, arms={"control": ["feed.control=0.5"]}, past=f"{base.path}@4h",
        out=tmp_path / "study", plots=False, executor=InProcess(),
    )  # fmt: skip
    assert len(found.failed) == 0
    assert len(list(base.path.glob("pasts/*"))) == 1  # world 0 is the run itself
    assert found.seeds[0] == 3


def test_points_of_a_sweep_too(base: Run, lively: Scenario, tmp_path: Path) -> None:
    found = sweep(
        lively, {"feed.weights.share": [0.0, 50.0]}, 2, past=f"{base.path}@6h",
        out=tmp_path / "study", plots=False, executor=InProcess(),
    )  # fmt: skip
    assert len(found.failed) == 0


def test_a_past_is_part_of_the_key(base: Run, lively: Scenario) -> None:
    keys = {
        subject(lively, seed=3).run(0).key,
        subject(lively, past=f"{base.path}@4h").run(0).key,
        subject(lively, past=f"{base.path}@6h").run(0).key,
    }
    assert len(keys) == 3


def test_what_may_not_differ_is_refused_before_anything_runs(
    base: Run, lively: Scenario, tmp_path: Path
) -> None:
    with pytest.raises(ForyouError, match=r"behaviour\.act\.like"):
        sweep(
            lively, {"behaviour.act.like": [0.1, 0.2]}, 2, past=f"{base.path}@6h",
            out=tmp_path / "study",
        )  # fmt: skip
    assert not (tmp_path / "study").exists()
