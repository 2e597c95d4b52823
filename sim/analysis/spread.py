"""How views spread over time: paths of single videos, growth, time to reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sim.analysis.intervals import Share, wilson

__all__ = ["Growth", "TimeToReach", "counts_at", "growth", "quantiles", "time_to_reach"]

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]


def counts_at(
    paths: pl.DataFrame, videos: Sequence[int] | Ids, ages_s: npt.ArrayLike, column: str = "views"
) -> Floats:
    """Counts of ``videos`` [N] at ``ages_s`` [T] seconds after upload -> [N, T].

    The last snapshot at or before that age; 0 before the first one. Duplicate ages keep
    the later row. A video without snapshots is a row of zeros.
    """
    ids = np.asarray(videos, dtype=np.int64)
    ages = np.asarray(ages_s, dtype=np.float64)
    rows = paths.select("video", "age_s", column).sort("video", "age_s", maintain_order=True)
    if rows.height == 0 or ids.size == 0 or ages.size == 0:
        return np.zeros((ids.size, ages.size))
    known, code = np.unique(rows["video"].to_numpy(), return_inverse=True)
    age = rows["age_s"].to_numpy().astype(np.float64)
    count = rows[column].to_numpy().astype(np.float64)
    # One sorted key for (video, age), so that one search answers for all videos at once.
    floor = min(float(age.min()), float(ages.min()))
    stride = max(float(age.max()), float(ages.max())) - floor + 1.0
    key = code * stride + (age - floor)
    place = np.searchsorted(known, ids)
    exists = (place < known.size) & (known[np.minimum(place, known.size - 1)] == ids)
    wanted = place[:, None] * stride + (ages - floor)[None, :]
    at = np.searchsorted(key, wanted, side="right") - 1
    own = exists[:, None] & (at >= 0) & (code[np.maximum(at, 0)] == place[:, None])
    return np.where(own, count[np.maximum(at, 0)], 0.0)


def quantiles(matrix: Floats, levels: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95)) -> Floats:
    """Quantiles over videos of [N, T] -> [levels, T]; zeros for no videos."""
    if matrix.shape[0] == 0:
        return np.zeros((len(levels), matrix.shape[1]))
    return np.asarray(np.quantile(matrix, levels, axis=0), dtype=np.float64)


@dataclass(frozen=True)
class Growth:
    """Mean over videos of views(age) / views(horizon)."""

    ages_s: Floats
    """[T] age, s."""
    share: Floats
    """[T] mean share of the views at the horizon, 0..1; NaN when no video has a view."""
    videos: int
    """Videos with a view by the horizon."""
    horizon_s: float
    half_s: float | None
    """First age at which the mean is at least one half, linear between ages, s."""


def growth(
    paths: pl.DataFrame, videos: Sequence[int] | Ids, horizon_s: float, steps: int = 96
) -> Growth:
    """Growth curve of ``videos``, all of which must be at least ``horizon_s`` old.

    V9 has the same curve with a horizon of 90 days; a run is shorter, so its curve is
    steeper and is comparable only between runs with the same horizon.
    """
    ages = np.linspace(0.0, horizon_s, steps + 1)
    matrix = counts_at(paths, videos, ages)
    matrix = matrix[matrix[:, -1] > 0]
    if matrix.shape[0] == 0:
        return Growth(ages, np.full(ages.size, np.nan), 0, horizon_s, None)
    mean = (matrix / matrix[:, -1:]).mean(axis=0)
    after = int(np.argmax(mean >= 0.5))
    if after == 0:
        half = 0.0
    else:
        rise = (0.5 - mean[after - 1]) / (mean[after] - mean[after - 1])
        half = float(ages[after - 1] + rise * (ages[after] - ages[after - 1]))
    return Growth(ages, mean, matrix.shape[0], horizon_s, half)


@dataclass(frozen=True)
class TimeToReach:
    """How many videos reached so many users, and when."""

    reach: int
    """Users to reach."""
    reached: Share
    """Videos that did, within the run."""
    median_s: float | None
    """Median age at the first snapshot with that reach, of the videos that did, s."""
    p10_s: float | None
    p90_s: float | None


def time_to_reach(paths: pl.DataFrame, videos: Sequence[int] | Ids, reach: int) -> TimeToReach:
    """Age at which ``videos`` first had ``reach`` users, to the precision of the snapshots.

    The times are those of the videos that got there before the run ended; the share
    that did not is as much a part of the answer.
    """
    ids = [int(video) for video in videos]
    times = (
        paths.filter((pl.col("reach") >= reach) & pl.col("video").is_in(ids))
        .group_by("video")
        .agg(pl.col("age_s").min())["age_s"]
        .to_numpy()
    )
    reached = wilson(int(times.size), len(set(ids)))
    if times.size == 0:
        return TimeToReach(reach, reached, None, None, None)
    low, middle, high = (float(q) for q in np.quantile(times, [0.1, 0.5, 0.9]))
    return TimeToReach(reach, reached, middle, low, high)
