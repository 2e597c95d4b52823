"""How many videos get more than so many views, and which law the tail follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from sim.analysis.tables import Tables, mature
from sim.analysis.tails import TailFit, ccdf, fit_tail, lognormal_ccdf, power_law_ccdf
from sim.plots import style

__all__ = ["Ccdf", "ccdf_data", "draw_ccdf"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ccdf:
    """Distribution of views over mature ordinary uploads."""

    views: Floats
    """[X] views, rising, from 1."""
    share: Floats
    """[X] share of all videos with at least so many."""
    fit: TailFit
    curve: Floats
    """[T] views at which the fitted laws are drawn; empty without a fit."""
    power_law: Floats
    """[T] share of all videos by the power law."""
    lognormal: Floats
    """[T] share of all videos by the log-normal; empty when it could not be fitted."""
    videos: int
    unseen: int
    p99: float | None
    population: str
    """Which videos these are, in words."""
    origin: str
    reason: str | None = None


def ccdf_data(tables: Tables) -> Ccdf:
    """CCDF of views and the two fits, scaled to the share of videos in the tail."""
    views = mature(tables)["views"].to_numpy().astype(np.float64)
    seen = views[views > 0]
    x, share = ccdf(seen)
    fit = fit_tail(views)
    curve = power = lognormal = np.empty(0)
    if fit.xmin is not None and fit.alpha is not None and fit.n_tail is not None:
        curve = np.geomspace(fit.xmin, float(x[-1]), 60)
        scale = fit.n_tail / views.size
        power = scale * power_law_ccdf(curve, fit.alpha, fit.xmin)
        if fit.mu is not None and fit.sigma is not None:
            lognormal = scale * lognormal_ccdf(curve, fit.mu, fit.sigma, fit.xmin)
    return Ccdf(
        views=x,
        share=share * (seen.size / max(1, views.size)),
        fit=fit,
        curve=curve,
        power_law=power,
        lognormal=lognormal,
        videos=int(views.size),
        unseen=int(views.size - seen.size),
        p99=float(np.quantile(views, 0.99)) if views.size >= 100 else None,
        population=style.population(tables),
        origin=style.origin(tables),
        reason=None if seen.size else "No ordinary upload is old enough and has a view.",
    )


def draw_ccdf(data: Ccdf, figure: Figure) -> None:
    """Both axes logarithmic; the fits as lines from xmin on."""
    if data.reason is not None:
        style.empty(figure, "Distribution of views", data.origin, data.reason)
        return
    title = "How many videos get how many views"
    if data.p99 is not None:
        title = f"One video in a hundred gets {style.count(data.p99)} views or more"
    unseen = f" ({data.unseen} without a view, not drawn)" if data.unseen else ""
    style.head(
        figure,
        title,
        f"{data.videos:,} ordinary uploads, {data.population}{unseen}; "
        f"{data.origin}. {_verdict(data.fit)}",
    )
    axes = figure.add_axes((0.10, 0.125, 0.86, 0.675))
    axes.grid(True, axis="both")
    axes.plot(
        data.views,
        data.share,
        ls="none",
        marker="o",
        ms=3.4,
        mfc=style.MIDDLE_BLUE,
        mec=style.BLUE,
        mew=0.5,
        label="videos of this run",
    )
    fit = data.fit
    if data.curve.size:
        error = "" if fit.alpha_se is None else f" ± {fit.alpha_se:.2f}"
        power = f"power law, density exponent {fit.alpha:.2f}{error}"
        axes.plot(data.curve, data.power_law, color=style.ORANGE, lw=1.8, ls="--", label=power)
    if data.lognormal.size:
        label = "log-normal, same tail"
        axes.plot(data.curve, data.lognormal, color=style.INK, lw=1.6, ls=":", label=label)
    style.log_counts(axes, "x", float(data.views[-1]), low=float(data.views[0]))
    least = float(data.share[-1])
    axes.set_yscale("log")
    axes.set_ylim(least / 1.8, 1.5)
    powers = [10.0**-k for k in range(10) if 10.0**-k >= least / 1.8]
    axes.yaxis.set_major_locator(FixedLocator(powers))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    axes.set_xlabel("views of a video")
    axes.set_ylabel("share of videos with at least so many")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 0.0), handlelength=2.6)


def _verdict(fit: TailFit) -> str:
    if fit.reason is not None:
        return f"No fit: {fit.reason}."
    tail = f"Tail: {fit.n_tail:,} videos from {style.count(fit.xmin or 0.0)} views"
    if fit.p is None or fit.ratio is None:
        return f"{tail}."
    if fit.p > 0.1:
        return f"{tail}; the two laws cannot be told apart (p = {fit.p:.2f})."
    better = "power law" if fit.ratio > 0 else "log-normal"
    return f"{tail}; the {better} fits better (p = {fit.p:.2g})."
