"""The reference engine: one SimPy process a user. Plain, slow, and the definition of correct."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.behaviour import draws
from sim.behaviour.interest import cosine
from sim.behaviour.reaction import react
from sim.behaviour.session import (
    leave_probability,
    next_session_delay_s,
    surface_choice,
    swipe_gap_s,
)
from sim.core.actions import bit
from sim.core.counts import FIRST_ACTION, IMPRESSIONS, REACH, VIEWS, WATCH_MS, WIDTH, pack
from sim.core.random import stream2, stream3, uniform
from sim.engine.platform import Platform, UserCounts
from sim.feed.belief import learn, signal_of
from sim.feed.pipeline import FOR_YOU, SOUND_PAGE, Pipeline
from sim.feed.view import Requests
from sim.machine.marks import mark_all
from sim.record.events import EVENT
from sim.record.recorders import EventLog
from sim.world.state import NOBODY, FollowGraph, padded

__all__ = ["FollowLists", "ReferenceEngine", "SeenSets"]

_FOLLOW, _SOUND_TAP, _SKIP = bit("follow"), bit("sound_tap"), bit("skip")

Life = Generator[simpy.Event, Any, None]


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
        self._events: list[tuple[Any, ...]] = []
        self._requests = np.zeros(platform.world.users, np.int64)
        self._users = UserCounts.zeros(platform.world.users, platform.view.arm)

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
        events = np.array(self._events, EVENT)
        self._events = []
        # one user's events are in order of time already; a stable sort keeps that
        events = events[np.argsort(events["user"], kind="stable")]
        self._log.add(events)
        window = self._platform.window
        rows = _counter_rows(events)
        videos = np.zeros((len(window.videos), WIDTH), np.int64)
        np.add.at(videos, events["video"], rows)
        window.videos += pack(videos)
        mark_all(window.touched, events["video"])
        bins = np.floor(events["time_s"] / self._platform.bin_s).astype(np.int64) - window.first_bin
        np.add.at(window.timeline, (bins, events["surface"], events["source"]), rows)
        new = events[(events["actions"] & _FOLLOW) != 0]["video"]
        np.add.at(window.followers, self._platform.world.videos.creator[new], 1)

    # ---- one user ---------------------------------------------------------------------------

    def _live(self, env: simpy.Environment, user: int) -> Life:
        """Come, watch, leave, and come again."""
        session = 0
        yield env.timeout(self._rest(user, session, env.now))
        while True:
            session += 1
            self._note_session(user, env.now)
            yield from self._session(env, user)
            yield env.timeout(self._rest(user, session, env.now))

    def _rest(self, user: int, session: int, now: float) -> float:
        """Seconds to the next session."""
        platform = self._platform
        truth, accounts = platform.world.truth, platform.world.accounts
        return float(
            next_session_delay_s(
                platform.behaviour.session,
                np.uint64(stream2(platform.keys.session, user, session)),
                now,
                float(truth.activity[user]),
                float(truth.chronotype[user]),
                float(platform.world.utc_offset_s[accounts.locale[user]]),
            )
        )

    def _session(self, env: simpy.Environment, user: int) -> Life:
        """Slate after slate, until the user leaves or there is nothing to show."""
        videos = 0
        sound = NOBODY
        while True:
            surface, slate = self._open(user, env.now, sound)
            sound = NOBODY
            if not slate:
                return
            for video, source, pool in slate:
                videos += 1
                s, watch_ms, actions, appeal = self._impression(
                    env.now, user, video, surface, source, pool
                )
                yield env.timeout(watch_ms / 1000.0)
                p = self._platform.behaviour.session
                skipped = bool(actions & _SKIP)
                if uniform(s, draws.LEAVE) < leave_probability(p, appeal, videos, skipped):
                    return
                yield env.timeout(swipe_gap_s(p, s))
                if actions & _SOUND_TAP and surface != SOUND_PAGE:
                    sound = int(self._platform.world.videos.sound[video])
                    break

    def _open(self, user: int, now: float, sound: int) -> tuple[int, list[tuple[int, int, int]]]:
        """Choose a surface and request a slate; an empty one falls back to For You."""
        keys, p = self._platform.keys, self._platform.behaviour.session
        self._requests[user] += 1
        number = int(self._requests[user])
        surface = SOUND_PAGE
        if sound == NOBODY:
            surface = surface_choice(
                p, np.uint64(stream2(keys.surface, user, number)), self._follows.count(user)
            )
        slate = self._request(user, now, surface, sound, number)
        if not slate and surface != FOR_YOU:
            surface = FOR_YOU
            slate = self._request(user, now, surface, NOBODY, number)
        return surface, slate

    def _request(
        self, user: int, now: float, surface: int, sound: int, number: int
    ) -> list[tuple[int, int, int]]:
        """One feed request: (video, source, pool) of each place of the slate."""
        platform = self._platform
        requests = Requests(
            np.array([user], np.int32), np.array([now]), np.array([surface], np.int8),
            np.array([sound], np.int32),
            np.array([stream2(platform.keys.request, user, number)], np.uint64),
        )  # fmt: skip
        slates = self._pipeline.run(requests, platform.view, platform.stages)
        n = int(slates.length[0])
        return list(
            zip(
                slates.video[0, :n].tolist(), slates.source[0, :n].tolist(),
                slates.pool[0, :n].tolist(), strict=True,
            )
        )  # fmt: skip

    def _impression(
        self, now: float, user: int, video: int, surface: int, source: int, pool: int
    ) -> tuple[np.uint64, int, int, float]:
        """What the user does with one video, and what both sides remember of it."""
        platform = self._platform
        world, view, users = platform.world, platform.view, self._users
        truth, accounts = world.truth, world.accounts
        first = self._seen.add(user, video)
        if first:
            s = np.uint64(stream2(platform.keys.react, user, video))
        else:
            shown = int(users.counts[user, IMPRESSIONS])
            s = np.uint64(stream3(platform.keys.react, user, video, shown))
        creator = int(world.videos.creator[video])
        watch_ms, views, actions, appeal = react(
            platform.behaviour,
            s,
            cosine(truth.interests, user, world.video_truth.topics, video, padded(world.topics)),
            float(world.video_truth.quality[video]),
            float(world.video_truth.hook[video]),
            float(world.videos.duration_s[video]),
            float(truth.generosity[user]),
            float(truth.patience[user]),
            bool(accounts.locale[user] == world.videos.locale[video]),
            self._follows.has(user, creator),
        )
        if actions & _FOLLOW:
            self._follows.add(user, creator)
        self._note_impression(user, watch_ms, views, actions, first)
        tag0, tag1, tag2 = world.videos.tags[video].tolist()
        learn(
            platform.learning.rate,
            view.beliefs.profile,
            view.beliefs.slot_id,
            view.beliefs.slot_weight,
            user,
            world.videos.caption,
            video,
            int(world.videos.sound[video]),
            tag0,
            tag1,
            tag2,
            creator,
            signal_of(actions, platform.learning.signals),
        )
        self._events.append(
            (now, user, video, watch_ms, actions, views, surface, source, pool, first, 0)
        )
        return s, watch_ms, actions, appeal

    def _note_impression(
        self, user: int, watch_ms: int, views: int, actions: int, first: bool
    ) -> None:
        users = self._users
        row = users.counts[user]
        row[IMPRESSIONS] += 1
        row[VIEWS] += views
        row[REACH] += first
        for a in range(WIDTH - FIRST_ACTION):
            row[FIRST_ACTION + a] += (actions >> a) & 1
        row[WATCH_MS] += watch_ms

    def _note_session(self, user: int, now: float) -> None:
        users = self._users
        users.sessions[user] += 1
        day = int(np.floor(now / 86_400.0))
        if day != users.last_day[user]:
            users.last_day[user] = day
            users.active_days[user] += 1


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
