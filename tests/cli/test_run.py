"""``foryou run``: what it prints, where, and with which exit code."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.cli.main import main

FORYOU = [sys.executable, "-m", "sim.cli.main"]

Capture = pytest.CaptureFixture[str]


def test_makes_the_folder_and_tells_what_happened(
    small: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    assert main(["run", str(small), "--out", str(out), "--no-plots"]) == 0
    seen = capsys.readouterr()
    assert "The 5 videos of “newcomer”" in seen.out
    assert re.search(r"went viral .* of 5 ", seen.out)
    assert str(out) in seen.out
    assert (out / "summary.json").is_file()
    assert seen.err == ""


def test_says_first_what_it_needs(small: Path, tmp_path: Path, capsys: Capture) -> None:
    assert main(["run", str(small), "--out", str(tmp_path / "out"), "--no-plots"]) == 0
    first = capsys.readouterr().out.split("\n", 1)[0]
    assert re.fullmatch(r"Needs about [\d,]+ impressions, 0\.5 GiB of memory, \d+ s\.", first), (
        first
    )


def test_a_long_run_is_announced(
    small: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.engine.estimate.LONG_S", 0.0)
    for number, options in enumerate(([], ["--json"], ["--quiet"])):
        out = str(tmp_path / str(number))
        assert main(["run", str(small), "--out", out, "--no-plots", *options]) == 0
        seen = capsys.readouterr()
        assert ("a long run, about" in seen.err) == (options != ["--quiet"])


def test_json_is_all_that_is_printed(small: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    assert main(["run", str(small), "--out", str(out), "--json", "--no-plots"]) == 0
    seen = capsys.readouterr()
    told = json.loads(seen.out)
    assert told["manifest"] == json.loads((out / "manifest.json").read_text("utf-8"))
    assert told["summary"] == json.loads((out / "summary.json").read_text("utf-8"))
    assert seen.err == ""


def test_quiet_prints_nothing(small: Path, tmp_path: Path, capsys: Capture) -> None:
    assert main(["run", str(small), "--out", str(tmp_path / "o"), "-q", "--no-plots"]) == 0
    assert capsys.readouterr() == ("", "")


def test_seed_and_set_change_the_world(small: Path, tmp_path: Path, capsys: Capture) -> None:
    hashes = []
    for number, options in enumerate(
        [[], [], ["--seed", "4"], ["--set", "feed.weights.like=9"], ["--set", "seed=4"]]
    ):
        out = str(tmp_path / str(number))
        assert main(["run", str(small), "--out", out, "--json", "--no-plots", *options]) == 0
        hashes.append(json.loads(capsys.readouterr().out)["manifest"]["event_log_hash"])
    assert hashes[0] == hashes[1]
    assert hashes[2] == hashes[4]
    assert len(set(hashes)) == 3


def test_the_manifest_has_the_command(finished: Path) -> None:
    assert json.loads((finished / "manifest.json").read_text("utf-8"))["command"]


def test_a_folder_in_use_is_left_alone(small: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work", encoding="utf-8")
    assert main(["run", str(small), "--out", str(out)]) == 2
    assert [path.name for path in out.iterdir()] == ["thesis.tex"]
    assert str(out) in capsys.readouterr().err


def test_a_file_in_the_way_is_said(small: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    out.write_text("a file", encoding="utf-8")
    assert main(["run", str(small), "--out", str(out)]) == 2
    seen = capsys.readouterr().err
    assert str(out) in seen
    assert out.read_text(encoding="utf-8") == "a file"


def test_without_out_a_folder_is_made_under_runs(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert main(["run", str(small), "--quiet", "--no-plots"]) == 0
    made = list((tmp_path / "runs").iterdir())
    assert len(made) == 2
    assert all((folder / "summary.json").is_file() for folder in made)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--set", "feed.weights.lik=1"], ["feed.weights.lik", "did you mean"]),
        (["--set", "population.users=-4"], ["population.users"]),
        (["--set", "duration"], ["duration"]),
        (["--set", "=3"], ["--set"]),
        (["--engine", "referense"], ["referense"]),
    ],
)
def test_a_mistake_is_said_and_nothing_is_written(
    options: list[str], words: list[str], small: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    assert main(["run", str(small), "--out", str(out), *options]) == 2
    seen = capsys.readouterr()
    assert all(word in seen.err for word in words), seen.err
    assert "Traceback" not in seen.err
    assert seen.out == ""
    assert not out.exists()


def test_code_of_a_scenario_needs_consent(small: Path, tmp_path: Path, capsys: Capture) -> None:
    mine = "feed.score=['mine:Score']"
    assert main(["run", str(small), "--out", str(tmp_path / "out"), "--set", mine]) == 2
    seen = capsys.readouterr().err
    assert "mine:Score" in seen
    assert "--allow-code" in seen
    assert not (tmp_path / "out").exists()


def press_ctrl_c(args: list[str], until: Path) -> tuple[int, str, str]:
    """Run ``foryou`` in a process of its own, interrupt it once a file is there; how it ended."""
    with subprocess.Popen(
        [*FORYOU, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        try:
            deadline = time.monotonic() + 60
            while not until.exists() and time.monotonic() < deadline:
                time.sleep(0.02)
            running.send_signal(signal.SIGINT)
            printed, complaint = running.communicate(timeout=120)
        finally:
            running.kill()
    return running.returncode, printed, complaint


def test_ctrl_c_stops_and_says_what_is_on_disk(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    args = ["run", str(small), "--out", str(out), "--set", "duration=300 d"]
    code, printed, complaint = press_ctrl_c(args, out / "manifest.json")
    assert code == 130, complaint
    assert "stopping at the next refresh" in complaint
    assert f"{out} holds an unfinished run; go on with: foryou resume {out}" in complaint
    assert "Traceback" not in complaint
    assert re.fullmatch(r"Needs about .* impressions, .*\.\n", printed)
    assert not (out / "summary.json").exists()
    assert not json.loads((out / "manifest.json").read_text("utf-8"))["finished"]


def test_an_unfinished_run_is_not_shown(small: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    args = ["run", str(small), "--out", str(out), "--set", "duration=300 d"]
    assert press_ctrl_c(args, out / "manifest.json")[0] == 130
    assert main(["show", str(out)]) == 2
    assert str(out) in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("head") is None, reason="needs the command head")
@pytest.mark.parametrize("command", ["schema", "--help"])
def test_a_reader_that_goes_away_is_no_error(command: str) -> None:
    line = f"{' '.join(FORYOU)} {command} | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert done.returncode in (0, 1)


def test_progress_is_shown_on_a_terminal_only(small: Path, tmp_path: Path) -> None:
    parent, child = pty.openpty()
    options = ["--out", str(tmp_path / "out"), "--no-plots", "--set", "duration=2 d"]
    options += ["--engine", "reference"]  # slow enough for a rate to be shown
    with subprocess.Popen(
        [*FORYOU, "run", str(small), *options],
        stdout=subprocess.PIPE,
        stderr=child,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    ) as running:
        os.close(child)
        seen = b""
        while select.select([parent], [], [], 60)[0]:
            try:
                seen += os.read(parent, 65_536)
            except OSError:  # the other end was closed: the run is over
                break
        printed = running.stdout.read() if running.stdout else b""
    os.close(parent)
    assert running.returncode == 0
    text = seen.decode()
    assert "Simulating" in text
    assert re.search(r"day \d \d\d:\d\d of day 3 00:00", text)
    assert "impressions/s" in text
    assert b"Simulating" not in printed
