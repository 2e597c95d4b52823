"""The fast engine: a compiled kernel plays a window for all users at once.

Users are split into parts of neighbours, which threads take one after the other. Parts share the
frozen view and write to memory of their own, threads count in whole numbers of their own, so the
number of threads, and who played what, changes no result.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.behaviour.side_by_side import SIDE
from sim.core.counts import IMPRESSIONS, PACKED, WIDTH, unpack
from sim.engine.cards import (
    CARD,
    REEL,
    Arms,
    FeedPlan,
    Rows,
    Scratch,
    new_scratch,
    refresh_cards,
    write_cards,
)
from sim.engine.fold import add_to_window
from sim.engine.judge import FILTERS, REMOVED
from sim.engine.kernel import DONE, FULL_ARENA, FULL_LOG, play
from sim.engine.memory import (
    all_bytes,
    first_bytes,
    new_traits,
)
from sim.engine.platform import Platform, UserCounts
from sim.engine.scorers import Scorers, compiled_steps, new_scorers
from sim.engine.sessions import first_sessions, next_requests, take_slates
from sim.engine.shards import Memory
from sim.engine.state import Tally
from sim.feed.builtin import BuiltinSource, Spaced, TooOld, Value
from sim.feed.compiled import CompiledScore
from sim.feed.pipeline import FOLLOWING, FOR_YOU, SOUND_PAGE, Pipeline
from sim.feed.view import Requests
from sim.machine.aligned import aligned_zeros
from sim.machine.compiled import Settled, njit
from sim.machine.lanes import STEP
from sim.machine.marks import list_below, new_marks
from sim.record.events import EVENT
from sim.record.recorders import EventLog
from sim.scenario import Scenario
from sim.world.state import NOBODY, padded

__all__ = ["FastEngine"]

_LOG_BUFFER = 1 << 16


@dataclass
class _Thread:
    """What a thread works with; nobody else writes to it."""

    scratch: Scratch
    people: NDArray[Any]
    """people [1] SIDE those who are played side by side"""
    events: NDArray[Any]
    """buffer of the event log; empty when none is wanted"""
    logged: NDArray[np.int64]
    """logged [2] events in the buffer, and those that are settled"""
    stages: NDArray[np.int64]
    order: NDArray[np.int64]
    """room for the users of a part who act in a window"""
    waiting: NDArray[np.int64]
    """room for those who wait for the feed when it is outside; else empty"""
    videos: NDArray[np.int32]
    """videos [V, PACKED] counters of a window, cleared while they are merged"""
    touched: NDArray[np.uint64]
    """the videos with counts, as bits (``sim.machine.marks``); cleared with them"""


class FastEngine:
    """Plays windows with the compiled kernel, on so many threads as ``shards``."""

    def __init__(
        self, scenario: Scenario, platform: Platform, pipeline: Pipeline, memory: Memory,
        log: EventLog, shards: int,
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
        self._kernel = Settled(play)
        self._cards, self._reels = np.zeros(0, CARD), np.zeros(0, REEL)
        self._written = 0
        self._threads = [self._new_thread() for _ in range(shards)]
        self._pool = ThreadPoolExecutor(shards - 1) if shards > 1 else None
        self._traits = new_traits(platform.world)
        self._rows = self._all_rows()
        first_sessions(
            platform.behaviour, platform.keys, memory.users, self._traits,
            platform.world.utc_offset_s, memory.next_s,
        )  # fmt: skip

    def _new_thread(self) -> _Thread:
        plan, topics = self._plan, self._platform.world.topics
        most = max(last - first for first, last in self._memory.ranges)
        return _Thread(
            scratch=new_scratch(plan.candidates, plan.slate, padded(topics)),
            people=np.zeros(1, SIDE),
            events=np.empty(_LOG_BUFFER if self._log.wanted else 0, EVENT),
            logged=np.zeros(2, np.int64),
            stages=np.zeros(REMOVED + len(plan.filter), np.int64),
            order=np.empty(most + 1, np.int64),
            # the user's own Python is called once for a batch of requests, all else is compiled
            waiting=np.zeros(1 + most if self._pipeline.needs_python else 0, np.int64),
            videos=np.zeros((0, PACKED), np.int32),
            touched=new_marks(0),
        )

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
        self._update_cards()
        tallies = [self._tally(number) for number in range(len(self._threads))]
        logged = self._play_all(tallies, now)
        window = self._platform.window
        for tally in tallies[1:]:
            add_to_window(tally.videos, tally.touched, window.videos, window.touched)
            window.timeline += tally.timeline.reshape(window.timeline.shape)
            window.followers += tally.followers
            self._log.sums += tally.sums
        before = self._log.impressions
        for chunk in logged:
            self._log.keep(chunk)
        self._log.impressions = before + _impressions(window.timeline)
        if now >= self._end_s:
            self._book_stages()

    def _play_all(self, tallies: list[Tally], end: float) -> Iterator[NDArray[Any]]:
        """Play all parts, each on the thread that is free first; returns the chunks of the log."""
        parts = range(len(self._memory.ranges))
        todo = deque(parts)  # to take from it is one step that threads need no lock for
        chunks: list[list[NDArray[Any]]] = [[] for _ in parts]

        def play_on(thread: _Thread, tally: Tally) -> None:
            while True:
                try:
                    part = todo.popleft()
                except IndexError:
                    return
                chunks[part] = self._play(part, thread, tally, end)

        others = []
        if self._pool is not None:
            helpers = zip(self._threads[1:], tallies[1:], strict=True)
            others = [self._pool.submit(play_on, *helper) for helper in helpers]
        try:
            # this thread plays too: to wake others costs as much as a small window
            play_on(self._threads[0], tallies[0])
        finally:
            todo.clear()  # when it was interrupted the others stop too
        for other in others:
            other.result()
        return chain.from_iterable(chunks)

    def _play(self, part: int, thread: _Thread, tally: Tally, end: float) -> list[NDArray[Any]]:
        """Play one part; returns the chunks of its log."""
        chunks: list[NDArray[Any]] = []
        first, last = self._memory.ranges[part]
        order, waiting = thread.order, thread.waiting
        active = list_below(self._memory.next_s, first, last, end, order)
        self._play_some(part, thread, tally, order, active, end, chunks)
        while len(waiting) and waiting[0]:
            who = np.sort(waiting[1 : 1 + waiting[0]])
            waiting[0] = 0
            self._serve(part, who)
            self._play_some(part, thread, tally, who, len(who), end, chunks)
        if len(waiting) and len(chunks) > 1:
            # users were played in turns; the log has each user's events of a window together
            events = np.concatenate(chunks)
            chunks = [events[np.argsort(events["user"], kind="stable")]]
        return chunks

    def _play_some(
        self, part: int, thread: _Thread, tally: Tally, order: NDArray[np.int64], last: int,
        end: float, chunks: list[NDArray[Any]],
    ) -> None:  # fmt: skip
        """Play the first ``last`` users of ``order``; the kernel gets room whenever it asks."""
        platform, memory = self._platform, self._memory
        view = platform.view
        scorers = new_scorers(self._steps, view) if len(self._steps) else self._no_scorers
        user = 0
        while True:
            user, why = self._kernel(
                self._plan, scorers, self._behaviour, platform.keys, platform.learning,
                platform.bin_s, platform.window.first_bin, self._cards, self._reels, self._arms(),
                self._rows, view.index, view.beliefs, memory.graph, memory.arenas[part],
                memory.users, self._traits, platform.world.utc_offset_s, memory.next_s,
                memory.slates, thread.scratch, thread.people, tally, thread.waiting, order, user,
                last, end,
            )  # fmt: skip
            if scorers.failed[0]:
                self._complain(scorers)
            if why == FULL_ARENA:
                memory.grow(part)
                continue
            if why == FULL_LOG and tally.logged[1] == 0:
                # so many events of few users in one window: rare, unless a refresh takes hours
                thread.events = np.concatenate([tally.events, np.empty_like(tally.events)])
                tally = tally._replace(events=thread.events)
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

    def _serve(self, part: int, who: NDArray[np.int64]) -> None:
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
        rows = memory.slates.shape[1]
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
            platform.world.utc_offset_s, memory.next_s, memory.slates,
            platform.world.videos.creator, memory.graph, memory.arenas[part].data, who, surface,
            video, source, pool, length,
        )  # fmt: skip

    def _tally(self, number: int) -> Tally:
        """Cleared counters of a thread; the first one adds straight to the window's."""
        window, thread = self._platform.window, self._threads[number]
        if number == 0:
            videos, touched = window.videos, window.touched
            timeline, followers = window.timeline, window.followers
            sums = self._log.sums
        else:
            if len(thread.videos) != len(window.videos):
                thread.videos = aligned_zeros(window.videos.shape, np.int32)
                thread.touched = new_marks(len(window.videos))
            videos, touched = thread.videos, thread.touched
            timeline = np.zeros_like(window.timeline)
            followers = np.zeros_like(window.followers)
            sums = np.zeros_like(self._log.sums)
        return Tally(
            videos, touched, timeline.reshape(-1, WIDTH), followers, thread.stages, sums,
            self._memory.counts, thread.events, thread.logged,
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
            for thread in self._threads:
                thread.scratch = thread.scratch._replace(marks=new_marks(rows))
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
        """Sum the threads' stage counters into the platform's."""
        if self._pipeline.needs_python:
            return  # the pipeline books them itself
        total = np.sum([thread.stages for thread in self._threads], axis=0).tolist()
        stages = self._platform.stages
        stages.requests, stages.retrieved, stages.duplicates = total[0], total[1], total[2]
        stages.kept, stages.selected, stages.removed = total[3], total[4], total[REMOVED:]


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
