"""``sensitivity``: which setting matters for which number of a run, and how much is luck.

Morris moves one setting at a time across half of its range and more, from many places: mu* is
how much a setting changes a number, sigma how much that depends on the other settings. Sobol
splits the variance of a number over the whole space: the first-order index is what a setting
does alone, the total index what it does together with others.
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
from sim.study.sensitivity.plan import SensitivityPlan, plan_sensitivity
from sim.study.sensitivity.result import Importance, Sensitivity, gather

__all__ = [
    "Importance",
    "Sensitivity",
    "SensitivityPlan",
    "plan_sensitivity",
    "run_sensitivity",
    "sensitivity",
]


def run_sensitivity(
    plan: SensitivityPlan,
    *,
    out: Path | str | None = None,
    executor: Executor | None = None,
    plots: bool = True,
    force: bool = False,
    progress: Callable[[Report], None] | None = None,
    heard: Callable[[RunSpec, Outcome], None] = nothing,
) -> Sensitivity:
    """Do the runs of a plan that are not done yet, and write the result into the study folder.

    ``heard`` is called for every outcome, those of before too. Raises StudyError when the folder
    is of another study or cannot be written, and when no run worked; runs that are done stay.
    """
    store = Store.open(
        new_study_folder(out, "sensitivity", plan.subject.scenario.name),
        {
            "study": "sensitivity",
            **plan.subject.identity,
            "method": plan.method,
            "varies": {
                variable.path: (
                    [variable.low, variable.high, variable.unit, variable.log]
                    if variable.is_range
                    else [level.text for level in variable.levels]
                )
                for variable in plan.variables
            },
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
        store.write_json("sensitivity", result.to_dict())
        store.write_table("sensitivity", result.table)
        if plots:
            from sim.plots.study.sensitivity import draw_sensitivity

            draw_sensitivity(result.to_dict(), store.folder / "plots")
    return result


def sensitivity(
    scenario: Scenario | str | os.PathLike[str],
    vary: Sequence[str] | Mapping[str, Any] | None = None,
    n: int = 2,
    *,
    method: str = "morris",
    samples: int | None = None,
    metric: Sequence[str] | None = None,
    level: float = 0.95,
    **options: Unpack[Options],
) -> Sensitivity:
    """Which setting matters for which number, by Morris or Sobol, over ``n`` worlds a sample.

    ``vary`` gives ranges as in ``sweep``; without it every weight of the ranker that is not zero
    varies from half to double. ``samples`` are trajectories of Morris (10) or base samples of Sobol
    (64). With K settings a study has samples · (K + 2) points for Morris, samples · (K + 3)
    for Sobol, each of ``n`` runs. The ``options`` are those of every study, see
    ``sim.study.runs.options``.

    Raises ForyouError before anything runs for what is wrong, StudyError for the folder.
    """
    opening, playing = split(options)
    about = subject(scenario, **opening)
    plan = plan_sensitivity(
        about, vary, n, method=method, samples=samples, metric=metric, level=level
    )
    return run_sensitivity(plan, **playing)
