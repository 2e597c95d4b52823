"""Appeal: how much a person would like this video, whatever they then do."""

from __future__ import annotations

from sim.behaviour.params import InterestParams
from sim.machine.compiled import njit
from sim.machine.lanes import dot
from sim.world.state import TOPIC_ONE

__all__ = ["appeal", "cosine"]

_PER_ONE = 1.0 / (TOPIC_ONE * TOPIC_ONE)


@njit(forceinline=True)
def cosine(interests, u, topics, v, dims):  # type: ignore[no-untyped-def]
    """Cosine in [0, 1.02] of row ``u`` of ``interests`` and row ``v`` of ``topics``.

    Both are int8 [.., at least ``dims``] in 1/127, ``dims`` a multiple of 16.
    """
    return float(dot(interests, u, topics, v, dims)) * _PER_ONE  # type: ignore[no-untyped-call]


@njit(forceinline=True)
def appeal(
    p: InterestParams, affinity: float, quality: float, taste: float, same_locale: bool
) -> float:
    """Appeal of one video to one person, sd: about standard normal over an ordinary feed.

    ``affinity`` is the cosine in [0, 1] of true interests and topic mix; ``quality`` belongs to
    the video and ``taste`` to the pair, both standard normal.
    """
    value = p.affinity * (affinity - p.affinity_center) + p.quality * quality + p.taste * taste
    if not same_locale:
        value -= p.locale_gap
    return value
