"""Stages of a person in front of the feed, by how many videos they have seen."""

from __future__ import annotations

from typing import Final

__all__ = ["KINDS", "STAGES", "STAGE_NAMES"]

STAGES: Final = (0, 100, 350, 1_000)
"""Videos seen before, from which on a stage begins: a platform knows a person after some hundreds
(P1, P4)."""
STAGE_NAMES: Final = tuple(
    f"{first}-{after - 1}" if after else f"{first}+"
    for first, after in zip(STAGES, (*STAGES[1:], None), strict=True)
)
KINDS: Final = ("control", "ranked", "test")
"""What fills the places of a slate that has controls: chance, score, and test audiences."""
