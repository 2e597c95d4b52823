"""How long the stages of a request take inside the kernel.

They are inlined there and cannot be timed from outside. So small compiled drivers make requests
for people who are in a session, on the state of the run as it is: one driver runs the first stages
alone, the other the whole request. The difference is the rest. Memory is asked for some users
ahead, as the kernel does it.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np

from sim.core.random import stream2
from sim.core.room import PEOPLE
from sim.engine.judge import RETRIEVED
from sim.engine.layout import open_frame
from sim.engine.slate import choose, gather
from sim.feed.pipeline import FOR_YOU
from sim.machine.aligned import LINE
from sim.machine.borrow import prefetch, prefetch_at
from sim.machine.compiled import njit
from sim.world.state import NOBODY

__all__ = ["StageTimer"]

_MOST_USERS = 20_000
_LEAST_REQUESTS = 20_000
_LEAST_PASSES = 3
_FAR = 1 << 28
"""Numbers that no request of the run has."""


@njit()
def _requests(words, who, whole, number, t):
    """One request for each user of ``who``; only retrieval and duplicates unless ``whole``."""
    feed = open_frame(words).feed
    done = 0
    # as in the engine, the second halves come when the memory that the first prefetch has come
    for first in range(0, who.size, PEOPLE):
        count = min(PEOPLE, who.size - first)
        for j in range(count):
            if first + j + PEOPLE < who.size:
                soon = who[first + j + PEOPLE]
                prefetch(feed.users, soon)
                prefetch(feed.beliefs.profile, soon)
                prefetch(feed.beliefs.slot_id, soon)
                prefetch_at(feed.beliefs.slot_id, soon, LINE)
                prefetch_at(feed.beliefs.slot_id, soon, 2 * LINE)
            u = who[first + j]
            asked = feed.asked[j]
            asked.user, asked.time_s = u, t
            asked.stream = stream2(feed.keys.request, u, number)
            asked.surface, asked.subject = FOR_YOU, NOBODY
            gather(feed, j)
            done += asked.candidates
        for j in range(count if whole else 0):
            choose(feed, j)
    return done


class StageTimer:
    """Times requests on the state of a run, and leaves that state as it was."""

    def __init__(self, live: Any) -> None:
        self._live = live
        self.requests = 0

    def compile(self) -> None:
        """Compile, or load from the disk, on any world."""
        self._cpu_ns(True, 0, np.zeros(1, np.int64))

    def sample(self) -> dict[str, float]:
        """CPU ns for {retrieve, rank} of a request, at the mean of ``retrieved`` candidates."""
        users = self._live.engine._memory.users
        first, last = self._live.engine._memory.ranges[0]
        who = first + np.flatnonzero(users["mode"][first:last] == 1).astype(np.int64)
        if len(who) == 0:
            raise RuntimeError("nobody is in a session; let the run lead in for longer")
        who = who[:: max(1, -(-len(who) // _MOST_USERS))]
        passes = max(_LEAST_PASSES, _LEAST_REQUESTS // len(who))
        part, full = [], []
        for number in range(passes):
            part.append(self._cpu_ns(False, _FAR + number, who)[0])
            ns, retrieved = self._cpu_ns(True, 2 * _FAR + number, who)
            full.append(ns)
        retrieve = statistics.median(part)
        return {
            "retrieve": retrieve,
            "rank": statistics.median(full) - retrieve,
            "retrieved": retrieved,
        }

    def _cpu_ns(self, whole: bool, number: int, who: Any) -> tuple[float, float]:
        """(CPU ns, candidates) a request."""
        engine = self._live.engine
        memory, thread = engine._memory, engine._threads[0]
        engine._bind(thread)
        stages = thread.record("stages")
        changed = (memory.users, memory.slates)
        before = [table[who] for table in changed]
        counted = stages.copy()
        began = time.process_time()
        _requests(thread.frame.words, who, whole, number, self._live.env.now)
        took = time.process_time() - began
        retrieved = (stages - counted)[RETRIEVED] / len(who)
        stages[:] = counted
        for table, rows in zip(changed, before, strict=True):
            table[who] = rows
        return took / len(who) * 1e9, float(retrieved)
