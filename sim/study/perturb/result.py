"""Effects of perturbed weights, and how far they are from those in separate worlds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr

from sim.study.perturb.per_user import UserOutcome
from sim.study.perturb.plan import PerturbPlan
from sim.study.perturb.regression import SignFit
from sim.study.runs.start import Failure
from sim.study.statistics.intervals import Interval, student

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Check", "Effect", "Perturb", "check_of", "effect_of", "scatter"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Effect:
    """What a weight did to an outcome of users, within the worlds."""

    weight: str
    outcome: UserOutcome
    mean: float
    """Mean outcome, per user and day."""
    effect: Interval | None
    """Outcome with the weight up minus outcome with it down, as a share of ``mean``; None when
    nobody had the outcome at all."""
    p: float | None
    """Probability of an effect at least as large if there were none, both sides; None also when
    the outcome of no user changed at all, which leaves nothing to test."""
    adjusted_p: float | None
    """p by Holm over all weights and outcomes."""
    saved: float | None
    """How many times smaller the worlds without perturbation made the variance of the effect."""
    by_world: tuple[float | None, ...]
    """[W] the effect in each world alone; None where a run failed or nobody had the outcome."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "weight": self.weight,
            "outcome": self.outcome.name,
            "unit": self.outcome.unit,
            "label": self.outcome.label,
            "mean": self.mean,
            **_plain("effect", self.effect),
            "p": self.p,
            "adjusted_p": self.adjusted_p,
            "variance_saved": self.saved,
            "by_world": list(self.by_world),
        }


@dataclass(frozen=True)
class Check:
    """An effect within worlds beside that between separate worlds."""

    weight: str
    outcome: UserOutcome
    one_world: Interval | None
    """Over the worlds that have all runs; with the interval of users."""
    separate: Interval | None
    """All users with the weight up, against all with it down, as a share of the middle of both;
    the interval is that of pairs of worlds."""
    bias: Interval | None
    """``one_world - separate``; the interval is that of worlds."""
    p: float | None
    """Probability of a bias at least as large if there were none, both sides."""
    adjusted_p: float | None
    """p by Holm over all checks."""
    worlds: int
    """Worlds that have all runs."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "weight": self.weight,
            "outcome": self.outcome.name,
            "unit": self.outcome.unit,
            "label": self.outcome.label,
            "worlds": self.worlds,
            **_plain("one_world", self.one_world),
            **_plain("separate", self.separate),
            **_plain("bias", self.bias),
            "p": self.p,
            "adjusted_p": self.adjusted_p,
        }


def _plain(name: str, of: Interval | None) -> dict[str, float | None]:
    return {
        name: None if of is None else of.value,
        f"{name}_low": None if of is None else of.low,
        f"{name}_high": None if of is None else of.high,
    }


@dataclass(frozen=True)
class Perturb:
    """What a study of perturbed weights found."""

    folder: Path
    """The study folder, with ``perturb.json``, ``perturb.parquet``, pictures and all runs."""
    plan: PerturbPlan
    seeds: tuple[int, ...]
    """[W] seed of each world."""
    effects: tuple[Effect, ...]
    """Every weight for every outcome, by outcome."""
    checks: tuple[Check, ...]
    """Every checked weight for every outcome, by weight."""
    scatter: float | None
    """Variance of effects between worlds over what the errors of users explain; about 1 when users
    and worlds agree on how sure the effects are. None with fewer than two worlds."""
    failed: tuple[Failure, ...]

    @property
    def table(self) -> pl.DataFrame:
        """A row an effect: weight, outcome, mean, effect with its interval, p."""
        return _frame(self.effects, ("by_world", "label"))

    @property
    def bias(self) -> pl.DataFrame:
        """A row a check: the effect in one world, in separate worlds, and the difference."""
        return _frame(self.checks, ("label",))

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: the content of ``perturb.json``."""
        plan = self.plan
        return {
            "study": "perturb",
            "scenario": plan.scenario.name,
            "users": int(plan.scenario.population.users),
            "duration_s": float(plan.scenario.duration),
            "seed": plan.subject.seed,
            "worlds": len(self.seeds),
            "seeds": list(self.seeds),
            "size": plan.size,
            "weights": {name: float(plan.scenario.feed.weights[name]) for name in plan.weights},
            "arms": len(plan.signs),
            "control": plan.control,
            "checked": list(plan.checks),
            "outcomes": [outcome.name for outcome in plan.outcomes],
            "level": plan.level,
            "scatter": self.scatter,
            "effects": [effect.to_dict() for effect in self.effects],
            "checks": [check.to_dict() for check in self.checks],
            "failed": [failure.to_dict() for failure in self.failed],
        }


_WORDS = ("weight", "outcome", "unit")


def _frame(items: tuple[Effect, ...] | tuple[Check, ...], dropped: tuple[str, ...]) -> pl.DataFrame:
    import polars as pl

    rows = [{k: v for k, v in one.to_dict().items() if k not in dropped} for one in items]
    if not rows:
        return pl.DataFrame()
    schema = {
        name: pl.String if name in _WORDS else pl.Int64 if name == "worlds" else pl.Float64
        for name in rows[0]
    }
    return pl.DataFrame(rows, schema=schema)


