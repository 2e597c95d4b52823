"""What the feed may read: logs, listings and its own beliefs. Never what people really like.

:class:`FeedView` is the only object that a component gets to see of the world. A test walks all
that is reachable from it and proves that no hidden array is among it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.feed.belief import Beliefs, Believed
from sim.feed.cold_start import ColdStartPolicy
from sim.feed.index import Index
from sim.feed.tables import Rates, ScoreTables
from sim.machine.keep import Kept
from sim.world.state import Friends, SoundListing, UserAccounts, VideoListing

__all__ = [
    "Blocks",
    "CreatorAccounts",
    "Exposures",
    "FeedView",
    "Follows",
    "FriendLists",
    "Requests",
]


class Exposures(Protocol):
    """Which videos each user was shown before."""

    def contains(self, users: NDArray[np.int32], videos: NDArray[np.int32]) -> NDArray[np.bool_]:
        """[B, K] whether user b was shown video [b, k] before; False where the id is below 0."""


class Blocks(Protocol):
    """Whom each user has blocked."""

    def blocked(self, users: NDArray[np.int32], creators: NDArray[np.int32]) -> NDArray[np.bool_]:
        """[B, K] whether user b has blocked creator [b, k]; False where the id is below 0."""


class Follows(Protocol):
    """Whom each user follows."""

    def of(self, user: int) -> NDArray[np.int32]:
        """Creators that ``user`` follows, in the order of following."""


@dataclass(frozen=True)
class CreatorAccounts:
    """The public side of creators."""

    user: NDArray[np.int32]
    """user [C] the user who is this creator, or NOBODY"""
    followers: NDArray[np.int32]
    """followers [C] followers at the last refresh"""


@dataclass(frozen=True)
class FriendLists:
    """The accounts of each user's friends."""

    friends: Friends

    def of(self, user: int) -> NDArray[np.int32]:
        """Those of ``user``, by their numbers."""
        start = self.friends.start
        if len(start) == 0:
            return np.zeros(0, np.int32)
        return self.friends.creator[start[user] : start[user + 1]]


@dataclass
class FeedView(Kept):
    """The platform's knowledge as of the last refresh, and each user's own belief as of now."""

    KEPT: ClassVar[tuple[str, ...]] = (
        "refreshed_s", "totals", "ranks", "rates", "slopes", "tables", "index", "cold", "beliefs",
    )  # fmt: skip
    ROWS: ClassVar[tuple[str, ...]] = ("counts", "percentiles", "momentum")

    users: int
    topics: int
    refreshed_s: float
    """time of the last refresh, s"""
    accounts: UserAccounts
    creators: CreatorAccounts
    videos: VideoListing
    sounds: SoundListing
    counts: NDArray[np.int64]
    """counts [V, F] logged counters of each video; columns as in ``sim.core.counts``"""
    totals: NDArray[np.int64]
    """totals [F] sums of all counters"""
    percentiles: NDArray[np.int64]
    """percentiles [V] sum of the watch percentiles of each video, in 1 / RANK_ONE"""
    ranks: NDArray[np.int16]
    """ranks [CELLS] the watch percentile of each cell of time (see ``sim.feed.percentile``)"""
    rates: Rates
    tables: ScoreTables
    index: Index
    cold: ColdStartPolicy
    momentum: NDArray[np.float32]
    """momentum [V] decayed number of recent views"""
    beliefs: Beliefs
    believed: Believed
    """how much of each part of a belief counts in a score"""
    slopes: NDArray[np.float64]
    """slopes [A + 1] of the actions: log-odds for a unit of affinity (see ``sim.feed.slopes``);
    then that of the watch percentile"""
    weights: NDArray[np.float64]
    """weights [W] of the value model, a column for each of WEIGHT_NAMES"""
    arm_weights: NDArray[np.float64]
    """arm_weights [G, W] weights of each arm of users (see ``sim.feed.arms``)"""
    arm: NDArray[np.int8]
    """arm [U] of each user"""
    exposures: Exposures
    follows: Follows
    blocks: Blocks
    friends: Follows
    """the accounts of each user's friends"""


@dataclass(frozen=True)
class Requests:
    """A batch of feed requests; one row each."""

    user: NDArray[np.int32]
    """user [B]"""
    time_s: NDArray[np.float64]
    """time_s [B] time of the request, s"""
    surface: NDArray[np.int8]
    """surface [B] position in SURFACE_NAMES"""
    subject: NDArray[np.int32]
    """subject [B] what the page is about, such as a sound (see ``Surface.subject``), or NOBODY"""
    stream: NDArray[np.uint64]
    """stream [B] stream of keyed draws of the request (see ``sim.core.random``)"""

    def __len__(self) -> int:
        return len(self.user)

    def one(self, b: int) -> Requests:
        """Request ``b`` alone."""
        only = slice(b, b + 1)
        return Requests(
            self.user[only], self.time_s[only], self.surface[only], self.subject[only],
            self.stream[only],
        )  # fmt: skip
