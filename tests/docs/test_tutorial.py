"""The tutorial shows the starter scenario and a summary as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sim.cli.main import main
from sim.scenario import load, loads

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = (ROOT / "docs" / "tutorial" / "first_run.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    match = re.search(rf"```{kind}\n(.*?)```", TUTORIAL, re.S)
    assert match is not None
    return match[1]


@pytest.fixture
def starter(tmp_path: Path) -> Path:
    file = tmp_path / "first.yaml"
    assert main(["new", str(file)]) == 0
    return file


def test_the_scenario_is_the_starter_without_comments(starter: Path) -> None:
    assert loads(block("yaml")) == load(starter)


def test_the_change_at_the_end_is_understood(starter: Path) -> None:
    (change,) = re.findall(r"--set (\S+) --out runs/none", TUTORIAL)
    assert load(starter, [change]).feed.cold_start.policy == "none"


def test_the_lines_of_the_summary_are_those_of_today(
    starter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = ["population.users=120", "duration=20 h", "probes=[{name: newcomer, post_at: 13 h}]"]
    options = [part for change in quick for part in ("--set", change)]
    assert main(["run", str(starter), "--out", str(tmp_path / "o"), "--no-plots", *options]) == 0
    today = {line[2:30].strip() for line in capsys.readouterr().out.splitlines()}
    shown = {line[2:30].strip() for line in block("text").splitlines() if line.startswith("  ")}
    # which there are follows from the world
    depends = ("reached", "at least", "from source", "search", "sound page", "hashtag page")
    shown = {line for line in shown if not line.startswith(depends)}
    assert shown - today == set()
