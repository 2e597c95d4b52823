"""The size of a world for its videos: supply, headroom, what pools need; and what to be wary of.

Two numbers say how large a world is for its videos: the people U and the *supply* N, the
impressions that people want a day for each post of a day. Their ratio, the *headroom* U / N, caps
every success: no video can be shown to more than all people, which is U / N times what a post gets
in the long run. (Multiples of the mean of young videos can be larger: that mean is below N.)

Plain Python: ``foryou check`` needs neither arrays nor compiled code for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sim.core.units import format_duration
from sim.scenario import Scenario
from sim.scenario.amounts import impressions_of
from sim.scenario.feed import Pools
from sim.scenario.viral import Viral, viral_of
from sim.world.attention import attention
from sim.world.expected import mean_impressions

__all__ = ["Size", "overload", "size_of", "warnings"]

_FEW = 10
"""A first audience below this says next to nothing (its share of likes has a standard error as
large as itself)."""
_AGE_S = 86_400.0
"""Probes that are younger than this at the end have not had their first day (V9)."""
_HEADROOM = 3.0
"""Headroom over what counts as viral, at least, or the ceiling shows in the tail."""


@dataclass(frozen=True)
class Size:
    """How large a world is for its videos."""

    supply: float | None
    """N, impressions a day for each post of a day; None when nobody posts"""
    headroom: float | None
    """people over N"""
    load: float
    """share of all impressions that pools need for their audiences; 0 without pools"""
    places: float
    """share of all places that is kept for them"""


def size_of(scenario: Scenario) -> Size:
    """Supply and headroom of a scenario, and the load of its pools.

    Each pool takes posts times its audience, times the share of posts that get so far: with supply
    N that is ``first`` / N of all impressions for the first one, and ``growth`` times ``promote``
    of the pool before for each other.
    """
    supply = mean_impressions(scenario)
    headroom = None if supply is None else scenario.population.users / supply
    pools = scenario.feed.cold_start
    if not isinstance(pools, Pools) or supply is None:
        return Size(supply, headroom, 0.0, 0.0)
    ratio = float(pools.growth) * float(pools.promote)
    first = impressions_of(pools.first, scenario)
    load = sum(first / supply * ratio**level for level in range(pools.levels))
    return Size(supply, headroom, load, float(pools.slots))


def overload(scenario: Scenario) -> str | None:
    """What is wrong with ``feed.cold_start`` when its audiences need more places than are kept.

    Then videos would wait in vain, and who is tested would be luck; None when there is room.
    """
    size = size_of(scenario)
    if size.load <= size.places:
        return None
    return (
        f"the audiences of all pools need {100 * size.load:.1f} % of all places, and "
        f"{100 * size.places:.1f} % are kept for them: videos would wait in vain; lower first, "
        "growth, promote or levels, or raise slots"
    )


def warnings(scenario: Scenario) -> list[str]:
    """What may make a result of this scenario say less than it seems to.

    An :func:`overload` is not among them: no world of it is worth playing alone.
    """
    size = size_of(scenario)
    return [*_of_pools(scenario), *_of_viral(scenario, size), *_of_probes(scenario, size)]


def _of_pools(scenario: Scenario) -> Iterator[str]:
    pools = scenario.feed.cold_start
    if not isinstance(pools, Pools):
        return
    first = impressions_of(pools.first, scenario)
    if first < _FEW:
        yield (
            f"feed.cold_start.first: a first audience of {first:.0f} is below {_FEW}, so that "
            "chance decides who is promoted"
        )
    if float(scenario.feed.sources.get("fresh", 0.0)) <= 0.0:
        yield (
            "feed.sources.fresh: is 0, so that videos which wait in a pool are never found; give "
            "it a weight, or use the policy none"
        )


def _of_viral(scenario: Scenario, size: Size) -> Iterator[str]:
    viral = viral_of(scenario)
    pools = scenario.feed.cold_start
    if isinstance(pools, Pools):
        first = impressions_of(pools.first, scenario)
        if viral.least <= first:
            yield (
                f"viral.{viral.counter}: {_so_many(viral)} come with the first audience of "
                f"{first:.0f} alone, so that every video is viral; raise it"
            )
    if size.supply is None or size.headroom is None:
        return
    multiple = viral.least / size.supply
    if 0.0 < size.headroom < _HEADROOM * multiple:
        yield (
            f"viral.{viral.counter}: is {multiple:.1f} times the supply, and all people are "
            f"{size.headroom:.1f} times that: the ceiling decides; lower it, or state a smaller "
            "catalogue.mean_impressions"
        )


def _so_many(viral: Viral) -> str:
    return f"{viral.least:,} {'people' if viral.counter == 'reach' else 'impressions'}"


def _of_probes(scenario: Scenario, size: Size) -> Iterator[str]:
    for i, probe in enumerate(scenario.probes):
        age = float(scenario.duration) - float(probe.post_at) - float(probe.spread)
        if scenario.viral.age is not None and age < scenario.viral.age:
            yield (
                f"probes[{i}]: the youngest video is {format_duration(round(age))} old at the end, "
                f"and viral.age is {format_duration(scenario.viral.age)}: whether it is viral is "
                "not known yet; post earlier, or lower viral.age"
            )
        if age < _AGE_S:
            yield (
                f"probes[{i}]: the youngest video is {format_duration(round(age))} old at the end, "
                "so that what it reaches is not settled; a day is the least"
            )
        if size.supply is None or probe.spread > 3_600.0:
            continue
        # posts that people's attention in an hour makes room for
        hourly = scenario.population.users / size.supply
        if probe.count > max(hourly * _hours_of_attention(scenario), 20.0):
            yield (
                f"probes[{i}]: {probe.count} videos at one moment are more than the platform "
                "posts in an hour, so that they compete with each other; give them a spread"
            )


def _hours_of_attention(scenario: Scenario) -> float:
    """Impressions that a person wants in an hour."""
    return attention(scenario).mean * 3_600.0 / float(scenario.duration)
