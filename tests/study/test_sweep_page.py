"""The page about sweeps and sensitivity: its commands plan what it says, its code runs."""

from __future__ import annotations

import re
import shlex
import shutil
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer

from sim.cli import sensitivity as sensitivity_command
from sim.cli import sweep as sweep_command
from sim.cli.main import app
from sim.study.points.vary import parse_vary
from sim.study.runs.start import subject
from sim.study.sensitivity.study import SensitivityPlan, plan_sensitivity
from sim.study.sweep.study import SweepPlan, plan_sweep

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "sweep_and_sensitivity.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    (foryou (?:sweep|sensitivity) .*)$", PAGE, re.M)
EXAMPLES = [*sweep_command.EXAMPLES, *sensitivity_command.EXAMPLES]


@cache
def plan(line: str) -> SweepPlan | SensitivityPlan:
    """What a command would run."""
    _, name, *words = shlex.split(line)
    group: Any = typer.main.get_command(app)
    asked = group.commands[name].make_context(name, words).params
    about = subject(ROOT / asked["scenario"], list(asked["changes"] or ()))
    more: dict[str, Any] = {"samples": asked["samples"], "metric": list(asked["metric"] or ())}
    if name == "sweep":
        return plan_sweep(about, asked["vary"], asked["n"], **more)
    vary = asked["vary"] or None
    return plan_sensitivity(about, vary, asked["n"], method=str(asked["method"].value), **more)


@pytest.mark.parametrize("line", [*COMMANDS, *(e for e in EXAMPLES if "sobol" not in e)])
def test_every_command_can_be_planned(line: str) -> None:
    assert len(plan(line).specs) > 1


def test_the_numbers_of_runs_are_those_of_the_page() -> None:
    by_out = {line.rpartition("--out studies/")[2]: plan(line) for line in COMMANDS}
    both = by_out["slots-and-share"]
    assert isinstance(both, SweepPlan)
    assert (len(both.points), both.worlds, both.runs) == (16, 4, 64)
    assert "here 16 points, one of which is the\nscenario as it is, in 4 worlds, 64 runs" in PAGE
    weights, sobol = by_out["weights"], by_out["sobol"]
    assert sum(len(row) for row in weights.specs) == 140
    assert "for five weights are 140 runs" in PAGE
    assert sum(len(row) for row in sobol.specs) == 1024
    assert "1,024" in PAGE


def test_every_way_to_write_values_is_understood() -> None:
    about = subject(ROOT / "scenarios" / "zero_followers.yaml")
    written = re.findall(r"^\| `([^`]+)` \|", PAGE, re.M)
    assert len(written) == 6
    for text in written:
        (variable,) = parse_vary(shlex.split(text), about.scenario)
        assert variable.is_range == ("duration" in text)


def test_the_code_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    small = (
        snippet.replace(
            '["population.users=2_000"]',
            '["population.users=100", "duration=8 h", "warmup=2 h", "feed.candidates=40", '
            '"probes=[{name: newcomer, count: 3, post_at: 3 h}]", '
            '"feed.weights={completion: 1, like: 1}"]',
        )
        .replace("samples=10", "samples=4")
        .replace("n=4", "n=2")
    )
    assert small.count("probes=") == small.count("samples=4") == 1
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    monkeypatch.chdir(tmp_path)
    # no processes to wait for
    monkeypatch.setattr(import_module("sim.study.runs.execute"), "cores", lambda: 1)
    exec(compile(small, "sweep_and_sensitivity.md", "exec"), {})
    printed = capsys.readouterr().out
    assert printed.count("shape: (") == 2
    assert "shape: (0" not in printed


def test_a_wrong_command_is_noticed() -> None:
    with pytest.raises(Exception, match="did you mean"):
        plan("foryou sweep scenarios/baseline.yaml --vary feed.weights.lik=1,2")
