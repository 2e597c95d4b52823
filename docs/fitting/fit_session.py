"""Play sessions of many users with the formulas and compare with the facts on coming and leaving.

    python docs/fitting/fit_session.py [USERS [DAYS]]

Needs no data: the facts are few numbers (W15, W16, W17, W19). The hour curve is corrected for
the spread of chronotypes and for where in the day long sessions lie; the corrected weights are
printed, and are the defaults. The feed is ordinary: appeal is standard normal.
"""

from __future__ import annotations

import sys

import numpy as np
from numba import njit

from sim.behaviour.draws import LEAVE, SWIPE_GAP
from sim.behaviour.params import behaviour_params
from sim.behaviour.session import leave_probability, next_session_delay_s
from sim.core import formulas
from sim.core.random import exponential, normal, stream2, stream3, uniform
from sim.machine.compiled import compiled
from sim.scenario.behaviour import BehaviourConfig
from sim.testing.reaction import watch_seconds

gap_s = compiled(formulas.gap_s)

W19 = np.array(
    [
        3.93, 2.41, 1.61, 0.98, 0.79, 0.85, 1.57, 2.46, 3.21, 4.03, 4.53, 5.16,
        5.99, 5.76, 5.30, 5.30, 5.70, 6.12, 5.71, 5.23, 5.38, 5.57, 6.35, 6.05,
    ]
)  # fmt: skip
"""Share of exposures by local hour, per 100 (KuaiRand-Pure, single-column feed)."""


@njit
def live(p, chronotype_spread, users, days, first_day):  # type: ignore[no-untyped-def]
    """Exposures by hour [24]; seconds, videos, sessions by user and day; totals of sessions."""
    k = np.uint64(12345)
    hours = np.zeros(24, np.int64)
    day = np.zeros((users, days, 3))
    total = np.zeros(3)
    for u in range(users):
        su = stream2(k, u, -1)
        activity, shift = normal(su, 20), normal(su, 21) * chronotype_spread
        patience = normal(su, 22)
        now, visit = 0.0, 0
        while True:
            s = stream3(k, u, visit, 0)
            now += next_session_delay_s(p.session, s, now, activity, shift, 0.0, 0.0)
            if now >= days * 86400.0:
                break
            visit += 1
            start, n = now, 0
            first = True
            while True:
                n += 1
                sv = stream3(k, u, visit, n)
                length = min(max(25.0 * np.exp(0.8 * normal(sv, 23)), 5.0), 600.0)
                appeal = normal(sv, 24)
                watched = watch_seconds(p, sv, length, appeal, normal(sv, 25), patience)
                at = int(now / 86400.0)
                if at < days:
                    if at >= first_day:
                        hours[int(now / 3600.0) % 24] += 1
                    day[u, at, 0] += watched
                    day[u, at, 1] += 1
                    if first:
                        day[u, at, 2] += 1
                        first = False
                now += watched
                if uniform(sv, LEAVE) < leave_probability(p.session, appeal, n, watched < 3.0, 0.0):
                    break
                now += gap_s(p.session, exponential(sv, SWIPE_GAP))
            total[0] += 1
            total[1] += now - start
            total[2] += n
    return hours, day, total


def report(config: BehaviourConfig, users: int, days: int) -> np.ndarray:
    """Print the numbers beside the facts; the hourly shares of exposures."""
    p = behaviour_params(config)
    spread = config.session.chronotype_spread_h
    hours, day, total = live(p, spread, users, days, 1)
    share = hours / hours.sum() * 100
    part = day[:, 1:, :].reshape(-1, 3)
    active = part[part[:, 1] > 0]
    videos = active[:, 1]
    q = np.quantile(videos, (0.25, 0.5, 0.75))
    tv = np.abs(share - W19).sum() / 200
    daily = np.quantile(day[:, 1:, 2].sum(axis=1) / (days - 1), (0.1, 0.5, 0.9)).round(2)
    rows = (
        ("W16 minutes per active user-day", "58.4", f"{active[:, 0].mean() / 60:.1f}"),
        ("active on a day, per 100", "55, assumed", f"{100 * len(active) / len(part):.1f}"),
        ("W17 minutes a session", "11", f"{total[1] / total[0] / 60:.1f}"),
        ("W17 videos a session", "26 or more", f"{total[2] / total[0]:.1f}"),
        ("sessions per active user-day", "", f"{active[:, 2].mean():.2f}"),
        ("W15 median videos / mean", "0.63", f"{q[1] / videos.mean():.2f}"),
        ("W15 quartiles / mean", "0.29-1.25", "-".join(f"{x / videos.mean():.2f}" for x in q[::2])),
        ("videos per active user-day", "at least 66", f"{videos.mean():.0f}"),
        ("W19 total variation", "at most 0.08", f"{tv:.4f}"),
        ("sessions a day, p10 p50 p90", "", str(daily)),
    )
    for name, fact, model in rows:
        print(f"{name:36}{fact:16}{model}")
    return share


def main() -> None:
    """Report, and correct the hours twice."""
    users = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    config = BehaviourConfig()
    share = report(config, users, days)
    data = config.model_dump()
    hours = np.array(data["session"]["hours"])
    hours = hours * (W19 / W19.sum() / (share / share.sum()))
    print("corrected hours", [round(float(x), 2) for x in hours / hours.sum() * 100])


if __name__ == "__main__":
    main()
