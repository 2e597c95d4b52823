"""A scenario in, a run folder out; and runs that go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.checkpoint.keeper import Plan
from sim.checkpoint.moment import silent
from sim.core.errors import ForyouError, RunFolderError
from sim.record.files import alone
from sim.record.folder import read_manifest, refuse_used
from sim.record.manifest import facts
from sim.record.verify import check_file, read_checked, unfinished
from sim.running.execution import Execution, How, Progress, compile_engine, ignore
from sim.scenario import Scenario

if TYPE_CHECKING:
    from sim.analysis import Tables
    from sim.assemble import Live

__all__ = [
    "DEFAULT_ENGINE", "Plan", "Progress", "Run", "compile_engine", "resume", "simulate",
    "tables_in_memory",
]  # fmt: skip

DEFAULT_ENGINE = "fast"


@dataclass(frozen=True)
class Run:
    """A finished run in its folder."""

    path: Path
    manifest: dict[str, Any]
    summary: dict[str, Any]

    @classmethod
    def open(cls, path: Path | str) -> Run:
        """The run in a folder.

        Raises RunFolderError when there is none, or an unfinished one, and when its manifest or
        its summary is damaged.
        """
        folder = Path(path)
        manifest = read_manifest(folder)
        if manifest.get("finished") is not True:
            raise RunFolderError(unfinished(folder))
        try:
            summary = json.loads(read_checked(folder, manifest, "summary.json"))
        except (ValueError, RecursionError) as error:
            raise RunFolderError(f"{folder}: summary.json cannot be read: {error}") from error
        return cls(folder, manifest, summary)

    def table(self, name: str) -> Any:
        """One table of the run as a Polars frame: videos, creators, users, timeline, ...

        Raises RunFolderError when there is no such table, and when it is damaged.
        """
        import polars as pl

        path = self.path / f"{name}.parquet"
        if path.name not in self.manifest.get("files", ()) and not path.is_file():
            raise RunFolderError(f"{self.path}: has no table {name}")
        check_file(self.path, self.manifest, path.name)
        return pl.read_parquet(path)


def simulate(  # noqa: PLR0913  each is one decision of the caller, given by its name
    scenario: Scenario,
    *,
    seed: int | None = None,
    engine: str = DEFAULT_ENGINE,
    shards: int | None = None,
    out: Path | str | None = None,
    allow_code: bool = False,
    base_dir: Path | None = None,
    force: bool = False,
    plots: bool = True,
    command: str = "",
    progress: Callable[[Progress], None] | None = None,
    checkpoints: Plan | None = None,
    past: str | None = None,
    notice: Callable[[str], None] = silent,
) -> Run:
    """Run a scenario from end to end and write its folder.

    ``seed`` overrides the scenario's. ``shards`` is the number of threads, by default as many as
    there are cores; it changes no result. ``out`` is the run folder itself, which is this run's
    alone from the moment at which it is made. ``base_dir`` is where ``module:Class`` of the
    scenario is looked for, with ``allow_code`` only. ``checkpoints`` says which are kept. ``past``
    is the moment of another run from which this one goes on, such as ``runs/base@36h``; ``notice``
    is told of checkpoints that are damaged and left out.

    Raises ForyouError for what the user can mend. When it is interrupted, what is in the folder
    stays, and its manifest says that the run did not finish; only pictures may be lacking in one
    that did.
    """
    from sim.assemble import ENGINES
    from sim.engine.estimate import default_shards
    from sim.running.beginnings import FromMoment, FromStart

    if engine not in ENGINES:
        raise ForyouError(f'unknown engine "{engine}"; known are {", ".join(ENGINES)}')
    shards = default_shards(scenario) if shards is None else shards
    if not force:
        _refuse_what_cannot_fit(scenario, engine, shards, plots, checkpoints is not None)
    if engine != "fast" and (checkpoints or past):
        raise ForyouError(
            f"the engine {engine} keeps no checkpoints and goes on from none: its people are in "
            "mid-life at any moment; take the engine fast"
        )
    how = How(
        engine, shards, allow_code, base_dir, plots, command, progress or ignore, checkpoints
    )  # fmt: skip
    refuse_used(out)
    beginning: FromStart | FromMoment
    if past is None:
        seed = scenario.seed if seed is None else seed
        beginning = FromStart(scenario, seed, out)
    else:
        beginning = FromMoment.of(past, scenario, seed, out, notice)
        seed = beginning.seed
    execution = Execution(scenario, seed, how, beginning, out or "runs")
    execution.run()
    return Run.open(execution.folder)


def resume(
    folder: Path | str,
    *,
    until: float | None = None,
    shards: int | None = None,
    allow_code: bool = False,
    plots: bool = True,
    progress: Callable[[Progress], None] | None = None,
    notice: Callable[[str], None] = silent,
) -> Run:
    """Go on with a run that was stopped, from its latest checkpoint or from its start.

    The result is that of a run that was never stopped. A finished run is given back as it is;
    with ``until``, s, it goes on to that time instead. ``notice`` is told of checkpoints that are
    damaged, for which the one before is used.

    Raises RunFolderError when the folder holds no run, and when its code has changed since;
    ForyouError for what else the user can mend.
    """
    folder = Path(folder)
    if until is None and read_manifest(folder).get("finished") is True:
        return Run.open(folder)
    with alone(folder, wait=False):
        manifest = read_manifest(folder)
        execution = _going_on(
            folder, manifest, until, shards, allow_code, plots, progress or ignore, notice
        )
        execution.run()
    return Run.open(folder)


def _going_on(
    folder: Path, manifest: dict[str, Any], until: float | None, shards: int | None,
    allow_code: bool, plots: bool, progress: Callable[[Progress], None],
    notice: Callable[[str], None],
) -> Execution:  # fmt: skip
    """The rest of a run, played as its beginning was."""
    from sim.engine.estimate import default_shards
    from sim.running.beginnings import FromFolder

    beginning = FromFolder.of(folder, manifest, until, notice, allow_code=allow_code)
    scenario = beginning.scenario
    said = manifest.get("checkpoints")
    how = How(
        manifest["engine"], default_shards(scenario) if shards is None else shards, allow_code,
        beginning.base_dir, plots, str(manifest.get("command", "")), progress,
        None if said is None else Plan(float(said["every_s"]), bool(said["all"])),
    )  # fmt: skip
    return Execution(scenario, beginning.seed, how, beginning, folder)


def _refuse_what_cannot_fit(
    scenario: Scenario, engine: str, shards: int, plots: bool, checkpoints: bool
) -> None:
    import psutil

    from sim.engine.estimate import refuse_what_cannot_fit

    free = psutil.virtual_memory().available
    refuse_what_cannot_fit(scenario, engine, shards, free, plots=plots, checkpoints=checkpoints)


def tables_in_memory(live: Live) -> Tables:
    """The tables of a world that was played to its end: those that its run folder would have.

    An event log is not among them.
    """
    import polars as pl

    from sim.analysis import make_tables
    from sim.record.tables import to_table

    frames = {name: pl.DataFrame(to_table(name, c)) for name, c in live.columns().items()}
    known = facts(live.scenario)
    return make_tables(frames, {**known, "scenario": live.scenario.name, "seed": live.seed})
