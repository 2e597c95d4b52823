"""The state arrays of one world.

Symbols for shapes: ``U`` users, ``C`` creators, ``V`` videos, ``S`` sounds, ``H`` hashtags,
``D`` topic dimensions, padded with zeros to a multiple of 16 so that products run over whole
vector registers. Times are seconds since the start of the scenario.

Truth and what the platform may know are different tables: :class:`UserTruth` and
:class:`VideoTruth` are for ``sim/behaviour`` alone, :class:`VideoListing` and
:class:`SoundListing` are public.

Tables grow during a run. They have spare rows at the end, ``count`` says how many are in use, and
growing replaces an array by a longer one with the same head. What is declared ``line="card"`` lies
on a cache line of that name too (see ``sim.machine.pack``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.machine.table import Side, Table, column, listing, number

__all__ = [
    "MAX_TAGS", "NOBODY", "TOPIC_ONE", "ContactGraph", "Creators", "FollowGraph", "Friends",
    "HashtagListing", "SoundListing", "UserAccounts", "UserTruth", "VideoListing", "VideoTruth",
    "World", "padded",
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


class UserTruth(Table, name="people", owner="user", side=Side.TRUTH):
    """What people really are. Only ``sim/behaviour`` reads it."""

    interests: I8 = column(
        np.int8, "strength of true interest in each topic; rows have norm 1", unit="1/127",
        shape=("D",), line="person",
    )  # fmt: skip
    generosity: F32 = column(
        np.float32, "how freely the person likes, comments, shares", unit="sd", line="person"
    )
    patience: F32 = column(np.float32, "how slowly the person swipes on", unit="sd", line="person")
    activity: F32 = column(np.float32, "how often the person comes", unit="sd", line="person")
    chronotype: F32 = column(
        np.float32, "shift of the daily rhythm; positive is later", unit="h", line="person"
    )


class UserAccounts(Table, name="accounts", owner="user"):
    """What a user told the platform at sign-up, and what it sees by itself."""

    locale: I8 = column(np.int8, "locale, position in the scenario's list")
    device: I8 = column(np.int8, "device, position in the scenario's list")
    declared: U64 = column(np.uint64, "bit set of the topics ticked at sign-up")
    joined_s: F64 = column(
        np.float64, "when the account was opened; 0 for who was there before the start", unit="s"
    )


class Creators(Table, name="creators", owner="creator", side=Side.TRUTH):
    """Creators: first those among the people, then accounts that only post, then probes."""

    user: I32 = column(
        np.int32,
        "the user who is this creator; NOBODY for an account that only posts",
        side=Side.LOG,
    )
    niche: I8 = column(
        np.int8, "topics that the creator posts about; norm 1", unit="1/127", shape=("D",)
    )
    skill: F32 = column(np.float32, "mean quality of the creator's videos", unit="sd")
    popularity: F32 = column(
        np.float32, "ln of the weight with which users followed before the start"
    )
    trend_uptake: F32 = column(
        np.float32, "probability that a library sound is taken from the trending ones"
    )
    posts_per_week: F32 = column(np.float32, "usual posts a week; 0 posts nothing")
    locale: I8 = column(np.int8, "locale", side=Side.LOG)
    next_post_s: F64 = column(np.float64, "time of the next upload", unit="s")
    post_number: I32 = column(np.int32, "posts so far, the first catalogue included", side=Side.LOG)
    followers: I32 = column(np.int32, "followers now", unit="users")
    followers_start: I32 = column(np.int32, "followers at the start", unit="users", side=Side.LOG)
    probe: I16 = column(np.int16, "the probe that planted the account, or NOBODY")
    twin: I8 = column(np.int8, "which twin of its probe posts here; 0 without twins")
    identity: I64 = column(
        np.int64,
        "what the luck of the account is keyed by: its id, or the probe and its number in it",
    )


class VideoTruth(Table, name="video_truth", owner="video", side=Side.TRUTH):
    """What a video really is."""

    topics: I8 = column(np.int8, "topic mix; norm 1", unit="1/127", shape=("D",), line="reel")
    main_topic: I8 = column(np.int8, "the strongest topic, the first of equal ones", line="reel")
    hold: I8 = column(np.int8, "how well the story is told to its end", unit="1/32 sd", line="reel")
    quality: F32 = column(np.float32, "quality over all posts", unit="sd", line="reel")
    hook: F32 = column(np.float32, "strength of the first seconds", unit="sd", line="reel")
    like_trait: F32 = column(
        np.float32, "factor on the odds of a like; mean 1 over videos", line="reel"
    )
    comment_trait: F32 = column(
        np.float32, "factor on the odds of a comment; mean 1 over videos", line="reel"
    )
    share_trait: F32 = column(
        np.float32, "factor on the odds of a share; mean 1 over videos", line="reel"
    )
    save_trait: F32 = column(
        np.float32, "factor on the odds of a save; mean 1 over videos", line="reel"
    )
    follow_trait: F32 = column(
        np.float32, "factor on the odds of a follow; mean 1 over videos", line="reel"
    )
    author: I32 = column(
        np.int32, "identity of the creator, mixed to 32 bits; what people think of their videos is "
        "keyed by that", line="reel",
    )  # fmt: skip
    tune: I32 = column(
        np.int32, "origin of the sound; what people think of it is keyed by that", line="reel"
    )
    polish: F32 = column(np.float32, "technical quality", unit="sd")
    authenticity: F32 = column(np.float32, "how genuine it seems", unit="sd")
    originality: F32 = column(np.float32, "how little it follows others", unit="sd")
    value: I8 = column(np.int8, "what it gives, position in VALUES of sim.scenario.craft")
    call: I8 = column(np.int8, "what it asks for, position in CALLS")
    form: I8 = column(np.int8, "how it is made, position in FORMS")
    selling: I8 = column(np.int8, "1 when it sells something")
    down_s: F64 = column(np.float64, "when it is taken down", unit="s", fill=np.inf)
    promises: I8 = column(np.int8, "1 when the cover promises more than the video has")
    probe: I16 = column(
        np.int16, "probe that planted it, or NOBODY; a ranker must not know", fill=NOBODY
    )
    probe_number: I32 = column(np.int32, "number within the probe")


class VideoListing(Table, name="videos", owner="video"):
    """What anybody can see of a video."""

    caption: I8 = column(
        np.int8, "topics as read from caption, sound and hashtags; noisy; norm 1", unit="1/127",
        shape=("D",), line="card",
    )  # fmt: skip
    uploaded_s: F64 = column(
        np.float64, "upload time; negative for the first catalogue", unit="s", line="card"
    )
    duration_s: F64 = column(np.float64, "length", unit="s", line="reel")
    sound: I32 = column(np.int32, "sound", line="card")
    tags: I32 = column(
        np.int32, "hashtags, NOBODY in unused places", shape=(MAX_TAGS,), fill=NOBODY, line="card"
    )
    creator: I32 = column(np.int32, "who posted it", line="card")
    owner: I32 = column(np.int32, "the user who is the creator, or NOBODY", line="card")
    luck: I32 = column(
        np.int32, "who posted it and which of their posts it is, mixed to 32 bits; what happens to "
        "it is keyed by that, so that one more video changes nobody else's luck", line="card",
    )  # fmt: skip
    locale: I8 = column(np.int8, "locale", line="card")
    eligible: I8 = column(
        np.int8, "1 while it may be recommended, 2 for followers and 3 for friends alone, 0 for "
        "nobody", line="card", lively=True,
    )  # fmt: skip
    parent: I32 = column(
        np.int32, "the video of which it is a duet or a stitch, or NOBODY", fill=NOBODY
    )
    joint: I8 = column(np.int8, "0, or 1 for a duet and 2 for a stitch", line="reel")
    closed: I8 = column(np.int8, "bit 0: no comments, bit 1: no duets and stitches")
    mentions: I32 = column(np.int32, "the user whom it mentions, or NOBODY", fill=NOBODY)
    cover: F32 = column(np.float32, "how much the cover draws the eye", unit="sd")
    followers_at_upload: I32 = column(
        np.int32, "followers of the creator when it was posted", unit="users"
    )


class SoundListing(Table, name="sounds", owner="sound"):
    """Sounds: a library, and one new sound for each post that brings its own."""

    topic: I16 = column(np.int16, "topic in which the sound was born")
    born_s: F64 = column(np.float64, "first use", unit="s")
    original: I8 = column(np.int8, "1 when it was created with a video, 0 for a library sound")
    uses: I32 = column(np.int32, "videos that carry it")
    origin: I32 = column(
        np.int32, "who used it first and with which of their posts, mixed to 32 bits; other than "
        "its id it stays the same when one more post brings a sound"
    )  # fmt: skip
    momentum: F32 = column(np.float32, "decayed number of recent uses and views")
    rise: F32 = column(np.float32, "how much momentum grew up to the last look")
    seen_uses: I32 = column(np.int32, "uses at the last look")
    life_s: F64 = column(np.float64, "age at which it draws half", unit="s", fill=np.inf)
    pull: F32 = column(np.float32, "factor on how much it draws", fill=1.0)
    peak: I32 = column(np.int32, "most new uses between two looks")
    peak_s: F64 = column(np.float64, "when that was", unit="s", fill=np.nan)
    trended_s: F64 = column(np.float64, "first look at which it trended", unit="s", fill=np.nan)
    until_s: F64 = column(np.float64, "last look at which it trended", unit="s", fill=np.nan)
    looks: I32 = column(np.int32, "looks at which it trended")
    trending: I32 = listing(np.int32, "sounds that trend by the last look, best first")
    draws: F64 = listing(np.float64, "how much they draw, added up")
    recent: I32 = listing(np.int32, "ring of the library sounds of the latest posts that took one")
    recent_pushed: int = number(
        "library-sound posts so far; the ring's next place is this modulo its length"
    )


class HashtagListing(Table, name="hashtags", owner="hashtag"):
    """Hashtags: some for each topic, and one for each challenge, by its birth."""

    topic: I16 = column(np.int16, "topic")
    born_s: F64 = column(np.float64, "when a challenge begins; -inf for a topic's", unit="s")
    challenge: I8 = column(np.int8, "1 for that of a challenge")
    uses: I32 = column(np.int32, "videos that carry it")
    momentum: F32 = column(np.float32, "decayed number of recent uses and views")
    rise: F32 = column(np.float32, "how much momentum grew up to the last look")
    seen_uses: I32 = column(np.int32, "uses at the last look")
    life_s: F64 = column(np.float64, "age at which it draws half", unit="s", fill=np.inf)
    pull: F32 = column(np.float32, "factor on how much it draws", fill=1.0)
    peak: I32 = column(np.int32, "most new uses between two looks")
    peak_s: F64 = column(np.float64, "when that was", unit="s", fill=np.nan)
    trended_s: F64 = column(np.float64, "first look at which it trended", unit="s", fill=np.nan)
    until_s: F64 = column(np.float64, "last look at which it trended", unit="s", fill=np.nan)
    looks: I32 = column(np.int32, "looks at which it trended")
    trending: I32 = listing(np.int32, "challenges that trend by the last look, best first")
    draws: F64 = listing(np.float64, "how much they draw, added up")


class FollowGraph(Table, name="graph", owner="user", fixed=True):
    """Follows at the start, in compressed rows; later ones are appended by the engine."""

    start: I64 = listing(np.int64, "[U + 1] first position of each user's row in ``creator``")
    creator: I32 = listing(np.int32, "[E] creators followed, in the order of following")


class ContactGraph(Table, name="contacts", owner="user", side=Side.TRUTH, fixed=True):
    """Whom people know well enough to send a link to: mutual ties in compressed rows."""

    start: I64 = listing(np.int64, "[U + 1] first position of each user's row in ``contact``")
    contact: I32 = listing(np.int32, "[E] contacts, rising within a row; a tie stands in two rows")


class Friends(Table, name="friends", owner="user", side=Side.LOG, fixed=True):
    """Whose videos the surface Friends lists, in compressed rows, and what can be searched for."""

    start: I64 = listing(np.int64, "[U + 1] first position of each user's row in ``creator``")
    creator: I32 = listing(np.int32, "[E] accounts of friends, rising within a row")
    tag: I32 = listing(np.int32, "[topics + 1] first hashtag of each topic")


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
    hashtags: HashtagListing
    follows: FollowGraph
    utc_offset_s: F64
    """utc_offset_s [L] of each locale"""
    categories: tuple[str, ...]
    """names of the topics"""
    probe_names: tuple[str, ...]
    twin_labels: tuple[tuple[str, ...], ...]
    """words for the twins of each probe"""
