"""The surfaces: every place of the app where an impression can happen, one row each.

For You is ranked: its candidates come from the scenario's sources and are scored. The others are
pages: each lists the candidates of a source of its own, in an order of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from sim.core.errors import ForyouError
from sim.core.registry import position_of

__all__ = [
    "FOLLOWING", "FOR_YOU", "FRIENDS", "HASHTAG_PAGE", "PARENT", "PROFILE", "QUERY_KINDS", "SEARCH",
    "SOUND_PAGE", "SURFACES", "SURFACE_NAMES", "Surface", "surface_at", "surface_code",
]  # fmt: skip


@dataclass(frozen=True)
class Surface:
    """One row of the table of surfaces."""

    name: str
    """Name in YAML, columns and code."""
    subject: Literal["", "sound", "video", "creator", "hashtag", "query"]
    """What a page is about; empty when it is about nothing but who looks at it. A query is a
    number of what is searched for times the number of QUERY_KINDS, plus its kind."""
    lists: Literal["", "follows", "sound", "video", "friends", "creator", "hashtag", "query"]
    """What a page lists: the newest videos of followed creators, of friends or of one creator, the
    most valuable ones with its sound or hashtag or found by its query, or the video that it is
    about; empty for a ranked surface."""
    source: str
    """Source under which the impressions of a page are booked; empty for a ranked surface, whose
    candidates come from the scenario's sources."""
    length: int | None
    """Videos that a request returns at most; None for a whole slate."""
    label: str
    """Words on plot axes and in tables."""
    meaning: str
    """Definition, for the reference."""
    covers: bool = False
    """Whether it shows covers, of which people open some; else its videos play one by one."""

    @property
    def ranked(self) -> bool:
        """Whether candidates are gathered from the scenario's sources, scored and selected."""
        return not self.lists


SURFACES: Final[tuple[Surface, ...]] = (
    Surface("for_you", "", "", "", None, "For You", "the feed that is ranked for the user"),
    Surface(
        "following", "", "follows", "following", None, "Following",
        "the newest videos of followed creators",
    ),
    # how many somebody looks at before going back is an assumption
    Surface(
        "sound_page", "sound", "sound", "sound", 8, "sound page",
        "the most valuable videos with one sound", covers=True,
    ),
    Surface(
        "shared_link", "video", "video", "link", 1, "shared link",
        "a video to which a contact has sent a link",
    ),
    Surface(
        "injected", "video", "video", "injected", 1, "injected",
        "a video that the scenario has shown to people, whatever the feed says",
    ),
    Surface(
        "notification", "video", "video", "notification", 1, "notification",
        "a video that a notification is about: a reply to a comment, a post of a followed creator",
    ),
    Surface(
        "friends", "", "friends", "friends", None, "Friends",
        "the newest videos of people whom one knows or who follow each other",
    ),
    Surface(
        "profile", "creator", "creator", "profile", 4, "profile",
        "the newest videos of one creator", covers=True,
    ),
    Surface(
        "hashtag_page", "hashtag", "hashtag", "hashtag", 8, "hashtag page",
        "the most valuable videos with one hashtag", covers=True,
    ),
    Surface(
        "search", "query", "query", "search", 5, "search",
        "the most valuable videos of a topic, with a sound or with a hashtag", covers=True,
    ),
    Surface(
        "parent", "video", "video", "parent", 1, "parent",
        "the video of which another one is a duet or a stitch",
    ),
)  # fmt: skip
"""All surfaces; the position is the code in arrays."""

SURFACE_NAMES: Final[tuple[str, ...]] = tuple(s.name for s in SURFACES)


def surface_code(name: str) -> int:
    """The code of a surface; ForyouError for an unknown name."""
    return position_of("surface", SURFACE_NAMES, name)


def surface_at(code: int) -> Surface:
    """The surface with a code; ForyouError for an unknown one."""
    if not 0 <= code < len(SURFACES):
        raise ForyouError(f"unknown surface {code}; codes go from 0 to {len(SURFACES) - 1}")
    return SURFACES[code]


FOR_YOU: Final = surface_code("for_you")
FOLLOWING: Final = surface_code("following")
SOUND_PAGE: Final = surface_code("sound_page")
FRIENDS: Final = surface_code("friends")
PROFILE: Final = surface_code("profile")
HASHTAG_PAGE: Final = surface_code("hashtag_page")
PARENT: Final = surface_code("parent")
SEARCH: Final = surface_code("search")
"""The codes of those that the code speaks of by name."""

QUERY_KINDS: Final[tuple[str, ...]] = ("topic", "sound", "hashtag")
"""What can be searched for."""
