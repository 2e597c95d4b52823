"""A run that cannot fit is refused before it starts, with a way out."""

from __future__ import annotations

import re

import pytest

from sim.core.errors import ResourceError
from sim.engine.estimate import estimate_run, refuse_what_cannot_fit
from sim.scenario import Scenario
from sim.testing.worlds import tiny_scenario


def _world(users: int) -> Scenario:
    return tiny_scenario(population={"users": users})


def test_what_fits_is_not_refused() -> None:
    scenario = _world(1_000)
    need = estimate_run(scenario, "fast").bytes
    refuse_what_cannot_fit(scenario, "fast", 1, need)


def test_what_cannot_fit_is_refused_and_the_advice_fits() -> None:
    available = 4e9
    with pytest.raises(ResourceError, match=r"GiB of memory; 3\.7 GiB are free") as refused:
        refuse_what_cannot_fit(_world(20_000_000), "fast", 1, available)
    advice = re.search(r"population\.users=(\d+)", str(refused.value))
    assert advice is not None
    smaller = _world(int(advice[1]))
    refuse_what_cannot_fit(smaller, "fast", 1, available)


def test_more_people_and_the_reference_engine_need_more() -> None:
    small = estimate_run(_world(1_000), "fast")
    large = estimate_run(_world(100_000), "fast")
    slow = estimate_run(_world(100_000), "reference")
    assert small.bytes < large.bytes < slow.bytes
