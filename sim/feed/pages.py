"""Pages: what the surfaces that are not ranked list, in their own order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.surfaces import QUERY_KINDS
from sim.feed.index import Groups, Index
from sim.feed.retrieve import first_of_group, latest_of_follows
from sim.feed.view import FeedView, Follows, Requests
from sim.world.state import NOBODY

__all__ = ["GROUPS", "Following", "Friends", "Group", "Query", "Subject"]

GROUPS = {"topic": "topic", "sound": "sound", "hashtag": "tag", "creator": "creator"}
"""The lists of the index, by what they are about."""


def _nothing(requests: Requests, count: int) -> NDArray[np.int32]:
    return np.full((len(requests), count), NOBODY, np.int32)


def _newest(requests: Requests, view: FeedView, lists: Follows, count: int) -> NDArray[np.int32]:
    """The ``count`` newest videos of the creators on somebody's list, by turns."""
    out = _nothing(requests, count)
    for b, user in enumerate(requests.user.tolist()):
        creators = lists.of(user)
        latest_of_follows(out[b], 0, count, creators, 0, len(creators), *view.index.creator)
    return out


class Following:
    """The following surface."""

    def candidates(self, requests: Requests, view: FeedView, count: int) -> NDArray[np.int32]:
        """The ``count`` newest videos of followed creators, by turns."""
        return _newest(requests, view, view.follows, count)


class Friends:
    """The surface Friends."""

    def candidates(self, requests: Requests, view: FeedView, count: int) -> NDArray[np.int32]:
        """The ``count`` newest videos of friends, by turns."""
        return _newest(requests, view, view.friends, count)


class Group:
    """The page of a sound, a hashtag or a creator: a list of the index."""

    def __init__(self, about: str) -> None:
        self._name = GROUPS[about]

    def candidates(self, requests: Requests, view: FeedView, count: int) -> NDArray[np.int32]:
        """The first ``count`` videos of the list."""
        out = _nothing(requests, count)
        groups: Groups = getattr(view.index, self._name)
        for b, number in enumerate(requests.subject.tolist()):
            first_of_group(out[b], 0, count, number, *groups)
        return out


class Query:
    """What a search finds."""

    def candidates(self, requests: Requests, view: FeedView, count: int) -> NDArray[np.int32]:
        """The first ``count`` videos of what is searched for."""
        out = _nothing(requests, count)
        for b, query in enumerate(requests.subject.tolist()):
            if query != NOBODY:
                number, kind = divmod(query, len(QUERY_KINDS))
                first_of_group(out[b], 0, count, number, *_found_in(view.index, kind))
        return out


def _found_in(index: Index, kind: int) -> Any:
    """The list that a query of a kind is looked up in."""
    return getattr(index, GROUPS[QUERY_KINDS[kind]])


class Subject:
    """A page that is about one video, and has nothing else."""

    def candidates(self, requests: Requests, view: FeedView, count: int) -> NDArray[np.int32]:
        """That video, if there is room for one."""
        del view
        out = _nothing(requests, count)
        out[:, :1] = requests.subject[:, None]
        return out
