"""``foryou check``: find every problem of a scenario, or tell what it would simulate."""

from __future__ import annotations

from typing import Annotated

import typer

from sim.cli.console import say
from sim.cli.options import ScenarioFile, Set

__all__ = ["EXAMPLES", "check"]

EXAMPLES = (
    "foryou check my_scenario.yaml",
    "foryou check my_scenario.yaml --set population.users=1_000_000",
    "foryou check my_scenario.yaml --strict",
)
"""Shown under the help of the command."""


def check(
    scenario: ScenarioFile,
    changes: Set = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with code 2 when there is a warning.")
    ] = False,
) -> None:
    """Find every problem of a scenario, or describe it.

    Simulates nothing and runs no code that the scenario names. Exit code 2 when something
    is wrong, or when the audiences of all pools need more places than are kept for them.
    Warnings tell what makes a result say less than it seems to.
    """
    from sim.cli.describe import describe
    from sim.cli.playable import load_playable
    from sim.world.size import warnings

    found = load_playable(scenario, changes).scenario
    say(describe(found))
    if strict and warnings(found):
        raise typer.Exit(2)
