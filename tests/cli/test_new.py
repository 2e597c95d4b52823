"""``foryou new`` writes a scenario and never overwrites one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.cli.main import main


def test_writes_a_scenario_with_the_name_of_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "My first TRY.yaml"
    assert main(["new", str(file)]) == 0
    assert "\nname: my-first-try\n" in file.read_text(encoding="utf-8")
    assert str(file) in capsys.readouterr().out


def test_a_name_without_letters_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "日本.yaml"
    assert main(["new", str(file)]) == 0
    assert "\nname: scenario\n" in file.read_text(encoding="utf-8")


def test_leaves_an_existing_file_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("precious", encoding="utf-8")
    assert main(["new", str(file)]) == 2
    assert file.read_text(encoding="utf-8") == "precious"
    assert "exists already" in capsys.readouterr().err


def test_a_missing_folder_is_said_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "absent" / "mine.yaml"
    assert main(["new", str(file)]) == 2
    seen = capsys.readouterr().err
    assert seen.startswith("foryou: ")
    assert str(file) in seen
