"""A scenario that is to be played for itself: refused when its pools cannot get their audiences.

Sweeps, searches and sensitivity play it all the same: how a feed does under overload is a question
that they may ask, and a point of a grid must not end a study.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.scenario import Loaded

__all__ = ["load_playable"]


def load_playable(path: Path, changes: Sequence[str] | None) -> Loaded:
    """The scenario of a file with ``PATH=VALUE`` changes.

    Raises ScenarioError for every problem, and when the pools need more places than are kept.
    """
    from sim.core.errors import ScenarioError
    from sim.scenario import load_file
    from sim.world.size import overload

    loaded = load_file(path, changes or ())
    message = overload(loaded.scenario)
    if message is not None:
        raise ScenarioError(loaded.source, [loaded.problem("feed.cold_start", message)])
    return loaded
