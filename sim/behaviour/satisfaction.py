"""Satisfaction: what a session was like changes how long it lasts, and who comes back.

The *mood* of a session is the recent mean of the appeal of its videos, beyond the ``usual`` one:

    mood = mood + (appeal - usual - mood) / min(videos, memory)

It acts three times (assumptions, except where a fact is named):

    leaving     the hazard of leaving falls with the mood: ln hazard - leave * mood
    coming      sessions a day: ln rate + habit + back * mood of the last session
    being lost  after a session: ln probability = ln lost - lost_mood * mood - lost_habit * habit

Somebody lost stays away for good with the probability ``for_good``, else for an exponential time,
``pause`` on average. *Habit* is ln of how often a person comes, compared with what is usual for
somebody like them. Each session moves it by a part of the way to what the mood is worth:

    habit = habit + pace * (habit_mood * mood - habit)

Who was there before the start begins at 0, who joins later at -ln ``newcomer``: with use they come
as often as others do (W18: after a month most come nearly twice as often).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.maths import exp, log
from sim.core.random import exponential, stream, uniform
from sim.machine.compiled import njit
from sim.machine.table import Side, Table, column
from sim.scenario import Scenario
from sim.world.state import World

__all__ = [
    "AWAY_FOR_GOOD", "LANES", "ON_A_PAUSE", "TABLES", "Mood", "begin", "build", "feel", "find",
    "is_on", "look_back", "lose", "remember", "used",
]  # fmt: skip

ON_A_PAUSE, AWAY_FOR_GOOD = 1, 2
_STREAM = 1
_LOST, _FOR_GOOD, _PAUSE = 0, 1, 2
"""Draws of a stream of its own for each session."""


class Mood(Table, name="mood", owner="user", side=Side.TRUTH):
    """How people feel about the app."""

    mood: NDArray[np.float32] = column(
        np.float32, "of the session: recent mean of appeal beyond the usual one", unit="sd"
    )
    habit: NDArray[np.float32] = column(
        np.float32, "ln of how often the person comes, compared with what is usual"
    )
    gone: NDArray[np.int8] = column(
        np.int8, "0 comes, 1 is on a long pause, 2 has left for good", side=Side.LOG
    )


TABLES = (Mood,)
LANES = (("mood", np.float64),)  # of the session, sd


def is_on(scenario: Scenario) -> bool:
    """Whether it counts what a session was like."""
    return scenario.behaviour.satisfaction.enabled


def build(
    scenario: Scenario, world: World, seed: int, state: Mapping[type[Table], Table]
) -> tuple[Table, ...]:
    """Habits of the start."""
    del seed, state
    table = Mood(world.users)
    newcomer = float(log(scenario.behaviour.satisfaction.newcomer))
    table.habit[world.accounts.joined_s > 0.0] = -newcomer
    return (table,)


@njit(forceinline=True)
def used(frame: Any) -> bool:
    """The same as :func:`is_on`, in compiled code."""
    return frame.mood.mood.size > 0  # type: ignore[no-any-return]


@njit(forceinline=True)
def begin(world: Any, p: Any, room: Any, k: int) -> None:
    """A session begins, and the person is back."""
    u = room.seen.user[k]
    world.mood.mood[u], world.mood.gone[u] = np.float32(0.0), np.int8(0)


@njit(forceinline=True)
def find(world: Any, p: Any, room: Any, k: int) -> None:
    """The mood of the session so far."""
    room.mood[k] = world.mood.mood[room.seen.user[k]]


@njit(forceinline=True)
def feel(p: Any, room: Any, k: int) -> None:
    """What the video does to the mood, and the mood to the wish to stay."""
    s, mood = p.satisfaction, room.mood[k]
    gain = room.appeal[k] - s.usual - mood
    room.mood[k] = mood + gain / min(float(room.videos[k]), s.memory)
    room.comfort[k] = s.leave * room.mood[k]


@njit(forceinline=True)
def remember(world: Any, p: Any, room: Any, k: int) -> None:
    """The mood goes on with the next video."""
    world.mood.mood[room.seen.user[k]] = np.float32(room.mood[k])


@njit(forceinline=True)
def look_back(world: Any, p: Any, room: Any, k: int) -> None:
    """After a session: the habit, and how gladly the person comes again."""
    u, s = room.seen.user[k], p.satisfaction
    mood, habit = float(world.mood.mood[u]), float(world.mood.habit[u])
    if room.videos[k] == 0:  # nothing was shown, or it is the start
        room.eager[k] = habit
        return
    habit += s.pace * (s.habit_mood * mood - habit)
    world.mood.habit[u] = np.float32(habit)
    room.eager[k] = habit + s.back * mood


@njit(forceinline=True)
def lose(world: Any, p: Any, room: Any, k: int) -> None:
    """Some stay away for long after a session, or for good."""
    if room.videos[k] == 0:
        return
    u, s = room.seen.user[k], p.satisfaction
    mood, habit = float(world.mood.mood[u]), float(world.mood.habit[u])
    luck = stream(room.stream[k], _STREAM)
    if uniform(luck, _LOST) < s.lost * exp(-s.lost_mood * mood - s.lost_habit * habit):
        if uniform(luck, _FOR_GOOD) < s.for_good:
            world.mood.gone[u] = np.int8(AWAY_FOR_GOOD)
            room.rest_s[k] = np.inf
        else:
            world.mood.gone[u] = np.int8(ON_A_PAUSE)
            room.rest_s[k] += s.pause * exponential(luck, _PAUSE)