def effect_of(
    outcome: UserOutcome,
    weight: str,
    place: int,
    fits: Mapping[int, SignFit],
    plain: Mapping[int, SignFit],
    worlds: int,
    level: float,
) -> Effect:
    """The effect of the weight at ``place`` over the worlds of ``fits``; p not adjusted yet.

    Each world has a regression of its own, so that nothing but the effect is taken to be alike in
    all of them. The effect is the mean of theirs over the mean outcome:

        Σ b_w / Σ m_w      error² = (Σ se(b_w)² + effect² Σ se(m_w)²) / (Σ m_w)²

    The error is that of chance among users in just these worlds. ``plain`` has the fits without
    covariate, or nothing.
    """
    found = list(fits.values())
    steps, errors = (np.array([getattr(f, n)[place] for f in found]) for n in ("effect", "error"))
    means = np.array([f.mean for f in found])
    by_world = tuple(
        float(fits[w].effect[place] / fits[w].mean) if w in fits and fits[w].mean > 0 else None
        for w in range(worlds)
    )
    mean = float(means.mean())
    if mean <= 0:
        return Effect(weight, outcome, mean, None, None, None, None, by_world)
    total, error = float(means.sum()), sqrt(float((errors**2).sum()))
    effect = float(steps.sum()) / total
    mean_error = sqrt(sum(f.mean_error**2 for f in found))
    freedom = sum(f.freedom for f in found)
    half = student(level, freedom) * sqrt(error**2 + (effect * mean_error) ** 2) / total
    p = min(1.0, 2 * float(stdtr(freedom, -abs(float(steps.sum())) / error))) if error > 0 else None
    without = sum(float(f.error[place]) ** 2 for f in plain.values())
    return Effect(
        weight=weight,
        outcome=outcome,
        mean=mean,
        effect=Interval(effect, effect - half, effect + half, level),
        p=p,
        adjusted_p=None,
        saved=without / error**2 if plain and error > 0 else None,
        by_world=by_world,
    )


def check_of(
    effect: Effect,
    place: int,
    fits: Mapping[int, SignFit],
    up: Mapping[int, float],
    down: Mapping[int, float],
    level: float,
) -> Check:
    """An effect beside that between separate worlds; p not adjusted yet.

    ``up`` and ``down`` are the mean outcomes of worlds in which all users have the weight up, or
    down. Worlds that lack one of the runs are left out. Both effects are ratios of sums over the
    same worlds. The intervals of the separate one and of the bias are Student's, over what each
    world adds to them:

        bias:  (b_w - effect m_w) / mean m  -  (d_w - separate c_w) / mean c
        d = up - down      c = (up + down) / 2

    Source: Cochran 1977, Sampling Techniques, chapter 6 (the variance of ratio estimators).
    """
    worlds = [w for w in fits if w in up and w in down]
    nothing = Check(effect.weight, effect.outcome, None, None, None, None, None, len(worlds))
    if len(worlds) < 2:
        return nothing
    whole = effect_of(
        effect.outcome, effect.weight, place, {w: fits[w] for w in worlds}, {}, 0, level
    ).effect
    a, b = (np.array([means[w] for w in worlds]) for means in (up, down))
    middle, step = (a + b) / 2, a - b
    if whole is None or middle.mean() <= 0:
        return nothing
    within = np.array([fits[w].effect[place] for w in worlds])
    means = np.array([fits[w].mean for w in worlds])
    two = float(step.mean() / middle.mean())
    of_one = (within - whole.value * means) / means.mean()
    of_two = (step - two * middle) / middle.mean()
    separate, _ = _around(two, of_two, level)
    bias, p = _around(whole.value - two, of_one - of_two, level)
    return Check(effect.weight, effect.outcome, whole, separate, bias, p, None, len(worlds))


def _around(value: float, added: Floats, level: float) -> tuple[Interval, float | None]:
    """Student's interval around ``value``, to which worlds [W] ``added`` these; and its p.

    There is no p where nothing varies.
    """
    error, freedom = float(added.std(ddof=1)) / sqrt(added.size), added.size - 1
    half = student(level, freedom) * error
    p = min(1.0, 2 * float(stdtr(freedom, -abs(value) / error))) if error > 0 else None
    return Interval(value, value - half, value + half, level), p


def scatter(fits: Sequence[Mapping[int, SignFit]]) -> float | None:
    """How much effects vary between worlds, over what the errors of users explain.

    ``fits`` has the regressions of each outcome by world.
    Cochran's Q over its degrees of freedom, over all weights and outcomes that anything moved.
    Users of one world share its content; were they not as good as independent, it would be above 1.

    Source: Cochran 1954, Biometrics 10:101.
    """
    q, freedom = 0.0, 0
    for of in fits:
        effect = np.array([f.effect for f in of.values()])
        error = np.array([f.error for f in of.values()])
        for b, se in zip(effect.T, error.T, strict=True):
            b, se = b[se > 0], se[se > 0]
            if b.size >= 2:
                weight = se**-2.0
                q += float((weight * (b - np.average(b, weights=weight)) ** 2).sum())
                freedom += b.size - 1
    return q / freedom if freedom else None
