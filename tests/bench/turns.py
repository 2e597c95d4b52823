"""Programs that take turns on one core, a fraction of a second each.

The speed of a machine changes within seconds, because others use its memory and caches. Two
programs that take turns meet the same seconds, so their ratio can be trusted where their speeds
cannot. Each is a process that waits for a line of input and then works for as long as that says.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["Partner", "first_core", "round_of", "serve", "stay_on", "tell"]

Answer = dict[str, Any]


def first_core() -> int:
    """A core that this process may use; -1 where that cannot be told."""
    return min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else -1


def stay_on(core: int) -> None:
    """Use this core alone; any when it is below 0."""
    if core >= 0:
        os.sched_setaffinity(0, [core])


def tell(what: Answer) -> None:
    """Print a line of JSON at once."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def serve(stretches: Iterator[tuple[int, float]], core: int) -> None:
    """Work through ``stretches``, (impressions, CPU seconds) each, in turns.

    The first is for warming up. Then each line of input says how many CPU seconds a turn has at
    least.
    """
    stay_on(core)
    next(stretches)
    tell({})
    for line in sys.stdin:
        shown, seconds = next(stretches)
        while seconds < float(line):
            more, took = next(stretches)
            shown, seconds = shown + more, seconds + took
        tell({"ns": seconds / max(shown, 1) * 1e9, "shown": shown})


class Partner:
    """A script of this folder that serves turns."""

    def __init__(self, script: Path, *arguments: str, path: Path) -> None:
        self._script = script
        self._process = subprocess.Popen(
            [sys.executable, str(script), *arguments], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(path)},
        )  # fmt: skip

    def answer(self) -> Answer:
        """The next line that the process prints."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._script} ended with {self._process.wait()}")
        answer: Answer = json.loads(line)
        return answer

    def play(self, amount: float) -> Answer:
        """Take a turn; nanoseconds an impression took in it, and how many were ``shown``."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{amount}\n")
        self._process.stdin.flush()
        return self.answer()

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


def round_of(
    first: Any, amount: float, second: Any, other_amount: float | None, turns: int
) -> tuple[float, float]:
    """Nanoseconds an impression takes with each of two partners, in so many turns of both.

    A turn of the first has ``amount``, one of the second ``other_amount``; when that is None, the
    CPU seconds that the first has just had.
    """
    cost, shown = [0.0, 0.0], [0, 0]
    for _ in range(turns):
        one = first.play(amount)
        spent = one["ns"] * one["shown"]
        two = second.play(spent * 1e-9 if other_amount is None else other_amount)
        for number, answer in enumerate((one, two)):
            cost[number] += answer["ns"] * answer["shown"]
            shown[number] += answer["shown"]
    return cost[0] / max(shown[0], 1), cost[1] / max(shown[1], 1)
