"""Browse: pages that people open beside their feed, and what leads from one to the other.

Who wants something to watch, and has no link and no notification, opens

    Friends   with the probability ``friends`` * f / (f + ``friends_half``), f friends who post
    search    with the probability ``search``

before all else. Friends are contacts who post, and people who follow each other at the start. Who
searches types a topic, drawn in proportion to the square of their true interest in it; a hashtag of
such a topic, drawn as those who post draw theirs; or a sound that rises.

A video leads on to the page of its sound or of one of its hashtags when that is tapped, from a duet
or a stitch to its parent, and to the profile of its creator with the probability ``open`` when that
is visited: most who visit one look who it is and return (assumption). Nobody opens a page of a kind
from another of the same kind.

Blocked creators are shown no more, on any surface; who blocks somebody no longer follows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.draws import BROWSE, FRIENDS, QUERY, SEARCH, TAG
from sim.core import surfaces
from sim.core.actions import bit
from sim.core.random import uniform
from sim.core.surfaces import HASHTAG_PAGE, PARENT, PROFILE, QUERY_KINDS, SOUND_PAGE
from sim.machine.compiled import njit
from sim.machine.table import Table
from sim.scenario import Scenario
from sim.world.state import MAX_TAGS, NOBODY, ContactGraph, Friends, World

__all__ = [
    "LANES", "TABLES", "build", "is_on", "let_go", "open_friends", "open_search", "query_of",
    "turn",
]  # fmt: skip

LANES = (
    ("turns", np.int64),  # the page to which the video leads, or NOBODY
    ("about", np.int64),  # what that page is about
)

_SOUND_TAP, _HASHTAG_TAP = bit("sound_tap"), bit("hashtag_tap")
_PROFILE_VISIT = bit("profile_visit")
_BLOCK, _UNFOLLOW = bit("block"), bit("unfollow")
_PARENT_TAP = bit("parent_tap")
_TAPS: Final = _SOUND_TAP | _HASHTAG_TAP | _PROFILE_VISIT | _PARENT_TAP
_NO_FOLLOW: Final = ~bit("follow")
_KINDS: Final = len(QUERY_KINDS)
_TOPIC, _SOUND, _HASHTAG = (QUERY_KINDS.index(kind) for kind in ("topic", "sound", "hashtag"))


TABLES = (Friends,)


def is_on(scenario: Scenario) -> bool:
    """Whether anybody opens Friends or searches."""
    browse = scenario.behaviour.browse
    return browse.friends > 0.0 or browse.search > 0.0


def build(
    scenario: Scenario, world: World, seed: int, state: Mapping[type[Table], Table]
) -> tuple[Table, ...]:
    """Who are friends."""
    del seed
    contacts = state.get(ContactGraph)
    friends, graph = Friends(), world.follows
    account = np.full(world.users, NOBODY, np.int32)  # of each user who posts
    people = np.flatnonzero(world.creators.user[: world.creators.count] >= 0)
    account[world.creators.user[people]] = people
    pairs = [_mutual(graph.start, graph.creator, world.creators.user, account)]
    if isinstance(contacts, ContactGraph) and len(contacts.start):
        who = np.repeat(np.arange(world.users), np.diff(contacts.start))
        posts = account[contacts.contact] != NOBODY
        pairs.append(_codes(who[posts], account[contacts.contact[posts]]))
    found = np.unique(np.concatenate(pairs))
    friends.creator = (found & 0xFFFFFFFF).astype(np.int32)
    counts = np.bincount(found >> 32, minlength=world.users)
    friends.start = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    per_topic = scenario.catalogue.hashtags_per_topic
    friends.tag = (per_topic * np.arange(scenario.population.topics + 1)).astype(np.int32)
    return (friends,)


def _codes(user: NDArray[Any], creator: NDArray[Any]) -> NDArray[np.int64]:
    """Pairs of two numbers as one, in the order of both."""
    return (user.astype(np.int64) << 32) | creator.astype(np.int64)


def _mutual(
    start: NDArray[np.int64], creator: NDArray[np.int32], user: NDArray[np.int32],
    account: NDArray[np.int32],
) -> NDArray[np.int64]:  # fmt: skip
    """Codes of (user, account of somebody who follows them back), at the start."""
    who = np.repeat(np.arange(len(start) - 1), np.diff(start))
    both = (user[creator] != NOBODY) & (account[who] != NOBODY)
    who, whom = who[both], user[creator[both]]
    back = np.isin(_codes(who, whom), _codes(whom, who))
    return _codes(who[back], account[whom[back]])


@njit(forceinline=True)
def open_friends(world: Any, p: Any, room: Any, k: int) -> None:
    """Who has friends who post looks at what they have posted; draw ``FRIENDS``."""
    start = world.friends.start
    if start.size == 0 or room.opens[k] != NOBODY:
        return
    u = room.seen.user[k]
    many = float(start[u + 1] - start[u])
    b = p.browse
    if uniform(room.stream[k], FRIENDS) < b.friends * (many / (many + b.friends_half)):
        room.opens[k] = surfaces.FRIENDS


@njit(forceinline=True)
def open_search(world: Any, p: Any, room: Any, k: int) -> None:
    """Who looks for something types it; draws ``SEARCH`` and ``QUERY``."""
    if world.friends.start.size == 0 or room.opens[k] != NOBODY:
        return
    if uniform(room.stream[k], SEARCH) < p.browse.search:
        room.opens[k] = surfaces.SEARCH
        room.subject[k] = query_of(world, p, room, k)


@njit()
def query_of(world: Any, p: Any, room: Any, k: int) -> Any:
    """What somebody searches for, as ``number * len(QUERY_KINDS) + kind``; NOBODY for nothing."""
    s, b, tag = room.stream[k], p.browse, world.friends.tag
    kind_draw, x = uniform(s, QUERY), uniform(s, QUERY + 2)
    if kind_draw < b.search_sound:
        rising = world.rising
        if rising.size == 0:
            return NOBODY
        return np.int64(rising[int(x * x * rising.size)]) * _KINDS + _SOUND
    topic = _topic(world.people.interests, room.seen.user[k], tag.size - 1, uniform(s, QUERY + 1))
    if kind_draw < b.search_sound + b.search_hashtag:
        many = tag[topic + 1] - tag[topic]
        return (np.int64(tag[topic]) + int(many * x * x * x)) * _KINDS + _HASHTAG
    return topic * _KINDS + _TOPIC


@njit()
def _topic(interests: Any, u: int, topics: int, x: float) -> int:
    """A topic, drawn in proportion to the square of the interest in it; ``x`` in (0, 1)."""
    total = 0
    for d in range(topics):
        total += np.int64(interests[u, d]) * np.int64(interests[u, d])  # type: ignore[assignment]
    left = x * total
    for d in range(topics):
        left -= float(interests[u, d]) * float(interests[u, d])
        if left < 0.0:
            return d
    return topics - 1


@njit(forceinline=True)
def let_go(p: Any, room: Any, k: int) -> None:
    """Who blocks a creator whom they follow stops following, and nobody follows whom they block."""
    actions = room.seen.actions[k]
    blocks = actions & _BLOCK != 0
    gone = blocks & (room.followed[k] != 0)
    kept = actions & (_NO_FOLLOW if blocks else -1)
    room.seen.actions[k] = kept | (_UNFOLLOW if gone else 0)


@njit(forceinline=True)
def turn(world: Any, p: Any, room: Any, k: int) -> None:
    """The page to which the video leads; draws ``BROWSE`` and ``TAG`` of the stream."""
    seen, videos = room.seen, world.videos
    room.turns[k], room.about[k] = NOBODY, NOBODY
    actions, here, v = seen.actions[k], seen.surface[k], seen.video[k]
    if actions & _TAPS == 0:
        return
    if actions & _SOUND_TAP != 0 and here != SOUND_PAGE:
        room.turns[k], room.about[k] = SOUND_PAGE, videos.sound[v]
    elif actions & _PARENT_TAP != 0:
        room.turns[k], room.about[k] = PARENT, videos.parent[v]
    elif actions & _HASHTAG_TAP != 0 and here != HASHTAG_PAGE:
        many = 0
        for i in range(MAX_TAGS):
            many += 1 if videos.tags[v, i] != NOBODY else 0
        which = int(uniform(room.stream[k], TAG) * many)
        room.turns[k], room.about[k] = HASHTAG_PAGE, videos.tags[v, which]
    elif (actions & _PROFILE_VISIT != 0 and here != PROFILE) and uniform(
        room.stream[k], BROWSE
    ) < p.browse.open:
        room.turns[k], room.about[k] = PROFILE, videos.creator[v]
