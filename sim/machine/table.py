"""Tables: state declared once, column by column; everything else about it is derived.

A table is a class whose attributes are its columns:

    class Moods(Table, owner="user", side=Side.TRUTH):
        mood: F32 = column(np.float32, "how the last session was", unit="sd")

From the declaration follow allocation, growth, slices, what a row weighs, what is written out and
read back, the types that compiled code sees (``sim.machine.frame``), which columns lie together on
a cache line (``sim.machine.pack``), the reference page of the state, and the test of the wall
between truth and belief.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sim.machine.aligned import aligned_zeros

__all__ = ["Column", "Side", "Table", "column", "listing", "number"]


class Side(Enum):
    """On which side of the wall a column lies."""

    TRUTH = "truth"
    """what people and videos really are; only behaviour reads it"""
    BELIEF = "belief"
    """what the platform has concluded; only the feed reads it"""
    LOG = "log"
    """what was logged or told: both may read it"""


@dataclass(frozen=True)
class Column:
    """One declared column."""

    dtype: np.dtype[Any]
    meaning: str
    unit: str = ""
    shape: tuple[int | str, ...] = ()
    """of a row; a symbol such as ``D`` is a size of the world"""
    fill: float = 0
    """what a new row holds"""
    side: Side | None = None
    """None: that of the table"""
    line: str = ""
    """the record in which this column lies beside others (see ``sim.machine.pack``)"""
    lively: bool = False
    """whether a refresh may change it, so that the record has to be written again"""
    rows: bool = True
    """False for a list of its own length, such as the edges of a graph"""

    def row_shape(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """The shape of a row in a world of these sizes."""
        return tuple(sizes[s] if isinstance(s, str) else s for s in self.shape)

    def row_bytes(self, sizes: Mapping[str, int]) -> int:
        """Bytes of a row in a world of these sizes."""
        return int(math.prod(self.row_shape(sizes))) * self.dtype.itemsize


def column(
    dtype: DTypeLike, meaning: str, *, unit: str = "", shape: tuple[int | str, ...] = (),
    fill: float = 0, side: Side | None = None, line: str = "", lively: bool = False,
) -> Any:  # fmt: skip
    """Declare a column with one row for each owner; see :class:`Column`."""
    return Column(np.dtype(dtype), meaning, unit, shape, fill, side, line, lively)


def listing(dtype: DTypeLike, meaning: str, *, unit: str = "", side: Side | None = None) -> Any:
    """Declare a list that has a length of its own."""
    return Column(np.dtype(dtype), meaning, unit, side=side, rows=False)


@dataclass(frozen=True)
class _Number:
    meaning: str


def number(meaning: str) -> Any:
    """Declare a whole number that belongs to the table as a whole."""
    return _Number(meaning)


class Table:
    """Rows of state; ``count`` of them are in use, and there may be spare ones behind."""

    NAME: ClassVar[str] = ""
    OWNER: ClassVar[str] = ""
    SIDE: ClassVar[Side] = Side.LOG
    COLUMNS: ClassVar[Mapping[str, Column]] = {}
    NUMBERS: ClassVar[Mapping[str, str]] = {}
    FIXED: ClassVar[bool] = False
    """whether it stays as it was built, so that it need not be kept"""

    count: int
    """rows in use"""
    version: int = 0
    """goes up whenever arrays were replaced, so that who holds them looks for the new ones"""

    def __init_subclass__(
        cls, *, name: str = "", owner: str = "", side: Side = Side.LOG, fixed: bool = False
    ) -> None:
        declared = dict(cls.COLUMNS)
        numbers = dict(cls.NUMBERS)
        for attribute, found in list(vars(cls).items()):
            if isinstance(found, Column):
                declared[attribute] = replace(found, side=found.side or side)
                delattr(cls, attribute)
            elif isinstance(found, _Number):
                numbers[attribute] = found.meaning
                delattr(cls, attribute)
        cls.NAME, cls.OWNER, cls.SIDE = name or cls.__name__.lower(), owner, side
        cls.FIXED = fixed
        cls.COLUMNS, cls.NUMBERS = declared, numbers

    def __init__(self, rows: int = 0, count: int | None = None, **sizes: int) -> None:
        """``rows`` new rows, of which ``count`` (all, if not said) are in use."""
        self.sizes: Mapping[str, int] = sizes
        self.count = rows if count is None else count
        for name, declared in self.COLUMNS.items():
            setattr(self, name, self.allocate(name, declared, rows if declared.rows else 0))
        for name in self.NUMBERS:
            setattr(self, name, 0)

    def allocate(self, name: str, declared: Column, rows: int) -> NDArray[Any]:
        """New rows of one column; a table may lay columns out in a way of its own."""
        del name
        array = aligned_zeros((rows, *declared.row_shape(self.sizes)), declared.dtype)
        if declared.fill != 0:
            array[:] = declared.fill
        return array

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]], **sizes: int) -> Self:
        """A table of arrays that exist already; all of its columns, as many rows each."""
        table = cls(0, **sizes)
        for name, declared in cls.COLUMNS.items():
            array = np.ascontiguousarray(arrays[name], declared.dtype)
            setattr(table, name, array)
            if declared.rows:
                table.count = len(array)
        return table

    @property
    def rows(self) -> int:
        """Rows for which there is room."""
        lengths = [len(getattr(self, n)) for n, c in self.COLUMNS.items() if c.rows]
        return min(lengths, default=0)

    def arrays(self) -> Iterator[tuple[str, Column, NDArray[Any]]]:
        """(name, declaration, array) of every column."""
        for name, declared in self.COLUMNS.items():
            yield name, declared, getattr(self, name)

    def grow(self, rows: int) -> None:
        """Make room for at least ``rows`` rows; growing replaces arrays by longer ones.

        Room is taken for half as many more, so that a table that grows all the time is seldom
        copied.
        """
        if self.rows >= rows or not any(c.rows for c in self.COLUMNS.values()):
            return
        size = max(rows, self.rows + self.rows // 2 + 64)
        for name, declared, array in list(self.arrays()):
            if declared.rows:
                longer = self.allocate(name, declared, size)
                self.copy_rows(name, array, longer)
                setattr(self, name, longer)
        self.version += 1

    def copy_rows(self, name: str, array: NDArray[Any], longer: NDArray[Any]) -> None:
        """Copy the rows of a column into the first ones of a longer one."""
        del name
        longer[: len(array)] = array

    def part(self, first: int, last: int) -> Self:
        """The rows from ``first`` to ``last``, not included, as a table of views: a shard's."""
        table = type(self)(0, **self.sizes)
        table.count = last - first
        for name, declared, array in self.arrays():
            setattr(table, name, array[first:last] if declared.rows else array)
        for name in self.NUMBERS:
            setattr(table, name, getattr(self, name))
        return table

    @classmethod
    def row_bytes(cls, sizes: Mapping[str, int]) -> int:
        """Bytes that a row takes, all columns together."""
        return sum(c.row_bytes(sizes) for c in cls.COLUMNS.values() if c.rows)
