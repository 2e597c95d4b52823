"""A process beside this one: it does its task, or tells that it did not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.core.helper import Helper, cores

WRITES = """
import json, sys
line = sys.stdin.readline()
if line:
    task = json.loads(line)
    open(task["file"], "w").write(task["word"])
    sys.exit(task["code"])
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that writes a word into a file, where a helper finds it."""
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "writes_a_word.py").write_text(WRITES)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "path"))
    return "writes_a_word"


@pytest.mark.parametrize("code", [0, 3])
def test_does_its_task_and_says_whether_it_went_well(
    module: str, tmp_path: Path, code: int
) -> None:
    helper = Helper(module)
    helper.begin({"file": str(tmp_path / "word"), "word": "köln", "code": code})
    assert helper.finish() == (code == 0)
    assert (tmp_path / "word").read_text() == "köln"
    helper.stop()
    helper.stop()


@pytest.mark.parametrize("drawer", [False, True])
def test_ends_by_itself_when_nobody_is_left_to_give_it_a_task(module: str, drawer: bool) -> None:
    process = Helper("sim.plots" if drawer else module)._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=60) == 0


def test_is_ended_when_it_is_not_needed(module: str) -> None:
    helper = Helper(module)
    process = helper._process
    assert process is not None
    assert process.poll() is None
    helper.stop()
    assert process.returncode is not None
    assert not helper.finish()


def test_a_module_that_fails_is_told_not_raised() -> None:
    helper = Helper("no.such.module")
    assert helper._process is not None
    helper._process.wait()
    helper.begin({"much": "x" * 1_000_000})
    assert not helper.finish()
    helper.stop()


def test_a_process_that_cannot_start_is_told_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "no/such/python")
    helper = Helper("json.tool")
    helper.begin({})
    assert not helper.finish()
    helper.stop()


def test_imports_nothing_from_the_folder_it_is_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "writes_a_word.py").write_text(WRITES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    helper = Helper("writes_a_word")
    helper.begin({"file": str(tmp_path / "word"), "word": "x", "code": 0})
    assert not helper.finish()
    assert not (tmp_path / "word").exists()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system cannot bind a process")
def test_cores_are_those_that_may_be_used() -> None:
    one = str(min(os.sched_getaffinity(0)))
    program = f"import os; os.sched_setaffinity(0, [{one}]); import sim.core.helper as h"
    told = subprocess.run(
        [sys.executable, "-c", f"{program}; print(h.cores())"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout == "1\n"
    assert cores() == len(os.sched_getaffinity(0))
