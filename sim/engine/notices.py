"""Which posts are announced to whom, and whom messages bring back: ``sim.behaviour.notify``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.notify import SUBSCRIBED, Bells, Subscribers, calls
from sim.core.messages import kind_code
from sim.engine.keys import Keys
from sim.machine.keep import Kept
from sim.world.exchange import MESSAGE
from sim.world.state import NOBODY, VideoListing

__all__ = ["Notices"]

_POST = kind_code("post")


class Notices(Kept):
    """The bells that were switched on, and what rings them."""

    KEPT = ("_creator", "_user")

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
        creator = videos.creator[new]
        place, user = self._listed(creator)
        later = np.flatnonzero(np.isin(self._creator, creator))
        if len(later):
            # each new follow with each new video of its creator
            at, of = np.nonzero(self._creator[later][:, None] == creator[None, :])
            place = np.concatenate([place, of])
            user = np.concatenate([user, self._user[later][at]])
        messages = np.zeros(len(place), MESSAGE)
        messages["kind"], messages["to"] = _POST, user
        messages["sender"], messages["video"] = creator[place], new[place]
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

    def hear(self, messages: NDArray[Any], videos: VideoListing, now: float) -> None:
        """Take what a refresh delivers: new bells, and whom it brings back."""
        if not self.used:
            return
        new = messages[messages["kind"] == SUBSCRIBED]
        if len(new):
            self._creator = np.concatenate([self._creator, new["sender"]])
            self._user = np.concatenate([self._user, new["to"]])
        who, at_s = np.empty(len(messages), np.int64), np.empty(len(messages))
        count = calls(
            self._behaviour.notifications, self._keys.exchange, self._keys.notify, messages,
            videos.luck, now, who, at_s,
        )  # fmt: skip
        self.who, self.at_s = who[:count], at_s[:count]
