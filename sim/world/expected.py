"""How many creators and videos a scenario will have, before anything is drawn."""

from __future__ import annotations

from math import exp
from statistics import NormalDist, fmean

from sim.core.formulas import DAY_S, days_until
from sim.scenario import Scenario
from sim.world.attention import videos_a_day

__all__ = ["creator_count", "expected_posts", "further_accounts", "mean_impressions"]

_PARTS = 40


def creator_count(scenario: Scenario) -> int:
    """Users who are creators (accounts planted by probes not counted); at least one."""
    population = scenario.population
    return max(1, min(population.users, int(population.users * population.creators + 0.5)))


def _posts_a_day(scenario: Scenario) -> float:
    """Posts a day of an account that posts, on average: it rests after each."""
    middle, spread = scenario.creators.posts_per_week / 7.0, scenario.creators.posts_spread
    rest = scenario.behaviour.create.rest_s / DAY_S
    if middle <= 0.0:
        return 0.0
    # over posts, not accounts: there ln of the rate is normal with the same sd, and sd² higher
    kept = []
    for i in range(_PARTS):
        rate = middle * exp(spread * (spread + NormalDist().inv_cdf((i + 0.5) / _PARTS)))
        kept.append(1.0 / (rate * (days_until(rate, 1.0) + rest)))
    return float(middle * exp(0.5 * spread**2) * fmean(kept))


def _present(scenario: Scenario) -> float:
    """Share of the people who are there, on average over the time after the warm-up."""
    passed = 0.5 * (1.0 + scenario.warmup / scenario.duration)
    return float(1.0 - scenario.population.joining * (1.0 - passed))


def _impressions_a_day(scenario: Scenario) -> float:
    """Impressions that all people want a day, over whole days."""
    return scenario.population.users * _present(scenario) * videos_a_day(scenario)


def further_accounts(scenario: Scenario) -> int:
    """Accounts that post and do not watch, so that a video has ``catalogue.mean_impressions``.

    None when that is not stated, or when creators among the people post as much already.
    """
    wanted = scenario.catalogue.mean_impressions
    each = _posts_a_day(scenario)
    if wanted is None or each <= 0.0:
        return 0
    people = creator_count(scenario) * _present(scenario)
    return max(0, round(_impressions_a_day(scenario) / wanted / each - people))


def mean_impressions(scenario: Scenario) -> float | None:
    """Supply N: impressions wanted a day for each post of a day; None when nobody posts."""
    accounts = creator_count(scenario) * _present(scenario) + further_accounts(scenario)
    posts = _posts_a_day(scenario) * accounts
    return _impressions_a_day(scenario) / posts if posts > 0.0 else None


def expected_posts(scenario: Scenario) -> tuple[float, float]:
    """Expected uploads (before the start, during the run) of ordinary creators."""
    rate = _posts_a_day(scenario) / DAY_S
    joining = scenario.population.joining
    people = creator_count(scenario)
    further = further_accounts(scenario)
    before = rate * scenario.catalogue.history * (people * (1.0 - joining) + further)
    during = rate * scenario.duration * (people * (1.0 - 0.5 * joining) + further)
    return float(before), float(during)
