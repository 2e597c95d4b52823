"""What a search has found: its trials, the tested candidates, and the best as a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.scenario import Scenario, dump
from sim.study.points.design import Variable
from sim.study.statistics.multiple import say_comparisons
from sim.study.tune.confirm import Candidate
from sim.study.tune.front import compromise, front, points
from sim.study.tune.objective import Start
from sim.study.tune.search import scenario_of
from sim.study.tune.space import Space
from sim.study.tune.trial import Trial

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Tuned"]


@dataclass(frozen=True)
class Tuned:
    """The result of a search."""

    folder: Path
    """The study folder, with ``tune.json``, tables, pictures, ``best.yaml`` and all runs."""
    scenario: Scenario
    """What it started from."""
    space: Space
    start: Start
    trials: tuple[Trial, ...]
    """All trials, by number."""
    candidates: tuple[Candidate, ...]
    """Those that were tested on fresh worlds, the best of the search first."""
    level: float
    """Level of the intervals of all candidates together."""
    importances: Mapping[str, Mapping[str, float]]
    """Number to path to share of the importance; empty with few trials."""

    @cached_property
    def best(self) -> Candidate | None:
        """The candidate that did best on fresh worlds and keeps the constraints there.

        Those that keep them with their whole interval go before the others. With several
        objectives it is the compromise between them. None when none is better than the start.
        """
        for sound in (
            [c for c in self.candidates if c.holds_clearly],
            [c for c in self.candidates if c.holds],
        ):
            gains = [self._gains(c) for c in sound]
            better = [i for i, row in enumerate(gains) if max(row) > 0]
            if better:
                return sound[better[compromise([gains[i] for i in better])]]
        return None

    def _gains(self, candidate: Candidate) -> list[float]:
        """Gain of each objective on fresh worlds."""
        found = []
        for objective in self.start.aim.objectives:
            difference = candidate.number(objective.metric.path).difference
            found.append(-np.inf if difference is None else objective.sign * difference.difference)
        return [float(gain) for gain in found]

    @cached_property
    def front(self) -> tuple[Trial, ...]:
        """The trials that show what can be had; see ``sim.study.tune.front.front``."""
        return tuple(front(self.start, self.trials))

    def scenario_of(self, trial: Trial) -> Scenario:
        """The scenario of a trial, to run."""
        base = self.scenario.model_copy(update={"tune": None})
        changed = scenario_of(base, self.space, trial.params)
        return changed.model_copy(update={"name": f"{base.name[:50]}-trial-{trial.number}"})

    def text_of(self, trial: Trial) -> str:
        """The scenario of a trial as a file that says where it comes from."""
        before, after = self.space.start_texts(), self.space.texts(trial.params)
        lines = [
            f"Trial {trial.number} of a search that began with the scenario {self.scenario.name}, "
            f"seed {self.scenario.seed}.",
            "It changes, from what to what:",
            *(
                f"  {path}: {before[path] or 'other'} -> {after[path]}"
                for path in after
                if before[path] != after[path]
            ),
        ]
        tested = next((c for c in self.candidates if c.trial.number == trial.number), None)
        if tested is not None:
            lines.append("On fresh worlds, before and after:")
            for number in tested.numbers:
                d = number.difference
                if number.role != "other" and d is not None:
                    lines.append(
                        f"  {number.metric.path}: {d.before:.5g} -> {d.after:.5g}, difference "
                        f"{d.difference:+.3g} ({d.interval.low:+.3g} to {d.interval.high:+.3g})"
                    )
        return "".join(f"# {line}\n" for line in lines) + dump(self.scenario_of(trial))

    @property
    def table(self) -> pl.DataFrame:
        """A row a candidate and number: before, after, difference, interval, and the search's."""
        import polars as pl

        rows = [
            {
                "candidate": place,
                "trial": candidate.trial.number,
                "best": candidate is self.best,
                **{k: v for k, v in number.to_dict().items() if k != "label"},
            }
            for place, candidate in enumerate(self.candidates, start=1)
            for number in candidate.numbers
        ]
        words = ("path", "unit", "role")
        whole = ("candidate", "trial", "worlds")
        names = ["candidate", "trial", "best", *_NUMBER_COLUMNS]
        kinds: dict[str, Any] = {
            name: pl.String if name in words else pl.Int64 if name in whole else pl.Float64
            for name in names
        }
        return pl.DataFrame(rows, schema=kinds | {"best": pl.Boolean})

    @property
    def trials_table(self) -> pl.DataFrame:
        """A row a trial: state, worlds, each setting, the estimate and gain of each objective."""
        import polars as pl

        rows = [self._row(trial) for trial in self.trials]
        kinds: dict[str, Any] = {"trial": pl.Int64, "state": pl.String, "worlds": pl.Int64}
        for v in self.space.variables:
            kinds[v.path] = pl.String if _has_words(v) else pl.Int64 if v.whole else pl.Float64
        for objective in self.start.aim.objectives:
            kinds |= {
                objective.metric.path: pl.Float64,
                f"gain {objective.metric.path}": pl.Float64,
            }
        kinds |= {f"margin {limit}": pl.Float64 for limit in self.start.aim.limits}
        kinds |= {"feasible": pl.Boolean, "front": pl.Boolean, "why": pl.String}
        return pl.DataFrame(rows, schema=kinds)

    def _row(self, trial: Trial) -> dict[str, Any]:
        known = trial.worlds > 0 and trial.state != "failed"
        row: dict[str, Any] = {"trial": trial.number, "state": trial.state, "worlds": trial.worlds}
        texts = self.space.texts(trial.params)
        for v in self.space.variables:
            row[v.path] = texts[v.path] if _has_words(v) else trial.params[v.path]
        aim = self.start.aim
        estimates = self.start.estimates(trial.values) if known else [None] * len(aim.objectives)
        gains = points(self.start, [trial])[0].tolist() if known else [None] * len(aim.objectives)
        for objective, estimate, gain in zip(aim.objectives, estimates, gains, strict=True):
            row[objective.metric.path] = estimate
            row[f"gain {objective.metric.path}"] = gain
        margins = self.start.margins(trial.values).mean(axis=1).tolist() if known else []
        for i, limit in enumerate(aim.limits):
            row[f"margin {limit}"] = margins[i] if known else None
        row["feasible"] = self.start.feasible(trial.values) if known else None
        row["front"] = any(trial.number == other.number for other in self.front)
        row["why"] = trial.why
        return row

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: the content of ``tune.json``, from which all pictures can be drawn."""
        aim, tune = self.start.aim, self.scenario.tune
        assert tune is not None
        starts = self.space.start_texts()
        return {
            "study": "tune",
            "scenario": self.scenario.name,
            "seed": int(self.scenario.seed),
            "worlds": tune.worlds,
            "fresh_worlds": tune.confirm.worlds,
            "sampler": tune.sampler,
            "level": self.level,
            "objectives": [
                {
                    "path": o.metric.path,
                    "unit": o.metric.unit,
                    "label": o.metric.label,
                    "goal": "maximise" if o.maximise else "minimise",
                    "start": float(np.mean(self.start.values[o.metric.path])),
                }
                for o in aim.objectives
            ],
            "constraints": [
                {
                    "path": limit.metric.path,
                    "unit": limit.metric.unit,
                    "label": limit.metric.label,
                    "says": str(limit),
                    "bound": limit.bound,
                    "lower": limit.lower,
                    "relative": limit.relative,
                    "start": float(np.mean(self.start.values[limit.metric.path])),
                }
                for limit in aim.limits
            ],
            "vary": [
                {
                    "path": v.path,
                    "label": v.label,
                    "low": v.low if v.is_range else None,
                    "high": v.high if v.is_range else None,
                    "log": v.log,
                    "choice": [level.text for level in v.levels],
                    "start": starts[v.path],
                    "start_value": self.space.start[v.path],
                }
                for v in self.space.variables
            ],
            "trials": [self._told(trial) for trial in self.trials],
            "front": [trial.number for trial in self.front],
            "candidates": [
                {
                    "trial": c.trial.number,
                    "settings": self.space.texts(c.trial.params),
                    "holds": c.holds,
                    "holds_clearly": c.holds_clearly,
                    "numbers": [number.to_dict() for number in c.numbers],
                    "bounds": [bound.to_dict() for bound in c.bounds],
                }
                for c in self.candidates
            ],
            "best": None if self.best is None else self.best.trial.number,
            "comparisons": self.comparisons,
            "importances": {path: dict(shares) for path, shares in self.importances.items()},
        }

    @property
    def comparisons(self) -> str:
        """How many comparisons were made, in words; empty without any."""
        known = [
            number.difference.p
            for candidate in self.candidates
            for number in candidate.numbers
            if number.role == "objective" and number.difference is not None
        ]
        return say_comparisons(known, self.level) if known else ""

    def _told(self, trial: Trial) -> dict[str, Any]:
        known = trial.worlds > 0 and trial.state != "failed"
        aim = self.start.aim
        return {
            "trial": trial.number,
            "state": trial.state,
            "worlds": trial.worlds,
            "why": trial.why,
            "params": dict(trial.params),
            "estimates": self.start.estimates(trial.values) if known else None,
            "gains": points(self.start, [trial])[0] if known else None,
            "margins": self.start.margins(trial.values).mean(axis=1) if known else None,
            "feasible": self.start.feasible(trial.values) if known else None,
            "means": {
                m.path: float(np.mean(trial.values[m.path])) if known else None for m in aim.needed
            },
        }


def _has_words(variable: Variable) -> bool:
    """Whether a table shows its values as text."""
    plain = (int, float)
    return any(
        isinstance(level.value, bool) or not isinstance(level.value, plain)
        for level in variable.levels
    )


_NUMBER_COLUMNS = (
    "path", "unit", "role", "search_before", "search_after", "search_difference", "worlds",
    "before", "after", "difference", "low", "high", "relative", "relative_low", "relative_high",
    "p", "adjusted_p",
)  # fmt: skip
