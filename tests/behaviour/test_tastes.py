"""Lasting tastes of people, and traits of videos: the contract, and what their draws depend on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest

from sim.assemble import Live
from sim.behaviour import tastes
from sim.behaviour.params import behaviour_params
from sim.core.room import PEOPLE
from sim.engine.layout import ROOM
from sim.machine.compiled import njit
from sim.scenario.behaviour import BehaviourConfig
from sim.testing.mechanisms import MechanismContract
from sim.testing.meetings import PARTS, parts
from sim.testing.worlds import tiny_platform, tiny_world
from sim.world.state import NOBODY

KINDS = ("creator", "sound", "hashtags")
OFF = {"creator_taste": 0.0, "sound_taste": 0.0, "hashtag_taste": 0.0}
SPREADS = {"creator_taste": 0.9, "sound_taste": 0.6, "hashtag_taste": 1.5}
BIG: dict[str, Any] = {
    "behaviour": {"interest": SPREADS},
    "population": {"users": 400, "creators": 0.2},
    "duration": 7_200.0,
}


class TestTastes(MechanismContract):
    base: ClassVar = {"behaviour": {"interest": OFF}}
    on: ClassVar = {"behaviour": {"interest": SPREADS}}
    off: ClassVar = {"behaviour": {"interest": OFF}}


@pytest.mark.parametrize("kind", list(SPREADS))
def test_one_kind_alone_acts(kind: str) -> None:
    """Each is asked for by itself."""

    def played(interest: Any) -> str:
        over = {"behaviour": {"interest": interest}, "duration": 7_200.0}
        return str(tiny_platform(engine="fast", **over).log.hash)

    assert played({**OFF, kind: 1.0}) != played(OFF)


@pytest.fixture(scope="module")
def live() -> Live:
    return tiny_platform(engine="fast", **BIG)


def _tastes(live: Live, users: Any, videos: Any) -> np.ndarray:
    """[3, N] what creator, sound and hashtags add."""
    found = parts(live, users, videos)
    return np.array([found[:, PARTS.index(kind)] for kind in KINDS])


def _all(live: Live, videos: Any) -> np.ndarray:
    """[3, U, V] the same for all people and some videos."""
    users = live.world.users
    u, v = np.divmod(np.arange(users * len(videos)), len(videos))
    return _tastes(live, u, np.asarray(videos)[v]).reshape(3, users, -1)


def _near(found: float, wanted: float, n: float) -> None:
    """A correlation of n independent pairs."""
    assert abs(found - wanted) < 5.0 / np.sqrt(n), (found, wanted)


def test_spreads_are_those_of_the_settings(live: Live) -> None:
    world = live.world
    videos = np.arange(0, world.videos.count, 7)
    creator, sound, hashtags = _all(live, videos)
    # as many independent draws as people times creators; each stands several times
    things = world.users * len(set(world.videos.creator[videos].tolist()))
    assert creator.std() == pytest.approx(0.9, rel=5.0 / np.sqrt(things))
    assert sound.std() == pytest.approx(0.6, rel=5.0 / np.sqrt(things))
    tags = (world.videos.tags[videos] != NOBODY).sum(axis=1)
    for count in range(4):
        of_count = hashtags[:, tags == count]
        assert of_count.std() == pytest.approx(1.5 * np.sqrt(count / 3.0), rel=0.05)
    for kind in (creator, sound, hashtags):
        assert abs(kind.mean()) < 5.0 / np.sqrt(things)


@njit()
def _alone(p: Any, people: Any) -> None:
    for i in range(people.size):
        for k in range(PEOPLE):
            tastes.draw_creator(p[0], people[i], k)
            tastes.draw_sound(p[0], people[i], k)
            tastes.draw_hashtags(p[0], people[i], k)


@njit()
def _together(p: Any, people: Any, n: int) -> None:
    for i in range(people.size):
        tastes.draw_creators(p[0], people[i], n)
        tastes.draw_sounds(p[0], people[i], n)
        tastes.draw_hashtags_of_all(p[0], people[i], n)


DRAWN = ("creator_taste", "sound_taste", "first_taste", "second_taste", "third_taste")


def _in_rooms() -> np.ndarray:
    """Things of all kinds that have the same 32 bits, and a third hashtag for every other video."""
    random = np.random.default_rng(3)
    people = np.zeros(300, ROOM)
    shape = (300, PEOPLE)
    people["tastes"] = random.integers(0, 2**64, shape, np.uint64)
    things = random.integers(0, 2**31, shape)
    for name in ("author", "tune", "first_tag"):
        people[name] = things
    people["second_tag"] = things + 1
    people["third_tag"] = np.where(things % 2 == 0, NOBODY, things + 2)
    return people


@pytest.mark.parametrize("n", [1, 8, 21, PEOPLE])
def test_side_by_side_as_alone(n: int) -> None:
    p = np.array([behaviour_params(BehaviourConfig())])
    alone, together = _in_rooms(), _in_rooms()
    _alone(p, alone)
    _together(p, together, n)
    for name in DRAWN:
        np.testing.assert_array_equal(alone[name][:, :n], together[name][:, :n], name)
    assert alone["first_taste"].min() < -3.0
    assert alone["first_taste"].max() > 3.0


def test_kinds_share_no_luck_and_a_hashtag_that_is_not_there_adds_nothing() -> None:
    people = _in_rooms()
    _alone(np.array([behaviour_params(BehaviourConfig())]), people)
    there = people["third_tag"] != NOBODY
    assert (people["third_taste"][~there] == 0.0).all()
    found = np.array([people[name][there] for name in DRAWN])
    n = found.shape[1]
    together = np.corrcoef(found) - np.eye(len(DRAWN))
    assert np.abs(together).max() < 5 / np.sqrt(n)
    assert np.abs(found.mean(axis=1)).max() < 5 / np.sqrt(n)
    assert np.abs(found.var(axis=1) - 1.0).max() < 5 * np.sqrt(2 / n)


def test_two_videos_of_a_creator_correlate_as_the_spreads_say(live: Live) -> None:
    """What two of their videos share of the lasting tastes: the creator's part of the variance."""
    videos = live.world.videos
    n, same = videos.count, []
    used: set[int] = set()
    for v in range(n):
        later = np.flatnonzero(
            (videos.creator[v + 1 : n] == videos.creator[v])
            & (videos.sound[v + 1 : n] != videos.sound[v])
            & (videos.tags[v + 1 : n, 0] == NOBODY)
        )
        if len(later) and videos.tags[v, 0] == NOBODY and int(videos.creator[v]) not in used:
            same.append((v, v + 1 + int(later[0])))
            used.add(int(videos.creator[v]))
    assert len(same) > 20
    first, second = np.array(same).T
    a, b = _all(live, first).sum(axis=0), _all(live, second).sum(axis=0)
    wanted = 0.9**2 / (0.9**2 + 0.6**2)
    _near(float(np.corrcoef(a.ravel(), b.ravel())[0, 1]), wanted, a.size)


