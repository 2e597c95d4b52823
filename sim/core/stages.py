"""Stages of a person in front of the feed, by videos seen, and ages of a video."""

from __future__ import annotations

from typing import Final

__all__ = [
    "AGES_S", "AGE_NAMES", "DAYS", "FIRST_VIDEOS", "KINDS", "SPANS", "STAGES", "STAGE_NAMES",
]  # fmt: skip

STAGES: Final = (0, 100, 350, 1_000)
"""Videos seen before, from which on a stage begins: a platform knows a person after some hundreds
(P1, P4)."""
STAGE_NAMES: Final = tuple(
    f"{first}-{after - 1}" if after else f"{first}+"
    for first, after in zip(STAGES, (*STAGES[1:], None), strict=True)
)
KINDS: Final = ("control", "ranked", "test")
"""What fills the places of a slate that has controls: chance, score, and test audiences."""
AGES_S: Final = (0.0, 3_600.0, 6 * 3_600.0, 86_400.0, 3 * 86_400.0)
"""Ages of a video from which on another class of ages begins, s."""
AGE_NAMES: Final = ("0-1h", "1-6h", "6-24h", "1-3d", "3d+")

DAYS: Final = 63
"""Days of a person on which it is noted whether they came: as many as a whole number with a sign
has bits."""
FIRST_VIDEOS: Final = (10, 35, 100, 200, 350)
"""Number of the last video of each part of what a newcomer is shown first; the parts end where a
platform is said to know a person (P1, P4)."""
SPANS: Final = {
    **{
        f"{before + 1}-{last}": (before + 1, last)
        for before, last in zip((0, *FIRST_VIDEOS), FIRST_VIDEOS, strict=False)
    },
    **{f"first_{last}": (1, last) for last in (100, 350)},
}
"""(first, last) number of the videos of each part, and of several parts together, by name."""
