"""Whoever copies a sound takes one that fits the topic, as often as the scenario says."""

from __future__ import annotations

import numpy as np
import pytest

from sim.core.random import key
from sim.world.draw import choose_sound

RECENT = np.arange(400, dtype=np.int32)
TOPIC_OF = (np.arange(400) % 4).astype(np.int8)
NONE, NO_DRAWS = np.empty(0, np.int32), np.empty(0)


def _fitting(fit: float, topic: int) -> float:
    """Share of 2,000 copies of a sound that began with a video of topic 2."""
    k = np.uint64(key(3, "sound"))
    chosen = [
        choose_sound(k, c, 0, 2, 0.0, 0.0, 0.0, NONE, NO_DRAWS, RECENT, 400, fit, topic, TOPIC_OF)
        for c in range(2_000)
    ]
    assert len(set(chosen)) > 50
    return float(np.mean(TOPIC_OF[chosen] == 2))


def test_all_of_them_fit_or_none_looks() -> None:
    assert _fitting(1.0, 2) == 1.0
    assert _fitting(0.0, 2) == pytest.approx(0.25, abs=0.05)


def test_some_of_them_fit() -> None:
    assert _fitting(0.6, 2) == pytest.approx(0.6 + 0.4 / 4, abs=0.05)


def test_where_none_fits_it_is_any() -> None:
    assert _fitting(1.0, 9) == pytest.approx(0.25, abs=0.05)
