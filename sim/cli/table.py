"""Tables of text on a terminal, and the names that stand in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["last_parts", "table"]


def table(screen: Console, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows of text: the first column on the left, then numbers on the right.

    Without a ``head`` the last column is a remark.
    """
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    rows = [tuple(row) for row in rows]
    if not rows:
        return
    widths = [
        max(map(len, column)) for column in zip(*([head] if head else []), *rows, strict=True)
    ]
    if head and sum(widths) + 2 * len(widths) > screen.width:
        _stacked(screen, head, rows, widths)
        return
    grid = Table.grid(padding=(0, 2))
    width = len(rows[0])
    for column in range(width):
        remark = not head and column == width - 1
        grid.add_column(
            justify="left" if column == 0 or remark else "right",
            no_wrap=column > 0 and not remark,
            overflow="fold",
            style="dim" if remark else "",
        )
    if head:
        grid.add_row(*map(Text, head), style="dim")
    for row in rows:
        grid.add_row(*map(Text, row))  # brackets of a path are no markup
    screen.print(Padding(grid, (0, 0, 0, 2)), markup=False)


def _stacked(
    screen: Console, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]
) -> None:
    """A table that is too wide for the screen: what a row is about on a line of its own."""

    def numbers(row: Sequence[str]) -> str:
        cells = zip(row[1:], widths[1:], strict=True)
        return "  " + "  ".join(cell.rjust(width) for cell, width in cells)

    screen.print(numbers(head), style="dim", markup=False, soft_wrap=True)
    for row in rows:
        screen.print(f"  {row[0]}", markup=False, soft_wrap=True)
        screen.print(numbers(row), markup=False, soft_wrap=True)


def last_parts(paths: Sequence[str]) -> list[str]:
    """The last part of each path, or the path where that says too little: it stands there twice."""
    ends = [path.rpartition(".")[2] for path in paths]
    return [end if ends.count(end) == 1 else path for path, end in zip(paths, ends, strict=True)]
