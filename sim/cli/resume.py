"""``foryou resume``: go on with a run that was stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.console import complain, say
from sim.cli.options import AllowCode, Plots, Quiet, RunFolder, Shards, simulated_time

if TYPE_CHECKING:
    from sim.simulate import Progress, Run

__all__ = ["EXAMPLES", "resume"]

EXAMPLES = (
    "foryou resume runs/base",
    "foryou resume runs/base --until '7 d'",
)
"""Shown under the help of the command."""


def resume(
    run: RunFolder,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Go on to this simulated time, beyond the end that the run has, such as 7d.",
            show_default=False,
        ),
    ] = None,
    shards: Shards = None,
    allow_code: AllowCode = False,
    quiet: Quiet = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the manifest and the summary as JSON only.")
    ] = False,
    plots: Plots = True,
) -> None:
    """Go on with a run that was stopped or killed, as if nothing had happened.

    It goes on from its latest checkpoint that is whole, or from its start when it has none, and
    ends with the same events and the same tables.
    """
    from sim.checkpoint.past import scenario_in
    from sim.cli.watch import watched
    from sim.engine.estimate import default_shards, estimate_run
    from sim.record.folder import read_manifest
    from sim.simulate import resume as go_on

    manifest = read_manifest(run)
    if manifest.get("finished") is True and until is None:
        if not quiet and not json:
            say(f"{run} is finished; with --until it goes on beyond its end.")
        return
    until_s = None if until is None else simulated_time("--until", until)

    def play(progress: Callable[[Progress], None]) -> Run:
        return go_on(
            run, until=until_s, shards=shards, allow_code=allow_code, plots=plots,
            progress=progress, notice=complain,
        )  # fmt: skip

    scenario = scenario_in(run, manifest)
    if until_s is not None:
        scenario = scenario.model_copy(update={"duration": until_s})
    threads = shards or default_shards(scenario)
    estimate = estimate_run(
        scenario, str(manifest["engine"]), threads, plots=plots,
        checkpoints="checkpoints" in manifest,
    )  # fmt: skip
    watched(play, estimate, quiet=quiet, json=json)
