"""What is compiled for the play and what is called to expect it are the same formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.behaviour import rhythm, session, watch
from sim.behaviour.params import behaviour_params
from sim.behaviour.tables import factor_table, hazard_tables
from sim.behaviour.tables import look_up as look_up_table
from sim.core import formulas
from sim.core.maths import exp
from sim.machine.compiled import compiled
from sim.scenario.behaviour import BehaviourConfig
from sim.testing.reaction import play_until
from sim.world.attention import _curves, _seconds

CONFIG = BehaviourConfig()
P = behaviour_params(CONFIG)
RNG = np.random.default_rng(5)


def test_curves_are_looked_up_alike() -> None:
    curves = CONFIG.watch.duration_factor, CONFIG.watch.replay_factor
    pairs = [(factor_table(curve), formulas.factor_lines(curve)) for curve in curves]
    for curve in (CONFIG.watch.hazard, CONFIG.watch.replay):
        pairs += zip(hazard_tables(curve), formulas.hazard_lines(curve), strict=True)
    for table, lines in pairs:
        for x in [0.0, *lines.x, *RNG.uniform(0, 2 * lines.x[-1], 200)]:
            assert formulas.look_up(lines, x) == look_up_table(table, x)


def test_a_video_is_watched_alike() -> None:
    lines = _curves(CONFIG.watch)
    ends = 0
    for _ in range(2_000):
        budget, duration = RNG.exponential(), math.exp(RNG.normal(2.5, 1.2))
        appeal, hook, patience = RNG.normal(size=3)
        seconds = _seconds(lines, budget, duration, appeal, hook, patience)
        ends += seconds >= duration
        played = play_until(P, budget, duration, appeal, hook, patience)
        assert seconds == pytest.approx(played, rel=1e-9)
    assert 200 < ends < 1_800


@pytest.mark.parametrize(("appeal", "videos"), [(-1.3, 1), (0.0, 4), (2.4, 900)])
@pytest.mark.parametrize("skipped", [False, True])
def test_people_leave_alike(appeal: float, videos: int, skipped: bool) -> None:
    found = formulas.leave_probability(CONFIG.session, appeal, videos, skipped, 0.3)
    assert found == pytest.approx(
        session.leave_probability(P.session, appeal, videos, skipped, 0.3), rel=1e-12
    )


@pytest.mark.parametrize("activity", [-4.0, -0.7, 0.0, 1.1, 4.0])
def test_people_come_alike(activity: float) -> None:
    middle = math.log(CONFIG.session.sessions_per_day)
    rate = formulas.session_intensity(CONFIG.session, middle, activity, 0.2)
    assert rate == pytest.approx(session.session_intensity(P.session, activity, 0.2), rel=1e-12)
    shares = formulas.hour_shares(CONFIG.session.hours)
    for now, budget in ((0.0, 0.1), (1e5, 2.0), (86_399.0, 0.7)):
        plain = formulas.rest_s(CONFIG.session, shares, rate, budget, now, -3_600.0)
        played = rhythm.rest_s(P.session, P.session.hours_sum, rate, budget, now, -3_600.0)
        assert plain == played


def test_a_watch_is_counted_alike() -> None:
    for seconds, duration in ((0.0, 5.0), (2.9994, 5.0), (2.9996, 5.0), (2.0, 2.0), (1e9, 9.0)):
        ms = formulas.watch_ms(seconds)
        assert ms == watch.watch_ms(seconds)
        whole = formulas.completed(ms, duration)
        assert whole == watch.completed(ms, duration)
        assert formulas.is_skip(ms, whole) == watch.is_skip(ms, whole)
    assert formulas.is_skip(2_999, False)
    assert not formulas.is_skip(3_000, False)
    assert not formulas.is_skip(2_000, True)


def test_a_part_that_a_formula_does_not_use_is_refused() -> None:
    with pytest.raises(ValueError, match="late_hazard has no use for 'exp'"):
        compiled(formulas.late_hazard, exp=exp)
