"""One number over many worlds: its values, their interval, and how many worlds it takes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sim.analysis.summary import value_at
from sim.core.errors import ForyouError
from sim.core.estimates import Scale, scale_of
from sim.study.statistics.intervals import Interval, mean_interval, share_interval, worlds_needed
from sim.study.statistics.metrics import Metric

__all__ = ["FEW", "OverWorlds", "Precision", "over_worlds", "said"]

FEW: Final = 20
"""With fewer videos that have a property (or lack it), all worlds together, the values of worlds
are far from normal, and Wilson's interval takes the place of Student's. Assumption."""

_TOTALS: Final = (
    (re.compile(r"reach\.(?:viral|unseen|above_[0-9]+x)_share"), "reach.videos"),
    (
        re.compile(
            r"(probes\.[^.]+)\.(?:(?:viral|above_[0-9]+x)_share|time_to_reach\.[0-9]+\.share)"
        ),
        r"\1.count",
    ),
)
"""Shares of videos, and where the summary has the number of those videos."""


@dataclass(frozen=True)
class Precision:
    """How narrow an interval is wanted: ± ``amount``, of the mean or as it stands."""

    amount: float
    relative: bool

    @classmethod
    def parse(cls, text: str | float) -> Precision:
        """``"5 %"`` is relative to the mean; ``"0.5"`` is in the unit of the number.

        A share is written as such: 0.01 is one percentage point. Raises ForyouError for anything
        that is not a positive number.
        """
        plain = str(text).strip()
        relative = plain.endswith("%")
        try:
            # float() would take the digits of any script
            amount = float(plain.removesuffix("%").replace("_", "").encode("ascii"))
        except ValueError:
            amount = math.nan
        if not (math.isfinite(amount) and amount > 0):
            raise ForyouError(
                f'a precision is a positive number, such as "5 %" of the mean or "0.01" in the '
                f'unit of the number; got "{plain[:40]}"'
            )
        return cls(amount / 100.0 if relative else amount, relative)

    def half_width(self, mean: float) -> float:
        """Half the width of the wanted interval around ``mean``."""
        return self.amount * abs(mean) if self.relative else self.amount

    def __str__(self) -> str:
        return f"± {100 * self.amount:g} %" if self.relative else f"± {self.amount:g}"


@dataclass(frozen=True)
class OverWorlds:
    """One number over the worlds of a study."""

    metric: Metric
    values: tuple[float | None, ...]
    """[W] one a world; None where the run failed or has no such number."""
    interval: Interval | None
    """The mean with its interval; None with fewer than two values."""
    method: str
    """``student`` or ``wilson``; empty without an interval."""
    sd: float | None
    """Standard deviation between worlds: how far one run alone may be off."""
    needed: int | None
    """Worlds for the wanted precision; None when the values do not tell."""

    @property
    def known(self) -> list[float]:
        """The values that there are."""
        return [value for value in self.values if value is not None]

    @property
    def scale(self) -> Scale:
        """How its numbers are written."""
        largest = max((abs(value) for value in self.known), default=0.0)
        half = self.interval.half_width if self.interval is not None else None
        return scale_of(self.metric.unit, half, largest)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        of = self.interval
        return {
            "path": self.metric.path,
            "unit": self.metric.unit,
            "label": self.metric.label,
            "worlds": len(self.known),
            "mean": None if of is None else of.value,
            "low": None if of is None else of.low,
            "high": None if of is None else of.high,
            "method": self.method,
            "sd": self.sd,
            "needed": self.needed,
            "values": list(self.values),
        }


def over_worlds(
    metric: Metric,
    summaries: Sequence[Mapping[str, Any] | None],
    level: float = 0.95,
    precision: Precision | None = None,
) -> OverWorlds:
    """A number over the summaries [W] of worlds; None stands for a run that failed.

    The interval is Student's over worlds, cut at what the number can be. A share of videos that
    hardly any, or nearly all, videos have gets Wilson's with the design effect of worlds.
    """
    values = tuple(None if s is None else metric.of(s) for s in summaries)
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return OverWorlds(metric, values, None, "", None, None)
    interval, method = mean_interval(known, level), "student"
    counts, totals = _counts(metric, summaries)
    if totals and min(sum(counts), sum(totals) - sum(counts)) < FEW:
        interval, method = share_interval(counts, totals, level), "wilson"
    least, most = metric.bounds
    low, high = max(interval.low, least), min(interval.high, most)
    interval = Interval(interval.value, low, high, level)
    needed = None
    half = precision.half_width(interval.value) if precision is not None else 0.0
    sd = float(np.std(known, ddof=1))
    if half > 0 and sd > 0:
        needed = worlds_needed(known, half, level)
    return OverWorlds(metric, values, interval, method, sd, needed)


def _counts(
    metric: Metric, summaries: Sequence[Mapping[str, Any] | None]
) -> tuple[list[int], list[int]]:
    """Videos with the property and all videos, by world; empty when it is no share of videos."""
    for pattern, total in _TOTALS:
        if found := pattern.fullmatch(metric.path):
            path = found.expand(total)
            pairs = [
                (share, int(value_at(summary, path)))
                for summary in summaries
                if summary is not None and (share := metric.of(summary)) is not None
            ]
            return [round(share * n) for share, n in pairs], [n for _, n in pairs]
    return [], []


def said(number: OverWorlds) -> str:
    """The number so far, in a few words for the progress of a study; empty without any value."""
    if not number.known:
        return ""
    mean = float(np.mean(number.known))
    text = f"{number.metric.path} {number.scale.value(mean)}"
    if number.interval is not None:
        text += f" ({number.scale.interval(number.interval.low, number.interval.high)})"
    return text
