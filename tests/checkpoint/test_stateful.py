"""Whatever is done with a run, in whatever order: it has one hash."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sim.checkpoint.disk import checkpoints
from sim.core.errors import RunFolderError
from sim.scenario import Scenario
from sim.simulate import Plan, Run, resume, simulate
from sim.testing.worlds import tiny_scenario
from tests.checkpoint.conftest import HOUR, Stopped, stop_after

SEED = 5
MOMENTS = st.integers(0, 24).map(lambda n: n * HOUR / 6)
SHARDS = st.sampled_from([1, 2, 5])


@cache
def scenario() -> Scenario:
    """60 people for 4 hours, with links and boredom."""
    return tiny_scenario(
        duration=4 * HOUR,
        population={"users": 60},
        behaviour={"sharing": {"contacts": 4}, "act": {"share": 0.1}, "boredom": {"sound": 0.2}},
        record={"events": True},
    )


@cache
def expected() -> str:
    """The hash, as the reference engine has it."""
    with tempfile.TemporaryDirectory() as folder:
        run = simulate(
            scenario(), seed=SEED, engine="reference", out=Path(folder) / "run", plots=False
        )
    return str(run.manifest["event_log_hash"])


class Runs(RuleBasedStateMachine):
    """One folder, in which a run is begun, stopped, damaged, gone on with and branched from."""

    @initialize(
        every=st.sampled_from([None, 600.0, HOUR, 1.5 * HOUR]), everything=st.booleans(),
        at=MOMENTS, shards=SHARDS,
    )  # fmt: skip
    def begin(self, every: float | None, everything: bool, at: float, shards: int) -> None:
        """Play, and stop it somewhere; perhaps after its end."""
        self.above = Path(tempfile.mkdtemp())
        self.folder, self.branches = self.above / "run", 0
        plan = None if every is None else Plan(every, everything)
        with suppress(Stopped):
            simulate(
                scenario(), seed=SEED, shards=shards, out=self.folder, plots=False,
                checkpoints=plan, progress=stop_after(at),
            )  # fmt: skip

    @property
    def finished(self) -> bool:
        """Whether it is over."""
        try:
            Run.open(self.folder)
        except RunFolderError:
            return False
        return True

    @precondition(lambda self: not self.finished)
    @rule(at=MOMENTS, shards=SHARDS, phase=st.sampled_from(["simulate", "write"]))
    def go_on(self, at: float, shards: int, phase: str) -> None:
        """Go on, and stop it again somewhere, or not."""
        with suppress(Stopped):
            resume(self.folder, shards=shards, plots=False, progress=stop_after(at, phase))

    @precondition(lambda self: not self.finished)
    @rule(number=st.integers(0, 20), at=st.floats(0.0, 1.0))
    def damage(self, number: int, at: float) -> None:
        """Flip a bit of a file of the latest checkpoint."""
        found = next(iter(checkpoints(self.folder)), None)
        if found is None or isinstance(found, RunFolderError):
            return
        files = sorted(found.path.iterdir())
        path = files[number % len(files)]
        data = bytearray(path.read_bytes())
        data[int(at * (len(data) - 1))] ^= 1
        path.write_bytes(data)

    @rule(at=st.integers(1, 23).map(lambda n: n * 10), shards=SHARDS)
    def branch(self, at: int, shards: int) -> None:
        """Branch with nothing changed."""
        if self.branches >= 2:
            return
        self.branches += 1
        run = simulate(
            scenario(), shards=shards, past=f"{self.folder}@{at}min", plots=False,
            out=self.above / f"branch-{self.branches}",
        )  # fmt: skip
        assert run.manifest["event_log_hash"] == expected()

    @invariant()
    def has_one_hash(self) -> None:
        """When it is over."""
        if self.finished:
            assert Run.open(self.folder).manifest["event_log_hash"] == expected()

    def teardown(self) -> None:
        """Whatever happened, it can be brought to its end."""
        if hasattr(self, "folder"):
            assert resume(self.folder, plots=False).manifest["event_log_hash"] == expected()
            shutil.rmtree(self.above)


Runs.TestCase.settings = settings(
    max_examples=6, stateful_step_count=6, deadline=None, derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
TestRuns = Runs.TestCase


@pytest.mark.large
class TestManyRuns(Runs.TestCase):
    """The same for an hour."""

    settings = settings(
        max_examples=300, stateful_step_count=15, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
