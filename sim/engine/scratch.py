"""Working memory of a thread: what the requests under way need until their slates are made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.room import PEOPLE
from sim.feed.belief import Taste, new_taste
from sim.feed.retrieve import RUN
from sim.feed.spaced import GROUP, room_for_tops
from sim.scenario.feed import SOURCES
from sim.world.state import NOBODY

__all__ = ["AHEAD", "ASKED", "WORTH", "new_scratch"]

ASKED = np.dtype(
    [
        ("user", np.int64),
        ("time_s", np.float64),
        ("stream", np.uint64),
        ("surface", np.int64),
        ("subject", np.int64),  # what its page is about, or NOBODY
        ("candidates", np.int64),  # found so far, without duplicates
    ],
    align=True,
)
"""A request between its two halves (see ``sim.engine.slate``)."""


WORTH = np.dtype([("base", np.float32), ("lift", np.float32)])
"""What the score is made of: base + affinity * lift."""

AHEAD = 12
"""How many candidates ahead a card is fetched from the second cache into the first."""


def new_scratch(candidates: int, slate: int, dims: int) -> Iterator[tuple[str, NDArray[Any]]]:
    """(name in the frame, array) for requests of this size and rows of ``dims`` topics.

    Requests under way have a row each of the first four.
    """
    taste: Taste = new_taste(dims)
    yield "asked", np.zeros(PEOPLE, ASKED)
    yield "ids", np.zeros((PEOPLE, candidates + AHEAD), np.int32)  # candidates
    yield "codes", np.zeros((PEOPLE, candidates + RUN), np.int8)  # the source of each
    # where to look first for a candidate among those that the user has seen
    yield "groups", np.zeros((PEOPLE, candidates), np.int32)
    yield "pointed", np.zeros(len(SOURCES), np.int64)  # places that each source used
    # candidates in order of score (see ``sim.feed.spaced``)
    yield "scores_of.keys", np.zeros(candidates + GROUP, np.int64)
    yield "scores_of.tops", np.zeros(room_for_tops(candidates), np.int64)
    # what a candidate and the user have in common (see ``Taste``), and what that is worth
    yield "scores_of.sum", np.zeros(candidates, np.int32)
    yield "scores_of.worth", np.zeros(candidates, WORTH)
    yield "kept", np.zeros(candidates, np.int64)  # candidates for the kept slots
    yield "chosen", np.zeros(slate, np.int64)
    yield "slate_creators", np.full(slate + GROUP, NOBODY, np.int32)
    yield "taste.profile", taste.profile
    yield "taste.weights", taste.weights
