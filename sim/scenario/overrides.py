"""``PATH=VALUE`` on the command line: one setting changed after the file was read.

A path that the file does not mention starts from the default, so that
``feed.weights.like=2`` keeps the other weights, and ``feed.filters[3].max_age=10 d`` works on the
default filters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sim.core.errors import Problem
from sim.core.units import shown
from sim.scenario.alternatives import without_replaced
from sim.scenario.files import EXTENDS
from sim.scenario.nodes import (
    Broken,
    Entry,
    Listing,
    Location,
    Node,
    Place,
    Scalar,
    Table,
    path_text,
    tree,
)
from sim.scenario.text import MAX_DEPTH, read_text

__all__ = ["SET", "apply_overrides", "parse_path"]

SET: Final = "--set"
"""File name of problems with overrides."""
_PLACE: Final = Place(SET)
_PART: Final = re.compile(
    r"""(?P<name>[A-Za-z0-9_-]+)
      | \[ (?P<index>[0-9]{1,9}) \]
      | \[ "(?P<key>(?:[^"\\]|\\.)*)" \]""",
    re.VERBOSE,
)


class _Refused(Exception):
    """(location, message): the path cannot be followed in this scenario."""


def parse_path(text: str) -> Location | None:
    """``probes[0].count`` as keys and positions; ``None`` when it is not a path.

    Nor is one of more levels than a scenario may have. A key that is not a plain name is written as
    ``feed.sources["module:Class"]``.
    """
    parts: list[str | int] = []
    position = 0
    while position < len(text):
        if len(parts) == MAX_DEPTH:
            return None
        if parts and text[position] == ".":
            position += 1
            named = True
        else:
            named = not parts
        match = _PART.match(text, position)
        if match is None or (match["name"] is not None) != named:
            return None
        if match["name"] is not None:
            parts.append(match["name"])
        elif match["index"] is not None:
            parts.append(int(match["index"]))
        else:
            parts.append(re.sub(r"\\(.)", r"\1", match["key"]))
        position = match.end()
    return tuple(parts) or None


def apply_overrides(
    root: Node, overrides: Sequence[str], defaults: Mapping[str, Any]
) -> tuple[Node, list[Problem]]:
    """The tree with every override in it, in order, and what is wrong with them.

    ``defaults`` is the plain data of a scenario in which only the required keys are missing.
    """
    problems: list[Problem] = []
    for override in overrides:
        path, equals, value_text = override.partition("=")
        location = parse_path(path.strip())
        if not equals or location is None:
            levels = path.count(".") + path.count("[") + 1
            deep = f" with at most {MAX_DEPTH} levels" if levels > MAX_DEPTH else ""
            problems.append(_PLACE.problem((), f"wants PATH=VALUE{deep}; got {shown(override)}"))
            continue
        if location[0] == EXTENDS:
            problems.append(_PLACE.problem(location, "can only be written in a file"))
            continue
        value, found = _value(value_text, location)
        problems += found
        try:
            root = _put(root, defaults, (), location, value)
        except _Refused as refused:
            problems.append(_PLACE.problem(*refused.args))
    return root, problems


def _value(text: str, location: Location) -> tuple[Node, list[Problem]]:
    """The value of an override, with all problems moved to its path."""
    node, problems = read_text(text, SET)
    if not text.strip():
        return Broken(_PLACE), [_PLACE.problem(location, "has no value; write PATH=VALUE")]
    moved = [Problem(SET, 0, 0, path_text(location), problem.message) for problem in problems]
    return (Broken(_PLACE) if node is None else _moved(node)), moved


def _moved(node: Node) -> Node:
    """The same tree, all of it standing in the override."""
    if isinstance(node, Scalar):
        return Scalar(node.value, _PLACE, node.raw)
    if isinstance(node, Listing):
        return Listing(tuple(_moved(item) for item in node.items), _PLACE)
    if isinstance(node, Table):
        entries = {key: Entry(_PLACE, _moved(entry.value)) for key, entry in node.entries.items()}
        return Table(entries, _PLACE, node.incomplete)
    return Broken(_PLACE)


def _default(defaults: Any, part: str | int) -> Any:
    return defaults.get(part) if isinstance(defaults, Mapping) else None


def _put(node: Node | None, defaults: Any, done: Location, rest: Location, value: Node) -> Node:
    """``node`` with ``value`` at ``rest`` below it; ``done`` is the way so far."""
    if not rest:
        return value
    part, more = rest[0], rest[1:]
    if node is None and defaults is not None:
        node = tree(defaults, _PLACE)
    if isinstance(node, Broken):
        return node
    if isinstance(part, int):
        return _put_item(node, done, part, more, value)
    if node is None:
        node = Table({}, _PLACE)
    if isinstance(node, Scalar) and isinstance(node.value, str) and done[:1] == ("feed",):
        key = "policy" if done == ("feed", "cold_start") else "use"
        node = Table({key: Entry(node.place, node)}, node.place)  # a component by its bare name
    if not isinstance(node, Table):
        kind = "a list; write a position in brackets" if isinstance(node, Listing) else "one value"
        raise _Refused((*done, part), f'{shown(path_text(done))} is {kind}, it has no "{part}"')
    old = node.entries.get(part)
    entries = without_replaced(done, node.entries, [part])
    if part in ("use", "policy") and not more and old is not None and _differ(old.value, value):
        entries = {}  # another component: the options of the old one mean nothing to it
    below = None if old is None else old.value
    new = _put(below, _default(defaults, part), (*done, part), more, value)
    entries[part] = Entry(old.key_place if old is not None and more else _PLACE, new)
    return Table(entries, node.place, node.incomplete)


def _put_item(node: Node | None, done: Location, part: int, more: Location, value: Node) -> Node:
    if not isinstance(node, Listing):
        raise _Refused((*done, part), f"{shown(path_text(done))} is not a list")
    count = len(node.items)
    if part >= count:
        known = f"it has {count}, counted from 0" if count else "it is empty"
        raise _Refused((*done, part), f"{shown(path_text(done))} has no such entry; {known}")
    items = list(node.items)
    items[part] = _put(items[part], None, (*done, part), more, value)
    return Listing(tuple(items), node.place)


def _differ(old: Node, new: Node) -> bool:
    return not (isinstance(old, Scalar) and isinstance(new, Scalar) and old.value == new.value)
