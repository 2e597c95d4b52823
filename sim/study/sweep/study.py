"""``sweep``: what numbers of a run do when settings of the scenario take other values.

Every point of the design is played in the same worlds as the scenario as it is, so that points
are compared on common random numbers: differences are those of pairs of worlds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

from sim.scenario import Scenario, dump
from sim.study.points.play import nothing, play_points
from sim.study.runs.execute import Executor, Report, silent
from sim.study.runs.options import Options, split
from sim.study.runs.outcome import Outcome
from sim.study.runs.plan import RunSpec
from sim.study.runs.start import new_study_folder, subject
from sim.study.runs.store import Store
from sim.study.sweep.plan import SweepPlan, plan_sweep
from sim.study.sweep.result import Cell, Sweep, gather

__all__ = [
    "Cell",
    "Sweep",
    "SweepPlan",
    "plan_sweep",
    "run_sweep",
    "sweep",
]


def run_sweep(
    plan: SweepPlan,
    *,
    out: Path | str | None = None,
    executor: Executor | None = None,
    plots: bool = True,
    force: bool = False,
    progress: Callable[[Report], None] | None = None,
    heard: Callable[[RunSpec, Outcome], None] = nothing,
) -> Sweep:
    """Do the runs of a plan that are not done yet, and write the result into the study folder.

    ``heard`` is called for every outcome, those of before too. Raises StudyError when the folder
    is of another study or cannot be written, and when no run worked; runs that are done stay.
    """
    store = Store.open(
        new_study_folder(out, "sweep", plan.subject.scenario.name),
        {
            "study": "sweep",
            **plan.subject.identity,
            "varies": [variable.path for variable in plan.variables],
        },
    )
    store.write_text("scenario.yaml", dump(plan.subject.scenario))
    outcomes, failed = play_points(
        store,
        plan.specs,
        plan.metrics[0],
        executor,
        plan.runs,
        progress or silent,
        heard,
        force=force,
    )
    result = gather(plan, store.folder, outcomes, failed)
    with store.results():
        store.write_json("sweep", result.to_dict())
        store.write_table("sweep", result.table)
        if plots:
            from sim.plots.study.sweep import draw_sweep

            draw_sweep(result.to_dict(), store.folder / "plots")
    return result


def sweep(
    scenario: Scenario | str | os.PathLike[str],
    vary: Sequence[str] | Mapping[str, Any],
    n: int = 4,
    *,
    samples: int | None = None,
    metric: Sequence[str] | None = None,
    level: float = 0.95,
    **options: Unpack[Options],
) -> Sweep:
    """Play ``n`` worlds at every point of a grid, or of a Latin hypercube of ``samples`` points.

    ``vary`` says which settings take which values: texts such as ``"feed.weights.share=0.5,1,2"``
    (see ``sim.study.points.vary``), or a mapping of paths to lists of values or to such texts.
    ``metric`` are paths into ``summary.json``, by default the usual ones. The ``options`` are
    those of every study, see ``sim.study.runs.options``.

    Raises ForyouError before anything runs for what is wrong, StudyError for the folder.
    """
    opening, playing = split(options)
    about = subject(scenario, **opening)
    plan = plan_sweep(about, vary, n, samples=samples, metric=metric, level=level)
    return run_sweep(plan, **playing)
