"""Which settings matter for which number, from the trials that a search has made anyway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from sim.study.statistics.metrics import Metric
from sim.study.tune.objective import Start
from sim.study.tune.space import Space
from sim.study.tune.suggest import copy_of, quiet
from sim.study.tune.trial import Trial

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

__all__ = ["LEAST", "importances"]

LEAST: Final = 30
"""Trials below which nothing is said: the best tenth would be fewer than three (assumption)."""


def importances(space: Space, start: Start, trials: Sequence[Trial]) -> dict[str, dict[str, float]]:
    """For each objective and constrained number: path to its share of the importance.

    PED-ANOVA (Watanabe, Bansal and Hutter 2023): how much the settings of the best tenth of the
    trials differ from those of all. A sampler that learns visits good places more often, which
    is allowed for; it says which settings make a trial good, not how large their effect is (for
    that there is ``foryou sensitivity``). Empty with fewer than ``LEAST`` trials.
    """
    from optuna.importance import PedAnovaImportanceEvaluator

    told = [trial for trial in trials if trial.worlds and trial.state != "failed"]
    if len(told) < LEAST:
        return {}
    paths = [variable.path for variable in space.variables]
    found: dict[str, dict[str, float]] = {}
    with quiet():
        study = copy_of(space, start, told)
        for metric, sign in _wanted(start):
            losses = _Losses([-sign * _change(start, metric, trial) for trial in told])
            raw = PedAnovaImportanceEvaluator().evaluate(study, paths, target=losses)
            total = sum(raw.values())
            found[metric.path] = {path: raw[path] / total if total > 0 else 0.0 for path in paths}
    return found


class _Losses:
    """A number of each trial, by its place in the copy of the study; small is good."""

    def __init__(self, values: Sequence[float]) -> None:
        self._values = values

    def __call__(self, trial: FrozenTrial) -> float:
        return self._values[trial.number]


def _wanted(start: Start) -> list[tuple[Metric, float]]:
    """The numbers that the search is about, and which way is good."""
    pairs = [(o.metric, o.sign) for o in start.aim.objectives]
    pairs += [(limit.metric, 1.0 if limit.lower else -1.0) for limit in start.aim.limits]
    return list(dict(pairs).items())


def _change(start: Start, metric: Metric, trial: Trial) -> float:
    """Mean change over the start in the worlds of the trial."""
    values = np.asarray(trial.values[metric.path])
    return float((values - np.asarray(start.values[metric.path][: values.size])).mean())
