"""``foryou run``: simulate a scenario and tell what happened."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from sim.cli.console import complain, say
from sim.cli.options import AllowCode, Plots, Quiet, ScenarioFile, Seed, Set
from sim.core.errors import ForyouError

__all__ = ["EXAMPLES", "run"]

EXAMPLES = (
    "foryou run scenarios/zero_followers.yaml",
    "foryou run scenarios/baseline.yaml --seed 7 --out runs/seven",
    "foryou run scenarios/baseline.yaml --set feed.weights.share=2.5 --set duration='2 d'",
)
"""Shown under the help of the command."""


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
    shards: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Threads to play users on; as many as cores by default. Changes no result.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Start even if the run seems not to fit this machine.")
    ] = False,
    allow_code: AllowCode = False,
    quiet: Quiet = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the manifest and the summary as JSON only.")
    ] = False,
    plots: Plots = True,
) -> None:
    """Simulate a scenario and tell what happened.

    Makes a folder with tables, pictures, a summary, and all that is needed to run it again.
    """
    from sim.cli.describe import needs
    from sim.cli.interrupt import Interrupt
    from sim.cli.playable import load_playable
    from sim.cli.progress import progress_bar
    from sim.cli.words import rough_span
    from sim.engine.estimate import LONG_S, default_shards, estimate_run
    from sim.record.folder import refuse_used
    from sim.simulate import DEFAULT_ENGINE, Progress, simulate

    loaded = load_playable(scenario, changes)
    refuse_used(out)
    engine = engine or DEFAULT_ENGINE
    shards = shards or default_shards(loaded.scenario)
    estimate = estimate_run(loaded.scenario, engine, shards, plots=plots)
    told = False
    folder: Path | None = None
    with progress_bar(shown=not quiet and not json) as bar, Interrupt() as interrupt:

        def progress(report: Progress) -> None:
            nonlocal told, folder
            folder = report.folder
            if not told:
                # only now is it sure that the run starts
                told = True
                if not quiet and not json:
                    say(f"Needs {needs(estimate)}.")
                if estimate.seconds > LONG_S and not quiet:
                    complain(f"a long run, about {rough_span(estimate.seconds)}; Ctrl-C stops it")
            interrupt.check()
            bar(report)

        try:
            result = simulate(
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
            )
        except BaseException as error:
            if not (isinstance(error, KeyboardInterrupt) or interrupt.insisted):
                raise
            bar.stop()
            _say_what_is_left(folder)
            raise typer.Exit(130) from None
    if json:
        from sim.cli.summary import as_json

        say(as_json(result))
    elif not quiet:
        from sim.cli.summary import print_summary

        print_summary(result)


def _say_what_is_left(folder: Path | None) -> None:
    """Tell, after Ctrl-C, what the stopped run has left on disk."""
    from sim.simulate import Run

    if folder is None or not folder.is_dir():
        complain("stopped; nothing was written")
        return
    names = sorted(path.name for path in folder.iterdir())
    try:
        Run.open(folder)
    except ForyouError:
        complain(f"stopped; {folder} holds an unfinished run: {', '.join(names)}")
    else:
        complain(
            f"stopped; {folder} holds the finished run without all pictures; "
            f"draw them with: foryou plot {shlex.quote(str(folder))}"
        )
