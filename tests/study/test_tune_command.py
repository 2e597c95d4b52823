"""``foryou tune``: what it prints, where, and with which exit code."""

from __future__ import annotations

import importlib.util
import json
import re
import socket
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sim.cli.main import main
from sim.study.runs.local import InProcess

Capture = pytest.CaptureFixture[str]


def neighbour(name: str) -> ModuleType:
    """Another file of this folder: its scenario and its formulas."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"foryou_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def formulas() -> ModuleType:
    return neighbour("test_tune")


@pytest.fixture
def scenario(formulas: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scenario whose worlds are formulas."""

    def made(how: Any, runs: int) -> InProcess:
        del how, runs
        found: InProcess = formulas.Formulas(2, 1)
        return found

    monkeypatch.setattr("sim.cli.study.executor_of", made)
    path = tmp_path / "formula.yaml"
    path.write_text(formulas.TEXT)
    return path


def run(*args: str | Path) -> int:
    return main(["tune", *map(str, args), "--no-plots"])


def words(capture: Capture) -> tuple[str, str]:
    seen = capture.readouterr()
    return " ".join(seen.out.split()), " ".join(seen.err.split())


def test_it_says_what_came_out(scenario: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    assert run(scenario, "--out", out) == 0
    text, errors = words(capsys)
    assert errors == ""
    assert "“formula”: 42 trials (" in text
    assert re.search(
        r"On fresh worlds probes\.new\.viral_share goes from [\d.]+ % to [\d.]+ % \(\+\d+ %\), "
        r"clearly better; watch\.minutes_per_user_day at least 98 % of the start is .*kept",
        text,
    )
    assert "before after difference 95 % interval the search said" in text
    assert re.search(r"feed\.weights\.like 1 [\d.]+ feed\.weights\.share 1 ", text)
    assert "Candidates on fresh worlds" in text
    assert "Intervals hold for all 3 candidates together." in text
    assert "3 comparisons were made." in text
    assert f"best.yaml the best; run it with: foryou run {out}/best.yaml" in text
    assert main(["check", str(out / "best.yaml")]) == 0


def test_more_trials_and_worlds_from_the_command_line(
    scenario: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    assert run(scenario, "--trials", "6", "--worlds", "2", "--out", out, "--json") == 0
    first = json.loads(capsys.readouterr().out)
    assert (len(first["trials"]), first["worlds"]) == (6, 2)
    assert run(scenario, "--trials", "12", "--worlds", "2", "--out", out, "--json") == 0
    second = json.loads(capsys.readouterr().out)
    assert second["trials"][:6] == first["trials"]
    assert len(second["trials"]) == 12
    assert run(scenario, "--trials", "12", "--worlds", "3", "--out", out) == 2
    assert "worlds is 2, not 3" in words(capsys)[1]


def test_set_reaches_the_section(scenario: Path, tmp_path: Path, capsys: Capture) -> None:
    args = ["--set", "tune.trials=5", "--set", "tune.confirm.candidates=1", "-q"]
    assert run(scenario, "--out", tmp_path / "out", *args) == 0
    assert words(capsys) == ("", "")
    found = json.loads((tmp_path / "out" / "tune.json").read_text())
    assert len(found["trials"]) == 5


@pytest.mark.parametrize(
    ("change", "args", "message"),
    [
        (("high: 4", "high: -4"), [], r'formula\.yaml:7:30 tune\.vary\["feed\.weights\.like"\]'),
        (("weights.like: {low", "weights.lik: {low"), [], 'unknown action "lik"; did you mean'),
        (("probes.new.viral_share", "probes.new.viral_shar"), [], r"formula\.yaml:11:25 tune\."),
        (("  trials: 42\n", ""), ["--time-limit", "20"], "--time-limit: wants a duration"),
        (("tune:\n", "tuned:\n"), [], 'unknown key "tuned"; did you mean "tune"'),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_before_anything_runs(
    change: tuple[str, str], args: Sequence[str], message: str, scenario: Path, tmp_path: Path,
    capsys: Capture,
) -> None:  # fmt: skip
    scenario.write_text(scenario.read_text().replace(*change))
    assert run(scenario, "--out", tmp_path / "out", *args) == 2
    text, errors = words(capsys)
    assert text == ""
    assert re.search(message, errors)
    assert "Traceback" not in errors
    assert not (tmp_path / "out").exists()


def test_a_scenario_without_a_section(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("name: x\nduration: 1 d\n")
    assert run(path, "--out", tmp_path / "out") == 2
    assert 'has no section "tune"' in words(capsys)[1]


def test_a_storage_from_the_environment_that_does_not_answer(
    scenario: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg")
    with socket.socket() as closed:  # bound, but nobody listens
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        monkeypatch.setenv("FORYOU_STORAGE", f"postgresql://me:secret@127.0.0.1:{port}/x")
        assert run(scenario, "--out", tmp_path / "out") == 2
    text, errors = words(capsys)
    assert text == ""
    assert f"the storage at 127.0.0.1:{port}: " in errors
    assert "refused" in errors
    assert "secret" not in errors
    assert not (tmp_path / "out").exists()


def test_a_server_that_accepts_and_says_nothing_is_given_up(
    scenario: Path, tmp_path: Path, capsys: Capture
) -> None:
    pytest.importorskip("psycopg")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"postgresql://me:secret@127.0.0.1:{silent.getsockname()[1]}/x"
        assert run(scenario, "--out", tmp_path / "out", "--storage", url) == 2
    errors = words(capsys)[1]
    assert "timeout" in errors
    assert "secret" not in errors


def test_nothing_better_is_said_as_it_is(scenario: Path, tmp_path: Path, capsys: Capture) -> None:
    text = scenario.read_text().replace("at_least: 98 %, of: start", "at_least: 500")
    scenario.write_text(text.replace("trials: 42", "trials: 8"))
    assert run(scenario, "--out", tmp_path / "out") == 0
    text = words(capsys)[0]
    assert "No trial kept the constraints" in text
    assert "best.yaml" not in text
