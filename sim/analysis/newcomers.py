"""The cold start of people: what newcomers find in their first videos, ticked interests or not.

Input is the table of newcomers, ``sim.record.columns.NEWCOMERS``. Who ticks interests at sign-up is
drawn whatever people like, so the difference of the two groups is what ticking does, in this world.
Parts of the first videos are not of the same people: who leaves early, or joins late, has no later
ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import hypot
from typing import Any, Final

import polars as pl

from sim.analysis.intervals import Z95
from sim.core.stages import SPANS

__all__ = ["AGAINST", "GROUPS", "RATES", "newcomer_summary", "parts_of"]

GROUPS: Final = {"ticked": True, "unticked": False}
"""Groups of newcomers by name: whether they ticked interests at sign-up."""
AGAINST: Final = "ticked_minus_unticked"
RATES: Final = {
    "completed": "share", "skipped": "share", "liked": "share", "watch_s": "s", "match": "cosine"
}  # fmt: skip
"""What is told of each part of their first videos, with its unit."""

Node = dict[str, Any]


def parts_of(newcomers: pl.DataFrame, group: str) -> Iterator[tuple[str, Node]]:
    """(name, row) of each part of the first videos of a group."""
    rows = newcomers.filter(pl.col("ticked") == GROUPS[group]).to_dicts()
    known = {(row["from"], row["to"]): row for row in rows}
    for name, ends in SPANS.items():
        if ends in known:
            yield name, known[ends]


def newcomer_summary(newcomers: pl.DataFrame) -> Node:
    """Each group and part with standard errors, and the differences with 95 % intervals."""
    tree = {
        group: {name: _told(row) for name, row in parts_of(newcomers, group)} for group in GROUPS
    }
    one, other = (tree[group] for group in GROUPS)
    tree[AGAINST] = {
        name: {
            end: value
            for rate in RATES
            for end, value in _difference(rate, one[name], other[name]).items()
        }
        for name in one
        if name in other
    }
    return tree


def _told(row: Node) -> Node:
    return {name: value for name, value in row.items() if name not in ("ticked", "from", "to")}


def _difference(rate: str, one: Node, other: Node) -> Node:
    """One rate less the other; groups are of different people, so their errors are independent."""
    found = {f"{rate}{end}": None for end in ("", "_low", "_high")}
    if one[rate] is None or other[rate] is None:
        return found
    difference = one[rate] - other[rate]
    if one[f"{rate}_se"] is None or other[f"{rate}_se"] is None:
        return {**found, rate: difference}
    half = Z95 * hypot(one[f"{rate}_se"], other[f"{rate}_se"])
    return {rate: difference, f"{rate}_low": difference - half, f"{rate}_high": difference + half}
