"""``foryou plot``: draw the pictures of a run again, in another format."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from sim.cli.console import say
from sim.cli.options import RunFolder

__all__ = ["EXAMPLES", "Format", "plot"]

EXAMPLES = (
    "foryou plot runs/zero-followers --format svg",
    "foryou plot runs/zero-followers --only lorenz",
)
"""Shown under the help of the command."""


class Format(StrEnum):
    """The formats that a picture can have."""

    png = "png"
    svg = "svg"
    pdf = "pdf"


def plot(
    run: RunFolder,
    picture_format: Annotated[
        Format, typer.Option("--format", help="The format of the files.")
    ] = Format.png,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Draw this picture only, such as lorenz. May be given several times.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Draw the pictures of a run again.

    The files go into the folder plots/ of the run.
    """
    from sim.analysis import load_tables
    from sim.plots import draw_plots
    from sim.record.files import alone, ledger
    from sim.record.folder import add_files
    from sim.simulate import Run

    folder = Run.open(run).path
    # another command that draws here would change the manifest too
    with alone(folder), ledger() as written:
        tables = load_tables(folder)
        files = draw_plots(tables, folder / "plots", names=only, fmt=picture_format.value)
        add_files(folder, written)
    for path in files:
        say(str(path))
