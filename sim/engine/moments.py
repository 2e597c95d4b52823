"""All moments, and who acts in each, in which order: the table of contents of the model.

Both engines go through these lists. Who wants a slate goes through ``open``: which surface, about
what. An impression goes on from one moment to the next:

    meet -> appeal -> watch -> act -> stay -> remember -> learn -> send -> log

``meet`` collects facts into the lanes of the room; from ``appeal`` to ``stay`` there is only
arithmetic on lanes; ``remember`` is the truth's memory and ``learn`` the platform's; ``send`` puts
messages to others into the outbox; ``log`` counts. A session begins with ``come`` and ends with
``rest``: when the next one begins. What a request goes through (open, gather,
judge, score, select) is the scenario's own list of components, see ``sim.feed.pipeline``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.behaviour import (
    act,
    boredom,
    browse,
    covers,
    facts,
    inject,
    interest,
    notify,
    satisfaction,
    session,
    sharing,
    tastes,
    watch,
)
from sim.engine import exposure, newcomers, presence, tally
from sim.engine.ways import Decide, Each, Funnel, Lanes, Sum, Way, When, in_turn
from sim.feed import learn
from sim.machine.table import Table
from sim.scenario import Scenario
from sim.world.state import World

__all__ = [
    "IMPRESSION",
    "LANES",
    "MOMENTS",
    "MOST_MESSAGES",
    "REACT",
    "TABLES",
    "acting",
    "columns_of",
    "fast_moments",
    "most_messages",
    "new_tables",
    "one_by_one",
    "one_person",
    "uses_inbox",
]

MOMENTS: Final[Mapping[str, tuple[Way, ...]]] = {
    "come": (Each(presence.come), When(satisfaction.used, Each(satisfaction.begin))),
    "open": (
        Each(
            inject.open_injected,
            sharing.open_link,
            notify.open_notification,
            browse.open_friends,
            browse.open_search,
            session.open_feed,
        ),
    ),
    "meet": (
        Each(
            exposure.show,  # the next video of the slate; was it shown before?
            exposure.note_surface,
            exposure.note_tags,
            facts.meet,
            covers.find,
        ),
        When(tastes.used, Each(tastes.find)),
        When(boredom.used, Each(boredom.find)),
        When(satisfaction.used, Each(satisfaction.find)),
        When(inject.used, Each(inject.find)),
    ),
    "appeal": (
        Each(interest.draw_taste),
        When(tastes.for_creators, Each(tastes.draw_creator)),
        When(tastes.for_sounds, Each(tastes.draw_sound)),
        When(tastes.for_hashtags, Each(tastes.draw_hashtags)),
        Sum(
            "appeal",
            interest.match,
            interest.quality,
            interest.taste,
            tastes.creator,
            tastes.sound,
            tastes.hashtags,
            interest.locale,
            boredom.less,
            covers.less,
        ),
    ),
    "watch": (
        Lanes(watch.sit_down),
        Funnel(watch.watch_start, watch.watch_rest, watch.watch_end),
        Lanes(watch.count_watch),
        When(inject.used, Lanes(inject.watch_as_told)),
    ),
    "act": (
        Each(act.find_shapes),
        Lanes(act.find_warmth),
        Decide(act.CHANCES, act.RARE),
        Lanes(browse.let_go),
        When(inject.used, Lanes(inject.do_as_told)),
    ),
    "stay": (
        When(satisfaction.used, Lanes(satisfaction.feel)),
        Lanes(session.stay_or_leave, session.swipe_on),
    ),
    "remember": (
        Each(exposure.follow, exposure.part, browse.turn),
        When(boredom.used, Each(boredom.note)),
        When(satisfaction.used, Each(satisfaction.remember)),
    ),
    "learn": (
        Each(learn.expect),
        When(learn.used, Each(learn.find_signal, learn.topics, learn.slots)),
    ),
    "send": (
        When(sharing.used, Each(sharing.send)),
        When(notify.used, Each(notify.send)),
    ),
    "log": (When(newcomers.used, Each(newcomers.note)), Each(tally.log)),
    "rest": (
        When(satisfaction.used, Each(satisfaction.look_back)),
        Each(session.rest),
        When(satisfaction.used, Each(satisfaction.lose)),
        When(notify.used, Each(notify.leave)),
    ),
}

IMPRESSION: Final = tuple(moment for moment in MOMENTS if moment not in ("come", "open", "rest"))
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


def new_tables(scenario: Scenario, world: World, seed: int) -> tuple[Table, ...]:
    """The state of all mechanisms.

    A mechanism that declares tables has a function ``is_on(scenario)``; while it is off its tables
    have no rows. One that fills them at the start has ``build(scenario, world, seed, state)``;
    ``state`` has the tables of the mechanisms before it, by type.
    """
    rows = {"user": world.users, "creator": world.creators.count}
    found: list[Table] = []
    for module in _MODULES:
        declared = getattr(module, "TABLES", ())
        if not declared or not module.is_on(scenario):
            found += [table() for table in declared]
        elif hasattr(module, "build"):
            state = {type(table): table for table in found}
            found += module.build(scenario, world, seed, state)
        else:
            found += [table(rows[table.OWNER]) for table in declared]
    return tuple(found)


def most_messages(scenario: Scenario) -> int:
    """Messages that one impression can send at most, all mechanisms together; 0 without any.

    A mechanism that sends says so as MESSAGES.
    """
    senders = (module for module in _MODULES if hasattr(module, "MESSAGES"))
    return sum(module.MESSAGES for module in senders if module.is_on(scenario))


def uses_inbox(scenario: Scenario) -> bool:
    """Whether anybody can be sent anything: by people, or by a mechanism that says INBOX."""
    inbox = (module for module in _MODULES if getattr(module, "INBOX", False))
    return most_messages(scenario) > 0 or any(module.is_on(scenario) for module in inbox)


def columns_of(
    scenario: Scenario, world: World, messages: NDArray[Any], state: Sequence[Table]
) -> dict[str, dict[str, Any]]:
    """Columns of the tables that mechanisms make of the run, by table of the run folder.

    A mechanism that has one names it, with the function that makes its columns: in RECORDS one of
    ``messages``, in MEASURES one of the scenario, the world and its own tables among ``state``.
    """
    found: dict[str, dict[str, Any]] = {}
    for module in (module for module in _MODULES if hasattr(module, "is_on")):
        if not module.is_on(scenario):
            continue
        own = [table for table in state if type(table) in getattr(module, "TABLES", ())]
        for name, make in getattr(module, "RECORDS", {}).items():
            found[name] = make(messages)
        for name, make in getattr(module, "MEASURES", {}).items():
            found[name] = make(scenario, world, *own)
    return found


MOST_MESSAGES: Final = sum(getattr(module, "MESSAGES", 0) for module in _MODULES)
"""Messages that an impression can send at most when everything is on."""

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
                compiled.append(way.one(function))
                continue
            if compiled:
                found.append(in_turn(tuple(compiled)))
                compiled = []
            found.append(way.one(function))
    return [*found, in_turn(tuple(compiled))] if compiled else found
