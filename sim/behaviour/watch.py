"""Watch: how many seconds a person plays a video before swiping on.

A proportional hazard over the seconds played, in three parts that share one exponential draw
(what the draw leaves after one part is again exponential):

1. the first 3 seconds, where the hook counts;
2. the rest of the video, where appeal counts, plus a bump just before the end;
3. replays, in seconds since the first end: most people swipe within 3 seconds of the restart.
"""

from __future__ import annotations

import numpy as np

from sim.behaviour.draws import WATCH
from sim.behaviour.params import HOOK_S, WatchParams
from sim.behaviour.signatures import WATCH_SECONDS
from sim.behaviour.tables import look_up
from sim.core.maths import exp
from sim.core.random import exponential
from sim.machine.compiled import njit

__all__ = [
    "MAX_WATCH_MS", "completed", "early_factor", "early_hazard", "ending_start", "late_factor",
    "late_hazard", "play_ending", "play_until", "view_count", "watch_ms", "watch_seconds",
]  # fmt: skip

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
def play_until(
    p: WatchParams, budget: float, duration_s: float, appeal: float, hook: float, patience: float
) -> float:
    """Seconds played until the cumulative hazard reaches ``budget``; see ``watch_seconds``.

    ``budget`` > 0 is exponential with mean 1; ``duration_s`` is at least 1.
    """
    factor = look_up(p.duration, duration_s)
    level = early_hazard(budget, early_factor(p, hook, appeal, patience), factor)
    if level < p.hook_sum:
        t = look_up(p.hazard_inverse, level)
        if t < duration_s:
            return t
    late = late_factor(p, appeal, patience)
    later = late_hazard(p, budget, level, late, factor)
    if duration_s > HOOK_S:
        t = look_up(p.hazard_inverse, later)
        if t < ending_start(p, duration_s):
            return t
    return play_ending(p, budget, level, later, late, factor, duration_s, appeal)


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


@njit(WATCH_SECONDS, forceinline=True)
def watch_seconds(
    p: WatchParams, s: np.uint64, duration_s: float, appeal: float, hook: float, patience: float
) -> float:
    """Seconds played, replays included, for one impression; draw ``WATCH`` of stream ``s``.

    ``appeal`` (sd), ``hook`` and ``patience`` (standard normal) all lower the hazard. The
    result lies in [0, max_plays x duration].
    """
    return play_until(p, exponential(s, WATCH), duration_s, appeal, hook, patience)


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
