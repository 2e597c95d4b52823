"""What every command prints with: plain lines, complaints, and rich consoles made on demand."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["complain", "console", "say", "version"]


def say(text: str = "") -> None:
    """Print one line on standard output, as it is."""
    sys.stdout.write(text + "\n")


def complain(text: str) -> None:
    """Print a message on standard error, under the program's name."""
    sys.stdout.flush()
    sys.stderr.write(f"foryou: {text}\n")


def console(*, stderr: bool = False) -> Console:
    """Make a console for tables and bars; imports rich, which plain output does not need."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def version() -> str:
    """Version of the installed distribution."""
    from importlib.metadata import version as installed

    return installed("foryou")
