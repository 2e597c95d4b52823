"""Appeal: how much a person would like this video, whatever they then do.

Appeal is a sum, about standard normal over an ordinary feed; its parts are listed in
``sim.engine.moments``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.behaviour.draws import TASTE
from sim.core import formulas
from sim.core.maths import CENTRAL, central_quantile, normal_quantile
from sim.core.random import normal, uniform
from sim.core.room import round_up
from sim.machine.compiled import compiled, njit
from sim.machine.lanes import dot
from sim.machine.twins import side_by_side
from sim.world.state import TOPIC_ONE

__all__ = [
    "LANES", "cosine", "draw_taste", "draw_tastes", "locale", "match", "quality", "taste",
]  # fmt: skip

_PER_ONE = 1.0 / (TOPIC_ONE * TOPIC_ONE)
_dot: Any = dot

_match = compiled(formulas.match)
_quality = compiled(formulas.quality)
_taste = compiled(formulas.taste)

LANES = (
    ("affinity", np.float64),  # cosine of true interests and topic mix
    ("quality", np.float64),
    ("same_locale", np.int64),
    ("pair", np.uint64),  # stream of the person and the video: what lasts when they meet again
    ("luck", np.float64),
    ("taste", np.float64),  # of this person for this video, standard normal
    ("appeal", np.float64),  # sum of the parts, sd
)


@njit(forceinline=True)
def cosine(interests: Any, u: int, topics: Any, v: int, dims: int) -> float:
    """Cosine in [0, 1.02] of row ``u`` of ``interests`` and row ``v`` of ``topics``.

    Both are int8 [.., at least ``dims``] in 1/127, ``dims`` a multiple of 16.
    """
    return float(_dot(interests, u, topics, v, dims)) * _PER_ONE


@njit(forceinline=True)
def draw_taste(p: Any, room: Any, k: int) -> None:
    """The fixed taste of this person for this video, a draw of the pair."""
    room.taste[k] = normal(room.pair[k], TASTE)


@side_by_side(draw_taste)
@njit(forceinline=True)
def draw_tastes(p: Any, room: Any, n: int) -> None:
    """Quantiles in the tails are rare, and mended after a vector loop over the others."""
    for j in range(round_up(n)):
        k = np.uint64(j)
        room.luck[k] = uniform(room.pair[k], TASTE)
        room.taste[k] = central_quantile(room.luck[k])
    for j in range(n):
        k = np.uint64(j)
        if abs(room.luck[k] - 0.5) > CENTRAL:
            room.taste[k] = normal_quantile(room.luck[k])


@njit(forceinline=True)
def match(p: Any, room: Any, k: int) -> float:
    """What the match of interests and topics adds, sd."""
    return _match(p.interest, room.affinity[k])


@njit(forceinline=True)
def quality(p: Any, room: Any, k: int) -> float:
    """What the quality of the video adds, sd."""
    return _quality(p.interest, room.quality[k])


@njit(forceinline=True)
def taste(p: Any, room: Any, k: int) -> float:
    """What the fixed taste of the pair adds, sd."""
    return _taste(p.interest, room.taste[k])


@njit(forceinline=True)
def locale(p: Any, room: Any, k: int) -> float:
    """What a video from elsewhere loses, sd."""
    return 0.0 if room.same_locale[k] != 0 else -p.interest.locale_gap