UNTOUCHED: dict[str, Any] = {
    "duets": 0.0, "stitches": 0.0,
    "trends": {"challenge_share": 0.0, "trending_tags": 0.0},
}  # fmt: skip
"""Posts that take up nothing of what a feed made known."""
OTHER_FEED = {"slate": 3, "weights": {"skip": 1.0}, "cold_start": {"policy": "none"}}


def test_the_same_pair_thinks_the_same_under_another_ranker(tmp_path: Path) -> None:
    """Whatever was shown before: who meets the same video for the first time watches it as long.

    Unless they are bored by what was shown before, or let down by a cover that they saw.
    """
    found = []
    behaviour = {
        **BIG["behaviour"], "boredom": {"creator": 0.0, "topic": 0.0, "sound": 0.0, "format": 0.0},
        "browse": {"let_down": 0.0},
    }  # fmt: skip
    big = {**BIG, "behaviour": behaviour, "catalogue": UNTOUCHED}
    for name, feed in (("one", {}), ("other", OTHER_FEED)):
        live = tiny_platform(engine="fast", events=tmp_path / name, **big, feed=feed)
        videos = np.arange(0, live.world.videos.count, 7)
        events = pl.read_parquet(tmp_path / name).unique(["user", "video"], keep="first")
        found.append((live.log.hash, _all(live, videos), events.select("user", "video", "watch_s")))
    (hash_a, tastes_a, events_a), (hash_b, tastes_b, events_b) = found
    assert hash_a != hash_b
    np.testing.assert_array_equal(tastes_a, tastes_b)
    both = events_a.join(events_b, on=["user", "video"])
    assert both.height > 50
    assert (both["watch_s"] == both["watch_s_right"]).all()


def _with_probes(*probes: dict[str, Any]) -> Live:
    found = {**BIG, "probes": list(probes), "catalogue": UNTOUCHED}
    return tiny_platform(engine="fast", **found)


def _of_creators(live: Live) -> dict[tuple[int, int], int]:
    """Video by identity of the creator and number of the post."""
    world = live.world
    videos, found, count = world.videos, {}, dict[int, int]()
    for v in range(videos.count):
        who = int(world.creators.identity[videos.creator[v]])
        count[who] = count.get(who, 0) + 1
        found[who, count[who]] = v
    return found


