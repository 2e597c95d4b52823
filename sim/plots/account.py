"""An account as its owner sees it: views by day, by hour, and who still watches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from sim.analysis.account import Account
from sim.analysis.tables import Tables
from sim.plots import style

__all__ = ["AccountPicture", "account_data", "draw_account"]

TITLE: Final = "An account, as its owner sees it"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class AccountPicture:
    """The panels; shares by surface where there is no log of events."""

    name: str
    views: int
    followers_start: int
    followers: int
    surfaces: dict[str, float]
    days: Floats | None
    """[D] views of each day"""
    day_followers: Floats | None
    """[D] followers at its end"""
    hours: Floats | None
    """[24] share of views in each hour"""
    seconds: Floats | None
    watching: Floats | None
    origin: str
    reason: str | None = None


def account_data(tables: Tables, account: Account) -> AccountPicture:
    """The numbers of the picture."""
    log = account.log
    reason = None if account.views else "Nobody has seen a post of it."
    days = followers = hours = seconds = watching = None
    if log is not None and account.views:
        days = log.days["views"].to_numpy().astype(float)
        followers = log.days["followers"].to_numpy().astype(float)
        hours = log.hours["views"].to_numpy() / max(1, int(log.hours["views"].sum()))
        known = log.retention.drop_nulls()
        seconds, watching = known["second"].to_numpy().astype(float), known["watching"].to_numpy()
    return AccountPicture(
        account.name, account.views, account.followers_start, account.followers, account.surfaces,
        days, followers, hours, seconds, watching, style.origin(tables), reason,
    )  # fmt: skip


def draw_account(data: AccountPicture, figure: Figure) -> None:
    """Four panels with a log of events, else where views came from."""
    if data.reason is not None:
        style.empty(figure, TITLE, data.origin, data.reason)
        return
    came = data.followers - data.followers_start
    name = data.name[:1].upper() + data.name[1:]
    most = max(data.surfaces, key=lambda surface: data.surfaces[surface])
    style.head(
        figure,
        f"{name}: {data.views:,} views, {came:+,} followers",
        f"{style.percent(data.surfaces[most])} of views on {most.replace('_', ' ')}; "
        f"{data.origin}.",
    )
    if data.days is None:
        _surfaces(figure.add_axes((0.2, 0.14, 0.74, 0.62)), data)
        return
    _days(figure.add_axes((0.09, 0.5, 0.38, 0.28)), data)
    _surfaces(figure.add_axes((0.66, 0.5, 0.3, 0.28)), data)
    _hours(figure.add_axes((0.09, 0.12, 0.38, 0.23)), data)
    _retention(figure.add_axes((0.58, 0.12, 0.38, 0.23)), data)


def _surfaces(axes: Axes, data: AccountPicture) -> None:
    most = list(data.surfaces.items())[:6][::-1]
    axes.barh([name.replace("_", " ") for name, _ in most], [100 * s for _, s in most],
              color=style.BLUE)  # fmt: skip
    axes.grid(axis="x")
    axes.grid(visible=False, axis="y")
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of views (%)")


def _days(axes: Axes, data: AccountPicture) -> None:
    assert data.days is not None
    at = np.arange(1, len(data.days) + 1)
    axes.bar(at, data.days, color=style.MIDDLE_BLUE, width=0.8)
    axes.set_xlabel("day")
    axes.set_ylabel("views")
    axes.set_ylim(bottom=0)
    axes.set_xlim(0.4, len(data.days) + 0.6)
    style.counts_on_axis(axes.yaxis)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _hours(axes: Axes, data: AccountPicture) -> None:
    assert data.hours is not None
    axes.bar(np.arange(24) + 0.5, 100 * data.hours, color=style.MIDDLE_BLUE, width=0.85)
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 25, 6))
    axes.set_xlabel("hour of the day")
    axes.set_ylabel("views (%)")


def _retention(axes: Axes, data: AccountPicture) -> None:
    assert data.seconds is not None
    assert data.watching is not None
    axes.plot(data.seconds, 100 * data.watching, color=style.BLUE, marker="o", ms=3)
    axes.set_ylim(0, 100)
    axes.set_xlim(left=0)
    axes.set_xlabel("second of a video that is so long")
    axes.set_ylabel("still watch (%)")
