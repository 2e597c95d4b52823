"""``check``, ``show``, ``plot`` and ``schema``."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from sim.cli.main import main

Capture = pytest.CaptureFixture[str]


def test_check_describes_a_good_scenario(small: Path, capsys: Capture) -> None:
    assert main(["check", str(small)]) == 0
    seen = capsys.readouterr()
    assert "80, of whom about 8 post videos" in seen.out
    assert "newcomer: 5 videos by accounts with 0 followers, posted from day 1 03:00" in seen.out
    assert re.search(r"needs +about [\d,]+ impressions, 0\.7 GiB of memory, \d+ s\n", seen.out)
    assert "No problems found" in seen.out
    assert seen.err == ""


def test_check_names_foreign_code_without_running_it(small: Path, capsys: Capture) -> None:
    (small.parent / "mine.py").write_text("raise SystemExit(9)", encoding="utf-8")
    change = "feed.sources={interest: 1, 'mine:Source': 2}"
    assert main(["check", str(small), "--set", change, "--set", "feed.score=['mine:Score']"]) == 0
    seen = capsys.readouterr().out
    assert "mine:Source, mine:Score" in seen
    assert "--allow-code" in seen


def test_check_says_sizes_as_written_and_as_numbers(small: Path, capsys: Capture) -> None:
    changes = [
        "catalogue.mean_impressions=120", "feed.cold_start.first=0.1x", "feed.predict.prior=0.25x",
        "viral.impressions=3x", "viral.age=2 h",
    ]  # fmt: skip
    assert main(["check", str(small), *(word for c in changes for word in ("--set", c))]) == 0
    seen = capsys.readouterr().out
    assert "the first audience is 12 (0.1x); all test audiences need" in seen
    assert "smoothed, prior of 30 (0.25x) impressions" in seen
    assert "shown at least 360 times, 3 times the stated mean, within 2 h" in seen


FULL = ["--set", "feed.cold_start.slots=5 %"]


@pytest.mark.parametrize(
    "command",
    [
        ["check", "SMALL", *FULL],
        ["run", "SMALL", *FULL, "--out", "OUT"],
        ["worlds", "SMALL", *FULL, "--out", "OUT"],
        ["perturb", "SMALL", *FULL, "--out", "OUT"],
        ["compare", "SMALL", "--arm", "few:feed.cold_start.slots=5 %", "--out", "OUT"],
    ],
    ids=lambda words: words[0],
)
def test_pools_that_need_more_places_than_are_kept_are_refused(
    command: list[str], small: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    names = {"SMALL": str(small), "OUT": str(out)}
    assert main([names.get(word, word) for word in command]) == 2
    seen = capsys.readouterr()
    assert "small.yaml:8:36    feed.cold_start" in seen.err
    need = re.search(r"all pools need ([\d.]+) % of all places, and 5\.0 % are kept", seen.err)
    assert need is not None
    assert float(need[1]) > 5.0
    assert "raise slots" in seen.err
    assert seen.out == ""
    assert not out.exists()


def test_an_overloaded_point_does_not_end_a_sweep(small: Path, tmp_path: Path) -> None:
    vary = ["--vary", "feed.cold_start.slots=5 %,20 %", "-n", "2", "--executor", "inline"]
    out = str(tmp_path / "out")
    assert main(["sweep", str(small), *vary, "--out", out, "--no-plots", "--quiet"]) == 0


def test_check_lists_every_problem(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(
        "name: bad\nduration: 6\npopulation:\n  users: -4\nfeed:\n  weights: {lik: 1}\n",
        encoding="utf-8",
    )
    assert main(["check", str(path)]) == 2
    seen = capsys.readouterr()
    assert "3 problems" in seen.err
    for place in ("bad.yaml:2:11", "bad.yaml:4:10", "bad.yaml:6:13"):
        assert place in seen.err
    assert seen.out == ""


def test_the_starter_scenario_is_right(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "first.yaml"
    assert main(["new", str(file)]) == 0
    assert main(["check", str(file)]) == 0
    assert "No problems found" in capsys.readouterr().out


def test_show_prints_the_summary_again(finished: Path, capsys: Capture) -> None:
    assert main(["show", str(finished)]) == 0
    assert "The 5 videos of “newcomer”" in capsys.readouterr().out


def test_show_json(finished: Path, capsys: Capture) -> None:
    assert main(["show", str(finished), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["summary"]["population"]["users"] == 80


@pytest.mark.parametrize("command", ["show", "plot"])
def test_a_folder_that_is_no_run_is_refused(command: str, tmp_path: Path, capsys: Capture) -> None:
    assert main([command, str(tmp_path)]) == 2
    assert main([command, str(tmp_path / "absent")]) == 2
    seen = capsys.readouterr().err
    assert str(tmp_path) in seen
    assert "Traceback" not in seen


def test_plot_draws_what_is_asked_for(finished: Path, tmp_path: Path, capsys: Capture) -> None:
    run = shutil.copytree(finished, tmp_path / "run")
    assert main(["plot", str(run), "--format", "svg", "--only", "lorenz"]) == 0
    made = run / "plots" / "lorenz.svg"
    assert made.read_text(encoding="utf-8").startswith("<?xml")
    assert capsys.readouterr().out == f"{made}\n"
    assert main(["plot", str(run), "--only", "lorentz"]) == 2
    assert "lorenz" in capsys.readouterr().err


def test_schema_is_printed_or_written(tmp_path: Path, capsys: Capture) -> None:
    assert main(["schema"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert "population" in printed["properties"]
    file = tmp_path / "schema.json"
    assert main(["schema", "--out", str(file)]) == 0
    assert json.loads(file.read_text(encoding="utf-8")) == printed
