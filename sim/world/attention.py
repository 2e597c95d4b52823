"""How much people want to watch, from the settings of a scenario alone: before anything is played.

Sessions a day times videos a session, as if there were always something to show. The formulas are
those of the play (``sim.core.formulas``), averaged over what people are usually shown (``SHOWN``)
and over their luck. What is left out: another feed than the default one, another locale's
videos, shared links and notifications, moods, and that those are more bored who watch more.

Plain Python: ``foryou check`` needs neither arrays nor compiled code for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import exp, expm1, fsum, inf, log, sqrt
from statistics import NormalDist, fmean
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

from sim.core import formulas
from sim.core.formulas import DAY_S, HOUR_S
from sim.scenario import Scenario
from sim.scenario.behaviour import BoredomConfig, InterestConfig, SessionConfig, WatchConfig
from sim.scenario.population import VideoDurationConfig

__all__ = [
    "RECENT", "SHOWN", "Attention", "Recent", "Shown", "attention", "session_videos",
    "videos_a_day",
]  # fmt: skip

_SETTLED = 300
"""Videos after which the chance to leave is taken as constant."""
_SAMPLES = 8_192
_HALF_LIFE_S = 6 * HOUR_S
_GROUPS = 12
"""Into so many groups of equal size impressions are put by their appeal."""


class Shown(NamedTuple):
    """What people are shown, impression by impression: (mean, sd)."""

    affinity: tuple[float, float]
    """cosine of interests and topics"""
    quality: tuple[float, float]
    """of the video, sd of all posts"""
    hook: tuple[float, float]
    """of the video, sd of all posts"""
    length: tuple[float, float]
    """ln of the duration less that of the median, in spreads of ``catalogue.duration``"""


class Recent(NamedTuple):
    """Recent videos with the same as one that is shown, on average (see ``behaviour.boredom``)."""

    creator: float
    topic: float
    sound: float
    format: float


SHOWN: Final = Shown((0.51, 0.31), (1.05, 1.01), (0.94, 1.02), (-0.04, 0.99))
"""Under the default feed. No formula gives it, since what a feed shows is a result: the match of
random videos is 0.2 and not 0.51. It depends on the size a little: with more videos to choose from
they are better ones: these are the middle of baseline and of zero_followers, as printed by

    python docs/fitting/measure_shown.py scenarios/baseline.yaml
