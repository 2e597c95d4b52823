"""Text to a scenario: read, lay over what it extends, override, validate, cross-check."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from sim.core.config import Config
from sim.core.errors import Problem, ScenarioError
from sim.core.units import HUMAN
from sim.scenario.checks import cross_checks
from sim.scenario.files import EXTENDS, read_scenario_file, resolved, unquoted, without_extends
from sim.scenario.model import Scenario
from sim.scenario.nodes import Listing, Node, Scalar, Table, find, plain
from sim.scenario.overrides import apply_overrides, parse_path
from sim.scenario.problems import finding_problem, to_problems
from sim.scenario.text import MAX_BYTES, read_text

__all__ = ["MAX_PROBLEMS", "Loaded", "load", "load_file", "load_text", "loads"]

MAX_PROBLEMS: Final = 200
"""Most problems that are told at once."""
_NO_MAPPING: Final = 'must be a mapping, such as "name: my-scenario"'

C = TypeVar("C", bound=BaseModel)


@dataclass(frozen=True)
class Loaded:
    """A scenario together with where it came from."""

    scenario: Scenario
    source: str
    """Name of the file as the user gave it, or ``<text>``."""
    path: Path | None
    """The file, absolute; ``None`` for a text."""
    root: Node
    """The text as a tree with places."""

    @property
    def base_dir(self) -> Path | None:
        """The folder in which ``module:Class`` of the scenario is looked for."""
        return None if self.path is None else self.path.parent

    def problem(self, path: str, message: str) -> Problem:
        """A problem with the value at a dotted path, such as ``feed.score[0]``, at its place.

        When the text does not mention the path, the place is the nearest part above it.
        """
        location = parse_path(path) or ()
        entries = list(find(self.root, location))
        there = len(entries) > len(location)
        place = entries[-1].value.place if there else entries[-1].key_place
        return place.problem(location, message)

    def options(self, path: str, model: type[C], options: Mapping[str, Any]) -> C:
        """The options of a component of the user's own, checked by its config model.

        Raises ``ScenarioError`` with the place of each option that is wrong.
        """
        try:
            return model.model_validate(dict(options), strict=True, context=HUMAN)
        except ValidationError as error:
            location = parse_path(path) or ()
            raise ScenarioError(
                self.source, to_problems(_errors(error), self.root, model, location)
            ) from None


def load(path: str | os.PathLike[str], overrides: Sequence[str] = ()) -> Scenario:
    """The scenario of a file, with ``PATH=VALUE`` overrides applied last.

    Raises ``ScenarioError`` with every problem at once.
    """
    return load_file(path, overrides).scenario


def loads(text: str, name: str = "<text>", overrides: Sequence[str] = ()) -> Scenario:
    """The scenario of a text; ``name`` stands for the file in messages.

    Raises ``ScenarioError`` with every problem at once. A text cannot extend a file.
    """
    return load_text(text, name, overrides).scenario


def load_file(path: str | os.PathLike[str], overrides: Sequence[str] = ()) -> Loaded:
    """Like :func:`load`, and remembers the file and the places."""
    name = os.fspath(path)
    root, problems, links = read_scenario_file(Path(name), name)
    if root is not None and not isinstance(root, Table):
        # no scenario at all, so nothing of it is quoted; it may be anything
        problems = [root.place.problem((), _NO_MAPPING)]
        root = None
    try:
        scenario, root = _build(root, problems, name, overrides)
    except ScenarioError as error:
        raise _error(name, unquoted(error.problems, links)) from None
    return Loaded(scenario, name, resolved(Path(name)), root)


def load_text(text: str, name: str = "<text>", overrides: Sequence[str] = ()) -> Loaded:
    """Like :func:`loads`, and remembers the places."""
    if len(text) > MAX_BYTES:
        raise ScenarioError(name, [Problem(name, 0, 0, "", "is larger than 1 MiB")])
    root, problems = read_text(text, name)
    if root is not None:
        root, extends = without_extends(root)
        if extends is not None:
            message = "a text cannot extend a file; write the scenario to a file"
            problems.append(extends.key_place.problem((EXTENDS,), message))
            if isinstance(root, Table):
                root = Table(root.entries, root.place, incomplete=True)
    scenario, root = _build(root, problems, name, overrides)
    return Loaded(scenario, name, None, root)


def _build(
    root: Node | None, problems: list[Problem], name: str, overrides: Sequence[str]
) -> tuple[Scenario, Node]:
    """Override, validate and cross-check a tree that was read with ``problems``."""
    if root is not None and not isinstance(root, Table):
        if not problems:
            got = "a list" if isinstance(root, Listing) else _word(root)
            problems = [root.place.problem((), f"{_NO_MAPPING}; got {got}")]
        root = None
    if root is None:
        raise _error(name, problems)
    changed, more = apply_overrides(root, overrides, _defaults())
    problems = [*problems, *more]
    scenario, found = _validate(changed)
    problems += found
    if problems or scenario is None:
        raise _error(name, problems)
    return scenario, changed


def _error(name: str, problems: Sequence[Problem]) -> ScenarioError:
    """The error that tells each problem once, in the order of the text."""
    ordered = sorted(dict.fromkeys(problems), key=lambda p: _order(p, name))
    if len(ordered) > MAX_PROBLEMS:
        ordered[MAX_PROBLEMS:] = [Problem(name, 0, 0, "", "and more problems than can be told")]
    return ScenarioError(name, ordered)


def _word(node: Node) -> str:
    return f'"{node.raw[:60]}"' if isinstance(node, Scalar) else "nothing"


def _order(problem: Problem, name: str) -> tuple[int, str, int, int]:
    """The user's own file first, overrides last, and by place."""
    rank = 0 if problem.file == name else 2 if problem.line < 1 else 1
    return rank, problem.file, problem.line, problem.column


