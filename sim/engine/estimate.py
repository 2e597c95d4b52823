"""What a run will need, before it starts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.core.counts import PACKED, WIDTH
from sim.core.errors import ResourceError
from sim.engine.cards import CARD, REEL
from sim.engine.memory import TRAITS, USER
from sim.feed.belief import SLOTS
from sim.scenario import Scenario
from sim.world.build import creator_count, expected_posts
from sim.world.state import padded

__all__ = ["Estimate", "estimate_run", "refuse_what_cannot_fit"]

_IMPRESSIONS_A_DAY = 150.0
"""Impressions a user and day: ``scenarios/zero_followers.yaml`` has 8.9 million from 20,000 users
in 3 days. Smaller worlds run out of videos and have fewer; other behaviour is not looked at."""
_SEEN_BYTES = 14.0
"""Bytes a remembered impression takes: a hash table at most half full, doubling as it grows."""
_BASE_BYTES = 600e6
"""Interpreter, libraries and compiled code."""
_REFERENCE_BYTES = 8_000.0
"""More bytes a user of the reference engine: a process, a set and a list each."""


@dataclass(frozen=True)
class Estimate:
    """What a run is expected to need."""

    bytes: float
    impressions: float


def estimate_run(scenario: Scenario, engine: str, shards: int = 1) -> Estimate:
    """Expected peak memory and impressions of a run."""
    users = scenario.population.users
    dims = padded(scenario.population.topics)
    days = scenario.duration / 86_400.0
    impressions = users * days * _IMPRESSIONS_A_DAY
    before, during = expected_posts(scenario)
    videos = before + during + sum(probe.count for probe in scenario.probes)
    per_user = (
        dims * (1 + 4)  # true interests, believed profile
        + 3 * SLOTS * 8  # affinities
        + USER.itemsize + TRAITS.itemsize + 8  # and the time of the next event
        + PACKED * 4
        + scenario.feed.slate * 6
        + scenario.population.follows * 4 + 16
        + 4 * 4 + 9  # traits, account
    )  # fmt: skip
    per_video = dims * 2 + CARD.itemsize + REEL.itemsize + PACKED * 4 * shards + WIDTH * 8 + 250
    size = _BASE_BYTES + users * per_user + videos * per_video + impressions * _SEEN_BYTES
    size += creator_count(scenario) * (dims + 120)
    if engine == "reference":
        size += users * _REFERENCE_BYTES + impressions * 60.0
    return Estimate(size, impressions)


def refuse_what_cannot_fit(scenario: Scenario, engine: str, shards: int, available: float) -> None:
    """Raise ResourceError when a run needs more than ``available`` bytes of memory."""
    need = estimate_run(scenario, engine, shards)
    if need.bytes <= available:
        return
    gib = 2.0**30
    # what every run needs does not shrink with the population
    share = max(available - _BASE_BYTES, 0.0) / (need.bytes - _BASE_BYTES)
    fitting = max(int(scenario.population.users * share * 0.95), 1)
    digits = 10 ** max(len(str(fitting)) - 2, 0)
    raise ResourceError(
        f"{scenario.name}: needs about {need.bytes / gib:.1f} GiB of memory; "
        f"{available / gib:.1f} GiB are free. Try --set population.users="
        f"{np.int64(fitting // digits * digits)}, a shorter duration, or --force to start all "
        "the same"
    )
