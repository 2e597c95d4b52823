"""The room: people side by side, a video each, and what is known of each impression.

A *lane* is one quantity for all people in the room. Lanes of the log (who watched what, for how
long, and what they did) are all that the platform gets to see; the others belong to the truth and
are declared beside the formulas that use them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from sim.machine.compiled import njit

__all__ = ["PEOPLE", "SEEN", "lanes", "round_up"]

PEOPLE = 32
"""Most people side by side, a multiple of eight: enough to keep a processor busy, few enough that
the memory they need stays in the cache near the core."""
_STEP = 8
"""Vector loops go on to a multiple of this; what they compute behind the last person is unused."""

assert PEOPLE % _STEP == 0

Lane = tuple[str, DTypeLike]


def lanes(named: Iterable[Lane]) -> np.dtype[Any]:
    """The record of some lanes: a row [PEOPLE] each, in one block of memory."""
    return np.dtype([(name, kind, (PEOPLE,)) for name, kind in named], align=True)


SEEN = lanes(
    (
        ("user", np.int64),
        ("video", np.int64),
        ("time_s", np.float64),
        ("place", np.int64),  # of the video in the slate
        ("surface", np.int64),  # where it is shown
        ("first", np.int64),  # 1 for the first impression of this video on this user
        ("watch_ms", np.int64),
        ("views", np.int64),
        ("actions", np.int64),  # bit mask of the action table
        # working memory of what learns from it
        ("signal", np.float64),
        ("expected", np.float32),  # of the signal, by the topics of the video
        ("error", np.float32),  # what was not expected
        ("strong", np.int64),  # places of those of whose things something is learnt
    )
)
"""What the platform sees of an impression."""


@njit(forceinline=True)
def round_up(n: int) -> int:
    """How far a vector loop over the first ``n`` people goes."""
    return min((n + _STEP - 1) // _STEP * _STEP, PEOPLE)
