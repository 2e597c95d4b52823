"""Runs of a study: the same outcomes wherever they are done, once each, whatever fails."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil
import pytest

from sim.core.errors import ForyouError, ResourceError, StudyError
from sim.core.helper import cores
from sim.engine.estimate import estimate_run
from sim.record.files import Disk, use_disk
from sim.scenario import load
from sim.simulate import simulate
from sim.study.runs import local
from sim.study.runs.execute import Executor, Report, execute, fit_memory, make_executor
from sim.study.runs.local import InProcess, LocalProcesses
from sim.study.runs.outcome import Outcome, evaluate
from sim.study.runs.plan import RunSpec
from sim.study.runs.store import Store

Specs = Callable[..., list[RunSpec]]
WEEK = 7 * 86_400.0


class Counting(InProcess):
    """Counts the runs that it does."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []

    def wait(self, timeout: float | None = None) -> list[Outcome]:
        outcomes = super().wait(timeout)
        self.done += [outcome.key for outcome in outcomes]
        return outcomes


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "study", {"kind": "test"})


@pytest.fixture(scope="module")
def processes() -> Iterator[LocalProcesses]:
    """Two workers, warm after the first test that uses them."""
    with LocalProcesses(2) as executor:
        yield executor
    assert executor.pids == []


def numbers(outcome: Outcome) -> tuple[object, ...]:
    """Everything but the time that it took."""
    return outcome.key, outcome.seed, outcome.summary, outcome.event_log_hash, outcome.probes


def test_an_outcome_has_the_numbers_of_the_run_folder(specs: Specs, tmp_path: Path) -> None:
    spec = specs(3)[2]
    run = simulate(spec.scenario, seed=spec.seed, out=tmp_path / "run", plots=False)
    outcome = evaluate(spec)
    assert outcome.summary == run.summary
    assert repr(outcome.summary) == repr(run.summary)
    assert outcome.event_log_hash == run.manifest["event_log_hash"]
    assert outcome.impressions == run.manifest["impressions"]
    assert list(outcome.summary["probes"]) == ["newcomer"]


def test_what_is_done_is_skipped(specs: Specs, store: Store) -> None:
    wanted, counting = specs(4), Counting()
    first = execute(wanted[:2], store, counting)
    assert counting.done == [spec.key for spec in wanted[:2]]
    reports: list[Report] = []
    again = execute(wanted, store, counting, reports.append)
    assert counting.done == [spec.key for spec in wanted]
    assert list(again) == [spec.key for spec in wanted]
    assert {key: again[key] for key in first} == first
    assert (reports[0].done, reports[0].total, reports[0].skipped) == (2, 4, 2)
    assert (reports[0].rate_per_s, reports[0].left_s) == (0.0, None)
    last = reports[-1]
    assert (last.done, last.skipped, last.failed, last.left_s) == (4, 2, 0, 0.0)
    assert last.rate_per_s > 0
    execute(wanted, store, counting)
    assert len(counting.done) == 4


def test_a_damaged_run_is_done_again(specs: Specs, store: Store) -> None:
    wanted, counting = specs(3), Counting()
    whole = execute(wanted, store, counting)
    victim = store.folder / "runs" / f"{wanted[1].key}.json"
    victim.write_text(victim.read_text()[:-40])
    again = execute(wanted, store, counting)
    assert counting.done[3:] == [wanted[1].key]
    assert [numbers(o) for o in again.values()] == [numbers(o) for o in whole.values()]


def test_equal_runs_are_done_once_and_told_for_each(specs: Specs, store: Store) -> None:
    left, right = specs(2, arm="left"), specs(2, arm="right")
    counting, told = Counting(), []
    found = execute(
        [*left, *right], store, counting,
        on_outcome=lambda spec, outcome: told.append((spec.arm, spec.world)),
    )  # fmt: skip
    assert len(found) == len(counting.done) == 2
    assert sorted(told) == [("left", 0), ("left", 1), ("right", 0), ("right", 1)]


def test_the_intermediate_result_comes_along(specs: Specs, store: Store) -> None:
    notes: list[str] = []
    execute(
        specs(2), store, InProcess(),
        progress=lambda report: notes.append(report.note),
        on_outcome=lambda spec, outcome: f"world {spec.world}",
    )  # fmt: skip
    assert notes == ["", "world 0", "world 1"]


# Sources are asked first, so a run whose own source fails needs nothing else compiled.
BROKEN = """
import numpy as np
def find(requests, view, count):
    raise ValueError("no video\\n  today")
"""


FOUND = "np.tile(np.arange(count), (len(requests.user), 1))"
"""What a source of one's own may return: for everybody the same videos."""


