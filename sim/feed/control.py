"""The control: a small share of the places of For You that chance fills and no score.

What ranking does for people is what they do with what it chose, beside what they do with videos
that were drawn evenly from all. So a share of the places is filled with any video that somebody
may be shown and that passes the filters, each with the same probability, whether it is in a pool,
has stopped there, or is open to all. It stands where it was put whatever the distances say; a video
that the ranking had chosen too stands there alone.

The other places of the same slates are what it is compared with: the same people at the same hour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.core.random import below, uniform
from sim.core.sources import source_code
from sim.core.stages import KINDS, STAGES
from sim.feed.component import Candidates
from sim.feed.view import FeedView, Requests
from sim.machine.compiled import njit

__all__ = [
    "CONTROL", "ROWS", "TRIES", "Control", "Slot", "control_draw",
    "control_place", "controls_of", "put", "row_beside",
]  # fmt: skip

CONTROL: Final = source_code("control")
TRIES: Final = 8
"""Videos that are drawn for a place until one passes the filters; else it is ranked like others."""
_DRAW: Final = 5_000_000
"""Draw numbers of a request from here on are those of the control; all others are below."""

ROWS: Final = len(STAGES) * len(KINDS)
"""Rows of counters of slates that have controls: each stage of people, each kind of place."""
_TEST: Final = source_code("fresh")

Keep = Callable[[Requests, Candidates], NDArray[np.bool_]]
Slot = tuple[int, int]
"""(video, source) of a place of a slate"""


@njit(forceinline=True)
def controls_of(r: Any, share: Any, length: Any) -> Any:
    """How many places of a slate are controls: ``share`` of its length on average."""
    return int(share * length + uniform(r, _DRAW))


@njit(forceinline=True)
def control_place(r: Any, i: Any, wanted: Any, length: Any) -> Any:
    """The place of control ``i`` of ``wanted``: spread evenly, and every place as likely."""
    return int((float(i) + uniform(r, _DRAW + 1)) * float(length) / float(wanted))


@njit(forceinline=True)
def control_draw(r: Any, i: Any, attempt: Any, size: Any) -> Any:
    """Position in the list of all videos of an attempt to fill control ``i``."""
    return below(r, _DRAW + 2 + i * TRIES + attempt, size)


@njit(forceinline=True)
def row_beside(source: Any, pool: Any, seen: Any) -> Any:
    """Row [ROWS] in which an impression of a slate with controls is counted: stage and kind.

    ``seen`` is how many videos the person was shown before.
    """
    stage = 0
    for first in STAGES[1:]:
        stage += 1 if seen >= first else 0
    kind = 2 if (source == _TEST) & (pool > 0) else 1
    return stage * len(KINDS) + (0 if source == CONTROL else kind)


def put(slate: list[Slot], place: int, video: int, length: int) -> list[Slot]:
    """The slate with a control at ``place``, at most ``length`` long; the video stands in it once.

    What stood there moves one place on.
    """
    others = [slot for slot in slate if slot[0] != video]
    place = min(place, len(others))
    return [*others[:place], (video, CONTROL), *others[place:]][:length]


@dataclass(frozen=True)
class Control:
    """Controls in slates, one request after the other."""

    share: float
    """share of the places"""

    def fill(
        self, requests: Requests, slates: list[list[Slot]], view: FeedView, length: int, keep: Keep
    ) -> list[list[Slot]]:
        """The ``slates`` with their controls; ``keep`` says what passes the filters.

        A slate without any video gets none.
        """
        every = view.index.every
        if self.share <= 0.0 or len(every) == 0:
            return slates
        filled = list(slates)
        for b, stream in enumerate(requests.stream):
            wanted = controls_of(stream, self.share, length) if slates[b] else 0
            for i in range(wanted):
                drawn = [control_draw(stream, i, t, len(every)) for t in range(TRIES)]
                videos = np.asarray(every)[drawn][None]
                candidates = Candidates(videos, np.full(videos.shape, CONTROL, np.int8))
                passed = videos[keep(requests.one(b), candidates)]
                if len(passed):
                    place = control_place(stream, i, wanted, length)
                    filled[b] = put(filled[b], place, int(passed[0]), length)
        return filled
