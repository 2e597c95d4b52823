"""The draw number of each purpose beside the actions, whose rows have theirs.

All are different, so that one stream can serve several purposes without sharing luck.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "BROWSE",
    "FRIENDS",
    "LEAVE",
    "NEXT_POST",
    "NEXT_SESSION",
    "QUERY",
    "SEARCH",
    "SURFACE",
    "SWIPE_GAP",
    "TAG",
    "TASTE",
    "WATCH",
]

TASTE: Final = 0
WATCH: Final = 1
SWIPE_GAP: Final = 9
LEAVE: Final = 10
NEXT_SESSION: Final = 11
SURFACE: Final = 12
NEXT_POST: Final = 13
FRIENDS: Final = 15
SEARCH: Final = 16
QUERY: Final = 17
"""And the two after it: the kind of a query, its topic, and which of a list."""
BROWSE: Final = 20
TAG: Final = 21