@pytest.mark.parametrize("where", ["inline", "processes"])
def test_a_failing_run_is_reported_and_the_others_finish(
    where: str, specs: Specs, store: Store, tmp_path: Path, processes: LocalProcesses
) -> None:
    (tmp_path / "broken.py").write_text(BROKEN)
    bad = specs(1, arm="broken", feed={"sources": {"broken:find": 1.0}})[0]
    bad = RunSpec(bad.scenario, bad.seed, bad.arm, code=tmp_path)
    wanted = [*specs(2), bad, *specs(2, duration=6 * 3600.0)]
    executor: Executor = processes if where == "processes" else InProcess()
    reports: list[Report] = []
    found = execute(wanted, store, executor, reports.append)
    assert [outcome.error is None for outcome in found.values()] == [True, True, False, True, True]
    error = found[bad.key].error
    assert error is not None
    assert "no video today" in error
    assert reports[-1].failed == 1
    told = next(report.note for report in reports if report.failed)
    path = store.folder / "failed" / f"{bad.key}.yaml"
    assert "tiny, broken, world 0 (seed 5) failed" in told
    assert f"foryou run {path}" in told
    assert RunSpec(load(path), load(path).seed, code=tmp_path).key == bad.key
    # mended, it is done on the next start, and nothing else is
    (tmp_path / "broken.py").write_text(BROKEN.replace("raise ValueError", f"return {FOUND} #"))
    mended = RunSpec(bad.scenario, bad.seed, bad.arm, code=tmp_path)
    assert mended.key != bad.key
    counting = Counting()
    assert execute([*wanted[:2], mended], store, counting)[mended.key].error is None
    assert counting.done == [mended.key]


def test_a_failed_run_is_done_again(specs: Specs, store: Store) -> None:
    spec, counting = specs(1)[0], Counting()
    store.save(local.failure(spec, "it broke"))
    store.write_text(f"failed/{spec.key}.yaml", "name: x\n")
    assert execute([spec], store, counting)[spec.key].error is None
    assert counting.done == [spec.key]
    assert not list((store.folder / "failed").iterdir())


def test_processes_give_what_one_process_gives(
    specs: Specs, store: Store, processes: LocalProcesses
) -> None:
    wanted = [*specs(4), *specs(2, population={"users": 211})]
    found = execute(wanted, store, processes)
    assert [numbers(found[spec.key]) for spec in wanted] == [
        numbers(evaluate(spec)) for spec in wanted
    ]
    assert len(processes.pids) == 2


KILLED_ONCE = """
import os, signal
from pathlib import Path
import numpy as np
mark, calls = Path(MARK), 0
def find(requests, view, count):
    global calls
    calls += 1
    if calls == 20 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return FOUND
"""


def test_a_worker_killed_in_the_middle_costs_time_alone(
    specs: Specs, store: Store, tmp_path: Path, processes: LocalProcesses
) -> None:
    mark = tmp_path / "mark"
    code = KILLED_ONCE.replace("MARK", repr(str(mark))).replace("FOUND", FOUND)
    (tmp_path / "once.py").write_text(code)
    one = specs(1, feed={"sources": {"once:find": 1.0}})[0]
    wanted = [RunSpec(one.scenario, one.seed, code=tmp_path), *specs(3)]
    found = execute(wanted, store, processes)
    assert mark.exists()
    assert [numbers(found[spec.key]) for spec in wanted] == [
        numbers(evaluate(spec)) for spec in wanted
    ]


def test_a_worker_that_died_idle_is_no_attempt(specs: Specs, processes: LocalProcesses) -> None:
    for spec in specs(2):
        processes.submit(spec)
    while len(processes.pids) and processes.wait():
        pass
    for pid in processes.pids:
        os.kill(pid, signal.SIGKILL)
        psutil.wait_procs([psutil.Process(pid)], timeout=5) if psutil.pid_exists(pid) else None
    processes.submit(specs(1)[0])
    assert processes.wait()[0].error is None


