"""Which results a run gives: the number of the model."""

from __future__ import annotations

from typing import Final

__all__ = ["RESULTS_VERSION"]

RESULTS_VERSION: Final = 14
"""It rises when the same scenario and seed give other numbers than before, so that a study folder
never mixes results of two models, and no run goes on from the state of another one;
``tests/study/results.json`` watches it."""
