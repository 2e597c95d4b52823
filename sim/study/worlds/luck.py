"""Quality and luck of the videos of a probe: what a video brings, and what the world does to it.

The reach of a video is compared on the scale log10(1 + reach), on which ten times is always the
same step. How much of its variance lies between videos is known in two ways:

    same videos     number n of the probe is the same video in every world. Then what a video has in
                    all worlds is its quality, in a wide sense, and the rest is luck: the
                    design of the Music Lab experiments, in which each world heard the same songs.
    other videos    each world draws videos of its own. Then the part that hidden traits explain
                    (quality, hook, length) is taken for quality. What a video has beyond
                    those traits, such as a popular topic, counts as luck: a lower bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sim.study.runs.outcome import Outcome
from sim.study.statistics.bootstrap import bootstrap_interval
from sim.study.statistics.intervals import Interval
from sim.study.statistics.unpredictability import gini_of_worlds, unpredictability
from sim.study.statistics.variance import variance_components

__all__ = ["ProbeLuck", "probe_columns", "probe_luck", "same_videos"]

Floats = npt.NDArray[np.float64]

_TRAITS: Final = ("quality", "hook", "duration_s", "topic")
"""Columns that tell one video from another."""
_LEAST: Final = 20
"""Fewest videos, all worlds together, that traits are fitted to. Assumption."""


@dataclass(frozen=True)
class ProbeLuck:
    """Where the differences of reach between the videos of a probe come from."""

    probe: str
    videos: int
    """Videos a world."""
    worlds: int
    """Worlds without a failed run."""
    same_videos: bool
    """Whether number n is the same video in every world."""
    quality: Interval | None
    """Share of the variance of log10(1 + reach) between videos, 0..1; None: see ``reason``."""
    luck: Interval | None
    """1 - quality."""
    world: float | None
    """The part of luck that all videos of a world have in common, as a share of the variance."""
    unpredictability: Interval | None
    """Mean difference of a video's share of the probe's views between two worlds, 0..1. Only for
    the same videos."""
    gini: Interval | None
    """Gini coefficient of views over the videos of a world: the mean over worlds."""
    reason: str
    """Why there is no number; empty when there is."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def probe_luck(
    probe: str, outcomes: Sequence[Outcome | None], seed: int, level: float = 0.95
) -> ProbeLuck:
    """Quality and luck of a probe over the outcomes [W] of worlds; None stands for a failed run.

    ``seed`` is that of the study, for the bootstrap over worlds.
    """
    columns = probe_columns(probe, outcomes)
    worlds, videos = columns["reach"].shape if columns else (0, 0)
    same = same_videos(columns)
    blank = ProbeLuck(probe, videos, worlds, same, None, None, None, None, None, "")
    if worlds < 2 or videos < 2:
        return _because(blank, f"{worlds} worlds with {videos} videos are too few")
    y = np.log10(1.0 + columns["reach"])
    if np.ptp(y) == 0:
        return _because(blank, "all videos reached equally many users")
    blank = _shares(blank, columns["views"], level)
    try:
        return _split(blank, y, columns, seed, level)
    except ValueError as error:
        return _because(blank, str(error))


def same_videos(columns: Mapping[str, Floats]) -> bool:
    """Whether each number has the same traits in all worlds; columns are [W, V]."""
    return bool(columns) and all((columns[name] == columns[name][:1]).all() for name in _TRAITS)


def _because(blank: ProbeLuck, reason: str) -> ProbeLuck:
    return replace(blank, reason=reason)


def probe_columns(probe: str, outcomes: Sequence[Outcome | None]) -> dict[str, Floats]:
    """The columns [W, V] of the videos of a probe that every world has, by name.

    Worlds whose run failed are left out. Empty when there is no world or no such probe.
    """
    kept = [o.probes for o in outcomes if o is not None and o.probes is not None]
    tables = [probes[probe] for probes in kept if probe in probes]
    if not tables:
        return {}
    # a post in the last minute may be missing in some worlds
    numbers = set(tables[0]["number"]).intersection(*(table["number"] for table in tables[1:]))
    places = [[i for i, n in enumerate(table["number"]) if n in numbers] for table in tables]
    return {
        name: np.array(
            [[t[name][i] for i in at] for t, at in zip(tables, places, strict=True)], float
        )
        for name in tables[0]
    }


