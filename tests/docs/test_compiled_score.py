"""The how-to about a compiled score does what it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sim.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
PATTERN = r"`(\w+\.(?:py|yaml))`[^`\n]*:\n\n```\w+\n(.*?)```"
CHANGES = ("population.users=100", "duration=20 h", "warmup=6 h", "feed.candidates=60")
SMALLER = [part for change in CHANGES for part in ("--set", change)]


def files(page: str) -> dict[str, str]:
    text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    return dict(re.findall(PATTERN, text, re.S))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of this how-to, and the ranker of the other one."""
    for name, text in (files("custom_ranker.md") | files("compiled_score.md")).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def events(folder: Path, out: str, score: str) -> str:
    scenario, target = str(folder / "lift_small.yaml"), str(folder / out)
    command = ["run", scenario, "--out", target, "--quiet", "--no-plots", "--allow-code"]
    assert main([*command, *SMALLER, "--set", f"feed.score=[{score}]"]) == 0
    manifest = json.loads((folder / out / "manifest.json").read_text("utf-8"))
    return str(manifest["event_log_hash"])


def test_the_files_are_there() -> None:
    found = files("compiled_score.md")
    assert set(found) == {"lift_small.py", "lift_small.yaml", "test_lift_small.py"}
    assert len(found["lift_small.py"].splitlines()) <= 15


def test_it_gives_the_events_of_the_ranker_in_python(folder: Path) -> None:
    compiled = events(folder, "compiled", "value, {use: 'lift_small:lift_small', boost: 5}")
    python = events(folder, "python", "value, {use: 'small_first:SmallFirst', boost: 5}")
    assert compiled == python
    assert compiled != events(folder, "without", "value")


def test_without_consent_it_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(folder / "lift_small.yaml"), "--out", str(folder / "out")]) == 2
    seen = capsys.readouterr().err
    assert "lift_small:lift_small" in seen
    assert "--allow-code" in seen
    assert not (folder / "out").exists()


def test_the_contract_test_of_the_how_to_passes(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_lift_small.py"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout
