"""Quality and luck: how much of the success of videos is theirs, and how much the world's.

The same videos are played in several worlds. What a video has in all of them is its own: quality,
hook, length, topic, hour. What differs from world to world for the same video is luck.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, sqrt

import numpy as np
import numpy.typing as npt

from sim.study.statistics.intervals import Interval, student
from sim.study.statistics.jackknife import jackknife_half_width

__all__ = ["VarianceComponents", "variance_components"]

Floats = npt.NDArray[np.float64]

_BLOCK = 2_000_000
"""Numbers that are looked at at once: 16 MB."""
_LEAST = 1e-2
"""Least value of (luck + W · videos) / luck, which a negative estimate can push below 0."""


@dataclass(frozen=True)
class VarianceComponents:
    """Where the variance of y[world, video] comes from."""

    worlds: int
    videos: int
    missing: int
    """Pairs of a world and a video without a value."""
    between_videos: float
    """Variance of what a video has in every world, in units of y squared."""
    between_worlds: float
    """Variance of what all videos of one world have in common."""
    rest: float
    """Variance of what is neither: the luck of one video in one world."""
    quality: Interval
    """Share of the variance that lies between videos, 0..1."""
    luck: Interval
    """The other share, between_worlds + rest: the same video in another world."""


def variance_components(values: npt.ArrayLike, level: float = 0.95) -> VarianceComponents:
    """Split the variance of ``values`` [W, V] into videos, worlds, and the rest.

    The model is the two-way table of random effects with one value a cell,

        y[w, v] = mean + video[v] + world[w] + rest[w, v]

    A one-way table of videos would take the common part of a world for independent luck of each
    video in it, and the variance between videos would come out too small. Views and reach have
    heavy tails, so hand over their logarithms (``log1p``): on the raw scale one hit is the
    variance.

    NaN marks a missing value; worlds and videos without any are left out. The estimates come from
    sums of squares: luck from those within videos, the rest from what a fit of worlds and videos
    leaves, videos from those within worlds (Henderson's third method: unbiased for any pattern of
    missing cells; with none missing, the ordinary analysis of variance). An estimate below 0 is
    given as 0.

    The interval of the shares is a jackknife on the scale log((luck + W · videos) / luck), over
    worlds and over videos, for both are samples, and the two variances are added. It errs to the
    wide side when luck prevails. The exact interval for normal effects would be narrower, and
    covers far less than it says when effects are skewed.

    Sources: Henderson 1953, Biometrics 9:226; the scale is Fisher's for the intraclass correlation,
    Fisher 1925, Statistical Methods for Research Workers, chapter 7; adding the variances of two
    crossed ways to leave out, Owen 2007, Ann. Appl. Stat. 1:386. Raises ``ValueError`` for fewer
    than 3 worlds or videos, too few cells to tell the parts apart, an infinite value, and when all
    values are the same.
    """
    student(level, 1)
    y = np.asarray(values, dtype=np.float64)
    if y.ndim != 2:
        raise ValueError(f"values must be a table [worlds, videos]; got the shape {y.shape}")
    if np.isinf(y).any():
        raise ValueError("values must be finite, or NaN where one is missing")
    known = ~np.isnan(y)
    y = y[known.any(axis=1)][:, known.any(axis=0)]
    worlds, videos = y.shape
    if worlds < 3 or videos < 3:
        raise ValueError(f"needs at least 3 worlds and 3 videos; got {worlds} and {videos}")
    # A variance no larger than this is rounding.
    noise = (16 * float(np.finfo(np.float64).eps) * float(np.nanmax(np.abs(y)))) ** 2
    # Only differences matter, and they keep more digits around the middle.
    y = y - np.nanmean(y)
    between, luck, rest = (float(part) for part in _components(y))
    between, luck = (part if part > noise else 0.0 for part in (between, luck))
    if between + luck == 0:
        raise ValueError("all values are the same: there is no variance to split")
    rest = min(rest, luck)
    share = between / (between + luck)
    quality = Interval(share, *_ends(y, share, noise, level), level)
    return VarianceComponents(
        worlds=worlds,
        videos=videos,
        missing=int(np.isnan(y).sum()),
        between_videos=between,
        between_worlds=luck - rest,
        rest=rest,
        quality=quality,
        luck=Interval(1 - share, 1 - quality.high, 1 - quality.low, level),
    )


def _components(y: Floats) -> tuple[Floats, Floats, Floats]:
    """Variance between videos (may be negative), within videos, and of the rest.

    ``y`` [..., W, V]; tables with missing cells are taken one by one.
    """
    if not np.isnan(y).any():
        return _complete(y)
    tables = y.reshape(-1, *y.shape[-2:])
    found = np.array([_incomplete(table) for table in tables]).reshape(*y.shape[:-2], 3)
    return found[..., 0], found[..., 1], found[..., 2]


def _complete(y: Floats) -> tuple[Floats, Floats, Floats]:
    worlds, videos = y.shape[-2:]
    by_world = y - y.mean(axis=-1, keepdims=True)
    by_video = y - y.mean(axis=-2, keepdims=True)
    both = by_world - by_world.mean(axis=-2, keepdims=True)
    within_videos = (by_video**2).sum(axis=(-2, -1)) / ((worlds - 1) * videos)
    within_worlds = (by_world**2).sum(axis=(-2, -1)) / ((videos - 1) * worlds)
    rest = (both**2).sum(axis=(-2, -1)) / ((worlds - 1) * (videos - 1))
    return within_worlds - rest, within_videos, rest


def _incomplete(y: Floats) -> tuple[float, float, float]:
    """One table with NaN for missing cells; a video without any is left out."""
    y = y[:, ~np.isnan(y).all(axis=0)]
    known = ~np.isnan(y)
    worlds, videos = y.shape
    cells = int(known.sum())
    if not _connected(known) or cells < worlds + videos:
        raise ValueError(
            "too few videos have a value in several worlds to tell quality from luck; "
            "play the same videos in all worlds"
        )
    here, y = known.astype(np.float64), np.where(known, y, 0.0)
    per_world, per_video = here.sum(axis=1), here.sum(axis=0)
    mean_w, mean_v = y.sum(axis=1) / per_world, y.sum(axis=0) / per_video
    within_videos = float((here * (y - mean_v) ** 2).sum()) / (cells - videos)
    within_worlds = float((here * (y - mean_w[:, None]) ** 2).sum()) / (cells - worlds)
    # Least squares of worlds + videos on the known cells, with the videos eliminated. The
    # equations fix worlds up to a constant; adding 1 to each makes their sum 0.
    part = here / per_video
    system = np.diag(per_world) - part @ here.T + 1.0
    effect_w = np.linalg.solve(system, y.sum(axis=1) - part @ y.sum(axis=0))
    effect_v = mean_v - effect_w @ part
    left = float((here * (y - effect_w[:, None] - effect_v) ** 2).sum())
    rest = left / (cells - worlds - videos + 1)
    return within_worlds - rest, within_videos, rest


def _connected(known: npt.NDArray[np.bool_]) -> bool:
    """Whether every world can be compared with every other over chains of shared videos."""
    if not known.any(axis=0).all():
        return False
    reached, before = np.arange(1), -1
    while reached.size != before:
        before = reached.size
        videos = np.flatnonzero(known[reached].any(axis=0))
        reached = np.flatnonzero(known[:, videos].any(axis=1))
    return bool(reached.size == known.shape[0])


def _ends(y: Floats, share: float, noise: float, level: float) -> tuple[float, float]:
    """The interval of the share between videos, within 0..1."""
    worlds, videos = y.shape
    if share == 1:
        return 1.0, 1.0

    def scaled(tables: Floats) -> Floats:
        between, luck, _ = _components(tables)
        luck = np.where(luck > noise, luck, np.nan)
        return np.asarray(np.log(np.maximum(_LEAST, (luck + worlds * between) / luck)))

    def without(axis: int) -> Floats:
        numbers, step = np.arange(y.shape[axis]), max(1, _BLOCK // y.size)
        return np.concatenate(
            [
                scaled(np.stack([np.delete(y, i, axis) for i in numbers[first : first + step]]))
                for first in range(0, numbers.size, step)
            ]
        )

    without_world, without_video = without(0), without(1)
    if np.isnan(without_world).any() or np.isnan(without_video).any():
        # All luck is in one world or one video: nothing is known about how common that is.
        return 0.0, 1.0
    # Standard errors: the half widths, without their points.
    error_w = float(jackknife_half_width(without_world, level)) / student(level, worlds - 1)
    error_v = float(jackknife_half_width(without_video, level)) / student(level, videos - 1)
    squared = error_w**2 + error_v**2
    if squared == 0:
        return share, share
    # Satterthwaite 1946, Biometrics Bull. 2:110: degrees of freedom of a sum of variances
    free = squared**2 / (error_w**4 / (worlds - 1) + error_v**4 / (videos - 1))
    half = student(level, free) * sqrt(squared)
    centre = float(scaled(y))
    low, high = (_share(centre + way * half, worlds) for way in (-1, 1))
    return min(low, share), max(high, share)


def _share(scaled: float, worlds: int) -> float:
    """The share between videos from log((luck + W · videos) / luck)."""
    more = expm1(min(scaled, 700.0))  # e^700 is nearly the largest float
    return max(0.0, more / (more + worlds))
