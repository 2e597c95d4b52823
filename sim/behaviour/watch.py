"""Watch: how many seconds a person plays a video before swiping on.

A proportional hazard over the seconds played, in three parts that share one exponential draw
(what the draw leaves after one part is again exponential):

1. the first 3 seconds, where the hook counts;
2. the rest of the video, where appeal counts, plus a bump just before the end;
3. replays, in seconds since the first end: most people swipe within 3 seconds of the restart.

The formulas are those of ``sim.core.formulas``, compiled.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.behaviour.draws import WATCH
from sim.behaviour.tables import look_up
from sim.core import formulas
from sim.core.actions import bit
from sim.core.formulas import MAX_WATCH_MS, SKIP_MS
from sim.core.maths import exp
from sim.core.random import exponential
from sim.machine.compiled import compiled, njit

__all__ = [
    "LANES", "MAX_WATCH_MS", "SKIP_MS", "completed", "count_watch", "early_factor",
    "early_hazard", "early_seconds", "ending_start", "is_skip", "late_factor", "late_hazard",
    "late_seconds", "leaves_early", "leaves_late", "play_ending", "sit_down", "view_count",
    "watch_end", "watch_ms", "watch_rest", "watch_start",
]  # fmt: skip

_COMPLETION, _SKIP, _LOOP = bit("completion"), bit("skip"), bit("loop")

early_factor = compiled(formulas.early_factor, exp=exp)
late_factor = compiled(formulas.late_factor, exp=exp)
early_hazard = compiled(formulas.early_hazard)
late_hazard = compiled(formulas.late_hazard)
early_seconds = compiled(formulas.early_seconds, look_up=look_up)
leaves_early = compiled(formulas.leaves_early)
late_seconds = compiled(formulas.late_seconds, look_up=look_up)
ending_start = compiled(formulas.ending_start)
leaves_late = compiled(formulas.leaves_late, ending_start=ending_start)
play_ending = compiled(formulas.play_ending, exp=exp, look_up=look_up, ending_start=ending_start)
watch_ms = compiled(formulas.watch_ms)
completed = compiled(formulas.completed, watch_ms=watch_ms)
is_skip = compiled(formulas.is_skip)


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
    ("hold", np.float64),  # 1/32 sd
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
    held = appeal + p.watch.hold * room.hold[k]
    room.late[k] = late_factor(p.watch, held, patience)


@njit(forceinline=True)
def watch_start(p: Any, room: Any, k: int) -> bool:
    """The first 3 seconds, where the hook counts; whether the person watches on."""
    w, duration_s = p.watch, room.duration_s[k]
    factor = look_up(w.duration, duration_s)
    level = early_hazard(room.budget[k], room.early[k], factor)
    t = early_seconds(w, level)
    room.factor[k], room.level[k], room.seconds[k] = factor, level, t
    return not leaves_early(w, level, t, duration_s)


@njit(forceinline=True)
def watch_rest(p: Any, room: Any, k: int) -> bool:
    """The rest of the video, where appeal counts; whether the person sees the end come."""
    w, duration_s = p.watch, room.duration_s[k]
    later = late_hazard(w, room.budget[k], room.level[k], room.late[k], room.factor[k])
    t = late_seconds(w, later)
    room.later[k], room.seconds[k] = later, t
    return not leaves_late(w, t, duration_s)


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
    whole = completed(ms, room.duration_s[k])
    room.seen.actions[k] = (done if whole else 0) | (_SKIP if is_skip(ms, whole) else 0)
