"""``foryou verify``: whether the files of a run or a study are what was written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sim.cli.console import say

__all__ = ["EXAMPLES", "verify"]

EXAMPLES = ("foryou verify runs/zero-followers", "foryou verify studies/newcomers")
"""Shown under the help of the command."""


def verify(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="A run folder or a study folder.", show_default=False
        ),
    ],
) -> None:
    """Verify every file of a run or a study against its digest.

    Says which files are damaged, missing or unfinished, and what to do about each. Changes
    nothing. The exit code is 0 when all is right, and 2 otherwise.
    """
    from sim.checkpoint.verify import verify_checkpoints
    from sim.record.verify import verify_run
    from sim.study.runs.verify import is_study, verify_study

    if is_study(folder):
        found = verify_study(folder)
    else:
        found, kept = verify_run(folder), verify_checkpoints(folder)
        found = replace(found, right=found.right + kept.right, wrong=(*found.wrong, *kept.wrong))
    for line in (*found.wrong, *found.notes):
        say(line)
    if found.wrong:
        say(f"{folder}: {len(found.wrong)} not right, {found.right} right")
        raise typer.Exit(2)
    if found.right:
        say(f"{folder}: all {found.right} files are right")
