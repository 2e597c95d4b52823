"""What a study will cost: the number of runs before it starts, the time after the first run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from sim.cli.words import span
from sim.core.printable import printable

if TYPE_CHECKING:
    from sim.study.runs.execute import Executor, Report
    from sim.study.runs.outcome import Outcome
    from sim.study.runs.plan import RunSpec

__all__ = ["Forecast"]


class Forecast:
    """Tells on standard error what is to come; silent unless ``shown``."""

    def __init__(self, executor: Executor, *, shown: bool) -> None:
        self._executor = executor
        self._shown = shown
        self._told = not shown
        self._seconds: float | None = None

    def runs(self, what: str, runs: int) -> None:
        """Before anything runs: what it is made of, and how many runs that is."""
        if self._shown:
            _tell(f"{what}: {runs:,} run{'s' * (runs != 1)}")

    def heard(self, spec: RunSpec, outcome: Outcome) -> None:
        """Remember how long a run took that worked."""
        del spec
        if outcome.error is None:
            self._seconds = outcome.seconds

    def after_first(self, progress: Callable[[Report], None]) -> Callable[[Report], None]:
        """``progress``, and once the first run is done the time that the others will take."""

        def both(report: Report) -> None:
            if not self._told and self._seconds is not None and report.done > report.skipped:
                self._told = True
                left = report.total - report.done
                workers = min(self._executor.workers, left)
                if left:
                    seconds = left * self._seconds / workers
                    _tell(
                        f"the first run took {span(self._seconds)}, starting up included; at this "
                        f"pace the other {left:,} take {span(seconds)} on "
                        f"{workers} worker{'s' * (workers != 1)}"
                    )
            progress(report)

        return both


def _tell(text: str) -> None:
    sys.stderr.write(printable(text) + "\n")
    sys.stderr.flush()
