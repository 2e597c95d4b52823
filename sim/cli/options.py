"""Arguments and options that several commands share, so that each means the same everywhere."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Address",
    "AllowCode",
    "Executors",
    "Force",
    "From",
    "Json",
    "Level",
    "Metrics",
    "Plots",
    "Quiet",
    "RunFolder",
    "ScenarioFile",
    "Seed",
    "Set",
    "Shards",
    "StudyFolder",
    "Where",
    "Workers",
    "WorldsWanted",
    "simulated_time",
]


def simulated_time(option: str, text: str) -> float:
    """Seconds of a simulated time above 0, such as ``36h``. Raises ForyouError."""
    from sim.core.errors import ForyouError
    from sim.core.units import UnitError, parse_duration

    try:
        seconds = float(parse_duration(text))
    except UnitError as error:
        raise ForyouError(f"{option}: {error}") from None
    if seconds <= 0.0:
        raise ForyouError(f"{option}: has to be more than 0, such as 6h")
    return seconds


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
Shards = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Threads to play users on; as many as cores by default. Changes no result.",
        show_default=False,
    ),
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="RUN@TIME",
        help="Go on from this moment of a run, such as runs/base@36h, instead of from the start. "
        "What a running platform could change may differ: feed, probes to come, viral, record, "
        "duration.",
        show_default=False,
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Plots = Annotated[bool, typer.Option("--plots/--no-plots", help="Draw the pictures at the end.")]

# ---- studies ----


class Executors(StrEnum):
    """Where the runs of a study are played."""

    auto = "auto"
    inline = "inline"
    processes = "processes"
    ray = "ray"


StudyFolder = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR",
        help="The study folder: a new one, or one of the same study, which then goes on. "
        "Without it one is made under studies/.",
        show_default=False,
    ),
]
Metrics = Annotated[
    list[str] | None,
    typer.Option(
        "--metric",
        metavar="PATH",
        help="Show this number of summary.json instead of the usual ones, such as "
        "watch.hours. May be given several times.",
        show_default=False,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Runs at a time; as many as cores by default. Changes no result.",
        show_default=False,
    ),
]
Where = Annotated[
    Executors,
    typer.Option(
        "--executor",
        help="Where runs are played: in this process, in processes of this machine, or on a Ray "
        "cluster. Changes no result.",
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="The Ray cluster to use, such as auto; without it one is started here.",
        show_default=False,
    ),
]
Level = Annotated[
    float,
    typer.Option(
        "--level",
        metavar="SHARE",
        min=0.5,
        max=0.999,
        help="Share of intervals that contain the true number.",
    ),
]
WorldsWanted = Annotated[
    int,
    typer.Option(
        "-n", "--worlds", metavar="N", min=2, max=100_000, help="How many worlds to play."
    ),
]
Force = Annotated[
    bool, typer.Option("--force", help="Start even if a run seems not to fit this machine.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON only.")]
