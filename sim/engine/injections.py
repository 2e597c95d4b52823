"""When forced events are due, and on whom they fall (see ``sim.behaviour.inject``)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.inject import KINDS
from sim.core.random import below, key, stream2
from sim.scenario import Scenario
from sim.scenario.probes import FORCED, InjectConfig
from sim.world.exchange import MESSAGE
from sim.world.planted import Planted, planted_accounts
from sim.world.state import NOBODY, VideoListing

__all__ = ["Injections"]


class Injections:
    """The forced events of a scenario that are still to come."""

    def __init__(self, scenario: Scenario, seed: int, first_account: int) -> None:
        self._key = key(seed, "inject")
        self._users = scenario.population.users
        self._video: dict[int, int] = {}
        self._first = first_account
        self._left: list[tuple[float, int, int, Planted, InjectConfig]] = sorted(
            (planted.post_s + float(wanted.after), account, number, planted, wanted)
            for account, planted in enumerate(planted_accounts(scenario), first_account)
            for number, wanted in enumerate(planted.config.inject)
        )  # fmt: skip

    def notice(self, videos: VideoListing, new: NDArray[np.int64]) -> None:
        """Which videos are the planted ones."""
        for video in new[videos.creator[new] >= self._first].tolist():
            self._video[int(videos.creator[video])] = video

    def go_on(self, videos: VideoListing, now: float) -> None:
        """Forget what happened up to ``now``, in a world that had been played until then."""
        self._video.clear()
        self.notice(videos, np.arange(videos.count))
        self.due(now)

    def due(self, now: float) -> NDArray[Any]:
        """Messages to those on whom something is forced by ``now``."""
        found = []
        while self._left and self._left[0][0] <= now:
            at, account, number, planted, wanted = self._left[0]
            if account not in self._video:  # it is published at this refresh
                break
            self._left.pop(0)
            found.append(self._messages(at, self._video[account], number, planted, wanted))
        return np.concatenate([np.zeros(0, MESSAGE), *found])

    def _messages(
        self, at: float, video: int, number: int, planted: Planted, wanted: InjectConfig
    ) -> NDArray[Any]:
        """Twins with the same forced events have them from the same people."""
        luck = stream2(self._key, planted.identity, number)
        people: dict[int, None] = {}
        draw = 0
        while len(people) < wanted.people:
            people.setdefault(int(below(luck, draw, self._users)))
            draw += 1
        messages = np.zeros(len(people), MESSAGE)
        messages["at"] = messages["sent"] = at
        messages["link"] = messages["parent"] = messages["sender"] = NOBODY
        messages["to"], messages["video"] = list(people), video
        counts = [getattr(wanted, name) for name in FORCED]
        messages["kind"] = np.repeat(KINDS, counts)
        return messages
