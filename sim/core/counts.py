"""The layout of a row of counters; all counters are integers, so sums do not depend on order."""

from __future__ import annotations

from typing import Final

from sim.core.actions import ACTIONS

__all__ = ["COUNT_NAMES", "FIRST_ACTION", "IMPRESSIONS", "REACH", "VIEWS", "WATCH_MS", "WIDTH"]

IMPRESSIONS: Final = 0
VIEWS: Final = 1
WATCH_MS: Final = 2
REACH: Final = 3
"""Impressions that were the user's first one of this video."""
FIRST_ACTION: Final = 4
"""Column of the first action; the others follow in the order of the action table."""
WIDTH: Final = FIRST_ACTION + len(ACTIONS)

COUNT_NAMES: Final = ("impressions", "views", "watch_ms", "reach", *(a.plural for a in ACTIONS))
