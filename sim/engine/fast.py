"""The fast engine: a compiled kernel plays a window for all users at once.

Users are split into shards of neighbours, one thread each. Shards share the frozen view and
write to memory of their own, so their number changes no result.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.core.counts import WIDTH
from sim.engine.kernel import DONE, FULL_ARENA, FULL_LOG, People, Tally, first_sessions, play
from sim.engine.memory import (
    Arena,
    UserState,
    follow_row,
    grown_arena,
    has_seen,
    new_arena,
    new_users,
)
from sim.engine.platform import Platform
from sim.engine.slate import FILTERS, REMOVED, FeedPlan, Scratch, Videos, new_scratch
from sim.feed.builtin import BuiltinSource, Spaced, TooOld, Value
from sim.feed.pipeline import Pipeline
from sim.record.events import EVENT
from sim.record.recorders import EventLog
from sim.scenario import Scenario
from sim.world.state import World

__all__ = ["FastEngine", "Memory"]

_LOG_BUFFER = 1 << 16
_ARENA_LEAST = 1 << 16


class Memory:
    """Users' state and sets; also what the feed may ask of them."""

    def __init__(self, world: World, slate: int, shards: int) -> None:
        self.users: UserState = new_users(world.users, slate, world.follows)
        self.graph = world.follows.creator
        bounds = np.linspace(0, world.users, shards + 1).astype(np.int64)
        self.ranges = [(int(a), int(b)) for a, b in zip(bounds[:-1], bounds[1:], strict=True)]
        self.arenas: list[Arena] = [new_arena(_ARENA_LEAST) for _ in range(shards)]

    def _arena(self, user: int) -> Arena:
        for (first, last), arena in zip(self.ranges, self.arenas, strict=True):
            if first <= user < last:
                return arena
        raise IndexError(user)

    def contains(self, users: NDArray[np.int32], videos: NDArray[np.int32]) -> NDArray[np.bool_]:
        """[B, K] whether user b was shown video [b, k] before."""
        state = self.users
        found = np.zeros(videos.shape, bool)
        for b, u in enumerate(users.tolist()):
            data = self._arena(u).data
            start, size = int(state.seen_start[u]), int(state.seen_size[u])
            found[b] = [v >= 0 and has_seen(data, start, size, v) for v in videos[b].tolist()]
        return found

    def of(self, user: int) -> NDArray[np.int32]:
        """Creators that ``user`` follows, in the order of following."""
        return np.array(follow_row(self._arena(user), self.graph, self.users, user))

    def grow(self, shard: int) -> None:
        """Double the arena of a shard."""
        arena = self.arenas[shard]
        self.arenas[shard] = grown_arena(arena, 2 * len(arena.data))


