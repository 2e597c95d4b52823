"""The state arrays of one world.

Symbols for shapes: ``U`` users, ``C`` creators, ``V`` videos, ``S`` sounds, ``H`` hashtags,
``D`` topic dimensions, padded with zeros to a multiple of 16 so that products run over whole
vector registers. Times are seconds since the start of the scenario.

Truth and what the platform may know are different types: :class:`UserTruth` and
:class:`VideoTruth` are for ``sim/behaviour`` alone, :class:`VideoListing` and
:class:`SoundListing` are public.

Videos, sounds and creators grow during a run. Their arrays have spare rows at the end, ``count``
says how many are in use, and growing replaces an array by a longer one with the same head.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MAX_TAGS", "NOBODY", "TOPIC_ONE", "Creators", "FollowGraph", "SoundListing", "UserAccounts",
    "UserTruth", "VideoListing", "VideoTruth", "World", "grow", "padded",
]  # fmt: skip

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I8 = NDArray[np.int8]
I16 = NDArray[np.int16]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]

NOBODY = -1
"""Sentinel: no user, no video, no sound, no hashtag."""
MAX_TAGS = 3
"""Hashtags a video can carry."""
TOPIC_ONE = 127
"""A strength of 1 in a row of topics: these rows are whole numbers of one byte each.

Sums of their products are exact, whatever the order, and 16 topics take 16 bytes. A cosine is
right to about 0.01.
"""


def padded(topics: int) -> int:
    """Length of a row of topics in memory: ``topics`` rounded up to a multiple of 16."""
    return -(-topics // 16) * 16


@dataclass(frozen=True)
class UserTruth:
    """What people really are. Only ``sim/behaviour`` and the engines read it."""

    interests: I8
    """interests [U, D] strength of true interest in each topic, in 1/127; rows have norm 1"""
    generosity: F32
    """generosity [U] how freely the user likes, comments, shares; standard normal"""
    patience: F32
    """patience [U] how slowly the user swipes on; standard normal"""
    activity: F32
    """activity [U] how often the user comes; standard normal"""
    chronotype: F32
    """chronotype [U] shift of the daily rhythm, hours; positive is later"""


@dataclass(frozen=True)
class UserAccounts:
    """What a user told the platform at sign-up."""

    locale: I8
    """locale [U] locale, position in the scenario's list"""
    declared: U64
    """declared [U] bit set of the topics ticked at sign-up"""


@dataclass
class Creators:
    """Creators. Creator c < users is user c; later rows are accounts planted by probes."""

    count: int
    user: I32
    """user [C] the user who is this creator; NOBODY for a planted account"""
    niche: I8
    """niche [C, D] topics that the creator posts about, in 1/127; norm 1 (truth)"""
    skill: F32
    """skill [C] mean quality of the creator's videos, standard normal (truth)"""
    popularity: F32
    """popularity [C] ln of the weight with which users followed before the start"""
    trend_uptake: F32
    """trend_uptake [C] probability that a library sound is taken from the trending ones"""
    posts_per_week: F32
    """posts_per_week [C] usual posts a week; 0 posts nothing"""
    locale: I8
    """locale [C]"""
    next_post_s: F64
    """next_post_s [C] time of the next upload"""
    post_number: I32
    """post_number [C] posts so far, the first catalogue included"""
    followers: I32
    """followers [C] followers now"""
    followers_start: I32
    """followers_start [C] followers at the start"""
    probe: I16
    """probe [C] the probe that planted the account, or NOBODY"""


@dataclass
class VideoTruth:
    """What a video really is."""

    topics: I8
    """topics [V, D] topic mix, in 1/127; norm 1"""
    quality: F32
    """quality [V] standard normal over all posts"""
    hook: F32
    """hook [V] strength of the first seconds, standard normal"""
    probe: I16
    """probe [V] probe that planted it, or NOBODY; a ranker must not know"""
    probe_number: I32
    """probe_number [V] number within the probe"""


@dataclass
class VideoListing:
    """What anybody can see of a video."""

    count: int
    creator: I32
    """creator [V]"""
    uploaded_s: F64
    """uploaded_s [V] upload time, s; negative for the first catalogue"""
    duration_s: F64
    """duration_s [V] length, s"""
    sound: I32
    """sound [V]"""
    tags: I32
    """tags [V, 3] hashtags, NOBODY in unused places"""
    caption: I8
    """caption [V, D] topics as read from caption, sound and hashtags, in 1/127; noisy; norm 1"""
    locale: I8
    """locale [V]"""
    eligible: I8
    """eligible [V] 1 while it may be recommended"""
    followers_at_upload: I32
    """followers_at_upload [V] followers of the creator when it was posted"""


@dataclass
class SoundListing:
    """Sounds: a library, and one new sound for each post that brings its own."""

    count: int
    topic: I16
    """topic [S] topic in which the sound was born"""
    born_s: F64
    """born_s [S] first use, s"""
    original: I8
    """original [S] 1 when it was created with a video, 0 for a library sound"""
    uses: I32
    """uses [S] videos that carry it"""
    momentum: F32
    """momentum [S] decayed number of recent uses and plays"""
    trending: I32
    """trending [T] sounds with the highest momentum at the last look, best first"""
    recent: I32
    """recent [R] ring of the library sounds of the latest posts that took one"""
    recent_pushed: int
    """library-sound posts so far; the ring's next place is this modulo R"""


@dataclass
class FollowGraph:
    """Follows at the start, in compressed rows; later ones are appended by the engine."""

    start: I64
    """start [U + 1] first position of each user's row in ``creator``"""
    creator: I32
    """creator [E] creators followed, in the order of following"""


@dataclass
class World:
    """One simulated platform before and while it runs."""

    users: int
    topics: int
    truth: UserTruth
    accounts: UserAccounts
    creators: Creators
    video_truth: VideoTruth
    videos: VideoListing
    sounds: SoundListing
    follows: FollowGraph
    utc_offset_s: F64
    """utc_offset_s [L] of each locale"""
    probe_names: tuple[str, ...]


_NOT_ROWS = frozenset({"count", "trending", "recent", "recent_pushed"})


def grow(table: Any, rows: int) -> None:
    """Make room for at least ``rows`` rows in every array of ``table`` (in place).

    Only arrays with one row per entity are replaced; ``trending`` and ``recent`` of sounds are
    lists of their own and stay.
    """
    for field in fields(table):
        array = getattr(table, field.name)
        if field.name in _NOT_ROWS or len(array) >= rows:
            continue
        size = max(rows, len(array) + len(array) // 2 + 64)
        longer = np.zeros((size, *array.shape[1:]), array.dtype)
        longer[: len(array)] = array
        setattr(table, field.name, longer)
