"""Worlds so small that a test can play one in a second or two."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sim.assemble import Live, assemble
from sim.core.random import key, stream2
from sim.feed.view import FeedView, Requests
from sim.scenario import Scenario
from sim.world.build import build_world
from sim.world.state import NOBODY, World

__all__ = ["played", "requests_of", "tiny_platform", "tiny_scenario", "tiny_world"]

_HOUR = 3600.0

_TINY: Mapping[str, Any] = {
    "name": "tiny",
    "duration": 8 * _HOUR,
    "refresh": 600.0,
    # local time begins at 14:00, so that a few hours hold the busy evening
    "population": {
        "users": 150,
        "creators": 0.2,
        "topics": 6,
        "follows": 5,
        "locales": [{"name": "here", "share": 1.0, "utc_offset": 14 * _HOUR}],
    },
    "creators": {"posts_per_week": 14},
    "catalogue": {"history": 5 * 24 * _HOUR},
    "feed": {
        "slate": 6,
        "candidates": 40,
        "reindex": 1800.0,
        "cold_start": {
            "policy": "pools",
            "first": 6,
            "growth": 2,
            "levels": 3,
            "slots": 0.2,
            "fill": _HOUR,
        },
    },
    "record": {"timeline": 1800.0, "tracked": 10},
}


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for name, value in over.items():
        below = result.get(name)
        named = isinstance(value, Mapping) and {"use", "policy"} & set(value)
        if isinstance(below, Mapping) and isinstance(value, Mapping) and not named:
            result[name] = _merged(below, value)
        else:
            result[name] = value
    return result


def tiny_scenario(**overrides: Any) -> Scenario:
    """150 users for 8 hours; ``overrides`` are merged in, in plain units (seconds, shares).

    A component, which says its ``use`` or ``policy``, replaces the one that was there.
    """
    return Scenario(**_merged(_TINY, overrides))


def tiny_world(seed: int = 1, **overrides: Any) -> World:
    """The world of :func:`tiny_scenario` before its first second."""
    return build_world(tiny_scenario(**overrides), seed)


def tiny_platform(
    seed: int = 1,
    *,
    engine: str = "reference",
    events: Path | None = None,
    base_dir: Path | None = None,
    allow_code: bool = False,
    **overrides: Any,
) -> Live:
    """The world of :func:`tiny_scenario`, played to its end; ``events`` is a file for the log."""
    live = assemble(
        tiny_scenario(**overrides), seed,
        engine=engine, events=events, base_dir=base_dir, allow_code=allow_code,
    )  # fmt: skip
    live.env.run(until=live.end)
    live.log.close()
    return live


@cache
def played() -> Live:
    """One played platform, shared by all who only read it."""
    return tiny_platform()


def requests_of(users: list[int], view: FeedView, seed: int = 1) -> Requests:
    """One For You request of each user, at the last refresh."""
    count = len(users)
    streams = [stream2(key(seed, "request"), user, 1_000_000) for user in users]
    return Requests(
        np.array(users, np.int32),
        np.full(count, view.refreshed_s),
        np.zeros(count, np.int8),
        np.full(count, NOBODY, np.int32),
        np.array(streams, np.uint64),
    )
