"""Runs that are asked for one by one, because which come next depends on those before."""

from __future__ import annotations

import shlex

from sim.scenario import dump
from sim.study.runs.execute import Executor
from sim.study.runs.outcome import Outcome
from sim.study.runs.plan import RunSpec
from sim.study.runs.store import Store

__all__ = ["Runner"]


class Runner:
    """Hands runs to an executor, and keeps what comes back in the store."""

    def __init__(self, store: Store, executor: Executor) -> None:
        self._store = store
        self._executor = executor
        self._under_way: dict[str, RunSpec] = {}
        self._ready: list[Outcome] = []
        self.done = 0
        """Runs that came back."""
        self.failed = 0
        """Those of them that failed."""
        self.notice = ""
        """The last failure, in words."""

    @property
    def free(self) -> int:
        """Workers that have nothing to do."""
        return max(self._executor.workers - len(self._under_way), 0)

    @property
    def busy(self) -> bool:
        """Whether something will come back."""
        return bool(self._under_way or self._ready)

    def ask(self, spec: RunSpec) -> None:
        """Ask for a run; one that was done before comes back without being done again."""
        if spec.key in self._under_way:
            return
        known = self._store.get(spec.key, spec.seed)
        if known is not None and known.error is None:
            self._ready.append(known)
            return
        self._under_way[spec.key] = spec
        self._executor.submit(spec)

    def wait(self, timeout: float) -> list[Outcome]:
        """Outcomes that are there, or come within ``timeout`` seconds."""
        found, self._ready = self._ready, []
        if found or not self._under_way:
            return found
        for outcome in self._executor.wait(timeout):
            spec = self._under_way.pop(outcome.key, None)
            if spec is not None:
                self._keep(spec, outcome)
                found.append(outcome)
        return found

    def _keep(self, spec: RunSpec, outcome: Outcome) -> None:
        self._store.save(outcome)
        self.done += 1
        failed = f"failed/{outcome.key}.yaml"
        if outcome.error is None:
            self._store.remove(failed)
            return
        self.failed += 1
        scenario = spec.scenario.model_copy(update={"seed": spec.seed})
        path = self._store.write_text(failed, dump(scenario))
        self.notice = (
            f"{spec} failed: {outcome.error}; see it with: foryou run {shlex.quote(str(path))}"
        )

    def cancel(self) -> None:
        """Forget what is under way."""
        self._under_way.clear()
        self._ready.clear()
        self._executor.cancel()
