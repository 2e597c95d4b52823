"""Compile before the clock starts: the user is told, and timings are those of the run alone."""

from __future__ import annotations

from sim.machine.compiled import is_kept
from sim.scenario import Scenario

__all__ = ["WARM_UP", "needs_compiling"]

WARM_UP = Scenario(
    name="warm-up", duration=1_800.0, population={"users": 40, "follows": 3},  # type: ignore[arg-type]
)  # fmt: skip
"""A world so small that running it costs nothing but the compilation."""


def needs_compiling() -> bool:
    """Whether the engine is not compiled yet, neither on disk nor in this process."""
    return not is_kept()
