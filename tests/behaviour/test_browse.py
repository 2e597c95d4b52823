"""Browse: the contract of a mechanism, what is searched for, and which page leads to which."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.assemble import Live, assemble
from sim.behaviour import browse, sharing
from sim.core import surfaces
from sim.core.actions import bit
from sim.core.surfaces import QUERY_KINDS
from sim.engine import exposure
from sim.engine.layout import LAYOUT, ROOM, open_frame
from sim.machine.compiled import njit
from sim.machine.frame import Frame
from sim.testing.mechanisms import MechanismContract
from sim.testing.worlds import tiny_scenario, tiny_world
from sim.world.state import NOBODY, ContactGraph, Friends, World

OFF = {"behaviour": {"browse": {"friends": 0.0, "search": 0.0}}}
PAGES = {"friends": 0.3, "friends_half": 2.0, "search": 0.2, "search_sound": 0.3, "open": 0.9}
TAPS = {"profile_visit": 0.05, "hashtag_tap": 0.05, "sound_tap": 0.05}
N = 20_000


class TestBrowse(MechanismContract):
    on: ClassVar = {"behaviour": {"browse": PAGES}}
    base: ClassVar = OFF
    off: ClassVar = {"behaviour": {"browse": {**OFF["behaviour"]["browse"], "search_sound": 0.3}}}
    tables = ("friends",)
    draws = (18, 19)  # those behind QUERY


class TestBrowseAndBlocks(MechanismContract):
    """Everything at once: pages, taps, and people who want no more of a creator."""

    acts: ClassVar = {**TAPS, "block": 0.01, "unfollow": 0.2, "follow": 0.05}
    on: ClassVar = {"behaviour": {"browse": PAGES, "act": acts}}
    base: ClassVar = {"behaviour": {**OFF["behaviour"], "act": acts}}
    off: ClassVar = base
    tables = ("friends",)


# ---- one person at a time -------------------------------------------------------------------


@njit()
def _query(words: Any, user: int, streams: Any, out: Any) -> None:
    frame = open_frame(words)
    room = frame.room
    room.seen.user[0] = user
    for i in range(streams.size):
        room.stream[0] = streams[i]
        out[i] = browse.query_of(frame.world, frame.behaviour, room, 0)


@njit()
def _open(words: Any, user: int, streams: Any, out: Any) -> None:
    frame = open_frame(words)
    room = frame.room
    room.seen.user[0] = user
    for i in range(streams.size):
        room.stream[0] = streams[i]
        room.opens[0] = NOBODY
        browse.open_friends(frame.world, frame.behaviour, room, 0)
        browse.open_search(frame.world, frame.behaviour, room, 0)
        out[i] = room.opens[0]


@njit()
def _turn(words: Any, streams: Any, pages: Any, about: Any) -> None:
    frame = open_frame(words)
    room = frame.room
    for i in range(streams.size):
        room.stream[0] = streams[i]
        browse.turn(frame.world, frame.behaviour, room, 0)
        pages[i], about[i] = room.turns[0], room.about[0]


@njit()
def _let_go(words: Any) -> None:
    frame = open_frame(words)
    browse.let_go(frame.behaviour, frame.room, 0)


class People:
    """A platform before its first second, and one place for whoever is asked about."""

    def __init__(self, **browse: Any) -> None:
        over = {"behaviour": {"browse": browse}, "population": {"follows": 20}}
        self.live: Live = assemble(tiny_scenario(**over), 1, engine="fast")
        self.world: World = self.live.world
        self.frame: Any = Frame(LAYOUT)
        room = np.zeros(1, ROOM)
        self.frame.bind_all((("room", room), ("seen", room["seen"])))
        self.frame.bind_all(self.live.platform.constants())
        self.frame.bind_all(self.live.platform.arrays())
        for table in self.live.platform.tables():
            self.frame.bind_table(table)
        self.rising = np.array([31, 4, 15, 9, 2, 6, 5, 35], np.int32)
        self.frame.bind("rising", self.rising)
        self.room = self.frame.room
        self.friends = next(
            t for t in self.live.platform.mechanisms if isinstance(t, Friends)
        )  # fmt: skip
        self.streams = np.random.default_rng(5).integers(0, 2**64, N, np.uint64)

    def queries(self, user: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(number, kind) of what somebody searches for."""
        out = np.zeros(N, np.int64)
        _query(self.frame.words, user, self.streams, out)
        return out // len(QUERY_KINDS), out % len(QUERY_KINDS)

    def opened(self, user: int) -> NDArray[np.int64]:
        out = np.zeros(N, np.int64)
        _open(self.frame.words, user, self.streams, out)
        return out

    def turns(self, video: int, surface: int, *actions: str) -> set[tuple[int, int]]:
        """(page, what it is about) to which a video leads after these actions."""
        pages, about = np.zeros(N, np.int64), np.zeros(N, np.int64)
        seen = self.room.seen
        seen.video[0], seen.surface[0] = video, surface
        seen.actions[0] = sum(bit(name) for name in actions)
        _turn(self.frame.words, self.streams, pages, about)
        self.shares = {page: float((pages == page).mean()) for page in set(pages.tolist())}
        return set(zip(pages.tolist(), about.tolist(), strict=True))


