"""A run that is watched while it is played: needs, progress, interruption, and what came out."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from sim.cli.console import complain, say
from sim.core.errors import ForyouError

if TYPE_CHECKING:
    from sim.engine.estimate import Estimate
    from sim.simulate import Progress, Run

__all__ = ["watched"]


def watched(
    play: Callable[[Callable[[Progress], None]], Run],
    estimate: Estimate,
    *,
    quiet: bool,
    json: bool,
) -> None:
    """Play a run with a progress bar, and print its result.

    Ctrl-C stops it, tells what is left and raises ``typer.Exit``.
    """
    from sim.cli.interrupt import Interrupt
    from sim.cli.progress import progress_bar

    told = False
    folder: Path | None = None
    with progress_bar(shown=not quiet and not json) as bar, Interrupt() as interrupt:

        def progress(report: Progress) -> None:
            nonlocal told, folder
            folder = report.folder
            if not told:
                # only now is it sure that the run starts
                told = True
                compiles = report.phase == "compile"
                _tell_needs(estimate, compiles=compiles, quiet=quiet, json=json)
            interrupt.check()
            bar(report)

        try:
            result = play(progress)
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


def _tell_needs(estimate: Estimate, *, compiles: bool, quiet: bool, json: bool) -> None:
    """Memory and time, before they are spent."""
    from sim.cli.describe import needs
    from sim.cli.words import rough_span
    from sim.engine.estimate import COMPILE_S, LONG_S

    if not quiet and not json:
        first = f", and {rough_span(COMPILE_S)} to compile, only the first time" if compiles else ""
        say(f"Needs {needs(estimate)}{first}.")
    if estimate.seconds > LONG_S and not quiet:
        complain(f"a long run, about {rough_span(estimate.seconds)}; Ctrl-C stops it")


def _say_what_is_left(folder: Path | None) -> None:
    """Tell, after Ctrl-C, what the stopped run has left on disk."""
    from sim.simulate import Run

    if folder is None or not folder.is_dir():
        complain("stopped; nothing was written")
        return
    name = shlex.quote(str(folder))
    try:
        Run.open(folder)
    except ForyouError:
        complain(f"stopped; {folder} holds an unfinished run; go on with: foryou resume {name}")
    else:
        complain(
            f"stopped; {folder} holds the finished run without all pictures; "
            f"draw them with: foryou plot {name}"
        )
