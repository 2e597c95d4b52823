from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.behaviour import act
from sim.behaviour.params import behaviour_params
from sim.scenario.behaviour import BehaviourConfig
from sim.testing.reaction import appeal, probability

P = behaviour_params(BehaviourConfig())
KIND = ("like", "comment", "share", "save", "follow", "sound_tap")
DEVIATE = st.floats(-8, 8)
RATIO = st.floats(0, 1000)


def test_appeal_is_the_weighted_sum() -> None:
    i = P.interest
    assert appeal(P, i.affinity_center, 0.0, 0.0, True) == pytest.approx(0.0)
    assert appeal(P, i.affinity_center, 2.0, -1.0, True) == pytest.approx(2 * i.quality - i.taste)
    assert appeal(P, 1.0, 0.0, 0.0, True) == pytest.approx(i.affinity * (1 - i.affinity_center))
    assert appeal(P, 0.5, 0.0, 0.0, False) == pytest.approx(
        appeal(P, 0.5, 0.0, 0.0, True) - i.locale_gap
    )


def test_odds_are_level_times_shape_times_warmth() -> None:
    a = P.act
    odds = a.like * act.like_shape(a, 0.0) * math.exp(a.appeal * 0.5 - a.generosity_spread)
    assert probability("like", P, 0.0, 0.5, -1.0, False) == pytest.approx(odds / (1 + odds))


@given(ratio=RATIO, appeal=DEVIATE, generosity=DEVIATE, followed=st.booleans())
def test_probabilities_are_probabilities_and_rise(
    ratio: float, appeal: float, generosity: float, followed: bool
) -> None:
    for f in KIND:
        p = probability(f, P, ratio, appeal, generosity, followed)
        assert 0 <= p <= 1
        assert probability(f, P, ratio + 0.3, appeal, generosity, followed) >= p
        assert probability(f, P, ratio, appeal + 0.3, generosity, followed) >= p
        assert probability(f, P, ratio, appeal, generosity + 0.3, followed) >= p


@given(ratio=RATIO, appeal=DEVIATE)
def test_not_interested_falls_with_appeal_and_ends_with_the_video(
    ratio: float, appeal: float
) -> None:
    p = probability("not_interested", P, ratio, appeal)
    assert 0 <= p <= 1
    assert probability("not_interested", P, ratio, appeal + 0.3) <= p
    assert probability("not_interested", P, ratio + 1, appeal) == 0


@given(ratio=RATIO, appeal=DEVIATE, generosity=DEVIATE)
def test_followed_accounts_are_liked_more_and_not_followed_again(
    ratio: float, appeal: float, generosity: float
) -> None:
    """E12: the sign."""
    followed, other = (probability("like", P, ratio, appeal, generosity, x) for x in (True, False))
    assert followed >= other
    assert probability("follow", P, ratio, appeal, generosity, True) == 0
