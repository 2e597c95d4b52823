"""Worlds that take milliseconds, as the runs of a study."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sim.scenario import Scenario
from sim.study.runs.plan import RunSpec, world_seed
from sim.testing.worlds import tiny_scenario

PROBE = {"name": "newcomer", "count": 4, "followers": 3, "post_at": 2 * 3600.0}


@pytest.fixture(scope="session")
def scenario() -> Scenario:
    """150 users for 8 hours, with a probe of four videos."""
    return tiny_scenario(probes=[PROBE])


@pytest.fixture(scope="session")
def specs(scenario: Scenario) -> Callable[..., list[RunSpec]]:
    """``specs(n, **overrides)``: so many worlds of the tiny scenario with changes."""

    def make(n: int, arm: str = "", **overrides: Any) -> list[RunSpec]:
        one = tiny_scenario(probes=[PROBE], **overrides) if overrides else scenario
        return [RunSpec(one, world_seed(5, world), arm, world) for world in range(n)]

    return make
