"""What the commands of studies share: options, progress, and what Ctrl-C leaves behind."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.console import complain, console
from sim.cli.words import span

if TYPE_CHECKING:
    from rich.console import Console

    from sim.study.runs.execute import Executor, Report
    from sim.study.runs.start import Failure

__all__ = [
    "Address",
    "Executors",
    "Force",
    "Json",
    "Level",
    "Metrics",
    "Plots",
    "Quiet",
    "StudyFolder",
    "Where",
    "Workers",
    "WorldsWanted",
    "as_json",
    "executor_of",
    "failed_runs",
    "going_on",
    "progress_line",
    "stopped",
    "table",
]


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
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON only.")]
Plots = Annotated[bool, typer.Option("--plots/--no-plots", help="Draw the pictures at the end.")]

LINE_S = 30.0
"""Time between two lines of progress where there is no terminal, s."""


def executor_of(
    where: Executors, workers: int | None, address: str | None = None, runs: int | None = None
) -> Executor:
    """The executor that the options ask for, for so many ``runs``; to be used with ``with``."""
    from sim.study.runs.execute import make_executor

    return make_executor(where.value, workers, address, runs=runs)


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

        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=40), TaskProgressColumn()
        )
        self._task = self._bar.add_task(title, total=None)
        self._text = Text("", no_wrap=True, overflow="ellipsis")
        self._screen = Live(
            Group(self._bar, self._text), console=console(stderr=True), transient=True
        )
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


def table(screen: Console, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows of text: the first column on the left, then numbers on the right.

    Without a ``head`` the last column is a remark.
    """
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    rows = [tuple(row) for row in rows]
    if not rows:
        return
    widths = [
        max(map(len, column)) for column in zip(*([head] if head else []), *rows, strict=True)
    ]
    if head and sum(widths) + 2 * len(widths) > screen.width:
        _stacked(screen, head, rows, widths)
        return
    grid = Table.grid(padding=(0, 2))
    width = len(rows[0])
    for column in range(width):
        remark = not head and column == width - 1
        grid.add_column(
            justify="left" if column == 0 or remark else "right",
            no_wrap=column > 0 and not remark,
            overflow="fold",
            style="dim" if remark else "",
        )
    if head:
        grid.add_row(*map(Text, head), style="dim")
    for row in rows:
        grid.add_row(*map(Text, row))  # brackets of a path are no markup
    screen.print(Padding(grid, (0, 0, 0, 2)), markup=False)


def _stacked(
    screen: Console, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]
) -> None:
    """A table that is too wide for the screen: what a row is about on a line of its own."""

    def numbers(row: Sequence[str]) -> str:
        cells = zip(row[1:], widths[1:], strict=True)
        return "  " + "  ".join(cell.rjust(width) for cell, width in cells)

    screen.print(numbers(head), style="dim", markup=False, soft_wrap=True)
    for row in rows:
        screen.print(f"  {row[0]}", markup=False, soft_wrap=True)
        screen.print(numbers(row), markup=False, soft_wrap=True)


def as_json(folder: Path, content: Mapping[str, Any]) -> str:
    """The folder and the result of a study as one JSON object."""
    import json

    from sim.study.runs.store import plain_json

    found = plain_json({"folder": folder, **content})
    return json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False)


def failed_runs(folder: Path, failed: Sequence[Failure]) -> None:
    """Tell, on standard error, which runs failed and how to see one alone."""
    if not failed:
        return
    one = failed[0]
    alone = shlex.join(["foryou", "run", str(folder / one.scenario)])
    which = f"{one.arm}, world {one.world}" if one.arm else f"world {one.world}"
    count = "1 run" if len(failed) == 1 else f"{len(failed)} runs"
    complain(
        f"{count} failed and {'is' if len(failed) == 1 else 'are'} left out; {which}: {one.error}; "
        f"see it with: {alone}"
    )
