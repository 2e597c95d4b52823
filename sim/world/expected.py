"""How many creators and videos a scenario will have, before anything is drawn."""

from __future__ import annotations

from math import exp

from sim.scenario import Scenario
from sim.world.attention import attention

__all__ = ["creator_count", "expected_posts", "further_accounts", "mean_impressions"]

_DAY_S, _WEEK_S = 86_400.0, 7 * 86_400.0


def creator_count(scenario: Scenario) -> int:
    """Users who are creators (accounts planted by probes not counted); at least one."""
    population = scenario.population
    return max(1, min(population.users, int(population.users * population.creators + 0.5)))


def _posts_a_day(scenario: Scenario) -> float:
    """Posts a day of an account that posts, on average."""
    return scenario.creators.posts_per_week * exp(0.5 * scenario.creators.posts_spread**2) / 7.0


def _impressions_a_day(scenario: Scenario) -> float:
    """Impressions that all people want a day."""
    users = scenario.population.users * (1.0 - 0.5 * scenario.population.joining)
    return users * attention(scenario).mean * _DAY_S / scenario.duration


def further_accounts(scenario: Scenario) -> int:
    """Accounts that post and do not watch, so that a video has ``catalogue.mean_impressions``.

    None when that is not stated, or when creators among the people post as much already.
    """
    wanted = scenario.catalogue.mean_impressions
    each = _posts_a_day(scenario)
    if wanted is None or each <= 0.0:
        return 0
    missing = _impressions_a_day(scenario) / wanted - each * creator_count(scenario)
    return max(0, round(missing / each))


def mean_impressions(scenario: Scenario) -> float | None:
    """Supply N: impressions wanted a day for each post of a day; None when nobody posts."""
    posts = _posts_a_day(scenario) * (creator_count(scenario) + further_accounts(scenario))
    return _impressions_a_day(scenario) / posts if posts > 0.0 else None


def expected_posts(scenario: Scenario) -> tuple[float, float]:
    """Expected uploads (before the start, during the run) of ordinary creators."""
    rate = _posts_a_day(scenario) / _DAY_S
    joining = scenario.population.joining
    people = creator_count(scenario)
    further = further_accounts(scenario)
    before = rate * scenario.catalogue.history * (people * (1.0 - joining) + further)
    during = rate * scenario.duration * (people * (1.0 - 0.5 * joining) + further)
    return float(before), float(during)
