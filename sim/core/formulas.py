"""Leaving, watching, gaps and rests: one formula each, in plain scalar arithmetic.

The play compiles these lines (``sim.behaviour``), with the portable ``exp`` in place of that of
``math``; ``sim.world.attention`` calls them as they stand, to expect what the play will do. So
nothing here may need arrays or compiled code.

``p`` is a group of settings of behaviour, or what was made of one: anything with these names.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import exp, floor, sqrt
from typing import Any, NamedTuple

__all__ = [
    "DAY_S",
    "HOOK_S",
    "HOUR_S",
    "MAX_WATCH_MS",
    "SKIP_MS",
    "Lines",
    "completed",
    "day_second",
    "days_until",
    "early_factor",
    "early_hazard",
    "early_seconds",
    "ending_start",
    "factor_lines",
    "gap_s",
    "hazard_lines",
    "hour_shares",
    "is_skip",
    "late_factor",
    "late_hazard",
    "late_seconds",
    "leave_probability",
    "leaves_early",
    "leaves_late",
    "look_up",
    "match",
    "play_ending",
    "quality",
    "rest_s",
    "rhythm_delay",
    "session_intensity",
    "share_before",
    "spread_of_tastes",
    "taste",
    "watch_ms",
]  # fmt: skip

DAY_S = 86_400.0
HOUR_S = 3_600.0
HOOK_S = 3.0
"""How long the hook counts, s."""
SKIP_MS = 3000
"""A skip is a watch of less than this, ms."""
MAX_WATCH_MS = 2**31 - 1
"""Longest watch of one impression, ms: almost 25 days, replays included."""


# ---- curves -------------------------------------------------------------------------------------


class Lines(NamedTuple):
    """A piecewise linear function: y[i] + (x - x[i]) * slope[i] for the last i with x[i] <= x."""

    x: list[float]
    y: list[float]
    slope: list[float]


def look_up(lines: Any, x: float) -> float:
    """The value at ``x`` >= 0; compiled code has a table for it (``sim.behaviour.tables``)."""
    i = bisect_right(lines.x, x) - 1
    return float(lines.y[i] + (x - lines.x[i]) * lines.slope[i])


def factor_lines(curve: Sequence[tuple[float, float]]) -> Lines:
    """Rows of (position, value), linear between rows and flat after the last."""
    x, y = [float(at) for at, _ in curve], [float(value) for _, value in curve]
    slope = [(y[i + 1] - y[i]) / (x[i + 1] - x[i]) for i in range(len(x) - 1)]
    return Lines(x, y, [*slope, 0.0])


def hazard_lines(curve: Sequence[tuple[float, float]]) -> tuple[Lines, Lines]:
    """From rows of (from second, hazard per second): cumulative hazard by time, and its inverse."""
    start, rate = [float(at) for at, _ in curve], [float(value) for _, value in curve]
    total = [0.0]
    for i in range(1, len(start)):
        total.append(total[i - 1] + (start[i] - start[i - 1]) * rate[i - 1])
    return Lines(start, total, rate), Lines(total, start, [1.0 / value for value in rate])


def hour_shares(weights: Sequence[float]) -> list[float]:
    """[25] share of a day's events before each hour, exactly 0 at the start and 1 at the end."""
    sums = [0.0]
    for weight in weights:
        sums.append(sums[-1] + weight)
    return [*(value / sums[24] for value in sums[:24]), 1.0]


# ---- appeal -------------------------------------------------------------------------------------


def match(p: Any, affinity: float) -> float:
    """What the match of interests and topics adds to appeal, sd."""
    return p.affinity * (affinity - p.affinity_center)  # type: ignore[no-any-return]


def quality(p: Any, level: float) -> float:
    """What the quality of the video adds, sd."""
    return p.quality * level  # type: ignore[no-any-return]


def taste(p: Any, deviate: float) -> float:
    """What the fixed taste of the pair adds, sd."""
    return p.taste * deviate  # type: ignore[no-any-return]


def spread_of_tastes(p: Any) -> float:
    """Sd of what all tastes add, lasting ones too, when a person meets a video of a new creator.

    A video carries half of the three hashtags on average.
    """
    lasting = p.creator_taste**2 + p.sound_taste**2 + p.hashtag_taste**2 / 2.0
    return sqrt(p.taste**2 + lasting)


# ---- watching -----------------------------------------------------------------------------------


def early_factor(p: Any, hook: float, appeal: float, patience: float) -> float:
    """How many times as long a budget lasts in the first 3 seconds, for a person and a video."""
    return exp(p.hook * hook + p.early_appeal * appeal + p.early_patience * patience)


def late_factor(p: Any, appeal: float, patience: float) -> float:
    """The same for the rest of the video."""
    return exp(p.late_appeal * appeal + p.late_patience * patience)


def early_hazard(budget: float, early: float, factor: float) -> float:
    """Cumulative hazard that a budget is worth in the first 3 seconds."""
    return budget * early / factor


def late_hazard(p: Any, budget: float, level: float, late: float, factor: float) -> float:
    """Cumulative hazard, the first 3 seconds included, for a budget worth ``level`` in those."""
    rest = budget * (1.0 - p.hook_sum / level)
    return p.hook_sum + rest * late / factor  # type: ignore[no-any-return]


def early_seconds(p: Any, level: float) -> float:
    """Seconds played by who swipes on within the first 3, for a budget worth ``level``."""
    return look_up(p.hazard_inverse, level if level < p.hook_sum else 0.0)


