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
from sim.engine import exposure
from sim.engine.exchange import new_outbox
from sim.engine.layout import LAYOUT, ROOM, open_frame
from sim.engine.moments import MOST_MESSAGES, one_person
from sim.engine.platform import Platform
from sim.engine.ways import Each, Funnel, When, in_turn
from sim.feed.component import Candidates, GivenPrediction
from sim.feed.percentile import RANK_ONE, RANKED, time_cell
from sim.feed.view import FeedView, Requests
from sim.machine.compiled import njit
from sim.machine.frame import Frame
from sim.scenario.feed import WEIGHT_NAMES

__all__ = ["POINTS", "Oracle", "OraclePredictor", "foresee"]

POINTS: Final = 12
"""Even steps through the luck of watching; more change an expectation by less than 0.02."""
_BUDGETS = -np.log(1.0 - (np.arange(POINTS) + 0.5) / POINTS)
_ACTIONS: Final = len(ACTIONS)

_meet = in_turn(
    tuple(
        way.plain()
        for way in (
            Each(facts.meet),
            When(tastes.used, Each(exposure.note_tags, tastes.find)),
            When(boredom.used, Each(boredom.find)),
        )
    )
)
_feel = one_person("appeal")
_watch = Funnel(watch.watch_start, watch.watch_rest, watch.watch_end).plain()


def _chances_from(names: tuple[str, ...]) -> Callable[..., None]:
    """Compiled: add the probability of each of these clicks to ``expected``."""
    if not names:

        @njit(forceinline=True)
        def nothing(p: Any, room: Any, k: Any, expected: Any) -> None:
            pass

        return nothing
    name, rest = names[0], _chances_from(names[1:])
    chance, place = act.CHANCES[name], ACTION_NAMES.index(name)
    may = act.RARE.get(name)
    if may is None:

        @njit(forceinline=True)
        def add(p: Any, room: Any, k: Any, expected: Any) -> None:
            expected[place] += chance(p, room, k)
            rest(p, room, k, expected)

        return add

    @njit(forceinline=True)
    def add_if(p: Any, room: Any, k: Any, expected: Any) -> None:
        if may(p):
            expected[place] += chance(p, room, k)
        rest(p, room, k, expected)

    return add_if


_add_chances = _chances_from(tuple(act.CHANCES))


@njit()
def foresee(
    frame: Any, room: Any, user: Any, video: Any, same_locale: Any, followed: Any, expected: Any
) -> None:
    """Write what ``user`` can be expected to do about ``video`` into ``expected`` [W], columns as
    in WEIGHT_NAMES, for a place that was ranked. ``room`` is overwritten in its first place.
    """
    k: Any = np.uint64(0)
    p = frame.behaviour
    luck: Any = np.int64(frame.videos.luck[video])
    pair = stream2(frame.keys.react, user, luck)
    room.seen.user[k], room.seen.video[k] = user, video
    room.pair[k] = room.stream[k] = pair
    room.same_locale[k], room.followed[k] = same_locale, followed
    _meet(frame, p, room, k)
    _feel(frame, p, room, k)
    watch.sit_down(p, room, k)
    expected[:] = 0.0
    for q in range(POINTS):
        room.budget[k] = _BUDGETS[q]
        _watch(frame, p, room, k)
        watch.count_watch(p, room, k)
        act.find_shapes(p, room, k)
        act.find_warmth(p, room, k)
        actions, watch_ms = room.seen.actions[k], room.seen.watch_ms[k]
        for a in range(_ACTIONS):
            expected[a] += (actions >> a) & 1
        _add_chances(p, room, k, expected)
        expected[_ACTIONS] += float(watch_ms) / 1000.0
        cell = time_cell(watch_ms, room.duration_s[k], actions, RANKED)
        expected[_ACTIONS + 1] += float(frame.ranks[cell]) / RANK_ONE
    expected /= float(POINTS)


@njit()
def _foresee_each(
    words: Any, user: Any, videos: Any, same_locale: Any, followed: Any, expected: Any
) -> None:
    frame = open_frame(words)
    for i in range(videos.size):
        foresee(frame, frame.room, user, videos[i], same_locale[i], followed[i], expected[i])


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

    def expect(self, user: int, videos: NDArray[np.int32]) -> NDArray[np.float64]:
        """expected [N, W] what ``user`` will do about each of ``videos`` [N]: the probability of
        each action, seconds watched and the watch percentile.
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
            followed.astype(np.int64), expected,
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
            expected[b, present] = self.oracle.expect(int(requests.user[b]), videos)
        return GivenPrediction(
            expected[..., :_ACTIONS], expected[..., _ACTIONS], expected[..., _ACTIONS + 1]
        )
