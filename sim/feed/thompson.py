"""Cold start by Thompson sampling: who may be good is tried, and what is known weighs more.

A new video competes everywhere from its first minute, and beside that some places are kept for new
videos. At each refresh the value of an impression of each of them is drawn from what is believed of
it: around the mean of its test audience so far and of its creator's earlier ones, drawn to what
is usual, with a doubt that shrinks as the audience grows. The best draws share the kept
places. So a video whose first viewers liked it is shown more, one that they did not like hardly any
more, and one of which nothing is known now and then. (Thompson 1933; how it fares in practice:
Chapelle and Li 2011.)

After ``until`` impressions of its test audience, or at the age ``age``, it is on its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.core.random import normal, stream2
from sim.feed.cold_start import GRADUATED, STOPPED, WORTH_ONE, Tested
from sim.machine.compiled import njit
from sim.world.state import VideoListing

__all__ = ["Thompson", "ThompsonPolicy"]


@dataclass(frozen=True)
class ThompsonPolicy:
    """Numbers of the policy ``thompson``."""

    slots: float
    share: float
    """share of the new videos that are shown at a time"""
    until: float
    """impressions of a test audience"""
    age: float
    """age at which the cold start ends, s"""
    prior: float
    """impressions that what is known of a creator counts, and of all tests for a creator"""
    noise: float
    """sd of the value of an impression"""
    matched: bool
    """whether who tests a video is chosen by how well it suits them"""


class Thompson(Tested):
    """``thompson``: the kept places go to those whose value was drawn highest."""

    KEPT: ClassVar[tuple[str, ...]] = (*Tested.KEPT, "_past", "_refreshes")

    def __init__(
        self, policy: ThompsonPolicy, rows: int, listing: VideoListing, k: np.uint64
    ) -> None:
        super().__init__(policy.slots, policy.matched, rows, listing)
        self.policy = policy
        self._key = k
        self._past = np.zeros((0, 2), np.int64)
        self._refreshes = 0

    def _add(self, videos: NDArray[np.int32], found: NDArray[np.int64]) -> None:
        """Add what test audiences did, to the creator as well."""
        creators = self._listing.creator[videos]
        most = int(creators.max(initial=-1)) + 1
        if most > len(self._past):
            past = np.zeros((2 * most, 2), np.int64)
            past[: len(self._past)] = self._past
            self._past = past
        np.add.at(self._past, creators, found)
        super()._add(videos, found)

    def _judged(self, now: float) -> int:
        """Let go of those who were tested enough, or are old; how many did better than most."""
        waiting, policy = self.waiting, self.policy
        done = self.shown[waiting] >= policy.until
        done |= now - self._entered_s[waiting] >= policy.age
        ended = waiting[done]
        self.waiting = waiting[~done]
        good = self.worth[ended] > 0
        self.state[ended] = np.where(good, GRADUATED, STOPPED)
        return int(good.sum())

    def seek(self, now: float, window: float, impressions: int) -> None:
        """Those with the highest draws."""
        del now, window, impressions
        self._refreshes += 1
        waiting, policy = self.waiting, self.policy
        count = ceil(policy.share * len(waiting))
        draws = np.empty(len(waiting))
        _draw(
            self._key, self._refreshes, waiting, self._listing.luck, self._listing.creator,
            self.shown, self.worth, self._past, policy.prior, policy.noise, draws,
        )  # fmt: skip
        best = np.argsort(-draws, kind="stable")[:count]
        self.seeking = np.sort(waiting[best])


@njit()
def _draw(
    k: Any, refresh: Any, waiting: Any, luck: Any, creator: Any, shown: Any, worth: Any, past: Any,
    prior: Any, noise: Any, draws: Any,
) -> None:  # fmt: skip
    """Draw the value of an impression of each waiting video, by what is believed of it."""
    for i in range(waiting.size):
        v = waiting[i]
        c = creator[v]
        others, value = 0.0, 0.0
        if c < past.shape[0]:
            others = float(past[c, 0] - shown[v])
            value = float(past[c, 1] - worth[v]) / WORTH_ONE
        believed = value / (others + prior)
        seen = float(shown[v])
        middle = (float(worth[v]) / WORTH_ONE + prior * believed) / (seen + prior)
        spread = noise / np.sqrt(seen + prior)
        draws[i] = middle + spread * normal(stream2(k, luck[v], refresh), 0)
