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

from sim.behaviour.side_by_side import SIDE
from sim.core.aligned import aligned_zeros
from sim.core.compiled import njit
from sim.core.counts import IMPRESSIONS, PACKED, WIDTH, add_packed, unpack
from sim.core.lanes import STEP
from sim.engine.cards import (
    CARD,
    REEL,
    Arms,
    FeedPlan,
    Rows,
    Scratch,
    new_marks,
    new_scratch,
    refresh_cards,
    write_cards,
)
from sim.engine.judge import FILTERS, REMOVED
from sim.engine.kernel import DONE, FULL_ARENA, FULL_LOG, play
from sim.engine.memory import (
    all_bytes,
    first_bytes,
    new_traits,
)
from sim.engine.platform import Platform, UserCounts
from sim.engine.scorers import Scorers, compiled_steps, new_scorers
from sim.engine.sessions import first_sessions, next_requests, take_slates, who_acts
from sim.engine.shards import Memory
from sim.engine.state import Tally
from sim.feed.builtin import BuiltinSource, Spaced, TooOld, Value
from sim.feed.compiled import CompiledScore
from sim.feed.pipeline import FOLLOWING, FOR_YOU, SOUND_PAGE, Pipeline
from sim.feed.view import Requests
from sim.record.events import EVENT
from sim.record.recorders import EventLog
from sim.scenario import Scenario
from sim.world.state import NOBODY, padded

__all__ = ["FastEngine"]

_LOG_BUFFER = 1 << 16


