"""Tastes: what a person thinks of a creator, a sound, a hashtag, whatever the video (assumption).

Each is a standard normal draw of the pair and lasts for ever: nothing has to be remembered, and who
has watched one video of a creator has shown something about the next. That is what a feed can learn
of a person beside their topics.

    appeal += creator_taste * z(creator) + sound_taste * z(sound)
              + hashtag_taste * (z(first) + z(second) + z(third)) / sqrt(3)

A place without hashtag adds nothing, so that videos with more hashtags carry more of this.

What z is keyed by does not depend on who else posts: creators by their identity, which twins share,
sounds by the post that brought them, hashtags by their id.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.core.maths import CENTRAL, central_quantile, normal_quantile
from sim.core.random import stream, uniform
from sim.core.room import round_up
from sim.machine.compiled import njit
from sim.machine.twins import side_by_side

__all__ = [
    "LANES", "creator", "draw_creator", "draw_creators", "draw_hashtags", "draw_hashtags_of_all",
    "draw_sound", "draw_sounds", "find", "find_all", "for_creators", "for_hashtags", "for_sounds",
    "hashtags", "sound", "used",
]  # fmt: skip

LANES = (
    ("tastes", np.uint64),  # stream of the person: a draw number for each thing there is
    ("author", np.int64),
    ("tune", np.int64),
    ("first_tag", np.int64),
    ("second_tag", np.int64),
    ("third_tag", np.int64),
    ("second_luck", np.float64),
    ("third_luck", np.float64),
    # of this person, standard normal; 0 while they are off, and for a hashtag that is not there
    ("creator_taste", np.float64),
    ("sound_taste", np.float64),
    ("first_taste", np.float64),
    ("second_taste", np.float64),
    ("third_taste", np.float64),
)

# things have 32 bits, so that draw numbers of one kind are none of another
_CREATOR, _SOUND, _HASHTAG = 0, 1 << 33, 2 << 33
_ROOT = 1.0 / math.sqrt(3.0)


@njit(forceinline=True)
def for_creators(frame: Any) -> bool:
    """Whether people have tastes for creators."""
    return frame.behaviour.interest.creator_taste > 0.0  # type: ignore[no-any-return]


@njit(forceinline=True)
def for_sounds(frame: Any) -> bool:
    """Whether people have tastes for sounds."""
    return frame.behaviour.interest.sound_taste > 0.0  # type: ignore[no-any-return]


@njit(forceinline=True)
def for_hashtags(frame: Any) -> bool:
    """Whether people have tastes for hashtags."""
    return frame.behaviour.interest.hashtag_taste > 0.0  # type: ignore[no-any-return]


@njit(forceinline=True)
def used(frame: Any) -> bool:
    """Whether they have any of these."""
    return for_creators(frame) or for_sounds(frame) or for_hashtags(frame)


@njit(forceinline=True)
def find(world: Any, p: Any, room: Any, k: int) -> None:
    """The person's stream, and what of the video they have tastes for; hashtags are there."""
    v, truth = room.seen.video[k], world.video_truth
    room.tastes[k] = stream(world.keys.taste, room.seen.user[k])
    room.author[k] = truth.author[v]
    room.tune[k] = truth.tune[v]


@side_by_side(find)
@njit(forceinline=True)
def find_all(world: Any, p: Any, room: Any, n: int) -> None:
    """The same from the line on which these columns lie."""
    for j in range(n):
        k = np.uint64(j)
        reel = world.reels[np.uint64(room.seen.video[k])]
        room.tastes[k] = stream(world.keys.taste, room.seen.user[k])
        room.author[k] = reel.author
        room.tune[k] = reel.tune


@njit(forceinline=True)
def _luck_of_tag(tastes: Any, tag: Any) -> float:
    """The luck of a hashtag; where there is none, that of which the quantile is 0."""
    luck = uniform(tastes, tag + _HASHTAG)
    return luck if tag >= 0 else 0.5


@njit(forceinline=True)
def _in_tail(luck: float) -> bool:
    return abs(luck - 0.5) > CENTRAL