"""
RECENT: Final = Recent(0.25, 38.9, 0.12, 0.13)
"""Under the default feed with a half-life of six hours, printed by the same command."""


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
    duration = float(scenario.duration)
    videos, length = _visit(scenario, duration)
    # a session that begins late in the run is cut off by its end
    finished = 1.0 + length / duration * expm1(-duration / length)
    days = _active_days(scenario)
    sessions = [days / cycle for cycle in _cycles(scenario.behaviour.session, length)]
    return Attention(sessions, [number * videos * finished for number in sessions])


def videos_a_day(scenario: Scenario) -> float:
    """Videos that a person wants a day, on average over people and over whole days."""
    videos, length = _visit(scenario, DAY_S)
    return fmean(videos / cycle for cycle in _cycles(scenario.behaviour.session, length))


def session_videos(scenario: Scenario) -> float:
    """Expected videos of a session that nothing cuts off."""
    return _session(scenario)[0]


def _visit(scenario: Scenario, longest_s: float) -> tuple[float, float]:
    """Expected videos of a session, and its seconds, which are at most ``longest_s``."""
    videos, pace = _session(scenario)
    videos = min(videos, longest_s / pace)
    return videos, videos * pace


def _cycles(session: SessionConfig, length_s: float) -> Iterator[float]:
    """Days from session to session: one that lasts, the rest after it, and the wait for the next.

    For people of different activity, each of whom stands for the same share. In which hours they
    watch and rest is left out; who would come most in these comes a little less often.
    """
    middle = log(session.sessions_per_day)
    for activity in _normal(100):
        rate = formulas.session_intensity(session, middle, activity, 0.0)
        yield formulas.days_until(rate, 1.0) + (session.rest_s + length_s) / DAY_S


def _normal(count: int) -> list[float]:
    """The middle of each of ``count`` equal parts of the standard normal distribution."""
    return [NormalDist().inv_cdf((i + 0.5) / count) for i in range(count)]


# ---- one session --------------------------------------------------------------------------------


def _session(scenario: Scenario) -> tuple[float, float]:
    """Expected videos of a session, and seconds from one to the next."""
    behaviour = scenario.behaviour
    return _played(
        behaviour.interest, behaviour.watch, behaviour.session, behaviour.boredom,
        scenario.catalogue.duration,
    )  # fmt: skip


@lru_cache(maxsize=64)
def _played(
    interest: InterestConfig, watch: WatchConfig, session: SessionConfig, boredom: BoredomConfig,
    lengths: VideoDurationConfig,
) -> tuple[float, float]:  # fmt: skip
    impressions = list(_impressions(interest, watch, _lost(boredom), lengths))
    pace = fmean(seconds for _, seconds, _ in impressions) + formulas.gap_s(session, 1.0)
    groups = list(_grouped(impressions))

    def leaves(videos: float) -> float:
        """Chance to leave after that many videos."""
        return fsum(
            share * formulas.leave_probability(session, appeal, videos, skipped, 0.0)
            for share, appeal, skipped in groups
        )

    expected, stays = 0.0, 1.0
    for videos in range(1, _SETTLED):
        expected += stays
        stays *= 1.0 - leaves(videos)
    return expected + stays / leaves(inf), pace


def _grouped(impressions: list[tuple[float, float, bool]]) -> Iterator[tuple[float, float, bool]]:
    """(share, mean appeal, whether it was skipped) of groups of like impressions."""
    for skip in (False, True):
        appeals = sorted(appeal for appeal, _, skipped in impressions if skipped == skip)
        size = -(-len(appeals) // _GROUPS)
        for start in range(0, len(appeals), max(size, 1)):
            group = appeals[start : start + size]
            yield len(group) / len(impressions), fmean(group), skip


def _lost(boredom: BoredomConfig) -> float:
    """Appeal that boredom takes from an impression, on average, sd."""
    memory = boredom.half_life / _HALF_LIFE_S
    return memory * fsum(
        slope * recent
        for slope, recent in zip(
            (boredom.creator, boredom.topic, boredom.sound, boredom.format), RECENT, strict=True
        )
    )


def _impressions(
    interest: InterestConfig, watch: WatchConfig, lost: float, lengths: VideoDurationConfig
) -> Iterator[tuple[float, float, bool]]:
    """(appeal, seconds played, whether it was skipped) of what is usually shown."""
    p, normal, tastes = _curves(watch), NormalDist().inv_cdf, formulas.spread_of_tastes(interest)
    # an even cover of the cube: roots of primes have no common multiple
    steps = [sqrt(prime) for prime in (2, 3, 5, 7, 11, 13, 17)]
    for i in range(_SAMPLES):
        even = [(0.5 + i * step) % 1.0 for step in steps]
        *deviates, patience = [normal(min(max(u, 1e-9), 1.0 - 1e-9)) for u in even[:6]]
        *_, taste = deviates
        affinity, quality, hook, length = (
            mean + sd * deviate for (mean, sd), deviate in zip(SHOWN, deviates, strict=False)
        )
        appeal = (
            formulas.match(interest, affinity)
            + formulas.quality(interest, quality)
            + tastes * taste
            - lost
        )
        duration = lengths.median * exp(lengths.spread * length)
        duration = min(max(duration, lengths.min), lengths.max)
        seconds = _seconds(p, -log(1.0 - even[6]), duration, appeal, hook, patience)
        ms = formulas.watch_ms(seconds)
        yield appeal, seconds, formulas.is_skip(ms, formulas.completed(ms, duration))


def _curves(watch: WatchConfig) -> Any:
    """The settings of watching with their curves as lines, as the formulas read them."""
    hazard, hazard_inverse = formulas.hazard_lines(watch.hazard)
    return SimpleNamespace(
        **{
            **watch.__dict__,
            "hazard": hazard,
            "hazard_inverse": hazard_inverse,
            "hook_sum": formulas.look_up(hazard, formulas.HOOK_S),
            "duration": formulas.factor_lines(watch.duration_factor),
            "replay_inverse": formulas.hazard_lines(watch.replay)[1],
            "replay_factor": formulas.factor_lines(watch.replay_factor),
        }
    )


def _seconds(
    p: Any, budget: float, duration_s: float, appeal: float, hook: float, patience: float
) -> float:
    """Seconds played, replays included, by who has a budget."""
    factor = formulas.look_up(p.duration, duration_s)
    early = formulas.early_factor(p, hook, appeal, patience)
    level = formulas.early_hazard(budget, early, factor)
    seconds = formulas.early_seconds(p, level)
    if formulas.leaves_early(p, level, seconds, duration_s):
        return seconds
    late = formulas.late_factor(p, appeal, patience)
    later = formulas.late_hazard(p, budget, level, late, factor)
    seconds = formulas.late_seconds(p, later)
    if formulas.leaves_late(p, seconds, duration_s):
        return seconds
    return formulas.play_ending(p, budget, level, later, late, factor, duration_s, appeal)


# ---- the hours of the run -----------------------------------------------------------------------


def _active_days(scenario: Scenario) -> float:
    """Length of the run in days, each hour weighted by how many sessions begin in it."""
    session, end = scenario.behaviour.session, float(scenario.duration)
    shares = formulas.hour_shares(session.hours)

    def until(time_s: float) -> float:
        return time_s // DAY_S + formulas.share_before(shares, time_s % DAY_S)

    spent = 0.0
    for place in scenario.population.locales:
        for later in _normal(5):
            start = float(place.utc_offset) - HOUR_S * session.chronotype_spread_h * later
            spent += place.share / 5 * (until(start + end) - until(start))
    return spent
