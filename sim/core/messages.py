"""The kinds of messages that people send each other, one row each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sim.core.registry import position_of

__all__ = ["KINDS", "LANDS", "Kind", "kind_code"]


@dataclass(frozen=True)
class Kind:
    """One row of the table of kinds."""

    name: str
    """Name in code and tables."""
    lands: bool
    """Whether it lies in the receiver's inbox until it is read; what does not is only written
    down."""
    meaning: str
    """Definition, for the reference."""


KINDS: Final[tuple[Kind, ...]] = (
    Kind("link", True, "a link to a video"),
    Kind("forced_impressions", True, "the scenario shows a video"),
    Kind("forced_likes", True, "the scenario shows a video and has it liked"),
    Kind("forced_skips", True, "the scenario shows a video and has it skipped"),
    Kind("opened", False, "the receiver has opened a link; goes back to its sender"),
    Kind("reply", True, "somebody has answered a comment"),
    Kind("post", True, "a creator has posted whom the receiver follows with the bell on"),
    Kind("subscribed", False, "the receiver follows a creator from now on, with the bell on"),
    Kind("mention", True, "a video mentions the receiver"),
    Kind("unsubscribed", False, "the receiver, whose bell was on, no longer follows a creator"),
)
"""All kinds; the position is the code in arrays."""

LANDS: Final[tuple[bool, ...]] = tuple(kind.lands for kind in KINDS)
"""Whether a kind lands in an inbox, by its code."""


def kind_code(name: str) -> int:
    """The code of a kind; ForyouError for an unknown name."""
    return position_of("kind of message", tuple(kind.name for kind in KINDS), name)
