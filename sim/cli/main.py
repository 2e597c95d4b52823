"""The command ``foryou``: puts the commands together and turns errors into exit codes.

Exit codes: 0 done, 1 the reader of a pipe went away, 2 something the user can mend,
130 stopped with Ctrl-C.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from sim.cli import (
    check,
    compare,
    new,
    perturb,
    plot,
    resume,
    run,
    schema,
    sensitivity,
    show,
    sweep,
    tune,
    worlds,
)
from sim.cli.console import complain, version
from sim.core.errors import ForyouError

__all__ = ["app", "main"]


def _epilog(*lines: str) -> str:
    """Examples under a command's help; the control character keeps the line breaks."""
    return "\n".join(
        ["\b", "Examples:" if len(lines) > 1 else "Example:", *(f"  {x}" for x in lines)]
    )


app = typer.Typer(
    name="foryou",
    no_args_is_help=True,
    add_completion=False,
    # A traceback is for a bug of ours, and then Python's own is the most useful one.
    pretty_exceptions_enable=False,
    # Plain help comes in half the time, and lines can be copied from it.
    rich_markup_mode=None,
    epilog=_epilog("foryou new my_scenario.yaml", "foryou run my_scenario.yaml"),
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command, examples in (
    (run.run, run.EXAMPLES),
    (resume.resume, resume.EXAMPLES),
    (check.check, check.EXAMPLES),
    (show.show, show.EXAMPLES),
    (plot.plot, plot.EXAMPLES),
    (new.new, new.EXAMPLES),
    (schema.schema, schema.EXAMPLES),
    (worlds.worlds, worlds.EXAMPLES),
    (compare.compare, compare.EXAMPLES),
    (sweep.sweep, sweep.EXAMPLES),
    (sensitivity.sensitivity, sensitivity.EXAMPLES),
    (tune.tune, tune.EXAMPLES),
    (perturb.perturb, perturb.EXAMPLES),
):
    app.command(epilog=_epilog(*examples))(command)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"foryou {version()}\n")
        raise typer.Exit


@app.callback()
def _foryou(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """A laboratory for short-video For You feeds.

    A scenario file describes a platform: its people, its videos, its ranker. A run
    simulates it and tells how far videos travelled.
    """


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line on ``args``, or on the arguments of the process; give the exit code."""
    code = _run(args)
    if args is None:
        # the process ends: to look through all it holds once more takes a third of a second
        gc.freeze()
    return code


def _run(args: Sequence[str] | None) -> int:
    try:
        app(None if args is None else list(args), prog_name="foryou")
        sys.stdout.flush()
    except SystemExit as stop:
        return _flushed(stop.code if isinstance(stop.code, int) else int(stop.code is not None))
    except ForyouError as error:
        complain(str(error))
        return 2
    except KeyboardInterrupt:
        complain("stopped")
        return 130
    except BrokenPipeError:
        return _silenced()
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return 2
    return 0


def _flushed(code: int) -> int:
    """Give ``code``, after what was printed has left; the reader may be gone by now."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _silenced()
    return code


def _silenced() -> int:
    """Leave without Python's complaint, at exit, about the rest of an unread output."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


if __name__ == "__main__":
    sys.exit(main())
