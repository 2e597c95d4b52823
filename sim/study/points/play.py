"""Playing the points of a study: the same worlds under many settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sim.core.errors import StudyError
from sim.study.runs.execute import Executor, Report, execute
from sim.study.runs.outcome import Outcome
from sim.study.runs.plan import RunSpec
from sim.study.runs.start import Failure, failures, working
from sim.study.runs.store import Store
from sim.study.statistics.metrics import Metric

__all__ = ["SoFar", "nothing", "play_points"]


def nothing(spec: RunSpec, outcome: Outcome) -> None:
    """Do nothing with an outcome."""
    del spec, outcome


def play_points(
    store: Store,
    points: Sequence[Sequence[RunSpec]],
    metric: Metric,
    executor: Executor | None,
    runs: int,
    progress: Callable[[Report], None],
    heard: Callable[[RunSpec, Outcome], None],
    *,
    force: bool = False,
) -> tuple[dict[str, Outcome], tuple[Failure, ...]]:
    """(outcomes by key, runs that failed) of all worlds of all ``points``.

    The progress tells the range of ``metric`` so far. ``heard`` is called for every outcome, those
    of before too. Raises StudyError when no run worked, and what ``execute`` raises.
    """
    specs = [spec for row in points for spec in row]
    so_far = SoFar(metric)

    def on_outcome(spec: RunSpec, outcome: Outcome) -> str | None:
        heard(spec, outcome)
        return so_far.take(spec, outcome)

    with working(executor, runs) as hands:
        outcomes = execute(specs, store, hands, progress, on_outcome, force=force)
    failed = failures(specs, outcomes)
    if len(failed) == len(specs):
        raise StudyError(
            f"{store.folder}: all {len(failed)} runs failed; the first: {failed[0].error} "
            f"(its scenario: {store.folder / failed[0].scenario})"
        )
    return outcomes, failed


class SoFar:
    """The range of the first number over all runs so far, for the progress."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._least: tuple[float, str] | None = None
        self._most: tuple[float, str] | None = None

    def take(self, spec: RunSpec, outcome: Outcome) -> str | None:
        """Take one more outcome; the range so far in words, None before the first value."""
        value = None if outcome.summary is None else self._metric.of(outcome.summary)
        if value is not None:
            found = (value, spec.arm)
            self._least = found if self._least is None else min(self._least, found)
            self._most = found if self._most is None else max(self._most, found)
        if self._least is None or self._most is None:
            return None
        return (
            f"{self._metric.path} {self._least[0]:.4g} ({self._least[1]}) "
            f"to {self._most[0]:.4g} ({self._most[1]})"
        )
