"""Every column of every table in a run folder, with its type, unit and meaning.

The writers, the reference documentation and the tests are all made from these rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from sim.core.actions import ACTIONS
from sim.core.sources import SOURCE_NAMES
from sim.core.surfaces import SURFACE_NAMES, SURFACES

__all__ = [
    "BY_SURFACE",
    "CONTROL",
    "CREATORS",
    "EVENTS",
    "NEWCOMERS",
    "OPTIONAL",
    "PATHS",
    "PROBES",
    "SHARES",
    "SOURCE_NAMES",
    "SURFACE_NAMES",
    "TABLES",
    "TIMELINE",
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
    Column("followers_at_upload", "int32", "users", "followers of the creator when it was posted"),
    Column(
        "quality", "float32", "sd", "hidden quality (truth), standard normal over creators' posts"
    ),
    Column("hook", "float32", "sd", "hidden strength of the first seconds (truth)"),
    *COUNTERS[:2],
    _REACH,
    *COUNTERS[2:],
    *BY_SURFACE,
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
    *BY_SURFACE,
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
}

OPTIONAL: Final = ("events", "shares", "newcomers")
"""Tables that a run folder has only when the scenario asks for them, or has what they tell of."""
