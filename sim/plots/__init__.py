"""Numbers to pictures: one ``*_data`` function and one draw function a plot.

Importing this imports Matplotlib, half a second: do it where something is drawn.
"""

from sim.analysis.matplotlib_import import import_matplotlib as _import_matplotlib

_import_matplotlib()

from sim.plots.draw import PLOTS, Plot, draw_plots  # noqa: E402  it imports Matplotlib

__all__ = ["PLOTS", "Plot", "draw_plots"]
