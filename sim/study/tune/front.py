"""Which trials are the best: of one objective the largest gains, of several a front."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from sim.study.tune.early import pooled_errors
from sim.study.tune.objective import Start
from sim.study.tune.trial import Trial

__all__ = ["best_so_far", "candidates", "compromise", "front", "nondominated", "points", "spread"]

Floats = npt.NDArray[np.float64]


def nondominated(values: npt.ArrayLike) -> list[int]:
    """Rows of ``values`` [N, O], larger is better, that no other row beats.

    A row is beaten by one that is nowhere worse and somewhere better. Of equal rows all stay.
    """
    x = np.asarray(values, np.float64)
    found = []
    for i, row in enumerate(x):
        beats = (x >= row).all(axis=1) & (x > row).any(axis=1)
        if not beats.any():
            found.append(i)
    return found


def _scaled(values: npt.ArrayLike) -> Floats:
    """Each column from 0, its smallest, to 1, its largest; 1 everywhere when it is constant."""
    x = np.asarray(values, np.float64)
    low, high = x.min(axis=0), x.max(axis=0)
    size = np.where(high > low, high - low, 1.0)
    scaled: Floats = np.where(high > low, (x - low) / size, 1.0)
    return scaled


def compromise(values: npt.ArrayLike) -> int:
    """The row of ``values`` [N, O] nearest to the best of every column, columns scaled to 0..1.

    The compromise solution of Zeleny 1973 with Euclidean distance. The first of equals.
    """
    distance = np.sqrt(((1.0 - _scaled(values)) ** 2).sum(axis=1))
    return int(np.argmin(distance))


def spread(values: npt.ArrayLike, count: int) -> list[int]:
    """Up to ``count`` rows of ``values`` [N, O] that stand for all of them, in their order.

    First the compromise and the best of each column, then again and again the row farthest from
    those taken (Gonzalez 1985). Equal rows are taken once.
    """
    scaled = _scaled(values)
    wanted = [compromise(values), *(int(i) for i in np.argmax(scaled, axis=0))]
    taken = list(dict.fromkeys(wanted))[:count]
    while len(taken) < min(count, len(scaled)):
        apart = np.sqrt(((scaled[:, None] - scaled[taken][None]) ** 2).sum(axis=2)).min(axis=1)
        if apart.max() <= 0:
            break
        taken.append(int(np.argmax(apart)))
    return sorted(taken)


def points(start: Start, trials: Sequence[Trial]) -> Floats:
    """values [N, O] mean gain of each objective over the start, larger is better."""
    rows = [start.gains(trial.values).mean(axis=1) for trial in trials]
    return np.array(rows).reshape(len(rows), len(start.aim.objectives))


def front(start: Start, trials: Sequence[Trial]) -> list[Trial]:
    """The trials that show what can be had, with all their worlds.

    With several objectives those that keep the constraints and that no other beats. With one
    objective and constraints the trade-off between it and the first constraint: those that no
    other beats in both, whether they keep it or not.
    """
    whole = [trial for trial in trials if trial.state == "complete"]
    if len(start.aim.objectives) > 1 or not start.aim.limits:
        whole = [trial for trial in whole if start.feasible(trial.values)]
        values = points(start, whole)
    else:
        margins = [start.margins(trial.values)[0].mean() for trial in whole]
        values = np.column_stack([points(start, whole)[:, 0], np.array(margins)])
    return _distinct([whole[i] for i in nondominated(values)])


def candidates(start: Start, trials: Sequence[Trial], count: int) -> list[Trial]:
    """The trials that are worth a test on fresh worlds, the best first; none may be.

    They keep the constraints, and with one objective they are better than the start. A mean over
    a few worlds that only just keeps a constraint breaks it in half of the other worlds, so
    trials that keep each with a standard error to spare go before the rest.
    """
    whole = _distinct([trial for trial in trials if trial.state == "complete"])
    sound = [trial for trial in whole if start.feasible(trial.values)]
    errors = pooled_errors(start, trials)
    safe = [trial for trial in sound if _is_safe(start, trial, errors)]
    if len(start.aim.objectives) > 1:
        chosen = front(start, safe) or front(start, sound)
        return [chosen[i] for i in spread(points(start, chosen), count)] if chosen else []
    rest = [trial for trial in sound if trial not in safe]
    ranked = []
    for group in (safe, rest):
        gains = points(start, group)[:, 0]
        order = np.argsort(-gains, kind="stable")
        ranked += [group[i] for i in order if gains[i] > 0]
    return ranked[:count]


def _is_safe(start: Start, trial: Trial, errors: Sequence[float] | None) -> bool:
    if errors is None:
        return True
    margins = start.margins(trial.values).mean(axis=1)
    needed = np.asarray(errors) / np.sqrt(trial.worlds)
    return bool((margins >= needed).all())


def _distinct(trials: Sequence[Trial]) -> list[Trial]:
    """Each point once."""
    found: dict[tuple[object, ...], Trial] = {}
    for trial in trials:
        found.setdefault(tuple(trial.params[path] for path in sorted(trial.params)), trial)
    return list(found.values())


def best_so_far(start: Start, trials: Sequence[Trial]) -> str:
    """The best of the search in words; empty before there is any."""
    stopped = sum(trial.state == "pruned" for trial in trials)
    failed = sum(trial.state == "failed" for trial in trials)
    parts = [f"{stopped} stopped early"] if stopped else []
    parts += [f"{failed} failed"] if failed else []
    tail = f" ({', '.join(parts)} of {len(trials)} trials)" if parts else ""
    if len(start.aim.objectives) > 1:
        found = front(start, trials)
        return f"{len(found)} trials on the front{tail}" if found else tail.strip(" ()")
    chosen = candidates(start, trials, 1)
    if not chosen:
        return f"nothing better than the start yet{tail}" if trials else ""
    path = start.aim.objectives[0].metric.path
    before = float(np.mean(start.values[path]))
    after = start.estimates(chosen[0].values)[0]
    return f"trial {chosen[0].number}: {path} {before:.4g} to {after:.4g}{tail}"
