"""Settings that stand for each other: what is laid over a scenario states one of them anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from sim.scenario.nodes import Entry, Location

__all__ = ["without_replaced"]

_ALTERNATIVES: Final[Mapping[Location, frozenset[str]]] = {
    ("viral",): frozenset({"reach", "impressions"}),
}
"""Of these keys, by the place of their group, one is stated."""


def without_replaced(
    group: Location, below: Mapping[str, Entry], above: Collection[str]
) -> dict[str, Entry]:
    """The entries of a group without those in whose place one of the keys ``above`` will stand."""
    keys = _ALTERNATIVES.get(group, frozenset())
    if keys.isdisjoint(above):
        return dict(below)
    return {key: entry for key, entry in below.items() if key not in keys}
