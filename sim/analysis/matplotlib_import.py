"""Importing Matplotlib whatever ``MPLBACKEND`` says."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

__all__ = ["import_matplotlib"]


def import_matplotlib() -> None:
    """Import Matplotlib, which otherwise fails when ``MPLBACKEND`` names no backend.

    Pictures are drawn without a backend of that kind. A known one is set as the variable says, for
    what else the process draws, such as a notebook.
    """
    if "matplotlib" in sys.modules:
        return
    wanted = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib
    finally:
        if wanted is not None:
            os.environ["MPLBACKEND"] = wanted
    if wanted:
        with suppress(ValueError):
            matplotlib.rcParams["backend"] = wanted
