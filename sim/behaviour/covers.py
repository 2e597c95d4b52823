"""Covers: on pages that show them people open some of the videos, and pass over the others.

A cover is opened with the odds o * e^(``cover`` * c), where c is how much it draws the eye (sd) and
o are the odds of ``covers``. A video whose cover promised more than it has appeals less to those
who opened it for that, by ``let_down``. On other surfaces nobody sees a cover. Assumptions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.core.maths import exp, log
from sim.core.random import stream, uniform
from sim.core.surfaces import SURFACES
from sim.machine.compiled import njit

__all__ = ["LANES", "SHOWS_COVERS", "find", "less", "opened"]

LANES = (("promised", np.float64),)  # 1 when the cover promised more than the video has
SHOWS_COVERS = np.array([surface.covers for surface in SURFACES], np.bool_)
"""By surface."""
_ALL = 1.0


@njit()
def opened(p: Any, cover: float, request: Any, luck: Any) -> bool:
    """Whether a cover is opened; ``request`` is the stream of the request, ``luck`` the video's."""
    share = p.browse.covers
    if share >= _ALL:
        return True
    ln_odds = log(share / (1.0 - share)) + p.browse.cover * cover
    return uniform(stream(request, luck), 0) < 1.0 / (1.0 + exp(-ln_odds))


@njit(forceinline=True)
def find(world: Any, p: Any, room: Any, k: int) -> None:
    """Whether the video was opened for its cover, and that promised too much."""
    promised = 0.0
    if SHOWS_COVERS[room.seen.surface[k]] and world.video_truth.promises[room.seen.video[k]]:
        promised = 1.0
    room.promised[k] = promised


@njit(forceinline=True)
def less(p: Any, room: Any, k: int) -> float:
    """What a promise that is not kept takes from the appeal, sd."""
    return -p.browse.let_down * room.promised[k]  # type: ignore[no-any-return]
