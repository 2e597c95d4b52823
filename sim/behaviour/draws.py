"""The draw number of each purpose.

All are different, so that one stream can serve several purposes without sharing luck.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "COMMENT",
    "FOLLOW",
    "LEAVE",
    "LIKE",
    "NEXT_POST",
    "NEXT_SESSION",
    "NOT_INTERESTED",
    "SAVE",
    "SHARE",
    "SOUND_TAP",
    "SURFACE",
    "SWIPE_GAP",
    "TASTE",
    "WATCH",
]

TASTE: Final = 0
WATCH: Final = 1
LIKE: Final = 2
COMMENT: Final = 3
SHARE: Final = 4
SAVE: Final = 5
FOLLOW: Final = 6
SOUND_TAP: Final = 7
NOT_INTERESTED: Final = 8
SWIPE_GAP: Final = 9
LEAVE: Final = 10
NEXT_SESSION: Final = 11
SURFACE: Final = 12
NEXT_POST: Final = 13
