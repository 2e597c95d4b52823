"""Boredom: what was seen often lately appeals less (assumption).

Each person has a level of boredom with a few creators, topics and sounds: the number of recent
videos, of which half are forgotten after ``half_life``. A video loses appeal by the levels of its
creator, of its strongest topic and of its sound, times the slopes of ``behaviour.boredom``:

    appeal lost = creator * b(creator) + topic * b(topic) + sound * b(sound),    b = sum 2^(-age/h)

A person keeps PLACES of each kind; what is new takes the place of what has the lowest level.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.maths import exp
from sim.machine.compiled import njit
from sim.machine.table import Side, Table, column
from sim.scenario import Scenario
from sim.world.state import NOBODY

__all__ = ["LANES", "PLACES", "TABLES", "Bored", "find", "is_on", "less", "note", "used"]

PLACES = 8
"""Creators, topics and sounds that a person is bored with at a time, of each kind (assumption)."""
_CREATOR, _TOPIC, _SOUND = 0, 1, 2
_LN2 = 0.6931471805599453


class Bored(Table, name="bored", owner="user", side=Side.TRUTH):
    """What each person has seen often lately."""

    who: NDArray[np.int32] = column(
        np.int32, "creators, topics and sounds; NOBODY in unused places", shape=(3, PLACES),
        fill=NOBODY,
    )  # fmt: skip
    level: NDArray[np.float64] = column(
        np.float64, "recent videos at the time of the last one", unit="videos", shape=(3, PLACES)
    )
    since: NDArray[np.float64] = column(
        np.float64, "time of the last one", unit="s", shape=(3, PLACES)
    )


TABLES = (Bored,)
LANES = (("bored", np.float64),)  # appeal lost, sd


def is_on(scenario: Scenario) -> bool:
    """Whether any slope is more than 0."""
    b = scenario.behaviour.boredom
    return b.creator > 0.0 or b.topic > 0.0 or b.sound > 0.0


@njit(forceinline=True)
def used(frame: Any) -> bool:
    """The same, in compiled code."""
    return frame.bored.who.shape[0] > 0  # type: ignore[no-any-return]


@njit(forceinline=True)
def _topic(topics: Any, v: int) -> int:
    """The strongest topic of a video, the first of equal ones."""
    best = 0
    for d in range(1, topics.shape[1]):
        if topics[v, d] > topics[v, best]:
            best = d
    return best


@njit(forceinline=True)
def _level(bored: Any, u: int, kind: int, who: int, t: float, half_life: float) -> float:
    """Recent videos of ``who`` at time ``t``."""
    level = 0.0
    for i in range(PLACES):
        if bored.who[u, kind, i] == who:
            age = t - bored.since[u, kind, i]
            level = bored.level[u, kind, i] * exp(-_LN2 * age / half_life)
    return level


@njit(forceinline=True)
def find(world: Any, p: Any, room: Any, k: int) -> None:
    """How much appeal the video in front of the person loses, before it is watched."""
    bored = world.bored
    b, u, v, t = p.boredom, room.seen.user[k], room.seen.video[k], room.seen.time_s[k]
    topic = _topic(world.video_truth.topics, v)
    lost = b.creator * _level(bored, u, _CREATOR, world.videos.creator[v], t, b.half_life)
    lost += b.topic * _level(bored, u, _TOPIC, topic, t, b.half_life)
    lost += b.sound * _level(bored, u, _SOUND, world.videos.sound[v], t, b.half_life)
    room.bored[k] = lost


@njit(forceinline=True)
def less(p: Any, room: Any, k: int) -> float:
    """What boredom takes from the appeal, sd; nothing while it is off."""
    return -room.bored[k]  # type: ignore[no-any-return]


@njit(forceinline=True)
def _add(bored: Any, u: int, kind: int, who: int, t: float, half_life: float) -> None:
    """One more video of ``who``; the weakest makes room for who is new."""
    place, least = -1, np.inf
    for i in range(PLACES):
        if bored.who[u, kind, i] == who:
            place, least = i, -1.0
        elif least >= 0.0:
            level = 0.0
            if bored.who[u, kind, i] != NOBODY:
                age = t - bored.since[u, kind, i]
                level = bored.level[u, kind, i] * exp(-_LN2 * age / half_life)
            if level < least:
                place, least = i, level
    level = _level(bored, u, kind, who, t, half_life) + 1.0
    bored.who[u, kind, place] = who
    bored.level[u, kind, place] = level
    bored.since[u, kind, place] = t


@njit(forceinline=True)
def note(world: Any, p: Any, room: Any, k: int) -> None:
    """Remember that one more video of this creator, topic and sound was seen."""
    bored = world.bored
    u, v, t = room.seen.user[k], room.seen.video[k], room.seen.time_s[k]
    half_life = p.boredom.half_life
    _add(bored, u, _CREATOR, world.videos.creator[v], t, half_life)
    _add(bored, u, _TOPIC, _topic(world.video_truth.topics, v), t, half_life)
    _add(bored, u, _SOUND, world.videos.sound[v], t, half_life)
