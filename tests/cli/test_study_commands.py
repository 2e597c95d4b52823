"""``foryou worlds`` and ``foryou compare``: what they print, where, and with which exit code."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.cli.main import main
from sim.cli.study_progress import progress_line, stopped
from sim.study.runs.execute import Report

FORYOU = [sys.executable, "-m", "sim.cli.main"]
HERE = ["--executor", "inline", "--no-plots"]
SHARES = ["--arm", "shares:feed.weights={share: 9}"]

Capture = pytest.CaptureFixture[str]


def test_worlds_tells_numbers_quality_and_luck(
    small: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    assert main(["worlds", str(small), "-n", "3", "--out", str(out), *HERE]) == 0
    seen = capsys.readouterr()
    assert "“small” in 3 worlds" in seen.out
    assert re.search(r"watch\.minutes_per_user_day +[\d.]+ min +[\d.]+ to [\d.]+ min", seen.out)
    assert "Why the 5 videos of “newcomer” differ in reach" in seen.out
    assert f"Results: {out}" in seen.out
    assert seen.err == ""
    assert (out / "worlds.parquet").is_file()


def test_compare_tells_differences(small: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out"
    args = ["compare", str(small), *SHARES, "-n", "3", "--out", str(out), *HERE]
    assert main([*args, "--metric", "watch.hours", "--metric", "watch.views"]) == 0
    seen = capsys.readouterr()
    assert "“shares” against “small” in the same 3 worlds" in seen.out
    assert re.search(r"watch\.hours +[\d.]+ h +[-+][\d.]+ h +[-+]?[\d.]+ to ", seen.out)
    assert "intervals are not. 2 comparisons" in " ".join(seen.out.split())
    assert seen.err == ""


@pytest.mark.parametrize("command", ["worlds", "compare"])
def test_json_is_all_that_is_printed(
    command: str, small: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    args = [command, str(small), *(SHARES if command == "compare" else ()), "-n", "2"]
    assert main([*args, "--out", str(out), "--json", *HERE]) == 0
    seen = capsys.readouterr()
    told = json.loads(seen.out)
    assert told.pop("folder") == str(out)
    assert told == json.loads((out / f"{command}.json").read_text("utf-8"))
    assert seen.err == ""


def test_quiet_prints_nothing_and_a_folder_is_made(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert main(["worlds", str(small), "-n", "2", "-q", *HERE]) == 0
    assert capsys.readouterr() == ("", "")
    folders = sorted((tmp_path / "studies").iterdir())
    assert len(folders) == 2
    assert all(folder.name.startswith("small-worlds-") for folder in folders)
    assert all((folder / "worlds.json").is_file() for folder in folders)


def test_two_processes_give_what_one_gives(small: Path, tmp_path: Path) -> None:
    tables = []
    for options in (["--executor", "inline"], ["--executor", "processes", "--workers", "2"]):
        out = tmp_path / options[1]
        args = ["worlds", str(small), "-n", "3", "--out", str(out), "-q", "--no-plots"]
        assert main([*args, *options]) == 0
        tables.append((out / "worlds.json").read_bytes())
    assert tables[0] == tables[1]


def test_pictures_are_drawn_unless_not_wanted(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    args = ["worlds", str(small), "-n", "2", "--out", str(out), "-q", "--executor", "inline"]
    assert main([*args, "--no-plots"]) == 0
    assert not (out / "plots").exists()
    assert main(args) == 0
    assert (out / "plots" / "worlds.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["worlds", "SMALL", "--metric", "watch.hour"], ["watch.hour", "did you mean"]),
        (["worlds", "SMALL", "--precision", "0 %"], ["positive number"]),
        (["worlds", "SMALL", "--set", "feed.weights.lik=1"], ["feed.weights.lik"]),
        (["worlds", "SMALL", "-n", "1"], ["-n"]),
        (["worlds", "SMALL", "--workers", "0"], ["--workers"]),
        (["worlds", "SMALL", "--executor", "cloud"], ["cloud"]),
        (["worlds", "SMALL", "--address", "auto"], ["ray"]),
        (["worlds", "SMALL", "--level", "95"], ["--level"]),
        (["worlds", "absent.yaml"], ["absent.yaml"]),
        (["compare", "SMALL"], ["needs two arms"]),
        (["compare", "SMALL", "--arm", "a"], ["NAME:PATH=VALUE"]),
        (["compare", "SMALL", "--arm", "a:seed=5"], ["seed is 5, not 3", "--unpaired"]),
        (["compare", "SMALL", "--arm", "a:viral.reach=10%"], ["nothing to compare"]),
        (["compare", "SMALL", "SMALL", *SHARES], ["changed copies of one scenario"]),
        (["compare", "SMALL", "--arm", "a:feed.score=['mine:Score']"], ["--allow-code"]),
    ],
)
def test_a_mistake_is_said_and_nothing_is_written(
    args: list[str], words: list[str], small: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    named = [str(small) if arg == "SMALL" else arg for arg in args]
    assert main([*named, "--out", str(out)]) == 2
    seen = capsys.readouterr()
    assert all(word in seen.err for word in words), seen.err
    assert "Traceback" not in seen.err
    assert seen.out == ""
    assert not out.exists()


def test_a_run_folder_is_no_study_folder(small: Path, finished: Path, capsys: Capture) -> None:
    before = sorted(path.name for path in finished.iterdir())
    assert main(["worlds", str(small), "--out", str(finished)]) == 2
    assert "is not a study folder" in capsys.readouterr().err
    assert sorted(path.name for path in finished.iterdir()) == before


def test_a_failed_run_is_told_with_its_scenario(
    small: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "odd.py").write_text(ODD, encoding="utf-8")
    out = tmp_path / "out"
    args = ["worlds", str(small), "-n", "6", "--allow-code", "--out", str(out), *HERE]
    assert main([*args, "--set", "feed.score=[value, 'odd:Odd']", "-q"]) == 0
    seen = capsys.readouterr()
    failed = json.loads((out / "worlds.json").read_text("utf-8"))["failed"]
    assert 1 <= len(failed) <= 4
    count = "1 run" if len(failed) == 1 else f"{len(failed)} runs"
    assert f"{count} failed and" in seen.err
    assert "a bug of the ranker" in seen.err
    assert f"foryou run {out / failed[0]['scenario']}" in seen.err


ODD = """
class Odd:
    def score(self, requests, candidates, prediction, scores, view):
        if int(view.accounts.declared.sum()) % 2:
            raise ValueError("a bug of the ranker")
        return scores
