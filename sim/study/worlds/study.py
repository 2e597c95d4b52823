"""Parallel worlds: one scenario under many seeds, and what that says about its numbers."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Unpack

from sim.core.errors import StudyError
from sim.scenario import Scenario, dump
from sim.scenario.viral import viral_of
from sim.study.runs.execute import Executor, Report, execute, silent
from sim.study.runs.options import Options, split
from sim.study.runs.outcome import Outcome
from sim.study.runs.plan import RunSpec
from sim.study.runs.start import (
    Failure,
    failures,
    new_study_folder,
    subject,
    working,
)
from sim.study.runs.store import Store
from sim.study.statistics.metrics import Metric
from sim.study.statistics.over_worlds import OverWorlds, Precision, over_worlds, said
from sim.study.worlds.luck import ProbeLuck, probe_columns, probe_luck
from sim.study.worlds.plan import WorldsPlan, plan_worlds

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Worlds", "WorldsPlan", "plan_worlds", "run_worlds", "worlds"]

NAME: Final = "worlds"


@dataclass(frozen=True)
class Worlds:
    """What many worlds of one scenario say."""

    folder: Path
    """The study folder, with ``worlds.json``, ``worlds.parquet``, pictures and all runs."""
    scenario: Scenario
    seeds: tuple[int, ...]
    """[W] seed of each world; world 0 has that of the scenario."""
    level: float
    """Share of intervals that contain the true number."""
    precision: Precision
    """The precision that ``numbers[i].needed`` is about."""
    numbers: tuple[OverWorlds, ...]
    probes: tuple[ProbeLuck, ...]
    """Quality and luck, one for each probe of the scenario."""
    failed: tuple[Failure, ...]

    @property
    def table(self) -> pl.DataFrame:
        """A row a world: world, seed, and a column for each number, named by its path."""
        import polars as pl

        columns = {n.metric.path: pl.Series(n.values, dtype=pl.Float64) for n in self.numbers}
        return pl.DataFrame(
            {
                "world": pl.Series(range(len(self.seeds)), dtype=pl.Int32),
                "seed": pl.Series(self.seeds, dtype=pl.Int64),
                **columns,
            }
        )

    @property
    def summary(self) -> pl.DataFrame:
        """A row a number: its mean over worlds, the interval, the spread, the worlds needed."""
        import polars as pl

        rows = [n.to_dict() for n in self.numbers]
        names = ("path", "unit", "worlds", "mean", "low", "high", "method", "sd", "needed")
        return pl.DataFrame([{name: row[name] for name in names} for row in rows])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: the content of ``worlds.json``."""
        return {
            "study": NAME,
            "scenario": self.scenario.name,
            "question": self.scenario.question,
            "users": self.scenario.population.users,
            "viral": viral_of(self.scenario).to_dict(),
            "seed": int(self.scenario.seed),
            "worlds": len(self.seeds),
            "seeds": list(self.seeds),
            "level": self.level,
            "precision": {"amount": self.precision.amount, "relative": self.precision.relative},
            "numbers": [number.to_dict() for number in self.numbers],
            "probes": [probe.to_dict() for probe in self.probes],
            "failed": [failure.to_dict() for failure in self.failed],
        }


def worlds(
    scenario: Scenario | str | os.PathLike[str],
    n: int = 50,
    *,
    metric: Sequence[str] | None = None,
    level: float = 0.95,
    precision: str | float | Precision = "5 %",
    **options: Unpack[Options],
) -> Worlds:
    """Play a scenario in ``n`` parallel worlds, which differ in the seed alone.

    World 0 has the seed of the scenario, or ``seed``. Runs that lie in the study folder ``out``
    are not done again, so more worlds later cost only those that are new. ``metric`` are paths
    into ``summary.json``, by default those of the probes and a few of the platform. ``precision``
    is for the number of worlds needed: ``"5 %"`` of the mean, or ``0.01`` in the unit of the
    number. The ``options`` are those of every study, see ``sim.study.runs.options``.

    A run that fails is in ``failed``; the others count. Raises ForyouError for everything that
    the user can mend: StudyError for the folder and when fewer than two worlds are left.
    """
    opening, playing = split(options)
    about = subject(scenario, **opening)
    plan = plan_worlds(about, n, metric=metric, level=level, precision=precision)
    return run_worlds(plan, **playing)


def run_worlds(
    plan: WorldsPlan,
    *,
    out: Path | str | None = None,
    executor: Executor | None = None,
    force: bool = False,
    plots: bool = True,
    progress: Callable[[Report], None] | None = None,
) -> Worlds:
    """Do the runs of a plan that are not done yet, and write the result into the study folder.

    Raises StudyError for the folder and when fewer than two worlds are left.
    """
    about, specs = plan.subject, plan.specs
    folder = new_study_folder(out, NAME, about.scenario.name)
    store = Store.open(folder, {"study": NAME, **about.identity})
    store.write_text("scenario.yaml", dump(about.scenario))
    so_far = _SoFar(plan.metrics[0], plan.level)
    with working(executor, len(specs)) as workers:
        outcomes = execute(
            specs, store, workers, progress or silent, so_far.note, force=force
        )  # fmt: skip
    result = _result(plan, specs, outcomes, folder)
    with store.results():
        store.write_json(NAME, result.to_dict())
        store.write_table(NAME, result.table)
        if plots:
            _draw(result, [outcomes[spec.key] for spec in specs])
    return result


class _SoFar:
    """The first number over the worlds that are done, for the progress."""

    def __init__(self, metric: Metric, level: float) -> None:
        self._metric = metric
        self._level = level
        self._summaries: dict[int, Any] = {}

    def note(self, spec: RunSpec, outcome: Outcome) -> str:
        self._summaries[spec.world] = outcome.summary
        return said(over_worlds(self._metric, list(self._summaries.values()), self._level))


def _result(
    plan: WorldsPlan, specs: Sequence[RunSpec], outcomes: dict[str, Outcome], folder: Path
) -> Worlds:
    failed = failures(specs, outcomes)
    if len(specs) - len(failed) < 2:
        raise StudyError(
            f"{folder}: {len(failed)} of {len(specs)} runs failed; the first: {failed[0].error} "
            f"(its scenario: {folder / failed[0].scenario})"
        )
    about, level = plan.subject, plan.level
    ordered = [outcomes[spec.key] for spec in specs]
    summaries = [outcome.summary for outcome in ordered]
    return Worlds(
        folder=folder,
        scenario=about.scenario,
        seeds=tuple(spec.seed for spec in specs),
        level=level,
        precision=plan.precision,
        numbers=tuple(over_worlds(m, summaries, level, plan.precision) for m in plan.metrics),
        probes=tuple(
            probe_luck(probe.name, ordered, about.seed, level) for probe in about.scenario.probes
        ),
        failed=failed,
    )


def _draw(result: Worlds, outcomes: Sequence[Outcome]) -> None:
    """The numbers of all worlds, and the videos of each probe."""
    from sim.plots.files import draw_file
    from sim.plots.study.worlds import draw_strips, draw_videos, strips_data, videos_data

    content, folder = result.to_dict(), result.folder / "plots"
    draw_file(folder / "worlds.png", draw_strips, strips_data(content))
    for probe in content["probes"]:
        columns = probe_columns(probe["probe"], outcomes)
        data = videos_data(content, probe, columns)
        draw_file(folder / f"videos_{probe['probe']}.png", draw_videos, data)
