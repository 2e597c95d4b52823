"""Cards, reels and persons: the cache lines of what is read together, kept up to date.

They hold copies; what they are copies of, and where it lies, is said where the columns are
declared (see ``sim.machine.pack``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.layout import (
    CARD,
    PERSON,
    REEL,
    open_frame,
    refresh_card,
    write_card,
    write_person,
    write_reel,
)
from sim.engine.platform import Platform
from sim.machine.aligned import aligned_zeros
from sim.machine.borrow import ROWS_AHEAD, prefetch
from sim.machine.compiled import njit
from sim.machine.frame import Frame
from sim.machine.lanes import STEP
from sim.machine.pack import all_bytes
from sim.world.state import padded

__all__ = ["Lines"]


class Lines:
    """The lines of all videos and people of one platform."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._cards, self._reels = aligned_zeros(0, CARD), aligned_zeros(0, REEL)
        self._persons = aligned_zeros(0, PERSON)
        self._written = 0
        self._people = 0
        self._room()

    def _room(self) -> bool:
        """Make room for all videos and people; whether any moved."""
        world = self._platform.world
        rows, people = len(world.videos.creator), len(world.truth.patience)
        moved = len(self._cards) < rows or len(self._persons) < people
        if len(self._cards) < rows:
            self._cards, self._reels = aligned_zeros(rows, CARD), aligned_zeros(rows, REEL)
            self._written = 0
        if len(self._persons) < people:
            self._persons = aligned_zeros(people, PERSON)
            self._people = 0
        if moved:
            self._topics()
        return moved

    def _topics(self) -> None:
        """Where the rows of topics are: up to STEP of them begin the lines."""
        world = self._platform.world
        if padded(world.topics) == STEP:
            lines = (self._cards, self._reels, self._persons)
            self._captions, self._mixes, self._interests = (all_bytes(line) for line in lines)
        else:
            self._captions, self._mixes = world.videos.caption, world.video_truth.topics
            self._interests = world.truth.interests

    def arrays(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """(name in the frame, array)."""
        yield "cards", self._cards
        yield "reels", self._reels
        yield "persons", self._persons
        yield "captions", self._captions
        yield "rows.topics", self._mixes
        yield "rows.interests", self._interests

    def update(self, frame: Frame) -> None:
        """Write what is new, and what the last refresh may have changed."""
        platform = self._platform
        changed, count = platform.changed, platform.world.videos.count
        if self._room():
            changed = np.arange(count, dtype=np.int32)
            frame.bind_all(self.arrays())
        people = len(self._persons)
        _write(frame.words, self._written, count, self._people, people)
        self._written, self._people = count, people
        _refresh(frame.words, changed)


@njit()
def _write(words, first, last, first_person, last_person):
    """Write the lines of the videos and people from the first to the last, not included."""
    frame = open_frame(words)
    for v in range(first, last):
        write_card(frame, v)
        write_reel(frame, v)
    for u in range(first_person, last_person):
        write_person(frame, u)


@njit()
def _refresh(words, videos):
    """Bring what a refresh may change in the cards of ``videos`` up to date."""
    frame = open_frame(words)
    for i in range(videos.size):
        if i + ROWS_AHEAD < videos.size:
            prefetch(frame.cards, videos[i + ROWS_AHEAD])
        refresh_card(frame, videos[i])
