"""Tables of text on a terminal, and the names that stand in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sim.cli.console import one_line

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["last_parts", "table"]


_REMARK = 24
"""Least width of a remark that stands beside its number rather than below it."""


def table(
    screen: Console, head: Sequence[str], rows: Iterable[Sequence[str]], *, first: int = 0
) -> None:
    """Print rows of text: the first column on the left, then numbers on the right.

    Without a ``head`` the last column is a remark. The first column is at least ``first`` wide.
    Numbers are never cut: a row that is too wide for the screen takes more than one line.
    """
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    head = [one_line(cell) for cell in head]
    lines = [tuple(one_line(cell) for cell in row) for row in rows]
    if not lines:
        return
    widths = [
        max(map(len, column)) for column in zip(*([head] if head else []), *lines, strict=True)
    ]
    widths[0] = max(widths[0], first)
    numbers = widths if head else [*widths[:-1], min(widths[-1], _REMARK)]
    if sum(numbers) + 2 * len(numbers) > screen.width:
        _stacked(screen, head, lines, widths)
        return
    grid = Table.grid(padding=(0, 2))
    width = len(widths)
    for column in range(width):
        remark = not head and column == width - 1
        grid.add_column(
            justify="left" if column == 0 or remark else "right",
            no_wrap=column > 0 and not remark,
            overflow="fold",
            style="dim" if remark else "",
            min_width=first if column == 0 else None,
        )
    if head:
        grid.add_row(*map(Text, head), style="dim")
    for row in lines:
        grid.add_row(*map(Text, row))  # brackets of a path are no markup
    screen.print(Padding(grid, (0, 0, 0, 2)), markup=False)


def _stacked(
    screen: Console, head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]
) -> None:
    """A table that is too wide for the screen: what a row is about on a line of its own."""
    if not head:
        for *cells, remark in rows:
            screen.print(f"  {cells[0]}", markup=False, soft_wrap=True)
            if told := "  ".join(cell for cell in cells[1:] if cell):
                screen.print(f"      {told}", markup=False, soft_wrap=True)
            if remark:
                _remark(screen, remark)
        return

    def numbers(row: Sequence[str]) -> str:
        cells = zip(row[1:], widths[1:], strict=True)
        return "  " + "  ".join(cell.rjust(width) for cell, width in cells)

    screen.print(numbers(head), style="dim", markup=False, soft_wrap=True)
    for row in rows:
        screen.print(f"  {row[0]}", markup=False, soft_wrap=True)
        screen.print(numbers(row), markup=False, soft_wrap=True)


def _remark(screen: Console, text: str) -> None:
    from rich.padding import Padding
    from rich.text import Text

    screen.print(Padding(Text(text, style="dim", overflow="fold"), (0, 0, 0, 6)), markup=False)


def last_parts(paths: Sequence[str]) -> list[str]:
    """The last part of each path, or the path where that says too little: it stands there twice."""
    ends = [path.rpartition(".")[2] for path in paths]
    return [end if ends.count(end) == 1 else path for path, end in zip(paths, ends, strict=True)]
