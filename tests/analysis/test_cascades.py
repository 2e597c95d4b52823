"""Cascades: trees with closed forms, a branching process, and a slow twin of the definition."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.analysis.cascades import (
    cascade_summary,
    cascades,
    depth_and_root,
    post_summary,
    receivers_per_event,
    structural_virality,
    subtree_sizes,
)
from sim.record.columns import SHARES

TYPES = {"int64": pl.Int64, "int32": pl.Int32, "float64": pl.Float64}
SCHEMA = {c.name: TYPES[c.dtype] for c in SHARES}
Row = tuple[int, int, int, int, float, float, float | None, int | None]


def table(rows: Sequence[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def tree(parents: Sequence[int], video: int = 0) -> pl.DataFrame:
    """Person i > 0 opens a link that person ``parents[i - 1]`` < i sent, each a while later."""
    rows: list[Row] = []
    for person, above in enumerate(parents, start=1):
        link = 10 * person
        entry = 10 * above if above else None
        rows.append((link, video, above, person, 100.0 * person, 100.0 * person + 5,
                     100.0 * person + 50, entry))  # fmt: skip
    return table(rows)


def test_a_star_is_one_broadcast() -> None:
    found = cascades(tree([0] * 9))
    assert found.size.tolist() == [10]
    assert found.depth.tolist() == [1]
    assert found.links.tolist() == [9]
    assert found.passed_on.tolist() == [False]
    # 9 pairs at distance 1, 36 at distance 2: 2 (n - 1) / n
    assert found.virality.tolist() == pytest.approx([1.8])


@pytest.mark.parametrize("n", [2, 3, 10, 1_000])
def test_a_chain_is_as_viral_as_can_be(n: int) -> None:
    found = cascades(tree(range(n - 1)))
    assert found.size.tolist() == [n]
    assert found.depth.tolist() == [n - 1]
    assert found.passed_on.tolist() == [n > 2]
    assert found.virality.tolist() == pytest.approx([(n + 1) / 3])


def test_a_binary_tree() -> None:
    """The formula of Goel et al. by hand for 7 nodes, and level by level for 1,023.

    An edge to a node of height h (from 0 at the leaves) has 2^(h+1) - 1 nodes below.
    """
    small = cascades(tree([(i - 1) // 2 for i in range(1, 7)]))
    # 6 pairs at distance 1, 7 at 2 (4 of a grandparent, 3 of siblings), 4 at 3, 4 at 4
    assert small.virality.tolist() == pytest.approx([(6 + 2 * 7 + 3 * 4 + 4 * 4) / 21])
    n = 1_023
    found = cascades(tree([(i - 1) // 2 for i in range(1, n)]))
    assert (found.size[0], found.depth[0]) == (n, 9)
    pairs = sum(2 ** (9 - h) * (2 ** (h + 1) - 1) * (n - 2 ** (h + 1) + 1) for h in range(9))
    assert found.virality[0] == pytest.approx(pairs / math.comb(n, 2))


def test_cascades_of_one_video_by_different_people_and_of_different_videos() -> None:
    rows: list[Row] = [
        (0, 7, 1, 2, 0.0, 9.0, 10.0, None),
        (1, 7, 5, 6, 1.0, 9.0, None, None),
        (2, 8, 1, 2, 2.0, 9.0, 11.0, None),
        (3, 7, 1, 3, 3.0, 9.0, 12.0, None),
        (4, 7, 2, 4, 20.0, 29.0, 30.0, 0),
    ]
    found = cascades(table(rows))
    assert found.video.tolist() == [7, 7, 8]
    assert found.root.tolist() == [1, 5, 1]
    assert found.links.tolist() == [3, 1, 1]
    assert found.size.tolist() == [4, 1, 2]
    assert found.depth.tolist() == [2, 0, 1]
    assert found.passed_on.tolist() == [True, False, False]
    # a path of four: 3 - 1 - 2 - 4
    np.testing.assert_allclose(found.virality, [5 / 3, np.nan, 1.0])


def test_of_two_links_the_one_opened_first_counts() -> None:
    rows: list[Row] = [
        (0, 0, 1, 9, 0.0, 5.0, 40.0, None),
        (1, 0, 2, 9, 1.0, 5.0, 30.0, None),
        (2, 0, 9, 8, 50.0, 55.0, 60.0, 0),  # they say that they had it from the other one
    ]
    found = cascades(table(rows))
    assert found.root.tolist() == [1, 2]
    assert found.size.tolist() == [1, 3]
    assert found.links.tolist() == [1, 2]
    same_time = [rows[0], (1, 0, 2, 9, 1.0, 5.0, 40.0, None), rows[2]]
    assert cascades(table(same_time)).size.tolist() == [3, 1]


def test_a_root_stays_one_and_who_opened_first_is_none() -> None:
    before: list[Row] = [
        (0, 0, 1, 2, 0.0, 5.0, 30.0, None),
        (1, 0, 2, 3, 10.0, 15.0, 40.0, None),
    ]
    assert cascades(table(before)).size.tolist() == [1, 2]
    after: list[Row] = [
        (0, 0, 1, 2, 0.0, 5.0, 30.0, None),
        (1, 0, 2, 3, 35.0, 36.0, 40.0, None),
    ]
    found = cascades(table(after))
    assert found.size.tolist() == [3]
    assert found.passed_on.tolist() == [True]


def test_what_happens_at_one_moment_goes_by_the_order_of_rows() -> None:
    back: list[Row] = [(0, 0, 1, 2, 5.0, 5.0, 5.0, None), (1, 0, 2, 1, 5.0, 5.0, 5.0, 0)]
    found = cascades(table(back))
    assert (found.root.tolist(), found.size.tolist(), found.depth.tolist()) == ([1], [2], [1])
    on: list[Row] = [(0, 0, 1, 2, 5.0, 5.0, 5.0, None), (1, 0, 2, 3, 5.0, 5.0, 5.0, None)]
    assert cascades(table(on)).size.tolist() == [3]


def test_no_links_and_one_link() -> None:
    nothing = cascade_summary(table([]))
    assert nothing["cascades"] == nothing["links"] == nothing["adoptions"] == 0
    assert {v for k, v in nothing.items() if k not in ("cascades", "links", "adoptions")} == {None}
    assert receivers_per_event(table([])).tolist() == []
    one = cascade_summary(table([(0, 3, 1, 2, 0.0, 5.0, None, None)]))
    assert one["size_mean"] == one["size_max"] == one["size_p999"] == one["not_opened_share"] == 1
    assert one["not_passed_on_share"] == 1.0
    assert one["opened_share"] == one["branching"] == one["depth_max"] == 0
    assert one["virality_mean"] is None
    opened = cascade_summary(table([(0, 3, 1, 2, 0.0, 5.0, 6.0, None)]))
    assert opened["size_mean"] == 2.0
    assert opened["virality_mean"] == 1.0
    assert opened["branching"] == 0.5
    assert opened["not_passed_on_share"] == 1.0
    assert opened["not_opened_share"] == 0.0


def test_the_summary_is_plain_json() -> None:
    summary = cascade_summary(tree([0, 0, 1, 2, 2]))
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert summary["size_10_share"] == 0.0
    large = cascade_summary(pl.concat([tree([0] * 99, video=0), tree([0] * 8, video=1)]).sort(
        "sent_s", maintain_order=True).with_columns(
        share=pl.int_range(pl.len(), dtype=pl.Int64)))  # fmt: skip
    assert large["size_10_share"] == large["size_100_share"] == 0.5
    assert large["size_p50"] == 54.5
    assert large["virality_mean"] == pytest.approx((2 * 99 / 100 + 2 * 8 / 9) / 2)


def test_trees_of_posts_count_those_that_nobody_sent() -> None:
    """Of ten posts one is sent to two, of whom one opens it and sends it back; one to many."""
    rows: list[Row] = [
        (0, 3, 1, 2, 0.0, 5.0, 6.0, None),
        (1, 3, 1, 4, 0.0, 5.0, None, None),
        (2, 3, 2, 1, 7.0, 8.0, 9.0, 0),
        *((3 + i, 5, 1, 10 + i, 10.0, 11.0, 12.0, None) for i in range(98)),
        (101, 99, 1, 2, 20.0, 21.0, 22.0, None),  # of another time
    ]
    videos = pl.DataFrame({"video": range(10)}, schema={"video": pl.Int32})
    found = post_summary(videos, table(rows))
    assert found["posts_alone_share"] == 0.8
    assert found["posts_size_mean"] == (8 + 3 + 100) / 10
    assert found["posts_size_max"] == 100
    assert found["posts_size_10_share"] == found["posts_size_100_share"] == 0.1
    nothing = post_summary(videos.clear(), table([]))
    assert set(nothing.values()) == {None}


def test_receivers_of_a_share_event() -> None:
    rows: list[Row] = [
        (0, 0, 1, 2, 0.0, 5.0, None, None),
        (1, 0, 1, 3, 0.0, 5.0, None, None),
        (2, 1, 1, 3, 0.0, 5.0, None, None),
        (3, 0, 4, 3, 0.0, 5.0, None, None),
        (4, 0, 1, 5, 8.0, 9.0, None, None),
    ]
    assert receivers_per_event(table(rows)).tolist() == [2, 1, 1, 1]
    assert cascade_summary(table(rows))["receivers_per_event_mean"] == 1.25


@pytest.mark.parametrize(
    "rows",
    [
        [(0, 0, 1, 2, 5.0, 6.0, 7.0, None), (1, 0, 2, 3, 4.0, 6.0, 7.0, None)],
        [(1, 0, 1, 2, 5.0, 6.0, 7.0, None), (1, 0, 1, 3, 5.0, 6.0, 7.0, None)],
        [(0, 0, 1, 2, 5.0, 4.0, 7.0, None)],
        [(0, 0, 1, 2, 5.0, 6.0, 5.5, None)],
        [(0, 0, 1, 2, 5.0, 6.0, 7.0, 1), (1, 0, 2, 1, 8.0, 9.0, None, None)],
        [(0, 0, 1, 2, 5.0, 6.0, 7.0, None), (1, 0, 3, 1, 8.0, 9.0, None, 0)],
        [(0, 0, 1, 2, 5.0, 6.0, 7.0, None), (1, 1, 2, 1, 8.0, 9.0, None, 0)],
        [(0, 0, 1, 2, 5.0, 6.0, None, None), (1, 0, 2, 1, 8.0, 9.0, None, 0)],
        [(0, 0, 1, 2, 5.0, 6.0, 8.5, None), (1, 0, 2, 1, 8.0, 9.0, None, 0)],
        [(0, 0, 1, 2, 5.0, 6.0, 7.0, None), (5, 0, 2, 1, 8.0, 9.0, None, 3)],
        [(0, 0, 1, 2, 5.0, 6.0, 7.0, None), (5, 0, 2, 1, 8.0, 9.0, None, 77)],
    ],
    ids=[
        "time",
        "id",
        "due",
        "early",
        "later",
        "not_theirs",
        "video",
        "not_opened",
        "too_soon",
        "lost",
        "none",
    ],
)
def test_a_table_that_cannot_be_is_refused(rows: list[Row]) -> None:
    with pytest.raises(ValueError, match="link"):
        cascades(table(rows))


def test_a_galton_watson_forest_has_the_mean_of_its_theory() -> None:
    """Each adopter sends 2 links, each opened with probability 0.35: R = 0.7.

    The total progeny has mean 1/(1-R) and variance s^2/(1-R)^3 for offspring of variance s^2.
    """
    roots, p = 20_000, 0.35
    rng = np.random.default_rng(11)
    columns: dict[str, list[Any]] = {name: [] for name in SCHEMA}
    adopters, entry, people, links = np.arange(roots), np.full(roots, -1), roots, 0
    generation = 0
    while adopters.size:
        n = 2 * adopters.size
        opened = rng.random(n) < p
        receiver, share = people + np.arange(n), links + np.arange(n)
        time = 100.0 * generation + np.repeat(np.arange(adopters.size), 2) / adopters.size
        for name, values in {
            "share": share, "video": np.zeros(n, int), "sender": np.repeat(adopters, 2),
            "receiver": receiver, "sent_s": time, "due_s": time + 10,
            "opened_s": np.where(opened, time + 20, np.nan), "parent": np.repeat(entry, 2),
        }.items():  # fmt: skip
            columns[name].append(values)
        adopters, entry = receiver[opened], share[opened]
        people, links, generation = people + n, links + n, generation + 1
    shares = pl.DataFrame(
        {name: np.concatenate(parts) for name, parts in columns.items()}, schema_overrides=SCHEMA
    ).with_columns(
        opened_s=pl.col("opened_s").fill_nan(None),
        parent=pl.when(pl.col("parent") >= 0).then("parent"),
    )
    r, variance = 2 * p, 2 * p * (1 - p)
    error = math.sqrt(variance / (1 - r) ** 3 / roots)
    summary = cascade_summary(shares)
    assert summary["cascades"] == roots
    assert abs(summary["size_mean"] - 1 / (1 - r)) < 2 * error
    alone = (1 - p) ** 2
    assert abs(summary["not_opened_share"] - alone) < 2 * math.sqrt(alone * (1 - alone) / roots)
    assert summary["not_passed_on_share"] == summary["not_opened_share"]
    assert summary["opened_share"] == pytest.approx(p, abs=2 * math.sqrt(p * (1 - p) / links))
    assert summary["branching"] == pytest.approx(1 - 1 / summary["size_mean"])
    assert summary["receivers_per_event_mean"] == 2.0
    assert summary["adoptions"] == summary["links"] / 2


forests = st.integers(1, 25).flatmap(
    lambda n: st.tuples(*(st.integers(0, i) for i in range(n)))
)  # the parent of node i, itself for a root


def path(parents: Sequence[int], node: int) -> list[int]:
    steps = [node]
    while parents[steps[-1]] != steps[-1]:
        steps.append(parents[steps[-1]])
    return steps


@given(forests)
def test_numbers_of_forests_by_walking_every_path(parents: tuple[int, ...]) -> None:
    array = np.array(parents)
    ways = [path(parents, i) for i in range(len(parents))]
    depth, root = depth_and_root(array)
    assert depth.tolist() == [len(way) - 1 for way in ways]
    assert root.tolist() == [way[-1] for way in ways]
    below = Counter(node for way in ways for node in way)
    assert subtree_sizes(array).tolist() == [below[i] for i in range(len(parents))]
    wanted = []
    for top in [i for i, above in enumerate(parents) if above == i]:
        mine = [way for way in ways if way[-1] == top]
        # what two ways to the root do not share leads from one to the other
        apart = [len(set(a) ^ set(b)) for a, b in combinations(mine, 2)]
        wanted.append(sum(apart) / len(apart) if apart else math.nan)
    np.testing.assert_allclose(structural_virality(array), wanted)


@st.composite
def histories(draw: st.DrawFn) -> list[Row]:
    """Six people send each other two videos at random, no two things at the same moment."""
    rows: list[Row] = []
    for share in range(draw(st.integers(0, 14))):
        video, sender = draw(st.integers(0, 1)), draw(st.integers(0, 5))
        receiver = (sender + draw(st.integers(1, 5))) % 6
        sent = 10.0 * share
        entries = [
            row[0] for row in rows
            if row[1] == video and row[3] == sender and row[6] is not None and row[6] <= sent
        ]  # fmt: skip
        parent = draw(st.sampled_from([None, *entries]))
        wait = draw(st.none() | st.integers(1, 8))
        opened = None if wait is None else sent + 10.0 * wait - 9.0 + 0.01 * share
        rows.append((share, video, sender, receiver, sent, sent + 0.5, opened, parent))
    return rows


@given(histories())
def test_cascades_by_going_through_what_happened_in_order(rows: list[Row]) -> None:
    happened = [(row[4], "send", row) for row in rows]
    happened += [(row[6], "open", row) for row in rows if row[6] is not None]
    source: dict[tuple[int, int], tuple[int, int]] = {}
    sent: Counter[tuple[int, int]] = Counter()
    for _, what, row in sorted(happened, key=lambda event: event[0]):
        sender, receiver = (row[2], row[1]), (row[3], row[1])
        if what == "send":
            source.setdefault(sender, sender)
            sent[sender] += 1
        else:
            source.setdefault(receiver, sender)
    ways: dict[tuple[int, int], list[list[tuple[int, int]]]] = {}
    for node in source:
        way = [node]
        while source[way[-1]] != way[-1]:
            way.append(source[way[-1]])
        ways.setdefault(way[-1], []).append(way)
    found = cascades(table(rows))
    tops = list(zip(found.root.tolist(), found.video.tolist(), strict=True))
    assert sorted(tops) == sorted(ways)
    firsts = [min(row[0] for row in rows if (row[2], row[1]) == top) for top in tops]
    assert firsts == sorted(firsts)
    for i, top in enumerate(tops):
        nodes = [way[0] for way in ways[top]]
        assert found.size[i] == len(nodes)
        assert found.depth[i] == max(len(way) for way in ways[top]) - 1
        assert found.links[i] == sum(sent[node] for node in nodes)
        assert found.passed_on[i] == any(sent[node] for node in nodes if node != top)