"""


def press_ctrl_c(args: list[str], until: Path, cwd: Path) -> tuple[int, str, str]:
    """Run ``foryou`` in a process of its own, interrupt it once a run is there; how it ended."""
    with subprocess.Popen(
        [*FORYOU, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd
    ) as running:
        try:
            deadline = time.monotonic() + 120
            while not list(until.glob("*.json")) and time.monotonic() < deadline:
                time.sleep(0.02)
            running.send_signal(signal.SIGINT)
            printed, complaint = running.communicate(timeout=120)
        finally:
            running.kill()
    return running.returncode, printed, complaint


@pytest.mark.parametrize("executor", ["inline", "processes"])
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(
    executor: str, small: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    args = ["worlds", str(small), "-n", "500", "--out", str(out), "--executor", executor]
    code, printed, complaint = press_ctrl_c(args, out / "runs", tmp_path)
    assert code == 130, complaint
    assert "Traceback" not in complaint
    assert printed == ""
    done = len(list((out / "runs").glob("*.json")))
    assert f"stopped; {done} of 500 runs are in {out}" in complaint
    assert f"foryou {shlex.join(args)}" in complaint
    assert not (out / "worlds.json").exists()
    assert main([*args[:3], "2", *args[4:], "-q", "--no-plots"]) == 0
    assert len(list((out / "runs").glob("*.json"))) <= done + 2


def test_the_way_on_names_the_folder_that_was_made(tmp_path: Path) -> None:
    report = Report(7, 50, 2, 1, 0.5, 86.0, "")
    folder = tmp_path / "studies" / "x"
    assert stopped(folder, report, ["worlds", "x.yaml"]) == "stopped; nothing was written"
    folder.mkdir(parents=True)
    said = stopped(folder, report, ["worlds", "my x.yaml"])
    assert "6 of 50 runs are in" in said
    assert said.endswith(f"foryou worlds 'my x.yaml' --out {folder}")
    assert stopped(folder, None, ["worlds", "x.yaml", "--out=y"]).endswith("x.yaml --out=y")


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (Report(0, 50, 0, 0, 0.0, None, ""), "0 of 50 runs"),
        (
            Report(9, 50, 4, 0, 2.5, 16.4, ""),
            "9 of 50 runs, 4 of them from before · 2.5 runs/s · 16.4 s left",
        ),
        (
            Report(9, 50, 0, 2, 0.05, 820.0, ""),
            "9 of 50 runs, 2 failed · 3 runs/min · 13 min 40 s left",
        ),
        (Report(50, 50, 0, 0, 2.5, 0.0, "x"), "50 of 50 runs · 2.5 runs/s"),
    ],
)
def test_progress_in_words(report: Report, line: str) -> None:
    assert progress_line(report) == line


def test_progress_and_result_so_far_are_on_the_terminal(small: Path, tmp_path: Path) -> None:
    parent, child = pty.openpty()
    options = ["-n", "12", "--out", str(tmp_path / "out"), *HERE]
    with subprocess.Popen(
        [*FORYOU, "worlds", str(small), *options],
        stdout=subprocess.PIPE,
        stderr=child,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    ) as running:
        os.close(child)
        seen = b""
        while select.select([parent], [], [], 60)[0]:
            try:
                seen += os.read(parent, 65_536)
            except OSError:  # the other end was closed: the study is over
                break
        printed = running.stdout.read() if running.stdout else b""
    os.close(parent)
    assert running.returncode == 0
    text = seen.decode()
    assert "Worlds" in text
    assert re.search(r"\d+ of 12 runs", text)
    assert re.search(r"probes\.newcomer\.viral_share [\d.]+ %", text)
    assert b"Results:" in printed
