"""``foryou new``: a first scenario to change, with a comment on every line that matters."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Annotated

import typer

from sim.cli.console import say
from sim.core.errors import ForyouError

__all__ = ["EXAMPLES", "new"]

EXAMPLES = ("foryou new my_scenario.yaml",)
"""Shown under the help of the command."""


def new(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write.", show_default=False)
    ],
) -> None:
    """Write a small scenario to start from.

    Every setting in it has a comment. A file that exists is left as it is.
    """
    name = re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-") or "scenario"
    text = resources.files("sim.cli").joinpath("starter.yaml").read_text(encoding="utf-8")
    try:
        with file.open("x", encoding="utf-8") as new_file:
            new_file.write(text.replace("name: starter", f"name: {name}", 1))
    except FileExistsError:
        raise ForyouError(f"{file} exists already; it was left as it is") from None
    say(f"Wrote {file}. Try it: foryou run {file}")
