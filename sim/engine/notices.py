"""Which posts are announced to whom, and whom messages bring back: ``sim.behaviour.notify``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.notify import SUBSCRIBED, UNSUBSCRIBED, Bells, Subscribers, calls
from sim.core.messages import kind_code
from sim.engine.keys import Keys
from sim.machine.keep import Kept
from sim.world.access import ANYBODY, FOLLOWERS
from sim.world.exchange import MESSAGE
from sim.world.state import NOBODY, VideoListing

__all__ = ["Notices"]

_POST, _MENTION = kind_code("post"), kind_code("mention")


class Notices(Kept):
    """The bells that were switched on, and what rings them."""

    KEPT = ("_creator", "_user", "_off")

    def __init__(
        self, behaviour: Any, keys: Keys, bells: Bells, subscribers: Subscribers, *, used: bool
    ) -> None:
        self.used = used
        """whether the scenario has notifications"""
        self._behaviour = behaviour
        self._keys = keys
        self._bells = bells
        self._subscribers = subscribers
        self._creator = np.zeros(0, np.int32)  # bells that were switched on in the run
        self._user = np.zeros(0, np.int32)
        self._off = np.zeros(0, np.int64)  # pairs whose bell is off since the follow ended
        self.who = np.zeros(0, np.int64)
        """who [N] is called back by the last refresh"""
        self.at_s = np.zeros(0)
        """at_s [N] when, s"""

    @property
    def left_s(self) -> NDArray[np.float64]:
        """left_s [U] when the last session of each person ended."""
        return self._bells.left_s

    def announce(self, videos: VideoListing, new: NDArray[np.int64], now: float) -> NDArray[Any]:
        """Messages about new videos, to all who want to know of them."""
        if not self.used or not len(new):
            return np.zeros(0, MESSAGE)
        new = new[np.isin(videos.eligible[new], (ANYBODY, FOLLOWERS))]
        creator = videos.creator[new]
        place, user = self._listed(creator)
        later = np.flatnonzero(np.isin(self._creator, creator))
        if len(later):
            # each new follow with each new video of its creator
            at, of = np.nonzero(self._creator[later][:, None] == creator[None, :])
            place = np.concatenate([place, of])
            user = np.concatenate([user, self._user[later][at]])
        still = ~np.isin(_pairs(creator[place], user), self._off)
        place, user = place[still], user[still]
        messages = np.zeros(len(place), MESSAGE)
        messages["kind"], messages["to"] = _POST, user
        messages["sender"], messages["video"] = creator[place], new[place]
        messages["link"] = messages["parent"] = NOBODY
        messages["sent"] = messages["at"] = now
        return np.concatenate([messages, self._mentioned(videos, new, now)])

    @staticmethod
    def _mentioned(videos: VideoListing, new: NDArray[np.int64], now: float) -> NDArray[Any]:
        """Messages to those whom new videos mention."""
        some = new[videos.mentions[new] != NOBODY]
        messages = np.zeros(len(some), MESSAGE)
        messages["kind"], messages["to"] = _MENTION, videos.mentions[some]
        messages["sender"], messages["video"] = videos.creator[some], some
        messages["link"] = messages["parent"] = NOBODY
        messages["sent"] = messages["at"] = now
        return messages

    def _listed(self, creator: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """(place of the creator, follower) of all follows of the start with the bell on."""
        start, listed = self._subscribers.start, self._subscribers.user
        known = np.flatnonzero(creator < len(start) - 1)  # others were planted in mid-run
        first, counts = start[creator[known]], np.diff(start)[creator[known]]
        rows = np.repeat(first - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        return np.repeat(known, counts), listed[rows]

    def _switch(self, changed: NDArray[Any]) -> None:
        """Bells go on and off, in the order in which people followed and stopped."""
        pairs = _pairs(changed["sender"], changed["to"])
        off = set(self._off.tolist())
        new = []
        for i in np.argsort(changed["sent"], kind="stable").tolist():
            pair = int(pairs[i])
            if changed["kind"][i] == UNSUBSCRIBED:
                off.add(pair)
            elif pair in off:  # it stands in a list already
                off.remove(pair)
            else:
                new.append(i)
        self._off = np.array(sorted(off), np.int64)
        if new:
            added = changed[new]
            self._creator = np.concatenate([self._creator, added["sender"]])
            self._user = np.concatenate([self._user, added["to"]])

    def hear(self, messages: NDArray[Any], videos: VideoListing, now: float) -> None:
        """Take what a refresh delivers: new bells, and whom it brings back."""
        if not self.used:
            return
        changed = messages[np.isin(messages["kind"], (SUBSCRIBED, UNSUBSCRIBED))]
        if len(changed):
            self._switch(changed)
        who, at_s = np.empty(len(messages), np.int64), np.empty(len(messages))
        count = calls(
            self._behaviour.notifications, self._keys.exchange, self._keys.notify, messages,
            videos.luck, now, who, at_s,
        )  # fmt: skip
        self.who, self.at_s = who[:count], at_s[:count]


def _pairs(creator: NDArray[Any], user: NDArray[Any]) -> NDArray[np.int64]:
    """Creator and follower as one number."""
    return (creator.astype(np.int64) << 32) | user.astype(np.int64)
