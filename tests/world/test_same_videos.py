"""A probe with a seed of its own plants the same videos in every world."""

from __future__ import annotations

import numpy as np

from sim.assemble import assemble
from sim.testing.worlds import tiny_scenario

PROBES = [
    {"name": "fixed", "count": 6, "post_at": 3_600.0, "seed": 5},
    {"name": "other", "count": 6, "post_at": 3_600.0},
]


def traits(seed: int, probe: int, probes: list[dict[str, object]]) -> list[np.ndarray]:
    """What tells the videos of a probe apart, in the order of their numbers."""
    live = assemble(tiny_scenario(probes=probes), seed, engine="fast")
    live.env.run(until=live.end)
    videos, truth = live.world.videos, live.world.video_truth
    ids = np.flatnonzero(truth.probe[: videos.count] == probe)
    ids = ids[np.argsort(truth.probe_number[ids])]
    assert len(ids) == 6
    return [
        truth.quality[ids], truth.hook[ids], truth.topics[ids], videos.duration_s[ids],
        videos.tags[ids], videos.caption[ids],
    ]  # fmt: skip


def test_the_videos_are_the_same_in_every_world() -> None:
    one, two = traits(1, 0, PROBES), traits(2, 0, PROBES)
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    assert len(np.unique(one[0])) == 6
    another = traits(1, 0, [{**PROBES[0], "seed": 6}, PROBES[1]])
    assert not np.array_equal(one[0], another[0])


def test_other_videos_are_as_before() -> None:
    one, two = traits(1, 1, PROBES), traits(2, 1, PROBES)
    assert not np.array_equal(one[0], two[0])
    without = traits(1, 1, [{**PROBES[0], "seed": None}, PROBES[1]])
    assert all(np.array_equal(a, b) for a, b in zip(one, without, strict=True))
