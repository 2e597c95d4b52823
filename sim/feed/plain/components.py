"""The components of a plain pipeline.

Filters and the value model have no other form than the plain one, so they are those of
``sim.feed.builtin``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.core.surfaces import QUERY_KINDS
from sim.feed.belief import SLOTS, SOUND_SLOTS, TAG_SLOTS
from sim.feed.builtin import SmoothedPrediction
from sim.feed.cold_start import WAITING
from sim.feed.component import Candidates
from sim.feed.index import Groups
from sim.feed.plain.predict import affinities
from sim.feed.plain.select import Rules, reserved_places, select_spaced
from sim.feed.plain.sources import (
    Luck,
    by_profile,
    by_slots,
    first_of,
    newest_of_follows,
    of_follows,
    of_list,
    search_weights,
)
from sim.feed.spaced import SPARE
from sim.feed.view import FeedView, Requests
from sim.scenario.feed import SOURCES
from sim.world.state import NOBODY

__all__ = [
    "PlainFollowing", "PlainFriends", "PlainGroup", "PlainQuery", "PlainSmoothed", "PlainSource",
    "PlainSpaced", "PlainSubject",
]  # fmt: skip

_FRESH = SOURCES.index("fresh")


@dataclass(frozen=True)
class PlainSource:
    """One of the built-in sources; ``code`` is its position in SOURCE_NAMES."""

    name: str
    code: int

    @classmethod
    def named(cls, name: str) -> PlainSource:
        """The source with this name."""
        return cls(name, SOURCES.index(name))

    def candidates(self, requests: Requests, view: FeedView, count: int) -> NDArray[np.int32]:
        """Up to ``count`` candidates for each request."""
        return _rows(
            [
                self._one(int(user), Luck(stream, self.code), view, count)
                for user, stream in zip(requests.user, requests.stream, strict=True)
            ],
            count,
        )

    def _one(self, user: int, luck: Luck, view: FeedView, count: int) -> list[int]:
        """The candidates of one request."""
        index, beliefs = view.index, view.beliefs
        ids, words = beliefs.slot_id[user], beliefs.slot_word[user]
        sounds, tags = (slice(first, first + SLOTS) for first in (SOUND_SLOTS, TAG_SLOTS))
        match self.name:
            case "interest":
                rows = (beliefs.profile[user], beliefs.doubt[user])
                weights = search_weights(*(row[: view.topics] for row in rows))
                return by_profile(weights, index.topic, count, luck)
            case "sound":
                return by_slots(ids[sounds], words[sounds], index.sound, count, luck)
            case "hashtag":
                return by_slots(ids[tags], words[tags], index.tag, count, luck)
            case "following":
                return of_follows(view.follows.of(user), index.creator, count, luck)
        videos = {"fresh": index.fresh, "trending": index.trending, "random": index.live}
        return of_list(videos[self.name], count, luck)


class PlainFollowing:
    """The following surface."""

    def candidates(self, requests: Requests, view: FeedView, count: int) -> NDArray[np.int32]:
        """The ``count`` newest videos of followed creators, by turns."""
        creator = view.index.creator
        follows = [view.follows.of(user) for user in requests.user.tolist()]
        return _rows([newest_of_follows(row, creator, count) for row in follows], count)


class PlainFriends:
    """The surface Friends."""

    def candidates(self, requests: Requests, view: FeedView, count: int) -> NDArray[np.int32]:
        """The ``count`` newest videos of friends, by turns."""
        creator = view.index.creator
        friends = [view.friends.of(user) for user in requests.user.tolist()]
        return _rows([newest_of_follows(row, creator, count) for row in friends], count)


@dataclass(frozen=True)
class PlainGroup:
    """The page of a sound, a hashtag or a creator."""

    about: str

    def candidates(self, requests: Requests, view: FeedView, count: int) -> NDArray[np.int32]:
        """The first ``count`` videos of its list."""
        groups = _lists(view)[self.about]
        return _rows([first_of(n, groups, count) for n in requests.subject.tolist()], count)


class PlainQuery:
    """What a search finds."""

    def candidates(self, requests: Requests, view: FeedView, count: int) -> NDArray[np.int32]:
        """The first ``count`` videos of what is searched for; nothing for no query."""
        kinds = [_lists(view)[kind] for kind in QUERY_KINDS]
        queries = [q if q >= 0 else len(kinds) * NOBODY for q in requests.subject.tolist()]
        found = [first_of(q // len(kinds), kinds[q % len(kinds)], count) for q in queries]
        return _rows(found, count)


def _lists(view: FeedView) -> dict[str, Groups]:
    """The lists of the index, by what they are about."""
    index = view.index
    return {
        "topic": index.topic,
        "sound": index.sound,
        "hashtag": index.tag,
        "creator": index.creator,
    }


class PlainSubject:
    """A page that is about one video, and has nothing else."""

    def candidates(self, requests: Requests, view: FeedView, count: int) -> NDArray[np.int32]:
        """That video, if there is room for one."""
        del view
        return _rows([[video][:count] for video in requests.subject.tolist()], count)


@dataclass(frozen=True)
class PlainSmoothed:
    """Predicts from each video's own counts and the user's affinity."""

    prior: float

    def predict(
        self, requests: Requests, candidates: Candidates, view: FeedView
    ) -> SmoothedPrediction:
        """Affinities of all candidates; probabilities are worked out when asked for."""
        found = affinities(requests, candidates, view)
        return SmoothedPrediction(found, candidates.video, requests.user, view, self.prior)


@dataclass(frozen=True)
class PlainSpaced:
    """Best first with distance between creators and sounds, and slots for the cold start."""

    creator_gap: int
    sound_gap: int

    def select(
        self,
        requests: Requests,
        candidates: Candidates,
        scores: NDArray[np.float32],
        view: FeedView,
        length: int,
    ) -> NDArray[np.int64]:
        """[B, length] positions; see :func:`select_spaced`."""
        rules = Rules(length, self.creator_gap, self.sound_gap)
        suits = affinities(requests, candidates, view)
        slates = []
        for b, stream in enumerate(requests.stream):
            places = np.flatnonzero(candidates.present[b])
            video = candidates.video[b, places]
            tested = (candidates.source[b, places] == _FRESH) & (view.cold.state[video] == WAITING)
            tested &= scores[b, places] > -np.inf  # what is never shown takes nobody's turn
            reserved = reserved_places(stream, view.cold.reserved, length)
            waiting = np.flatnonzero(tested).tolist()
            if view.cold.matched:
                waiting = _nearest_first(waiting, suits[b, places], len(reserved))
            chosen = select_spaced(
                scores[b, places].tolist(),
                view.videos.creator[video].tolist(),
                view.videos.sound[video].tolist(),
                waiting,
                reserved,
                rules,
            )
            slates.append(places[chosen].tolist())
        return _rows(slates, length).astype(np.int64)


def _nearest_first(waiting: list[int], suits: NDArray[np.float32], places: int) -> list[int]:
    """The candidates ``waiting``; first those that suit best, for so many places and SPARE more."""
    if places == 0:
        return waiting
    best = sorted(waiting, key=lambda i: -suits[i])[: places + SPARE]
    return best + [i for i in waiting if i not in best]


def _rows(found: list[list[int]], length: int) -> NDArray[np.int32]:
    """[B, length] the lists, with NOBODY behind each."""
    rows = np.full((len(found), length), NOBODY, np.int32)
    for row, numbers in zip(rows, found, strict=True):
        row[: len(numbers)] = numbers
    return rows
