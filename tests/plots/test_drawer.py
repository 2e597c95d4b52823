"""Pictures drawn by a process beside the run are those that the run would have drawn itself."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

import sim
import sim.plots
from sim.core.helper import Helper
from sim.plots import PLOTS
from sim.running import execution
from sim.scenario import Scenario
from sim.simulate import Run, simulate

SMALL = Scenario.model_validate(
    {
        "name": "small", "duration": "6 h", "warmup": "1 h", "population": {"users": 100},
        "probes": [{"name": "newcomer", "count": 3, "post_at": "1 h"}],
    }
)  # fmt: skip


class Drawer(Helper):
    """A helper that is remembered."""

    made: list[Drawer] = []  # noqa: RUF012 - emptied before each test
    done: list[bool] = []  # noqa: RUF012

    def __init__(self, module: str) -> None:
        super().__init__(module)
        self.process = self._process
        self.made.append(self)

    def finish(self) -> bool:
        self.done.append(super().finish())
        return self.done[-1]


@pytest.fixture(autouse=True)
def other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a fresh process on a machine with two cores."""
    monkeypatch.setattr(execution, "Helper", Drawer)
    monkeypatch.setattr(execution, "cores", lambda: 2)
    # what is imported meanwhile is another module: both ways to it are as before in the end
    monkeypatch.setattr(sim, "plots", sim.plots)
    monkeypatch.delitem(sys.modules, "sim.plots")
    Drawer.made.clear()
    Drawer.done.clear()


def pictures(run: Run) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted((run.path / "plots").iterdir())}


def test_the_same_pictures_byte_by_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beside = simulate(SMALL, out=tmp_path / "beside")
    assert Drawer.done == [True]
    assert "sim.plots" not in sys.modules
    monkeypatch.setattr(execution, "cores", lambda: 1)
    alone = simulate(SMALL, out=tmp_path / "alone")
    assert len(Drawer.made) == 1
    assert list(pictures(beside)) == sorted(f"{name}.png" for name in PLOTS if name != "newcomers")
    assert pictures(beside) == pictures(alone)


def test_when_the_other_process_fails_the_run_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Drawer, "__init__", lambda self, module: Helper.__init__(self, "no.such"))
    run = simulate(SMALL, out=tmp_path / "run")
    assert Drawer.done == [False]
    assert len(pictures(run)) == len(PLOTS) - 1


def test_nobody_is_called_when_nothing_is_to_be_drawn(tmp_path: Path) -> None:
    run = simulate(SMALL, out=tmp_path / "run", plots=False)
    assert Drawer.made == []
    assert not (run.path / "plots").exists()


def test_whoever_has_drawn_before_draws_again(tmp_path: Path) -> None:
    importlib.import_module("sim.plots")  # as in a notebook
    simulate(SMALL, out=tmp_path / "run")
    assert Drawer.made == []


def test_a_run_that_is_stopped_leaves_nobody_behind(tmp_path: Path) -> None:
    def stop(report: Any) -> None:
        if report.phase == "simulate":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(SMALL, out=tmp_path / "run", progress=stop)
    (drawer,) = Drawer.made
    assert drawer.process is not None
    assert drawer.process.returncode is not None
    assert not (tmp_path / "run" / "plots").exists()
