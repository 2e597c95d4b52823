"""The progress bar of a run: simulated time, impressions per second, time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sim.cli.words import clock, number

if TYPE_CHECKING:
    from sim.simulate import Progress

__all__ = ["Bar", "progress_bar"]

PHASES = {
    "compile": "Compiling (only the first time)",
    "build": "Building the world",
    "simulate": "Simulating",
    "write": "Writing tables",
    "plot": "Drawing pictures",
}
"""What each phase of a run is called on the screen."""

PAUSE_S = 0.1
"""Least real time between two updates of the screen, so that showing progress costs nothing."""


_WIDE = 100
"""Columns from which there is room for a bar beside the numbers."""


class Bar:
    """Receives progress reports and shows them on standard error."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.table import Column

        from sim.cli.console import console

        screen = console(stderr=True)
        wide = screen.width >= _WIDE
        self._screen = Progress(
            *(
                # where it is narrow a number goes on in the next line; it is never cut
                TextColumn(text, table_column=Column(no_wrap=wide, overflow="fold"))
                for text in ("{task.description}", "{task.fields[clock]}", "{task.fields[rate]}")
            ),
            *([BarColumn(bar_width=30)] if wide else []),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=screen,
            transient=True,
        )
        self._task = self._screen.add_task("Starting", total=None, clock="", rate="")
        self._phase = ""
        self._phase_began = 0.0
        self._shown = 0.0
        self._screen.start()

    def __call__(self, report: Progress) -> None:
        """Show one report, or leave it out if the screen was updated a moment ago."""
        now = time.monotonic()
        if report.phase != self._phase:
            self._phase, self._phase_began = report.phase, now
            words = PHASES.get(report.phase, report.phase)
            self._screen.reset(self._task, description=words, clock="", rate="", total=None)
        elif now - self._shown < PAUSE_S:
            return
        self._shown = now
        if report.phase != "simulate":
            return
        seconds = now - self._phase_began
        rate = f"{number(report.impressions / seconds)} impressions/s" if seconds > 0.5 else ""
        self._screen.update(
            self._task,
            completed=report.now_s,
            total=report.end_s,
            clock=f"{clock(report.now_s)} of {clock(report.end_s)}",
            rate=rate,
        )

    def stop(self) -> None:
        """Take the bar off the screen."""
        self._screen.stop()


class _Nothing:
    """Stands where a bar is not wanted."""

    def __call__(self, report: Progress) -> None:
        """Show nothing."""

    def stop(self) -> None:
        """Nothing is on the screen."""


@contextmanager
def progress_bar(*, shown: bool) -> Iterator[Bar | _Nothing]:
    """Show a bar while a run goes on, if ``shown`` and if standard error is a terminal."""
    bar = Bar() if shown and sys.stderr.isatty() else _Nothing()
    try:
        yield bar
    finally:
        bar.stop()
