"""Session: when people come, how fast they swipe, when they leave.

The formulas are those of ``sim.core.formulas``, compiled.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.behaviour.draws import LEAVE, NEXT_SESSION, SURFACE, SWIPE_GAP
from sim.behaviour.params import SessionParams
from sim.behaviour.rhythm import rest_s
from sim.behaviour.signatures import NEXT_SESSION as NEXT_SESSION_TYPES
from sim.behaviour.signatures import SURFACE as SURFACE_TYPES
from sim.core import formulas
from sim.core.actions import bit
from sim.core.maths import exp
from sim.core.random import exponential, uniform
from sim.core.surfaces import FOLLOWING, FOR_YOU
from sim.machine.compiled import compiled, njit
from sim.world.state import NOBODY

__all__ = [
    "FOLLOWING",
    "FOR_YOU",
    "LANES",
    "leave_probability",
    "next_session_delay_s",
    "open_feed",
    "rest",
    "session_intensity",
    "stay_or_leave",
    "surface_choice",
    "swipe_on",
]

_SKIP = bit("skip")


leave_probability = compiled(formulas.leave_probability, exp=exp)
_gap_s = compiled(formulas.gap_s)
_intensity = compiled(formulas.session_intensity, exp=exp)


@njit(forceinline=True)
def session_intensity(p: SessionParams, activity: float, eager: float) -> float:
    """Sessions a day that a user would start if sessions took no time; activity standard normal.

    ``eager`` is added to ln of it.
    """
    return _intensity(p, p.log_sessions_per_day, activity, eager)


@njit(NEXT_SESSION_TYPES, forceinline=True)
def next_session_delay_s(
    p: SessionParams,
    s: np.uint64,
    now_s: float,
    activity: float,
    chronotype_h: float,
    utc_offset_s: float,
    eager: float,
) -> float:
    """Seconds from ``now_s`` to the next session start, at least ``rest_s``.

    Starts follow the daily curve in local time, moved later by ``chronotype_h`` hours; draw
    ``NEXT_SESSION`` of stream ``s``.
    """
    per_day, budget = session_intensity(p, activity, eager), exponential(s, NEXT_SESSION)
    return rest_s(p, p.hours_sum, per_day, budget, now_s, utc_offset_s - 3600.0 * chronotype_h)


@njit(SURFACE_TYPES, forceinline=True)
def surface_choice(p: SessionParams, s: np.uint64, follows: int) -> int:
    """Which surface a feed request opens, ``FOR_YOU`` or ``FOLLOWING``; draw ``SURFACE``.

    ``follows`` is the number of creators the user follows; who follows nobody stays in For You.
    """
    share = p.following_share * (follows / (follows + p.following_half))
    if uniform(s, SURFACE) < share:
        return FOLLOWING
    return FOR_YOU


LANES = (
    ("videos", np.int64),  # shown in this session, this one included
    ("leaves", np.int64),  # 1 when the session ends with this video
    ("gap_s", np.float64),  # until the next video otherwise
    ("comfort", np.float64),  # what the session so far takes from ln of the hazard of leaving
    # who has left
    ("eager", np.float64),  # what is added to ln of the sessions a day
    ("rest_s", np.float64),  # until the next session
    # who wants a slate
    ("opens", np.int64),  # the surface; NOBODY while nothing is chosen
    ("subject", np.int64),  # what it is about
    ("follows", np.int64),  # creators that the person follows
)


@njit(forceinline=True)
def open_feed(p: Any, room: Any, k: int) -> None:
    """Who has opened nothing else opens For You or the following surface."""
    if room.opens[k] == NOBODY:
        room.opens[k] = surface_choice(p.session, room.stream[k], room.follows[k])


@njit(forceinline=True)
def stay_or_leave(p: Any, room: Any, k: int) -> None:
    """Whether the session ends with this video; draw ``LEAVE`` of the stream."""
    skipped = (room.seen.actions[k] & _SKIP) != 0
    leave = leave_probability(p.session, room.appeal[k], room.videos[k], skipped, room.comfort[k])
    room.leaves[k] = 1 if uniform(room.stream[k], LEAVE) < leave else 0


@njit(forceinline=True)
def swipe_on(p: Any, room: Any, k: int) -> None:
    """The gap until the next video."""
    room.gap_s[k] = _gap_s(p.session, exponential(room.stream[k], SWIPE_GAP))


@njit(forceinline=True)
def rest(world: Any, p: Any, room: Any, k: int) -> None:
    """When the person who has left comes again; draw ``NEXT_SESSION`` of the session's stream."""
    u, people = room.seen.user[k], world.people
    room.rest_s[k] = next_session_delay_s(
        p.session,
        room.stream[k],
        room.seen.time_s[k],
        float(people.activity[u]),
        float(people.chronotype[u]),
        world.utc_offset_s[world.accounts.locale[u]],
        room.eager[k],
    )
