"""YAML text to a tree with places; no object is ever made from what the text names.

The parser's events are read one by one into our own nodes, so that nothing recurses, an alias
costs nothing until it is counted, and every problem is found in one go.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

import yaml

from sim.core.errors import Problem
from sim.core.units import shown
from sim.scenario.nodes import Broken, Entry, Listing, Location, Node, Place, Scalar, Table
from sim.scenario.scalars import ScalarError, meaning

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "decode", "read_text"]

MAX_BYTES: Final = 1 << 20
"""Largest scenario text, bytes."""
MAX_DEPTH: Final = 32
"""Deepest nesting."""
MAX_NODES: Final = 20_000
"""Most values, counted with aliases written out."""


class _StopReading(Exception):
    """The text cannot be read any further; the problem is in the list."""


@dataclass
class _Open:
    """A mapping or list that is being read."""

    place: Place
    table: bool
    anchor: str | None
    refused: bool = False
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    key: str | None = None
    key_place: Place | None = None
    skip_value: bool = False
    incomplete: bool = False
    size: int = 1
    depth: int = 1


@dataclass(frozen=True)
class _Measured:
    """A finished node with its size and depth, aliases written out."""

    node: Node
    size: int = 1
    depth: int = 1


def decode(data: bytes, file: str) -> str | Problem:
    """UTF-8 bytes as text, or the problem with them."""
    if len(data) > MAX_BYTES:
        return Problem(file, 0, 0, "", "is larger than 1 MiB; a scenario is a small text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        byte = data[error.start]
        return Problem(file, line, column, "", f"is not UTF-8 text; got the byte 0x{byte:02x}")


def read_text(text: str, file: str) -> tuple[Node | None, list[Problem]]:
    """The tree of a YAML text (``None`` when there is none), and everything wrong with it."""
    reader = _Reader(file)
    try:
        loader: Any = yaml.SafeLoader(text)
    except yaml.reader.ReaderError as error:
        return None, [_bad_character(error, text, file)]
    try:
        while loader.check_event():
            reader.take(loader.get_event())
    except yaml.MarkedYAMLError as error:
        reader.problems.append(_syntax(error, file))
        return None, reader.problems
    except (ValueError, OverflowError):  # an escape such as "\UFFFFFFFF" names no character
        mark = loader.get_mark()
        place = Place(file, mark.line + 1, mark.column + 1)
        reader.problems.append(place.problem((), "is not valid YAML: no such character"))
        return None, reader.problems
    except _StopReading:
        return None, reader.problems
    finally:
        loader.dispose()
    if reader.root is None:
        reader.problems.append(
            Problem(file, 0, 0, "", "is empty; a scenario needs at least a name")
        )
    return reader.root, reader.problems


def _bad_character(error: Any, text: str, file: str) -> Problem:
    before = text[: error.position]
    line, column = before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1
    return Problem(
        file,
        line,
        column,
        "",
        f"holds a character that YAML does not allow: U+{ord(text[error.position]):04X}",
    )


def _syntax(error: Any, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    what = error.problem or error.context or "cannot be read"
    if "\\t" in what:
        what = "a tab cannot be used here; indent with spaces"
    if error.context and error.problem and error.context_mark and "tab" not in what:
        start = error.context_mark
        what += f" ({error.context} that starts at {start.line + 1}:{start.column + 1})"
    return Problem(file, mark.line + 1, mark.column + 1, "", f"is not valid YAML: {what}")


class _Reader:
    """Builds the tree from events; ``problems`` and ``root`` are the result."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self.stack: list[_Open] = []
        self.anchors: dict[str, _Measured] = {}
        self.documents = 0

    # ---- places ----

    def place(self, event: Any) -> Place:
        return Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def location(self) -> Location:
        """Where the next value belongs."""
        parts: list[str | int] = []
        for opened in self.stack:
            if not opened.table:
                parts.append(len(opened.items))
            elif opened.key is not None:
                parts.append(opened.key)
        return tuple(parts)

    def report(self, place: Place, message: str) -> None:
        self.problems.append(place.problem(self.location(), message))

    # ---- events ----

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.report(self.place(event), "only one YAML document is allowed in a file")
                raise _StopReading
        elif isinstance(event, yaml.ScalarEvent):
            self.add(self.scalar(event), event.anchor, self.place(event))
        elif isinstance(event, yaml.AliasEvent):
            self.alias(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self.tag(event)
            if len(self.stack) >= MAX_DEPTH:
                self.too_deep(self.place(event))
            table = isinstance(event, yaml.MappingStartEvent)
            refused = event.tag is not None
            self.stack.append(_Open(self.place(event), table, event.anchor, refused))
        elif isinstance(event, yaml.CollectionEndEvent):
            self.close()

    def tag(self, event: Any) -> None:
        if event.tag is not None:
            self.report(self.place(event), f'tags are not allowed; got "{event.tag[:60]}"')

    def scalar(self, event: Any) -> _Measured:
        place = self.place(event)
        if event.tag is not None:
            self.tag(event)
            return _Measured(Broken(place))
        if any("\ud800" <= char <= "\udfff" for char in event.value):
            self.report(place, "holds half a character; write it as it is, not as an escape")
            return _Measured(Broken(place))
        if not event.implicit[0]:  # quoted, or a block of text
            return _Measured(Scalar(event.value, place, event.value, quoted=True))
        try:
            return _Measured(Scalar(meaning(event.value), place, event.value))
        except ScalarError as error:
            opened = self.stack[-1] if self.stack else None
            if opened is not None and opened.table and not self.wants_value(opened):
                return _Measured(Scalar(0, place, event.value or "nothing"))  # refused as a key
            if opened is None and not event.value:
                return _Measured(Broken(place))  # an empty file is reported as such
            self.report(place, str(error))
            return _Measured(Broken(place))

    def alias(self, event: Any) -> None:
        place = self.place(event)
        target = self.anchors.get(event.anchor)
        if target is None:
            inside = any(opened.anchor == event.anchor for opened in self.stack)
            reason = "stands inside what it refers to" if inside else "refers to nothing above it"
            self.report(place, f'the alias "*{event.anchor}" {reason}')
            target = _Measured(Broken(place))
        self.add(target, None, place)

    def close(self) -> None:
        opened = self.stack.pop()
        node: Node
        if opened.refused:
            node = Broken(opened.place)
        elif opened.table:
            node = Table(opened.entries, opened.place, opened.incomplete)
        else:
            node = Listing(tuple(opened.items), opened.place)
        self.add(_Measured(node, opened.size, opened.depth), opened.anchor, opened.place)

    # ---- building ----

    @staticmethod
    def wants_value(opened: _Open) -> bool:
        return opened.key_place is not None

    def add(self, measured: _Measured, anchor: str | None, place: Place) -> None:
        """Put a finished node where it belongs."""
        if anchor is not None:
            self.anchors[anchor] = measured
        if not self.stack:
            if not (isinstance(measured.node, Broken) and not self.problems):
                self.root = measured.node
            return
        opened = self.stack[-1]
        self.measure(opened, measured, place)
        if not opened.table:
            opened.items.append(measured.node)
        elif self.wants_value(opened):
            if opened.key is not None and not opened.skip_value and opened.key_place is not None:
                opened.entries[opened.key] = Entry(opened.key_place, measured.node)
            opened.key, opened.key_place, opened.skip_value = None, None, False
        else:
            self.key(opened, measured.node, place)

    def measure(self, opened: _Open, measured: _Measured, place: Place) -> None:
        """Count what was added, so that aliases cannot blow the tree up."""
        opened.size += measured.size
        opened.depth = max(opened.depth, measured.depth + 1)
        if sum(o.size for o in self.stack) > MAX_NODES:
            self.report(place, f"holds more than {MAX_NODES:_} values, aliases written out")
            raise _StopReading
        if len(self.stack) + measured.depth > MAX_DEPTH + 1:
            self.too_deep(place)

    def too_deep(self, place: Place) -> NoReturn:
        """Stop reading; the path would be longer than any screen, so it is left out."""
        self.problems.append(place.problem((), f"is nested more than {MAX_DEPTH} levels deep"))
        raise _StopReading

    def key(self, opened: _Open, node: Node, place: Place) -> None:
        """Take a key; one that cannot be used is reported and its value skipped."""
        opened.key_place = place
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            opened.skip_value = opened.incomplete = True
            if isinstance(node, Scalar):
                hint = f'; write "{node.raw}" in quotes' if node.raw != "nothing" else ""
                self.report(place, f"a key must be text; got {node.raw}{hint}")
            elif not isinstance(node, Broken):
                self.report(place, f"a key must be text; got {_kind(node)}")
            return
        key = node.value
        if key == "<<" and not node.quoted:
            opened.skip_value = opened.incomplete = True
            self.report(place, 'merge keys ("<<") are not supported; use "extends"')
        elif key in opened.entries:
            first = opened.entries[key].key_place
            opened.skip_value = True
            opened.key = key
            self.report(place, f"duplicate key {shown(key)}; the first stands at line {first.line}")
        opened.key = key


def _kind(node: Node) -> str:
    return "a mapping" if isinstance(node, Table) else "a list"
