"""Foresee: what a person will do about a video, by the truth, with all luck but that of the moment.

It goes through the same moments as an impression, with even steps through the luck of watching in
place of a draw, and with the probability of each click in place of a decision. Only the engine may
ask it: what it tells is what no feed knows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.behaviour import act, boredom, facts, tastes, watch
from sim.core.actions import ACTION_NAMES, ACTIONS
from sim.core.random import stream2
from sim.core.room import PEOPLE
from sim.engine import exposure
from sim.engine.exchange import new_outbox
from sim.engine.layout import LAYOUT, ROOM, open_frame
from sim.engine.moments import MOMENTS, MOST_MESSAGES
from sim.engine.platform import Platform
from sim.engine.ways import Each, Funnel, Lanes, When, in_turn
from sim.feed.component import Candidates, GivenPrediction
from sim.feed.percentile import RANK_ONE, RANKED, time_cell
from sim.feed.view import FeedView, Requests
from sim.machine.borrow import stay_apart
from sim.machine.compiled import njit
from sim.machine.frame import Frame
from sim.scenario.feed import WEIGHT_NAMES

__all__ = ["POINTS", "Oracle", "OraclePredictor", "foresee", "set_pair"]

POINTS: Final = 8
"""Even steps through the luck of watching; with more an expectation changes by hundredths."""


def _middles(steps: int) -> NDArray[np.float64]:
    """The mean of a standard exponential within each of ``steps`` equally likely parts [steps].

    Their mean is 1 as it should be; the medians of the parts miss 4 % of it, all in the tail.
    """
    edge = np.arange(steps, -1, -1) / steps
    below = edge - edge * np.log(np.maximum(edge, 1e-300))
    return steps * (below[:-1] - below[1:])


_BUDGETS = _middles(POINTS)
_ACTIONS: Final = len(ACTIONS)

_MEET = (
    Each(exposure.note_tags, facts.meet),
    When(tastes.used, Each(tastes.find)),
    When(boredom.used, Each(boredom.find)),
)
_FEEL = MOMENTS["appeal"]
_SIT = (Lanes(watch.sit_down), Lanes(act.find_warmth))
_PLAY = (
    Funnel(watch.watch_start, watch.watch_rest, watch.watch_end),
    Lanes(watch.count_watch),
    Each(act.find_shapes),
)
"""What happens before the luck of watching counts, and what depends on it."""

_begin = in_turn(tuple(way.plain() for way in (*_MEET, *_FEEL, *_SIT)))
_begin_all = in_turn(tuple(way.fast() for way in (*_MEET, *_FEEL, *_SIT)))
_play = in_turn(tuple(way.plain() for way in _PLAY))
_play_all = in_turn(tuple(way.fast() for way in _PLAY))


def _chances_from(names: tuple[str, ...]) -> Callable[..., None]:
    """Compiled: add the probability of each of these clicks to its row of ``sums``."""
    if not names:

        @njit(forceinline=True)
        def nothing(p: Any, room: Any, sums: Any, n: Any) -> None:
            pass

        return nothing
    name, rest = names[0], _chances_from(names[1:])
    chance, place = act.CHANCES[name], ACTION_NAMES.index(name)
    may = act.RARE.get(name)
    if may is None:

        @njit(forceinline=True)
        def add(p: Any, room: Any, sums: Any, n: Any) -> None:
            for k in range(n):
                sums[place, k] += chance(p, room, k)
            rest(p, room, sums, n)

        return add

    @njit(forceinline=True)
    def add_if(p: Any, room: Any, sums: Any, n: Any) -> None:
        if may(p):
            for k in range(n):
                sums[place, k] += chance(p, room, k)
        rest(p, room, sums, n)

    return add_if


_add_chances = _chances_from(tuple(act.CHANCES))


@njit(forceinline=True)
def _add(frame: Any, room: Any, sums: Any, n: Any) -> None:
    """Add what happened in the first ``n`` places to ``sums`` [W, PEOPLE]."""
    for k in range(n):
        actions, watch_ms = room.seen.actions[k], room.seen.watch_ms[k]
        for a in range(_ACTIONS):
            sums[a, k] += (actions >> a) & 1
        sums[_ACTIONS, k] += float(watch_ms) / 1000.0
        cell = time_cell(watch_ms, room.duration_s[k], actions, RANKED)
        sums[_ACTIONS + 1, k] += float(frame.ranks[cell]) / RANK_ONE
    _add_chances(frame.behaviour, room, sums, n)


@njit(forceinline=True)
def set_pair(
    frame: Any, room: Any, k: Any, user: Any, video: Any, same_locale: Any, followed: Any,
    time_s: Any,
) -> None:  # fmt: skip
    """Put a person and a video into place ``k`` of a room, to be foreseen."""
    luck: Any = np.int64(frame.videos.luck[video])
    pair = stream2(frame.keys.react, user, luck)
    room.seen.user[k], room.seen.video[k], room.seen.time_s[k] = user, video, time_s
    room.creator[k], room.sound[k] = frame.videos.creator[video], frame.videos.sound[video]
    room.pair[k] = room.stream[k] = pair
    room.same_locale[k], room.followed[k] = same_locale, followed


@njit()
def foresee(frame: Any, room: Any, n: Any, sums: Any) -> None:
    """What the people in the first ``n`` places of ``room`` can be expected to do, in POINTS times,
    into ``sums`` [W, PEOPLE], rows as in WEIGHT_NAMES: for places that are ranked.
    """
    stay_apart()
    p = frame.behaviour
    _begin_all(frame, p, room, n)
    sums[:] = 0.0
    for q in range(POINTS):
        for k in range(PEOPLE):
            room.budget[k] = _BUDGETS[q]
        _play_all(frame, p, room, n)
        _add(frame, room, sums, n)


@njit()
def _foresee_each(
    words: Any, user: Any, videos: Any, same_locale: Any, followed: Any, time_s: Any, expected: Any
) -> None:
    """The same, one video after the other, by the plain functions."""
    frame = open_frame(words)
    room, p = frame.room, frame.behaviour
    place: Any = np.uint64(0)
    sums = np.zeros((expected.shape[1], 1))
    for i in range(videos.size):
        set_pair(frame, room, place, user, videos[i], same_locale[i], followed[i], time_s)
        _begin(frame, p, room, place)
        sums[:] = 0.0
        for q in range(POINTS):
            room.budget[place] = _BUDGETS[q]
            _play(frame, p, room, place)
            _add(frame, room, sums, 1)
        expected[i] = sums[:, 0] / float(POINTS)


class Oracle:
    """The truth about one platform, for whoever was given it."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        room = np.zeros(1, ROOM)
        self._frame: Any = Frame(LAYOUT)
        self._frame.bind_all((
            ("room", room), ("seen", room["seen"]),
            ("outbox.messages", new_outbox(MOST_MESSAGES, 1)),
            ("outbox.count", np.zeros(1, np.int64)),
        ))  # fmt: skip
        self._frame.bind_all(platform.constants())

    def expect(self, user: int, videos: NDArray[np.int32], time_s: float) -> NDArray[np.float64]:
        """expected [N, W] what ``user`` will do about each of ``videos`` [N] at ``time_s``: the
        probability of each action, seconds watched and the watch percentile.
        """
        platform = self._platform
        for table in platform.tables():
            self._frame.bind_table(table)
        self._frame.bind_all(platform.arrays())
        listing = platform.world.videos
        same = listing.locale[videos] == platform.world.accounts.locale[user]
        followed = np.isin(listing.creator[videos], platform.view.follows.of(user))
        expected = np.empty((len(videos), len(WEIGHT_NAMES)))
        _foresee_each(
            self._frame.words, user, videos.astype(np.int64), same.astype(np.int64),
            followed.astype(np.int64), time_s, expected,
        )  # fmt: skip
        return expected


class OraclePredictor:
    """The predictor ``oracle``: it knows what people will do. ``assemble`` hands it the truth."""

    IN_PYTHON: Final = True
    """the kernel does not know it"""

    def __init__(self) -> None:
        self.oracle: Oracle | None = None

    def predict(
        self, requests: Requests, candidates: Candidates, view: FeedView
    ) -> GivenPrediction:
        """Expectations of all candidates; 0 where there is none."""
        del view
        assert self.oracle is not None, "it is handed over before the first request"
        expected = np.zeros((*candidates.video.shape, len(WEIGHT_NAMES)))
        for b, present in enumerate(candidates.present):
            videos = candidates.video[b, present]
            expected[b, present] = self.oracle.expect(
                int(requests.user[b]), videos, float(requests.time_s[b])
            )
        return GivenPrediction(
            expected[..., :_ACTIONS], expected[..., _ACTIONS], expected[..., _ACTIONS + 1]
        )
