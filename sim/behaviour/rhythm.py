"""Rhythm: the next event of a process whose rate follows the hour of the day."""

from __future__ import annotations

import numpy as np

from sim.machine.compiled import njit

__all__ = ["DAY_S", "HOUR_S", "day_second", "rhythm_delay"]

DAY_S = 86_400.0
HOUR_S = 3_600.0


@njit(forceinline=True)
def day_second(now_s: float, offset_s: float) -> float:
    """Local time of day in [0, 86400) s; scenario time 0 is midnight at offset 0."""
    local = now_s + offset_s
    days = float(np.floor(local / DAY_S))
    second = local - days * DAY_S
    if second < 0.0 or second >= DAY_S:
        return 0.0
    return second


@njit(forceinline=True)
def rhythm_delay(hours_sum: np.ndarray, per_day: float, budget: float, clock_s: float) -> float:
    """Seconds from local time of day ``clock_s`` to the next event.

    ``hours_sum`` [25] is the share of a day's events before each hour, ``per_day`` the mean
    number of events a day and ``budget`` an exponential draw of mean 1: the cumulative intensity
    is inverted, so the number of draws is fixed and the daily curve is exact.
    """
    hour = min(int(clock_s / HOUR_S), 23)
    here = hours_sum[hour] + (hours_sum[hour + 1] - hours_sum[hour]) * (clock_s / HOUR_S - hour)
    target = here + budget / per_day
    days = float(np.floor(target))
    share = target - days
    i = 0
    while i < 23 and hours_sum[i + 1] <= share:
        i += 1
    into = (share - hours_sum[i]) / (hours_sum[i + 1] - hours_sum[i])
    return float(max(0.0, days * DAY_S + (i + into) * HOUR_S - clock_s))
