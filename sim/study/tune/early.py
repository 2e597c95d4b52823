"""When a trial is stopped before its last world.

A trial is compared with the start, and with trials of earlier batches, over the same worlds. It
is stopped after a world when

- a constraint is clearly broken: its mean margin lies more than two standard errors below 0. The
  error comes from the spread of margins between the worlds of one trial, pooled over the trials
  before, so that it is known after a trial's first world; or
- its mean gain over the start is below the median that the trials before had after as many
  worlds, in every objective if there are several (the median rule of Golovin et al. 2017, here on
  paired differences). Trials that break a constraint are not in that median: many of them buy
  gains with it.

Whether a trial is stopped depends on batches before its own and on itself, so not on the order
in which runs finish.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from sim.study.tune.objective import Start, Values
from sim.study.tune.trial import Trial, worlds_of

__all__ = ["CLEARLY", "EarlyStop", "pooled_errors"]

CLEARLY: Final = 2.0
"""Standard errors from which a constraint is clearly broken (assumption)."""
_FREEDOM: Final = 8
"""Least degrees of freedom of a pooled spread that is trusted (assumption)."""


class EarlyStop:
    """The rule, with what the batches before have shown."""

    def __init__(self, start: Start, told: Sequence[Trial], startup: int) -> None:
        self._start = start
        seen = [trial for trial in told if trial.worlds]
        self._ready = len(seen) >= startup
        self._errors = pooled_errors(start, seen)
        rivals = [trial for trial in seen if start.feasible(trial.values)]
        self._gains = [start.gains(trial.values) for trial in rivals]
        self._least = max(startup // 2, 2)

    def why(self, values: Values) -> str:
        """Why a trial with these first worlds is stopped now; empty to go on."""
        worlds = worlds_of({name: tuple(row) for name, row in values.items()})
        if not self._ready:
            return ""
        if self._errors is not None:
            margins = self._start.margins(values).mean(axis=1)
            for limit, margin, error in zip(
                self._start.aim.limits, margins, self._errors, strict=True
            ):
                if margin < -CLEARLY * error / worlds**0.5:
                    return f"clearly not {limit}"
        known = [
            gains[:, :worlds].mean(axis=1) for gains in self._gains if gains.shape[1] >= worlds
        ]
        if len(known) < self._least:
            return ""
        behind = self._start.gains(values).mean(axis=1) < np.median(known, axis=0)
        if not behind.all():
            return ""
        names = " and ".join(o.metric.path for o in self._start.aim.objectives)
        return f"below the median in {names}"


def pooled_errors(start: Start, trials: Sequence[Trial]) -> list[float] | None:
    """Spread of each constraint's margin between worlds of one trial, pooled: sd.

    None while too little is known.
    """
    squares = np.zeros(len(start.aim.limits))
    freedom = 0
    for trial in trials:
        if trial.worlds < 2:
            continue
        margins = start.margins(trial.values)
        squares += margins.var(axis=1, ddof=1) * (trial.worlds - 1)
        freedom += trial.worlds - 1
    if freedom < _FREEDOM:
        return None
    return [float(x) for x in np.sqrt(squares / freedom)]
