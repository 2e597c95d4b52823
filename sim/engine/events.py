"""Events: what the scenario lets the platform do at a moment (``events``).

An event happens at the first refresh at its time or later, before scores are made. It changes what
the platform ranks by or shows; people know nothing of it. Scores and indexes of all videos are made
anew at that refresh, as by a ``feed.reindex``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.feed.arms import arm_weights, value_weights
from sim.scenario import Scenario
from sim.scenario.events import EventConfig
from sim.world.state import World

__all__ = ["Events"]


class Events:
    """The events of a run, in the order of their times."""

    def __init__(
        self, scenario: Scenario, weights: NDArray[np.float64], arms: NDArray[np.float64]
    ) -> None:
        self._scenario = scenario
        self._events: tuple[EventConfig, ...] = tuple(
            sorted(scenario.events, key=lambda event: float(event.at))
        )
        self._probes = [probe.name for probe in scenario.probes]
        self._weights, self._arms = weights, arms
        self._done = 0

    def happen(self, now: float, world: World) -> bool:
        """Let all happen that is due at ``now``; whether anything did."""
        before = self._done
        while self._done < len(self._events) and float(self._events[self._done].at) <= now:
            event = self._events[self._done]
            self._done += 1
            if event.weights is None:
                self._take_down(str(event.take_down), now, world)
        if self._done == before:
            return False
        self._weigh()
        return True

    def go_on(self, now: float) -> None:
        """Be where a run is that was put down after the refresh at ``now``."""
        self._done = sum(float(event.at) <= now for event in self._events)
        self._weigh()

    def _weigh(self) -> None:
        """Put the weights of now where the feed has them: in place, since kernels look there."""
        feed = self._scenario.feed
        named = dict(feed.weights)
        for event in self._events[: self._done]:
            named.update(event.weights or {})
        now = feed.model_copy(update={"weights": named})
        self._weights[:] = value_weights(now)
        self._arms[:] = arm_weights(now)

    def _take_down(self, probe: str, now: float, world: World) -> None:
        truth, n = world.video_truth, world.videos.count
        theirs = truth.probe[:n] == self._probes.index(probe)
        truth.down_s[:n][theirs] = np.minimum(truth.down_s[:n][theirs], now)
