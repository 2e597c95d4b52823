"""The cold start of videos: how much attention a new one gets before anything is known of it.

A policy is one class and one entry of POLICIES.

``pools``: a new video waits in pool 1 until it was shown ``first`` times. Those whose value per
impression is in the best ``promote`` share of the videos that lately finished the same pool move
on to the next one, ``growth`` times as large; the others stop. A share of every slate is kept for
waiting videos. Until its first promotion only this test audience and the creator's followers
see a video; from then on it competes everywhere. The threshold is relative, so the policy needs
no tuning to a population (X1, X2).

``none``: a new video competes everywhere from its first minute.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from sim.core.counts import FIRST_ACTION, IMPRESSIONS, WATCH_MS
from sim.core.random import uniform
from sim.core.registry import entry_of
from sim.machine.borrow import ROWS_AHEAD, prefetch
from sim.machine.compiled import njit

__all__ = [
    "GRADUATED",
    "NONE",
    "POLICIES",
    "STATE_NAMES",
    "STOPPED",
    "WAITING",
    "ColdStartPolicy",
    "NoColdStart",
    "PoolPolicy",
    "Pools",
    "cold_start_of",
    "reserved_places",
]

NONE, WAITING, STOPPED, GRADUATED = 0, 1, 2, 3
STATE_NAMES = ("none", "waiting", "stopped", "promoted")

_MEMORY = 200
"""Finished videos a pool remembers for its threshold (assumption)."""
_QUICK = 20
"""Finished videos before the threshold is theirs; until then it is the platform's mean value."""
RESERVED_DRAW = 4_000_000
"""Draw numbers of a request from here on place the kept slots; sources use those below."""


class ColdStartPolicy(ABC):
    """Who gets to see new videos, and the state of all videos in that."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("pool", "state", "open_to_all")
    """Arrays with a row a video."""
    reserved: float
    """share of the places of a slate that is kept for waiting videos"""
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

    def grow(self, rows: int) -> None:
        """Make room for ``rows`` videos."""
        old = len(self.pool)
        if rows > old:
            for name in self.COLUMNS:
                array = getattr(self, name)
                longer = np.zeros((rows, *array.shape[1:]), array.dtype)
                longer[:old] = array
                setattr(self, name, longer)
            self.open_to_all[old:] = 1

    @abstractmethod
    def enter(self, videos: NDArray[np.int64]) -> None:
        """New uploads [N] begin their cold start."""

    @abstractmethod
    def step(
        self,
        counts: NDArray[np.int64],
        weights: NDArray[np.float64],
        watch_weight: float,
        mean_value: float,
    ) -> int:
        """Judge what waits, given the counters [V, F] of the last refresh; how many were promoted.

        Value is measured with the value model's own ``weights`` [A] and that of a second watched;
        ``mean_value`` is that of an impression on the whole platform.
        """


class NoColdStart(ColdStartPolicy):
    """``none``: new videos get no help."""

    reserved = 0.0
    finds_audience = False

    def enter(self, videos: NDArray[np.int64]) -> None:
        """They compete at once."""

    def step(
        self,
        counts: NDArray[np.int64],  # noqa: ARG002
        weights: NDArray[np.float64],  # noqa: ARG002
        watch_weight: float,  # noqa: ARG002
        mean_value: float,  # noqa: ARG002
    ) -> int:
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


class Pools(ColdStartPolicy):
    """``pools``: staged audiences, with promotion on relative thresholds."""

    COLUMNS = (*ColdStartPolicy.COLUMNS, "_entry", "_entry_value")
    finds_audience = True

    def __init__(self, policy: PoolPolicy, rows: int) -> None:
        super().__init__(rows)
        self.policy = policy
        self.reserved = policy.slots
        self._entry = np.zeros(rows, np.int64)
        self._entry_value = np.zeros(rows)
        self._memory = np.zeros((policy.levels, _MEMORY))
        self._finished = np.zeros(policy.levels, np.int64)

    def enter(self, videos: NDArray[np.int64]) -> None:
        """They wait in the first pool."""
        self.pool[videos] = 1
        self.state[videos] = WAITING
        self.open_to_all[videos] = 0
        self.waiting = np.concatenate([self.waiting, videos.astype(np.int32)])

    def step(
        self,
        counts: NDArray[np.int64],
        weights: NDArray[np.float64],
        watch_weight: float,
        mean_value: float,
    ) -> int:
        """Judge the videos whose pool is full; returns how many were promoted."""
        policy = self.policy
        if len(self.waiting) == 0:
            return 0
        judged, promoted = _judge(
            self.waiting, counts, weights, watch_weight, mean_value,
            policy.levels, policy.first, policy.growth, policy.promote,
            self.pool, self.state, self.open_to_all, self._entry, self._entry_value,
            self._memory, self._finished,
        )  # fmt: skip
        if judged:
            self.waiting = self.waiting[self.state[self.waiting] == WAITING]
        return int(promoted)


def _pools(wanted: Any, rows: int) -> Pools:
    numbers = PoolPolicy(
        int(wanted.levels), float(wanted.first), float(wanted.growth), float(wanted.promote),
        float(wanted.slots),
    )  # fmt: skip
    return Pools(numbers, rows)


POLICIES: Final[Mapping[str, Callable[[Any, int], ColdStartPolicy]]] = {
    "none": lambda wanted, rows: NoColdStart(rows),  # noqa: ARG005
    "pools": _pools,
}
"""(settings, rows) -> the policy with room for so many videos, by its name in scenarios."""


def cold_start_of(wanted: Any, rows: int = 0) -> ColdStartPolicy:
    """The policy that the settings ``feed.cold_start`` of a scenario name."""
    return entry_of("cold-start policy", POLICIES, wanted.policy)(wanted, rows)


@njit()
def _total_value(counts, v, weights, watch_weight):
    total = watch_weight * float(counts[v, WATCH_MS]) / 1000.0
    for a in range(weights.size):
        total += weights[a] * float(counts[v, FIRST_ACTION + a])
    return total


@njit()
def _judge(
    waiting, counts, weights, watch_weight, mean_value, levels, first, growth, promote,
    pool, state, open_to_all, entry, entry_value, memory, finished,
):  # fmt: skip
    judged = 0
    promoted = 0
    for i in range(waiting.size):
        if i + ROWS_AHEAD < waiting.size:
            prefetch(counts, waiting[i + ROWS_AHEAD])
        v = waiting[i]
        level = pool[v] - 1
        budget = first
        for _ in range(level):
            budget *= growth
        shown = counts[v, IMPRESSIONS] - entry[v]
        if float(shown) < budget:
            continue
        judged += 1
        total = _total_value(counts, v, weights, watch_weight)
        value = (total - entry_value[v]) / float(shown)
        known = min(finished[level], memory.shape[1])
        threshold = mean_value
        if known >= _QUICK:
            ranked = np.sort(memory[level, :known])
            threshold = ranked[min(int(float(known) * (1.0 - promote)), known - 1)]
        memory[level, finished[level] % memory.shape[1]] = value
        finished[level] += 1
        if value <= threshold or promote <= 0.0:
            state[v] = STOPPED
        elif pool[v] == levels:
            state[v] = GRADUATED
            open_to_all[v] = 1
            promoted += 1
        else:
            pool[v] += 1
            open_to_all[v] = 1
            entry[v] = counts[v, IMPRESSIONS]
            entry_value[v] = total
            promoted += 1
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