def _split(
    blank: ProbeLuck, y: Floats, columns: Mapping[str, Floats], seed: int, level: float
) -> ProbeLuck:
    """The same with quality and luck. Raises ValueError when these worlds do not tell."""
    if blank.same_videos:
        parts = variance_components(y, level)
        total = parts.between_videos + parts.between_worlds + parts.rest
        quality, world = parts.quality, parts.between_worlds / total
    else:
        quality, world = _explained(y, columns, seed, level)
    luck = Interval(1 - quality.value, 1 - quality.high, 1 - quality.low, level)
    return replace(blank, quality=quality, luck=luck, world=world)


def _shares(blank: ProbeLuck, views: Floats, level: float) -> ProbeLuck:
    """The same with unpredictability and inequality of the videos' shares of views [W, V]."""
    if (views.sum(axis=1) == 0).any():
        return blank  # in some world nobody saw any of them, so there are no shares to compare
    _, inequality = gini_of_worlds(views, level)
    if blank.same_videos and blank.worlds >= 3:
        blank = replace(blank, unpredictability=unpredictability(views, level).overall)
    return replace(blank, gini=inequality)


def _explained(
    y: Floats, columns: Mapping[str, Floats], seed: int, level: float
) -> tuple[Interval, float]:
    """Share of the variance of y [W, V] that traits explain, and that of worlds as a whole.

    Least squares over all videos of all worlds: y on quality, hook, log duration, their squares
    and quality times hook. The share is the adjusted R², so that it is 0 on average when traits
    do nothing; its interval is the bootstrap's over worlds.
    """
    quality, hook, length = columns["quality"], columns["hook"], np.log(columns["duration_s"])
    terms = [quality, hook, length, quality**2, hook**2, length**2, quality * hook]
    # a trait that the scenario sets is the same everywhere and explains nothing
    traits = [(term - term.mean()) / term.std() for term in terms if np.ptp(term) > 1e-9]
    p = len(traits)
    if y.size < _LEAST + p:
        raise ValueError(f"{y.size} videos in all worlds are too few to fit their traits to")
    if p == 0:
        raise ValueError("quality, hook and length are set by the scenario: all videos are alike")
    z = np.stack([np.ones_like(y), *traits, y - y.mean()], axis=2)
    moments = np.einsum("wvi,wvj->wij", z, z)  # all that the fit needs to know of a world

    def adjusted(sums: Floats) -> Floats:
        """Adjusted R² [B] from sums of moments [B, k, k]."""
        n, right = sums[:, 0, 0], sums[:, :-1, -1:]
        fit = np.linalg.pinv(sums[:, :-1, :-1], hermitian=True) @ right
        squares = sums[:, -1, -1]
        left = squares - (right * fit).sum(axis=(1, 2))
        total = squares - sums[:, 0, -1] ** 2 / n
        return np.asarray(1 - (left / (n - p - 1)) / (total / (n - 1)))

    k = p + 2
    found = bootstrap_interval(
        moments.reshape(len(y), k * k),
        lambda x: adjusted(x.sum(axis=1).reshape(-1, k, k)),
        seed,
        level=level,
        draws=2_000,
    )
    low, value, high = (min(max(x, 0.0), 1.0) for x in (found.low, found.value, found.high))
    sums = moments.sum(axis=0)
    fit = np.linalg.pinv(sums[:-1, :-1], hermitian=True) @ sums[:-1, -1]
    return Interval(value, low, high, level), _common(z[..., -1] - z[..., :-1] @ fit, y)


def _common(rest: Floats, y: Floats) -> float:
    """Variance that all residuals [W, V] of a world share, as a share of the variance of y."""
    videos = rest.shape[1]
    between = videos * float(rest.mean(axis=1).var(ddof=1))
    within = float(rest.var(axis=1, ddof=1).mean())
    return float(max(0.0, (between - within) / videos) / y.var(ddof=1))
