"""What of a person's next videos has a sound: by hand."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "fitting"


@pytest.fixture(scope="module")
def script() -> Any:
    path = FOLDER / "one_interaction.py"
    found = importlib.util.spec_from_file_location("one_interaction", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    before = list(sys.path)
    found.loader.exec_module(module)
    sys.path[:] = before
    return module


SOUND = np.array([7, 7, 8, 7, 9, 8])
VIDEOS, TIMES = np.array([2, 0, 1, 4, 3, 0, 5]), np.arange(7.0)


def test_only_the_next_ones_count(script: Any) -> None:
    # after second 1: videos 1, 4, 3, 5, without 0 itself
    assert script.share_of_next(VIDEOS, TIMES, 1.0, 0, SOUND, 4) == 0.5
    assert script.share_of_next(VIDEOS, TIMES, 1.0, 0, SOUND, 3) == pytest.approx(2 / 3)
    assert script.share_of_next(VIDEOS, TIMES, -1.0, 2, SOUND, 2) == 0.0
    assert np.isnan(script.share_of_next(VIDEOS, TIMES, 1.0, 0, SOUND, 5))


def test_people_are_compared_with_themselves(script: Any) -> None:
    kinds = [("user", int), ("time_s", float), ("video", int), ("surface", int)]
    forced = script.surface_code("injected")
    more, less = [], []
    for user in (3, 4):
        more += [(user, 0.0, 0, forced)]
        more += [(user, 1.0 + n, 1 if n < 10 * user else 2, 0) for n in range(100)]
        less += [(user, 1.0 + n, 1 if n < 10 else 2, 0) for n in range(100)]
    sound = np.array([7, 7, 8, *[7] * script.LEAST])
    worlds = [script.Played(np.array(rows, kinds), sound, np.array([0])) for rows in (more, less)]
    assert script.compared(*worlds) == [(pytest.approx(0.35), pytest.approx(0.1))]
    rare = [world._replace(sound=sound[:3]) for world in worlds]
    assert script.compared(*rare) == []
