"""A scenario back to text, to a hash of its content, and to a JSON Schema for editors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from sim.core.units import HUMAN, format_count
from sim.scenario.components import Custom
from sim.scenario.files import EXTENDS
from sim.scenario.model import Scenario
from sim.scenario.scalars import ScalarError, meaning

__all__ = ["dump", "json_schema", "scenario_hash"]


class _Writer(yaml.SafeDumper):
    """Writes what :mod:`sim.scenario.text` reads back as the same values."""

    # without resolvers no word needs a tag, and our own rules say what needs quotes
    yaml_implicit_resolvers = {}  # noqa: RUF012  the base class declares it on the instance

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _text(writer: _Writer, value: str) -> yaml.Node:
    try:
        plain = meaning(value) == value and value.isprintable() and value != "<<"
    except ScalarError:
        plain = False
    return writer.represent_scalar("tag:yaml.org,2002:str", value, style=None if plain else '"')


def _word(writer: _Writer, word: str) -> yaml.Node:
    return writer.represent_scalar("tag:yaml.org,2002:str", word)


_Writer.add_representer(str, _text)
_Writer.add_representer(bool, lambda writer, value: _word(writer, "true" if value else "false"))
_Writer.add_representer(int, lambda writer, value: _word(writer, format_count(value)))
_Writer.add_representer(float, lambda writer, value: _word(writer, repr(value)))


def _plain(value: Any) -> Any:
    """Plain lists and dictionaries for the writer."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def dump(scenario: Scenario, *, resolved: bool = True) -> str:
    """The scenario as YAML in human units; ``resolved`` writes the defaults too.

    Both forms load back equal, as long as the defaults of this version stand.
    """
    data = scenario.model_dump(context=HUMAN, exclude_none=True, exclude_defaults=not resolved)
    text = yaml.dump(
        _plain(data),
        Dumper=_Writer,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=96,
    )
    return str(text)


def scenario_hash(scenario: Scenario) -> str:
    """32 hex digits that are equal for equal scenarios, whatever their text looked like.

    The section ``tune`` is left out, because it changes no run.
    """
    plain = _canonical(scenario.model_dump(exclude={"tune"}))
    content = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def _canonical(value: Any) -> Any:
    """Plain data in which equal values look alike: 20.0 as 20, and no -0.0."""
    if isinstance(value, Mapping):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class _SchemaWriter(GenerateJsonSchema):
    """Says nothing about defaults that are no JSON: all are replaced by human ones."""

    ignored_warning_kinds = {"non-serializable-default"}  # noqa: RUF012  as in the base class


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a scenario file, for completion and checks in editors."""
    schema = Scenario.model_json_schema(mode="validation", schema_generator=_SchemaWriter)
    models = {model.__name__: model for model in _models(Scenario)}
    for name, part in [(Scenario.__name__, schema), *schema.get("$defs", {}).items()]:
        _human_defaults(part, models.get(name))
    _tidy(schema)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "foryou scenario"
    schema["properties"][EXTENDS] = {
        "type": "string",
        "pattern": r"\.ya?ml$",
        "description": "another scenario file, in this folder or below, to start from",
    }
    # a file that extends another need not repeat what is required
    required = schema.pop("required", [])
    schema["anyOf"] = [{"required": required}, {"required": [EXTENDS]}]
    return schema


def _human_defaults(part: dict[str, Any], model: type[BaseModel] | None) -> None:
    """Replace the defaults of one model, plain numbers inside, by what one would write."""
    if model is None or model is Custom:
        return
    defaults: Any = model.model_construct().model_dump(mode="json", context=HUMAN, warnings=False)
    if not isinstance(defaults, Mapping):  # a component without options is a bare name
        defaults = {}
    for name, described in part.get("properties", {}).items():
        described.pop("default", None)
        described.pop("title", None)
        if "$ref" not in described and defaults.get(name) is not None:
            described["default"] = defaults[name]


_KEYWORDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
}


def _tidy(part: Any) -> None:
    """Use the standard's words for bounds, and leave out null, which no file may say."""
    if isinstance(part, list):
        for item in part:
            _tidy(item)
    if not isinstance(part, dict):
        return
    options = part.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        part.pop("anyOf")
        rest = [option for option in options if option != {"type": "null"}]
        part.update(rest[0] if len(rest) == 1 else {"anyOf": rest})
    for short, keyword in _KEYWORDS.items():
        if isinstance(part.get(short), int | float):
            bound = part.pop(short)
            if part.get("type") in ("integer", "number"):
                part.setdefault(keyword, bound)
    for item in part.values():
        _tidy(item)


def _models(model: type[BaseModel]) -> set[type[BaseModel]]:
    """The model and every model that its fields mention."""
    found: set[type[BaseModel]] = set()
    waiting: list[Any] = [model]
    while waiting:
        item = waiting.pop()
        if isinstance(item, type) and issubclass(item, BaseModel):
            if item not in found:
                found.add(item)
                waiting += [field.annotation for field in item.model_fields.values()]
        else:
            waiting += getattr(item, "__args__", ())
    return found
