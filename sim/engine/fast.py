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

from sim.behaviour.covers import SHOWS_COVERS
from sim.core.counts import IMPRESSIONS, unpack
from sim.core.room import PEOPLE
from sim.core.surfaces import SURFACES
from sim.engine.exchange import new_outbox
from sim.engine.judge import REMOVED
from sim.engine.kernel import DONE, FULL_ARENA, FULL_LOG, play
from sim.engine.layout import LAYOUT, ROOM, SCORERS, WINDOW
from sim.engine.lines import Lines
from sim.engine.memory import AWAY
from sim.engine.moments import MOST_MESSAGES
from sim.engine.plan import plan_of
from sim.engine.platform import Platform
from sim.engine.regret import Regret
from sim.engine.scorers import compiled_steps, tell_places
from sim.engine.scratch import new_scratch
from sim.engine.sessions import first_sessions, next_requests, opened_of, take_slates
from sim.engine.shards import Memory
from sim.engine.tally import FRESH
from sim.engine.window import UserCounts, WindowCounts
from sim.feed.candidate import TOLD
from sim.feed.compiled import CompiledScore
from sim.feed.component import Candidates
from sim.feed.pipeline import FOR_YOU, Pipeline, Slates
from sim.feed.view import Requests
from sim.machine.compiled import Settled, njit
from sim.machine.frame import Frame
from sim.machine.keep import Arrays
from sim.machine.marks import list_below, new_marks
from sim.record.events import EVENT
from sim.record.recorders import EventLog
from sim.scenario import Scenario
from sim.scenario.feed import WEIGHT_NAMES
from sim.world.state import NOBODY, padded

__all__ = ["FastEngine"]

_LOG_BUFFER = 1 << 16


