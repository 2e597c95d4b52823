"""Whatever happens at whichever call of a search on its files: the same command goes on.

A search keeps its trials in SQLite, which writes in C. So the faults are made below Python, by
``shim.c``; ``faulty_tune.py`` plays the searches.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
TOLD = 3
"""Exit code of a search that failed with a message."""
CALLS = (
    "create trials.db", "create trials.db-journal", "fdatasync trials.db-journal",
    "unlink trials.db-journal", "pwrite trials.db", "fdatasync trials.db",
    "ftruncate trials.db-shm", "pwrite trials.db-wal", "fdatasync trials.db-wal",
    "unlink trials.db-wal", "mkdir study",
    "link study.json", "rename files.json", "mkdir runs", "fsync runs", "rename tune.json",
    "rename best.yaml", "fsync study",
)  # fmt: skip
"""Some of those that a search is made of: that they are seen shows that none is missed."""
_SQLITE_GOES_ON = re.compile(r".* trials\.db|fdatasync study$")
"""Calls without which SQLite does: what fails to reach the database is still in its log."""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, compiled."""
    if platform.system() != "Linux" or sys.maxsize < 2**32:
        pytest.skip("the library that makes faults is for 64-bit Linux")
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler named cc for the library that makes faults")
    library = tmp_path_factory.mktemp("shim") / "shim.so"
    command = [compiler, "-O1", "-Wall", "-shared", "-fPIC", "-o", library, HERE / "shim.c"]
    subprocess.run(command, check=True)
    return library


def play(
    shim: Path, folder: Path, offset: int, step: int
) -> tuple[list[str], list[dict[str, Any]]]:
    """The calls of a search, and what became of each search with a fault."""
    paths = [str(HERE.parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, HERE / "faulty_tune.py", shim, folder, str(offset), str(step)],
        env={
            **os.environ,
            "LD_PRELOAD": str(shim),
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(paths),
        },
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, *rest = map(json.loads, done.stdout.splitlines())
    return first["calls"], rest


def check(case: dict[str, Any]) -> None:
    """What has to hold after any fault."""
    if case["fault"] == "kill":
        assert case["code"] == -9, case
    elif case["code"] == TOLD:
        assert re.search(r"start the same (command|study) again", case["told"]), case
        assert "\n" not in case["told"], case
        if case["fault"] == "ENOSPC":
            assert re.search(r"make room|disk is full", case["told"]), case
    else:
        assert case["code"] == 0, case
        assert case["told"] == "", case
        assert _SQLITE_GOES_ON.match(case["call"]), case
        assert case["left"]["is"] == "whole", case
    assert case["left"]["is"] in ("nothing", "unfinished", "whole"), case
    assert case["again"] == [0, ""], case
    assert case["then"] == {"is": "whole", "lines": []}, case


@pytest.mark.slow
@pytest.mark.parametrize(
    ("offset", "step"), [(17, 131), pytest.param(0, 1, marks=pytest.mark.large)]
)
def test_a_search_is_whole_or_says_that_it_is_not_and_goes_on(
    offset: int, step: int, shim: Path, tmp_path: Path
) -> None:
    calls, cases = play(shim, tmp_path, offset, step)
    assert set(CALLS) <= set(calls)
    assert len(cases) >= 3 * (len(calls) // step)
    for case in cases:
        check(case)
    assert {case["fault"] for case in cases} == {"kill", "EIO", "ENOSPC"}
    assert "unfinished" in {case["left"]["is"] for case in cases}
