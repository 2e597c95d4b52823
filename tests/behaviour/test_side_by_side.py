"""People side by side react as each of them would alone, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.behaviour import draws
from sim.behaviour.params import BehaviourParams, behaviour_params
from sim.behaviour.reaction import react
from sim.behaviour.session import leave_probability, swipe_gap_s
from sim.behaviour.side_by_side import PEOPLE, SIDE, react_all
from sim.core.actions import bit
from sim.core.random import uniform
from sim.machine.compiled import njit
from sim.scenario.behaviour import BehaviourConfig

FULL = 3_000
"""Records of PEOPLE in a trial: enough for every turn that a reaction can take."""


@njit()
def _together(params: Any, people: Any, n: int) -> None:
    for i in range(people.size):
        react_all(params[0], people[i], n)


@njit()
def _alone(params: Any, people: Any, n: int) -> None:
    p = params[0]
    for i in range(people.size):
        side = people[i]
        for k in range(n):
            s = side.stream[k]
            ms, views, actions, appeal = react(
                p, s, side.affinity[k], side.quality[k], side.hook[k], side.duration_s[k],
                side.generosity[k], side.patience[k], side.same_locale[k] != 0,
                side.followed[k] != 0,
            )  # fmt: skip
            side.watch_ms[k], side.views[k], side.actions[k] = ms, views, actions
            skipped = (actions & _SKIP) != 0
            leaves = leave_probability(p.session, appeal, side.videos[k], skipped)
            side.leaves[k] = 1 if uniform(s, draws.LEAVE) < leaves else 0
            side.gap_s[k] = swipe_gap_s(p.session, s)


_SKIP = bit("skip")
_OUT = ("watch_ms", "views", "actions", "leaves", "gap_s")


def _some_people(seed: int, count: int) -> NDArray[Any]:
    random = np.random.default_rng(seed)
    people = np.zeros(count, SIDE)
    shape = (count, PEOPLE)
    people["stream"] = random.integers(0, 2**64, shape, np.uint64)
    people["affinity"] = random.random(shape)
    for name in ("quality", "hook", "generosity", "patience"):
        people[name] = random.normal(0.0, 1.5, shape)
    # from videos that end within the first three seconds to very long ones
    people["duration_s"] = np.exp(random.uniform(0.0, 7.0, shape))
    people["same_locale"] = random.random(shape) < 0.8
    people["followed"] = random.random(shape) < 0.2
    people["videos"] = random.integers(1, 200, shape)
    return people


def _params(**changes: Any) -> NDArray[Any]:
    params: BehaviourParams = behaviour_params(BehaviourConfig.model_validate(changes))
    return np.array([params])


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, PEOPLE])
def test_together_as_alone(n: int) -> None:
    together = _some_people(n, FULL)
    alone = together.copy()
    _together(_params(), together, n)
    _alone(_params(), alone, n)
    for name in _OUT:
        np.testing.assert_array_equal(together[name][:, :n], alone[name][:, :n], name)


def test_every_turn_was_taken() -> None:
    people = _some_people(3, FULL)
    _together(_params(), people, PEOPLE)
    actions, views = people["actions"], people["views"]
    for name in ("completion", "skip", "loop", "like", "comment", "share", "save", "follow",
                 "sound_tap", "not_interested"):  # fmt: skip
        assert (actions & bit(name)).any(), name
    short = people["duration_s"] < 3.0
    assert (short & (views > 1)).any()
    assert (short & (views == 1)).any()
    assert (~short & (views > 1)).any()
    assert people["leaves"].any()
    assert not people["leaves"].all()
    # tastes in both tails are mended behind the loop
    assert (people["taste"] < -2.5).any()
    assert (people["taste"] > 2.5).any()


def test_other_settings() -> None:
    """Steep weights: levels far outside the ordinary, and no replays."""
    params = _params(
        watch={"max_plays": 1.0, "early_appeal": 3.0, "late_appeal": 3.0},
        act={"appeal": 4.0},
    )
    together = _some_people(11, FULL)
    alone = together.copy()
    _together(params, together, PEOPLE)
    _alone(params, alone, PEOPLE)
    for name in _OUT:
        np.testing.assert_array_equal(together[name], alone[name], name)
    assert (together["views"] == 1).all()