@dataclass
class _Thread:
    """What a thread works with; nobody else writes to it."""

    frame: Frame
    events: NDArray[Any]
    """buffer of the event log; empty when none is wanted"""
    order: NDArray[np.int64]
    """room for the users of a part who act in a window"""
    counts: WindowCounts
    """what it counts in a window; those of the first thread are the window's own"""
    sums: NDArray[np.uint64]
    marks: NDArray[np.uint64]
    """a bit for each video, all clear between requests"""
    versions: dict[int, int]
    """of the tables as they are bound, by their number"""

    def record(self, name: str) -> Any:
        """A record of its frame."""
        return getattr(self.frame, name)


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
        self._kernel = Settled(play)
        self._regret = Regret(platform, float(scenario.record.regret))
        self._lines = Lines(platform)
        plan = plan_of(scenario, pipeline)
        self._threads = [self._new_thread(plan) for _ in range(shards)]
        self._pool = ThreadPoolExecutor(shards - 1) if shards > 1 else None
        self._bind(self._threads[0])
        self._lines.update(self._threads[0].frame)
        first_sessions(self._threads[0].frame.words, 0)

    def _new_thread(self, plan: dict[str, NDArray[Any]]) -> _Thread:
        platform, dims = self._platform, padded(self._platform.world.topics)
        most = max(last - first for first, last in self._memory.ranges)
        room = np.zeros(1, ROOM)
        thread = _Thread(
            frame=Frame(LAYOUT),
            events=np.empty(_LOG_BUFFER if self._log.wanted else 0, EVENT),
            order=np.empty(most + 1, np.int64),
            counts=platform.window.another(),
            sums=np.zeros(2, np.uint64),
            marks=np.zeros(0, np.uint64),
            versions={},
        )
        frame = thread.frame
        frame.bind_all(plan.items())
        frame.bind_all(new_scratch(self._pipeline.candidates, self._pipeline.slate, dims))
        frame.bind_all(platform.constants())
        filters = len(self._pipeline.filters)
        frame.bind_all((
            ("window", np.zeros(1, WINDOW)),
            ("room", room),
            ("seen", room["seen"]),
            ("oracle", np.zeros(1, ROOM)),
            ("worths", np.zeros(self._pipeline.candidates, np.int64)),
            ("who", np.zeros(PEOPLE, np.int64)),
                ("expected", np.zeros((len(WEIGHT_NAMES), PEOPLE))),
            ("steps", compiled_steps(self._pipeline)),
            ("failed", np.zeros(1, np.int64)),
            ("scorers", np.zeros(1, SCORERS)),
            ("told", np.zeros(1, TOLD)),
            ("tally.users", self._memory.counts),
            ("tally.logged", np.zeros(2, np.int64)),
            ("outbox.messages", new_outbox(MOST_MESSAGES if platform.exchange.used else 0)),
            ("outbox.count", np.zeros(1, np.int64)),
            ("stages", np.zeros(REMOVED + filters, np.int64)),
            # the user's own Python is called once for a batch of requests, all else is compiled
            ("waiting", np.zeros(1 + most if self._pipeline.needs_python else 0, np.int64)),
        ))  # fmt: skip
        return thread

    def _bind(self, thread: _Thread) -> None:
        """Bring the thread's frame up to date; what has not moved costs nothing."""
        frame, memory = thread.frame, self._memory
        for number, table in enumerate(self._platform.tables()):
            if thread.versions.get(number) != table.version:
                frame.bind_table(table)
                thread.versions[number] = table.version
        frame.bind_all(self._platform.arrays())
        frame.bind_all(self._lines.arrays())
        frame.bind_all((
            ("users", memory.users), ("next_s", memory.next_s), ("slates", memory.slates),
        ))  # fmt: skip
        videos = len(self._platform.world.videos.creator)
        if 64 * len(thread.marks) <= videos:
            thread.marks = new_marks(videos)
            frame.bind("marks", thread.marks)

    def start(self, env: simpy.Environment) -> None:
        """Nothing to put on the clock: users are played when a window ends."""
        del env

    def refreshed(self) -> None:
        """Call back who is away and would come later; all else is looked at when a window ends."""
        notices, memory = self._platform.notices, self._memory
        who, at_s = notices.who, notices.at_s
        if len(who):
            # whose last video goes on beyond this refresh is not away yet
            away = (memory.users["mode"][who] == AWAY) & np.isfinite(memory.next_s[who])
            away &= notices.left_s[who] < self._platform.view.refreshed_s
            np.minimum.at(memory.next_s, who[away], at_s[away])

    def put_down(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """All state of people, however many threads played them; between two windows only."""
        self._book_stages()
        yield from self._memory.put_down()

    def take_up(self, kept: Arrays) -> None:
        """Become what was put down."""
        self._memory.take_up(kept)
        self._lines = Lines(self._platform)  # what they are copies of is not what it was
        for thread in self._threads:
            self._bind(thread)
        self._lines.update(self._threads[0].frame)

    def end_tests(self) -> None:
        """Let slates that people hold no longer have places of test audiences."""
        slates = self._memory.slates
        slates["pool"][slates["source"] == FRESH] = 0

    def follow_new(self, first_account: int) -> None:
        """Let the followers of accounts that were planted in mid-run follow them."""
        self._memory.follow_new(first_account)

    def follow_counts(self) -> NDArray[np.int32]:
        """follows [U] creators each user follows now."""
        return np.ascontiguousarray(self._memory.users["follow_count"])

    def user_counts(self) -> UserCounts:
        """Counters of all users."""
        users = self._memory.users
        return UserCounts(
            unpack(self._memory.counts), users["session"],
            users["active_days"].astype(np.int32), users["last_day"].astype(np.int32),
            self._platform.view.arm,
        )  # fmt: skip

    def finish_window(self, now: float) -> None:
        """Play all users up to ``now`` and hand over what happened."""
        for number, thread in enumerate(self._threads):
            self._bind(thread)
            self._clear(number, thread, now)
        self._lines.update(self._threads[0].frame)
        for thread in self._threads:
            thread.frame.bind_all(self._lines.arrays())
        logged = self._play_all(now)
        window = self._platform.window
        for thread in self._threads[1:]:
            window.take(thread.counts)
            self._log.sums += thread.sums
        before = self._log.impressions
        for chunk in logged:
            self._log.keep(chunk)
        self._log.impressions = before + _impressions(window.timeline)
        if now >= self._end_s:
            self._book_stages()

    def _play_all(self, end: float) -> Iterator[NDArray[Any]]:
        """Play all parts, each on the thread that is free first; returns the chunks of the log."""
        parts = range(len(self._memory.ranges))
        todo = deque(parts)  # to take from it is one step that threads need no lock for
        chunks: list[list[NDArray[Any]]] = [[] for _ in parts]

        def play_on(thread: _Thread) -> None:
            while True:
                try:
                    part = todo.popleft()
                except IndexError:
                    return
                chunks[part] = self._play(part, thread, end)

        others = []
        if self._pool is not None:
            others = [self._pool.submit(play_on, thread) for thread in self._threads[1:]]
        try:
            # this thread plays too: to wake others costs as much as a small window
            play_on(self._threads[0])
        finally:
            todo.clear()  # when it was interrupted the others stop too
        for other in others:
            other.result()
        return chain.from_iterable(chunks)

    def _play(self, part: int, thread: _Thread, end: float) -> list[NDArray[Any]]:
        """Play one part; returns the chunks of its log."""
        chunks: list[NDArray[Any]] = []
        first, last = self._memory.ranges[part]
        order, waiting = thread.order, thread.record("waiting")
        active = list_below(self._memory.next_s, first, last, end, order)
        self._play_some(part, thread, order, active, chunks)
        while len(waiting) and waiting[0]:
            who = np.sort(waiting[1 : 1 + waiting[0]])
            waiting[0] = 0
            self._serve(thread, who)
            self._play_some(part, thread, who, len(who), chunks)
        if len(waiting) and len(chunks) > 1:
            # users were played in turns; the log has each user's events of a window together
            events = np.concatenate(chunks)
            chunks = [events[np.argsort(events["user"], kind="stable")]]
        return chunks

    def _play_some(
        self, part: int, thread: _Thread, order: NDArray[np.int64], last: int,
        chunks: list[NDArray[Any]],
    ) -> None:  # fmt: skip
        """Play the first ``last`` users of ``order``; the kernel gets room whenever it asks."""
        frame, memory, window = thread.frame, self._memory, thread.record("window")
        frame.bind("order", order)
        frame.bind_all(memory.arena_arrays(part))
        window["place"], window["last"] = 0, last
        while True:
            frame.bind("tally.events", thread.events)
            self._kernel(frame.words)
            self._take_messages(thread)
            failed, logged = int(thread.record("failed")[0]), thread.record("tally").logged
            if failed:
                self._complain(failed, thread)
            why = int(window["why"])
            if why == FULL_ARENA:
                memory.grow(part)
                frame.bind_all(memory.arena_arrays(part))
                continue
            if why == FULL_LOG and logged[1] == 0:
                # so many events of few users in one window: rare, unless a refresh takes hours
                thread.events = np.concatenate([thread.events, np.empty_like(thread.events)])
                continue
            self._take_events(thread.events, logged, chunks)
            if why == DONE:
                return

    def _take_messages(self, thread: _Thread) -> None:
        """Hand over what the outbox holds; in which order threads do so makes no difference."""
        outbox = thread.record("outbox")
        count = int(outbox.count[0])
        if count:
            self._platform.exchange.waiting.append(outbox.messages[:count].copy())
            outbox.count[0] = 0

    @staticmethod
    def _take_events(
        events: NDArray[Any], logged: NDArray[np.int64], chunks: list[NDArray[Any]]
    ) -> None:
        """Take the settled events out of the buffer; the others move to its beginning."""
        count, settled = logged.tolist()
        if settled:
            chunks.append(events[:settled].copy())
            events[: count - settled] = events[settled:count].copy()
            logged[:] = count - settled, 0

    def _complain(self, failed: int, thread: _Thread) -> None:
        """Raise what a scorer of the user's own has done wrong."""
        scorer = self._pipeline.score[failed - 1].component
        assert isinstance(scorer, CompiledScore)
        scorer.complain(np.array([thread.record("told")], TOLD))

    def _serve(self, thread: _Thread, who: NDArray[np.int64]) -> None:
        """Slates from the Python pipeline for the users who wait; once a batch and surface."""
        platform, memory, words = self._platform, self._memory, thread.frame.words
        n = len(who)
        users = who.astype(np.int32)
        time_s, surface = np.empty(n), np.empty(n, np.int8)
        subject, streams = np.empty(n, np.int32), np.empty(n, np.uint64)
        next_requests(words, who, time_s, surface, subject, streams)
        rows = memory.slates.shape[1]
        video, length = np.zeros((n, rows), np.int32), np.zeros(n, np.int64)
        source, pool = np.zeros((n, rows), np.int8), np.zeros((n, rows), np.int8)
        # For You comes last: it also serves those whose other surface was empty
        for wanted in (*range(FOR_YOU + 1, len(SURFACES)), FOR_YOU):
            batch = np.flatnonzero(surface == wanted)
            if len(batch) == 0:
                continue
            slates = self._pipeline.run(
                Requests(
                    users[batch], time_s[batch], surface[batch], subject[batch], streams[batch]
                ),
                platform.view,
                platform.stages,
                self._notice,
            )
            if SHOWS_COVERS[wanted]:
                slates = self._opened(slates, streams[batch], words)
            video[batch], source[batch] = slates.video, slates.source
            pool[batch], length[batch] = slates.pool, slates.length
            if wanted != FOR_YOU:
                empty = batch[slates.length == 0]
                surface[empty], subject[empty] = FOR_YOU, NOBODY
        take_slates(words, who, surface, video, source, pool, length)

    @staticmethod
    def _opened(slates: Slates, streams: NDArray[np.uint64], words: Any) -> Slates:
        """What people open of pages that show covers."""
        for b, (length, stream) in enumerate(zip(slates.length.tolist(), streams, strict=True)):
            opens = opened_of(words, slates.video[b, :length].astype(np.int64), stream)
            kept = int(opens.sum())
            for column in (slates.video, slates.source, slates.pool):
                column[b, :kept] = column[b, :length][opens]
            slates.video[b, kept:] = NOBODY
            slates.length[b] = kept
        return slates

    def _notice(self, requests: Requests, left: Candidates, slates: Slates) -> None:
        """Show some of the slates to the oracle."""
        before = self._memory.counts[requests.user, IMPRESSIONS].astype(np.int64)
        self._regret.note(requests, left, slates, before)

    def _clear(self, number: int, thread: _Thread, now: float) -> None:
        """Clear the counters of a thread; those of the first one are the window's own."""
        window, frame = self._platform.window, thread.frame
        if number == 0:
            thread.counts, thread.sums = window, self._log.sums
        else:
            thread.counts = thread.counts.again(window)
            thread.sums = np.zeros_like(self._log.sums)
        frame.bind_all(thread.counts.arrays())
        frame.bind("tally.sums", thread.sums)
        thread.record("plan")["slots"] = self._platform.view.cold.reserved
        this = thread.record("window")
        this["end_s"], this["bin_s"] = now, self._platform.bin_s
        this["first_bin"], this["number"] = window.first_bin, window.number
        thread.record("failed")[0] = 0
        if len(thread.record("steps")):
            tell_places(thread.record("scorers"), self._platform.view)

    def _book_stages(self) -> None:
        """Move the threads' stage counters into the platform's."""
        if self._pipeline.needs_python:
            return  # the pipeline books them itself
        counters = [thread.record("stages") for thread in self._threads]
        total = np.sum(counters, axis=0).tolist()
        for counter in counters:
            counter[:] = 0
        stages = self._platform.stages
        stages.requests += total[0]
        stages.retrieved += total[1]
        stages.duplicates += total[2]
        stages.kept += total[3]
        stages.selected += total[4]
        stages.removed = [a + b for a, b in zip(stages.removed, total[REMOVED:], strict=True)]


@njit()
def _impressions(timeline):
    """Sum of the impressions in counters [T, surfaces, sources, F]."""
    shown = 0
    for cell in timeline.reshape(-1, timeline.shape[3]):
        shown += cell[IMPRESSIONS]
    return shown
