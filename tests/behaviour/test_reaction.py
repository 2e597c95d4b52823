from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.behaviour.params import BehaviourParams
from sim.behaviour.watch import watch_ms
from sim.core.actions import ACTION_NAMES, bit
from sim.core.random import key, stream2
from sim.testing.reaction import probability, react


def share(log: Any, name: str) -> float:
    return float(((log.actions & bit(name)) > 0).mean())


def per_100_views(log: Any, name: str) -> float:
    return 100 * float(((log.actions & bit(name)) > 0).sum() / log.views.sum())


def test_python_and_the_compiled_loop_agree_to_the_bit(params: BehaviourParams, log: Any) -> None:
    k = key(1, "react")
    for i in range(0, 3000, 3):
        got = react(
            params,
            stream2(k, i, 7),
            log.affinity[i],
            log.quality[i],
            log.hook[i],
            log.duration_s[i],
            log.generosity[i],
            log.patience[i],
            True,
            False,
        )
        assert got == (log.ms[i], log.views[i], log.actions[i], log.appeal[i])


def test_watch_actions_follow_from_the_milliseconds(log: Any) -> None:
    length = np.array([watch_ms(x) for x in log.duration_s[:20_000]])
    ms, actions, views = log.ms[:20_000], log.actions[:20_000], log.views[:20_000]
    assert np.array_equal((actions & bit("completion")) > 0, ms >= length)
    assert np.array_equal((actions & bit("skip")) > 0, (ms < 3000) & (ms < length))
    assert np.array_equal((actions & bit("loop")) > 0, views > 1)
    assert np.array_equal(views, np.maximum(1, -(-ms // length)))
    assert actions.max() < 1 << len(ACTION_NAMES)


def test_appeal_is_about_standard_normal_in_the_feed(log: Any) -> None:
    """A third of a sd above 0: who is shown what suits them finds more than the middle."""
    assert 0.2 < log.appeal.mean() < 0.45
    assert log.appeal.std() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("like", 6.76),  # E2
        ("comment", 0.183),  # E2
        ("share", 0.228),  # E2
        ("save", 0.379),  # E4
        ("follow", 0.231),  # E4
        ("not_interested", 0.080),  # E4
    ],
)
def test_actions_per_100_views_meet_the_facts(log: Any, name: str, fact: float) -> None:
    found = per_100_views(log, name)
    error = 1 / np.sqrt(found / 100 * log.views.sum())  # relative, of a count
    assert abs(np.log(found / fact)) < 0.12 + 4 * error


def test_completion_falls_with_duration_and_rises_with_appeal(log: Any) -> None:
    """W4: signs, and the level between 20 and 30 s within the tolerance of a trust A fact."""
    done = (log.actions & bit("completion")) > 0
    rates = [
        done[(log.duration_s > a) & (log.duration_s <= b)].mean()
        for a, b in ((5, 10), (10, 20), (20, 45), (45, 90), (90, 600))
    ]
    assert rates == sorted(rates, reverse=True)
    assert done[log.appeal > 1].mean() > 8 * done[log.appeal < -1].mean()
    middle = done[(log.duration_s > 20) & (log.duration_s <= 30)]
    error = np.sqrt(0.25 * 0.75 / len(middle))
    assert abs(np.log(middle.mean() / 0.250)) < 0.2 + 4 * error / 0.25


@pytest.mark.parametrize(
    ("low", "high", "fact"),
    [
        (10, 15, {1: 0.9368, 2: 0.7264, 3: 0.6178, 5: 0.5039, 8: 0.4126}),
        (20, 30, {1: 0.9428, 2: 0.7386, 3: 0.6253, 5: 0.5182, 10: 0.4197, 15: 0.3691}),
        (30, 45, {1: 0.9406, 2: 0.7511, 3: 0.6529, 5: 0.5504, 10: 0.4450, 20: 0.3452}),
        (60, 90, {1: 0.9542, 2: 0.8022, 3: 0.7157, 5: 0.6166, 10: 0.5038, 30: 0.3524}),
    ],
)
def test_survival_meets_w1(log: Any, low: float, high: float, fact: dict[float, float]) -> None:
    seconds = log.ms[(log.duration_s > low) & (log.duration_s <= high)] / 1000
    error = 4 * np.sqrt(0.25 / len(seconds))
    for t, value in fact.items():
        assert abs((seconds >= t).mean() - value) <= 0.05 + error, t


def test_watch_ratio_has_its_two_humps(log: Any) -> None:
    """W3 is bimodal: early skips and full watches, a valley between."""
    ratio = log.ms / 1000 / log.duration_s
    counts, _ = np.histogram(ratio, (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1))
    valley = counts[3:9].min()
    assert counts[0] > 3 * valley
    assert counts[10] > 1.5 * valley


def test_action_rates_of_videos_rise_together(params: BehaviourParams) -> None:
    """E9: the sign of like and comment across appeal."""
    rows = [[probability("like", params, r, a) for r in (0.1, 0.5, 1.0)] for a in (-1, 0, 1)]
    assert np.all(np.diff(rows, axis=0) > 0)


def test_luck_of_a_pair_does_not_depend_on_anything_else(params: BehaviourParams) -> None:
    """The same stream and inputs give the same reaction; another stream another taste."""
    args = (0.5, 0.0, 0.0, 20.0, 0.0, 0.0, True, False)
    k = key(2, "react")
    assert react(params, stream2(k, 1, 2), *args) == react(params, stream2(k, 1, 2), *args)
    assert react(params, stream2(k, 1, 2), *args)[3] != react(params, stream2(k, 2, 1), *args)[3]
