"""Trends: how soon sounds and challenges rise, how long they stay, how unequal their use is."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from sim.analysis.inequality import gini
from sim.analysis.intervals import wilson
from sim.analysis.tables import Tables

__all__ = ["GONE_AFTER_S", "born_during", "trend_summary"]

GONE_AFTER_S: Final = 5 * 86_400.0
"""After so long S6 says how many trending hashtags are gone."""
_LONG_S: Final = 14 * 86_400.0


def born_during(frame: pl.DataFrame) -> pl.DataFrame:
    """Those that began after the start and were listed: their rise was seen from its first hour."""
    return frame.filter((pl.col("born_s") > 0.0) & pl.col("trended_s").is_not_null())


def trend_summary(tables: Tables) -> dict[str, Any]:
    """Of sounds and of challenges; empty for runs that have no tables of them."""
    if tables.sounds is None or tables.hashtags is None:
        return {}
    challenges = tables.hashtags.filter(pl.col("challenge"))
    return {
        "sounds": _of(tables, tables.sounds),
        "challenges": _of(tables, challenges),
    }


def _of(tables: Tables, frame: pl.DataFrame) -> dict[str, Any]:
    new = born_during(frame)
    # of what began on the last day the peak is not known yet
    old = new.filter(pl.col("born_s") <= tables.duration_s - 86_400.0)
    rise = (old["peak_s"] - old["born_s"]).drop_nulls()
    listed = new["trended_s"] - new["born_s"]
    uses = frame["uses"].to_numpy().astype(np.float64)
    used = np.sort(uses[uses > 0])[::-1]
    top = max(1, round(0.01 * len(used)))
    return {
        "listed": int(frame["trended_s"].is_not_null().sum()),
        "listed_new": new.height,
        "hours_to_list": _hours(listed),
        "hours_to_peak": _hours(rise),
        **_gone(tables, frame, GONE_AFTER_S, "gone_in_5d"),
        **_gone(tables, frame, _LONG_S, "gone_in_14d"),
        "gini_uses": gini(used) if len(used) else None,
        "top1_share_uses": float(used[:top].sum() / used.sum()) if len(used) else None,
    }


def _hours(times_s: pl.Series) -> float | None:
    """Median in hours."""
    return None if times_s.is_empty() else float(np.median(times_s)) / 3_600.0


def _gone(tables: Tables, frame: pl.DataFrame, after_s: float, name: str) -> dict[str, Any]:
    """Share of those listed for so long by now, or off the list, that were off it by then.

    Of those that came onto the list after the first day, which has all that was there before.
    """
    first = frame.filter(
        (pl.col("trended_s") > 86_400.0) & (pl.col("trended_s") <= tables.duration_s - after_s)
    )
    gone = int((first["until_s"] - first["trended_s"] < after_s).sum())
    found = wilson(gone, first.height)
    return {
        f"{name}_known": first.height, f"{name}_share": found.share,
        f"{name}_share_low": found.low, f"{name}_share_high": found.high,
    }  # fmt: skip
