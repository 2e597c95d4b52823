"""Boredom: what was seen often lately appeals less (assumption).

Each person has a level of boredom with a few creators, topics, sounds and formats: the number of
recent videos, of which half are forgotten after ``half_life``. A video loses appeal by the levels
of its creator, of its strongest topic, of its sound and of its format, which is the challenge that
it joins if any, times the slopes of ``behaviour.boredom``:

    appeal lost = creator * b(creator) + topic * b(topic) + sound * b(sound) + format * b(format),
    b = sum 2^(-age/h)

A person keeps PLACES of each kind; what is new takes the place of what has the lowest level. All
levels of a person fade alike, so one time says how old they are.
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
"""Creators, topics, sounds and formats that a person is bored with at a time, of each kind
(assumption)."""
KINDS = 4
_CREATOR, _TOPIC, _SOUND, _FORMAT = np.uint64(0), np.uint64(1), np.uint64(2), np.uint64(3)
_LN2 = 0.6931471805599453


class Bored(Table, name="bored", owner="user", side=Side.TRUTH):
    """What each person has seen often lately."""

    who: NDArray[np.int32] = column(
        np.int32, "creators, topics, sounds and hashtags of challenges; NOBODY in unused places",
        shape=(KINDS, PLACES), fill=NOBODY,
    )  # fmt: skip
    level: NDArray[np.float32] = column(
        np.float32,
        "recent videos at the time of the last one",
        unit="videos",
        shape=(KINDS, PLACES),
    )
    since: NDArray[np.float64] = column(np.float64, "time of the last video", unit="s")


TABLES = (Bored,)
LANES = (
    ("bored", np.float64),  # appeal lost, sd
    ("faded", np.float32),  # what is left of the levels since the last video
    # of the video
    ("creator", np.int64),
    ("topic", np.int64),  # the strongest
    ("sound", np.int64),
    # where its creator, topic, sound and format are among those of the person, or NOBODY
    ("creator_place", np.int64),
    ("topic_place", np.int64),
    ("sound_place", np.int64),
    ("format_place", np.int64),
)


def is_on(scenario: Scenario) -> bool:
    """Whether any slope is more than 0."""
    b = scenario.behaviour.boredom
    return b.creator > 0.0 or b.topic > 0.0 or b.sound > 0.0 or b.format > 0.0


@njit(forceinline=True)
def used(frame: Any) -> bool:
    """The same, in compiled code."""
    return frame.bored.who.shape[0] > 0  # type: ignore[no-any-return]


@njit(forceinline=True)
def _place(bored: Any, u: Any, kind: Any, who: int) -> int:
    """Where ``who`` is among those of the person, or NOBODY."""
    found = 0
    for i in range(PLACES):
        # without a branch, so that all places are compared at once
        found = max(found, i + 1 if bored.who[u, kind, np.uint64(i)] == who else 0)
    return found - 1


@njit(forceinline=True)
def _level(bored: Any, u: Any, kind: Any, place: int) -> float:
    """Recent videos at a place at the time of the last video; none of whom there is no place."""
    return float(bored.level[u, kind, np.uint64(place)]) if place >= 0 else 0.0


@njit(forceinline=True)
def find(world: Any, p: Any, room: Any, k: int) -> None:
    """How much appeal the video in front of the person loses, before it is watched."""
    bored, b = world.bored, p.boredom
    u: Any = np.uint64(room.seen.user[k])
    creator = _place(bored, u, _CREATOR, room.creator[k])
    same = _place(bored, u, _TOPIC, room.topic[k])
    sound = _place(bored, u, _SOUND, room.sound[k])
    format_ = NOBODY
    if room.first_tag[k] >= b.first_challenge:
        format_ = _place(bored, u, _FORMAT, room.first_tag[k])
    faded = np.float32(exp(-_LN2 * (room.seen.time_s[k] - bored.since[u]) / b.half_life))
    lost = b.creator * _level(bored, u, _CREATOR, creator)
    lost += b.topic * _level(bored, u, _TOPIC, same)
    lost += b.sound * _level(bored, u, _SOUND, sound)
    lost += b.format * _level(bored, u, _FORMAT, format_)
    room.bored[k], room.faded[k] = float(faded) * lost, faded
    room.creator_place[k], room.topic_place[k], room.sound_place[k] = creator, same, sound
    room.format_place[k] = format_


@njit(forceinline=True)
def less(p: Any, room: Any, k: int) -> float:
    """What boredom takes from the appeal, sd; nothing while it is off."""
    return -room.bored[k]  # type: ignore[no-any-return]


@njit(forceinline=True)
def _fade(bored: Any, u: Any, kind: Any, faded: Any) -> None:
    """A part of all levels is forgotten."""
    for i in range(PLACES):
        bored.level[u, kind, np.uint64(i)] *= faded


@njit(forceinline=True)
def _add(bored: Any, u: Any, kind: Any, place: int, who: int, faded: Any) -> None:
    """All fade, and there is one more video of ``who``; the weakest makes room for who is new."""
    level = bored.level
    _fade(bored, u, kind, faded)
    if place < 0:
        place = 0
        for i in range(1, PLACES):
            weaker = level[u, kind, np.uint64(i)] < level[u, kind, np.uint64(place)]
            place = i if weaker else place
        bored.who[u, kind, np.uint64(place)] = who
        level[u, kind, np.uint64(place)] = np.float32(0.0)
    level[u, kind, np.uint64(place)] += np.float32(1.0)


@njit(forceinline=True)
def note(world: Any, p: Any, room: Any, k: int) -> None:
    """Remember that one more video of this creator, topic, sound and format was seen."""
    bored, faded = world.bored, room.faded[k]
    u: Any = np.uint64(room.seen.user[k])
    _add(bored, u, _CREATOR, room.creator_place[k], room.creator[k], faded)
    _add(bored, u, _TOPIC, room.topic_place[k], room.topic[k], faded)
    _add(bored, u, _SOUND, room.sound_place[k], room.sound[k], faded)
    if room.first_tag[k] >= p.boredom.first_challenge:
        _add(bored, u, _FORMAT, room.format_place[k], room.first_tag[k], faded)
    else:
        _fade(bored, u, _FORMAT, faded)
    bored.since[u] = room.seen.time_s[k]
