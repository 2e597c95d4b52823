"""Draw the pictures of one run: ``python -m sim.plots`` with a task on its standard input.

The task is a line of JSON with the run's ``folder`` and ``manifest``; see ``sim.core.helper``.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import NoReturn

import powerlaw  # noqa: F401 - what waits for a task imports now what it will need

from sim.analysis import read_tables
from sim.plots import draw_plots


def _end(*_signal: object) -> NoReturn:
    """End so that half a picture is removed."""
    raise SystemExit(1)


def main() -> None:
    """Wait for a task and do it."""
    # Ctrl-C reaches all processes of a terminal; whoever gave the task decides what to do then
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    line = sys.stdin.readline()
    if not line:
        return
    task = json.loads(line)
    folder = Path(task["folder"])
    draw_plots(read_tables(folder, task["manifest"]), folder / "plots")


if __name__ == "__main__":
    main()
