"""Where a probe's audience came from: by surface, and followers against strangers."""

from __future__ import annotations

from typing import Any

import polars as pl

from sim.analysis.intervals import wilson
from sim.analysis.watch import ratio
from sim.core.counts import PART_COUNTS, PARTS

__all__ = ["part_summary"]


def part_summary(probes: pl.DataFrame) -> dict[str, Any]:
    """Means of impressions, views and reach by part, and the verdicts that some alone would give.

    A part is a surface, or ``followers``: people who followed the creator, on any surface. Its
    share is that of the impressions of all ``probes`` together. Verdicts are counted as of For You
    alone, and of strangers, that is people who did not follow, alone.
    """
    shown = int(probes["impressions"].sum())
    parts = {
        part: {
            "share": ratio(int(probes[f"impressions_{part}"].sum()), shown),
            **{f"{count}_mean": probes[f"{count}_{part}"].mean() for count in PART_COUNTS},
        }
        for part in PARTS
    }
    verdicts: dict[str, Any] = {}
    for among in ("for_you", "strangers"):
        found = wilson(int(probes[f"viral_{among}"].fill_null(False).sum()), probes.height)
        name = f"viral_{among}"
        verdicts |= {
            name: found.count, f"{name}_share": found.share, f"{name}_share_low": found.low,
            f"{name}_share_high": found.high,
        }  # fmt: skip
    return {**verdicts, "parts": parts}
