"""How every study begins: its scenario, its folder, and who does the runs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.checkpoint.branch import refuse_others
from sim.checkpoint.moment import Moment, moment_of
from sim.core.errors import ForyouError, StudyError
from sim.record.folder import free_names
from sim.scenario import Scenario, load_file
from sim.study.runs.execute import Executor, make_executor
from sim.study.runs.outcome import Outcome
from sim.study.runs.plan import RunSpec, world_seed

__all__ = [
    "MAX_WORLDS", "Failure", "Subject", "check_level", "check_worlds", "failures",
    "new_study_folder", "subject", "working",
]  # fmt: skip

MAX_WORLDS = 100_000
"""Most worlds of one study; more is a slip of the pen."""


@dataclass(frozen=True)
class Subject:
    """A scenario that a study is about, with the consent to run the code that it names."""

    scenario: Scenario
    code: Path | None = None
    """Folder of ``module:Class`` of the scenario; None when that code must not run."""
    past: Moment | None = None
    """What all its runs go on from; None when they begin at the beginning."""

    def __post_init__(self) -> None:
        if self.past is not None:
            refuse_others(self.past, self.scenario)

    @property
    def seed(self) -> int:
        """Seed of world 0."""
        return int(self.scenario.seed)

    def run(self, world: int, arm: str = "", base: int | None = None) -> RunSpec:
        """The run of one parallel world; ``base`` stands in for the scenario's seed."""
        seed = world_seed(self.seed if base is None else base, world)
        return RunSpec(self.scenario, seed, arm, world, self.code, past=self.past)

    @property
    def identity(self) -> dict[str, Any]:
        """What tells this subject from others, for the folder of a study."""
        return {"scenario": self.scenario.name, "seed": self.seed, "content": self.run(0).key}


def subject(
    scenario: Scenario | str | os.PathLike[str],
    overrides: Sequence[str] = (),
    *,
    seed: int | None = None,
    allow_code: bool = False,
    base_dir: Path | None = None,
    past: str | None = None,
) -> Subject:
    """What a study is about: a scenario or its file, with ``PATH=VALUE`` changes and a seed.

    ``base_dir`` is where the code of a scenario that is no file is looked for. ``past`` is what
    its runs go on from, as in ``runs/base@36h``; world 0 is then the one of that run. Everything
    that a run would refuse is refused here. Raises ForyouError: ScenarioError for the text,
    ConsentError for code without ``allow_code``, ComponentError for code that does not work.
    """
    from sim.assemble import make_pipeline

    if isinstance(scenario, Scenario):
        if overrides:
            raise ForyouError("overrides are for a file; use with_changes on a scenario")
    else:
        loaded = load_file(scenario, overrides)
        scenario, base_dir = loaded.scenario, loaded.base_dir
    moment = None if past is None else moment_of(past)
    if seed is None and moment is not None:
        seed = moment.scenario.seed
    if seed is not None:
        scenario = scenario.model_copy(update={"seed": int(seed)})
    make_pipeline(scenario, base_dir, allow_code)
    return Subject(scenario, (base_dir or Path.cwd()).resolve() if allow_code else None, moment)


def new_study_folder(out: Path | str | None, kind: str, name: str) -> Path:
    """The folder of a study: ``out``, or a new one under ``studies/``, which is made at once.

    Raises StudyError when it cannot be made.
    """
    if out is not None:
        return Path(out)
    try:
        return next(free_names(Path("studies"), f"{name}-{kind}"))
    except OSError as error:
        raise StudyError(f"studies: a folder cannot be made there: {error}; give --out") from error


@contextmanager
def working(executor: Executor | None, runs: int) -> Iterator[Executor]:
    """The executor that was given, left open; or one for so many runs, closed at the end."""
    if executor is not None:
        yield executor
        return
    with make_executor(runs=runs) as own:
        yield own


@dataclass(frozen=True)
class Failure:
    """A run that failed."""

    arm: str
    world: int
    seed: int
    error: str
    scenario: str
    """File in the study folder with the scenario, to run it alone."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "arm": self.arm,
            "world": self.world,
            "seed": self.seed,
            "error": self.error,
            "scenario": self.scenario,
        }


def failures(specs: Sequence[RunSpec], outcomes: dict[str, Outcome]) -> tuple[Failure, ...]:
    """The runs that failed, in the order of the plan."""
    return tuple(
        Failure(spec.arm, spec.world, spec.seed, error, f"failed/{spec.key}.yaml")
        for spec in specs
        if (error := outcomes[spec.key].error) is not None
    )


def check_worlds(n: int) -> None:
    """ForyouError for a number of worlds that no interval comes from, or nobody waits for."""
    if not 2 <= n <= MAX_WORLDS:
        raise ForyouError(
            f"a study takes 2 to {MAX_WORLDS:,} worlds; got {n}. With fewer than two there is no "
            "interval: use foryou run"
        )


def check_level(level: float) -> None:
    """ForyouError for a level that is no probability."""
    if not 0 < level < 1:
        raise ForyouError(
            f"the level of an interval lies between 0 and 1, such as 0.95; got {level}"
        )
