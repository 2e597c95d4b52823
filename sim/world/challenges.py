"""Challenges: formats with a hashtag of their own, which begin, are joined, age and end.

They begin at a steady pace, whatever people do, so that one more post changes no other challenge:
the n-th of a world has the same topic, pull and life under every feed. Each has a topic, drawn by
the size of its audience, a pull on creators (log-normal) and a life (log-normal), see
``catalogue.trends``.
"""

from __future__ import annotations

import numpy as np

from sim.core.maths import exp
from sim.core.random import key, normal, stream, uniform
from sim.machine.compiled import njit
from sim.scenario import Scenario
from sim.world.draw import pick
from sim.world.publish import topic_weights
from sim.world.state import HashtagListing

__all__ = ["first_challenge", "new_hashtags"]

_DAY_S = 86_400.0
_BEFORE_S = 14 * _DAY_S
"""So long before the start the first challenge begins."""


def first_challenge(scenario: Scenario) -> int:
    """The number of the first hashtag that is that of a challenge; those of topics come before."""
    return scenario.population.topics * scenario.catalogue.hashtags_per_topic


def new_hashtags(scenario: Scenario, seed: int) -> HashtagListing:
    """All hashtags of a world: those of the topics, then one for each challenge, by its birth."""
    trends, per_topic = scenario.catalogue.trends, scenario.catalogue.hashtags_per_topic
    topics, begin = scenario.population.topics, first_challenge(scenario)
    first, last = -_BEFORE_S, float(scenario.duration)
    born = int(np.floor((last - first) / _DAY_S * float(trends.challenges)))
    table = HashtagListing(begin + born)
    table.topic[:begin] = np.repeat(np.arange(topics), per_topic)
    table.born_s[:begin] = -np.inf
    table.life_s[:begin] = np.inf
    table.challenge[begin:] = 1
    gap = _DAY_S / max(float(trends.challenges), 1e-9)
    _draw(
        key(seed, "challenge"), begin, first, gap,
        topic_weights(scenario.population), float(trends.challenge_pull),
        float(trends.challenge_life), float(trends.challenge_lives), table.topic, table.born_s,
        table.life_s, table.pull,
    )  # fmt: skip
    return table


@njit()
def _draw(k, base, first, gap, weights, spread, life, lives, topic, born_s, life_s, pull):
    for i in range(base, topic.size):
        n = i - base
        s = stream(k, n)
        born_s[i] = first + gap * (float(n) + uniform(s, 0))
        topic[i] = pick(weights, uniform(s, 1))
        pull[i] = exp(spread * normal(s, 2) - 0.5 * spread * spread)
        life_s[i] = life * exp(lives * normal(s, 3))
