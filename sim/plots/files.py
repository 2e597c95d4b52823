"""A figure into a file: whole or not at all, and the same figure always the same file."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sim.plots import style
from sim.record.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_file", "write_figure"]

D = TypeVar("D")


def draw_file(path: Path, draw: Callable[[D, Figure], None], data: D) -> Path:
    """Draw ``data`` on a new figure and write it; the ending of ``path`` is the format.

    Makes the folder. Raises OSError when the file cannot be written.
    """
    with style.style():
        figure = style.new_figure()
        draw(data, figure)
        write_figure(path, figure)
    return path


def write_figure(path: Path, figure: Figure) -> None:
    """Write a figure; the ending of ``path`` is the format. Makes the folder. Raises OSError."""
    # The date is left out, so that the same numbers give the same file.
    fmt = path.suffix.removeprefix(".")
    metadata: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(fmt, {})
    content = io.BytesIO()
    figure.savefig(content, format=fmt, dpi=style.DPI, metadata=metadata)
    write_bytes(path, content.getbuffer())
