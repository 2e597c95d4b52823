"""The runs of a study: what is done is skipped, what comes in is kept, what fails is told."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Literal, Protocol, TypeVar

from sim.core.errors import ForyouError
from sim.core.helper import cores
from sim.scenario import dump
from sim.simulate import compile_engine
from sim.study.runs.outcome import Outcome
from sim.study.runs.plan import RunSpec
from sim.study.runs.store import Store

__all__ = ["EXECUTORS", "Executor", "Report", "execute", "fit_memory", "make_executor", "silent"]

EXECUTORS: Final = ("auto", "inline", "processes", "ray")
"""Names that :func:`make_executor` knows."""
_HEARTBEAT_S: Final = 0.5
"""Longest time between two reports, s: so often Ctrl-C is noticed."""

E = TypeVar("E", bound="Executor")


class Executor(Protocol):
    """Runs specifications somewhere; the same outcomes everywhere, in any order."""

    workers: int
    """Most runs at one time; may be lowered before the first is submitted."""

    def submit(self, spec: RunSpec) -> None:
        """Take a run; it starts when a worker is free."""

    def wait(self, timeout: float | None = None) -> list[Outcome]:
        """Outcomes that have come since; waits for one.

        Without a ``timeout`` (s) at least one as long as something is under way; with one
        perhaps none. Empty at once when nothing is under way.
        """

    def cancel(self) -> None:
        """Forget what waits and stop what runs; more can be submitted afterwards."""

    def close(self) -> None:
        """Stop everything; nothing is left running. May be called twice."""

    def __enter__(self: E) -> E: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


@dataclass(frozen=True)
class Report:
    """How far the runs are."""

    done: int
    """Runs that are over, those of before and failed ones included."""
    total: int
    """Different runs asked for."""
    skipped: int
    """Runs that were done before."""
    failed: int
    rate_per_s: float
    """Runs done in a second, since this start; 0 before the first."""
    left_s: float | None
    """Expected time to the end, s; None before the first run is done."""
    note: str
    """The intermediate result, or a message that has to be read; may be empty."""


def silent(report: Report) -> None:
    """Show no progress."""
    del report


def _nothing(spec: RunSpec, outcome: Outcome) -> str | None:
    del spec, outcome
    return None


def execute(
    specs: Sequence[RunSpec],
    store: Store,
    executor: Executor,
    progress: Callable[[Report], None] = silent,
    on_outcome: Callable[[RunSpec, Outcome], str | None] = _nothing,
    *,
    force: bool = False,
) -> dict[str, Outcome]:
    """Do the runs that are not in the store yet; the outcomes of all, by key.

    Specifications with one key are run once. ``on_outcome`` is called for every specification,
    also for those that were done before, and says what is known now; ``progress`` is called at
    least twice a second with that note. A run that fails is in the result with its error, and
    its scenario lies in the folder under ``failed/``; the others go on. What an exception in
    the middle leaves is complete for every run that is done.

    Raises ResourceError when one run does not fit the memory (not with ``force``), StudyError
    when the folder cannot be written, and what ``progress`` and ``on_outcome`` raise.
    """
    work = _Work(specs, store, progress, on_outcome)
    todo = work.skip_done()
    if todo and not force:
        work.notice(fit_memory(todo, executor), lasting=True)
    try:
        if todo and not getattr(executor, "remote", False):
            compile_engine(lambda: work.notice("compiling the engine; this is done once"))
        work.start_clock()
        for spec in todo:
            executor.submit(spec)
        while work.waiting:
            for outcome in executor.wait(_HEARTBEAT_S):
                work.take(outcome)
            work.tell()
    except BaseException:
        executor.cancel()
        raise
    return work.results()


class _Work:
    """The books of one call of :func:`execute`."""

    def __init__(
        self,
        specs: Sequence[RunSpec],
        store: Store,
        progress: Callable[[Report], None],
        on_outcome: Callable[[RunSpec, Outcome], str | None],
    ) -> None:
        self.waiting: set[str] = set()
        self._by_key: dict[str, list[RunSpec]] = {}
        for spec in specs:
            self._by_key.setdefault(spec.key, []).append(spec)
        self._store = store
        self._progress = progress
        self._on_outcome = on_outcome
        self._outcomes: dict[str, Outcome] = {}
        self._skipped = 0
        self._began = time.perf_counter()
        self._lasting = ""
        self._notice = ""
        self._note = ""

    def skip_done(self) -> list[RunSpec]:
        """The runs that are left to do, in the order in which they were asked for."""
        todo = []
        for key, specs in self._by_key.items():
            outcome = self._store.get(key, specs[0].seed)
            if outcome is None or outcome.error is not None:
                todo.append(specs[0])
                self.waiting.add(key)
            else:
                self._skipped += 1
                self._book(outcome)
        if damaged := self._store.damaged:
            more = f" and {len(damaged) - 1} more" if len(damaged) > 1 else ""
            self.notice(f"{damaged[0]}{more}: damaged, so played anew", lasting=True)
        self.tell()
        return todo

    def start_clock(self) -> None:
        """The rate counts from here; a compilation before it is over."""
        self._began = time.perf_counter()
        self._notice = self._lasting

    def notice(self, text: str, lasting: bool = False) -> None:
        """Something to read; if it is ``lasting``, all the time."""
        if lasting:
            self._lasting = text
        self._notice = text
        if text:
            self.tell()

    def take(self, outcome: Outcome) -> None:
        """Keep an outcome that has just come."""
        if outcome.key not in self.waiting:
            return  # of an earlier call that was stopped
        spec = self._by_key[outcome.key][0]
        self._store.save(outcome)
        failed = f"failed/{outcome.key}.yaml"
        if outcome.error is None:
            self._store.remove(failed)
        else:
            scenario = spec.scenario.model_copy(update={"seed": spec.seed})
            path = self._store.write_text(failed, dump(scenario))
            self._notice = (
                f"{spec} failed: {outcome.error}; see it with: foryou run {shlex.quote(str(path))}"
            )
        self.waiting.discard(outcome.key)
        self._book(outcome)

    def _book(self, outcome: Outcome) -> None:
        self._outcomes[outcome.key] = outcome
        for spec in self._by_key[outcome.key]:
            self._note = self._on_outcome(spec, outcome) or self._note

    def tell(self) -> None:
        """Report how far it is."""
        done = len(self._outcomes)
        now = done - self._skipped
        passed = time.perf_counter() - self._began
        rate = now / passed if now and passed > 0 else 0.0
        left = len(self.waiting) / rate if rate else None
        if not self.waiting:
            left = 0.0
        failed = sum(outcome.error is not None for outcome in self._outcomes.values())
        note = "\n".join(text for text in (self._notice, self._note) if text)
        total = len(self._by_key)
        self._progress(Report(done, total, self._skipped, failed, rate, left, note))

    def results(self) -> dict[str, Outcome]:
        """Outcomes in the order in which the runs were asked for."""
        return {key: self._outcomes[key] for key in self._by_key}


def fit_memory(specs: Iterable[RunSpec], executor: Executor, free: float | None = None) -> str:
    """Lower ``executor.workers`` so that the largest runs fit side by side; a note if it did.

    ``free`` is the memory that there is, in bytes; as much as this machine has, if not given.
    Executors that run elsewhere look after memory themselves and are left alone. Raises
    ResourceError when not even one run fits.
    """
    import psutil

    from sim.engine.estimate import estimate_run, refuse_what_cannot_fit

    if getattr(executor, "remote", False):
        return ""
    largest, need, looked_at = None, 0.0, set()
    for spec in specs:
        shape = spec.scenario.model_copy(update={"seed": 0})
        if shape in looked_at:
            continue  # worlds of one scenario take as much each
        looked_at.add(shape)
        size = estimate_run(spec.scenario, "fast", plots=False).bytes
        if size > need:
            largest, need = spec.scenario, size
    if largest is None:
        return ""
    free = float(psutil.virtual_memory().available) if free is None else free
    refuse_what_cannot_fit(largest, "fast", 1, free, plots=False)
    fitting = max(int(free // need), 1)
    if fitting >= executor.workers:
        return ""
    before, executor.workers = executor.workers, fitting
    gib = 2.0**30
    return (
        f"{fitting} of {before} workers: a run needs about {need / gib:.1f} GiB of memory "
        f"and {free / gib:.1f} GiB are free"
    )


def make_executor(
    name: Literal["auto", "inline", "processes", "ray"] = "auto",
    workers: int | None = None,
    address: str | None = None,
    *,
    runs: int | None = None,
) -> Executor:
    """An executor by its name; to be closed, best with ``with``.

    ``auto`` takes processes when there is more than one core and more than one run to do.
    ``workers`` is the number of runs at one time, by default as many as there are cores.
    ``address`` is that of a Ray cluster, ``auto`` for one that runs on this machine; without it
    Ray starts one here. ``runs`` is how many runs there will be, if that is known.

    Raises ForyouError for an unknown name, and for Ray when it is not installed or not there.
    """
    if name not in EXECUTORS:
        raise ForyouError(f'unknown executor "{name}"; known are {", ".join(EXECUTORS)}')
    if workers is not None and workers < 1:
        raise ForyouError(f"a study needs at least 1 worker; got {workers}")
    if address is not None and name != "ray":
        raise ForyouError("an address is for the executor ray; choose that one too")
    from sim.study.runs.local import InProcess, LocalProcesses

    if name == "auto":
        alone = (workers or cores()) == 1 or runs in (0, 1)
        name = "inline" if alone else "processes"
    if name == "ray":
        from sim.study.runs.cluster import RayWorkers

        return RayWorkers(workers, address)
    return InProcess() if name == "inline" else LocalProcesses(workers or cores())
