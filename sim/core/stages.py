"""Stages of a person in front of the feed, by videos seen, and ages of a video."""

from __future__ import annotations

from typing import Final

__all__ = ["AGES_S", "AGE_NAMES", "KINDS", "STAGES", "STAGE_NAMES"]

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
