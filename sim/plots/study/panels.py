"""Panels side by side in a picture of a search, under a head of the usual size."""

from __future__ import annotations

import textwrap
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.plots import style

__all__ = ["MAX_PANELS", "keep_head", "panel_title"]

MAX_PANELS: Final = 4
"""Most panels side by side."""


def panel_title(axes: Axes, label: str, width: float) -> None:
    """The label of a panel of this width, a share of the figure, in at most two lines."""
    text = f"{label[:1].upper()}{label[1:]}"
    most = max(int((width - 0.02) / 0.0086), 8)
    lines = textwrap.wrap(text, most, max_lines=2, placeholder=" ...")
    axes.set_title("\n".join(lines), fontsize=8.3, loc="left", pad=4.0)


def keep_head(figure: Figure, height: float) -> None:
    """The head stands as far from the top as in other pictures."""
    for text in figure.texts:
        x, y = text.get_position()
        text.set_position((x, 1 - (1 - y) * style.SIZE[1] / height))