@cache
def _defaults() -> Mapping[str, Any]:
    """Plain data of all defaults, in human units."""
    scenario = Scenario(name="default", duration=86_400.0)
    data = scenario.model_dump(context=HUMAN, exclude_none=True)
    return {key: value for key, value in data.items() if key not in ("name", "duration")}


def _errors(error: ValidationError) -> list[Any]:
    return error.errors(include_url=False, include_input=False)[: MAX_PROBLEMS + 1]


def _validate(root: Node) -> tuple[Scenario | None, list[Problem]]:
    """The scenario of a tree, or everything that its settings break."""
    data = plain(root)
    try:
        return Scenario.model_validate(data, strict=True, context=HUMAN), []
    except ValidationError as error:
        errors = _errors(error)
    problems = to_problems(errors, root, Scenario)
    incomplete = isinstance(root, Table) and root.incomplete
    if not incomplete and not any(e["type"] == "cross_checks" for e in errors):
        for finding in cross_checks(_valid_part(Scenario, data)):
            problem = finding_problem(root, finding.location, finding.message)
            if problem is not None:
                problems.append(problem)
    return None, problems


def _valid_part(model: type[BaseModel], data: Any) -> Any:
    """What is right in settings that are wrong as a whole: the model, or a mapping of parts."""
    if not isinstance(data, Mapping):
        return None
    try:
        return model.model_validate(data, strict=True, context=HUMAN)
    except ValidationError:
        parts: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if name not in data:
            if not field.is_required():
                parts[name] = field.get_default(call_default_factory=True)
        elif isinstance(annotation, type) and issubclass(annotation, Config):
            parts[name] = _valid_part(annotation, data[name])
        elif (item := _item_model(annotation)) is not None and isinstance(data[name], tuple):
            parts[name] = [_valid_part(item, value) for value in data[name]]
        else:
            parts[name] = _valid_value(field, data[name])
    return parts


def _item_model(annotation: Any) -> type[Config] | None:
    """The model of the items of a list field."""
    if get_origin(annotation) is not tuple:
        return None
    item = get_args(annotation)[0]
    return item if isinstance(item, type) and issubclass(item, Config) else None


def _valid_value(field: FieldInfo, value: Any) -> Any:
    metadata = tuple(field.metadata)
    annotation: Any = Annotated[(field.annotation, *metadata)] if metadata else field.annotation
    try:
        return TypeAdapter(annotation).validate_python(value, strict=True, context=HUMAN)
    except ValidationError:
        return None
