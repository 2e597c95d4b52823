"""Arguments and options that several commands share, so that each means the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["AllowCode", "RunFolder", "ScenarioFile", "Seed", "Set"]

ScenarioFile = Annotated[
    Path, typer.Argument(metavar="SCENARIO", help="The scenario, a YAML file.", show_default=False)
]
RunFolder = Annotated[
    Path, typer.Argument(metavar="RUN", help="The folder of a run.", show_default=False)
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change one value of the scenario, such as population.users=5_000. "
        "The value is written as in the file. May be given several times.",
        show_default=False,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=0,
        max=2**63 - 1,
        help="Draw another world: the seed to use instead of the scenario's.",
        show_default=False,
    ),
]
AllowCode = Annotated[
    bool,
    typer.Option(
        "--allow-code",
        help="Let the scenario run the Python code that it names. Only for files that you trust.",
    ),
]
