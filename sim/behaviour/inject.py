"""Forced events: people who are shown a video because the scenario says so.

For an experiment on what early success does, likes and skips are given to one of two twins: people
whom chance chooses find the video when they next want something to watch, on a page of its own.
Some do with it what they like; some watch it to the end and like it, whatever they think of it;
some swipe on within a second. What they do counts for the video, and teaches the feed about them,
as anything else that people do.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.watch import watch_ms
from sim.core.actions import bit
from sim.core.messages import kind_code
from sim.core.surfaces import surface_code
from sim.machine.compiled import njit
from sim.machine.table import Side, Table, column
from sim.scenario import Scenario
from sim.scenario.probes import FORCED
from sim.world.exchange import earliest_due
from sim.world.state import NOBODY

__all__ = [
    "INBOX", "KINDS", "LANES", "SKIP_AFTER_MS", "TABLES", "Forced", "do_as_told", "find", "is_on",
    "open_injected", "used", "watch_as_told",
]  # fmt: skip

SKIP_AFTER_MS: Final = 1_000
"""How long a forced skip is watched, ms; assumption."""
KINDS: Final = tuple(kind_code(f"forced_{name}") for name in FORCED)
"""Codes of the messages, in the order of FORCED."""
_SHOWN, _LIKE, _SKIP = range(3)
"""What is forced, as position in FORCED."""
_BITS = {"like": bit("like"), "completion": bit("completion"), "skip": bit("skip")}
_LIKED, _COMPLETED, _SKIPPED = _BITS["like"], _BITS["completion"], _BITS["skip"]
_PAGE = surface_code("injected")
_FIRST_KIND = KINDS[0]
assert tuple(range(_FIRST_KIND, _FIRST_KIND + len(FORCED))) == KINDS

INBOX: Final = True
"""Its messages come from the scenario, and lie in people's inboxes."""

LANES = (("forced", np.int64),)


class Forced(Table, name="forced", owner="user", side=Side.LOG):
    """What each person has to do with the video of the page that they opened last."""

    video: NDArray[np.int32] = column(np.int32, "the video; NOBODY once it was shown", fill=NOBODY)
    what: NDArray[np.int8] = column(np.int8, "position in FORCED")


TABLES = (Forced,)


def is_on(scenario: Scenario) -> bool:
    """Whether a probe forces anything."""
    return any(twin.inject for probe in scenario.probes for twin in probe.variants())


@njit(forceinline=True)
def used(frame: Any) -> bool:
    """The same, in compiled code."""
    return frame.forced.video.size > 0  # type: ignore[no-any-return]


@njit(forceinline=True)
def open_injected(world: Any, p: Any, room: Any, k: int) -> None:
    """Who wants something to watch is shown a video that was forced on them, if there is one."""
    if world.forced.video.size == 0 or room.opens[k] != NOBODY:
        return
    u, inbox = room.seen.user[k], world.inbox
    for what in range(len(FORCED)):
        i = earliest_due(world, u, _FIRST_KIND + what, room.seen.time_s[k])
        if i != NOBODY and room.opens[k] == NOBODY:
            inbox.kind[u, i] = NOBODY
            room.opens[k], room.subject[k] = _PAGE, inbox.video[u, i]
            world.forced.video[u], world.forced.what[u] = inbox.video[u, i], what


@njit(forceinline=True)
def find(world: Any, p: Any, room: Any, k: int) -> None:
    """Whether something is forced on this person with this video."""
    u = room.seen.user[k]
    told = world.forced.video[u] == room.seen.video[k]
    room.forced[k] = np.int64(world.forced.what[u]) if told else np.int64(_SHOWN)
    world.forced.video[u] = NOBODY


@njit(forceinline=True)
def watch_as_told(p: Any, room: Any, k: int) -> None:
    """A forced skip is short, and who has to like a video sees its end."""
    forced, seen = room.forced[k], room.seen
    whole, ms, done = watch_ms(room.duration_s[k]), seen.watch_ms[k], seen.actions[k]
    if forced == _LIKE and ms < whole:
        ms, done = whole, _COMPLETED
    if forced == _SKIP:
        ms, done = min(SKIP_AFTER_MS, whole - 1), _SKIPPED
        seen.views[k] = 1
    seen.watch_ms[k], seen.actions[k] = ms, done
    room.ratio[k] = float(ms) / (1000.0 * room.duration_s[k])


@njit(forceinline=True)
def do_as_told(p: Any, room: Any, k: int) -> None:
    """A forced like is a like, and with a forced skip nothing else is done."""
    forced, seen = room.forced[k], room.seen
    seen.actions[k] |= _LIKED if forced == _LIKE else 0
    seen.actions[k] = _SKIPPED if forced == _SKIP else seen.actions[k]
