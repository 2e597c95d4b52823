"""The draw number of each purpose beside the actions, whose rows have theirs.

All are different, so that one stream can serve several purposes without sharing luck.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "LEAVE",
    "NEXT_POST",
    "NEXT_SESSION",
    "SURFACE",
    "SWIPE_GAP",
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