class FastEngine:
    """Plays windows with the compiled kernel."""

    def __init__(
        self, scenario: Scenario, platform: Platform, pipeline: Pipeline, memory: Memory,
        log: EventLog,
    ) -> None:  # fmt: skip
        self._platform = platform
        self._memory = memory
        self._log = log
        self._pipeline = pipeline
        self._end_s = float(scenario.duration)
        self._steps = compiled_steps(pipeline)
        self._no_scorers = new_scorers(self._steps[:0], platform.view)
        self._plan = _plan(scenario, pipeline)
        if len(self._steps):
            self._plan = self._plan._replace(values=0)  # scores are made step by step
        self._behaviour = np.array([platform.behaviour])
        # the user's own Python is called once for a batch of requests, all else is compiled
        outside = pipeline.needs_python
        shards = len(memory.arenas)
        self._scratch: list[Scratch] = [
            new_scratch(self._plan.candidates, self._plan.slate, padded(platform.world.topics))
            for _ in range(shards)
        ]
        self._people = [np.zeros(1, SIDE) for _ in range(shards)]
        self._events = [np.empty(_LOG_BUFFER if log.wanted else 0, EVENT) for _ in range(shards)]
        self._logged = [np.zeros(2, np.int64) for _ in range(shards)]
        self._stages = [np.zeros(REMOVED + len(self._plan.filter), np.int64) for _ in range(shards)]
        self._cards, self._reels = np.zeros(0, CARD), np.zeros(0, REEL)
        self._written = 0
        self._counters = [np.zeros((0, PACKED), np.int32) for _ in range(shards)]
        self._waiting = [
            np.zeros(1 + last - first if outside else 0, np.int64) for first, last in memory.ranges
        ]
        # a component of the user's own need not be safe in several threads
        self._pool = ThreadPoolExecutor(shards - 1) if shards > 1 and not outside else None
        self._traits = new_traits(platform.world)
        self._rows = self._all_rows()
        first_sessions(
            platform.behaviour, platform.keys, memory.users, self._traits,
            platform.world.utc_offset_s, memory.next_s,
        )  # fmt: skip
        self._order = [np.empty(last - first + 1, np.int64) for first, last in memory.ranges]

    def start(self, env: simpy.Environment) -> None:
        """Nothing to put on the clock: users are played when a window ends."""
        del env

    def follow_counts(self) -> NDArray[np.int32]:
        """follows [U] creators each user follows now."""
        return np.ascontiguousarray(self._memory.users["follow_count"])

    def user_counts(self) -> UserCounts:
        """Counters of all users."""
        users = self._memory.users
        return UserCounts(
            unpack(self._memory.counts), users["session"], users["active_days"],
            users["last_day"], self._platform.view.arm,
        )  # fmt: skip

    def finish_window(self, now: float) -> None:
        """Play all users up to ``now`` and hand over what happened."""
        platform = self._platform
        shards = range(len(self._memory.arenas))
        self._update_cards()
        tallies = [self._tally(shard) for shard in shards]
        if self._pool is None:
            logged = [self._play(shard, tallies[shard], now) for shard in shards]
        else:
            # this thread plays too: to wake others costs as much as a small window
            others = [self._pool.submit(self._play, i, tallies[i], now) for i in shards[1:]]
            logged = [self._play(0, tallies[0], now), *(other.result() for other in others)]
        window = platform.window
        before = self._log.impressions
        for tally, chunks in zip(tallies, logged, strict=True):
            if tally.videos is not window.videos:
                _merge(tally.videos, window.videos, platform.world.videos.count)
                window.timeline += tally.timeline.reshape(window.timeline.shape)
                window.followers += tally.followers
                self._log.sums += tally.sums
            for chunk in chunks:
                self._log.keep(chunk)
        self._log.impressions = before + _impressions(window.timeline)
        if now >= self._end_s:
            self._book_stages()

    def _play(self, shard: int, tally: Tally, end: float) -> list[NDArray[Any]]:
        """Play one shard; returns the chunks of its log."""
        chunks: list[NDArray[Any]] = []
        first, last = self._memory.ranges[shard]
        order = self._order[shard]
        active = who_acts(self._memory.next_s, first, last, end, order)
        self._play_some(shard, tally, order, 0, active, end, chunks)
        waiting = self._waiting[shard]
        while len(waiting) and waiting[0]:
            who = np.sort(waiting[1 : 1 + waiting[0]])
            waiting[0] = 0
            self._serve(who)
            self._play_some(shard, tally, who, 0, len(who), end, chunks)
        if len(waiting) and len(chunks) > 1:
            # users were played in turns; the log has each user's events of a window together
            events = np.concatenate(chunks)
            chunks = [events[np.argsort(events["user"], kind="stable")]]
        return chunks

    def _play_some(
        self, shard: int, tally: Tally, order: NDArray[np.int64], user: int, last: int, end: float,
        chunks: list[NDArray[Any]],
    ) -> None:  # fmt: skip
        """Play some users of a shard, making room whenever the kernel asks for it."""
        platform, memory = self._platform, self._memory
        view = platform.view
        scorers = new_scorers(self._steps, view) if len(self._steps) else self._no_scorers
        while True:
            user, why = play(
                self._plan, scorers, self._behaviour, platform.keys, platform.learning,
                platform.bin_s, platform.window.first_bin, self._cards, self._reels, self._arms(),
                self._rows, view.index, view.beliefs, memory.graph, memory.arenas[shard],
                memory.users, self._traits, platform.world.utc_offset_s, memory.next_s,
                memory.slates, self._scratch[shard], self._people[shard], tally,
                self._waiting[shard], order, user, last, end,
            )  # fmt: skip
            if scorers.failed[0]:
                self._complain(scorers)
            if why == FULL_ARENA:
                memory.grow(shard)
                continue
            if why == FULL_LOG and tally.logged[1] == 0:
                # so many events of few users in one window: rare, unless a refresh takes hours
                self._events[shard] = np.concatenate([tally.events, np.empty_like(tally.events)])
                tally = tally._replace(events=self._events[shard])
                continue
            self._take_events(tally, chunks)
            if why == DONE:
                return

    @staticmethod
    def _take_events(tally: Tally, chunks: list[NDArray[Any]]) -> None:
        """Take the settled events out of the buffer; the others move to its beginning."""
        count, settled = tally.logged.tolist()
        if settled:
            chunks.append(tally.events[:settled].copy())
            tally.events[: count - settled] = tally.events[settled:count].copy()
            tally.logged[:] = count - settled, 0

    def _complain(self, scorers: Scorers) -> None:
        """Raise what a scorer of the user's own has done wrong."""
        scorer = self._pipeline.score[int(scorers.failed[0]) - 1].component
        assert isinstance(scorer, CompiledScore)
        scorer.complain(scorers.told)

    def _serve(self, who: NDArray[np.int64]) -> None:
        """Slates from the Python pipeline for the users who wait; once a batch and surface."""
        platform, memory = self._platform, self._memory
        n = len(who)
        users = who.astype(np.int32)
        time_s, surface = np.empty(n), np.empty(n, np.int8)
        sound, streams = np.empty(n, np.int32), np.empty(n, np.uint64)
        next_requests(
            platform.behaviour, platform.keys, memory.users, memory.next_s, who, time_s, surface,
            sound, streams,
        )  # fmt: skip
        rows = memory.slates.video.shape[1]
        video, length = np.zeros((n, rows), np.int32), np.zeros(n, np.int64)
        source, pool = np.zeros((n, rows), np.int8), np.zeros((n, rows), np.int8)
        # For You comes last: it also serves those whose other surface was empty
        for wanted in (SOUND_PAGE, FOLLOWING, FOR_YOU):
            batch = np.flatnonzero(surface == wanted)
            if len(batch) == 0:
                continue
            slates = self._pipeline.run(
                Requests(users[batch], time_s[batch], surface[batch], sound[batch], streams[batch]),
                platform.view,
                platform.stages,
            )
            video[batch], source[batch] = slates.video, slates.source
            pool[batch], length[batch] = slates.pool, slates.length
            if wanted != FOR_YOU:
                empty = batch[slates.length == 0]
                surface[empty], sound[empty] = FOR_YOU, NOBODY
        take_slates(
            platform.behaviour, platform.keys.session, memory.users, self._traits,
            platform.world.utc_offset_s, memory.next_s, memory.slates, who, surface, video, source,
            pool, length,
        )  # fmt: skip

    def _tally(self, shard: int) -> Tally:
        """Cleared counters of a shard; the first one adds straight to the window's."""
        window = self._platform.window
        if shard == 0:
            videos, timeline, followers = window.videos, window.timeline, window.followers
            sums = self._log.sums
        else:
            # the large array is kept and cleared while it is merged, row by row where it was used
            if len(self._counters[shard]) != len(window.videos):
                self._counters[shard] = aligned_zeros(window.videos.shape, np.int32)
            videos = self._counters[shard]
            timeline = np.zeros_like(window.timeline)
            followers = np.zeros_like(window.followers)
            sums = np.zeros_like(self._log.sums)
        return Tally(
            videos, timeline.reshape(-1, WIDTH), followers, self._stages[shard],
            sums, self._memory.counts, self._events[shard], self._logged[shard],
        )  # fmt: skip

    def _update_cards(self) -> None:
        """Copy what the refresh changed into the cards and reels."""
        platform = self._platform
        videos, view, truth = platform.world.videos, platform.view, platform.world.video_truth
        changed = platform.changed
        rows = len(videos.creator)
        if len(self._cards) < rows:
            self._cards, self._reels = aligned_zeros(rows, CARD), aligned_zeros(rows, REEL)
            self._written = 0
            self._rows = self._all_rows()
            self._scratch = [s._replace(marks=new_marks(rows)) for s in self._scratch]
            changed = np.arange(videos.count, dtype=np.int32)
        if self._written < videos.count:
            write_cards(
                self._cards, self._reels, first_bytes(self._cards), first_bytes(self._reels),
                self._written, videos.count, videos.creator, videos.uploaded_s, videos.duration_s,
                videos.sound, videos.tags, videos.locale, videos.caption, view.creators.user,
                truth.quality, truth.hook, truth.topics,
            )  # fmt: skip
            self._written = videos.count
        refresh_cards(
            self._cards, changed, view.tables.base, view.tables.lift, view.cold.pool,
            view.cold.state, videos.eligible,
        )  # fmt: skip

    def _arms(self) -> Arms:
        view = self._platform.view
        return Arms(view.arm, view.tables.arms)

    def _all_rows(self) -> Rows:
        world = self._platform.world
        dims = padded(world.topics)
        if dims == STEP:
            return Rows(
                all_bytes(self._cards), all_bytes(self._reels), all_bytes(self._traits), dims
            )
        return Rows(world.videos.caption, world.video_truth.topics, world.truth.interests, dims)

    def _book_stages(self) -> None:
        """Sum the shards' stage counters into the platform's."""
        if self._pipeline.needs_python:
            return  # the pipeline books them itself
        total = np.sum(self._stages, axis=0).tolist()
        stages = self._platform.stages
        stages.requests, stages.retrieved, stages.duplicates = total[0], total[1], total[2]
        stages.kept, stages.selected, stages.removed = total[3], total[4], total[REMOVED:]


@njit()
def _merge(counters, into, count):
    """Add a shard's packed counters to others and clear them."""
    for v in range(count):
        if counters[v, IMPRESSIONS] != 0:
            add_packed(into, counters, v)
            counters[v] = 0


@njit()
def _impressions(timeline):
    """Sum of the impressions in counters [T, surfaces, sources, F]."""
    shown = 0
    for cell in timeline.reshape(-1, timeline.shape[3]):
        shown += cell[IMPRESSIONS]
    return shown


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
        filter=np.array([FILTERS.get(f.name, -1) for f in pipeline.filters], np.int64),
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