@pytest.fixture(scope="module")
def people() -> People:
    return People(search=0.25, search_sound=0.2, search_hashtag=0.5, friends=0.6, friends_half=3,
                  open=0.4)  # fmt: skip


def _share(found: float, wanted: float, n: int = N) -> None:
    assert abs(found - wanted) <= 5.0 * np.sqrt(wanted * (1.0 - wanted) / n), (found, wanted)


# ---- searches -------------------------------------------------------------------------------


def test_kinds_of_queries_have_their_shares(people: People) -> None:
    _, kind = people.queries(3)
    for name, share in (("topic", 0.3), ("sound", 0.2), ("hashtag", 0.5)):
        _share((kind == QUERY_KINDS.index(name)).mean(), share)


@pytest.mark.parametrize("user", [0, 41, 149])
def test_topics_are_drawn_by_the_square_of_interests(people: People, user: int) -> None:
    number, kind = people.queries(user)
    topics = number[kind == QUERY_KINDS.index("topic")]
    tags = number[kind == QUERY_KINDS.index("hashtag")]
    per_topic = people.live.scenario.catalogue.hashtags_per_topic
    interests = people.world.truth.interests[user].astype(float)
    wanted = interests**2 / (interests**2).sum()
    assert wanted.max() > 0.3
    for found in (topics, tags // per_topic):
        assert set(found.tolist()) <= set(range(6))
        for topic, share in enumerate(wanted.tolist()):
            _share((found == topic).mean(), share, len(found))


def test_hashtags_are_drawn_as_creators_draw_theirs(people: People) -> None:
    """Their place within the topic is the cube of an even draw."""
    number, kind = people.queries(7)
    per_topic = people.live.scenario.catalogue.hashtags_per_topic
    place = number[kind == QUERY_KINDS.index("hashtag")] % per_topic
    for first in (1, per_topic // 4, per_topic // 2):
        _share((place < first).mean(), (first / per_topic) ** (1 / 3), len(place))


def test_sounds_rise_and_the_highest_is_looked_for_most(people: People) -> None:
    number, kind = people.queries(7)
    found, rising = number[kind == QUERY_KINDS.index("sound")], people.rising
    assert set(found.tolist()) == set(rising.tolist())
    for first in (1, 3):
        _share(np.isin(found, rising[:first]).mean(), (first / len(rising)) ** 0.5, len(found))


def test_while_no_sound_rises_none_is_found() -> None:
    people = People(search=1.0, search_sound=1.0, search_hashtag=0.0)
    people.frame.bind("rising", np.zeros(0, np.int32))
    out = np.zeros(N, np.int64)
    _query(people.frame.words, 1, people.streams, out)
    assert (out == NOBODY).all()


def test_who_has_more_friends_opens_friends_oftener(people: People) -> None:
    counts = np.diff(people.friends.start)
    assert counts.min() < 3 < counts.max()
    for user in (int(counts.argmin()), int(counts.argmax())):
        opened = people.opened(user)
        wanted = 0.6 * counts[user] / (counts[user] + 3.0)
        _share((opened == surfaces.FRIENDS).mean(), wanted)
        _share((opened == surfaces.SEARCH).mean(), 0.25 * (1.0 - wanted))


# ---- from page to page ----------------------------------------------------------------------


def _tagged(people: People, many: int) -> int:
    """A video with so many hashtags."""
    videos = people.world.videos
    tags = (videos.tags[: videos.count] != NOBODY).sum(axis=1)
    return int(np.flatnonzero(tags == many)[0])


LEADS = {
    "sound_tap": surfaces.SOUND_PAGE, "hashtag_tap": surfaces.HASHTAG_PAGE,
    "profile_visit": surfaces.PROFILE,
}  # fmt: skip


@pytest.mark.parametrize("surface", range(len(surfaces.SURFACES)))
@pytest.mark.parametrize("action", LEADS)
def test_a_tap_opens_its_page_but_not_from_one_of_that_kind(
    people: People, action: str, surface: int
) -> None:
    video = _tagged(people, 1)
    videos = people.world.videos
    about = {
        "sound_tap": videos.sound[video], "hashtag_tap": videos.tags[video, 0],
        "profile_visit": videos.creator[video],
    }  # fmt: skip
    found = people.turns(video, surface, action, "like")
    stays = {(NOBODY, NOBODY)}
    page = LEADS[action]
    if surface == page:
        assert found == stays
    elif action == "profile_visit":
        assert found == {(page, int(about[action]))} | stays
        _share(people.shares[page], 0.4)
    else:
        assert found == {(page, int(about[action]))}


def test_without_a_tap_nothing_is_opened(people: People) -> None:
    others = ("like", "comment", "share", "save", "follow", "block", "unfollow", "skip")
    assert people.turns(0, surfaces.FOR_YOU, *others) == {(NOBODY, NOBODY)}


def test_one_of_the_hashtags_is_opened_each_as_often(people: People) -> None:
    video = _tagged(people, 3)
    tags = people.world.videos.tags[video].tolist()
    found = people.turns(video, surfaces.FOR_YOU, "hashtag_tap")
    assert found == {(surfaces.HASHTAG_PAGE, tag) for tag in tags}
    for tag in tags:
        about = np.zeros(N, np.int64)
        _turn(people.frame.words, people.streams, np.zeros(N, np.int64), about)
        _share((about == tag).mean(), 1 / 3)


def test_the_sound_comes_before_the_hashtag_and_that_before_the_creator(people: People) -> None:
    video, three = _tagged(people, 1), tuple(LEADS)
    for surface, page in (
        (surfaces.FOR_YOU, surfaces.SOUND_PAGE),
        (surfaces.SOUND_PAGE, surfaces.HASHTAG_PAGE),
    ):
        assert {page for page, _ in people.turns(video, surface, *three)} == {page}
    found = people.turns(video, surfaces.HASHTAG_PAGE, "hashtag_tap", "profile_visit")
    assert {page for page, _ in found} == {surfaces.PROFILE, NOBODY}


@pytest.mark.parametrize("followed", [0, 1])
@pytest.mark.parametrize("blocks", [False, True])
def test_who_blocks_a_creator_whom_they_follow_lets_go(
    people: People, followed: int, blocks: bool
) -> None:
    before = bit("like") | (bit("block") if blocks else 0)
    people.room.seen.actions[0], people.room.followed[0] = before, followed
    _let_go(people.frame.words)
    gone = bit("unfollow") if blocks and followed else 0
    assert people.room.seen.actions[0] == before | gone


def test_nobody_follows_and_blocks_at_once(people: People) -> None:
    people.room.seen.actions[0] = bit("like") | bit("follow") | bit("block")
    people.room.followed[0] = 0
    _let_go(people.frame.words)
    assert people.room.seen.actions[0] == bit("like") | bit("block")


# ---- friends --------------------------------------------------------------------------------


def _friends_of(table: Friends) -> list[set[int]]:
    rows = zip(table.start[:-1].tolist(), table.start[1:].tolist(), strict=True)
    return [set(table.creator[a:b].tolist()) for a, b in rows]


@pytest.mark.parametrize("contacts", [0, 12])
def test_friends_are_contacts_who_post_and_people_who_follow_each_other(contacts: int) -> None:
    over = {
        "population": {"users": 300, "follows": 40, "creators": 0.3},
        "behaviour": {"sharing": {"contacts": contacts}},
    }
    scenario, world = tiny_scenario(**over), tiny_world(**over)
    graph, owner = world.follows, world.creators.user[: world.creators.count].tolist()
    account = {user: c for c, user in enumerate(owner) if user != NOBODY}
    state: dict[Any, Any] = {ContactGraph: ContactGraph()}
    if contacts:
        known = sharing.build(scenario, world, 1, {})[0]
        assert isinstance(known, ContactGraph)
        state = {ContactGraph: known}
    (found,) = browse.build(scenario, world, 1, state)
    assert isinstance(found, Friends)
    follows = [set(graph.creator[graph.start[u] : graph.start[u + 1]].tolist()) for u in range(300)]
    mutual = 0
    wanted: list[set[int]] = []
    for u in range(300):
        both = {
            c for c in follows[u]
            if owner[c] != NOBODY and u in account and account[u] in follows[owner[c]]
        }  # fmt: skip
        mutual += len(both)
        if contacts:
            row = known.contact[known.start[u] : known.start[u + 1]].tolist()
            both |= {account[v] for v in row if v in account}
        wanted.append(both)
    assert mutual > 50
    assert _friends_of(found) == wanted
    assert found.start[-1] == len(found.creator) == sum(len(row) for row in wanted)
    per_topic = scenario.catalogue.hashtags_per_topic
    assert found.tag.tolist() == [per_topic * topic for topic in range(7)]


def test_a_world_builds_friends_with_its_contacts(people: People) -> None:
    contacts = next(t for t in people.live.platform.mechanisms if isinstance(t, ContactGraph))
    posts = set(people.world.creators.user[: people.world.creators.count].tolist())
    known = _friends_of(people.friends)
    account = dict(zip(people.world.creators.user.tolist(), range(10**6), strict=False))
    for u in range(people.world.users):
        for v in contacts.contact[contacts.start[u] : contacts.start[u + 1]].tolist():
            assert v not in posts or account[v] in known[u]
    listed = people.live.platform.view.friends
    assert [set(listed.of(u).tolist()) for u in range(people.world.users)] == known


# ---- who is blocked -------------------------------------------------------------------------


def test_a_block_empties_the_rest_of_the_slate_of_that_creator() -> None:
    """The plain function; the kernel's is compared with it in the grid."""
    creators, blocked = np.array([4, 5, 4, 6, 5]), []
    frame = SimpleNamespace(
        videos=SimpleNamespace(creator=creators),
        follows=SimpleNamespace(remove=lambda *pair: blocked.append(("unfollow", *pair))),
        blocks=SimpleNamespace(add=lambda *pair: blocked.append(("block", *pair))),
        left=[(2, 0, 0), (3, 1, 0), (0, 0, 0), (1, 0, 2)],
    )
    rest = frame.left
    seen = SimpleNamespace(user=[9], video=[0], actions=[bit("block") | bit("unfollow")])
    exposure.part(frame, None, SimpleNamespace(seen=seen), 0)
    assert blocked == [("unfollow", 9, 4), ("block", 9, 4)]
    assert frame.left is rest
    assert rest == [(3, 1, 0), (1, 0, 2)]
    seen.actions = [bit("unfollow")]
    exposure.part(frame, None, SimpleNamespace(seen=seen), 0)
    assert rest == [(3, 1, 0), (1, 0, 2)]
