"""Act: what a person does about a video, given how they watched it.

The odds of an action are its level, times a shape over the watch ratio, times the *warmth* of
this person for this video, which all kind actions share: that is why they go together (E9).
``like_probability`` and its sisters are for one action at a time; ``reaction`` computes shapes and
warmth once and calls ``chance`` with the same numbers in the same order.
"""

from __future__ import annotations

from sim.behaviour.params import ActParams
from sim.behaviour.tables import look_up
from sim.core.maths import exp
from sim.machine.compiled import njit

__all__ = [
    "chance",
    "comment_probability",
    "comment_shape",
    "follow_probability",
    "like_probability",
    "like_shape",
    "not_interested_probability",
    "not_interested_shape",
    "save_probability",
    "share_probability",
    "sound_tap_probability",
    "warmth",
]


@njit(forceinline=True)
def warmth(p: ActParams, appeal: float, generosity: float, followed: bool) -> float:
    """Factor on the odds of every kind action: appeal (sd), generosity (standard normal)."""
    value = exp(p.appeal * appeal + p.generosity_spread * generosity)
    if followed:
        value *= p.followed
    return value


@njit(forceinline=True)
def chance(level: float, shape: float, warm: float) -> float:
    """Probability in [0, 1) from odds."""
    odds = level * shape * warm
    return odds / (1.0 + odds)


@njit(forceinline=True)
def like_shape(p: ActParams, watch_ratio: float) -> float:
    """Factor on the odds of like, share, save, follow and sound tap by watch ratio."""
    return look_up(p.like_shape, watch_ratio)


@njit(forceinline=True)
def comment_shape(p: ActParams, watch_ratio: float) -> float:
    """Factor on the odds of comment by watch ratio."""
    return look_up(p.comment_shape, watch_ratio)


@njit(forceinline=True)
def not_interested_shape(watch_ratio: float) -> float:
    """Factor on the odds of not interested: falls to 0 at the end of the video; assumption."""
    return max(0.0, 1.0 - watch_ratio)


@njit(forceinline=True)
def like_probability(
    p: ActParams, watch_ratio: float, appeal: float, generosity: float, followed: bool
) -> float:
    """Probability of a like."""
    return chance(p.like, like_shape(p, watch_ratio), warmth(p, appeal, generosity, followed))


@njit(forceinline=True)
def comment_probability(
    p: ActParams, watch_ratio: float, appeal: float, generosity: float, followed: bool
) -> float:
    """Probability of a comment."""
    return chance(p.comment, comment_shape(p, watch_ratio), warmth(p, appeal, generosity, followed))


@njit(forceinline=True)
def share_probability(
    p: ActParams, watch_ratio: float, appeal: float, generosity: float, followed: bool
) -> float:
    """Probability of a share."""
    return chance(p.share, like_shape(p, watch_ratio), warmth(p, appeal, generosity, followed))


@njit(forceinline=True)
def save_probability(
    p: ActParams, watch_ratio: float, appeal: float, generosity: float, followed: bool
) -> float:
    """Probability of a save."""
    return chance(p.save, like_shape(p, watch_ratio), warmth(p, appeal, generosity, followed))


@njit(forceinline=True)
def follow_probability(
    p: ActParams, watch_ratio: float, appeal: float, generosity: float, followed: bool
) -> float:
    """Probability of starting to follow the creator; 0 for who follows already."""
    if followed:
        return 0.0
    return chance(p.follow, like_shape(p, watch_ratio), warmth(p, appeal, generosity, followed))


@njit(forceinline=True)
def sound_tap_probability(
    p: ActParams, watch_ratio: float, appeal: float, generosity: float, followed: bool
) -> float:
    """Probability of opening the page of the sound."""
    return chance(p.sound_tap, like_shape(p, watch_ratio), warmth(p, appeal, generosity, followed))


@njit(forceinline=True)
def not_interested_probability(p: ActParams, watch_ratio: float, appeal: float) -> float:
    """Probability of asking for less of this."""
    return chance(
        p.not_interested, not_interested_shape(watch_ratio), exp(-p.dislike_appeal * appeal)
    )
