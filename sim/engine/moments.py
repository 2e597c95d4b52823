"""All moments, and who acts in each, in which order: the table of contents of the model.

Both engines go through these lists. Who wants a slate goes through ``open``: which surface, about
what. An impression goes on from one moment to the next:

    meet -> appeal -> watch -> act -> stay -> remember -> learn -> send -> log

``meet`` collects facts into the lanes of the room; from ``appeal`` to ``stay`` there is only
arithmetic on lanes; ``remember`` is the truth's memory and ``learn`` the platform's; ``send`` puts
messages to others into the outbox; ``log`` counts. What a request goes through (open, gather,
judge, score, select) is the scenario's own list of components, see ``sim.feed.pipeline``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from sim.behaviour import act, boredom, facts, interest, session, watch
from sim.engine import exposure, tally
from sim.engine.ways import Decide, Each, Funnel, Lanes, Sum, Way, in_turn
from sim.feed import learn
from sim.machine.table import Table
from sim.scenario.behaviour import BehaviourConfig

__all__ = [
    "IMPRESSION",
    "LANES",
    "MOMENTS",
    "REACT",
    "TABLES",
    "acting",
    "fast_moments",
    "new_tables",
    "one_by_one",
    "one_person",
]

MOMENTS: Final[Mapping[str, tuple[Way, ...]]] = {
    "open": (Each(session.open_feed),),
    "meet": (
        Each(
            exposure.show,  # the next video of the slate; was it shown before?
            facts.meet,
            boredom.find,
        ),
    ),
    "appeal": (
        Each(interest.draw_taste),
        Sum(
            "appeal",
            interest.match,
            interest.quality,
            interest.taste,
            interest.locale,
            boredom.less,
        ),
    ),
    "watch": (
        Lanes(watch.sit_down),
        Funnel(watch.watch_start, watch.watch_rest, watch.watch_end),
        Lanes(watch.count_watch),
    ),
    "act": (
        Each(act.find_shapes),
        Lanes(act.find_warmth),
        Decide(act.CHANCES),
    ),
    "stay": (Lanes(session.stay_or_leave, session.swipe_on),),
    "remember": (Each(exposure.follow, boredom.note),),
    "learn": (Each(learn.find_signal, learn.topics, learn.affinities),),
    "send": (),
    "log": (Each(tally.log),),
}

IMPRESSION: Final = tuple(moment for moment in MOMENTS if moment != "open")
"""The moments of an impression, in their order."""

REACT: Final = ("appeal", "watch", "act", "stay")
"""The moments that are arithmetic on lanes alone."""

_MODULES = tuple(
    dict.fromkeys(
        sys.modules[getattr(function, "py_func", function).__module__]
        for ways in MOMENTS.values()
        for way in ways
        for function in way.functions
    )
)

TABLES: Final[tuple[type[Table], ...]] = tuple(
    table for module in _MODULES for table in getattr(module, "TABLES", ())
)
"""State that mechanisms declare."""


def new_tables(config: BehaviourConfig, rows: Mapping[str, int]) -> tuple[Table, ...]:
    """The state of all mechanisms; ``rows`` is how many each owner has.

    A mechanism that declares tables has a function ``is_on(config)``; while it is off its tables
    have no rows.
    """
    return tuple(
        table(rows[table.OWNER] if module.is_on(config) else 0)
        for module in _MODULES
        for table in getattr(module, "TABLES", ())
    )


LANES: Final = (
    ("left", np.int64),  # places of those who are left in a funnel
    *(lane for module in _MODULES for lane in getattr(module, "LANES", ())),
)
"""Lanes of the room that they declare."""


def acting(moment: str) -> tuple[str, ...]:
    """Names of the functions that act in a moment, in their order."""
    return tuple(
        f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        for way in MOMENTS[moment]
        for function in way.functions
    )


def fast_moments(*names: str) -> Any:
    """One compiled function ``(frame, p, room, n)``: some moments for n people side by side."""
    return in_turn(tuple(way.fast() for name in names for way in MOMENTS[name]))


def one_person(name: str) -> Any:
    """One compiled function ``(frame, p, room, k)``: a moment for the person in place k."""
    return in_turn(tuple(way.plain() for way in MOMENTS[name]))


def one_by_one() -> list[Any]:
    """What one person goes through, function after function.

    Each is either plain Python, to be called with its own view of the frame, or a compiled
    function ``(frame, p, room, k)`` that stands for all compiled ones up to the next plain one.
    """
    found: list[Any] = []
    compiled: list[Any] = []
    for way in (way for name in IMPRESSION for way in MOMENTS[name]):
        if all(hasattr(f, "py_func") for f in way.functions):
            compiled.append(way.plain())
            continue
        for function in way.functions:
            if hasattr(function, "py_func"):
                compiled.append(type(way)(function).plain())
                continue
            if compiled:
                found.append(in_turn(tuple(compiled)))
                compiled = []
            found.append(function)
    return [*found, in_turn(tuple(compiled))] if compiled else found
