from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from sim.behaviour.params import BehaviourParams, behaviour_params
from sim.behaviour.watch import completed, view_count, watch_ms
from sim.core.random import key, stream
from sim.scenario.behaviour import BehaviourConfig, WatchConfig
from sim.testing.reaction import play_until, watch_seconds

DEFAULT = behaviour_params(BehaviourConfig())
DEVIATE = st.floats(-4, 4)
FLAT = {
    "hazard": ((0.0, 0.1), (3.0, 0.1)),
    "duration_factor": ((0.0, 1.0),),
    "ending_hazard": 0.0,
    "replay": ((0.0, 0.5),),
    "replay_factor": ((0.0, 1.0),),
}


def flat(**changes: object) -> BehaviourParams:
    return behaviour_params(BehaviourConfig(watch=WatchConfig(**{**FLAT, **changes})))


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        (0.1, 1.0),  # within the first 3 s, hazard 0.1 per s
        (0.3, 3.0),
        (1.2, 12.0),  # after them
        (2.0, 20.0),  # the end
        (2.5, 21.0),  # one second of the replay at 0.5 per s
        (1e9, 400.0),  # max_plays x duration
    ],
)
def test_constant_hazard_gives_the_closed_form(budget: float, expected: float) -> None:
    assert play_until(flat(), budget, 20.0, 0.0, 0.0, 0.0) == pytest.approx(expected)


def test_hook_acts_before_3_s_and_appeal_mostly_after() -> None:
    p = flat(hook=1.0, early_appeal=0.0, late_appeal=1.0, replay_appeal=0.0)
    assert play_until(p, 0.1, 60.0, 0.0, 1.0, 0.0) == pytest.approx(math.e)
    assert play_until(p, 0.1, 60.0, 2.0, 0.0, 0.0) == pytest.approx(1.0)
    # 0.3 of the budget goes to the first 3 s, the rest is worth e times the seconds
    assert play_until(p, 1.0, 600.0, 1.0, 0.0, 0.0) == pytest.approx(3 + 7 * math.e)


def test_duration_factor_speeds_up_the_hazard_but_not_the_replay() -> None:
    p = flat(duration_factor=((0.0, 2.0),))
    assert play_until(p, 2.0, 60.0, 0.0, 0.0, 0.0) == pytest.approx(10.0)
    assert play_until(p, 4.5, 20.0, 0.0, 0.0, 0.0) == pytest.approx(21.0)


def test_ending_adds_its_hazard_over_the_last_seconds() -> None:
    p = flat(ending_hazard=0.8, ending_s=2.0, ending_appeal=0.0)
    # 18 s cost 1.8; the last 2 s cost 0.2 + 0.8 evenly
    assert play_until(p, 2.3, 20.0, 0.0, 0.0, 0.0) == pytest.approx(19.0)
    assert play_until(p, 3.3, 20.0, 0.0, 0.0, 0.0) == pytest.approx(21.0)


def test_videos_shorter_than_the_hook_play_and_loop() -> None:
    p = flat()
    assert play_until(p, 0.1, 2.0, 0.0, 0.0, 0.0) == pytest.approx(1.0)
    assert play_until(p, 0.7, 2.0, 0.0, 0.0, 0.0) == pytest.approx(3.0)


def test_mean_of_a_constant_hazard_is_its_inverse() -> None:
    p = flat(hazard=((0.0, 0.5), (3.0, 0.5)))
    n = 20_000
    k = key(3, "watch")
    seconds = [watch_seconds(p, stream(k, i), 600.0, 0.0, 0.0, 0.0) for i in range(n)]
    assert np.mean(seconds) == pytest.approx(2.0, abs=4 * 2.0 / math.sqrt(n))


@given(
    budget=st.floats(1e-9, 40),
    duration=st.floats(1, 3600),
    appeal=DEVIATE,
    hook=DEVIATE,
    patience=DEVIATE,
)
def test_watch_is_bounded_and_rises_with_everything_that_holds_people(
    budget: float, duration: float, appeal: float, hook: float, patience: float
) -> None:
    def play(budget: float, appeal: float, hook: float, patience: float) -> float:
        return play_until(DEFAULT, budget, duration, appeal, hook, patience)

    t = play(budget, appeal, hook, patience)
    assert 0 <= t <= DEFAULT.watch.max_plays * duration
    slack = 1e-9 * (1 + t)
    assert play(budget * 1.1, appeal, hook, patience) >= t - slack
    assert play(budget, appeal + 0.5, hook, patience) >= t - slack
    assert play(budget, appeal, hook + 0.5, patience) >= t - slack


@given(duration=st.floats(4, 600), appeal=DEVIATE, patience=DEVIATE, where=st.floats(-3, 3))
def test_watch_has_no_jumps(duration: float, appeal: float, patience: float, where: float) -> None:
    """Parts of the hazard join: a little more budget is a little more time."""
    budget = math.exp(where)
    a = play_until(DEFAULT, budget, duration, appeal, 0.0, patience)
    b = play_until(DEFAULT, budget * (1 + 1e-9), duration, appeal, 0.0, patience)
    assert b - a < 1e-3


@pytest.mark.parametrize(
    ("ms", "views", "complete"),
    [
        (0, 1, False),
        (9_999, 1, False),
        (10_000, 1, True),
        (10_001, 2, True),
        (20_000, 2, True),
        (20_001, 3, True),
    ],
)
def test_views_and_completion_at_the_edges(ms: int, views: int, complete: bool) -> None:
    assert view_count(ms, 10.0) == views
    assert completed(ms, 10.0) is complete


MOST_MS = 2**31 - 1


@given(st.integers(1, MOST_MS), st.integers(1, 2**20), st.integers(-1, 1))
def test_views_are_counted_without_rounding(length: int, plays: int, off: int) -> None:
    ms = min(max(length * plays + off, 0), MOST_MS)
    assert watch_ms(length / 1000.0) == length
    assert view_count(ms, length / 1000.0) == 1 + max(ms - 1, 0) // length


def test_milliseconds_round_half_up() -> None:
    assert [watch_ms(x) for x in (0.0, 0.0004, 0.0005, 1.2345, 9.9996)] == [0, 0, 1, 1235, 10_000]


def test_same_bits_from_python_and_inside_a_compiled_loop(params: BehaviourParams) -> None:
    @njit
    def inside(p, k, n):  # type: ignore[no-untyped-def]
        out = np.empty(n)
        for i in range(n):
            out[i] = watch_seconds(p, stream(k, i), 5.0 + i, 0.3, -0.2, 0.1)
        return out

    k = key(5, "watch")
    outside = [watch_seconds(params, stream(k, i), 5.0 + i, 0.3, -0.2, 0.1) for i in range(500)]
    assert inside(params, k, 500).tobytes() == np.array(outside).tobytes()
