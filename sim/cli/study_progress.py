"""The progress of a study on the screen, and what Ctrl-C leaves behind."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from sim.cli.console import complain, console
from sim.cli.words import span

if TYPE_CHECKING:
    from sim.study.runs.execute import Report

__all__ = ["going_on", "progress_line", "stopped"]

LINE_S = 30.0
"""Time between two lines of progress where there is no terminal, s."""


def progress_line(report: Report) -> str:
    """Runs done, rate and time left, in one line."""
    parts = [f"{report.done} of {report.total} runs"]
    if report.skipped:
        parts[0] += f", {report.skipped} of them from before"
    if report.failed:
        parts[0] += f", {report.failed} failed"
    if report.rate_per_s > 0:
        slow = report.rate_per_s < 0.1
        rate = 60.0 * report.rate_per_s if slow else report.rate_per_s
        parts.append(f"{rate:.2g} runs/{'min' if slow else 's'}")
    if report.left_s is not None and report.done < report.total:
        parts.append(f"{span(report.left_s)} left")
    return " · ".join(parts)


class _Bar:
    """A bar on a terminal, and below it the numbers and the result so far."""

    def __init__(self, title: str) -> None:
        from rich.console import Group
        from rich.live import Live
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
        from rich.text import Text

        screen = console(stderr=True)
        bar = BarColumn(bar_width=min(40, max(screen.width - 30, 5)))
        self._bar = Progress(TextColumn("{task.description}"), bar, TaskProgressColumn())
        self._task = self._bar.add_task(title, total=None)
        self._text = Text("", overflow="fold")
        self._screen = Live(Group(self._bar, self._text), console=screen, transient=True)
        self._screen.start()

    def __call__(self, report: Report) -> None:
        self._bar.update(self._task, completed=report.done, total=report.total)
        parts = [progress_line(report), *report.note.splitlines()]
        self._text.plain = "\n".join(f"  {part}" for part in parts)

    def stop(self) -> None:
        self._screen.stop()


class _Lines:
    """A line now and then, for a log file."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._told = time.monotonic()

    def __call__(self, report: Report) -> None:
        now = time.monotonic()
        if now - self._told >= LINE_S:
            self._told = now
            parts = [progress_line(report), *report.note.splitlines()]
            complain(f"{self._title}: {' · '.join(parts)}")

    def stop(self) -> None:
        """Nothing is on the screen."""


class _Nothing:
    """Stands where no progress is wanted."""

    def __call__(self, report: Report) -> None:
        """Show nothing."""

    def stop(self) -> None:
        """Nothing is on the screen."""


@contextmanager
def going_on(title: str, folder: Path, *, shown: bool) -> Iterator[Callable[[Report], None]]:
    """Show the progress of a study, and leave it in order when Ctrl-C ends it.

    The first Ctrl-C waits for the next report, the second acts at once. Either way the runs that
    are done stay in ``folder``; the message says how to go on, and the exit code is 130.
    """
    from sim.cli.interrupt import Interrupt

    bar = _Nothing() if not shown else _Bar(title) if sys.stderr.isatty() else _Lines(title)
    last: list[Report] = []
    with Interrupt("in a moment") as interrupt:

        def progress(report: Report) -> None:
            last[:] = [report]
            bar(report)
            interrupt.check()

        try:
            yield progress
        except BaseException as error:
            if not (isinstance(error, KeyboardInterrupt) or interrupt.insisted):
                raise
            bar.stop()
            complain(stopped(folder, last[0] if last else None, sys.argv[1:]))
            raise typer.Exit(130) from None
        finally:
            bar.stop()


def stopped(folder: Path, last: Report | None, args: Sequence[str]) -> str:
    """What Ctrl-C has left, and the command that goes on from there."""
    if not folder.is_dir():
        return "stopped; nothing was written"
    named = any(arg == "--out" or arg.startswith("--out=") for arg in args)
    command = shlex.join(["foryou", *args, *([] if named else ["--out", str(folder)])])
    done = f"{last.done - last.failed} of {last.total} runs are" if last else "the study is"
    return f"stopped; {done} in {folder}; to go on where it was: {command}"
