"""Looking things up by name, where what is unknown is an error and never a default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from sim.core.errors import ForyouError
from sim.core.units import shown, suggest

__all__ = ["entry_of", "position_of"]

T = TypeVar("T")


def entry_of(kind: str, table: Mapping[str, T], name: str) -> T:
    """The entry ``name`` of a table of one ``kind`` of things, such as "filter"."""
    if name not in table:
        raise ForyouError(_unknown(kind, tuple(table), name))
    return table[name]


def position_of(kind: str, names: Sequence[str], name: str) -> int:
    """The place of ``name`` among the names of one ``kind`` of things: its code in arrays."""
    if name not in names:
        raise ForyouError(_unknown(kind, names, name))
    return names.index(name)


def _unknown(kind: str, known: Sequence[str], name: str) -> str:
    return (
        f"unknown {kind} {shown(name)}; {suggest(name, known) or 'known are ' + ', '.join(known)}"
    )
