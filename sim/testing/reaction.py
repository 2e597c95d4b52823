"""One impression of one person, from what both are to what happens: the moments in a room of one.

``p`` is a record of ``behaviour_params``. A stream has 64 bits without sign, which plain Python
hands over as an ``int`` that Numba would take for a signed one, so types are stated.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import boolean, float64, int64, types, uint64

from sim.behaviour import act, watch
from sim.behaviour.params import BehaviourParams, behaviour_params
from sim.engine.layout import ROOM
from sim.engine.moments import MOMENTS, REACT
from sim.engine.ways import Sum, When, in_turn
from sim.machine.compiled import njit
from sim.scenario.behaviour import BehaviourConfig

__all__ = ["appeal", "play_until", "probability", "react", "react_plain", "watch_seconds"]

_typeof: Any = numba.typeof
_P = _typeof(behaviour_params(BehaviourConfig()))
_REACT = types.Tuple((int64, int64, int64, float64))(_P, uint64, *[float64] * 6, boolean, boolean)

_react = in_turn(
    tuple(
        way.plain()
        for moment in REACT
        for way in MOMENTS[moment]
        if not isinstance(way, When)  # what can be off asks the frame, and there is none
    )
)
_watch = MOMENTS["watch"][1].plain()
_PARTS = next(way.functions for way in MOMENTS["appeal"] if isinstance(way, Sum))
_TRAITS = ("like_trait", "comment_trait", "share_trait", "save_trait", "follow_trait")


@njit(forceinline=True)
def react_plain(p: Any, room: Any, k: int) -> None:
    """All moments of arithmetic for the person in place ``k``, function after function."""
    _react(0, p, room, k)


@njit(_REACT)
def react(
    p: BehaviourParams, s: np.uint64, affinity: float, quality: float, hook: float,
    duration_s: float, generosity: float, patience: float, same_locale: bool, followed: bool,
) -> tuple[int, int, int, float]:  # fmt: skip
    """Play one impression: (watch ms, views, action bits of ``core.actions``, appeal in sd)."""
    room = np.zeros(1, ROOM)[0]
    room.pair[0], room.stream[0], room.affinity[0] = s, s, affinity
    room.quality[0], room.hook[0], room.duration_s[0] = quality, hook, duration_s
    room.generosity[0], room.patience[0] = generosity, patience
    room.same_locale[0], room.followed[0] = np.int64(same_locale), np.int64(followed)
    room.like_trait[0] = room.comment_trait[0] = room.share_trait[0] = 1.0
    room.save_trait[0] = room.follow_trait[0] = 1.0
    room.videos[0] = 1
    react_plain(p, room, 0)
    return room.seen.watch_ms[0], room.seen.views[0], room.seen.actions[0], room.appeal[0]


@njit(float64(_P, *[float64] * 5))
def play_until(
    p: BehaviourParams, budget: float, duration_s: float, appeal: float, hook: float,
    patience: float,
) -> float:  # fmt: skip
    """Seconds played until the cumulative hazard reaches ``budget``, replays included."""
    room = np.zeros(1, ROOM)[0]
    room.duration_s[0], room.appeal[0], room.hook[0] = duration_s, appeal, hook
    room.patience[0] = patience
    watch.sit_down(p, room, 0)
    room.budget[0] = budget
    _watch(0, p, room, 0)
    return room.seconds[0]  # type: ignore[no-any-return]


@njit(float64(_P, uint64, *[float64] * 4))
def watch_seconds(
    p: BehaviourParams, s: np.uint64, duration_s: float, appeal: float, hook: float,
    patience: float,
) -> float:  # fmt: skip
    """Seconds played for one impression; draw ``WATCH`` of stream ``s``."""
    room = np.zeros(1, ROOM)[0]
    room.stream[0], room.duration_s[0], room.appeal[0] = s, duration_s, appeal
    room.hook[0], room.patience[0] = hook, patience
    watch.sit_down(p, room, 0)
    _watch(0, p, room, 0)
    return room.seconds[0]  # type: ignore[no-any-return]


def appeal(
    p: BehaviourParams, affinity: float, quality: float, taste: float, same_locale: bool
) -> float:
    """Appeal as the sum of its parts, sd."""
    room = np.zeros(1, ROOM).view(np.recarray)[0]
    room.affinity[0], room.quality[0], room.taste[0] = affinity, quality, taste
    room.same_locale[0] = same_locale
    return float(sum(part.py_func(p, room, 0) for part in _PARTS))


def probability(
    action: str, p: BehaviourParams, ratio: float, appeal: float, generosity: float = 0.0,
    followed: bool = False,
) -> float:  # fmt: skip
    """Probability of a click, given the watch ratio."""
    room = np.zeros(1, ROOM).view(np.recarray)[0]
    room.ratio[0], room.appeal[0], room.generosity[0] = ratio, appeal, generosity
    room.followed[0] = followed
    for trait in _TRAITS:
        room[trait][0] = 1.0
    return float(_chances(p, room, tuple(act.CHANCES).index(action)))


_CHANCES = tuple(act.CHANCES.values())


def _chances(p: Any, room: Any, number: int) -> float:
    act.find_shapes.py_func(p, room, 0)  # type: ignore[attr-defined]
    act.find_warmth.py_func(p, room, 0)  # type: ignore[attr-defined]
    return _CHANCES[number].py_func(p, room, 0)  # type: ignore[attr-defined,no-any-return]
