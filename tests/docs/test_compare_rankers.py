"""The how-to about comparisons does what it says, on small worlds."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from sim.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
HOW_TO = (ROOT / "docs" / "how-to" / "compare_rankers.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    foryou (.*)$", HOW_TO, re.M)
CHANGES = ("population.users=100", "duration=14 h", "warmup=2 h", "feed.candidates=40")
SMALLER = [part for change in CHANGES for part in ("--set", change)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of a reader: the scenarios, and the file of the how-to."""
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    found = re.findall(r"`(\w+\.yaml)`[^`\n]*:\n\n```yaml\n(.*?)```", HOW_TO, re.S)
    assert [name for name, _ in found] == ["watch_time.yaml"]
    for name, text in found:
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_work(command: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = [*shlex.split(command), *SMALLER, "-n", "2", "--executor", "inline", "--no-plots"]
    assert main(args) == 0
    out = folder / args[args.index("--out") + 1]
    assert (out / f"{args[0]}.parquet").is_file()
    assert f"Results: {args[args.index('--out') + 1]}" in capsys.readouterr().out


def test_there_are_three_commands() -> None:
    assert [command.split()[0] for command in COMMANDS] == ["compare", "compare", "worlds"]


def test_the_python_does_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", HOW_TO, re.S)
    small = snippet.replace("n=20", "n=2").replace("users=1_000", "users=100")
    small = small.replace('"duration=2 d"', ", ".join(f'"{change}"' for change in CHANGES[1:]))
    assert small.count("feed.candidates") == 1
    exec(compile(small, "compare_rankers.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "variance_saved" in printed
    assert "shape: (5, 5)" in printed
    assert (folder / "studies" / "shares" / "compare.json").is_file()
