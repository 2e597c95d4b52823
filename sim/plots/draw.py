"""The list of pictures, and drawing them into files."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from sim.analysis.tables import Tables
from sim.core.errors import ForyouError
from sim.plots import style
from sim.plots.ccdf import ccdf_data, draw_ccdf
from sim.plots.daily_activity import daily_activity_data, draw_daily_activity
from sim.plots.engagement_by_tier import draw_engagement_by_tier, engagement_by_tier_data
from sim.plots.files import write_figure
from sim.plots.learning import draw_learning, learning_data
from sim.plots.lorenz import draw_lorenz, lorenz_data
from sim.plots.newcomers import draw_newcomers, joined, newcomers_data
from sim.plots.reach_by_pool import draw_reach_by_pool, reach_by_pool_data
from sim.plots.retention import draw_retention, retention_data
from sim.plots.trends import draw_trends, trends_data
from sim.plots.view_spread import draw_view_spread, view_spread_data
from sim.plots.views_by_source import draw_views_by_source, views_by_source_data

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FORMATS", "PLOTS", "Plot", "draw_plots"]

FORMATS: Final = ("png", "svg", "pdf")
"""File formats, by name without the dot."""


def _always(tables: Tables) -> bool:
    del tables
    return True


@dataclass(frozen=True)
class Plot:
    """One picture."""

    title: str
    """What it shows, for lists and for the text beside it."""
    data: Callable[[Tables], Any]
    """Numbers from tables. The result has ``reason``, which says why there is nothing."""
    draw: Callable[[Any, Figure], None]
    """Numbers onto an empty figure."""
    of: Callable[[Tables], bool] = _always
    """Whether a run has what it shows; one that has not gets it only when it is asked for."""


PLOTS: Final[Mapping[str, Plot]] = MappingProxyType(
    {
        "view_spread": Plot("Views of the probes since upload", view_spread_data, draw_view_spread),
        "ccdf": Plot("Distribution of views over videos", ccdf_data, draw_ccdf),
        "lorenz": Plot("Inequality of views", lorenz_data, draw_lorenz),
        "reach_by_pool": Plot("Reach by cold-start pool", reach_by_pool_data, draw_reach_by_pool),
        "views_by_source": Plot(
            "Views by source over time", views_by_source_data, draw_views_by_source
        ),
        "daily_activity": Plot(
            "Views by hour of the day", daily_activity_data, draw_daily_activity
        ),
        "engagement_by_tier": Plot(
            "Engagement by size of the account", engagement_by_tier_data, draw_engagement_by_tier
        ),
        "learning": Plot(
            "What ranking finds for people, by videos seen", learning_data, draw_learning
        ),
        "retention": Plot("Who comes back", retention_data, draw_retention),
        "trends": Plot("What trends, from its first hour to its end", trends_data, draw_trends),
        "newcomers": Plot(
            "First videos of people who joined", newcomers_data, draw_newcomers, joined
        ),
    }
)
"""All pictures, in the order in which a report shows them."""


def draw_plots(
    tables: Tables, out_dir: Path | str, names: Sequence[str] | None = None, fmt: str = "png"
) -> list[Path]:
    """Draw pictures into ``out_dir`` as ``<name>.<fmt>`` and return the files.

    ``names`` chooses pictures, for None all that are of such a run. A run that has nothing for a
    picture (no probes, no pools) gets a picture that says so; ``newcomers`` is drawn where
    people join during the run, and elsewhere only when it is named. Each file appears whole or not
    at all. Raises ``ForyouError`` for an unknown name or format.
    """
    every = [name for name, plot in PLOTS.items() if plot.of(tables)]
    chosen = every if names is None else list(dict.fromkeys(names))
    for name in chosen:
        if name not in PLOTS:
            close = difflib.get_close_matches(name, PLOTS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(PLOTS)}"
            raise ForyouError(f"unknown picture {name!r}; {hint}")
    if fmt not in FORMATS:
        raise ForyouError(f"unknown picture format {fmt!r}; there are {', '.join(FORMATS)}")
    out = Path(out_dir)
    files = []
    for name in chosen:
        plot = PLOTS[name]
        data = plot.data(tables)
        with style.style():
            figure = style.new_figure()
            plot.draw(data, figure)
            path = out / f"{name}.{fmt}"
            write_figure(path, figure)
        files.append(path)
    return files