def leaves_early(p: Any, level: float, seconds: float, duration_s: float) -> bool:
    """Whether a budget worth ``level`` is used up in the first 3 seconds."""
    return (level < p.hook_sum) & (seconds < duration_s)  # type: ignore[no-any-return]


def late_seconds(p: Any, later: float) -> float:
    """Seconds played by who swipes on behind the first 3, for a cumulative hazard."""
    return look_up(p.hazard_inverse, max(later, 0.0))


def leaves_late(p: Any, seconds: float, duration_s: float) -> bool:
    """Whether these seconds end before the end of the video is seen to come."""
    return (duration_s > HOOK_S) & (seconds < ending_start(p, duration_s))


def ending_start(p: Any, duration_s: float) -> float:
    """Second from which the end of the video is seen to come, s."""
    return max(HOOK_S, duration_s - p.ending_s)  # type: ignore[no-any-return]


def play_ending(
    p: Any, budget: float, level: float, later: float, late: float, factor: float,
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
            return ending + span * (budget / mass)  # type: ignore[no-any-return]
        rest = budget - mass
    else:
        rest = max(0.0, budget * (1.0 - look_up(p.hazard, duration_s) / level))
    replays = rest * exp(p.replay_appeal * appeal) / look_up(p.replay_factor, duration_s)
    t = duration_s + look_up(p.replay_inverse, replays)
    return min(t, p.max_plays * duration_s)  # type: ignore[no-any-return]


def watch_ms(seconds: float) -> int:
    """Seconds as whole milliseconds, the unit of every watch counter; halves round up.

    At most ``MAX_WATCH_MS``: an event has 32 bits for it.
    """
    return min(int(seconds * 1000.0 + 0.5), MAX_WATCH_MS)


def completed(ms: int, duration_s: float) -> bool:
    """Whether the video was watched to its end at least once: ``ms`` reaches its duration."""
    return ms >= watch_ms(duration_s)


def is_skip(ms: int, whole: bool) -> bool:
    """Whether a watch is a skip: short, and not ``whole``."""
    return (ms < SKIP_MS) & (not whole)


# ---- staying, leaving, coming back --------------------------------------------------------------


def leave_probability(
    p: Any, appeal: float, videos_in_session: float, skipped: bool, comfort: float
) -> float:
    """Probability of ending the session after this video.

    ``appeal`` is that of the video just watched, sd, or a recent mean; ``videos_in_session``
    counts it, so it is at least 1. ``comfort`` is taken from ln of the hazard.
    """
    calm = p.leave_appeal * appeal + comfort
    hazard = p.leave * (1.0 + p.leave_start / videos_in_session) * exp(-calm)
    if skipped:
        hazard *= p.leave_skip
    return hazard / (1.0 + hazard)  # type: ignore[no-any-return]


def gap_s(p: Any, budget: float) -> float:
    """Seconds until the next video; ``budget`` is an exponential draw, of mean 1."""
    return p.gap_min_s + p.gap_mean_s * budget  # type: ignore[no-any-return]


def session_intensity(p: Any, log_per_day: float, activity: float, eager: float) -> float:
    """Sessions a day that a user would start if sessions took no time; activity standard normal.

    ``log_per_day`` is ln of that of the median user, and ``eager`` what is added to it.
    """
    rate = exp(log_per_day + p.activity_spread * activity + eager)
    return min(max(rate, p.activity_min), p.activity_max)  # type: ignore[no-any-return]


def rest_s(
    p: Any, hours_sum: Any, per_day: float, budget: float, now_s: float, offset_s: float
) -> float:
    """Seconds from ``now_s`` to the next event, at least ``p.rest_s``.

    Events are ``per_day`` a day where they take no rest, and follow the hours at ``offset_s``;
    ``budget`` is an exponential draw.
    """
    clock_s = day_second(now_s + p.rest_s, offset_s)
    return p.rest_s + rhythm_delay(hours_sum, per_day, budget, clock_s)  # type: ignore[no-any-return]


def day_second(now_s: float, offset_s: float) -> float:
    """Local time of day in [0, 86400) s; scenario time 0 is midnight at offset 0."""
    local = now_s + offset_s
    days = float(floor(local / DAY_S))
    second = local - days * DAY_S
    if second < 0.0 or second >= DAY_S:
        return 0.0
    return second


def share_before(hours_sum: Any, clock_s: float) -> float:
    """Share of a day's events before the local time of day ``clock_s``."""
    hour = min(int(clock_s / HOUR_S), 23)
    return hours_sum[hour] + (hours_sum[hour + 1] - hours_sum[hour]) * (clock_s / HOUR_S - hour)  # type: ignore[no-any-return]


def days_until(per_day: float, budget: float) -> float:
    """Days' worth of events that pass until the next one; ``budget`` is an exponential draw."""
    return budget / per_day


def rhythm_delay(hours_sum: Any, per_day: float, budget: float, clock_s: float) -> float:
    """Seconds from local time of day ``clock_s`` to the next event.

    ``hours_sum`` [25] is the share of a day's events before each hour, ``per_day`` the mean
    number of events a day and ``budget`` an exponential draw of mean 1: the cumulative intensity
    is inverted, so the number of draws is fixed and the daily curve is exact.
    """
    target = share_before(hours_sum, clock_s) + days_until(per_day, budget)
    days = float(floor(target))
    share = target - days
    i = 0
    while i < 23 and hours_sum[i + 1] <= share:
        i += 1
    into = (share - hours_sum[i]) / (hours_sum[i + 1] - hours_sum[i])
    return float(max(0.0, days * DAY_S + (i + into) * HOUR_S - clock_s))
