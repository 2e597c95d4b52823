"""What luck is keyed by: one more video changes nobody else's, and what lasts lasts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.assemble import assemble
from sim.engine.reference import ReferenceEngine
from sim.testing.worlds import tiny_platform, tiny_scenario

HOUR = 3_600.0
PROBES: list[dict[str, Any]] = [
    {"name": "first", "count": 3, "post_at": HOUR, "followers": 4},
    {"name": "second", "count": 2, "post_at": 1.5 * HOUR, "followers": 5},
]


def luck_of(*probes: dict[str, Any]) -> dict[tuple[str, int, int], int]:
    """Luck of each video by (name of the probe, creator or number in the probe, post)."""
    live = tiny_platform(
        engine="fast", probes=list(probes), population={"users": 150}, duration=4 * HOUR
    )
    world, found = live.world, {}
    posts: dict[int, int] = {}
    for v in range(world.videos.count):
        creator, probe = int(world.videos.creator[v]), int(world.video_truth.probe[v])
        posts[creator] = posts.get(creator, -1) + 1
        name = world.probe_names[probe] if probe >= 0 else ""
        who = int(world.video_truth.probe_number[v]) if probe >= 0 else creator
        found[name, who, posts[creator]] = int(world.videos.luck[v])
    assert len(set(found.values())) == len(found)
    return found


def test_one_more_probe_changes_no_other_luck() -> None:
    alone, both = luck_of(PROBES[1]), luck_of(*PROBES)
    assert {name for name, _, _ in both} == {"", "first", "second"}
    common = alone.keys() & both.keys()
    assert len(common) > 100
    assert sum(name == "second" for name, _, _ in common) == 2
    assert all(alone[video] == both[video] for video in common)


def test_one_more_probe_changes_no_other_account() -> None:
    def planted(*probes: dict[str, Any]) -> tuple[Any, ...]:
        world = assemble(tiny_scenario(probes=list(probes)), 1, engine="fast").world
        rows = np.flatnonzero(world.creators.probe == len(probes) - 1)
        who = [np.flatnonzero(world.follows.creator == c) for c in rows]
        users = [np.searchsorted(world.follows.start, w, "right") - 1 for w in who]
        return world.creators.niche[rows], world.creators.skill[rows], np.array(users)

    for one, other in zip(planted(PROBES[1]), planted(*PROBES), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("filters", [[], ["seen"]])
def test_the_taste_of_a_pair_lasts_and_other_luck_is_new(filters: list[str]) -> None:
    live = assemble(
        tiny_scenario(
            population={"users": 12}, duration=6 * HOUR, feed={"filters": filters},
            behaviour={"session": {"sessions_per_day": 20.0}},
        ),
        1, engine="reference",
    )  # fmt: skip
    engine = live.engine
    assert isinstance(engine, ReferenceEngine)
    met: dict[tuple[int, int], list[tuple[float, int]]] = {}
    room = engine._frame.room
    last = engine._steps[-1]

    def note() -> None:
        last()
        pair = int(room.seen.user[0]), int(room.seen.video[0])
        met.setdefault(pair, []).append((float(room.taste[0]), int(room.stream[0])))

    engine._steps[-1] = note
    live.env.run(until=live.end)
    again = [seen for seen in met.values() if len(seen) > 1]
    if filters:
        assert not again
        return
    assert len(again) > 50
    for seen in again:
        assert len({taste for taste, _ in seen}) == 1
        assert len({stream for _, stream in seen}) == len(seen)
