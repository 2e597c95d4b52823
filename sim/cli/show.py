"""``foryou show``: the summary of a run again, from its folder."""

from __future__ import annotations

from typing import Annotated

import typer

from sim.cli.console import say
from sim.cli.options import RunFolder

__all__ = ["EXAMPLES", "show"]

EXAMPLES = ("foryou show runs/zero-followers",)
"""Shown under the help of the command."""


def show(
    run: RunFolder,
    json: Annotated[
        bool, typer.Option("--json", help="Print the manifest and the summary as JSON only.")
    ] = False,
) -> None:
    """Show the summary of a run again.

    Reads the folder only; nothing is simulated.
    """
    from sim.cli.summary import as_json, print_summary
    from sim.simulate import Run

    result = Run.open(run)
    if json:
        say(as_json(result))
    else:
        print_summary(result)
