"""Numbers to pictures: one ``*_data`` function and one draw function a plot.

Importing this imports Matplotlib, half a second: do it where something is drawn.
"""

from sim.plots.draw import PLOTS, Plot, draw_plots

__all__ = ["PLOTS", "Plot", "draw_plots"]
