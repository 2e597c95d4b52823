"""When people watch: views by hour of the local day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from sim.analysis.tables import Tables
from sim.analysis.watch import daily_activity
from sim.plots import style

__all__ = ["DailyActivity", "daily_activity_data", "draw_daily_activity"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DailyActivity:
    """Views by local hour, after the warm-up."""

    value: Floats
    """[24] percent of a day's views, or views per 1,000 users and hour; NaN: not covered."""
    unit: str
    peak: int | None
    """Hour with the most views."""
    low: int | None
    """Hour with the fewest views."""
    clock: str
    """Whose hours these are."""
    days: float
    """Length of the measured time, days."""
    origin: str
    reason: str | None = None


def daily_activity_data(tables: Tables) -> DailyActivity:
    """Percent of a day's views by hour; views per 1,000 users and hour in a shorter run."""
    daily = daily_activity(tables)
    reason = daily.reason
    if reason is None and not np.nansum(daily.rate) > 0:
        reason = "nothing was viewed after the warm-up"
    if daily.share is not None:
        value, unit = 100.0 * daily.share, "share of a day's views (%)"
    else:
        value, unit = 1_000.0 * daily.rate, "views per 1,000 users and hour"
    offset = daily.locale.utc_offset_s / 3600.0
    clock = "local hour" if offset == 0 else f"local hour (UTC{offset:+g} h)"
    if len(tables.locales) > 1:
        clock = f"hour of day in {daily.locale.name} (UTC{offset:+g} h)"
    return DailyActivity(
        value=value,
        unit=unit,
        peak=None if reason else int(np.nanargmax(value)),
        low=None if reason else int(np.nanargmin(value)),
        clock=clock,
        days=float(daily.covered_h.sum()) / 24.0,
        origin=style.origin(tables),
        reason=None if reason is None else f"No daily curve: {reason}.",
    )


def _short(value: float) -> str:
    """At most two digits below 10, so that it fits above its bar."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def draw_daily_activity(data: DailyActivity, figure: Figure) -> None:
    """One bar an hour; the busiest and the quietest hour carry their value."""
    if data.peak is None or data.low is None:
        style.empty(figure, "Views by hour of the day", data.origin, data.reason or "")
        return
    top, bottom = float(data.value[data.peak]), float(data.value[data.low])
    title = f"Busiest from {data.peak}:00, quietest from {data.low}:00"
    if bottom > 0:
        title += f": {top / bottom:.2g} times apart"
    style.head(
        figure,
        title,
        f"Views of all users on all surfaces; {data.days:.3g} days of simulated time, "
        f"warm-up left out; {data.origin}",
    )
    axes = figure.add_axes((0.09, 0.125, 0.87, 0.70))
    hours = np.arange(24)
    known = np.isfinite(data.value)
    colours = [style.BLUE if hour == data.peak else style.MIDDLE_BLUE for hour in hours[known]]
    bars = axes.bar(hours[known] + 0.5, data.value[known], 0.86, color=colours)
    for bar, hour in zip(bars, hours[known], strict=True):
        if hour == data.low:
            bar.set(facecolor=style.LIGHT_BLUE, edgecolor=style.BLUE, linewidth=0.9)
    for hour in {data.peak, data.low}:
        axes.annotate(
            _short(float(data.value[hour])),
            (hour + 0.5, data.value[hour]),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    if not known.all():
        axes.text(
            0.995, 0.98, "hours without a bar: not covered by the run", ha="right", va="top",
            transform=axes.transAxes, fontsize=8, color=style.GREY,
        )  # fmt: skip
    axes.set_xlim(0, 24)
    axes.set_ylim(0, top * 1.14)
    axes.set_xticks(range(0, 25, 3), [f"{hour}:00" for hour in range(0, 25, 3)])
    axes.set_xlabel(data.clock)
    axes.set_ylabel(data.unit)
