"""The action table: everything a person can do about one impression.

One row an action. Counters, log columns, ranker weights, scenario schema and plot
labels are all derived from this table, so a new action is one new row here plus its
formula in ``sim/behaviour``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["ACTIONS", "ACTION_INDEX", "ACTION_NAMES", "CLICKS", "Action", "bit"]


@dataclass(frozen=True)
class Action:
    """One row of the action table."""

    name: str
    """Name in YAML, columns and code."""
    kind: Literal["watch", "click"]
    """``watch`` follows from the seconds watched; ``click`` is a decision of its own."""
    sign: Literal[-1, 1]
    """+1 when the action speaks for the video, -1 when it speaks against it."""
    plural: str
    """Name of the counter column."""
    label: str
    """Words on plot axes and in tables."""
    meaning: str
    """Definition, for the reference."""
    start_rate: float
    """Rate per impression that the platform assumes before its first one; assumption."""
    draw: int = -1
    """Draw number of a click in the stream of its impression (``sim.behaviour.draws`` has the
    others); -1 for what follows from the seconds watched."""


ACTIONS: Final[tuple[Action, ...]] = (
    Action("completion", "watch", 1, "completions", "completions",
           "watched to the end at least once", 0.2),
    Action("skip", "watch", -1, "skips", "skips", "swiped away within the first 3 seconds", 0.35),
    Action("loop", "watch", 1, "loops", "loops", "let the video start again after its end", 0.05),
    Action("like", "click", 1, "likes", "likes", "liked the video", 0.05, 2),
    Action("comment", "click", 1, "comments", "comments", "wrote a comment", 0.002, 3),
    Action("share", "click", 1, "shares", "shares", "passed the video on", 0.002, 4),
    Action("save", "click", 1, "saves", "saves", "kept the video for later", 0.004, 5),
    Action("follow", "click", 1, "follows", "follows", "started to follow the creator", 0.002, 6),
    Action("sound_tap", "click", 1, "sound_taps", "sound taps",
           "opened the page of the sound", 0.004, 7),
    Action("not_interested", "click", -1, "not_interested", "not interested",
           "asked for less of this", 0.001, 8),
    Action("report", "click", -1, "reports", "reports",
           "reported that the video breaks the rules", 0.0001, 14),
    Action("profile_visit", "click", 1, "profile_visits", "profile visits",
           "opened the profile of the creator", 0.01, 22),
    Action("hashtag_tap", "click", 1, "hashtag_taps", "hashtag taps",
           "opened the page of a hashtag", 0.001, 23),
    Action("block", "click", -1, "blocks", "blocks",
           "blocked the creator, and is shown no more of them", 0.0001, 24),
    Action("unfollow", "click", -1, "unfollows", "unfollows",
           "stopped following the creator", 0.0001, 25),
    Action("parent_tap", "click", 1, "parent_taps", "parent taps",
           "opened the video of which it is a duet or a stitch", 0.0001, 27),
)  # fmt: skip
"""All actions, in the order of bits, counters and columns."""

ACTION_NAMES: Final[tuple[str, ...]] = tuple(a.name for a in ACTIONS)
ACTION_INDEX: Final[dict[str, int]] = {a.name: i for i, a in enumerate(ACTIONS)}
CLICKS: Final[tuple[Action, ...]] = tuple(a for a in ACTIONS if a.kind == "click")


def bit(name: str) -> int:
    """The bit of an action in an event's ``actions`` mask."""
    return 1 << ACTION_INDEX[name]
