"""What pydantic found, said in plain words and put where it stands in the text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from pydantic import BaseModel

from sim.core.errors import Problem
from sim.core.units import format_count, shown, suggest
from sim.scenario.components import TAG
from sim.scenario.fields import Setting, known_paths, setting_at
from sim.scenario.files import EXTENDS
from sim.scenario.nodes import Broken, Listing, Location, Node, Place, Scalar, Table, find

__all__ = ["finding_problem", "to_problems"]

Error = Mapping[str, Any]

_WANTED: Final[dict[str, str]] = {
    "int_type": "wants a whole number",
    "int_from_float": "wants a whole number",
    "int_parsing_size": "wants a smaller whole number",
    "float_type": "wants a number",
    "finite_number": "must be a finite number",
    "bool_type": "wants true or false",
    "string_type": "wants text",
    "string_unicode": "wants text in Unicode",
    "model_type": "wants a mapping",
    "dict_type": "wants a mapping",
    "tuple_type": "wants a list",
}
_BOUNDS: Final[dict[str, tuple[str, str]]] = {
    "greater_than_equal": ("ge", "must be at least"),
    "greater_than": ("gt", "must be more than"),
    "less_than_equal": ("le", "must be at most"),
    "less_than": ("lt", "must be less than"),
}
_TRUE_WORDS: Final = frozenset({"yes", "on", "y", "True", "TRUE"})
_FALSE_WORDS: Final = frozenset({"no", "off", "n", "False", "FALSE"})


def _got(node: Node | None) -> str:
    """The value as it was written."""
    if isinstance(node, Scalar):
        return shown(node.raw) if isinstance(node.value, str) else node.raw[:60]
    if isinstance(node, Table):
        return "a mapping"
    return "a list" if isinstance(node, Listing) else "nothing"


def _node_and_place(root: Node, location: Location, key: bool) -> tuple[Node | None, Place]:
    """The node at a location, and its place: that of its key if asked or if it is missing."""
    entries = list(find(root, location))
    last = entries[-1]
    if len(entries) <= len(location):  # not in the text: the nearest part above it
        return None, last.key_place
    return last.value, last.key_place if key else last.value.place


def _real(location: Location) -> Location:
    """A pydantic location without the marks of chosen variants."""
    return tuple(
        part
        for part in location
        if not (isinstance(part, str) and (part.startswith(TAG) or part == "[key]"))
    )


def finding_problem(root: Node, location: Location, message: str) -> Problem | None:
    """A problem with the value at a location; ``None`` when that was reported already."""
    node, place = _node_and_place(root, location, key=False)
    return None if isinstance(node, Broken) else place.problem(location, message)


def to_problems(
    errors: Sequence[Error], root: Node, model: type[BaseModel], above: Location = ()
) -> list[Problem]:
    """All errors of validating the part of ``root`` at ``above`` against ``model``."""
    problems = []
    for error in errors:
        kind, raw_location = error["type"], tuple(error["loc"])
        location = (*above, *_real(raw_location))
        if kind == "cross_checks":
            found = [
                finding_problem(root, (*above, *finding.location), finding.message)
                for finding in error["ctx"]["findings"]
            ]
            problems += [problem for problem in found if problem is not None]
            continue
        if kind == "unknown_choice" and isinstance(_node(root, location), Table):
            location = (*location, error["ctx"]["key"])
        key = kind == "extra_forbidden" or raw_location[-1:] == ("[key]",)
        node, place = _node_and_place(root, location, key)
        reported = isinstance(node, Broken) and not key
        if reported or (kind == "missing" and _incomplete(root, location[:-1])):
            continue
        setting = setting_at(model, raw_location)
        problems.append(place.problem(location, _message(error, node, setting, model)))
    return problems


def _node(root: Node, location: Location) -> Node | None:
    return _node_and_place(root, location, key=False)[0]


def _incomplete(root: Node, location: Location) -> bool:
    node = _node(root, location)
    return isinstance(node, Table) and node.incomplete


def _message(
    error: Error, node: Node | None, setting: Setting | None, model: type[BaseModel]
) -> str:
    """What is wrong; what was found; a way out."""
    kind, context = error["type"], error.get("ctx", {})
    got = f"; got {_got(node)}"
    if kind == "unit":
        hint = f"; {context['hint']}" if context["hint"] else ""
        return f"{context['rule']}{got}{hint}"
    if kind == "extra_forbidden":
        return _unknown_key(tuple(error["loc"]), model)
    if kind == "missing":
        what = setting.field.description if setting and setting.field else None
        return f"is missing ({what})" if what else "is missing"
    if kind in _BOUNDS:
        return _bound(kind, context, setting) + got
    if kind == "bool_type":
        return _WANTED[kind] + got + _truth_hint(node)
    if kind in _WANTED:
        return _WANTED[kind] + got
    if kind == "literal_error" and setting is not None:
        return _choice(node, [str(option) for option in get_args(setting.annotation)])
    if kind in ("too_short", "too_long"):
        word, limit = (
            ("at least", "min_length") if kind == "too_short" else ("at most", "max_length")
        )
        count = context[limit]
        entries = "entry" if count == 1 else "entries"
        return f"needs {word} {count:_} {entries}; got {context['actual_length']}"
    if kind == "string_too_long":
        return f"must have at most {context['max_length']:_} characters"
    if kind == "string_pattern_mismatch":
        return _slug(node)
    if kind == "value_error":
        return str(context["error"])
    message = str(error["msg"])
    if message.startswith("Input should be"):
        return message.replace("Input should be", "must be") + got
    return message


def _bound(kind: str, context: Mapping[str, Any], setting: Setting | None) -> str:
    """The strictest bound of its kind, in the unit of the setting."""
    name, words = _BOUNDS[kind]
    bounds = [context[name]]
    if setting is not None:
        bounds += setting.bounds(name)
    bound = max(bounds) if name in ("ge", "gt") else min(bounds)
    unit = None if setting is None else setting.unit
    text = str(bound if unit is None else unit.write(bound))
    if isinstance(bound, int) or float(bound).is_integer():
        plain = unit is None or not isinstance(unit.write(bound), str)
        text = format_count(int(bound)) if plain else text
    return f"{words} {text}"


def _truth_hint(node: Node | None) -> str:
    word = node.raw if isinstance(node, Scalar) else ""
    if word in _TRUE_WORDS:
        return '; did you mean "true"?'
    return '; did you mean "false"?' if word in _FALSE_WORDS else ""


def _choice(node: Node | None, options: list[str]) -> str:
    known = "must be " + (" or ".join([", ".join(options[:-1]), options[-1]]).removeprefix(" or "))
    hint = suggest(node.raw, options) if isinstance(node, Scalar) else ""
    return f"{known}; got {_got(node)}" + (f"; {hint}" if hint else "")


def _slug(node: Node | None) -> str:
    rule = 'must be made of small letters, digits, "-" and "_"'
    word = node.raw if isinstance(node, Scalar) else ""
    guess = re.sub(r"[^a-z0-9_]+", "-", word.lower()).strip("-_")[:64]
    return f"{rule}; got {_got(node)}" + (f'; did you mean "{guess}"?' if guess else "")


def _unknown_key(location: Location, model: type[BaseModel]) -> str:
    key = str(location[-1])
    parent = setting_at(model, location[:-1])
    known = list(parent.model.model_fields) if parent is not None and parent.model else []
    if len(location) == 1:
        known.append(EXTENDS)
    hint = suggest(key, known)
    if not hint:
        elsewhere = [path for name, path in known_paths(model) if name == key]
        if len(elsewhere) == 1:
            hint = f'did you mean "{elsewhere[0]}"?'
        elif known:
            hint = "known are " + ", ".join(known)
    return f"unknown key {shown(key)}" + (f"; {hint}" if hint else "")
