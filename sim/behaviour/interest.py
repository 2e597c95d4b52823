"""Appeal: how much a person would like this video, whatever they then do."""

from __future__ import annotations

from sim.behaviour.params import InterestParams
from sim.core.compiled import njit

__all__ = ["appeal"]


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
