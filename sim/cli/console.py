"""What every command prints with: plain lines, complaints, and rich consoles made on demand.

Names, values, questions, file names and error texts are a stranger's: nothing of them reaches the
terminal raw. That is seen to here and in ``sim.cli.streams``, through which all output goes.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sim.cli.streams import unguarded
from sim.core.printable import one_line, printable

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["complain", "console", "one_line", "say", "version"]

_WIDEST = 500
"""Most columns that are believed."""
_COLUMNS = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


def say(text: str = "") -> None:
    """Print lines on standard output; what would steer a terminal is spelled out."""
    sys.stdout.write(printable(text) + "\n")


def complain(text: str, *, lines: bool = False) -> None:
    """Print a message on standard error, under the program's name; one line unless ``lines``."""
    sys.stdout.flush()
    sys.stderr.write(f"foryou: {printable(text) if lines else one_line(text)}\n")


def console(*, stderr: bool = False) -> Console:
    """Make a console for tables and bars; imports rich, which plain output does not need.

    Where ``COLUMNS`` is no number above 0 the width is that of the terminal, or 80.
    """
    from rich.console import Console
    from rich.segment import Segment

    class Screen(Console):
        def _render_buffer(self, buffer: Iterable[Segment]) -> str:
            # here text has its place and styles are still apart from it: what steers the
            # terminal from now on is rich
            return super()._render_buffer(
                s if s.control else Segment(printable(s.text), s.style) for s in buffer
            )

    # rich takes COLUMNS and LINES for numbers where Python's isdigit() says so, as of "²"
    told = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
    if _COLUMNS.fullmatch(wanted := os.environ.get("COLUMNS", "")):
        told["COLUMNS"] = str(min(int(wanted), _WIDEST))
    stream = unguarded(sys.stderr if stderr else sys.stdout)
    return Screen(stderr=stderr, file=stream, highlight=False, emoji=False, _environ=told)


def version() -> str:
    """Version of the installed distribution."""
    from importlib.metadata import version as installed

    return installed("foryou")
