"""Which setting a location belongs to: its model, its type and its bounds."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sim.core.units import Multiple, Unit
from sim.scenario.components import TAG, Component
from sim.scenario.nodes import Location, path_text

__all__ = ["Setting", "known_paths", "setting_at"]


@dataclass(frozen=True)
class Setting:
    """What is known about the value at a location."""

    annotation: Any
    """The bare type."""
    metadata: tuple[Any, ...]
    """Units and bounds."""
    field: FieldInfo | None
    """The field of a model, when it is one."""

    @property
    def model(self) -> type[BaseModel] | None:
        """The model, when the value is a mapping with known keys."""
        is_model = isinstance(self.annotation, type) and issubclass(self.annotation, BaseModel)
        return self.annotation if is_model else None

    @property
    def unit(self) -> Unit | None:
        """The unit, when it has one."""
        return next((item for item in self.metadata if isinstance(item, Unit)), None)

    def bounds(self, kind: str) -> Iterator[float]:
        """All bounds of a kind, ``ge``, ``gt``, ``le`` or ``lt``."""
        for item in self.metadata:
            bound = getattr(item, kind, None)
            if isinstance(bound, int | float):
                yield bound


def _unwrap(annotation: Any, metadata: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Take off ``Annotated``, ``| None`` and ``| Multiple``, keeping what they carry."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *extra = get_args(annotation)
            metadata += tuple(extra)
        elif get_origin(annotation) in (Union, types.UnionType):
            options = [a for a in get_args(annotation) if a not in (type(None), Multiple)]
            if len(options) > 1:
                return annotation, metadata
            annotation = options[0]
        else:
            return annotation, metadata


def _flat(metadata: tuple[Any, ...]) -> tuple[Any, ...]:
    """Metadata with that of nested ``Field(...)`` laid out."""
    flat: list[Any] = []
    for item in metadata:
        flat += item.metadata if isinstance(item, FieldInfo) else [item]
    return tuple(flat)


def _below(annotation: Any, part: str | int) -> tuple[Any, tuple[Any, ...], FieldInfo | None]:
    """Type, metadata and field one step down; ``None`` as the type when there is none."""
    if isinstance(part, str) and part.startswith(TAG):
        for option in get_args(annotation):
            component = isinstance(option, type) and issubclass(option, Component)
            if component and TAG + option.tag() == part:
                return option, (), None
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get(str(part))
        if field is not None:
            return field.annotation, tuple(field.metadata), field
    elif get_origin(annotation) is tuple and isinstance(part, int):
        args = get_args(annotation)
        if len(args) == 2 and args[1] is Ellipsis:
            return args[0], (), None
        if part < len(args):
            return args[part], (), None
    elif get_origin(annotation) is dict:
        return get_args(annotation)[1], (), None
    return None, (), None


def setting_at(model: type[BaseModel], location: Location) -> Setting | None:
    """The setting at a pydantic location below ``model``, variants included."""
    annotation: Any = model
    metadata: tuple[Any, ...] = ()
    field: FieldInfo | None = None
    for part in location:
        annotation, metadata, field = _below(annotation, part)
        if annotation is None:
            return None
        annotation, metadata = _unwrap(annotation, metadata)
    return Setting(annotation, _flat(metadata), field)


def known_paths(model: type[BaseModel], above: Location = ()) -> Iterator[tuple[str, str]]:
    """(key, path) of every setting below a model, the inside of lists and choices left out."""
    for name, field in model.model_fields.items():
        location = (*above, name)
        yield name, path_text(location)
        annotation, _ = _unwrap(field.annotation, ())
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from known_paths(annotation, location)
