"""Act: what a person does about a video, given how they watched it.

The odds of an action are its level, times a shape over the watch ratio, times the *warmth* of
this person for this video, which all kind actions share. A video has *traits* besides, factors on
the odds of like, comment, share, save and follow. What they have in common is how much a video
moves people to act at all, whether or not they stay for it: liked videos are commented, shared and
saved as well, but not watched to the end more often (E9). The rest is for one action alone: some
are talked about and others kept, so that these do not go together more than they do (E9).

``CHANCES`` has the formula of each click of the action table. A new action is a row there and a
formula here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from sim.behaviour.params import ActParams
from sim.behaviour.tables import look_up
from sim.core.maths import exp
from sim.core.surfaces import surface_code
from sim.machine.compiled import njit

__all__ = [
    "CHANCES", "LANES", "RARE", "block", "chance", "comment", "comment_shape", "find_shapes",
    "find_warmth", "follow", "hashtag_tap", "like", "like_shape", "may_block", "may_report",
    "may_tap_hashtags", "may_tap_parents", "may_unfollow", "may_visit", "not_interested",
    "not_interested_shape", "parent_tap", "profile_visit", "report", "save", "share", "sound_tap",
    "unfollow", "warmth",
]  # fmt: skip

_SHARED_LINK: Final = surface_code("shared_link")

LANES = (
    ("generosity", np.float64),
    ("followed", np.int64),  # whether the person follows the creator
    ("joint", np.int64),  # whether it is a duet or a stitch
    ("like_shape", np.float64),
    ("comment_shape", np.float64),
    ("warmth", np.float64),
    ("coldness", np.float64),
    # what the video has of its own: factors on the odds, 1 without traits
    ("like_trait", np.float64),
    ("comment_trait", np.float64),
    ("share_trait", np.float64),
    ("save_trait", np.float64),
    ("follow_trait", np.float64),
)


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
def find_shapes(p: Any, room: Any, k: int) -> None:
    """The shapes over the watch ratio."""
    room.like_shape[k] = like_shape(p.act, room.ratio[k])
    room.comment_shape[k] = comment_shape(p.act, room.ratio[k])


@njit(forceinline=True)
def find_warmth(p: Any, room: Any, k: int) -> None:
    """What speaks for every kind action, and for every unkind one."""
    appeal = room.appeal[k]
    room.warmth[k] = warmth(p.act, appeal, room.generosity[k], room.followed[k] != 0)
    room.coldness[k] = exp(-p.act.dislike_appeal * appeal)


@njit(forceinline=True)
def like(p: Any, room: Any, k: int) -> float:
    """Probability of a like."""
    return chance(p.act.like * room.like_trait[k], room.like_shape[k], room.warmth[k])


@njit(forceinline=True)
def comment(p: Any, room: Any, k: int) -> float:
    """Probability of a comment."""
    return chance(p.act.comment * room.comment_trait[k], room.comment_shape[k], room.warmth[k])


@njit(forceinline=True)
def share(p: Any, room: Any, k: int) -> float:
    """Probability of a share; what a contact sent is passed on more readily."""
    level = p.act.share * (p.sharing.pass_on if room.seen.surface[k] == _SHARED_LINK else 1.0)
    return chance(level * room.share_trait[k], room.like_shape[k], room.warmth[k])


@njit(forceinline=True)
def save(p: Any, room: Any, k: int) -> float:
    """Probability of a save."""
    return chance(p.act.save * room.save_trait[k], room.like_shape[k], room.warmth[k])


@njit(forceinline=True)
def follow(p: Any, room: Any, k: int) -> float:
    """Probability of starting to follow the creator; 0 for who follows already."""
    follows = chance(p.act.follow * room.follow_trait[k], room.like_shape[k], room.warmth[k])
    return follows if room.followed[k] == 0 else 0.0


@njit(forceinline=True)
def sound_tap(p: Any, room: Any, k: int) -> float:
    """Probability of opening the page of the sound."""
    return chance(p.act.sound_tap, room.like_shape[k], room.warmth[k])


@njit(forceinline=True)
def not_interested(p: Any, room: Any, k: int) -> float:
    """Probability of asking for less of this; 0 for who watched to the end."""
    return chance(p.act.not_interested, not_interested_shape(room.ratio[k]), room.coldness[k])


@njit(forceinline=True)
def report(p: Any, room: Any, k: int) -> float:
    """Probability of a report, which costs more than asking for less of this: watching shows what
    there is to report, so it does not end with the video; assumption.
    """
    return chance(p.act.report, 1.0, room.coldness[k])


@njit(forceinline=True)
def profile_visit(p: Any, room: Any, k: int) -> float:
    """Probability of opening the profile of the creator."""
    return chance(p.act.profile_visit, room.like_shape[k], room.warmth[k])


@njit(forceinline=True)
def hashtag_tap(p: Any, room: Any, k: int) -> float:
    """Probability of opening the page of a hashtag; 0 for a video without one."""
    taps = chance(p.act.hashtag_tap, room.like_shape[k], room.warmth[k])
    return taps if room.first_tag[k] >= 0 else 0.0


@njit(forceinline=True)
def block(p: Any, room: Any, k: int) -> float:
    """Probability of blocking the creator: as of a report, at a level of its own."""
    return chance(p.act.block, 1.0, room.coldness[k])


@njit(forceinline=True)
def unfollow(p: Any, room: Any, k: int) -> float:
    """Probability of no longer following the creator; 0 for who does not. Assumption: as of a
    report, at a level of its own.
    """
    stops = chance(p.act.unfollow, 1.0, room.coldness[k])
    return stops if room.followed[k] != 0 else 0.0


@njit(forceinline=True)
def parent_tap(p: Any, room: Any, k: int) -> float:
    """Probability of opening the parent; 0 for a video without one."""
    taps = chance(p.act.parent_tap, room.like_shape[k], room.warmth[k])
    return taps if room.joint[k] != 0 else 0.0


@njit(forceinline=True)
def may_tap_parents(p: Any) -> bool:
    """Whether anybody ever opens a parent."""
    return p.act.parent_tap > 0.0  # type: ignore[no-any-return]


@njit(forceinline=True)
def may_report(p: Any) -> bool:
    """Whether anybody ever reports."""
    return p.act.report > 0.0  # type: ignore[no-any-return]


@njit(forceinline=True)
def may_visit(p: Any) -> bool:
    """Whether anybody ever visits a profile."""
    return p.act.profile_visit > 0.0  # type: ignore[no-any-return]


@njit(forceinline=True)
def may_tap_hashtags(p: Any) -> bool:
    """Whether anybody ever taps a hashtag."""
    return p.act.hashtag_tap > 0.0  # type: ignore[no-any-return]


@njit(forceinline=True)
def may_block(p: Any) -> bool:
    """Whether anybody ever blocks."""
    return p.act.block > 0.0  # type: ignore[no-any-return]


@njit(forceinline=True)
def may_unfollow(p: Any) -> bool:
    """Whether anybody ever stops following."""
    return p.act.unfollow > 0.0  # type: ignore[no-any-return]


RARE: Final[Mapping[str, Callable[[Any], bool]]] = {
    "report": may_report, "profile_visit": may_visit, "hashtag_tap": may_tap_hashtags,
    "block": may_block, "unfollow": may_unfollow, "parent_tap": may_tap_parents,
}  # fmt: skip
"""Clicks that are decided only while something holds: what is off costs nothing."""

CHANCES: Final[Mapping[str, Callable[[Any, Any, int], float]]] = {
    "like": like, "comment": comment, "share": share, "save": save, "follow": follow,
    "sound_tap": sound_tap, "not_interested": not_interested, "report": report,
    "profile_visit": profile_visit, "hashtag_tap": hashtag_tap, "block": block,
    "unfollow": unfollow, "parent_tap": parent_tap,
}  # fmt: skip
"""The formula of each click: its probability, given the room."""
