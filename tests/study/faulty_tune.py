"""Searches in which one call on a file fails, each in a process of its own.

    LD_PRELOAD=shim.so python faulty_tune.py shim.so FOLDER OFFSET STEP

``shim.c`` counts the calls of a search that nobody disturbs, and lets call OFFSET, OFFSET + STEP,
... fail in others, in each way. What became of every one of them is a line of JSON, see
``play_case``; the first line holds the calls. This process imports everything and plays a search
once, and is copied by fork for each search. A copy has no threads but its own, so what starts
some and waits for them, which Polars does, is left to the copies.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import gc
import json
import os
import pickle
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import alembic.util
import polars  # noqa: F401  here and not in each copy
import pyarrow.parquet  # noqa: F401

from sim.core.errors import ForyouError
from sim.study.runs import local
from sim.study.runs.local import InProcess
from sim.study.runs.outcome import Outcome, evaluate
from sim.study.runs.plan import RunSpec
from sim.study.runs.verify import is_study, verify_study
from sim.study.tune import study
from sim.testing.worlds import tiny_scenario

FAULTS: Final = {"kill": -signal.SIGKILL, "EIO": errno.EIO, "ENOSPC": errno.ENOSPC}
TOLD, TRACEBACK = 3, 4
"""Exit codes of a search that failed: with a message, with anything else."""
LONGEST_S: Final = 50
"""Time that a search may take, s: less than somebody waits for a lease of a lost process."""

# one trial is stopped early, another is better than the start: everything is written
SCENARIO: Final = tiny_scenario(
    population={"users": 60},
    duration=2 * 3_600.0,
    warmup=600.0,
    seed=9,
    tune={
        "vary": {
            "feed.weights.watch": {"low": 0, "high": 0.1},
            "feed.weights.skip": {"low": -2, "high": 0},
        },
        "objectives": [{"metric": "watch.minutes_per_user_day", "goal": "minimise"}],
        "trials": 3,
        "worlds": 2,
        "batch": 2,
        "startup": 2,
        "confirm": {"worlds": 2, "candidates": 1},
    },
)

_known: dict[str, Outcome] = {}


def evaluate_once(spec: RunSpec) -> Outcome:
    """Each world is played once, whichever search asks for it."""
    if spec.key not in _known:
        _known[spec.key] = evaluate(spec)
    return _known[spec.key]


def search(out: Path) -> None:
    study.tune(SCENARIO, out=out, executor=InProcess(), plots=False, force=True)


class Shim:
    """The library."""

    def __init__(self, path: str) -> None:
        self._library = ctypes.CDLL(path)
        self._library.arm.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_long]
        self._library.counted.restype = ctypes.c_long
        self._library.name_of.argtypes = [ctypes.c_long]
        self._library.name_of.restype = ctypes.c_char_p

    def arm(self, folder: Path, fault: int = 0, at: int = -1) -> None:
        self._library.arm(os.fsencode(folder), fault, at)

    def disarm(self) -> list[str]:
        """Count no more; the calls until now."""
        self._library.disarm()
        return [self._library.name_of(i).decode() for i in range(self._library.counted())]


def in_copy(work: Callable[[], object], errors: Path) -> tuple[int, str]:
    """Do some work in a copy of this process: its exit code, less than 0 for a signal; its errors.

    The code is 0, TOLD or TRACEBACK, and the errors are what it printed.
    """
    copy = os.fork()
    if copy == 0:
        code = TRACEBACK
        try:
            signal.alarm(LONGEST_S)
            os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
            try:
                work()
                code = 0
            except ForyouError as error:
                sys.stderr.write(f"{error}")
                code = TOLD
            except BaseException:
                sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]  # there is one
            sys.stderr.flush()
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])
    return code, errors.read_text() if errors.is_file() else ""


def content(folder: Path) -> dict[str, bytes]:
    """What a search found."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith("trials.db")
    }


def state_of(folder: Path, expected: dict[str, bytes]) -> dict[str, Any]:
    """What a folder says of itself: ``nothing``, ``unfinished``, ``whole`` or ``damaged``."""
    if not is_study(folder):
        found = [path.name for path in folder.rglob("*") if path.suffix != ".part"]
        return {"is": "damaged" if found else "nothing", "lines": found}
    verdict = verify_study(folder)
    if verdict.wrong:
        return {"is": "unfinished", "lines": verdict.wrong}
    differ = [name for name, data in content(folder).items() if expected.get(name) != data]
    differ += [name for name in expected if not (folder / name).is_file()]
    return {"is": "damaged" if differ else "whole", "lines": [*differ, *verdict.notes]}


def play_case(shim: Shim, folder: Path, fault: str, at: int, whole: Path) -> dict[str, Any]:
    """A search with a fault, and the same search again without one."""
    out = folder / "study"
    folder.mkdir()
    expected = content(whole)

    def disturbed() -> None:
        shim.arm(folder, FAULTS[fault], at)
        try:
            search(out)
        finally:
            struck.write_text("".join(shim.disarm()[at : at + 1]))

    errors, struck = folder.with_suffix(".errors"), folder.with_suffix(".call")
    code, told = in_copy(disturbed, errors)
    left = state_of(out, expected)
    again = in_copy(lambda: search(out), errors)
    case = {
        "fault": fault,
        "at": at,
        "call": struck.read_text() if struck.is_file() else None,
        "code": code,
        "told": told,
        "left": left,
        "again": again,
        "then": state_of(out, expected),
    }
    shutil.rmtree(folder)
    return case


def first_search(shim: Shim, whole: Path, memory: Path) -> list[str]:
    """Play a search that nobody disturbs, in a copy, and remember its runs; its calls."""
    calls = memory.with_suffix(".json")

    def undisturbed() -> None:
        shim.arm(whole.parent)
        search(whole)
        calls.write_text(json.dumps(shim.disarm()))
        memory.write_bytes(pickle.dumps(_known))

    whole.parent.mkdir()
    code, told = in_copy(undisturbed, memory.with_suffix(".errors"))
    if code:
        raise RuntimeError(told)
    _known.update(pickle.loads(memory.read_bytes()))
    found: list[str] = json.loads(calls.read_text())
    return found


def import_all(folder: Path) -> None:
    """Play a search but for what Polars does, so that no copy needs to import anything."""
    # Optuna reads its migrations anew for every database: half of the time of a search
    alembic.util.load_python_file = functools.cache(alembic.util.load_python_file)
    write = study._write
    study._write = lambda result, store, plots: None
    search(folder)
    study._write = write
    gc.freeze()  # what is never looked at is never copied


def main(shim_path: str, at: str, offset: int, step: int) -> None:
    shim, folder = Shim(shim_path), Path(at).resolve()
    whole = folder / "whole" / "study"
    calls = first_search(shim, whole, folder / "runs.pickle")
    import_all(folder / "imports")
    sys.stdout.write(json.dumps({"calls": calls}) + "\n")
    for number, fault in enumerate(FAULTS):
        for call in range(offset + number * step // len(FAULTS), len(calls), step):
            case = play_case(shim, folder / f"{fault}{call}", fault, call, whole)
            sys.stdout.write(json.dumps(case) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    local.evaluate = evaluate_once
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
