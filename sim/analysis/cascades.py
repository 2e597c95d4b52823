"""Cascades of shared links: how far a video went from hand to hand.

Input is the table of links, ``sim.record.columns.SHARES``, whole and in its order. Who *adopts*
a video is whoever sends it on having found it elsewhere, and whoever opens a link to it. Each
person adopts a video once, and the first time counts:

- of two links to one video that a person opens, the one opened first (then the one sent first);
- a person who sends a video and opens a link to it later is a root and stays one;
- a person who opens a link and sends the video later passes it on, wherever they met it again.

A *cascade* is the tree below a root: its nodes are adoptions, and the parent of a node is the
sender of the link that was opened. What was not opened by the end of the run is not opened. A
video that was watched and never sent is no cascade here; studies of posts count it as one of
size 1, so their shares and means are over many more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from sim.analysis.intervals import Share, wilson

__all__ = [
    "SIZE_STEPS",
    "Cascades",
    "cascade_summary",
    "cascades",
    "depth_and_root",
    "post_summary",
    "receivers_per_event",
    "structural_virality",
    "subtree_sizes",
]

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

SIZE_STEPS: Final = (10, 100)
"""Sizes whose probability to be reached is written down; C1 has the second one."""
SIZE_LEVELS: Final = (0.5, 0.9, 0.99, 0.999)
"""Quantiles of size that are written down."""


@dataclass(frozen=True)
class Cascades:
    """Cascades in the order of their first link; ``C`` is their number."""

    video: Ids
    """video [C]"""
    root: Ids
    """root [C] user at the root"""
    links: Ids
    """links [C] links sent by all people in the cascade"""
    size: Ids
    """size [C] adoptions, the root included; 1 when nobody opened a link"""
    depth: Ids
    """depth [C] links from the root to the adoption farthest away; 0 when nobody opened one"""
    virality: Floats
    """virality [C] mean distance between two adoptions; NaN for size 1"""
    passed_on: npt.NDArray[np.bool_]
    """passed_on [C] whether anybody but the root sent a link"""


def cascades(shares: pl.DataFrame) -> Cascades:
    """All cascades in a table of links.

    Raises ``ValueError`` when rows are out of order, when a link is opened before it is delivered,
    or when the parent of a link is not an opened link to its sender with the same video.
    """
    links = _Links.of(shares)
    parent, sender, row = _trees(links)
    depth, top = depth_and_root(parent)
    roots = np.flatnonzero(parent == np.arange(parent.size))
    number = np.searchsorted(roots, top)
    size = np.bincount(number, minlength=roots.size)
    deepest = np.zeros(roots.size, np.int64)
    np.maximum.at(deepest, number, depth)
    passed_on = np.zeros(roots.size, bool)
    passed_on[number[sender[depth[sender] > 0]]] = True
    first = row[roots]
    return Cascades(
        video=links.video[first],
        root=links.sender[first],
        links=np.bincount(number[sender], minlength=roots.size),
        size=size,
        depth=deepest,
        virality=structural_virality(parent),
        passed_on=passed_on,
    )


@dataclass(frozen=True)
class _Links:
    """The columns of the table [N], with places of rows instead of ids."""

    video: Ids
    sender: Ids
    receiver: Ids
    sent_s: Floats
    opened_s: Floats
    """infinite when not opened"""
    parent: Ids
    """-1 when there is none"""

    @staticmethod
    def of(shares: pl.DataFrame) -> _Links:
        """The columns, checked."""

        def whole(name: str) -> Ids:
            return shares[name].cast(pl.Int64).fill_null(-1).to_numpy()

        share, parent = whole("share"), whole("parent")
        sent = shares["sent_s"].cast(pl.Float64).to_numpy()
        opened = shares["opened_s"].cast(pl.Float64).fill_null(np.inf).to_numpy()
        if (np.diff(share) <= 0).any() or (np.diff(sent) < 0).any():
            raise ValueError("links must be in the order of sending, with increasing ids")
        due = shares["due_s"].cast(pl.Float64).to_numpy()
        if (due < sent).any() or (opened < due).any():
            raise ValueError("a link cannot be delivered before it is sent, nor opened before that")
        place = np.where(parent >= 0, np.searchsorted(share, parent), -1)
        links = _Links(whole("video"), whole("sender"), whole("receiver"), sent, opened, place)
        child = np.flatnonzero(parent >= 0)
        above = place[child]
        # a parent that is not there is found as a later row, so it fails here as well
        fits = above < child
        above = np.where(fits, above, 0)
        fits &= share[above] == parent[child]
        fits &= links.receiver[above] == links.sender[child]
        fits &= links.video[above] == links.video[child]
        fits &= links.opened_s[above] <= links.sent_s[child]
        if not fits.all():
            wrong = share[child[np.argmin(fits)]]
            raise ValueError(f"link {wrong}: its parent is no link that its sender opened before")
        return links


def _trees(links: _Links) -> tuple[Ids, Ids, Ids]:
    """Adoptions as trees: parent [A], a root being its own; node of the sender [N]; link [A].

    The link is the one that made the adoption: the first that a root sent, or the one that
    anybody else opened. Nodes are numbered in the order of these links. Parents come first:
    who sends has the video by then, through an earlier link or none.
    """
    rows = links.sender.size
    videos = int(links.video.max(initial=0)) + 1
    both = np.concatenate([links.sender, links.receiver]) * videos + np.tile(links.video, 2)
    known, who = np.unique(both, return_inverse=True)
    sender, receiver = who[:rows], who[rows:]
    first_sent = np.full(known.size, np.inf)
    first_row = np.full(known.size, rows)
    found = np.flatnonzero(links.parent < 0)
    np.minimum.at(first_sent, sender[found], links.sent_s[found])
    np.minimum.at(first_row, sender[found], found)
    first_open = np.full(known.size, np.inf)
    np.minimum.at(first_open, receiver, links.opened_s)
    open_row = np.full(known.size, rows)
    opened = np.flatnonzero(np.isfinite(links.opened_s))
    opened = opened[links.opened_s[opened] == first_open[receiver[opened]]]
    np.minimum.at(open_row, receiver[opened], opened)

    is_root = first_sent < first_open
    # at the same moment: what the table says first
    is_root |= np.isfinite(first_sent) & (first_sent == first_open) & (first_row < open_row)
    adopted = np.flatnonzero(is_root | np.isfinite(first_open))
    made_by = np.where(is_root, first_row, open_row)[adopted]
    # one link can make two adoptions, that of its sender first
    order = np.lexsort((~is_root[adopted], made_by))
    adopted, made_by = adopted[order], made_by[order]
    node = np.full(known.size, -1)
    node[adopted] = np.arange(adopted.size)
    parent = np.arange(adopted.size)
    child = np.flatnonzero(~is_root[adopted])
    parent[child] = node[sender[open_row[adopted[child]]]]
    return parent, node[sender], made_by


def depth_and_root(parent: Ids) -> tuple[Ids, Ids]:
    """Depth [N] and root [N] of each node of a forest; a root is its own ``parent``.

    By jumps that double in length: N log(depth), whatever the shape of the trees.
    """
    above = parent.copy()
    depth = (above != np.arange(above.size)).astype(np.int64)
    while True:
        higher = above[above]
        if np.array_equal(higher, above):
            return depth, above
        depth += depth[above]
        above = higher


def subtree_sizes(parent: Ids) -> Ids:
    """Nodes at and below each node [N] of a forest; a root is its own ``parent``.

    Those within 2j steps are those within j steps, and those within j steps of each one that is
    j steps below: again N log(depth), where a walk from leaf to root would take N depth.
    """
    depth, _ = depth_and_root(parent)
    above, size = parent.copy(), np.ones(parent.size, np.int64)
    jump, farthest = 1, int(depth.max(initial=0))
    while jump <= farthest:
        low = np.flatnonzero(depth >= jump)
        more = np.zeros(parent.size, np.int64)
        np.add.at(more, above[low], size[low])
        size += more
        above = above[above]
        jump *= 2
    return size


def structural_virality(parent: Ids) -> Floats:
    """Mean distance between two different nodes of each tree [C], in the order of the roots.

    Goel, Anderson, Hofman, Watts 2016, doi 10.1287/mnsc.2015.2158: about 2 for one broadcast,
    and the larger the more generations there are. An edge with s of n nodes below it lies on the
    way between s (n - s) pairs, so one sum over edges gives the sum over pairs. NaN for size 1.
    """
    below = subtree_sizes(parent)
    _, top = depth_and_root(parent)
    edge = np.flatnonzero(parent != np.arange(parent.size))
    # in float64: exact up to 2^53, which a tree of a million nodes can exceed in the 16th digit
    crossing = below[edge].astype(np.float64) * (below[top[edge]] - below[edge])
    roots = np.flatnonzero(parent == np.arange(parent.size))
    total = np.bincount(np.searchsorted(roots, top[edge]), weights=crossing, minlength=roots.size)
    n = below[roots].astype(np.float64)
    pairs = n * (n - 1.0) / 2.0
    found = np.full(roots.size, np.nan)
    np.divide(total, pairs, out=found, where=pairs > 0)
    return found


def receivers_per_event(shares: pl.DataFrame) -> Ids:
    """Links of each share event [events]: one person sends one video at one moment."""
    events = shares.group_by("sender", "video", "sent_s", maintain_order=True).len()
    return events["len"].cast(pl.Int64).to_numpy()


def cascade_summary(shares: pl.DataFrame) -> dict[str, Any]:
    """Numbers of a table of links as plain JSON; None for what cannot be computed.

        cascades                  count
        links, adoptions          count
        receivers_per_event_mean  links a share event
        opened_share              links opened, whether or not they were the first to be
        not_passed_on_share       cascades in which nobody but the root sent a link, with its
                                  95 % Wilson interval (_low, _high), as for all shares of cascades
        not_opened_share          cascades of size 1, as C2 counts "never passed on"
        size_mean, size_max, size_p50, size_p90, size_p99, size_p999
        size_10_share, size_100_share   cascades of at least that size
        depth_mean, depth_max
        virality_mean             mean structural virality of cascades of size >= 2
        branching                 R, adoptions by link an adoption

    R is an average over all adoptions, so the mean size is 1 / (1 - R) by arithmetic: the two
    are one finding.
    """
    all_of = cascades(shares)
    count, adoptions = all_of.size.size, int(all_of.size.sum())
    opened = shares.height - shares["opened_s"].null_count()
    numbers: dict[str, Any] = {
        "cascades": count,
        "links": shares.height,
        "adoptions": adoptions,
        "receivers_per_event_mean": _mean(receivers_per_event(shares)),
        "opened_share": opened / shares.height if shares.height else None,
        **_share("not_passed_on_share", ~all_of.passed_on),
        **_share("not_opened_share", all_of.size == 1),
        "size_mean": _mean(all_of.size),
        "size_max": int(all_of.size.max()) if count else None,
    }
    for level in SIZE_LEVELS:
        name = f"size_p{100 * level:g}".replace(".", "")
        numbers[name] = float(np.quantile(all_of.size, level)) if count else None
    for step in SIZE_STEPS:
        numbers |= _share(f"size_{step}_share", all_of.size >= step)
    return {
        **numbers,
        "depth_mean": _mean(all_of.depth),
        "depth_max": int(all_of.depth.max()) if count else None,
        "virality_mean": _mean(all_of.virality[all_of.size >= 2]),
        "branching": (adoptions - count) / adoptions if adoptions else None,
    }


def post_summary(videos: pl.DataFrame, shares: pl.DataFrame) -> dict[str, Any]:
    """Numbers of the trees below posts, as plain JSON: the poster is the root.

    This is how studies of posts count (C1, C2): what nobody passed on is a tree of size 1. Who
    adopts a post is whoever sends it or opens a link to it, each person once.

        posts_alone_share         videos that nobody sent to anybody, with Wilson intervals
        posts_size_mean, posts_size_max   people, the poster included
        posts_size_10_share, posts_size_100_share   videos with at least so many
    """
    sent = shares.select("video", pl.col("sender").alias("user"))
    opened = shares.filter(pl.col("opened_s").is_not_null())
    adopted = pl.concat([sent, opened.select("video", pl.col("receiver").alias("user"))])
    of_each = adopted.unique().group_by("video").len("adopted")
    found = videos.select("video").join(of_each, on="video", how="left")
    size = 1 + found["adopted"].fill_null(0).cast(pl.Int64).to_numpy()
    numbers: dict[str, Any] = {
        **_share("posts_alone_share", size == 1),
        "posts_size_mean": _mean(size),
        "posts_size_max": int(size.max()) if size.size else None,
    }
    for step in SIZE_STEPS:
        numbers |= _share(f"posts_size_{step}_share", size >= step)
    return numbers


def _mean(values: Ids | Floats) -> float | None:
    return float(values.mean()) if values.size else None


def _share(name: str, yes: npt.NDArray[np.bool_]) -> dict[str, float | None]:
    share: Share = wilson(int(yes.sum()), yes.size)
    return {name: share.share, f"{name}_low": share.low, f"{name}_high": share.high}