class FastEngine:
    """Plays windows with the compiled kernel."""

    def __init__(
        self, scenario: Scenario, platform: Platform, pipeline: Pipeline, memory: Memory,
        log: EventLog,
    ) -> None:  # fmt: skip
        self._platform = platform
        self._memory = memory
        self._log = log
        self._plan = _plan(scenario, pipeline)
        world = platform.world
        shards = len(memory.arenas)
        self._scratch: list[Scratch] = [
            new_scratch(self._plan.candidates, self._plan.slate) for _ in range(shards)
        ]
        self._events = [np.empty(_LOG_BUFFER if log.wanted else 0, EVENT) for _ in range(shards)]
        self._stages = [np.zeros(REMOVED + len(self._plan.filter), np.int64) for _ in range(shards)]
        self._tallies: list[Tally] = []
        self._pool = ThreadPoolExecutor(shards) if shards > 1 else None
        for first, last in memory.ranges:
            first_sessions(
                platform.behaviour, platform.keys, self._people(), memory.users, first, last
            )
        del world

    def start(self, env: simpy.Environment) -> None:
        """Nothing to put on the clock: users are played when a window ends."""
        del env

    def follow_counts(self) -> NDArray[np.int32]:
        """follows [U] creators each user follows now."""
        return self._memory.users.follow_count

    def finish_window(self, now: float) -> None:
        """Play all users up to ``now`` and hand over what happened."""
        platform = self._platform
        shards = range(len(self._memory.arenas))
        tallies = [self._tally(shard) for shard in shards]
        if self._pool is None:
            logged = [self._play(0, tallies[0], now)]
        else:
            logged = list(self._pool.map(lambda i: self._play(i, tallies[i], now), shards))
        window = platform.window
        before = self._log.impressions
        for tally, chunks in zip(tallies, logged, strict=True):
            if tally.videos is not window.videos:
                window.videos += tally.videos
                window.timeline += tally.timeline
                window.followers += tally.followers
            self._log.sums += tally.sums
            for chunk in chunks:
                self._log.keep(chunk)
        shown = int(window.timeline[..., 0].sum())
        self._log.impressions = before + shown
        self._book_stages()

    def _play(self, shard: int, tally: Tally, end: float) -> list[NDArray[Any]]:
        """Play one shard; returns the chunks of its log."""
        platform, memory = self._platform, self._memory
        user, last = memory.ranges[shard]
        people, videos = self._people(), self._videos()
        index = platform.view.index
        chunks: list[NDArray[Any]] = []
        while True:
            user, why = play(
                self._plan, platform.behaviour, platform.keys, platform.learning, platform.bin_s,
                platform.window.first_bin, videos, people, index, platform.view.beliefs,
                memory.graph, memory.arenas[shard], memory.users, self._scratch[shard], tally,
                user, last, end,
            )  # fmt: skip
            if why == FULL_ARENA:
                memory.grow(shard)
            elif why == FULL_LOG or why == DONE:
                count = int(tally.logged[0])
                if count:
                    chunks.append(tally.events[:count].copy())
                    tally.logged[0] = 0
            if why == DONE:
                return chunks

    def _tally(self, shard: int) -> Tally:
        """Cleared counters of a shard; a single shard adds straight to the window's."""
        platform = self._platform
        window, users = platform.window, platform.users
        if len(self._memory.arenas) == 1:
            videos, timeline, followers = window.videos, window.timeline, window.followers
        else:
            videos = np.zeros((len(window.videos), WIDTH), np.int64)
            timeline = np.zeros_like(window.timeline)
            followers = np.zeros_like(window.followers)
        return Tally(
            videos, timeline, followers, self._stages[shard], np.zeros(2, np.uint64),
            users.counts, users.watch_ms, users.active_days, users.last_day,
            self._events[shard], np.zeros(1, np.int64),
        )  # fmt: skip

    def _people(self) -> People:
        world = self._platform.world
        truth, videos = world.truth, world.video_truth
        return People(
            truth.interests, truth.generosity, truth.patience, truth.activity, truth.chronotype,
            world.accounts.locale, world.utc_offset_s, videos.topics, videos.quality, videos.hook,
        )  # fmt: skip

    def _videos(self) -> Videos:
        platform = self._platform
        videos, view = platform.world.videos, platform.view
        return Videos(
            videos.creator, videos.uploaded_s, videos.duration_s, videos.sound, videos.tags,
            videos.caption, videos.locale, videos.eligible, view.tables.base, view.tables.lift,
            view.cold.pool, view.cold.state, view.creators.user,
        )  # fmt: skip

    def _book_stages(self) -> None:
        """Sum the shards' stage counters into the platform's."""
        total = np.sum(self._stages, axis=0).tolist()
        stages = self._platform.stages
        stages.requests, stages.retrieved, stages.duplicates = total[0], total[1], total[2]
        stages.kept, stages.selected, stages.removed = total[3], total[4], total[REMOVED:]
        self._platform.users.sessions[:] = self._memory.users.session


def _plan(scenario: Scenario, pipeline: Pipeline) -> FeedPlan:
    """The pipeline as numbers for the kernel."""
    built_in = [
        (code, count)
        for named, code, count in pipeline.sources
        if isinstance(named.component, BuiltinSource)
    ]
    select = pipeline.select.component
    spaced = select if isinstance(select, Spaced) else Spaced(0, 0, 0.0)
    return FeedPlan(
        source=np.array([code for code, _ in built_in], np.int64),
        quota=np.array([count for _, count in built_in], np.int64),
        filter=np.array([FILTERS[f.name] for f in pipeline.filters], np.int64),
        max_age=np.array(
            [f.component.max_age if isinstance(f.component, TooOld) else np.inf
             for f in pipeline.filters]
        ),
        candidates=pipeline.candidates,
        slate=pipeline.slate,
        topics=scenario.population.topics,
        slots=spaced.slots,
        creator_gap=spaced.creator_gap,
        sound_gap=spaced.sound_gap,
        values=sum(isinstance(s.component, Value) for s in pipeline.score),
    )  # fmt: skip
