"""Sources: how many, from which list, and never what does not exist."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.random import key, stream
from sim.feed.belief import SOUND_SLOTS, TAG_SLOTS, no_slots
from sim.feed.grouping import group_by_tag, group_into, top_of
from sim.feed.index import Groups, Index, IndexBuilder
from sim.feed.pipeline import source_counts
from sim.feed.retrieve import (
    DRAWS,
    RUN,
    first_of_group,
    from_following,
    from_groups,
    from_interest,
    from_list,
    latest_of_follows,
)
from tests.feed.conftest import words_of

R = np.uint64(stream(key(1, "request"), 4))
START = np.array([0, 3, 3, 8], np.int64)
VIDEOS = np.array([5, 6, 7, 20, 21, 22, 23, 24], np.int32)
"""Three groups: [5 6 7], nothing, [20 .. 24]."""


def out(size: int = 40) -> np.ndarray:
    return np.full(size, -1, np.int32)


def runs(size: int = 4_000) -> np.ndarray:
    return np.empty(size + RUN, np.int8)


def test_interest_draws_topics_by_the_profile() -> None:
    found = out(4_000)
    profile = np.array([[0.3, -0.5, 0.3, 0]], np.float32)
    # weights are squares of the mean and half of the doubt: 0.3 and 0.3 + 0.5 * 0.4392
    doubt = np.array([[0.0, 0.0, 0.19293, 0]], np.float32)
    n = from_interest(found, runs(), 0, 4_000, R, 0, profile, doubt, 0, 3, START, VIDEOS)
    assert n == 4_000
    # every topic has its share of the places, rounded up or down
    assert abs(np.isin(found, VIDEOS[3:]).sum() - 3_000) <= 1
    # the head of a list is likelier: P(first of three) = sqrt(1/3)
    first = (found[found < 10] == 5).mean()
    assert abs(first - np.sqrt(1 / 3)) < 5 * np.sqrt(0.25 / 1_000)


def test_interest_skips_topics_without_videos() -> None:
    found = out()
    profile, doubt = np.array([[0.0, 1.0, 0.0, 0]], np.float32), np.zeros((1, 4), np.float32)
    found = from_interest(found, runs(), 0, 40, R, 0, profile, doubt, 0, 3, START, VIDEOS)
    assert found == 0


def test_groups_follow_positive_means_only() -> None:
    ids, words = no_slots(1)
    found = out()
    assert from_groups(found, runs(), 0, 40, R, 1, ids, words, 0, SOUND_SLOTS, START, VIDEOS) == 0
    ids[0, :4] = 0, 2, 1, 99
    words[0, :4] = words_of([0.5, -0.9, 0.2, 0.2], 3)
    n = from_groups(found, runs(), 0, 40, R, 1, ids, words, 0, SOUND_SLOTS, START, VIDEOS)
    # group 1 is empty and 99 does not exist: they get no places
    assert n == 40
    assert set(found[:n].tolist()) <= {5, 6, 7}
    # the head of a list, where the most valuable are, is likelier
    many = out(4_000)
    n = from_groups(many, runs(), 0, 4_000, R, 1, ids, words, 0, SOUND_SLOTS, START, VIDEOS)
    assert abs((many[:n] == 5).mean() - np.sqrt(1 / 3)) < 5 * np.sqrt(0.25 / n)
    # hashtags are other places of the same row
    assert from_groups(out(), runs(), 0, 40, R, 1, ids, words, 0, TAG_SLOTS, START, VIDEOS) == 0


def test_following_draws_from_followed_creators() -> None:
    found = out()
    follows = np.array([0, 1, 77], np.int32)
    n = from_following(found, 0, 40, R, 3, follows, 0, 3, START, VIDEOS)
    assert 0 < n <= 40
    assert set(found[:n].tolist()) <= {5, 6, 7}
    assert from_following(out(), 0, 40, R, 3, follows, 0, 0, START, VIDEOS) == 0


def test_a_list_is_drawn_evenly_and_from_the_given_place_on() -> None:
    found = out(3_010)
    assert from_list(found, 10, 3_000, R, 4, VIDEOS[:3]) == 3_000
    assert (found[:10] == -1).all()
    cells = np.bincount(found[10:])[5:]
    assert ((cells - 1_000) ** 2 / 1_000).sum() < 2 + 5 * 2
    assert from_list(out(), 0, 5, R, 4, VIDEOS[:0]) == 0


def test_sources_do_not_share_luck() -> None:
    a, b = out(), out()
    many = np.arange(10_000, dtype=np.int32)
    from_list(a, 0, 40, R, 4, many)
    from_list(b, 0, 40, R, 5, many)
    assert len(set(a.tolist()) & set(b.tolist())) <= 2
    assert DRAWS > 2 * 2 * 2_000  # the most candidates, two draws each, two attempts


def test_the_following_surface_shows_the_newest_of_each_in_turn() -> None:
    found = out(6)
    n = latest_of_follows(found, 0, 6, np.array([9, 2, 1, 0], np.int32), 1, 3, START, VIDEOS)
    assert found[:n].tolist() == [20, 5, 21, 6, 22, 7]
    found = out(20)
    n = latest_of_follows(found, 0, 20, np.array([2, 0, 1], np.int32), 0, 2, START, VIDEOS)
    assert found[:n].tolist() == [20, 5, 21, 6, 22, 7, 23, 24]


def test_a_sound_page_shows_the_most_valuable_first() -> None:
    found = out(3)
    assert first_of_group(found, 0, 3, 2, START, VIDEOS) == 3
    assert found.tolist() == [20, 21, 22]
    for sound in (1, 3, -1, 99):
        assert first_of_group(out(), 0, 3, sound, START, VIDEOS) == 0


@given(
    st.dictionaries(st.text("abcdefgh", min_size=1), st.floats(0, 1e6), min_size=1, max_size=12),
    st.integers(1, 2_000),
)
def test_quotas_add_up_and_are_in_proportion(weights: dict[str, float], total: int) -> None:
    counts = source_counts(weights, total)
    assert list(counts) == list(weights)
    if sum(weights.values()) == 0:
        assert set(counts.values()) == {0}
        return
    assert sum(counts.values()) == total
    for name, weight in weights.items():
        assert abs(counts[name] - total * weight / sum(weights.values())) < 1 + 1e-6
        assert counts[name] >= 0


def test_quotas_of_the_default_sources() -> None:
    assert source_counts({"a": 0.4, "b": 0.08, "c": 0.52}, 200) == {"a": 80, "b": 16, "c": 104}
    # what is left over goes to the largest remainder
    assert source_counts({"a": 1.0, "z": 2.0}, 4) == {"a": 1, "z": 3}
    assert source_counts({"b": 1.0, "a": 1.0, "c": 1.0}, 4) == {"b": 1, "a": 2, "c": 1}


# ---- indexes --------------------------------------------------------------------------------


@given(st.lists(st.integers(-1, 5), max_size=60), st.booleans())
def test_groups_keep_the_order_of_their_members(labels: list[int], reverse: bool) -> None:
    members = np.arange(len(labels), dtype=np.int32)
    start, found = np.full(8, 99), np.full(len(labels), -7, np.int32)
    group_into(members, np.array(labels, np.int32), reverse, start, found)
    assert start[0] == 0
    for group in range(6):
        wanted = [i for i in (members[::-1] if reverse else members) if labels[i] == group]
        assert found[start[group] : start[group + 1]].tolist() == wanted
    assert start[6] == sum(label >= 0 for label in labels)


TAGS = st.tuples(*[st.integers(-1, 4)] * 3)


@given(st.lists(TAGS, max_size=40), st.integers(1, 4))
def test_a_video_is_in_the_group_of_each_of_its_hashtags(
    tags: list[tuple[int, ...]], every: int
) -> None:
    table = np.array(tags, np.int32).reshape(-1, 3)
    members = np.arange(0, len(tags), every, dtype=np.int32)
    start, found = np.full(7, 99), np.full(3 * len(members), -7, np.int32)
    group_by_tag(members, table, start, found)
    assert start[0] == 0
    for tag in range(5):
        wanted = [v for v in members.tolist() for one in tags[v] if one == tag]
        assert found[start[tag] : start[tag + 1]].tolist() == wanted
    assert start[5] == (table[members] >= 0).sum()


@given(st.lists(st.floats(0, 1e6, width=32), min_size=1, max_size=60), st.integers(0, 70))
def test_top_of_is_the_head_of_a_sort(values: list[float], count: int) -> None:
    array = np.array(values, np.float32)
    members = np.arange(len(values), dtype=np.int32)
    wanted = sorted((v for v in members.tolist() if array[v] > 0), key=lambda v: (-array[v], v))
    assert top_of(array, members, count).tolist() == wanted[:count]


def _lists(groups: Groups) -> list[list[int]]:
    return [part.tolist() for part in np.split(groups.video, groups.start[1:-1])]


def _index(builder: IndexBuilder | None = None, **changes: object) -> Index:
    n, dims = 9, 8
    caption = np.zeros((n, dims), np.int8)
    caption[np.arange(n), np.arange(n) % 3] = 60
    arguments: dict[str, object] = {
        "count": 8,
        "eligible": np.array([1, 1, 0, 1, 1, 1, 1, 1, 1], np.int8),
        "open_to_all": np.array([1, 1, 1, 0, 1, 1, 1, 1, 1], np.int8),
        "uploaded_s": np.arange(n, dtype=float),
        "oldest_s": 1.0,
        "caption": caption,
        "topics": 3,
        "base": np.array([0, 9, 8, 7, 1, 5, 6, 2, 3], np.float32),
        "momentum": np.array([9, 1, 9, 9, 4, 3, 0, 2, 9], np.float32),
        "sound": np.array([0, 0, 0, 1, 1, 1, 2, 2, 2], np.int32),
        "sounds": 3,
        "tags": np.array([[0, 1, -1]] * n, np.int32),
        "tag_count": 4,
        "creator": np.array([0, 1, 0, 1, 0, 1, 0, 1, 0], np.int32),
        "creators": 2,
        "fresh": np.array([3], np.int32),
    }
    return (builder or IndexBuilder()).build(**{**arguments, **changes})  # type: ignore[arg-type]


def test_indexes_hold_what_they_should() -> None:
    index = _index()
    # 0 is too old, 2 not eligible, 3 waits in a pool, 8 is beyond the count
    assert index.live.tolist() == [1, 4, 5, 6, 7]
    assert index.trending.tolist() == [4, 5, 7, 1]
    assert index.fresh.tolist() == [3]
    assert _lists(index.topic) == [[6], [1, 7, 4], [5]]
    # followers see waiting videos too
    # of one sound, the most valuable first
    assert _lists(index.sound) == [[1], [5, 4], [6, 7]]
    assert _lists(index.tag)[0] == [1, 6, 5, 7, 4]
    assert _lists(index.creator) == [[6, 4], [7, 5, 3, 1]]
    assert index.tag.start.tolist() == [0, 5, 10, 10, 10]


def test_an_index_without_videos() -> None:
    index = _index(count=0)
    assert index.live.size == index.trending.size == index.topic.video.size == 0
    assert index.topic.start.tolist() == [0, 0, 0, 0]


def test_equal_scores_do_not_break_the_topic_lists() -> None:
    index = _index(base=np.zeros(9, np.float32))
    assert sorted(index.topic.video.tolist()) == [1, 4, 5, 6, 7]


@pytest.mark.parametrize("worst", [-1e30, 1e-30])
def test_extreme_scores_stay_within_their_topic(worst: float) -> None:
    base = np.array([0, 9, 8, 7, worst, 5, 6, 2, 3], np.float32)
    index = _index(base=base)
    assert index.topic.start.tolist() == [0, 1, 4, 5]


def _all(index: Index) -> list[list[int]]:
    groups = [index.topic, index.sound, index.tag, index.creator]
    return [
        index.live.tolist(), index.trending.tolist(), index.fresh.tolist(),
        *(part.tolist() for group in groups for part in group),
    ]  # fmt: skip


def test_an_index_in_used_memory_is_as_one_in_new_memory() -> None:
    builder = IndexBuilder()
    some_tags = np.random.default_rng(1).integers(-1, 4, (9, 3)).astype(np.int32)
    worlds: list[dict[str, object]] = [
        {"count": 3}, {}, {"count": 9, "tags": some_tags}, {"count": 2, "oldest_s": -1.0},
        {"count": 0}, {"sounds": 40, "creators": 50}, {"tags": some_tags, "count": 5},
    ]  # fmt: skip
    for world in worlds:
        assert _all(_index(builder, **world)) == _all(_index(**world))


def test_memory_is_asked_for_once() -> None:
    builder = IndexBuilder()
    _index(builder, count=9)
    begin = builder._room.ctypes.data
    for count in (0, 4, 9):
        index = _index(builder, count=count)
        for array in (index.live, index.topic.start, index.tag.video, index.creator.video):
            assert array.size == 0 or np.shares_memory(array, builder._room)
    assert builder._room.ctypes.data == begin


def test_equally_strong_topics_go_to_the_first() -> None:
    caption = np.zeros((9, 8), np.int8)
    caption[1], caption[4, 1:3], caption[5, 2] = 0, 60, 127
    assert _lists(_index(caption=caption, count=6).topic) == [[1], [4], [5]]
