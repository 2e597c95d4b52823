"""Watch: how many seconds a person plays a video before swiping on.

A proportional hazard over the seconds played, in three parts that share one exponential draw
(what the draw leaves after one part is again exponential):

1. the first 3 seconds, where the hook counts;
2. the rest of the video, where appeal counts, plus a bump just before the end;
3. replays, in seconds since the first end: most people swipe within 3 seconds of the restart.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.behaviour.draws import WATCH
from sim.behaviour.params import HOOK_S, WatchParams
from sim.behaviour.tables import look_up
from sim.core.actions import bit
from sim.core.maths import exp
from sim.core.random import exponential
from sim.machine.compiled import njit

__all__ = [
    "LANES", "MAX_WATCH_MS", "SKIP_MS", "completed", "count_watch", "early_factor",
    "early_hazard", "ending_start", "late_factor", "late_hazard", "play_ending", "sit_down",
    "view_count", "watch_end", "watch_ms", "watch_rest", "watch_start",
]  # fmt: skip

SKIP_MS = 3000
"""A skip is a watch of less than this, ms."""
_COMPLETION, _SKIP, _LOOP = bit("completion"), bit("skip"), bit("loop")

MAX_WATCH_MS = 2**31 - 1
"""Longest watch of one impression, ms: almost 25 days, replays included."""


@njit(forceinline=True)
def early_factor(p: WatchParams, hook: float, appeal: float, patience: float) -> float:
    """How many times as long a budget lasts in the first 3 seconds, for a person and a video."""
    return exp(p.hook * hook + p.early_appeal * appeal + p.early_patience * patience)


@njit(forceinline=True)
def late_factor(p: WatchParams, appeal: float, patience: float) -> float:
    """The same for the rest of the video."""
    return exp(p.late_appeal * appeal + p.late_patience * patience)


@njit(forceinline=True)
def early_hazard(budget: float, early: float, factor: float) -> float:
    """Cumulative hazard that a budget is worth in the first 3 seconds."""
    return budget * early / factor


@njit(forceinline=True)
def late_hazard(p: WatchParams, budget: float, level: float, late: float, factor: float) -> float:
    """Cumulative hazard, the first 3 seconds included, for a budget worth ``level`` in those."""
    rest = budget * (1.0 - p.hook_sum / level)
    return p.hook_sum + rest * late / factor


@njit(forceinline=True)
def ending_start(p: WatchParams, duration_s: float) -> float:
    """Second from which the end of the video is seen to come, s."""
    return max(HOOK_S, duration_s - p.ending_s)


@njit(forceinline=True)
def play_ending(
    p: WatchParams, budget: float, level: float, later: float, late: float, factor: float,
    duration_s: float, appeal: float,
) -> float:  # fmt: skip
    """Seconds played by who sees the end come, or has come to the end of a very short video.

    ``level`` and ``later`` are what the budget is worth in cumulative hazard if it is spent in the
    first 3 seconds, and behind them; ``late`` and ``factor`` are those of the person and of the
    duration.
    """
    if duration_s > HOOK_S:
        # The last seconds are so few that their hazard is taken as even. Seeing the end come and
        # seeing the start again are events of their own: patience does not scale them.
        ending = ending_start(p, duration_s)
        before = look_up(p.hazard, ending)
        budget = max(0.0, later - before) * factor / late
        span = duration_s - ending
        bump = p.ending_hazard * (span / p.ending_s) * exp(-p.ending_appeal * appeal)
        mass = (look_up(p.hazard, duration_s) - before) * factor / late + bump
        if budget < mass:
            return ending + span * (budget / mass)
        rest = budget - mass
    else:
        rest = max(0.0, budget * (1.0 - look_up(p.hazard, duration_s) / level))
    replays = rest * exp(p.replay_appeal * appeal) / look_up(p.replay_factor, duration_s)
    t = duration_s + look_up(p.replay_inverse, replays)
    return min(t, p.max_plays * duration_s)


@njit(forceinline=True)
def watch_ms(seconds: float) -> int:
    """Seconds as whole milliseconds, the unit of every watch counter; halves round up.

    At most ``MAX_WATCH_MS``: an event has 32 bits for it.
    """
    return min(int(seconds * 1000.0 + 0.5), MAX_WATCH_MS)


@njit(forceinline=True)
def completed(ms: int, duration_s: float) -> bool:
    """Whether the video was watched to its end at least once: ``ms`` reaches its duration."""
    return ms >= watch_ms(duration_s)


@njit(forceinline=True)
def view_count(ms: int, duration_s: float) -> int:
    """Plays that started: 1 even for 0 ms, and one more for each replay of at least 1 ms.

    Stopping exactly at the end is a completion without a replay.
    """
    # both are below 2**31, so the quotient of floats is never rounded up to a whole number
    return 1 + int(float(max(ms - 1, 0)) / float(watch_ms(duration_s)))


LANES = (
    ("stream", np.uint64),  # of the impression: its luck
    ("hook", np.float64),
    ("duration_s", np.float64),
    ("patience", np.float64),
    ("budget", np.float64),  # exponential draw that the hazard uses up
    ("early", np.float64),
    ("late", np.float64),
    ("factor", np.float64),
    ("level", np.float64),
    ("later", np.float64),
    ("seconds", np.float64),  # played, replays included
    ("ratio", np.float64),  # watch ratio
)


@njit(forceinline=True)
def sit_down(p: Any, room: Any, k: int) -> None:
    """What watching needs of the person and the video; draw ``WATCH`` of the stream."""
    room.budget[k] = exponential(room.stream[k], WATCH)
    appeal, patience = room.appeal[k], room.patience[k]
    room.early[k] = early_factor(p.watch, room.hook[k], appeal, patience)
    room.late[k] = late_factor(p.watch, appeal, patience)


@njit(forceinline=True)
def watch_start(p: Any, room: Any, k: int) -> bool:
    """The first 3 seconds, where the hook counts; whether the person watches on."""
    w, duration_s = p.watch, room.duration_s[k]
    factor = look_up(w.duration, duration_s)
    level = early_hazard(room.budget[k], room.early[k], factor)
    t = look_up(w.hazard_inverse, level if level < w.hook_sum else 0.0)
    room.factor[k], room.level[k], room.seconds[k] = factor, level, t
    return not ((level < w.hook_sum) & (t < duration_s))


@njit(forceinline=True)
def watch_rest(p: Any, room: Any, k: int) -> bool:
    """The rest of the video, where appeal counts; whether the person sees the end come."""
    w, duration_s = p.watch, room.duration_s[k]
    later = late_hazard(w, room.budget[k], room.level[k], room.late[k], room.factor[k])
    t = look_up(w.hazard_inverse, max(later, 0.0))
    room.later[k], room.seconds[k] = later, t
    return not ((duration_s > HOOK_S) & (t < ending_start(w, duration_s)))


@njit(forceinline=True)
def watch_end(p: Any, room: Any, k: int) -> bool:
    """The last seconds, and replays."""
    room.seconds[k] = play_ending(
        p.watch, room.budget[k], room.level[k], room.later[k], room.late[k], room.factor[k],
        room.duration_s[k], room.appeal[k],
    )  # fmt: skip
    return False


@njit(forceinline=True)
def count_watch(p: Any, room: Any, k: int) -> None:
    """What follows from the seconds: milliseconds, views, watch ratio, completion, skip, loop."""
    ms = watch_ms(room.seconds[k])
    room.seen.watch_ms[k] = ms
    room.ratio[k] = float(ms) / (1000.0 * room.duration_s[k])
    views = view_count(ms, room.duration_s[k])
    room.seen.views[k] = views
    done = _COMPLETION | (_LOOP if views > 1 else 0)
    whole = ms >= watch_ms(room.duration_s[k])
    room.seen.actions[k] = done if whole else (_SKIP if ms < SKIP_MS else 0)
