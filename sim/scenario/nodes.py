"""Scenario text as a tree that remembers where each key and value stood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sim.core.config import FrozenDict
from sim.core.errors import Problem

__all__ = [
    "BROKEN",
    "Broken",
    "Entry",
    "Listing",
    "Location",
    "Node",
    "Place",
    "Scalar",
    "Table",
    "find",
    "path_text",
    "plain",
    "tree",
]

Location = tuple[str | int, ...]
"""Keys and list positions from the root of a scenario to a value."""


@dataclass(frozen=True)
class Place:
    """Where something stands; line 0 means no place inside the file."""

    file: str
    line: int = 0
    column: int = 0

    def problem(self, location: Location, message: str) -> Problem:
        """A problem at this place."""
        return Problem(self.file, self.line, self.column, path_text(location), message)


@dataclass(frozen=True)
class Scalar:
    """A single value."""

    value: str | int | float | bool
    place: Place
    raw: str
    """As written, without quotes."""
    quoted: bool = False
    """Whether it stood in quotes, or was a block of text."""


@dataclass(frozen=True)
class Broken:
    """A value that was reported already and cannot be used."""

    place: Place


@dataclass(frozen=True)
class Listing:
    """A list."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True)
class Entry:
    """A key and its value."""

    key_place: Place
    value: Node


@dataclass(frozen=True)
class Table:
    """A mapping from text to values."""

    entries: Mapping[str, Entry]
    place: Place
    incomplete: bool = field(default=False)
    """Whether a key was dropped because it was reported already."""


Node = Scalar | Broken | Listing | Table


class _BrokenValue:
    """What stands for a broken node in plain data; no setting accepts it."""

    def __repr__(self) -> str:
        return "BROKEN"


BROKEN: Final = _BrokenValue()


def plain(node: Node) -> Any:
    """The tree as plain immutable data: mappings, tuples and scalars."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Table):
        return FrozenDict({key: plain(entry.value) for key, entry in node.entries.items()})
    if isinstance(node, Listing):
        return tuple(plain(item) for item in node.items)
    return BROKEN


def tree(value: Any, place: Place) -> Node:
    """Plain data as a tree whose parts all stand at one place."""
    if isinstance(value, Mapping):
        return Table({key: Entry(place, tree(v, place)) for key, v in value.items()}, place)
    if isinstance(value, list | tuple):
        return Listing(tuple(tree(item, place) for item in value), place)
    return Scalar(value, place, str(value))


def _step(node: Node, part: str | int) -> Entry | None:
    if isinstance(node, Table) and isinstance(part, str):
        return node.entries.get(part)
    if isinstance(node, Listing) and isinstance(part, int) and 0 <= part < len(node.items):
        item = node.items[part]
        return Entry(item.place, item)
    return None


def find(root: Node, location: Location) -> Iterator[Entry]:
    """The entries on the way to a location, from the root on, as far as they exist."""
    entry: Entry | None = Entry(root.place, root)
    for part in location:
        if entry is None:
            return
        yield entry
        entry = _step(entry.value, part)
    if entry is not None:
        yield entry


_MAX_KEY: Final = 80
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+\Z")


def path_text(location: Location) -> str:
    """``feed.filters[3].max_age``; a key that is not a plain name is put in brackets."""
    text = ""
    for full_part in location:
        part = full_part if isinstance(full_part, int) else full_part[:_MAX_KEY]
        if isinstance(part, int):
            text += f"[{part}]"
        elif _NAME.match(part):
            text += f".{part}" if text else part
        else:
            text += '["' + part.replace("\\", "\\\\").replace('"', '\\"') + '"]'
    return text
