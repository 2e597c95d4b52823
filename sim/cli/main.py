"""The command ``foryou``: puts the commands together and turns errors into exit codes.

Exit codes: 0 done, 1 the reader of a pipe went away, 2 something the user can mend,
130 stopped with Ctrl-C or by SIGTERM.
"""

from __future__ import annotations

import functools
import gc
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from sim.cli import (
    analytics,
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
    verify,
    worlds,
)
from sim.cli.console import complain, version
from sim.cli.interrupt import terminable
from sim.cli.mishaps import cramped, mishap, odd_digits, presentable, unwritable
from sim.cli.streams import ReaderGone, guarded, occupy_closed, silence
from sim.core.errors import ForyouError, MachineError
from sim.machine.notice import logger

__all__ = ["app", "main"]


def _epilog(*lines: str) -> str:
    """Examples under a command's help; the control character keeps the line breaks."""
    return "\n".join(
        ["\b", "Examples:" if len(lines) > 1 else "Example:", *(f"  {x}" for x in lines)]
    )


class _Stopped(BaseException):
    """Ctrl-C in a command; a ``KeyboardInterrupt`` would end it without a word."""


def _stoppable(command: Callable[..., None]) -> Callable[..., None]:
    """The command, whose errors the parser of the command line does not take for its own."""

    @functools.wraps(command)
    def run(**given: Any) -> None:
        try:
            command(**given)
        except KeyboardInterrupt:
            raise _Stopped from None
        except EOFError as error:
            raise RuntimeError("a file ends too early") from error

    return run


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
    (analytics.analytics, analytics.EXAMPLES),
    (verify.verify, verify.EXAMPLES),
    (new.new, new.EXAMPLES),
    (schema.schema, schema.EXAMPLES),
    (worlds.worlds, worlds.EXAMPLES),
    (compare.compare, compare.EXAMPLES),
    (sweep.sweep, sweep.EXAMPLES),
    (sensitivity.sensitivity, sensitivity.EXAMPLES),
    (tune.tune, tune.EXAMPLES),
    (perturb.perturb, perturb.EXAMPLES),
):
    app.command(epilog=_epilog(*examples))(_stoppable(command))


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
    if args is not None:
        with guarded(), _noticing():
            return _run(list(args))
    occupy_closed()
    given = sys.argv[1:]
    # what was typed goes into manifests, which are UTF-8
    sys.argv[1:] = map(presentable, given)
    with guarded(), _noticing(), terminable():
        code = _run(given)
        silence()
    # the process ends: to look through all it holds once more takes a third of a second
    gc.freeze()
    return code


def _run(args: list[str]) -> int:
    """The exit code; whatever the user can mend has been told."""
    try:
        if wrong := odd_digits(args, app) or unwritable(args) or cramped(args):
            complain(wrong)
            return 2
        app(args, prog_name="foryou")
        sys.stdout.flush()
    except SystemExit as stop:
        return _flushed(stop.code if isinstance(stop.code, int) else int(stop.code is not None))
    except (ForyouError, MachineError) as error:
        complain(str(error), lines=getattr(error, "several_lines", False))
        return 2
    except (_Stopped, KeyboardInterrupt):
        complain("stopped")
        return 130
    except ReaderGone:
        return 1
    except BaseException as error:
        told = mishap(error)
        if told is None:
            raise
        complain(told)
        return 2
    return 0


def _flushed(code: int) -> int:
    """Give ``code``, after what was printed has left; the reader may be gone by now."""
    try:
        sys.stdout.flush()
    except ReaderGone:
        return 1
    except ForyouError as error:
        complain(str(error))
        return 2
    return code


class _Notices(logging.Handler):
    """Tells what a layer below has to say, such as that the cache is damaged."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line."""
        complain(record.getMessage())


@contextmanager
def _noticing() -> Iterator[None]:
    handler = _Notices()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


if __name__ == "__main__":
    sys.exit(main())
