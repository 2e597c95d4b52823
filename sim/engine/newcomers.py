"""Newcomers: what the first 350 videos are to each person who joins during the run.

It measures and does not act. Of each such person the first videos are counted in parts, by their
running number in the person's life (``FIRST_VIDEOS``), so that the cold start of people can be
seen: how fast the feed finds what they like, with interests ticked at sign-up and without. Who
ticks is drawn whatever people like, so the two groups are an experiment.

The table ``newcomers`` of a run folder is made of it: for each group and part a ratio of sums

    rate = sum x / sum n,    se² = J / (J - 1) · sum (x - rate n)² / (sum n)²

over the J people with impressions n > 0 in the part (the ratio estimator, linearised; Cochran 1977,
Sampling Techniques, 6.4). Only people who join after the warm-up are in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import fsum, sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.core.actions import bit
from sim.core.stages import FIRST_VIDEOS, SPANS
from sim.engine.tally import whole_match
from sim.machine.compiled import njit
from sim.machine.table import Side, Table, column
from sim.scenario import Scenario
from sim.world.state import NOBODY, TOPIC_ONE, World

__all__ = [
    "MEASURES", "TABLES", "FirstVideos", "Newcomers", "build", "is_on", "newcomer_columns", "note",
    "used",
]  # fmt: skip

PARTS: Final = len(FIRST_VIDEOS)
_SIZES: Final = tuple(
    last - before for before, last in zip((0, *FIRST_VIDEOS), FIRST_VIDEOS, strict=False)
)
_IMPRESSIONS, _COMPLETED, _SKIPPED, _LIKED = 0, 1, 2, 3
_COMPLETION, _SKIP, _LIKE = bit("completion"), bit("skip"), bit("like")


class Newcomers(Table, name="newcomers", owner="user", side=Side.LOG, fixed=True):
    """Who joins during the run."""

    row: NDArray[np.int32] = column(
        np.int32, "row in first_videos; NOBODY for who was there from the start", fill=NOBODY
    )


class FirstVideos(Table, name="first_videos", owner="newcomer", side=Side.LOG):
    """What each newcomer did with the first videos, in parts by their running number."""

    counts: NDArray[np.int32] = column(
        np.int32, "impressions, completions, skips, likes", unit="count", shape=(PARTS, 4)
    )
    watch_ms: NDArray[np.int64] = column(np.int64, "time watched", unit="ms", shape=(PARTS,))
    match: NDArray[np.int64] = column(
        np.int64, "sum of the match of interests and topics", unit="cosine / TOPIC_ONE²",
        shape=(PARTS,), side=Side.TRUTH,
    )  # fmt: skip


TABLES = (Newcomers, FirstVideos)


def is_on(scenario: Scenario) -> bool:
    """Whether anybody joins during the run."""
    return scenario.population.joining > 0.0


@njit(forceinline=True)
def used(frame: Any) -> bool:
    """The same, in compiled code."""
    return frame.newcomers.row.shape[0] > 0  # type: ignore[no-any-return]


def build(
    scenario: Scenario, world: World, seed: int, state: Mapping[type[Table], Table]
) -> tuple[Table, ...]:
    """A row for each person who joins, in their order."""
    del scenario, seed, state
    newcomers = Newcomers(world.users)
    joins = np.flatnonzero(world.accounts.joined_s > 0.0)
    newcomers.row[joins] = np.arange(len(joins))
    return newcomers, FirstVideos(len(joins))


@njit(forceinline=True)
def note(frame: Any, p: Any, room: Any, k: int) -> None:
    """Count the impression in the first part that is not full yet, if the person is new."""
    row = frame.newcomers.row[room.seen.user[k]]
    if row == NOBODY:
        return
    first = frame.first_videos
    part = 0
    while part < PARTS and first.counts[row, part, _IMPRESSIONS] == _SIZES[part]:
        part += 1
    if part == PARTS:
        return
    actions = room.seen.actions[k]
    first.counts[row, part, _IMPRESSIONS] += 1
    first.counts[row, part, _COMPLETED] += 1 if actions & _COMPLETION else 0
    first.counts[row, part, _SKIPPED] += 1 if actions & _SKIP else 0
    first.counts[row, part, _LIKED] += 1 if actions & _LIKE else 0
    first.watch_ms[row, part] += room.seen.watch_ms[k]
    first.match[row, part] += whole_match(room.affinity[k])


def newcomer_columns(
    scenario: Scenario, world: World, newcomers: Newcomers, first: FirstVideos
) -> dict[str, Any]:
    """Columns of the table of newcomers: who ticked interests, then who did not, part by part."""
    users = np.flatnonzero(newcomers.row != NOBODY)
    measured = world.accounts.joined_s[users] >= float(scenario.warmup)
    ticked = world.accounts.declared[users] != 0
    rows = [
        {"ticked": group, "from": number, "to": last, **_part(first, some, number, last)}
        for group, some in ((True, measured & ticked), (False, measured & ~ticked))
        for number, last in SPANS.values()
    ]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _part(
    first: FirstVideos, some: NDArray[np.bool_], number: int, last: int
) -> dict[str, float | None]:
    """What ``some`` [J] of the newcomers did with their videos from ``number`` to ``last``."""
    begins, ends = (0, *FIRST_VIDEOS).index(number - 1), FIRST_VIDEOS.index(last) + 1
    counts = first.counts[some, begins:ends].sum(axis=1, dtype=np.int64)
    shown = counts[:, _IMPRESSIONS]
    there = shown > 0
    n = shown[there].astype(np.float64)
    row: dict[str, float | None] = {"people": int(there.sum()), "impressions": int(shown.sum())}
    for name, sums in (
        ("completed", counts[:, _COMPLETED]),
        ("skipped", counts[:, _SKIPPED]),
        ("liked", counts[:, _LIKED]),
        ("watch_s", first.watch_ms[some, begins:ends].sum(axis=1) / 1000.0),
        ("match", first.match[some, begins:ends].sum(axis=1) / TOPIC_ONE**2),
    ):
        row[name], row[f"{name}_se"] = _ratio(sums[there].astype(np.float64), n)
    return row


def _ratio(x: NDArray[np.float64], n: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Ratio of the sums of ``x`` [J] and ``n`` [J] over people, and its standard error."""
    if len(n) == 0:
        return None, None
    total = fsum(n)
    rate = fsum(x) / total
    if len(n) == 1:
        return rate, None
    spread = fsum((x - rate * n) ** 2)
    return rate, sqrt(len(n) / (len(n) - 1) * spread) / total


MEASURES: Mapping[str, Callable[..., dict[str, Any]]] = {"newcomers": newcomer_columns}
"""Tables of a run folder."""
