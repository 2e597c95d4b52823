"""Samples of what the default feed shows, played once for all tests."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import settings
from numba import njit

from sim.behaviour.params import BehaviourParams, behaviour_params
from sim.core.formulas import spread_of_tastes
from sim.core.random import key, stream2
from sim.scenario.behaviour import BehaviourConfig
from sim.testing.reaction import react
from sim.world.attention import Shown

# the first example of a property may compile what it calls, which takes seconds
settings.register_profile("compiled", deadline=None)
settings.load_profile("compiled")


SHOWN = Shown((0.53, 0.30), (1.13, 1.00), (1.00, 1.00), (-0.07, 1.00))
"""What people are shown where behaviour was fitted, printed by

    python docs/fitting/measure_shown.py scenarios/zero_followers.yaml
"""


class Log(NamedTuple):
    """Exposures of an ordinary feed and what happened."""

    affinity: Any
    quality: Any
    hook: Any
    duration_s: Any
    generosity: Any
    patience: Any
    ms: Any
    views: Any
    actions: Any
    appeal: Any


@njit
def play(p, k, affinity, quality, hook, duration_s, generosity, patience):  # type: ignore[no-untyped-def]
    """React to each row, inlined in a compiled loop."""
    n = len(affinity)
    ms = np.empty(n, np.int64)
    views = np.empty(n, np.int64)
    actions = np.empty(n, np.int64)
    appeal = np.empty(n)
    for i in range(n):
        ms[i], views[i], actions[i], appeal[i] = react(
            p,
            stream2(k, i, 7),
            affinity[i],
            quality[i],
            hook[i],
            duration_s[i],
            generosity[i],
            patience[i],
            True,
            False,
        )
    return ms, views, actions, appeal


@pytest.fixture(scope="session")
def params() -> BehaviourParams:
    """The defaults; what lasts of a taste is part of that for the video, for who meets it once."""
    taste = spread_of_tastes(BehaviourConfig().interest)
    return behaviour_params(BehaviourConfig.model_validate({"interest": {"taste": taste}}))


@pytest.fixture(scope="session")
def log(params: BehaviourParams) -> Log:
    rng = np.random.default_rng(0)
    n = 200_000
    # behaviour was fitted to what the feed shows, and not to videos drawn at random
    affinity = np.minimum(rng.normal(*SHOWN.affinity, n), 1.0)
    duration = np.clip(25 * np.exp(0.8 * rng.normal(*SHOWN.length, n)), 5, 600)
    quality, hook = rng.normal(*SHOWN.quality, n), rng.normal(*SHOWN.hook, n)
    z = rng.normal(size=(2, n))
    given = (affinity, quality, hook, duration, z[0], z[1])
    return Log(*given, *play(params, key(1, "react"), *given))
