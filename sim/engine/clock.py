"""Rare events on the SimPy clock: everything that is not a user's swipe.

At one instant the parts run in the order of their rank, and all of them before any user: what
happens at time t belongs to the window that starts at t. Intervals are half-open.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import inf, nextafter
from typing import Any

import simpy

__all__ = [
    "KEEP", "PLAY", "REFRESH", "SNAPSHOT", "TRENDS", "UPLOADS", "delay_until", "every",
    "stop_at",
]  # fmt: skip

PLAY, UPLOADS, REFRESH, TRENDS, SNAPSHOT, KEEP, STOP = -60, -50, -40, -30, -20, -15, -10
"""Ranks; SimPy runs lower priorities first, and a user's own time-outs have priority 1."""

Events = Generator[simpy.Event, Any, None]


def _tick(env: simpy.Environment, delay: float, rank: int) -> simpy.Event:
    """A time-out with a rank of its own."""
    event = simpy.Event(env)
    event._ok = True
    event._value = None
    env.schedule(event, priority=rank, delay=delay)  # type: ignore[arg-type]  # any whole number
    return event


def every(
    env: simpy.Environment,
    interval: float,
    end: float,
    rank: int,
    action: Callable[[float], None],
    last: float | None = None,
) -> None:
    """Call ``action(now)`` after each ``interval`` and, when it does not divide it, at ``end``.

    ``last`` is when it was called last, in a run that goes on; if not said, now.
    """

    def process() -> Events:
        before = env.now if last is None else last
        while before < end:
            # a remainder below a millionth of the interval is rounding, not a window
            left = end - before
            at = before + (left if left < interval * (1.0 + 1e-6) else interval)
            yield _tick(env, delay_until(env.now, at), rank)
            action(env.now)
            before = env.now

    env.process(process())


def delay_until(now: float, at: float) -> float:
    """The delay that, added to ``now``, is ``at`` to the bit.

    There is one: what lies between 0 and ``at`` is at least as finely divided as ``at`` is.
    """
    delay = at - now
    while now + delay < at:
        delay = nextafter(delay, inf)
    while now + delay > at:
        delay = nextafter(delay, -inf)
    return delay


def stop_at(env: simpy.Environment, end: float, rank: int = STOP) -> simpy.Event:
    """An event for ``env.run(until=...)``: the clock's parts at ``end`` still run, users do not.

    Only those of a lower ``rank`` do.
    """
    return _tick(env, delay_until(env.now, end), rank)
