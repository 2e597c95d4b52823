"""A figure into a file: whole or not at all, and the same figure always the same file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sim.plots import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_file"]

D = TypeVar("D")


def draw_file(path: Path, draw: Callable[[D, Figure], None], data: D) -> Path:
    """Draw ``data`` on a new figure and write it; the ending of ``path`` is the format.

    Makes the folder. Raises OSError when the file cannot be written.
    """
    # The date is left out, so that the same numbers give the same file.
    fmt = path.suffix.removeprefix(".")
    metadata: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(fmt, {})
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with style.style():
        figure = style.new_figure()
        draw(data, figure)
        try:
            figure.savefig(part, format=fmt, dpi=style.DPI, metadata=metadata)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    return path
