"""What a video and a person have in common, against plain words."""

from __future__ import annotations

import numpy as np
import pytest

from sim.feed.match import hold, match_sum
from sim.machine.compiled import njit
from sim.machine.lanes import STEP

VIDEO = np.dtype([("first", np.int64), ("second", np.int64), ("spare", np.int32)], align=True)


@njit()
def _match(caption, taste, ids, u, weights, things):
    """The sum of each video; ``things`` [V, 5] are its sound, three hashtags and creator."""
    held = hold(taste, 0, ids, u, weights)
    sums = np.empty(len(things), np.int64)
    for v in range(len(things)):
        weights[0] = 0  # the taste was taken before
        sums[v] = match_sum(
            caption, v, held, things[v, 0], things[v, 1], things[v, 2], things[v, 3], things[v, 4]
        )
    return sums


@pytest.mark.parametrize("dims", [16, 32, 144])
@pytest.mark.parametrize("records", [False, True])
def test_a_match_is_topics_and_shared_things(dims: int, records: bool) -> None:
    random = np.random.default_rng(dims)
    caption = random.integers(-127, 128, (9, dims)).astype(np.int8)
    taste = random.integers(-16384, 16385, (1, dims)).astype(np.int16)
    ids = random.integers(0, 4, (3, 48)).astype(np.int32)
    weights = random.integers(-300_000, 300_000, (1, 24)).astype(np.int32)
    things = random.integers(-1, 6, (9, 5)).astype(np.int32)
    wanted = []
    for v in range(9):
        total = int(caption[v, :STEP].astype(int) @ taste[0, :STEP])
        for group, thing in zip((0, 8, 8, 8, 16), things[v], strict=True):
            for slot in range(group, group + 8):
                total += int(weights[0, slot]) * (int(ids[2, slot + group]) == thing)
        wanted.append(total)
    videos = np.zeros(9, VIDEO)
    videos.view(np.int8).reshape(9, VIDEO.itemsize)[:, :STEP] = caption[:, :STEP]
    found = _match(videos if records else caption, taste, ids, 2, weights, things)
    assert found.tolist() == wanted
