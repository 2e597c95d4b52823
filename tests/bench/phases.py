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

from sim.behaviour.side_by_side import PEOPLE
from sim.core.random import stream2
from sim.engine.cards import (
    borrowed_arms,
    borrowed_index,
    borrowed_plan,
    borrowed_scratch,
    scratch_of,
)
from sim.engine.judge import RETRIEVED
from sim.engine.scorers import borrowed_scorers, new_scorers
from sim.engine.slate import choose, gather
from sim.feed.belief import Beliefs
from sim.feed.pipeline import FOR_YOU
from sim.machine.aligned import LINE
from sim.machine.borrow import borrow, prefetch, prefetch_at
from sim.machine.compiled import njit
from sim.world.state import NOBODY

__all__ = ["StageTimer"]

_MOST_USERS = 20_000
_LEAST_REQUESTS = 20_000
_LEAST_PASSES = 3
_FAR = 1 << 28
"""Numbers that no request of the run has."""


@njit()
def _requests(
    who, whole, number, key, t, plan, scorers, cards, reels, counts, arms, caption, index, beliefs,
    graph, data, users, slates, scratch, stages,
):  # fmt: skip
    """One request for each user of ``who``; only retrieval and duplicates unless ``whole``."""
    graph, data, cards, users = borrow(graph), borrow(data), borrow(cards), borrow(users)
    stages, who, reels, counts = borrow(stages), borrow(who), borrow(reels), borrow(counts)
    arms, caption = borrowed_arms(arms), borrow(caption)
    beliefs = Beliefs(borrow(beliefs.profile), borrow(beliefs.slot_id), borrow(beliefs.slot_weight))
    slates = borrow(slates)
    plan, scratch, index = borrowed_plan(plan), borrowed_scratch(scratch), borrowed_index(index)
    scorers = borrowed_scorers(scorers)
    done = 0
    # as in the engine, the second halves come when the memory that the first ask for has come
    for first in range(0, who.size, PEOPLE):
        count = min(PEOPLE, who.size - first)
        for j in range(count):
            if first + j + PEOPLE < who.size:
                soon = who[first + j + PEOPLE]
                prefetch(users, soon)
                prefetch(beliefs.profile, soon)
                prefetch(beliefs.slot_id, soon)
                prefetch_at(beliefs.slot_id, soon, LINE)
                prefetch_at(beliefs.slot_id, soon, 2 * LINE)
            u = who[first + j]
            asked = scratch.asked[j]
            asked.user, asked.time_s, asked.stream = u, t, stream2(key, u, number)
            asked.surface, asked.sound = FOR_YOU, NOBODY
            one = scratch_of(scratch, j)
            gather(plan, cards, index, beliefs, graph, data, users, asked, one, stages)
            done += asked.candidates
        for j in range(count if whole else 0):
            choose(
                plan, scorers, cards, reels, counts, arms, caption, beliefs, graph, data, users,
                slates, scratch.asked[j], scratch_of(scratch, j), stages,
            )  # fmt: skip
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
        engine, platform = self._live.engine, self._live.platform
        memory, view, stages = engine._memory, platform.view, engine._threads[0].stages
        changed = (memory.users, memory.slates)
        before = [table[who] for table in changed]
        counted = stages.copy()
        began = time.process_time()
        _requests(
            who, whole, number, platform.keys.request, self._live.env.now, engine._plan,
            new_scorers(engine._steps, view), engine._cards, engine._reels,
            platform.window.videos, engine._arms(), engine._rows.caption, view.index,
            view.beliefs, memory.graph, memory.arenas[0].data, memory.users, memory.slates,
            engine._threads[0].scratch, stages,
        )  # fmt: skip
        took = time.process_time() - began
        retrieved = (stages - counted)[RETRIEVED] / len(who)
        stages[:] = counted
        for table, rows in zip(changed, before, strict=True):
            table[who] = rows
        return took / len(who) * 1e9, float(retrieved)
