"""Place: somebody who joins is believed to like what people of the same locale and device do.

Before its first video the platform knows of a person what they ticked, where they are and what they
hold in their hand. People of one locale and one device are a *cell*. Of those who are settled, the
platform compares what it believes: x(u, d) is what topic d adds to the signal of person u, m(c, d)
its mean over the n(c) settled people of cell c, m(d) that over all N. Somebody who joins cell c
starts from

    place · b(c) · (m(c, d) - m(d)),    b(c) = t / (t + s / n(c))

beside what their ticks say, where t is the variance between cells and s that within, both summed
over topics. It is the best linear prediction of the effect of a cell (Robinson 1991, Statistical
Science 6, 15-32). The variances are those of an analysis of variance with groups of unequal size
(Searle, Casella & McCulloch 1992, Variance Components, 3.6), C being the cells with settled people:

    s = sum (x - m(c))² / (N - C),    t = max(0, (sum n(c) (m(c) - m)² / (C - 1) - s) / n0)
    n0 = (N - sum n(c)² / N) / (C - 1)

What is common to all cells is left out, as the usual signal of a video is elsewhere. Somebody is
settled once the shares by which their doubts have fallen add up to one topic. The doubts of who
joins stay those of anybody, since cells explain little of what people like.

Sums are of whole numbers, so they are exact in any order. Cells are looked at with each new index,
and who joins in a window is given what the last look found, at the refresh before it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.feed.belief import LARGEST_EFFECT, PROFILE_ONE, Beliefs, LearnParams
from sim.machine.compiled import njit
from sim.machine.keep import Kept
from sim.scenario import Scenario
from sim.world.state import UserAccounts

__all__ = ["SETTLED", "Places", "add_up", "places_of", "start_of_cells", "variances"]

SETTLED = 1.0
"""Topics' worth of doubt that has to be gone before a person tells of their cell (assumption): it
is after some 70 videos."""


class Places(Kept):
    """What the platform believes of cells, and gives to those who join."""

    KEPT = ("start", "until_s")

    def __init__(
        self, accounts: UserAccounts, shape: tuple[int, int, int], learning: LearnParams, *,
        used: bool,
    ) -> None:  # fmt: skip
        """``shape`` is (locales, devices, topics)."""
        self._accounts = accounts
        self._learning = learning
        self._used = used
        self.start: NDArray[np.float32] = np.zeros(shape, np.float32)
        """start [locales, devices, topics] what the cell adds to the first profile of who joins"""
        self.until_s = 0.0
        """time up to which everybody who joins was given it, s"""

    def look(self, beliefs: Beliefs) -> None:
        """Compare what is believed of settled people, cell by cell."""
        if not self._used:
            return
        *cells, topics = self.start.shape
        count = np.zeros(cells, np.int64)
        sums = np.zeros((*cells, topics), np.int64)
        squares = add_up(
            beliefs.profile, beliefs.doubt, self._accounts.locale, self._accounts.device,
            self._learning.doubt, count, sums,
        )  # fmt: skip
        found = start_of_cells(count.ravel(), sums.reshape(-1, topics), squares)
        self.start[:] = (self._learning.place * found).reshape(self.start.shape)

    def welcome(self, beliefs: Beliefs, now: float, end: float) -> None:
        """Give those who join from ``now`` to ``end``, s, the start of their cell."""
        if not self._used:
            return
        joined = self._accounts.joined_s
        # at the edge of two windows nobody is given it twice, and nobody who has begun already
        users = np.flatnonzero((joined >= max(now, self.until_s)) & (joined < end))
        self.until_s = end
        added = self.start[self._accounts.locale[users], self._accounts.device[users]]
        topics = added.shape[1]
        first = beliefs.profile[users, :topics] + added
        beliefs.profile[users, :topics] = np.clip(first, -LARGEST_EFFECT, LARGEST_EFFECT)


def places_of(scenario: Scenario, accounts: UserAccounts, learning: LearnParams) -> Places:
    """The places of a scenario; not used where nobody joins, or all are in one cell."""
    people = scenario.population
    shape = (len(people.locales), len(people.devices), people.topics)
    several = shape[0] * shape[1] > 1 and people.joining > 0.0
    return Places(
        accounts, shape, learning, used=several and learning.enabled and learning.place > 0.0
    )


@njit()
def add_up(
    profile: Any, doubt: Any, locale: Any, device: Any, before: float, count: Any, sums: Any
) -> Any:
    """Add the settled people to ``count`` [L, V] and their profiles to ``sums`` [L, V, topics].

    ``profile`` and ``doubt`` [U, D] are those of Beliefs, ``before`` a doubt at first. Profiles
    count in 1/PROFILE_ONE. Returns the sum of their squares, over people and topics.
    """
    topics = sums.shape[2]
    squares = np.int64(0)
    for u in range(locale.size):
        known = 0.0
        for d in range(topics):
            known += 1.0 - float(doubt[u, d]) / before
        if known < SETTLED:
            continue
        count[locale[u], device[u]] += 1
        for d in range(topics):
            x = np.int64(np.floor(float(profile[u, d]) * PROFILE_ONE + 0.5))
            sums[locale[u], device[u], d] += x
            squares += x * x
    return squares


@njit()
def variances(count: Any, sums: Any, squares: int) -> tuple[float, float]:
    """(between, within): variance of the means of cells and within cells, summed over topics.

    ``count`` [C] people and ``sums`` [C, topics] of whole numbers, ``squares`` the sum of their
    squares. Both are 0 with fewer than two cells, or nobody beyond the first of each.
    """
    people, cells, even = 0, 0, 0.0
    of_cells = of_all = 0.0
    for c in range(count.size):
        if count[c] > 0:
            people += count[c]
            cells += 1
            even += float(count[c]) ** 2
            for d in range(sums.shape[1]):
                of_cells += float(sums[c, d]) ** 2 / count[c]
    if cells < 2 or people <= cells:
        return 0.0, 0.0
    for d in range(sums.shape[1]):
        of_all += float(sums[:, d].sum()) ** 2 / people
    within = (squares - of_cells) / (people - cells)
    size = (people - even / people) / (cells - 1)
    between = ((of_cells - of_all) / (cells - 1) - within) / size
    return max(between, 0.0), max(within, 0.0)


@njit()
def start_of_cells(count: Any, sums: Any, squares: int) -> Any:
    """[C, topics] what each cell is expected to add to a profile; arguments as in variances."""
    found = np.zeros(sums.shape)
    between, within = variances(count, sums, squares)
    if between <= 0.0:
        return found
    people = count.sum()
    for c in range(count.size):
        if count[c] > 0:
            share = between / (between + within / count[c])
            for d in range(sums.shape[1]):
                mean = sums[c, d] / count[c] - sums[:, d].sum() / people
                found[c, d] = share * mean / PROFILE_ONE
    return found