@njit(forceinline=True)
def draw_creator(p: Any, room: Any, k: int) -> None:
    """What the person thinks of the creator."""
    room.creator_taste[k] = normal_quantile(uniform(room.tastes[k], room.author[k] + _CREATOR))


@side_by_side(draw_creator)
@njit(forceinline=True)
def draw_creators(p: Any, room: Any, n: int) -> None:
    """Tails are mended after a vector loop, as in ``interest.draw_tastes``; here and below."""
    for j in range(round_up(n)):
        k = np.uint64(j)
        room.luck[k] = uniform(room.tastes[k], room.author[k] + _CREATOR)
        room.creator_taste[k] = central_quantile(room.luck[k])
    for j in range(n):
        k = np.uint64(j)
        if _in_tail(room.luck[k]):
            room.creator_taste[k] = normal_quantile(room.luck[k])


@njit(forceinline=True)
def draw_sound(p: Any, room: Any, k: int) -> None:
    """What the person thinks of the sound."""
    room.sound_taste[k] = normal_quantile(uniform(room.tastes[k], room.tune[k] + _SOUND))


@side_by_side(draw_sound)
@njit(forceinline=True)
def draw_sounds(p: Any, room: Any, n: int) -> None:
    """The same for people side by side."""
    for j in range(round_up(n)):
        k = np.uint64(j)
        room.luck[k] = uniform(room.tastes[k], room.tune[k] + _SOUND)
        room.sound_taste[k] = central_quantile(room.luck[k])
    for j in range(n):
        k = np.uint64(j)
        if _in_tail(room.luck[k]):
            room.sound_taste[k] = normal_quantile(room.luck[k])


@njit(forceinline=True)
def draw_hashtags(p: Any, room: Any, k: int) -> None:
    """What the person thinks of each hashtag."""
    tastes = room.tastes[k]
    room.first_taste[k] = normal_quantile(_luck_of_tag(tastes, room.first_tag[k]))
    room.second_taste[k] = normal_quantile(_luck_of_tag(tastes, room.second_tag[k]))
    room.third_taste[k] = normal_quantile(_luck_of_tag(tastes, room.third_tag[k]))


@side_by_side(draw_hashtags)
@njit(forceinline=True)
def draw_hashtags_of_all(p: Any, room: Any, n: int) -> None:
    """The same for people side by side, all three in one pass."""
    for j in range(round_up(n)):
        k = np.uint64(j)
        tastes = room.tastes[k]
        room.luck[k] = _luck_of_tag(tastes, room.first_tag[k])
        room.second_luck[k] = _luck_of_tag(tastes, room.second_tag[k])
        room.third_luck[k] = _luck_of_tag(tastes, room.third_tag[k])
        room.first_taste[k] = central_quantile(room.luck[k])
        room.second_taste[k] = central_quantile(room.second_luck[k])
        room.third_taste[k] = central_quantile(room.third_luck[k])
    for j in range(n):
        k = np.uint64(j)
        if _in_tail(room.luck[k]):
            room.first_taste[k] = normal_quantile(room.luck[k])
        if _in_tail(room.second_luck[k]):
            room.second_taste[k] = normal_quantile(room.second_luck[k])
        if _in_tail(room.third_luck[k]):
            room.third_taste[k] = normal_quantile(room.third_luck[k])


@njit(forceinline=True)
def creator(p: Any, room: Any, k: int) -> float:
    """What the taste for the creator adds, sd."""
    return p.interest.creator_taste * room.creator_taste[k]  # type: ignore[no-any-return]


@njit(forceinline=True)
def sound(p: Any, room: Any, k: int) -> float:
    """What the taste for the sound adds, sd."""
    return p.interest.sound_taste * room.sound_taste[k]  # type: ignore[no-any-return]


@njit(forceinline=True)
def hashtags(p: Any, room: Any, k: int) -> float:
    """What the tastes for the hashtags add, sd."""
    total = room.first_taste[k] + room.second_taste[k] + room.third_taste[k]
    return p.interest.hashtag_taste * _ROOT * total  # type: ignore[no-any-return]
