"""The plain feed gives the same bits as the fast one, function by function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.core.random import key, stream
from sim.feed import builtin, pipeline, retrieve
from sim.feed.belief import SLOTS, TAG_SLOTS
from sim.feed.cold_start import reserved_places
from sim.feed.component import Candidates
from sim.feed.index import Groups
from sim.feed.kit import FAST, PLAIN
from sim.feed.plain import components, hydrate, select, sources
from sim.feed.spaced import GROUP, best_by_group, room_for_tops, score_key, select_spaced, set_apart
from sim.machine.compiled import njit
from sim.testing.contracts import situation
from sim.testing.worlds import requests_of
from sim.world.state import NOBODY
from tests.feed.conftest import beliefs_of, same

SEEDS = range(40)
R = [np.uint64(stream(key(1, "request"), n)) for n in range(64)]


# ---- sources --------------------------------------------------------------------------------


def groups_of(random: Any, groups: int, videos: int) -> Groups:
    """Some groups are empty, and of no videos all are."""
    label = np.sort(random.integers(0, max(groups, 1), videos))
    start = np.searchsorted(label, np.arange(groups + 1)).astype(np.int32)
    return Groups(start, random.permutation(videos).astype(np.int32)[: int(start[-1])])


def fast(source: Any, count: int, *rest: Any) -> list[int]:
    """What a fast source writes into ``out``."""
    out = np.full(count, -7, np.int32)
    found: list[int] = out[: source(out, *rest)].tolist()
    return found


def cases() -> Iterator[tuple[Any, int, int, np.uint64]]:
    """(generator, number of videos, candidates asked for, stream)."""
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        yield (
            random,
            int(random.choice([0, 1, 5, 300])),
            int(random.choice([1, 3, 40, 500])),
            R[seed],
        )


@njit()
def _share(passed, total, count, jitter):
    return retrieve._share(passed, total, count, jitter)


def test_shares_are_rounded_alike() -> None:
    """With steps that begin so that the last bit of a share decides."""
    random = np.random.default_rng(1)
    sides = set()
    for _ in range(2_000):
        pair = random.random(2).astype(np.float32)
        count = int(random.integers(1, 500))
        share = float(pair[0]) / (float(pair[0]) + float(pair[1])) * count
        jitter = min(max(float(np.ceil(share) - share), 0.0), 1.0 - 2.0**-53)
        found = sources.shared_out(pair, count, jitter)
        wanted = _share(pair[0], pair[0] + pair[1], count, jitter)
        assert found.count(0) == wanted
        assert len(found) == count
        sides.add(wanted - np.floor(share))
    assert sides == {0, 1}


def test_by_profile() -> None:
    for random, videos, count, r in cases():
        topics = int(random.choice([1, 2, 6, 64]))
        beliefs = beliefs_of(random, 1, topics)
        topic = groups_of(random, topics, videos)
        runs = np.empty(count + retrieve.RUN, np.int8)
        wanted = fast(
            retrieve.from_interest, count, runs, 0, count, r, 0, beliefs.profile, beliefs.doubt,
            0, topics, *topic,
        )  # fmt: skip
        rows = beliefs.profile[0, :topics], beliefs.doubt[0, :topics]
        weights = sources.search_weights(*rows)
        found = sources.by_profile(weights, topic, count, sources.Luck(r, 0))
        assert found == wanted
        assert len(found) == 0 or set(found) <= set(topic.video.tolist())


@pytest.mark.parametrize("code", [1, 2])
def test_by_slots(code: int) -> None:
    lengths = set()
    for random, videos, count, r in cases():
        *_, ids, words = beliefs_of(random, 1, 2)
        group = groups_of(random, int(random.choice([0, 1, 20, 40])), videos)
        runs = np.empty(count + retrieve.RUN, np.int8)
        wanted = fast(
            retrieve.from_groups, count, runs, 0, count, r, code, ids, words, 0, TAG_SLOTS, *group
        )
        kind = slice(TAG_SLOTS, TAG_SLOTS + SLOTS)
        luck = sources.Luck(r, code)
        found = sources.by_slots(ids[0, kind], words[0, kind], group, count, luck)
        assert found == wanted
        lengths.add(len(found))
    assert len(lengths) > 3


def follows_of(random: Any) -> NDArray[np.int32]:
    """Followed creators, in any order; some of them are newer than the index."""
    return random.permutation(30).astype(np.int32)[: int(random.choice([0, 1, 2, 25]))]


def test_of_follows() -> None:
    for random, videos, count, r in cases():
        who, creator = follows_of(random), groups_of(random, 25, videos)
        wanted = fast(retrieve.from_following, count, 0, count, r, 3, who, 0, len(who), *creator)
        assert sources.of_follows(who, creator, count, sources.Luck(r, 3)) == wanted


def test_of_list() -> None:
    for random, videos, count, r in cases():
        some = random.permutation(videos).astype(np.int32)
        for code in (4, 5, 6):
            wanted = fast(retrieve.from_list, count, 0, count, r, code, some)
            assert sources.of_list(some, count, sources.Luck(r, code)) == wanted


def test_pages() -> None:
    for random, videos, count, _ in cases():
        who, groups = follows_of(random), groups_of(random, 25, videos)
        wanted = fast(retrieve.latest_of_follows, count, 0, count, who, 0, len(who), *groups)
        assert sources.newest_of_follows(who, groups, count) == wanted
        for sound in (NOBODY, 0, 12, 24, 25, 99):
            wanted = fast(retrieve.first_of_group, count, 0, count, sound, *groups)
            assert sources.first_of(sound, groups, count) == wanted


# ---- hydrate and select ---------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(0, 5), (3, 0), (1, 1), (4, 40)])
def test_hydrate(shape: tuple[int, int]) -> None:
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        video = random.integers(-1, random.choice([1, 5, 200]), shape).astype(np.int32)
        before = video.copy()
        candidates = Candidates(video, np.zeros(shape, np.int8))
        found, wanted = hydrate.hydrate(candidates), pipeline.hydrate(candidates)
        same(found.video, wanted.video)
        same(video, before)


@njit()
def _reserved(r, share, length):
    return reserved_places(r, share, length)


@pytest.mark.parametrize("length", [1, 3, 10, 63, 64])
@pytest.mark.parametrize("share", [0.0, 0.05, 0.2, 0.5, 1.0])
def test_reserved_places(length: int, share: float) -> None:
    for r in R:
        bits = int(_reserved(r, share, length))
        wanted = {place for place in range(64) if bits >> place & 1}
        assert select.reserved_places(r, share, length) == wanted
        assert share < 1.0 or len(wanted) == length


def fast_slate(case: dict[str, Any]) -> list[int]:
    scores, rules = np.array(case["scores"], np.float32), case["rules"]
    k = len(scores)
    keys = np.full(k + GROUP, 2**62, np.int64)
    keys[:k] = [score_key(score, i) for i, score in enumerate(scores)]
    tops, slate = np.full(room_for_tops(k), 2**62, np.int64), np.full(rules.length, -7, np.int64)
    waiting, n_waiting = np.full(k + 1, -7), 0
    for i in range(k):
        n_waiting = set_apart(i, keys, waiting, n_waiting, i in case["waiting"])
    ids = np.arange(k, dtype=np.int32)
    n = select_spaced(
        keys, k, best_by_group(keys, k, tops), waiting, n_waiting, ids,
        np.array(case["creators"], np.int32), np.array(case["sounds"], np.int32),
        np.uint64(sum(1 << place for place in case["reserved"])), rules.length, rules.creator_gap,
        rules.sound_gap, tops, slate,
    )  # fmt: skip
    found: list[int] = slate[:n].tolist()
    return found


SCORES = {
    "all differ": lambda random, k: random.normal(0, 1, k),
    "ties": lambda random, k: random.choice([0.0, -0.0, 1.0, -1.0], k),
    "never shown": lambda random, k: random.choice([-np.inf, np.nan, 1.0, 2.0], k),
    "none is shown": lambda random, k: np.full(k, -np.inf),
    "extremes": lambda random, k: random.choice([np.inf, -np.inf, 3.4e38, -3.4e38, 1e-45], k),
}


@pytest.mark.parametrize("kind", SCORES)
def test_select(kind: str) -> None:
    for seed in range(120):
        random = np.random.default_rng(seed)
        k = int(random.choice([0, 1, 3, 15, 16, 17, 60, 257, 500]))
        length = int(random.choice([1, 4, 10, 64]))
        gaps = random.choice([0, 1, 2, 5, 64], 2).tolist()
        share = random.choice([0.0, 0.3, 1.0])
        case = {
            "scores": SCORES[kind](random, k).astype(np.float32).tolist(),
            "creators": random.integers(0, random.choice([1, 4, 99]), k).tolist(),
            "sounds": random.integers(0, random.choice([1, 4, 99]), k).tolist(),
            "waiting": np.flatnonzero(random.random(k) < random.choice([0.0, 0.3, 1.0])).tolist(),
            "reserved": {place for place in range(length) if random.random() < share},
            "rules": select.Rules(length, *gaps),
        }
        assert select.select_spaced(**case) == fast_slate(case)


# ---- components -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", builtin.SOURCES)
def test_sources_as_components(name: str) -> None:
    view = situation().view
    requests = requests_of(list(range(150)), view)
    plain, fast = components.PlainSource.named(name), builtin.BuiltinSource.named(name)
    assert vars(plain) == vars(fast)
    for count in (1, 12, 200):
        found = plain.candidates(requests, view, count)
        same(found, fast.candidates(requests, view, count))
    assert (found >= 0).any()


def test_smoothed_as_a_component() -> None:
    part = situation()
    arguments = (part.requests, part.candidates, part.view)
    found = components.PlainSmoothed(20.0).predict(*arguments)
    wanted = builtin.Smoothed(20.0).predict(*arguments)
    for name in ("affinity", "probability", "watch_s"):
        same(getattr(found, name), getattr(wanted, name))
    same(found.value(), wanted.value())
    assert len(set(found.affinity.ravel().tolist())) > 20


@pytest.mark.parametrize("slots", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("gap", [0, 1, 64])
def test_spaced_as_a_component(slots: float, gap: int) -> None:
    part = situation()
    part.view.cold.reserved = slots
    waiting = np.flatnonzero(part.view.cold.state == 1)
    video = part.candidates.video.copy()
    video[:, : len(waiting[:9])] = waiting[:9]
    candidates = pipeline.hydrate(Candidates(video, part.candidates.source))
    for length in (1, 6, 24, 64):
        arguments = (part.requests, candidates, part.scores, part.view, length)
        found = components.PlainSpaced(gap, 1).select(*arguments)
        same(found, builtin.Spaced(gap, 1).select(*arguments))


def test_pages_as_components() -> None:
    view = situation().view
    requests = requests_of(list(range(150)), view)
    requests.subject[:] = np.arange(150) - 1
    for count in (1, 40):
        for name, page in FAST.pages.items():
            found = PLAIN.pages[name].candidates(requests, view, count)
            same(found, page.candidates(requests, view, count))
            assert (found >= 0).any(), name
