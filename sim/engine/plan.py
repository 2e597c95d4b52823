"""The feed of a scenario as numbers for the kernel, which has every part that it knows built in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import ForyouError
from sim.core.registry import entry_of
from sim.engine.judge import FILTERS
from sim.engine.layout import PLAN
from sim.engine.scorers import compiled_steps
from sim.engine.slate import LISTS
from sim.feed.belief import believed_in
from sim.feed.builtin import Spaced, TooOld
from sim.feed.pipeline import Named, Pipeline
from sim.scenario import Scenario
from sim.world.state import padded

__all__ = ["KNOWN", "plan_of"]

KNOWN: Final[Mapping[str, Mapping[str, int]]] = {
    "source": LISTS,
    "filter": FILTERS,
    "predictor": {"smoothed": 0},
    "score": {"value": 0},
    "selector": {"spaced": 0},
}
"""What the kernel knows of each stage, and its number there."""
_OUTSIDE: Final = -1
"""Number of a part in Python, about which the kernel is never asked."""


def plan_of(scenario: Scenario, pipeline: Pipeline) -> dict[str, NDArray[Any]]:
    """The pipeline as numbers for the kernel: what stands in the frame, by name.

    Raises ForyouError for a built-in part that the kernel does not know: it would play another feed
    than the one that the scenario describes.
    """
    _number("predictor", pipeline.predict)
    built_in = [
        (_number("source", named), count)
        for named, _, count in pipeline.sources
        if not named.custom
    ]
    select = _spaced(pipeline.select)
    scores = [_number("score", named) for named in pipeline.score]
    values = scores.count(KNOWN["score"]["value"])
    plan = np.zeros(1, PLAN)
    plan["candidates"], plan["slate"] = pipeline.candidates, pipeline.slate
    plan["topics"] = scenario.population.topics
    plan["dims"] = padded(scenario.population.topics)
    plan["control"] = pipeline.control.share
    plan["matched"] = getattr(scenario.feed.cold_start, "audience", "") == "matched"
    plan["regret"] = float(scenario.record.regret)
    plan["believed"] = believed_in(scenario.feed.predict)
    plan["creator_gap"], plan["sound_gap"] = select.creator_gap, select.sound_gap
    # with scorers of the user's own, scores are made step by step
    plan["values"] = 0 if len(compiled_steps(pipeline)) else values
    return {
        "plan": plan,
        "source": np.array([number for number, _ in built_in], np.int64),
        "quota": np.array([count for _, count in built_in], np.int64),
        "filter": np.array([_number("filter", named) for named in pipeline.filters], np.int64),
        "max_age": np.array(
            [f.component.max_age if isinstance(f.component, TooOld) else np.inf
             for f in pipeline.filters], np.float64
        ),
    }  # fmt: skip


def _number(stage: str, named: Named[Any]) -> int:
    """The kernel's number of a part."""
    if named.custom or getattr(named.component, "IN_PYTHON", False):
        return _OUTSIDE
    return entry_of(f"{stage} for the fast engine", KNOWN[stage], named.name)


def _spaced(named: Named[Any]) -> Spaced:
    """The selector, or anything in place of the user's own."""
    if _number("selector", named) == _OUTSIDE:
        return Spaced(0, 0)
    if not isinstance(named.component, Spaced):
        raise ForyouError(f"selector for the fast engine: {named.component!r} is another one")
    return named.component
