"""Selection against a slow and obvious version of the same rule."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.random import key, stream
from sim.feed.cold_start import reserved_places
from sim.feed.spaced import (
    GROUP,
    SPARE,
    best_by_group,
    nearest_first,
    room_for_tops,
    score_key,
    select_spaced,
    set_apart,
)


def slow(
    scores: list[float], creator: list[int], sound: list[int], waiting: list[bool],
    fresh: list[bool], kept: set[int], length: int, creator_gap: int, sound_gap: int,
) -> list[int]:  # fmt: skip
    """Positions of a slate, place by place, as the rule is told."""
    slate: list[int] = []
    shown = [i for i in range(len(scores)) if scores[i] > -np.inf]
    tested = [i for i in shown if waiting[i] and fresh[i]]
    left = [i for i in shown if i not in tested]

    def keeps_distance(i: int) -> bool:
        near_creators = [creator[j] for j in slate[max(0, len(slate) - creator_gap) :]]
        near_sounds = [sound[j] for j in slate[max(0, len(slate) - sound_gap) :]]
        return creator[i] not in near_creators and sound[i] not in near_sounds

    while len(slate) < length:
        first = [i for i in tested if keeps_distance(i)]
        if len(slate) in kept and first:
            tested.remove(first[0])
            slate.append(first[0])
            continue
        if not left:
            break
        apart = [i for i in left if keeps_distance(i)]
        best = max(apart or left, key=lambda i: (scores[i], -i))
        slate.append(best)
        left.remove(best)
    return slate


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    k = draw(st.integers(0, 40))

    def some(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=k, max_size=k))

    return {
        "scores": some(
            st.sampled_from([0.0, 1.0, 2.5, -3.0, -np.inf]) | st.floats(-9, 9, width=32)
        ),
        "creator": some(st.integers(0, 4)),
        "sound": some(st.integers(0, 4)),
        "waiting": some(st.booleans()),
        "fresh": some(st.booleans()),
        "kept": draw(st.sets(st.integers(0, 9))),
        "length": draw(st.integers(1, 10)),
        "creator_gap": draw(st.integers(0, 5)),
        "sound_gap": draw(st.integers(0, 5)),
    }


def fast(case: dict[str, Any]) -> list[int]:
    k = len(case["scores"])
    slate = np.full(case["length"], -7, np.int64)
    keys = np.full(k + GROUP, 2**62, np.int64)  # what is left in working memory does not count
    keys[:k] = [score_key(np.float32(score), i) for i, score in enumerate(case["scores"])]
    kept, n_kept = np.full(k + 1, -7), 0
    for i, waits in enumerate(zip(case["waiting"], case["fresh"], strict=True)):
        n_kept = set_apart(i, keys, kept, n_kept, all(waits))
    bits = sum(1 << place for place in case["kept"])
    ids = np.arange(k, dtype=np.int32)[::-1]  # candidates are not in the order of their videos
    tops = np.full(room_for_tops(k), 2**62, np.int64)
    n = select_spaced(
        keys, k, best_by_group(keys, k, tops), kept, n_kept, ids,
        np.array(case["creator"], np.int32)[ids], np.array(case["sound"], np.int32)[ids],
        np.uint64(bits), case["length"], case["creator_gap"], case["sound_gap"], tops, slate,
    )  # fmt: skip
    assert (slate[n:] == -7).all()
    return slate[:n].tolist()


@given(cases())
def test_the_same_slate_as_the_slow_version(case: dict[str, Any]) -> None:
    assert fast(case) == slow(**case)


@pytest.mark.parametrize("k", [255, 256, 257, 700])
def test_the_same_slate_from_more_candidates_than_a_group_of_groups(k: int) -> None:
    random = np.random.default_rng(k)
    case = {
        "scores": random.integers(0, 200, k).astype(float).tolist(),
        "creator": random.integers(0, 9, k).tolist(), "sound": random.integers(0, 9, k).tolist(),
        "waiting": (random.random(k) < 0.1).tolist(), "fresh": (random.random(k) < 0.2).tolist(),
        "kept": {2, 5}, "length": 40, "creator_gap": 2, "sound_gap": 1,
    }  # fmt: skip
    assert fast(case) == slow(**case)


@given(cases())
def test_nan_sinks(case: dict[str, Any]) -> None:
    scores = [float("nan") if i % 3 == 0 else s for i, s in enumerate(case["scores"])]
    chosen = fast({**case, "scores": scores})
    assert all(i % 3 != 0 for i in chosen)


def test_a_kept_place_goes_to_a_waiting_video_even_with_the_lowest_score() -> None:
    case = {
        "scores": [5.0, 4.0, 3.0, -9.0], "creator": [0, 1, 2, 3], "sound": [0, 1, 2, 3],
        "waiting": [False, True, True, True], "fresh": [False, False, False, True],
        "kept": {1}, "length": 3,
        "creator_gap": 1, "sound_gap": 1,
    }  # fmt: skip
    assert fast(case) == [0, 3, 1]


def test_kept_places_have_their_share_and_stay_in_the_slate() -> None:
    k = key(1, "request")
    for share, length in [(0.1, 10), (0.05, 10), (0.2, 6), (1.0, 64), (0.0, 10)]:
        bits = [int(reserved_places(np.uint64(stream(k, u)), share, length)) for u in range(2_000)]
        assert all(b < 1 << length for b in bits)
        mean = np.mean([b.bit_count() for b in bits])
        assert abs(mean - share * length) < 0.05


def test_kept_places_are_anywhere_in_the_slate() -> None:
    k = key(1, "request")
    bits = [int(reserved_places(np.uint64(stream(k, u)), 0.1, 10)) for u in range(3_000)]
    counts = np.array([sum((b >> place) & 1 for b in bits) for place in range(10)])
    assert ((counts - 300) ** 2 / 300).sum() < 9 + 5 * np.sqrt(18)


@given(st.lists(st.integers(-3, 3), max_size=30), st.randoms(), st.integers(0, 2**12 - 1))
def test_who_waits_is_shown_to_whom_it_suits(
    affinity: list[int], luck: Random, reserved: int
) -> None:
    drawn = list(range(len(affinity)))
    luck.shuffle(drawn)
    kept = np.array([*drawn, -7], np.int64)
    nearest_first(kept, len(drawn), np.array(affinity, np.int32), np.uint64(reserved))
    places = min(reserved.bit_count() + SPARE, len(drawn))
    best = sorted(drawn, key=lambda i: -affinity[i])
    assert kept[:places].tolist() == best[:places]
    rest = [i for i in drawn if i not in best[:places]]
    assert kept[places:-1].tolist() == rest
    assert kept[-1] == -7
