"""The reference engine: one SimPy process a user. Plain, slow, and the definition of correct."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from math import floor
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.behaviour.covers import SHOWS_COVERS, opened
from sim.core.actions import ACTIONS, bit
from sim.core.counts import (
    FIRST_ACTION,
    FOLLOWERS,
    IMPRESSIONS,
    PART_COUNTS,
    REACH,
    VIEWS,
    WATCH_MS,
    WIDTH,
    pack,
)
from sim.core.random import stream2
from sim.engine.clock import delay_until
from sim.engine.exchange import new_outbox
from sim.engine.layout import LAYOUT, ROOM, open_frame
from sim.engine.moments import MOST_MESSAGES, one_by_one, one_person
from sim.engine.platform import Platform
from sim.engine.regret import Regret
from sim.engine.tally import FRESH
from sim.engine.ways import in_turn, view_of
from sim.engine.window import UserCounts
from sim.feed import percentile
from sim.feed.cold_start import WORTH_ONE
from sim.feed.component import Candidates
from sim.feed.control import CONTROL
from sim.feed.percentile import RANK_ONE, RANKED, TEST
from sim.feed.pipeline import FOR_YOU, Pipeline, Slates
from sim.feed.plain.percentile import time_cells
from sim.feed.view import Requests
from sim.machine.compiled import Settled, njit
from sim.machine.frame import Frame
from sim.machine.marks import mark_all
from sim.record.events import EVENT
from sim.record.recorders import EventLog
from sim.world.state import NOBODY, FollowGraph

__all__ = ["After", "BlockSets", "FollowLists", "ReferenceEngine", "SeenSets", "Shown"]

_FOLLOW, _UNFOLLOW = bit("follow"), bit("unfollow")

Life = Generator[simpy.Event, Any, None]

_open, _come, _rest = one_person("open"), one_person("come"), one_person("rest")
_STEPS = one_by_one()
_COMPILED = [step for step in _STEPS if hasattr(step, "py_func")]
_first, _second, _third = [*_COMPILED, in_turn(()), in_turn(()), in_turn(())][:3]
assert len(_COMPILED) <= 3, "give each further stretch of compiled functions an entry below"


@njit()
def _play_open(words):
    """What the person in place 0 opens."""
    frame = open_frame(words)
    _open(frame, frame.behaviour, frame.room, 0)


@njit()
def _play_come(words):
    """A session of the person in place 0 begins."""
    frame = open_frame(words)
    _come(frame, frame.behaviour, frame.room, 0)


@njit()
def _play_rest(words):
    """A session of the person in place 0 is over."""
    frame = open_frame(words)
    _rest(frame, frame.behaviour, frame.room, 0)


@njit()
def _play_first(words):
    """The first stretch of compiled functions, for the person in place 0."""
    frame = open_frame(words)
    _first(frame, frame.behaviour, frame.room, 0)


@njit()
def _play_second(words):
    """The second stretch."""
    frame = open_frame(words)
    _second(frame, frame.behaviour, frame.room, 0)


@njit()
def _play_third(words):
    """The third stretch."""
    frame = open_frame(words)
    _third(frame, frame.behaviour, frame.room, 0)


@dataclass
class Shown:
    """Where the impression happened that is played now."""

    surface: int = 0
    source: int = 0
    pool: int = 0
    ago: int = 0
    """refreshes since the slate was made"""
    controls: bool = False
    """whether the slate has controls"""


class After(NamedTuple):
    """How it goes on after an impression."""

    watch_s: float
    leaves: bool
    gap_s: float
    turns: int
    """the page that is opened next, or NOBODY"""
    about: int


class SeenSets:
    """Which videos each user was shown: one Python set a user."""

    def __init__(self, users: int) -> None:
        self._seen: list[set[int]] = [set() for _ in range(users)]

    def contains(self, users: NDArray[np.int32], videos: NDArray[np.int32]) -> NDArray[np.bool_]:
        """[B, K] whether user b was shown video [b, k] before."""
        return np.array(
            [
                [v in self._seen[u] for v in row]
                for u, row in zip(users.tolist(), videos.tolist(), strict=True)
            ],
            bool,
        ).reshape(videos.shape)

    def add(self, user: int, video: int) -> bool:
        """Note an impression; True when it is the first of this video for this user."""
        first = video not in self._seen[user]
        self._seen[user].add(video)
        return first


class BlockSets:
    """Whom each user has blocked: one Python set a user."""

    def __init__(self, users: int) -> None:
        self._blocked: list[set[int]] = [set() for _ in range(users)]

    def blocked(self, users: NDArray[np.int32], creators: NDArray[np.int32]) -> NDArray[np.bool_]:
        """[B, K] whether user b has blocked creator [b, k]."""
        rows = zip(users.tolist(), creators.tolist(), strict=True)
        found = [[c in self._blocked[u] for c in row] for u, row in rows]
        return np.array(found, bool).reshape(creators.shape)

    def add(self, user: int, creator: int) -> None:
        """``user`` blocks ``creator``."""
        self._blocked[user].add(creator)


class FollowLists:
    """Whom each user follows: one Python list a user."""

    def __init__(self, graph: FollowGraph) -> None:
        self._lists = [
            graph.creator[graph.start[u] : graph.start[u + 1]].tolist()
            for u in range(len(graph.start) - 1)
        ]

    def of(self, user: int) -> NDArray[np.int32]:
        """Creators that ``user`` follows, in the order of following."""
        return np.array(self._lists[user], np.int32)

    def has(self, user: int, creator: int) -> bool:
        """Whether ``user`` follows ``creator``."""
        return creator in self._lists[user]

    def add(self, user: int, creator: int) -> None:
        """``user`` starts to follow ``creator``."""
        self._lists[user].append(creator)

    def remove(self, user: int, creator: int) -> None:
        """``user`` no longer follows ``creator``."""
        self._lists[user].remove(creator)

    def count(self, user: int) -> int:
        """How many creators ``user`` follows."""
        return len(self._lists[user])


class ReferenceEngine:
    """Users as processes on the SimPy clock."""

    def __init__(
        self, platform: Platform, pipeline: Pipeline, seen: SeenSets, follows: FollowLists,
        log: EventLog,
    ) -> None:  # fmt: skip
        self._platform = platform
        self._pipeline = pipeline
        self._seen = seen
        self._follows = follows
        self._log = log
        self._requests = np.zeros(platform.world.users, np.int64)
        self._users = UserCounts.zeros(platform.world.users, platform.view.arm)
        self._shown = Shown()
        self._journal: list[tuple[Any, ...]] = []
        self._beside: list[int] = []
        self._guesses: list[int] = []
        self._matches: list[int] = []
        self._by_followers: list[bool] = []
        self._frame = self._new_frame()
        self._regret = Regret(platform, float(platform.scenario.record.regret))
        self._steps = self._all_steps()
        self._play_open = Settled(_play_open)
        self._away_until: dict[int, float] = {}
        self._woken: dict[int, simpy.Event] = {}
        self._play_come, self._play_rest = Settled(_play_come), Settled(_play_rest)

    def _new_frame(self) -> Any:
        """The tables of the platform, and what the plain functions look for beside them."""
        frame: Any = Frame(LAYOUT)
        room = np.zeros(1, ROOM)
        frame.bind_all((
            ("room", room), ("seen", room["seen"]),
            ("outbox.messages", new_outbox(MOST_MESSAGES, 1)),
            ("outbox.count", np.zeros(1, np.int64)),
        ))  # fmt: skip
        frame.bind_all(self._platform.constants())
        self._bind(frame)
        frame.room = _named(room)
        frame.seen = frame.feed.seen = frame.room.seen
        frame.exposures, frame.follows = self._seen, self._follows
        frame.blocks = self._platform.view.blocks
        frame.people_counts = self._users.counts
        frame.shown, frame.journal = self._shown, self._journal
        frame.beside, frame.guesses = self._beside, self._guesses
        frame.matches, frame.by_followers = self._matches, self._by_followers
        return frame

    def _all_steps(self) -> list[Callable[[], None]]:
        """What happens in an impression, function by function, each ready to be called."""
        frame, entries = self._frame, iter((_play_first, _play_second, _play_third))
        p, room = frame.behaviour, frame.room
        arguments = {
            "world": (frame.world, p, room, 0), "feed": (frame.feed, room.seen, 0),
            "frame": (frame, p, room, 0),
        }  # fmt: skip
        steps: list[Callable[[], None]] = []
        for step in _STEPS:
            if hasattr(step, "py_func"):
                steps.append(partial(Settled(next(entries)), frame.words))
            else:
                steps.append(partial(step, *arguments[view_of(step)]))
        return steps

    def start(self, env: simpy.Environment) -> None:
        """Put all users on the clock."""
        for user in range(self._platform.world.users):
            env.process(self._live(env, user))

    def follow_counts(self) -> NDArray[np.int32]:
        """follows [U] creators each user follows now."""
        users = range(self._platform.world.users)
        return np.array([self._follows.count(u) for u in users], np.int32)

    def user_counts(self) -> UserCounts:
        """Counters of all users."""
        return self._users

    def finish_window(self, now: float) -> None:
        """Hand over what happened since the last refresh."""
        del now
        events = np.array(self._journal, EVENT)
        self._journal.clear()
        self._note_parts(events)
        self._note_controls(events)
        self._note_guesses(events)
        # one user's events are in order of time already; a stable sort keeps that
        events = events[np.argsort(events["user"], kind="stable")]
        self._log.add(events)
        window = self._platform.window
        rows = _counter_rows(events)
        videos = np.zeros((len(window.videos), WIDTH), np.int64)
        np.add.at(videos, events["video"], rows)
        window.videos += pack(videos)
        mark_all(window.touched, events["video"])
        cells = time_cells(events, self._platform.world.videos.duration_s, _filled(events))
        ranks = self._platform.view.ranks[cells].astype(np.int64)
        np.add.at(window.times, cells, 1)
        np.add.at(window.percentiles, events["video"], ranks)
        self._note_tests(events, ranks)
        bins = np.floor(events["time_s"] / self._platform.bin_s).astype(np.int64) - window.first_bin
        np.add.at(window.timeline, (bins, events["surface"], events["source"]), rows)
        for action, one in ((_FOLLOW, 1), (_UNFOLLOW, -1)):
            new = events[(events["actions"] & action) != 0]["video"]
            np.add.at(window.followers, self._platform.world.videos.creator[new], one)

    def _note_parts(self, events: NDArray[Any]) -> None:
        """Count what was not on For You by surface, and what followers were shown."""
        by_followers = np.array(self._by_followers, bool)
        self._by_followers.clear()
        other = events["surface"] != FOR_YOU
        for which, part in ((other, events["surface"][other]), (by_followers, FOLLOWERS)):
            shown = events[which]
            first = np.int64(part) * len(PART_COUNTS)
            for column, counted in enumerate((1, shown["views"], shown["first"])):
                np.add.at(
                    self._platform.window.elsewhere, (shown["video"], first + column), counted
                )

    def _note_controls(self, events: NDArray[Any]) -> None:
        """Count what people did with slates that have controls."""
        rows = np.array(self._beside, np.int64)
        self._beside.clear()
        some = rows != NOBODY
        matches = np.array(self._matches, np.int64)
        self._matches.clear()
        counts = np.column_stack([_counter_rows(events), matches])
        np.add.at(self._platform.window.control, rows[some], counts[some])

    def _note_guesses(self, events: NDArray[Any]) -> None:
        """Sum up what was expected, and what was done, where chance decided."""
        guesses = np.array(self._guesses, np.int64)
        self._guesses.clear()
        unranked = _filled(events) != RANKED
        guesses, actions = guesses[unranked], events["actions"][unranked]
        cells = time_cells(events, self._platform.world.videos.duration_s, _filled(events))
        ranks = self._platform.view.ranks[cells[unranked]].astype(np.int64)
        done = (actions[:, None].astype(np.int64) >> np.arange(len(ACTIONS))) & 1
        moments = [len(guesses), guesses.sum(), (guesses**2).sum()]
        self._platform.window.guesses += np.concatenate(
            [moments, done.sum(0), guesses @ done, [ranks.sum(), guesses @ ranks]]
        )

    def _note_tests(self, events: NDArray[Any], ranks: NDArray[np.int64]) -> None:
        """Add what test audiences did: impressions in places that are kept for waiting videos.

        ``ranks`` [N] are the watch percentiles, in 1 / RANK_ONE.
        """
        *weights, of_second, of_percentile = self._platform.weights.tolist()
        tested = (events["source"] == FRESH) & (events["pool"] > 0)
        for event, rank in zip(events[tested], ranks[tested].tolist(), strict=True):
            worth = of_second * (float(event["watch_ms"]) / 1000.0)
            worth += of_percentile * (rank / RANK_ONE)
            for a, weight in enumerate(weights):
                worth += weight if (int(event["actions"]) >> a) & 1 else 0.0
            row = self._platform.window.tests[event["video"]]
            row += (1, floor(worth * WORTH_ONE + 0.5))

    def refreshed(self) -> None:
        """Look at what the refresh has moved, and call back who is away and would come later."""
        self._bind(self._frame)
        notices = self._platform.notices
        for user, at in zip(notices.who.tolist(), notices.at_s.tolist(), strict=True):
            if self._away_until.get(user, -np.inf) > at:
                self._away_until[user] = at
                self._woken[user].succeed()
                self._woken[user] = self._woken[user].env.event()

    def _bind(self, frame: Frame) -> None:
        for table in self._platform.tables():
            frame.bind_table(table)
        frame.bind_all(self._platform.arrays())

    # ---- one user ---------------------------------------------------------------------------

    def _live(self, env: simpy.Environment, user: int) -> Life:
        """Come, watch, leave, and come again."""
        session, videos = 0, 0
        joined_s = float(self._platform.world.accounts.joined_s[user])
        yield env.timeout(joined_s)
        while True:
            rest_s = self._rest(user, session, videos, env.now)
            if session == 0 and joined_s > 0.0:
                rest_s = 0.0  # who opens an account watches at once
            if rest_s == np.inf:
                return
            yield from self._away(env, user, env.now + rest_s)
            session += 1
            self._note_session(user, env.now)
            videos = yield from self._session(env, user)

    def _away(self, env: simpy.Environment, user: int, until: float) -> Life:
        """Do something else until then, or until a notification calls."""
        self._away_until[user], self._woken[user] = until, env.event()
        while env.now < self._away_until[user]:
            delay = delay_until(env.now, self._away_until[user])
            yield env.timeout(delay) | self._woken[user]
        del self._away_until[user], self._woken[user]

    def _rest(self, user: int, session: int, videos: int, now: float) -> float:
        """Seconds from a session with so many videos to the next one."""
        room = self._frame.room
        room.seen.user[0], room.seen.time_s[0] = user, now
        room.stream[0] = stream2(self._platform.keys.session, user, session)
        room.videos[0] = videos
        self._play_rest(self._frame.words)
        return float(room.rest_s[0])

    def _session(self, env: simpy.Environment, user: int) -> Generator[simpy.Event, Any, int]:
        """Slate after slate, until the user leaves or nothing can be shown; how many videos."""
        videos = 0
        opens, subject = NOBODY, NOBODY
        while True:
            surface, slate = self._open(user, env.now, opens, subject)
            asked = self._platform.window.number
            controls = any(source == CONTROL for _, source, _ in slate)
            opens, subject = NOBODY, NOBODY
            if not slate:
                return videos
            while slate:
                video, source, pool = slate.pop(0)
                videos += 1
                ago = self._platform.window.number - asked
                shown = Shown(surface, source, pool, ago, controls)
                after = self._impression(env.now, user, video, videos, shown, slate)
                yield env.timeout(after.watch_s)
                if after.leaves:
                    return videos
                yield env.timeout(after.gap_s)
                if after.turns != NOBODY:
                    opens, subject = after.turns, after.about
                    break

    def _open(
        self, user: int, now: float, opens: int, subject: int
    ) -> tuple[int, list[tuple[int, int, int]]]:
        """Choose a surface and request a slate; an empty one falls back to For You."""
        self._requests[user] += 1
        number = int(self._requests[user])
        room = self._frame.room
        seen = room.seen
        seen.user[0], seen.time_s[0] = user, now
        room.opens[0], room.subject[0] = opens, subject
        room.follows[0] = self._follows.count(user)
        room.stream[0] = stream2(self._platform.keys.surface, user, number)
        self._play_open(self._frame.words)
        surface, subject = int(room.opens[0]), int(room.subject[0])
        slate = self._request(user, now, surface, subject, number)
        if not slate and surface != FOR_YOU:
            surface = FOR_YOU
            slate = self._request(user, now, surface, NOBODY, number)
        return surface, slate

    def _request(
        self, user: int, now: float, surface: int, subject: int, number: int
    ) -> list[tuple[int, int, int]]:
        """One feed request: (video, source, pool) of each place of the slate."""
        platform = self._platform
        requests = Requests(
            np.array([user], np.int32), np.array([now]), np.array([surface], np.int8),
            np.array([subject], np.int32),
            np.array([stream2(platform.keys.request, user, number)], np.uint64),
        )  # fmt: skip
        slates = self._pipeline.run(requests, platform.view, platform.stages, self._notice)
        n = int(slates.length[0])
        if SHOWS_COVERS[surface]:
            return self._opened(slates, n, requests.stream[0])
        return list(
            zip(
                slates.video[0, :n].tolist(), slates.source[0, :n].tolist(),
                slates.pool[0, :n].tolist(), strict=True,
            )
        )  # fmt: skip

    def _opened(self, slates: Slates, n: int, stream: np.uint64) -> list[tuple[int, int, int]]:
        """(video, source, pool) of what is opened of a page that shows covers."""
        videos = self._platform.world.videos
        found = []
        for i in range(n):
            v = int(slates.video[0, i])
            luck = int(videos.luck[v])
            if opened(self._platform.behaviour, float(videos.cover[v]), stream, luck):
                found.append((v, int(slates.source[0, i]), int(slates.pool[0, i])))
        return found

    def _notice(self, requests: Requests, left: Candidates, slates: Slates) -> None:
        """Show some of the slates to the oracle."""
        before = self._users.counts[requests.user, IMPRESSIONS]
        self._regret.note(requests, left, slates, before)

    def _impression(
        self, now: float, user: int, video: int, videos: int, shown: Shown,
        left: list[tuple[int, int, int]],
    ) -> After:  # fmt: skip
        """What the user does with one video, and what both sides remember of it.

        ``left`` is the rest of the slate, of which a block takes some away.
        """
        room, self._frame.left = self._frame.room, left
        seen = room.seen
        seen.user[0], seen.video[0], seen.time_s[0] = user, video, now
        room.videos[0] = videos
        vars(self._shown).update(vars(shown))
        for step in self._steps:
            step()
        self._note_impression(user, seen)
        self._post()
        return After(
            int(seen.watch_ms[0]) / 1000.0, bool(room.leaves[0]), float(room.gap_s[0]),
            int(room.turns[0]), int(room.about[0]),
        )  # fmt: skip

    def _post(self) -> None:
        """Hand over what was written to others."""
        outbox = self._frame.outbox
        count = int(outbox.count[0])
        if count:
            self._platform.exchange.waiting.append(outbox.messages[:count].copy())
            outbox.count[0] = 0

    def _note_impression(self, user: int, seen: Any) -> None:
        row, actions = self._users.counts[user], int(seen.actions[0])
        row[IMPRESSIONS] += 1
        row[VIEWS] += int(seen.views[0])
        row[REACH] += int(seen.first[0])
        for a in range(WIDTH - FIRST_ACTION):
            row[FIRST_ACTION + a] += (actions >> a) & 1
        row[WATCH_MS] += int(seen.watch_ms[0])

    def _note_session(self, user: int, now: float) -> None:
        users = self._users
        users.sessions[user] += 1
        day = int(np.floor(now / 86_400.0))
        if day != users.last_day[user]:
            users.last_day[user] = day
            users.active_days[user] += 1
        room = self._frame.room
        room.seen.user[0], room.seen.time_s[0] = user, now
        self._play_come(self._frame.words)


def _named(rows: NDArray[Any]) -> SimpleNamespace:
    """The lanes of the first of ``rows`` by their names, nested ones too: the same memory.

    A record of NumPy gives the same, but looks its type up for every name that it is asked for,
    and the plain functions ask some forty times an impression.
    """
    kinds = {name: rows.dtype[name] for name in rows.dtype.names or ()}
    assert all(kind.names or kind.shape for kind in kinds.values()), "a number would be a copy"
    return SimpleNamespace(
        **{
            name: _named(rows[name]) if kind.names else rows[name][0]
            for name, kind in kinds.items()
        }
    )


def _counter_rows(events: NDArray[Any]) -> NDArray[np.int64]:
    """[N, F] what each event adds to the counters."""
    rows = np.zeros((len(events), WIDTH), np.int64)
    rows[:, IMPRESSIONS] = 1
    rows[:, VIEWS] = events["views"]
    rows[:, WATCH_MS] = events["watch_ms"]
    rows[:, REACH] = events["first"]
    for a in range(WIDTH - FIRST_ACTION):
        rows[:, FIRST_ACTION + a] = (events["actions"] >> a) & 1
    return rows


def _filled(events: NDArray[Any]) -> NDArray[np.int64]:
    """What filled the place of each event: RANKED, TEST or CONTROL."""
    tested = (events["source"] == FRESH) & (events["pool"] > 0)
    control = events["source"] == CONTROL
    return np.where(tested, TEST, np.where(control, percentile.CONTROL, RANKED))