def test_one_more_probe_changes_nobody_s_taste() -> None:
    """Although its account, its video and its sound shift the ids of those that come later."""
    late = {"name": "late", "post_at": 700.0, "sound": "original"}
    one = _with_probes(late)
    two = _with_probes({"name": "new", "count": 3, "post_at": 300.0, "sound": "original"}, late)
    a, b = _of_creators(one), _of_creators(two)
    both = sorted(set(a) & set(b))
    assert len(both) == len(a) > 100
    at, now = (np.array([of[who] for who in both]) for of in (a, b))
    shifted = one.world.videos.sound[at] != two.world.videos.sound[now]
    assert shifted.any()
    np.testing.assert_array_equal(_all(one, at), _all(two, now))


def test_twins_have_the_same_tastes() -> None:
    twins = {
        "name": "known", "count": 2, "post_at": 300.0, "sound": "original",
        "twins": {"followers": [0, 5, 20]},
    }  # fmt: skip
    live = _with_probes(twins)
    truth, videos = live.world.video_truth, live.world.videos
    planted = np.flatnonzero(truth.probe[: videos.count] == 0)
    planted = planted[np.argsort(truth.probe_number[planted])]
    assert len(planted) == 6
    assert len(set(videos.sound[planted].tolist())) == 6  # each brings the sound anew
    found = _all(live, planted)
    for first in (0, 3):
        for twin in (first + 1, first + 2):
            np.testing.assert_array_equal(found[:, :, first], found[:, :, twin])
    assert (found[:2, :, 0] != found[:2, :, 3]).all()


PLAIN: dict[str, Any] = {
    "craft": {
        "polish": 0.0, "question": 0.0, "poll": 0.0, "sticker": 0.0, "teach_saves": 1.0,
        "inspire_shares": 1.0, "inspire_follows": 1.0, "authentic_comments": 0.0,
        "authentic_follows": 0.0, "original_follows": 0.0, "selling": 0.0,
    },
    "access": {"comments_closed": 0.0},
}  # fmt: skip
"""Videos that have no factors on odds beside their traits."""
TRAITS = ("like_trait", "comment_trait", "share_trait", "save_trait", "follow_trait")


def test_traits_have_mean_1_and_the_spread_of_the_settings() -> None:
    spreads = dict(zip(TRAITS, (0.2, 0.4, 0.6, 0.0, 0.3), strict=True))
    world = tiny_world(
        behaviour={"act": {**spreads, "common_trait": 0.0}},
        catalogue=PLAIN,
        population={"users": 800, "creators": 0.5},
    )
    n = world.videos.count
    logs = []
    for name, spread in spreads.items():
        factor = getattr(world.video_truth, name)[:n].astype(float)
        assert factor.mean() == pytest.approx(1.0, abs=5 * spread / np.sqrt(n))
        assert np.log(factor).std() == pytest.approx(spread, rel=5 / np.sqrt(n))
        logs.append(np.log(factor))
    assert (logs[3] == 0.0).all()
    logs += [world.video_truth.quality[:n], world.video_truth.hook[:n]]
    together = np.corrcoef([logs[i] for i in (0, 1, 2, 4, 5, 6)])
    np.fill_diagonal(together, 0.0)
    together[4, 5] = together[5, 4] = 0.0  # quality and hook do
    assert np.abs(together).max() < 5 / np.sqrt(n)


def test_the_common_trait_is_one_number_for_all_kind_actions() -> None:
    alone = dict(zip(TRAITS, (0.0, 0.0, 0.3, 0.0, 0.6), strict=True))
    world = tiny_world(
        behaviour={"act": {**alone, "common_trait": 0.6}},
        catalogue=PLAIN,
        population={"users": 800, "creators": 0.5},
    )
    n = world.videos.count
    factors = [getattr(world.video_truth, name)[:n].astype(float) for name in TRAITS]
    logs = [np.log(factor) for factor in factors]
    np.testing.assert_array_equal(factors[0], factors[1])
    np.testing.assert_array_equal(factors[0], factors[3])
    for factor, log, spread in zip(factors, logs, alone.values(), strict=True):
        assert log.std() == pytest.approx(np.hypot(0.6, spread), rel=5 / np.sqrt(n))
        assert factor.mean() == pytest.approx(1.0, abs=5 * 0.95 / np.sqrt(n))
    among = np.corrcoef([logs[0], logs[2], logs[4]])
    for i, j, expected in ((0, 1, 0.894), (0, 2, 0.707), (1, 2, 0.632)):
        assert among[i, j] == pytest.approx(expected, abs=5 * (1 - expected**2) / np.sqrt(n))
