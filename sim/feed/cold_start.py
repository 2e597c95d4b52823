"""The cold start of videos: how much attention a new one gets before anything is known of it.

A policy is one class, and one entry in ``sim.feed.policies``.

What a test audience did counts by how much it is beyond what test audiences usually do about videos
of that length: short videos are liked and finished more often whatever they are, and long ones are
watched longer.

``pools``: a new video waits in pool 1 until a test audience of ``first`` was shown it. Those whose
value per impression is in the best ``promote`` share of the videos that lately finished the same
pool move on to the next one, ``growth`` times as large; the others stop. A share of every slate is
kept for waiting videos: of some that are drawn evenly, a person is shown those that suit them best
as far as is believed, or any, with an even audience. Only impressions in these places fill a pool
and are judged, so followers and scores have no part in it. A pool fills in ``fill`` at the
earliest, evenly, so that a verdict is not that of a single hour. Until its first promotion only
this test audience and the creator's followers see a video; from then on it competes everywhere. The
threshold is relative, so the policy needs no tuning to a population (X1, X2).

``none``: a new video competes everywhere from its first minute.

``thompson``: see ``sim.feed.thompson``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from sim.core.random import uniform
from sim.feed.percentile import MIDDLE_S, RANK_ONE, length_classes
from sim.machine.borrow import ROWS_AHEAD, prefetch
from sim.machine.compiled import njit
from sim.machine.keep import Kept
from sim.world.state import VideoListing

__all__ = [
    "GRADUATED",
    "NONE",
    "STATE_NAMES",
    "STOPPED",
    "WAITING",
    "WORTH_ONE",
    "ColdStartPolicy",
    "NoColdStart",
    "PoolPolicy",
    "Pools",
    "Tested",
    "reserved_places",
    "tested_of",
    "worth_of",
]

NONE, WAITING, STOPPED, GRADUATED = 0, 1, 2, 3
STATE_NAMES = ("none", "waiting", "stopped", "promoted")

_MEMORY = 200
"""Finished videos a pool remembers for its threshold (assumption)."""
_QUICK = 20
"""Finished videos before the threshold is theirs; until then it is what is usual."""
_YOUNG_S = 86_400.0
"""Age up to which a video from before the start finds people who have not seen it, so that days are
alike from the first on: the table in ``docs/explanation/videos.md`` shows it."""
_FEW = 200.0
"""Impressions of test audiences that the mean value of all of them counts for a class of lengths,
and that of the platform for all of them (assumption)."""
WORTH_ONE: Final = 65_536.0
"""What a score of 1 is counted as."""
RESERVED_DRAW = 4_000_000
"""Draw numbers of a request from here on place the kept slots; sources use those below."""


class ColdStartPolicy(Kept, ABC):
    """Who gets to see new videos, and the state of all videos in that.

    ``ROWS`` are the arrays with a row a video.
    """

    KEPT: ClassVar[tuple[str, ...]] = ("waiting", "seeking")
    ROWS: ClassVar[tuple[str, ...]] = ("pool", "state", "open_to_all")
    reserved: float
    """share of the places of a slate that is kept for waiting videos"""
    matched: bool
    """whether who tests a video is chosen by how well it suits them"""
    finds_audience: bool
    """whether new videos wait for an audience; if so, source ``fresh`` shows those that wait,
    and else all that are new"""

    def __init__(self, rows: int) -> None:
        self.pool = np.zeros(rows, np.int8)
        """pool [V] highest pool entered; 0 for none"""
        self.state = np.zeros(rows, np.int8)
        """state [V] NONE, WAITING, STOPPED or GRADUATED"""
        self.open_to_all = np.ones(rows, np.int8)
        """open_to_all [V] 1 when any source may show it; 0 for its test audience and followers"""
        self.waiting = np.empty(0, np.int32)
        """waiting [N] videos that wait for their audience, by id"""
        self.seeking = np.empty(0, np.int32)
        """seeking [N] those of them that look for it now"""

    def grow(self, rows: int) -> None:
        """Make room for ``rows`` videos."""
        old = len(self.pool)
        if rows > old:
            for name in self.ROWS:
                array = getattr(self, name)
                longer = np.zeros((rows, *array.shape[1:]), array.dtype)
                longer[:old] = array
                setattr(self, name, longer)
            self.open_to_all[old:] = 1

    def take_over(self) -> None:
        """Make do with the videos that waited under another policy; those are in ``waiting``."""
        self.open_to_all[self.waiting] = 1

    @property
    def budgets(self) -> NDArray[np.float64]:
        """budgets [levels] impressions of the tests that decide who sees a video; [0] without."""
        return np.zeros(0)

    def begin(self, found: NDArray[np.float64]) -> None:
        """Let the first catalogue have been tested; ``found`` [V, levels] is what that found."""

    @abstractmethod
    def enter(self, videos: NDArray[np.int64], now: float) -> None:
        """New uploads [N] begin their cold start at time ``now``, s."""

    @abstractmethod
    def note(self, videos: NDArray[np.int32], tests: NDArray[np.int64]) -> None:
        """Take what the test audiences of these videos did in a window out of ``tests`` [V, 2].

        The columns are impressions and their worth, as :func:`worth_of` counts it.
        """

    @abstractmethod
    def step(self, now: float, mean_value: float) -> int:
        """Judge what waits, at the refresh at time ``now``, s; how many were promoted.

        ``mean_value`` is the worth of an impression on the whole platform, in units of score.
        """

    @abstractmethod
    def seek(self, now: float, window: float, impressions: int) -> None:
        """Say who looks for an audience in the ``window`` seconds from ``now`` on.

        That sets ``seeking`` and ``reserved``; ``impressions`` are those of the window before.
        """


class NoColdStart(ColdStartPolicy):
    """``none``: new videos get no help."""

    reserved = 0.0
    matched = False
    finds_audience = False

    def take_over(self) -> None:
        """Who waited does so no longer, and there are no pools: in a pool is who is tested."""
        super().take_over()
        self.state[self.waiting] = NONE
        self.pool[:] = 0
        self.waiting = self.seeking = np.empty(0, np.int32)

    def enter(self, videos: NDArray[np.int64], now: float) -> None:
        """They compete at once."""

    def note(self, videos: NDArray[np.int32], tests: NDArray[np.int64]) -> None:
        """There are no test audiences."""

    def seek(self, now: float, window: float, impressions: int) -> None:
        """Nobody looks for an audience."""

    def step(self, now: float, mean_value: float) -> int:  # noqa: ARG002
        """Nobody waits, so nobody is promoted."""
        return 0


@dataclass(frozen=True)
class PoolPolicy:
    """Numbers of the policy ``pools``."""

    levels: int
    first: float
    growth: float
    promote: float
    slots: float
    fill: float
    """time in which a pool fills at the earliest, s"""
    matched: bool
    """whether who tests a video is chosen by how well it suits them"""


class Tested(ColdStartPolicy):
    """A policy under which new videos wait for a test audience, in places kept for that."""

    KEPT: ClassVar[tuple[str, ...]] = (
        *ColdStartPolicy.KEPT, "reserved", "_tested", "_mean_value",
    )  # fmt: skip
    ROWS: ClassVar[tuple[str, ...]] = (*ColdStartPolicy.ROWS, "shown", "worth", "_entered_s")
    finds_audience = True

    def __init__(self, slots: float, matched: bool, rows: int, listing: VideoListing) -> None:
        super().__init__(rows)
        self.reserved = slots
        self.matched = matched
        self._listing = listing
        self.shown = np.zeros(rows, np.int64)
        """shown [V] test audience so far, impressions; in pools that of the pool it is in"""
        self.worth = np.zeros(rows, np.int64)
        """worth [V] of these beyond what is usual, in units of 1 / WORTH_ONE"""
        self._entered_s = np.zeros(rows)
        self._tested = np.zeros((len(MIDDLE_S), 2), np.int64)
        self._mean_value = 0.0

    def enter(self, videos: NDArray[np.int64], now: float) -> None:
        """They wait in the first pool."""
        self._entered_s[videos] = now
        self.pool[videos] = 1
        self.state[videos] = WAITING
        self.waiting = np.concatenate([self.waiting, videos.astype(np.int32)])

    def note(self, videos: NDArray[np.int32], tests: NDArray[np.int64]) -> None:
        """Add what the test audiences did beyond what is usual."""
        tested = tested_of(videos, tests)
        row = length_classes(self._listing.duration_s[tested])
        np.add.at(self._tested, row, tests[tested])
        usual = self._usual_values()[row] * WORTH_ONE * tests[tested, 0]
        tests[tested, 1] -= np.floor(usual + 0.5).astype(np.int64)
        self._add(tested, tests[tested])
        tests[tested] = 0

    def _add(self, videos: NDArray[np.int32], found: NDArray[np.int64]) -> None:
        """Add what test audiences of these videos did, [N, 2] as in ``shown`` and ``worth``."""
        self.shown[videos] += found[:, 0]
        self.worth[videos] += found[:, 1]

    def _usual_values(self) -> NDArray[np.float64]:
        """values [classes] of an impression of a test audience, by length of the video."""
        shown, worth = self._tested[:, 0], self._tested[:, 1] / WORTH_ONE
        mean = (worth.sum() + _FEW * self._mean_value) / (shown.sum() + _FEW)
        return np.asarray((worth + _FEW * mean) / (shown + _FEW))

    def step(self, now: float, mean_value: float) -> int:
        """Judge what waits; returns how many were promoted."""
        self._mean_value = mean_value
        return self._judged(now)

    @abstractmethod
    def _judged(self, now: float) -> int:
        """Judge what waits; returns how many were promoted."""


class Pools(Tested):
    """``pools``: staged audiences, with promotion on relative thresholds."""

    KEPT: ClassVar[tuple[str, ...]] = (*Tested.KEPT, "_memory", "_finished")

    def __init__(self, policy: PoolPolicy, rows: int, listing: VideoListing) -> None:
        super().__init__(policy.slots, policy.matched, rows, listing)
        self.policy = policy
        self._memory = np.zeros((policy.levels, _MEMORY))
        self._finished = np.zeros(policy.levels, np.int64)

    @property
    def budgets(self) -> NDArray[np.float64]:
        """budgets [levels] impressions of each pool."""
        policy = self.policy
        return policy.first * policy.growth ** np.arange(policy.levels, dtype=np.float64)

    def begin(self, found: NDArray[np.float64]) -> None:
        """Of each pool the best went on; who left the first is open to all while it is young.

        Older ones are for their followers alone: who would like them has seen them.
        """
        left = np.arange(len(found))
        self.pool[left], self.state[left], self.open_to_all[left] = 1, STOPPED, 0
        for level in range(self.policy.levels):
            best = int(self.policy.promote * len(left) + 0.5)
            order = np.argsort(-found[left, level], kind="stable")
            left = np.sort(left[order[:best]])
            self.open_to_all[left] = self._listing.uploaded_s[left] >= -_YOUNG_S
            if level + 1 < self.policy.levels:
                self.pool[left] = level + 2
            else:
                self.state[left] = GRADUATED

    def enter(self, videos: NDArray[np.int64], now: float) -> None:
        """They wait in the first pool, and nobody but their audience and followers sees them."""
        super().enter(videos, now)
        self.open_to_all[videos] = 0

    def take_over(self) -> None:
        """Who waited stays in its pool, or in the last one that there is."""
        self.open_to_all[self.waiting] = self.pool[self.waiting] > 1
        self.pool[self.waiting] = np.minimum(self.pool[self.waiting], self.policy.levels)

    def seek(self, now: float, window: float, impressions: int) -> None:
        """Those that wait and are not ahead of the time in which their pool fills.

        Of the places that are kept so many are used as it takes to bring them up to it.
        """
        waiting, policy = self.waiting, self.policy
        self.seeking, self.reserved = waiting, policy.slots
        if policy.fill <= 0.0 or len(waiting) == 0:
            return
        budget = policy.first * policy.growth ** (self.pool[waiting] - 1.0)
        share = np.minimum((now + window - self._entered_s[waiting]) / policy.fill, 1.0)
        behind = np.ceil(budget * share) - self.shown[waiting]
        self.seeking = waiting[behind > 0.0]
        needed = behind[behind > 0.0].sum()
        if impressions > 0:
            self.reserved = min(policy.slots, float(needed) / impressions)

    def _judged(self, now: float) -> int:
        """Judge the videos whose pool is full; returns how many were promoted."""
        policy = self.policy
        if len(self.waiting) == 0:
            return 0
        judged, promoted = _judge(
            self.waiting, now, policy.levels, policy.first,
            policy.growth, policy.promote, self.pool, self.state, self.open_to_all, self.shown,
            self.worth, self._entered_s, self._memory, self._finished,
        )  # fmt: skip
        if judged:
            self.waiting = self.waiting[self.state[self.waiting] == WAITING]
        return int(promoted)


@njit(forceinline=True)
def worth_of(actions, watch_ms, rank, weights):
    """Worth of an impression, in units of 1 / WORTH_ONE: whole numbers, so that sums are exact.

    ``weights`` [W] are those of the value model; ``rank`` is the watch percentile in 1 / RANK_ONE.
    """
    actions_end = weights.size - 2
    worth = weights[actions_end] * (float(watch_ms) / 1000.0)
    worth += weights[actions_end + 1] * (float(rank) / RANK_ONE)
    for a in range(actions_end):
        if (actions >> a) & 1:
            worth += weights[a]
    return np.int64(np.floor(worth * WORTH_ONE + 0.5))


@njit()
def tested_of(videos, tests):
    """Those of ``videos`` that a test audience was shown, by ``tests`` [V, 2]."""
    found = np.empty(videos.size, np.int32)
    n = 0
    for i in range(videos.size):
        if i + ROWS_AHEAD < videos.size:
            prefetch(tests, videos[i + ROWS_AHEAD])
        found[n] = videos[i]
        n += 1 if tests[videos[i], 0] > 0 else 0
    return found[:n].copy()


@njit()
def _judge(
    waiting, now, levels, first, growth, promote, pool, state, open_to_all, shown,
    worth, entered_s, memory, finished,
):  # fmt: skip
    judged = 0
    promoted = 0
    for i in range(waiting.size):
        if i + ROWS_AHEAD < waiting.size:
            prefetch(shown, waiting[i + ROWS_AHEAD])
        v = waiting[i]
        level = pool[v] - 1
        budget = first
        for _ in range(level):
            budget *= growth
        if float(shown[v]) < budget:
            continue
        judged += 1
        value = float(worth[v]) / WORTH_ONE / float(shown[v])
        known = min(finished[level], memory.shape[1])
        threshold = 0.0
        if known >= _QUICK:
            ranked = np.sort(memory[level, :known])
            threshold = ranked[min(int(float(known) * (1.0 - promote)), known - 1)]
        memory[level, finished[level] % memory.shape[1]] = value
        finished[level] += 1
        if value <= threshold or promote <= 0.0:
            state[v] = STOPPED
            continue
        open_to_all[v] = 1
        promoted += 1
        if pool[v] == levels:
            state[v] = GRADUATED
        else:
            pool[v] += 1
            shown[v], worth[v], entered_s[v] = 0, 0, now
    return judged, promoted


@njit()
def reserved_places(r, share, length):
    """Bit set of the slate positions kept for waiting videos, spread evenly with jitter.

    On average ``share`` of ``length`` (at most 64) positions.
    """
    wanted = int(share * length + uniform(r, RESERVED_DRAW))
    bits = np.uint64(0)
    jitter = uniform(r, RESERVED_DRAW + 1)
    for i in range(wanted):
        place = int((float(i) + jitter) * float(length) / float(wanted))
        bits |= np.uint64(1) << np.uint64(place)
    return bits
