"""``foryou run``: simulate a scenario and tell what happened."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.console import complain
from sim.cli.options import (
    AllowCode,
    From,
    Plots,
    Quiet,
    ScenarioFile,
    Seed,
    Set,
    Shards,
    simulated_time,
)

if TYPE_CHECKING:
    from sim.simulate import Progress, Run

__all__ = ["EXAMPLES", "Kept", "run"]

EXAMPLES = (
    "foryou run scenarios/zero_followers.yaml",
    "foryou run scenarios/baseline.yaml --seed 7 --out runs/seven",
    "foryou run scenarios/baseline.yaml --set feed.weights.share=2.5 --set duration='2 d'",
    "foryou run scenarios/zero_followers.yaml --out runs/base --checkpoint 12h --keep all",
    "foryou run scenarios/zero_followers.yaml --from runs/base@36h --set feed.weights.share=3",
)
"""Shown under the help of the command."""


class Kept(StrEnum):
    """Which checkpoints stay."""

    last = "last"
    all = "all"


def run(  # noqa: PLR0913  its arguments are its options
    scenario: ScenarioFile,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The run folder to make; absent or empty so far. "
            "Without it one is made under runs/.",
            show_default=False,
        ),
    ] = None,
    seed: Seed = None,
    changes: Set = None,
    engine: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The engine that plays the world; all give the same events.",
            show_default=False,
        ),
    ] = None,
    shards: Shards = None,
    force: Annotated[
        bool, typer.Option("--force", help="Start even if the run seems not to fit this machine.")
    ] = False,
    allow_code: AllowCode = False,
    quiet: Quiet = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the manifest and the summary as JSON only.")
    ] = False,
    plots: Plots = True,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Keep the state of the world every so often, in simulated time such as 6h, so "
            "that foryou resume goes on from there.",
            show_default=False,
        ),
    ] = None,
    keep: Annotated[
        Kept,
        typer.Option(
            "--keep", help="Which checkpoints stay: the last two, or all, to branch from."
        ),
    ] = Kept.last,
    past: From = None,
) -> None:
    """Simulate a scenario and tell what happened.

    Makes a folder with tables, pictures, a summary, and all that is needed to run it again.
    """
    from sim.cli.playable import load_playable
    from sim.cli.watch import watched
    from sim.engine.estimate import default_shards, estimate_run
    from sim.record.folder import refuse_used
    from sim.simulate import DEFAULT_ENGINE, Plan, simulate

    loaded = load_playable(scenario, changes)
    refuse_used(out)
    engine = engine or DEFAULT_ENGINE
    shards = shards or default_shards(loaded.scenario)
    plan = None
    if checkpoint is not None:
        plan = Plan(simulated_time("--checkpoint", checkpoint), keep is Kept.all)

    def play(progress: Callable[[Progress], None]) -> Run:
        return simulate(
            loaded.scenario,
            seed=seed,
            engine=engine,
            shards=shards,
            out=out,
            allow_code=allow_code,
            base_dir=loaded.base_dir,
            force=force,
            plots=plots,
            command=shlex.join(["foryou", *sys.argv[1:]]),
            progress=progress,
            checkpoints=plan,
            past=past,
            notice=complain,
        )

    estimate = estimate_run(
        loaded.scenario, engine, shards, plots=plots, checkpoints=plan is not None
    )
    watched(play, estimate, quiet=quiet, json=json)
