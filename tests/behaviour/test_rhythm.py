from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.behaviour.create import next_post_delay_s
from sim.behaviour.params import behaviour_params
from sim.behaviour.rhythm import day_second, rhythm_delay
from sim.behaviour.session import (
    FOLLOWING,
    FOR_YOU,
    leave_probability,
    next_session_delay_s,
    session_intensity,
    surface_choice,
)
from sim.core.random import key, stream, stream2
from sim.scenario.behaviour import BehaviourConfig, CreateConfig, SessionConfig

P = behaviour_params(BehaviourConfig())
EVEN = np.arange(25) / 24
W20 = {11: 7.6, 16: 8.1, 17: 10.4, 18: 13.5, 19: 14.1, 20: 10.0, 22: 3.0}


def total_variation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a / a.sum() - b / b.sum()).sum() / 2)


@given(clock=st.floats(0, 86_399.999), budget=st.floats(1e-9, 30), rate=st.floats(0.01, 50))
def test_an_even_day_is_a_plain_exponential(clock: float, budget: float, rate: float) -> None:
    delay = rhythm_delay(EVEN, rate, budget, clock)
    assert delay == pytest.approx(86_400 * budget / rate, rel=1e-6, abs=1e-3)


def test_intensity_is_inverted_across_hours_and_days() -> None:
    hours = np.zeros(25)
    hours[13:] = 1.0  # everything happens between 12:00 and 13:00
    hours[:13] = np.linspace(0, 1e-12, 13)
    assert rhythm_delay(hours, 1.0, 0.5, 0.0) == pytest.approx(12.5 * 3600, rel=1e-6)
    assert rhythm_delay(hours, 1.0, 1.0, 12.5 * 3600) == pytest.approx(86_400, rel=1e-6)
    assert rhythm_delay(hours, 1.0, 2.25, 0.0) == pytest.approx(2 * 86_400 + 12.25 * 3600, rel=1e-6)


@given(now=st.floats(-1e7, 1e9), offset=st.floats(-50_400, 50_400))
def test_time_of_day_is_within_the_day(now: float, offset: float) -> None:
    assert 0 <= day_second(now, offset) < 86_400


def test_local_time_of_day() -> None:
    assert day_second(0.0, 0.0) == 0
    assert day_second(86_400.0 * 3 + 60, 3600.0) == 3660
    assert day_second(0.0, -3600.0) == 82_800


def test_posts_follow_w20_in_local_time_and_the_rate_holds() -> None:
    p = behaviour_params(BehaviourConfig(create=CreateConfig(rest_s=1))).create
    k, now, hours, n, offset = key(4, "post"), 0.0, np.zeros(24), 20_000, 7 * 3600.0
    for i in range(n):
        now += next_post_delay_s(p, stream(k, i), now, 28.0, offset)
        hours[int((now + offset) / 3600) % 24] += 1
    assert now / n == pytest.approx(7 * 86_400 / 28, rel=4 / np.sqrt(n) + 0.001)
    for hour, share in W20.items():
        assert 100 * hours[hour] / n == pytest.approx(share, rel=0.1)
    assert 100 * hours[:9].sum() / n < 4.0


def test_session_starts_follow_the_curve_moved_by_chronotype_and_zone() -> None:
    curve = np.array(BehaviourConfig().session.hours)
    k, n = key(6, "session"), 20_000
    for chronotype, offset in ((0.0, 0.0), (3.0, -7200.0)):
        now, hours = 0.0, np.zeros(24)
        for i in range(n):
            now += next_session_delay_s(P.session, stream(k, i), now, -0.5, chronotype, offset, 0.0)
            hours[int((now + offset - 3600 * chronotype) / 3600) % 24] += 1
        assert total_variation(hours, curve) < 0.03


@given(
    number=st.integers(0, 10_000),
    now=st.floats(0, 1e8),
    activity=st.floats(-5, 5),
    shift=st.floats(-6, 6),
)
def test_delays_have_their_minimum(number: int, now: float, activity: float, shift: float) -> None:
    s = stream(key(7, "x"), number)
    assert next_session_delay_s(P.session, s, now, activity, shift, 0.0, 0.0) >= P.session.rest_s
    assert next_post_delay_s(P.create, s, now, 3.9, 0.0) >= P.create.rest_s


def test_activity_is_log_normal_within_its_bounds() -> None:
    c = SessionConfig()
    assert session_intensity(P.session, 0.0, 0.0) == pytest.approx(c.sessions_per_day)
    assert session_intensity(P.session, 0.5, 0.0) == pytest.approx(
        c.sessions_per_day * np.exp(0.5 * c.activity_spread)
    )
    assert session_intensity(P.session, 9.0, 0.0) == c.activity_max
    assert session_intensity(P.session, -9.0, 0.0) == c.activity_min


@given(appeal=st.floats(-8, 8), n=st.integers(1, 10_000), skipped=st.booleans())
def test_bad_videos_end_sessions(appeal: float, n: int, skipped: bool) -> None:
    p = leave_probability(P.session, appeal, n, skipped, 0.0)
    assert 0 < p < 1
    assert leave_probability(P.session, appeal + 0.5, n, skipped, 0.0) < p
    assert leave_probability(P.session, appeal, n + 1, skipped, 0.0) < p
    assert leave_probability(P.session, appeal, n, True, 0.0) >= p


def test_following_surface_is_for_those_who_follow() -> None:
    k, n = key(8, "surface"), 20_000
    assert all(surface_choice(P.session, stream(k, i), 0) == FOR_YOU for i in range(1000))
    half = int(P.session.following_half)
    share = np.mean([surface_choice(P.session, stream(k, i), half) == FOLLOWING for i in range(n)])
    fact = P.session.following_share / 2
    assert share == pytest.approx(fact, abs=4 * np.sqrt(fact / n))


def test_users_come_as_often_as_assumed() -> None:
    """About 55 % of users start a session on a given day; some come many times a day."""
    k, rng, users, days = key(9, "days"), np.random.default_rng(1), 1500, 10
    active, counts = 0, np.zeros(users)
    for u, activity in enumerate(rng.normal(size=users)):
        now, seen, i = 0.0, set(), 0
        while True:
            now += next_session_delay_s(P.session, stream2(k, u, i), now, activity, 0.0, 0.0, 0.0)
            if now >= days * 86_400:
                break
            i += 1
            seen.add(int(now / 86_400))
            now += 800  # a session of ordinary length
        active += len(seen)
        counts[u] = i / days
    assert active / (users * days) == pytest.approx(0.55, abs=0.04)
    assert np.quantile(counts, 0.95) > 7
    assert np.quantile(counts, 0.25) < 0.4
