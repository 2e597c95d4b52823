"""What is counted while a window is played, and of users over the whole run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.core.counts import WIDTH
from sim.engine.fold import add_to_window
from sim.machine.aligned import aligned_zeros

__all__ = ["REGRET_COLUMNS", "UserCounts", "WindowCounts"]

REGRET_COLUMNS: Final = 4
"""Places; what they are worth, what the best candidates would be, and what any would."""


@dataclass
class UserCounts:
    """Counters of users; each user's own, so they are exact at any time."""

    counts: NDArray[np.int64]
    """counts [U, F] as in ``sim.core.counts``"""
    sessions: NDArray[np.int32]
    active_days: NDArray[np.int32]
    last_day: NDArray[np.int32]
    arm: NDArray[np.int8]
    """arm [U] of perturbed weights"""

    @classmethod
    def zeros(cls, users: int, arm: NDArray[np.int8]) -> UserCounts:
        """Counters before the first second."""
        return cls(
            np.zeros((users, WIDTH), np.int64),
            np.zeros(users, np.int32), np.zeros(users, np.int32), np.full(users, -1, np.int32),
            arm,
        )  # fmt: skip


@dataclass
class WindowCounts:
    """Counters of one window, added up by the engine while it plays."""

    videos: NDArray[np.int32]
    """videos [V, PACKED] packed rows (see ``sim.core.counts``)"""
    touched: NDArray[np.uint64]
    """the videos that were shown, as bits (see ``sim.machine.marks``)"""
    tests: NDArray[np.int64]
    """tests [V, 2] of test audiences (see ``ColdStartPolicy.note``); [0, 2] where there are none"""
    elsewhere: NDArray[np.int32]
    """elsewhere [V, PART_WIDTH] impressions, views and reach of the run so far on each surface but
    For You, and of followers (see ``sim.core.counts``)"""
    percentiles: NDArray[np.int64]
    """percentiles [V] sum of the watch percentiles of the run so far, in 1 / RANK_ONE"""
    times: NDArray[np.int32]
    """times [CELLS] impressions in each cell of watch time (see ``sim.feed.percentile``)"""
    guesses: NDArray[np.int64]
    """guesses [SUMS] what was expected where chance decided (see ``sim.feed.slopes``)"""
    control: NDArray[np.int64]
    """control [ROWS, F + 1] counters of slates that have controls (see ``sim.feed.control``), then
    the sum of matches"""
    regret: NDArray[np.int64]
    """regret [ROWS, COLUMNS] of slates that an oracle was shown (see ``sim.engine.regret``)"""
    timeline: NDArray[np.int64]
    """timeline [T, surfaces, sources, F]; T bins of the timeline, from ``first_bin`` on"""
    followers: NDArray[np.int32]
    """followers [C] new follows"""
    first_bin: int = 0
    number: int = 0
    """refreshes before it"""

    def arrays(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """(name in the frame, array) of all counters."""
        for name in (*_OF_VIDEOS, *_SMALL):
            array = getattr(self, name)
            yield f"tally.{name}", array.reshape(-1, WIDTH) if name == "timeline" else array

    def another(self) -> WindowCounts:
        """Counters of the same shapes, cleared: those of a further thread."""
        cleared = {name: np.zeros_like(getattr(self, name)) for name in (*_OF_VIDEOS, *_SMALL)}
        cleared["videos"] = aligned_zeros(self.videos.shape, np.int32)
        return replace(self, **cleared)

    def again(self, window: WindowCounts) -> WindowCounts:
        """Those of a further thread for the next ``window``; those of videos are clear already."""
        if len(self.videos) != len(window.videos):
            return window.another()
        return replace(self, **{name: np.zeros_like(getattr(window, name)) for name in _SMALL})

    def take(self, other: WindowCounts) -> None:
        """Add what another thread counted."""
        add_to_window(
            other.videos, other.touched, other.tests, other.elsewhere, other.percentiles,
            self.videos, self.touched, self.tests, self.elsewhere, self.percentiles,
        )  # fmt: skip
        for name in _SMALL:
            mine: NDArray[Any] = getattr(self, name)
            mine += getattr(other, name)


_OF_VIDEOS: Final = ("videos", "touched", "tests", "elsewhere", "percentiles")
"""Large: who adds them up clears them."""
_SMALL: Final = ("times", "guesses", "control", "regret", "timeline", "followers")
