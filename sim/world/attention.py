"""How much people want to watch, from the settings of a scenario alone: before anything is played.

Sessions a day times videos a session, as if there were always something to show. What it leaves
out: that a good feed keeps people longer (appeal is taken as standard normal), and replays and
endings in the watch time.

Plain Python: ``foryou check`` needs neither arrays nor compiled code for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, expm1, inf
from statistics import NormalDist, fmean

from sim.scenario import Scenario
from sim.scenario.behaviour import SessionConfig

__all__ = ["Attention", "attention", "session_videos"]

_DAY_S = 86_400.0
_SKIPPED = 0.28
"""Share of impressions that are skipped; runs with the default behaviour have 0.23 to 0.33."""
_SETTLED = 300
"""Videos after which the chance to leave is taken as constant."""


@dataclass(frozen=True)
class Attention:
    """What people of different activity want; each stands for the same share of them."""

    sessions: list[float]
    """sessions that begin in the run"""
    videos: list[float]
    """videos wanted in the run"""

    @property
    def mean(self) -> float:
        """Videos that a person wants in the run, on average."""
        return fmean(self.videos)


def attention(scenario: Scenario) -> Attention:
    """What people want to watch during the run, if they are there from the start."""
    session, duration = scenario.behaviour.session, float(scenario.duration)
    pace = _watch_s(scenario) + session.gap_min_s + session.gap_mean_s
    videos = min(session_videos(session), duration / pace)
    length = videos * pace
    # a session that begins late in the run is cut off by its end
    finished = 1.0 + length / duration * expm1(-duration / length)
    days = _active_days(scenario)
    sessions, wanted = [], []
    for activity in _normal(100):
        rate = exp(session.activity_spread * activity) * session.sessions_per_day
        rate = min(max(rate, session.activity_min), session.activity_max)
        # sessions and the rests between them take time, in which none begins
        sessions.append(days / (1.0 / rate + (session.rest_s + length) / _DAY_S))
        wanted.append(sessions[-1] * videos * finished)
    return Attention(sessions, wanted)


def _normal(count: int) -> list[float]:
    """The middle of each of ``count`` equal parts of the standard normal distribution."""
    return [NormalDist().inv_cdf((i + 0.5) / count) for i in range(count)]


def session_videos(session: SessionConfig) -> float:
    """Expected videos of a session, for appeal that is standard normal."""
    factors = [exp(-session.leave_appeal * appeal) for appeal in _normal(10)]

    def leaves(videos: float) -> float:
        """Chance to leave after that many videos."""
        hazard = session.leave * (1.0 + session.leave_start / videos)
        after = [_chance(hazard * factor) for factor in factors]
        skipped = [_chance(hazard * factor * session.leave_skip) for factor in factors]
        return (1.0 - _SKIPPED) * fmean(after) + _SKIPPED * fmean(skipped)

    expected, stays = 0.0, 1.0
    for videos in range(1, _SETTLED):
        expected += stays
        stays *= 1.0 - leaves(videos)
    return expected + stays / leaves(inf)


def _chance(odds: float) -> float:
    return odds / (1.0 + odds)


def _watch_s(scenario: Scenario) -> float:
    """Mean seconds that a video of ordinary appeal is watched, without replays."""
    watch, length = scenario.behaviour.watch, scenario.catalogue.duration
    durations = [
        min(max(length.median * exp(length.spread * part), length.min), length.max)
        for part in _normal(10)
    ]
    return fmean(
        _mean_until(watch.hazard, exp(-watch.late_patience * patience), duration)
        for patience in _normal(10)
        for duration in durations
    )


def _mean_until(hazard: Sequence[tuple[float, float]], factor: float, end: float) -> float:
    """Mean of a time cut off at ``end``, with a hazard in steps (from second, per second)."""
    mean, stays = 0.0, 1.0
    ends = [start for start, _ in hazard[1:]] + [inf]
    for (start, rate), after in zip(hazard, ends, strict=True):
        if start >= end:
            break
        gone = -expm1(-rate * factor * (min(after, end) - start))
        mean += stays * gone / (rate * factor)
        stays *= 1.0 - gone
    return mean


def _active_days(scenario: Scenario) -> float:
    """Length of the run in days, each hour weighted by how many sessions begin in it."""
    session, end = scenario.behaviour.session, float(scenario.duration)
    sums = [0.0]
    for weight in session.hours:
        sums.append(sums[-1] + weight)

    def until(time_s: float) -> float:
        days, second = divmod(time_s, _DAY_S)
        hour = min(int(second / 3_600.0), 23)
        within = sums[hour] + session.hours[hour] * (second / 3_600.0 - hour)
        return days + within / sums[24]

    spent = 0.0
    for place in scenario.population.locales:
        for later in _normal(5):
            start = float(place.utc_offset) - 3_600.0 * session.chronotype_spread_h * later
            spent += place.share / 5 * (until(start + end) - until(start))
    return spent
