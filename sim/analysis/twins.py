"""Twins: the same video with each value of one attribute, and what that makes of it.

Twins are posted at the same moment and meet people with the same luck, so what they differ in is
the attribute, and what the world made of it. Each pair is compared with itself, at the same age.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from sim.analysis.tables import Tables, rows_where
from sim.core.surfaces import SURFACE_NAMES

__all__ = ["EARLY", "MEASURES", "Paired", "key_of", "paired", "twin_summary"]

Floats = npt.NDArray[np.float64]

EARLY: Final = 0.25
"""Early is this share of the final age. Assumption."""

MEASURES: Final = (
    "promoted", "impressions_early", "impressions",
    *(f"impressions_{name}" for name in SURFACE_NAMES),
)  # fmt: skip
"""What twins are compared by; all but ``impressions_early`` at the final age."""


@dataclass(frozen=True)
class Paired:
    """Mean difference of pairs, with its 95 % interval (Student's t over pairs)."""

    value: float | None
    low: float | None
    high: float | None


def key_of(label: str) -> str:
    """Name of a value in the summary, whose paths have dots of their own."""
    return label.replace(".", "_")


def paired(differences: Floats) -> Paired:
    """Of the differences [N]; without interval where there are fewer than two pairs."""
    n = differences.size
    if n == 0:
        return Paired(None, None, None)
    mean = float(differences.mean())
    if n == 1:
        return Paired(mean, None, None)
    half = float(stats.t.ppf(0.975, n - 1)) * float(differences.std(ddof=1)) / sqrt(n)
    return Paired(mean, mean - half, mean + half)


def twin_summary(tables: Tables, probe: str) -> dict[str, Any] | None:
    """All values of a probe's twins and the contrasts with the first; None without twins.

    Final is the age of the youngest pair at the end of the run. Pairs of which a twin is not
    posted yet are left out.
    """
    rows = rows_where(tables.probes, pl.col("probe") == probe)
    labels = rows.sort("number")["twin"].unique(maintain_order=True).to_list()
    if len(labels) < 2:
        return None
    age = tables.duration_s - rows["uploaded_s"]
    final_s = float(age.min())  # type: ignore[arg-type]
    early_s = EARLY * final_s
    final, early = (_at_age(tables, rows, limit) for limit in (final_s, early_s))
    found = {label: _measures(rows, final, early, label) for label in labels}
    pairs = sorted(set.intersection(*(set(of) for of in found.values())))
    table = {
        label: np.array([of[pair] for pair in pairs]).reshape(len(pairs), len(MEASURES))
        for label, of in found.items()
    }
    first = labels[0]
    return {
        "pairs": len(pairs),
        "early_s": early_s,
        "final_s": final_s,
        "against": first,
        "values": {key_of(label): dict(_means(table[label])) for label in labels},
        "contrasts": {
            key_of(label): dict(_contrasts(table[label], table[first])) for label in labels[1:]
        },
    }


def _at_age(tables: Tables, rows: pl.DataFrame, limit_s: float) -> pl.DataFrame:
    """The last snapshot of each video up to an age; no row for those that had none by then."""
    mine = tables.paths.join(rows.select("video"), on="video", how="semi")
    young = mine.filter(pl.col("age_s") <= limit_s + 1e-6)
    return young.sort("video", "age_s").group_by("video", maintain_order=True).last()


def _measures(
    rows: pl.DataFrame, final: pl.DataFrame, early: pl.DataFrame, label: str
) -> dict[int, list[float]]:
    """The MEASURES of each pair's twin with this value."""
    mine = rows_where(rows, pl.col("twin") == label).select("video", "pair")
    names = ["pool", "impressions", *(f"impressions_{name}" for name in SURFACE_NAMES)]
    joined = mine.join(final.select("video", *names), on="video", how="left")
    joined = joined.join(early.select("video", early="impressions"), on="video", how="left")
    return {
        int(row["pair"]): [
            float(row["pool"] > 1), float(row["early"]), *(float(row[name]) for name in names[1:])
        ]
        for row in joined.fill_null(0).iter_rows(named=True)
    }  # fmt: skip


def _means(table: Floats) -> Iterator[tuple[str, float | None]]:
    for name, column in zip(MEASURES, table.T, strict=True):
        yield name, float(column.mean()) if column.size else None


def _contrasts(table: Floats, first: Floats) -> Iterator[tuple[str, dict[str, float | None]]]:
    """Differences of means; for impressions also the ratio of the typical ones.

    That is the mean of ln (1 + impressions): a single pair that travelled far decides about the
    difference and not about the ratio.
    """
    for place, name in enumerate(MEASURES):
        mine, others = table[:, place], first[:, place]
        by = paired(mine - others)
        tree = {"difference": by.value, "difference_low": by.low, "difference_high": by.high}
        if name != "promoted":
            times = paired(np.log1p(mine) - np.log1p(others))
            for end, value in (("", times.value), ("_low", times.low), ("_high", times.high)):
                tree[f"ratio{end}"] = None if value is None else float(np.exp(value))
        yield name, tree
