from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.behaviour import act
from sim.behaviour.interest import appeal
from sim.behaviour.params import behaviour_params
from sim.scenario.behaviour import BehaviourConfig

P = behaviour_params(BehaviourConfig())
KIND = (
    act.like_probability,
    act.comment_probability,
    act.share_probability,
    act.save_probability,
    act.follow_probability,
    act.sound_tap_probability,
)
DEVIATE = st.floats(-8, 8)
RATIO = st.floats(0, 1000)


def test_appeal_is_the_weighted_sum() -> None:
    i = P.interest
    assert appeal(i, i.affinity_center, 0.0, 0.0, True) == pytest.approx(0.0)
    assert appeal(i, i.affinity_center, 2.0, -1.0, True) == pytest.approx(2 * i.quality - i.taste)
    assert appeal(i, 1.0, 0.0, 0.0, True) == pytest.approx(i.affinity * (1 - i.affinity_center))
    assert appeal(i, 0.5, 0.0, 0.0, False) == pytest.approx(
        appeal(i, 0.5, 0.0, 0.0, True) - i.locale_gap
    )


def test_odds_are_level_times_shape_times_warmth() -> None:
    a = P.act
    odds = a.like * act.like_shape(a, 0.0) * math.exp(a.appeal * 0.5 - a.generosity_spread)
    assert act.like_probability(a, 0.0, 0.5, -1.0, False) == pytest.approx(odds / (1 + odds))


@given(ratio=RATIO, appeal=DEVIATE, generosity=DEVIATE, followed=st.booleans())
def test_probabilities_are_probabilities_and_rise(
    ratio: float, appeal: float, generosity: float, followed: bool
) -> None:
    for f in KIND:
        p = f(P.act, ratio, appeal, generosity, followed)
        assert 0 <= p <= 1
        assert f(P.act, ratio + 0.3, appeal, generosity, followed) >= p
        assert f(P.act, ratio, appeal + 0.3, generosity, followed) >= p
        assert f(P.act, ratio, appeal, generosity + 0.3, followed) >= p


@given(ratio=RATIO, appeal=DEVIATE)
def test_not_interested_falls_with_appeal_and_ends_with_the_video(
    ratio: float, appeal: float
) -> None:
    p = act.not_interested_probability(P.act, ratio, appeal)
    assert 0 <= p <= 1
    assert act.not_interested_probability(P.act, ratio, appeal + 0.3) <= p
    assert act.not_interested_probability(P.act, ratio + 1, appeal) == 0


@given(ratio=RATIO, appeal=DEVIATE, generosity=DEVIATE)
def test_followed_accounts_are_liked_more_and_not_followed_again(
    ratio: float, appeal: float, generosity: float
) -> None:
    """E12: the sign."""
    like = act.like_probability
    assert like(P.act, ratio, appeal, generosity, True) >= like(
        P.act, ratio, appeal, generosity, False
    )
    assert act.follow_probability(P.act, ratio, appeal, generosity, True) == 0
