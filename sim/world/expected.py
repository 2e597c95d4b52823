"""How many creators and videos a scenario will have, before anything is drawn."""

from __future__ import annotations

from math import exp

from sim.scenario import Scenario

__all__ = ["creator_count", "expected_posts"]

_SECONDS_A_WEEK = 7 * 86_400.0


def creator_count(scenario: Scenario) -> int:
    """Users who are creators (accounts planted by probes not counted); at least one."""
    population = scenario.population
    return max(1, min(population.users, int(population.users * population.creators + 0.5)))


def expected_posts(scenario: Scenario) -> tuple[float, float]:
    """Expected uploads (before the start, during the run) of ordinary creators."""
    spread = scenario.creators.posts_spread
    rate = scenario.creators.posts_per_week * exp(0.5 * spread**2) / _SECONDS_A_WEEK
    rate *= creator_count(scenario)
    joining = scenario.population.joining
    before = rate * scenario.catalogue.history * (1.0 - joining)
    during = rate * scenario.duration * (1.0 - 0.5 * joining)
    return float(before), float(during)
