"""The sources: everywhere that a candidate can come from, one row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sim.core.registry import position_of

__all__ = ["CUSTOM_SOURCE", "SOURCES", "SOURCE_NAMES", "Source", "source_code"]


@dataclass(frozen=True)
class Source:
    """One row of the table of sources."""

    name: str
    """Name in YAML, columns and code."""
    label: str
    """Words on plot axes and in tables."""
    meaning: str
    """Definition, for the reference."""
    feed: bool = True
    """Whether the ranked feed draws from it; else a page has it for itself."""


CUSTOM_SOURCE: Final = "custom"
"""Name under which all sources of the user's own are booked."""

SOURCES: Final[tuple[Source, ...]] = (
    Source("interest", "interest", "videos of topics that the user is believed to like"),
    Source("sound", "sound", "videos with a sound that the user liked"),
    Source("hashtag", "hashtag", "videos with a hashtag that the user liked"),
    Source("following", "following", "recent videos of creators whom the user follows"),
    Source("fresh", "fresh", "new videos that look for their first audience"),
    Source("trending", "trending", "videos with the most views lately"),
    Source("random", "random", "any video, each with the same probability"),
    Source(CUSTOM_SOURCE, "custom", "found by a source of the user's own"),
    Source("link", "link", "the video of a link that a contact has sent", feed=False),
    Source(
        "control", "control", "any video, in a place that chance fills and no score", feed=False
    ),
    Source("injected", "injected", "a video that the scenario has shown to people", feed=False),
    Source("notification", "notification", "the video that a notification is about", feed=False),
    Source("friends", "friends", "recent videos of friends", feed=False),
    Source("profile", "profile", "recent videos of a creator whose profile is visited", feed=False),
    Source("search", "search", "found by a search", feed=False),
    Source("parent", "parent", "the video of which another one is a duet or a stitch", feed=False),
)  # fmt: skip
"""All sources; the position is the code in arrays."""

SOURCE_NAMES: Final[tuple[str, ...]] = tuple(s.name for s in SOURCES)


def source_code(name: str) -> int:
    """The code of a source; ForyouError for an unknown name."""
    return position_of("source", SOURCE_NAMES, name)