def test_a_run_that_kills_its_worker_is_given_up(
    specs: Specs, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "deadly.py").write_text(
        "import os, signal\n"
        "def find(requests, view, count):\n"
        f"    open({str(tmp_path / 'tries')!r}, 'a').write('x')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    bad = specs(1, feed={"sources": {"deadly:find": 1.0}})[0]
    deadly = RunSpec(bad.scenario, bad.seed, code=tmp_path)
    with LocalProcesses(1) as executor:
        found = execute([deadly, *specs(2)], store, executor)
    error = found[deadly.key].error
    assert error is not None
    assert "SIGKILL" in error
    assert "in each of 3 attempts" in error
    assert (tmp_path / "tries").read_text() == "xxx"
    assert sum(outcome.error is None for outcome in found.values()) == 2


def test_a_worker_that_cannot_start_stops_the_study(
    specs: Specs, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.path", [p for p in sys.path if "site-packages" not in p])
    with LocalProcesses(1) as executor, pytest.raises(StudyError) as caught:
        execute(specs(2), store, executor)
    assert "does not start: ModuleNotFoundError" in str(caught.value)


def test_ctrl_c_leaves_nothing_running(specs: Specs, store: Store) -> None:
    wanted = specs(6)

    def stop(report: Report) -> None:
        if report.done == 2:
            raise KeyboardInterrupt

    with LocalProcesses(2) as executor:
        with pytest.raises(KeyboardInterrupt):
            execute(wanted, store, executor, stop)
        assert executor.wait() == []  # nothing is under way any more
        kept = len(store.outcomes())
        assert 2 <= kept < 6
        counting = Counting()
        execute(wanted, store, counting)
        assert len(counting.done) == 6 - kept
        alive = executor.pids
    assert not any(psutil.pid_exists(pid) for pid in alive)


def test_an_executor_can_be_used_after_it_was_cancelled(
    specs: Specs, processes: LocalProcesses
) -> None:
    for spec in specs(4):
        processes.submit(spec)
    processes.cancel()
    assert processes.wait() == []
    processes.submit(specs(5)[4])
    outcomes = processes.wait()
    assert [outcome.key for outcome in outcomes] == [specs(5)[4].key]
    assert processes.wait(0.0) == []


def test_waiting_with_a_timeout_comes_back(specs: Specs, processes: LocalProcesses) -> None:
    processes.submit(specs(1, duration=2 * WEEK)[0])
    assert processes.wait(0.001) == []
    processes.cancel()


class FullFor(Disk):
    """A disk without room for one file."""

    def __init__(self, name: str) -> None:
        self.name = name

    def create(self, path: Path) -> int:
        if path.name.startswith(self.name):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().create(path)


def test_a_disk_that_fills_up_keeps_what_is_done(specs: Specs, store: Store) -> None:
    wanted, counting = specs(4), Counting()
    full = pytest.raises(StudyError, match="No space left on device")
    with full, use_disk(FullFor(wanted[2].key)):
        execute(wanted, store, counting)
    assert len(store.outcomes()) == 2
    execute(wanted, store, counting)
    assert len(store.outcomes()) == 4
    assert len(counting.done) == 3 + 2


class Memory(Counting):
    """An executor that could do many runs at a time."""

    def __init__(self, workers: int) -> None:
        super().__init__()
        self.workers = workers


def _bytes(specs: list[RunSpec]) -> float:
    return estimate_run(specs[0].scenario, "fast", plots=False).bytes


def test_workers_are_as_many_as_fit(specs: Specs) -> None:
    gib = 2.0**30
    executor = Memory(64)
    note = fit_memory(specs(2), executor, 1.5 * gib)
    assert note == "3 of 64 workers: a run needs about 0.5 GiB of memory and 1.5 GiB are free"
    assert executor.workers == 3
    assert fit_memory(specs(2), executor, 1.5 * gib) == ""
    # the largest run counts
    large = specs(1, population={"users": 1_000_000, "creators": 0.01})
    need = estimate_run(large[0].scenario, "fast", plots=False).bytes
    assert "1 of 3 workers" in fit_memory([*specs(1), *large], executor, 1.9 * need)
    with pytest.raises(ResourceError, match=r"needs about 0\.5 GiB"):
        fit_memory(specs(1), executor, 0.25 * gib)
    # what is recorded counts, whichever run of the same people records it
    fine = specs(1, record={"timeline": 1.0}, duration=2 * WEEK, population={"users": 40_000})
    executor.workers = 64
    coarse = specs(1, record={"timeline": 3_600.0}, duration=2 * WEEK, population={"users": 40_000})
    assert "of 64 workers" in fit_memory([*coarse, *fine], executor, 64 * _bytes(coarse))


def test_a_run_that_cannot_fit_is_refused_before_anything_runs(specs: Specs, store: Store) -> None:
    huge = specs(1, population={"users": 50_000_000, "creators": 1e-6}, duration=500 * WEEK)
    counting = Counting()
    with pytest.raises(ResourceError, match="GiB are free"):
        execute([*specs(1), *huge], store, counting)
    assert counting.done == []


def kind(**arguments: Any) -> tuple[type, int]:
    with make_executor(**arguments) as executor:
        return type(executor), executor.workers


def test_executors_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kind(name="inline", workers=7) == (InProcess, 1)
    assert kind(name="processes", workers=3) == (LocalProcesses, 3)
    assert kind(name="processes") == (LocalProcesses, cores())
    assert kind(name="auto", workers=2) == (LocalProcesses, 2)
    assert kind(name="auto", workers=1) == (InProcess, 1)
    assert kind(name="auto", workers=2, runs=1) == (InProcess, 1)
    monkeypatch.setattr(import_module("sim.study.runs.execute"), "cores", lambda: 1)
    assert kind() == (InProcess, 1)
    for arguments, words in [
        ({"name": "dask"}, 'unknown executor "dask"; known are auto, inline, processes, ray'),
        ({"workers": 0}, "at least 1 worker"),
        ({"name": "inline", "address": "auto"}, "choose that one too"),
    ]:
        with pytest.raises(ForyouError, match=words):
            kind(**arguments)
