"""``foryou check``: find every problem of a scenario, or tell what it would simulate."""

from __future__ import annotations

from sim.cli.console import say
from sim.cli.options import ScenarioFile, Set

__all__ = ["EXAMPLES", "check"]

EXAMPLES = (
    "foryou check my_scenario.yaml",
    "foryou check my_scenario.yaml --set population.users=1_000_000",
)
"""Shown under the help of the command."""


def check(scenario: ScenarioFile, changes: Set = None) -> None:
    """Find every problem of a scenario, or describe it.

    Simulates nothing and runs no code that the scenario names. Exit code 2 when something
    is wrong.
    """
    from sim.cli.describe import describe
    from sim.scenario import load

    say(describe(load(scenario, changes or ())))
