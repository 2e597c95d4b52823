"""Every column of every table in a run folder, with its type, unit and meaning.

The writers, the reference documentation and the tests are all made from these rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from sim.core.actions import ACTIONS
from sim.core.counts import PARTS
from sim.core.sources import SOURCE_NAMES
from sim.core.surfaces import SURFACE_NAMES, SURFACES

__all__ = [
    "BY_PART",
    "BY_SURFACE",
    "BY_SURFACE_SHORT",
    "CONTROL",
    "CREATORS",
    "EVENTS",
    "HASHTAGS",
    "NEWCOMERS",
    "OPTIONAL",
    "PATHS",
    "PROBES",
    "REACTIONS",
    "SHARES",
    "SOUNDS",
    "SOURCE_NAMES",
    "SURFACE_NAMES",
    "TABLES",
    "TIMELINE",
    "TRENDS",
    "USERS",
    "VIDEOS",
    "Column",
]

DType = Literal[
    "int64", "int32", "int16", "int8", "float64", "float32", "bool", "string", "category"
]


@dataclass(frozen=True)
class Column:
    """One documented column."""

    name: str
    dtype: DType
    unit: str
    meaning: str


def _counters() -> tuple[Column, ...]:
    rows = [
        Column("impressions", "int64", "count", "times put on a screen"),
        Column("views", "int64", "count", "plays that started; each replay of a loop is one more"),
        Column("watch_s", "float64", "s", "seconds watched, loops included"),
    ]
    rows += [
        Column(a.plural, "int64", "count", f"impressions on which the user {a.meaning}")
        for a in ACTIONS
    ]
    return tuple(rows)


COUNTERS: Final = _counters()
BY_SURFACE: Final = tuple(
    Column(f"impressions_{surface.name}", "int64", "count", f"impressions on {surface.label}")
    for surface in SURFACES
)
_PART_LABELS: Final = (
    *(f"on {surface.label}" for surface in SURFACES),
    "by people who followed the creator, on any surface",
)
_PART_UNITS: Final = (
    ("impressions", "count", "impressions"),
    ("views", "count", "plays that started"),
    ("reach", "users", "users whose first impression of the video was one"),
)
BY_PART: Final = tuple(
    Column(f"{count}_{part}", "int64", unit, f"{meaning} {label}")
    for count, unit, meaning in _PART_UNITS
    for part, label in zip(PARTS, _PART_LABELS, strict=True)
)
_PART: Final = {column.name: column for column in BY_PART}
BY_SURFACE_SHORT: Final = (
    *BY_SURFACE,
    _PART["reach_for_you"],
    _PART["impressions_followers"],
    _PART["reach_followers"],
)
"""Those of a snapshot."""
_REACH: Final = Column("reach", "int64", "users", "different users with at least one view")

VIDEOS: Final = (
    Column("video", "int32", "id", "video"),
    Column("creator", "int32", "id", "creator who posted it"),
    Column(
        "uploaded_s",
        "float64",
        "s",
        "upload time since the start; negative for the first catalogue",
    ),
    Column("duration_s", "float64", "s", "length of the video"),
    Column("sound", "int32", "id", "sound"),
    Column("original_sound", "bool", "", "the sound was created with this video"),
    Column("topic", "int16", "id", "strongest topic of the video"),
    Column("category", "category", "", "name of that topic"),
    Column("followers_at_upload", "int32", "users", "followers of the creator when it was posted"),
    Column(
        "quality", "float32", "sd", "hidden quality (truth), standard normal over creators' posts"
    ),
    Column("hook", "float32", "sd", "hidden strength of the first seconds (truth)"),
    Column("hold", "float32", "sd", "how well the story is told to its end (truth)"),
    Column("polish", "float32", "sd", "technical quality (truth)"),
    Column("authenticity", "float32", "sd", "how genuine it seems (truth)"),
    Column("originality", "float32", "sd", "how little it follows others (truth)"),
    Column("value", "category", "", "entertains, teaches or inspires (truth)"),
    Column("call", "category", "", "what it asks for: none, question, poll or sticker"),
    Column("form", "category", "", "plain, photo, effects or voice_over"),
    Column("selling", "bool", "", "sells something (truth)"),
    Column("cover", "float32", "sd", "how much the cover draws the eye"),
    Column("promises", "bool", "", "the cover promises more than the video has (truth)"),
    Column("challenge", "int32", "id", "hashtag of the challenge that it joins, or -1"),
    Column("joint", "category", "", "none, duet or stitch"),
    Column("parent", "int32", "id", "video of which it is a duet or a stitch, or -1"),
    Column("audience", "category", "", "everybody, followers, friends or nobody, at the end"),
    *COUNTERS[:2],
    _REACH,
    *COUNTERS[2:],
    *BY_PART,
    Column("pool", "int8", "level", "highest cold-start pool entered; 0 when never in a pool"),
    Column(
        "pool_state",
        "category",
        "",
        "waiting in a pool, promoted through the last, stopped, or none",
    ),
    Column("probe", "category", "", "name of the probe that it belongs to, or empty"),
)

CREATORS: Final = (
    Column("creator", "int32", "id", "creator"),
    Column("user", "int32", "id", "user who is this creator; -1 for an account planted by a probe"),
    Column("niche", "int16", "id", "strongest topic of the creator"),
    Column("category", "category", "", "name of that topic"),
    Column("followers_start", "int32", "users", "followers at the start"),
    Column("followers_end", "int32", "users", "followers at the end"),
    Column("posts", "int32", "count", "videos posted during the run"),
    *COUNTERS[:2],
    *COUNTERS[2:],
    Column("probe", "category", "", "name of the probe that planted it, or empty"),
)

USERS: Final = (
    Column("user", "int32", "id", "user"),
    Column("creator", "bool", "", "also posts videos"),
    Column("locale", "int8", "id", "locale"),
    Column("device", "int8", "id", "device"),
    Column("joined_s", "float64", "s", "when the user joined; 0 for who was there from the start"),
    Column("arm", "int8", "id", "arm of perturbed weights; 0 for all without perturbation"),
    Column("sessions", "int32", "count", "sessions started"),
    Column("active_days", "int32", "days", "days with at least one session"),
    Column(
        "came",
        "int64",
        "bits",
        "bit d: a session began in the d-th 24 h after the account was opened, or after the start; "
        "days from 63 on are not looked at",
    ),
    Column(
        "gone",
        "int8",
        "",
        "at the end: 0 comes, 1 is on a long pause, 2 has left for good (truth)",
    ),
    Column("follows_start", "int32", "creators", "creators followed at the start"),
    Column("follows_end", "int32", "creators", "creators followed at the end"),
    Column(
        "belief_cosine",
        "float32",
        "cosine",
        "of what the feed believes that the user likes, at the end, and the interests (truth)",
    ),
    *COUNTERS,
)

TIMELINE: Final = (
    Column("time_s", "float64", "s", "start of the time bin"),
    Column("surface", "category", "", "where the impression happened"),
    Column("source", "category", "", "where the candidate came from"),
    *COUNTERS,
)

PATHS: Final = (
    Column("time_s", "float64", "s", "time of the snapshot; counts are those just before it"),
    Column(
        "video", "int32", "id", "video; probes, and the first ordinary uploads after the warm-up"
    ),
    Column("age_s", "float64", "s", "time since upload"),
    Column("impressions", "int64", "count", "times put on a screen so far"),
    Column("views", "int64", "count", "plays that started so far"),
    Column("reach", "int64", "users", "different users so far"),
    Column("likes", "int64", "count", "likes so far"),
    *BY_SURFACE_SHORT,
    Column("pool", "int8", "level", "cold-start pool at that time"),
    Column("probe", "category", "", "name of the probe, or empty for an ordinary upload"),
)

PROBES: Final = (
    Column("probe", "category", "", "name of the probe"),
    Column("number", "int32", "id", "number within the probe, from 0"),
    Column("pair", "int32", "id", "number of the video, which twins share"),
    Column("twin", "category", "", "value of the attribute in which twins differ, or empty"),
    *VIDEOS[:-1],
    Column("reach_share", "float64", "share", "reach / users"),
    Column("viral", "bool", "", "met what counts as viral in the scenario"),
    Column("viral_for_you", "bool", "", "met it by For You alone"),
    Column("viral_strangers", "bool", "", "met it by people alone who did not follow the creator"),
    Column(
        "time_to_viral_s",
        "float64",
        "s",
        "from upload to the first snapshot at which it was viral; null if never",
    ),
)

EVENTS: Final = (
    Column("time_s", "float64", "s", "start of the play"),
    Column("user", "int32", "id", "user"),
    Column("video", "int32", "id", "video"),
    Column("surface", "int8", "code", "position in SURFACE_NAMES"),
    Column("source", "int8", "code", "position in SOURCE_NAMES"),
    Column("pool", "int8", "level", "cold-start pool of the video when the slate was made"),
    Column(
        "chance",
        "float64",
        "probability",
        "with which chance named this video for this place, before filters: in controls, and in "
        "places kept for videos in pools when their audience is even; null elsewhere",
    ),
    Column("watch_s", "float64", "s", "seconds watched, a whole number of milliseconds"),
    Column("views", "int16", "count", "plays that started"),
    *(Column(a.name, "bool", "", f"the user {a.meaning}") for a in ACTIONS),
)

CONTROL: Final = (
    Column(
        "seen_from",
        "int32",
        "videos",
        "videos that the people were shown before, at least; the next stage has more",
    ),
    Column("kind", "category", "", "what filled the place: control, ranked or test"),
    *COUNTERS,
    Column(
        "match",
        "float64",
        "cosine",
        "sum over these impressions of the match of true interests and topics (truth)",
    ),
)

REGRET: Final = (
    Column("by", "category", "", "what the row is about: person, by videos seen, or video, by age"),
    Column("from", "float64", "videos or s", "videos seen before, or age of the video, at least"),
    Column("places", "int64", "places", "ranked places of slates that an oracle was shown"),
    Column("shown", "float64", "score", "what they are worth by the truth, summed"),
    Column("best", "float64", "score", "what the best of the candidates would be worth there"),
    Column("random", "float64", "score", "what candidates drawn by chance would be worth there"),
)

SHARES: Final = (
    Column("share", "int64", "id", "link, increasing in the order of sending"),
    Column("video", "int32", "id", "video"),
    Column("sender", "int32", "id", "user who sent it"),
    Column("receiver", "int32", "id", "user to whom it was sent, a contact of the sender"),
    Column("sent_s", "float64", "s", "time of sending"),
    Column("due_s", "float64", "s", "time at which it lies in the receiver's inbox"),
    Column("opened_s", "float64", "s", "time of opening; null if it was not opened"),
    Column(
        "parent",
        "int64",
        "id",
        "link through which the sender got the video; null if the sender found it elsewhere",
    ),
)

_RATES: Final = (
    ("completed", "share", "impressions watched to the end"),
    ("skipped", "share", "impressions swiped away within 3 seconds"),
    ("liked", "share", "impressions with a like"),
    ("watch_s", "s", "mean time watched"),
    ("match", "cosine", "mean match of true interests and topics (truth)"),
)
NEWCOMERS: Final = (
    Column("ticked", "bool", "", "ticked interests at sign-up"),
    Column("from", "int32", "videos", "first video of the part, by number in the person's life"),
    Column("to", "int32", "videos", "last video of the part"),
    Column("people", "int64", "users", "people who were shown any of these videos"),
    Column("impressions", "int64", "count", "times one of these was put on a screen"),
    *(
        column
        for name, unit, meaning in _RATES
        for column in (
            Column(name, "float64", unit, f"{meaning}; null without impressions"),
            Column(
                f"{name}_se", "float64", unit,
                "its standard error, people taken as independent; null with fewer than two",
            ),
        )
    ),
)  # fmt: skip

_TRENDED: Final = (
    Column("momentum", "float32", "uses", "decayed number of recent uses and views, at the end"),
    Column("peak", "int32", "count", "most videos between two looks, an hour apart as a rule"),
    Column("peak_s", "float64", "s", "when that was; null if it was never looked at in use"),
    Column("trended_s", "float64", "s", "first look at which it was listed; null if never"),
    Column("until_s", "float64", "s", "last look at which it was listed; null if never"),
    Column("looks", "int32", "count", "looks at which it was listed"),
)
SOUNDS: Final = (
    Column("sound", "int32", "id", "sound; those of one video that never trended are left out"),
    Column("category", "category", "", "topic in which it was born"),
    Column("original", "bool", "", "created with a video; else from the library"),
    Column("born_s", "float64", "s", "first use; negative before the start"),
    Column("uses", "int32", "count", "videos that carry it"),
    Column("views", "int64", "count", "views of those videos"),
    *_TRENDED,
)
HASHTAGS: Final = (
    Column("hashtag", "int32", "id", "hashtag"),
    Column("category", "category", "", "topic to which it belongs"),
    Column("challenge", "bool", "", "that of a challenge; else one of the topic"),
    Column("born_s", "float64", "s", "when a challenge began; null for one of the topic"),
    Column("life_s", "float64", "s", "age at which a challenge draws half (truth); null likewise"),
    Column("uses", "int32", "count", "videos that carry it"),
    Column("views", "int64", "count", "views of those videos"),
    *_TRENDED,
)
REACTIONS: Final = (
    Column("time_s", "float64", "s", "when the creator looked back at a post"),
    Column("creator", "int32", "id", "creator"),
    Column("video", "int32", "id", "the post"),
    Column("views", "int64", "count", "views that it had then"),
    Column("usual_views", "float64", "count", "views that the creator was used to (truth)"),
    Column("did", "category", "", "paused, went away, quit, or shifted to the topic of the post"),
    Column("until_s", "float64", "s", "until when the creator posts nothing; null for good"),
)

TRENDS: Final = (
    Column("time_s", "float64", "s", "time of the look"),
    Column("kind", "category", "", "sound or hashtag"),
    Column("number", "int32", "id", "which one"),
    Column("rank", "int32", "", "place on the list, from 1"),
    Column("uses", "int64", "count", "new videos since the look before"),
    Column("views", "int64", "count", "new views since then"),
    Column("momentum", "float64", "uses", "decayed number of recent uses and views"),
)

TABLES: Final[dict[str, tuple[Column, ...]]] = {
    "videos": VIDEOS,
    "creators": CREATORS,
    "users": USERS,
    "timeline": TIMELINE,
    "paths": PATHS,
    "probes": PROBES,
    "control": CONTROL,
    "regret": REGRET,
    "events": EVENTS,
    "shares": SHARES,
    "newcomers": NEWCOMERS,
    "reactions": REACTIONS,
    "sounds": SOUNDS,
    "hashtags": HASHTAGS,
    "trends": TRENDS,
}

OPTIONAL: Final = ("events", "shares", "newcomers", "reactions")
"""Tables that a run folder has only when the scenario asks for them, or has what they tell of."""
