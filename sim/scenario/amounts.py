"""What a multiple stands for: so many times the supply that the scenario states.

``0.1x`` in a setting of impressions is a tenth of ``catalogue.mean_impressions``, impressions a
day for each post of a day. That number is stated, not measured, so that a size is known before
anything is played and is the same in every world.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sim.core.config import Config
from sim.core.units import Multiple
from sim.scenario.fields import setting_at

if TYPE_CHECKING:
    from sim.scenario.model import Scenario

__all__ = ["impressions_of", "settled"]

C = TypeVar("C", bound=Config)


def impressions_of(amount: float | Multiple, scenario: Scenario, *, whole: bool = True) -> float:
    """The impressions that an amount of a scenario says; a ``whole`` multiple is at least one.

    Raises ValueError for a multiple where the scenario states no ``catalogue.mean_impressions``.
    """
    if not isinstance(amount, Multiple):
        return float(amount)
    stated = scenario.catalogue.mean_impressions
    if stated is None:
        raise ValueError(f"{amount} is of catalogue.mean_impressions, which is not stated")
    exact = amount.times * stated
    return float(max(1, round(exact))) if whole else exact


def settled(part: C, scenario: Scenario) -> C:
    """A group of settings with the number that it stands for in place of each multiple."""
    found = {}
    for name, value in part:
        if isinstance(value, Multiple):
            setting = setting_at(type(part), (name,))
            whole = setting is not None and setting.annotation is int
            number = impressions_of(value, scenario, whole=whole)
            found[name] = int(number) if whole else number
    return part.model_copy(update=found) if found else part
