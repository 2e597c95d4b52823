"""How a number of a sweep answers to its settings: what the pictures show, as numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sim.core.estimates import Scale, scale_of

__all__ = ["MAX_PANELS", "Along", "Bars", "Heat", "Response", "response_data"]

Floats = npt.NDArray[np.float64]

MAX_PANELS: Final = 9
"""Most settings with a panel in one picture."""


@dataclass(frozen=True)
class Bars:
    """Numbers with their intervals."""

    value: Floats
    """[G]"""
    low: Floats
    """[G] NaN without an interval."""
    high: Floats


@dataclass(frozen=True)
class Along:
    """A number along one setting."""

    label: str
    """Path and unit."""
    texts: tuple[str, ...]
    """The values, or the middles of parts of a range."""
    at: Floats
    """[G] where they stand on the axis: the numbers, or 0, 1, ... for words."""
    numeric: bool
    log: bool
    mean: Bars
    difference: Bars | None
    """From the scenario as it is, over pairs of worlds; None when it has no such number."""
    dots: tuple[Floats, Floats]
    """Places and differences (or means) of all samples of a Latin hypercube; empty for a grid."""
    as_it_is: float | None
    """Where the scenario stands anyway; None when that is no number."""


@dataclass(frozen=True)
class Heat:
    """A number over a grid of two settings."""

    labels: tuple[str, str]
    """Of the rows and the columns."""
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    mean: Floats
    """[rows, columns]"""
    difference: Floats
    """[rows, columns] from the scenario as it is; NaN where it is the same, or not known."""
    clear: npt.NDArray[np.bool_]
    """[rows, columns] whether the interval of the difference leaves out 0."""
    as_it_is: npt.NDArray[np.bool_]
    """[rows, columns] whether the point is the scenario as it is."""


@dataclass(frozen=True)
class Response:
    """One number of a sweep."""

    title: str
    scale: Scale
    """How means are written."""
    changes: Scale
    """How differences are written."""
    base: tuple[float, float, float] | None
    """Mean and interval of the scenario as it is."""
    along: tuple[Along, ...]
    heat: Heat | None
    """For two settings on a grid."""
    origin: str
    level: float
    """Share of intervals that contain the true number."""
    left_out: int
    """Settings that have no panel: those with the least effect."""
    reason: str | None = None
    """Why there is nothing to see."""


def response_data(content: Mapping[str, Any], path: str) -> Response:
    """The number at ``path``, from the ``sweep.json`` of a study."""
    metric = next(metric for metric in content["metrics"] if metric["path"] == path)
    numbers = [point["numbers"][path] for point in content["points"]]
    means = [number["mean"] for number in numbers if number["mean"] is not None]
    halves = [(n["high"] - n["low"]) / 2 for n in numbers if n["low"] is not None]
    than = [
        (n["difference_high"] - n["difference_low"]) / 2
        for n in numbers
        if n["difference_low"] is not None
    ]
    largest = max(map(abs, means), default=0.0)
    scale = scale_of(metric["unit"], float(np.median(halves)) if halves else None, largest)
    changes = scale_of(metric["unit"], float(np.median(than)) if than else None, largest)
    base = numbers[0]
    variables = content["variables"]
    on_grid = content["design"] == "grid"
    along = tuple(
        _along(content, variable, content["along"][path][variable["path"]], path)
        for variable in variables
    )
    worlds = content["worlds"]
    origin = f"{content['scenario']}, seed {content['seed']}, {worlds} worlds at every point"
    left_out = max(0, len(along) - MAX_PANELS)
    if left_out:
        widest = sorted(along, key=lambda a: -float(np.ptp(a.mean.value)) if a.at.size else 0.0)
        along = tuple(a for a in along if a in widest[:MAX_PANELS])
    return Response(
        title=f"{metric['label'][:1].upper()}{metric['label'][1:]}",
        scale=scale,
        changes=changes,
        base=None if base["low"] is None else (base["mean"], base["low"], base["high"]),
        along=along,
        heat=_heat(content, numbers) if on_grid and len(variables) == 2 else None,
        origin=origin,
        level=float(content["level"]),
        left_out=left_out,
        reason=None if means else "No run has this number.",
    )


def _label(variable: Mapping[str, Any]) -> str:
    return f"{variable['path']} ({variable['unit']})" if variable["unit"] else variable["path"]


def _array(values: Sequence[float | None]) -> Floats:
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


def _along(
    content: Mapping[str, Any],
    variable: Mapping[str, Any],
    answers: Sequence[Mapping[str, Any]],
    path: str,
) -> Along:
    numeric = all(answer["number"] is not None for answer in answers)
    at = _array([a["number"] if numeric else float(i) for i, a in enumerate(answers)])
    log = numeric and at.size > 0 and at.min() > 0 and (variable["log"] or _geometric(at))
    without = any(answer["difference"] is None for answer in answers)
    difference = None if without else _bars(answers, "difference", "difference_")
    dots: tuple[Floats, Floats] = (np.empty(0), np.empty(0))
    if content["design"] != "grid":
        points = [
            point for point in content["points"][1:] if point["numbers"][path]["mean"] is not None
        ]
        texts = [answer["text"] for answer in answers]
        places = [
            point["places"][variable["path"]] if numeric
            else float(texts.index(point["values"][variable["path"]]))
            for point in points
        ]  # fmt: skip
        known = "mean" if difference is None else "difference"
        dots = _array(places), _array([point["numbers"][path][known] for point in points])
    base = variable["as_it_is"]
    return Along(
        label=_label(variable),
        texts=tuple(answer["text"] for answer in answers),
        at=at,
        numeric=numeric,
        log=log,
        mean=_bars(answers, "mean", ""),
        difference=difference,
        dots=dots,
        as_it_is=base["number"] if numeric and base is not None else None,
    )


def _bars(answers: Sequence[Mapping[str, Any]], value: str, end: str) -> Bars:
    columns = (value, f"{end}low", f"{end}high")
    return Bars(*(_array([answer[column] for answer in answers]) for column in columns))


def _geometric(at: Floats) -> bool:
    """Whether values are more evenly spaced on a logarithmic scale, and reach far enough for it."""
    if at.size < 3 or at.max() < 4 * at.min():
        return False
    steps, ratios = np.diff(at), np.diff(np.log(at))
    return bool(np.std(ratios) / np.mean(ratios) < np.std(steps) / np.mean(steps))


def _heat(content: Mapping[str, Any], numbers: Sequence[Mapping[str, Any]]) -> Heat:
    rows, columns = (tuple(variable["values"]) for variable in content["variables"])
    shape = len(rows), len(columns)
    points = numbers[1:]
    ends = [(p["difference_low"], p["difference_high"]) for p in points]
    clear = [low is not None and not low <= 0 <= high for low, high in ends]
    return Heat(
        labels=(_label(content["variables"][0]), _label(content["variables"][1])),
        rows=rows,
        columns=columns,
        mean=_array([point["mean"] for point in points]).reshape(shape),
        difference=_array([point["difference"] for point in points]).reshape(shape),
        clear=np.array(clear).reshape(shape),
        as_it_is=np.array([p["as_it_is"] for p in content["points"][1:]]).reshape(shape),
    )
