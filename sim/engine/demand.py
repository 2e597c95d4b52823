"""How many impressions a scenario will have, from its settings alone.

What people want (``sim.world.attention``), and no more videos than there are. It is to be right
within a factor of two, not to replace the run. What it leaves out besides: the following surface
and sound pages, the user's own components, and that a catalogue gets thin before it is empty.

Plain Python: ``foryou check`` needs neither arrays nor compiled code for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from statistics import fmean

from sim.scenario import Scenario
from sim.scenario.amounts import impressions_of
from sim.scenario.feed import Pools, Seen, TooOld
from sim.world.attention import attention
from sim.world.expected import expected_posts

__all__ = ["Demand", "expected_demand"]

_PAUSES = 0.015
"""Requests an impression that come from sound pages and slates that were left early."""


@dataclass(frozen=True)
class Demand:
    """What people are expected to ask for, and to get."""

    impressions: float
    requests: float
    """feed requests, those included that come back empty"""


def expected_demand(scenario: Scenario) -> Demand:
    """Expected impressions and feed requests of a run."""
    wanted, available = attention(scenario), _available(scenario)
    shown = fmean(min(videos, available) for videos in wanted.videos)
    # who joins during the run is there for half of it on average
    users = scenario.population.users * (1.0 - 0.5 * scenario.population.joining)
    impressions = users * shown
    # a session opens with a request; who has seen everything gets an empty one and leaves
    empty = 1.0 - shown / wanted.mean
    requests = impressions * (1.0 / scenario.feed.slate + _PAUSES)
    requests += users * fmean(wanted.sessions) * (0.5 + empty)
    return Demand(impressions, requests)


def _available(scenario: Scenario) -> float:
    """Different videos that one user can be shown during the run."""
    feed = scenario.feed
    if not any(isinstance(wanted, Seen) for wanted in feed.filters):
        return inf
    before, during = expected_posts(scenario)
    during += sum(probe.videos for probe in scenario.probes)
    ages = [float(wanted.max_age) for wanted in feed.filters if isinstance(wanted, TooOld)]
    history = float(scenario.catalogue.history)
    if history > 0.0:
        before *= min([1.0, *(age / history for age in ages)])
    open_to_all = 1.0
    if isinstance(feed.cold_start, Pools):
        first = impressions_of(feed.cold_start.first, scenario)
        tested = min(1.0, first / scenario.population.users)
        open_to_all = feed.cold_start.promote + (1.0 - feed.cold_start.promote) * tested
    return before + during * open_to_all
