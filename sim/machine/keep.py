"""Putting state down as plain arrays by name, and taking it up again.

A class says which of its attributes are state:

    class Meter(Kept):
        KEPT = ("total", "rates")   # numbers, arrays, tuples of them, other things with state
        ROWS = ("counts",)          # arrays with a row for each of something, and spare rows

Everything else about it is derived from the scenario, so it is there again when a world was built
anew. What was put down is taken up by a thing that was built from the same scenario, or from one
that differs in what a running platform could change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.machine.table import Table

__all__ = ["Arrays", "Kept", "Misfit", "part_of", "put_down", "take_up"]

Arrays = Mapping[str, NDArray[Any]]
"""What was put down: arrays by name, parts separated by dots."""


class Misfit(Exception):
    """What was put down does not fit what should take it up; the text says which part."""


class Kept:
    """Something with state."""

    KEPT: ClassVar[tuple[str, ...]] = ()
    """attributes that are state"""
    ROWS: ClassVar[tuple[str, ...]] = ()
    """those of them that are arrays with a row for each of something: rows behind those that were
    put down stay as they are"""

    def put_down(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """(name, array) of all state."""
        for name in (*self.KEPT, *self.ROWS):
            yield from put_down(name, getattr(self, name))

    def take_up(self, kept: Arrays) -> None:
        """Become what was put down."""
        for name in self.KEPT:
            value = getattr(self, name)
            if not (isinstance(value, Table) and value.FIXED):  # of which nothing was put down
                setattr(self, name, take_up(value, part_of(kept, name), name))
        for name in self.ROWS:
            setattr(self, name, _rows(getattr(self, name), part_of(kept, name)[""], name))


def part_of(kept: Arrays, name: str) -> dict[str, NDArray[Any]]:
    """What was put down of one attribute, by the rest of its name; its own array is ``""``."""
    start = f"{name}."
    found = {key.removeprefix(start): value for key, value in kept.items() if key.startswith(start)}
    if name in kept:
        found[""] = kept[name]
    if not found:
        raise Misfit(f"{name} is missing")
    return found


def put_down(name: str, value: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    """(name, array) of a value, or of all that it consists of."""
    if isinstance(value, np.ndarray):
        yield name, value
    elif isinstance(value, bool | int | float | np.generic):
        yield name, np.asarray(value)
    elif isinstance(value, Table):
        if not value.FIXED:
            yield f"{name}.count", np.asarray(value.count)
            for column, _, array in value.arrays():
                yield f"{name}.{column}", array
            for number in value.NUMBERS:
                yield f"{name}.{number}", np.asarray(getattr(value, number))
    else:
        for inner, part in _parts(value):
            yield from put_down(f"{name}.{inner}", part)


def take_up(value: Any, kept: Arrays, name: str) -> Any:
    """The value that was put down, in the form of ``value``; its arrays are used if they fit."""
    if isinstance(value, np.ndarray):
        return _array(value, kept[""], name)
    if isinstance(value, bool | int | float | np.generic):
        return type(value)(kept[""][()])
    if isinstance(value, Table):
        if not value.FIXED:
            _take_up_table(value, kept)
        return value
    if isinstance(value, Kept):
        value.take_up(kept)
        return value
    found = {
        inner: take_up(part, part_of(kept, inner), f"{name}.{inner}")
        for inner, part in _parts(value)
    }
    if hasattr(value, "_replace"):
        return value._replace(**found)
    return replace(value, **found)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """(name, part) of what a value consists of."""
    if isinstance(value, Kept):
        yield from value.put_down()
    elif hasattr(value, "_fields"):
        yield from zip(value._fields, value, strict=True)
    elif is_dataclass(value):
        yield from ((f.name, getattr(value, f.name)) for f in fields(value))
    else:
        raise TypeError(f"a {type(value).__name__} is not state")


def _array(array: NDArray[Any], kept: NDArray[Any], name: str) -> NDArray[Any]:
    """The array, or another in its place when its length is another."""
    if kept.dtype != array.dtype or kept.shape[1:] != array.shape[1:]:
        raise Misfit(f"{name} has {kept.dtype} {kept.shape}, not {array.dtype} {array.shape}")
    if kept.shape != array.shape:
        return kept
    array[...] = kept
    return array


def _rows(array: NDArray[Any], kept: NDArray[Any], name: str) -> NDArray[Any]:
    """The array with its first rows as they were put down."""
    if kept.dtype != array.dtype or kept.shape[1:] != array.shape[1:] or len(kept) > len(array):
        raise Misfit(f"{name} has {kept.dtype} {kept.shape}, not {array.dtype} {array.shape}")
    array[: len(kept)] = kept
    return array


def _take_up_table(table: Table, kept: Arrays) -> None:
    """Rows and numbers of a table; the arrays of its rows stay where they are if there is room."""
    rows = [name for name, declared in table.COLUMNS.items() if declared.rows]
    table.grow(max((len(kept[name]) for name in rows if name in kept), default=0))
    for name, declared, array in list(table.arrays()):
        if name not in kept:
            raise Misfit(f"{table.NAME}.{name} is missing")
        fit = _rows if declared.rows else _array
        setattr(table, name, fit(array, kept[name], f"{table.NAME}.{name}"))
    for name in table.NUMBERS:
        setattr(table, name, int(kept[name]))
    table.count = int(kept["count"])
    table.version += 1
