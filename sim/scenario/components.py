"""Named parts with options: a bare name, ``{use: name, option: ...}`` or ``module:Class``.

Each built-in has a config model of its own, so that its options are checked where they stand.
Options of the user's own code are kept as they are; that code's ``Config`` checks them when
the part is built.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from pydantic import (
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from sim.core.config import Config, FrozenDict, freeze
from sim.core.units import shown, suggest

__all__ = ["CUSTOM", "TAG", "Choice", "Component", "Custom", "is_custom"]

TAG: Final = "\0"
"""First character of a chosen variant in a pydantic location; no key can start with it."""

_CUSTOM_NAME: Final = r"[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*"
_CUSTOM_PATTERN: Final = f"^{_CUSTOM_NAME}$"
CUSTOM: Final = re.compile(_CUSTOM_NAME)
"""``module:Class`` of the user's own code."""


def is_custom(name: str) -> bool:
    """Whether a name points to the user's own code."""
    return CUSTOM.fullmatch(name) is not None and len(name) <= 200


class Component(Config):
    """A built-in part. Subclasses add a literal field that names it (``KEY``) and their options."""

    KEY: ClassVar[str] = "use"

    @classmethod
    def tag(cls) -> str:
        """The name in scenarios."""
        return str(cls.model_fields[cls.KEY].default)

    @model_serializer(mode="wrap")
    def _write(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> Any:
        """The name always comes along; a human text shows a part without options as its name."""
        options = {k: v for k, v in handler(self).items() if k != self.KEY}
        name = getattr(self, self.KEY)
        if info.context is not None and not options and self.KEY == "use":
            return name
        return {self.KEY: name, **options}


class Custom(Component):
    """The user's own part, ``module:Class``, with options that only it knows."""

    model_config = ConfigDict(extra="allow")

    use: str = Field(pattern=_CUSTOM_PATTERN, description="``module:Class`` beside the scenario")

    @classmethod
    def tag(cls) -> str:
        """Stands for every ``module:Class``."""
        return "module:Class"

    @property
    def options(self) -> Mapping[str, Any]:
        """What stands beside ``use``; immutable plain data."""
        return FrozenDict(self.model_extra or {})

    @model_validator(mode="before")
    @classmethod
    def _freeze(cls, value: Any) -> Any:
        return freeze(value) if isinstance(value, Mapping) else value


class Choice:
    """Metadata of a field that holds one of several components; goes into ``Annotated``."""

    def __init__(
        self,
        kind: str,
        *variants: type[Component],
        default: str | None = None,
        custom: bool = True,
    ) -> None:
        """``kind`` names the choice in messages; ``default`` is the one of options alone."""
        self.kind = kind
        self.key = variants[0].KEY
        self.default = default
        self.variants = {variant.tag(): variant for variant in variants}
        self.custom = custom

    def _expand(self, value: object) -> object:
        """A bare name or bare options as the full mapping; refuses unknown names."""
        if isinstance(value, Component):
            return value
        if isinstance(value, str):
            value = {self.key: value}
        if not isinstance(value, Mapping):
            raise PydanticCustomError(
                "choice",
                "{rule}; got {found}",
                {"rule": f"wants a {self.kind}: {self._known()}", "found": shown(value)},
            )
        if self.key not in value:
            if self.default is None:
                raise PydanticCustomError(
                    "no_choice", "{rule}", {"rule": f'needs "{self.key}": {self._known()}'}
                )
            value = {self.key: self.default, **value}
        name = value[self.key]
        if not isinstance(name, str) or not (
            name in self.variants or (self.custom and is_custom(name))
        ):
            hint = suggest(name, self.variants) if isinstance(name, str) else ""
            raise PydanticCustomError(
                "unknown_choice",
                "{message}",
                {
                    "message": f"unknown {self.kind} {shown(name)}; "
                    + (hint or f"known are {self._known()}"),
                    "key": self.key,
                },
            )
        return value

    def _known(self) -> str:
        names = ", ".join(self.variants)
        return names + (", or module:Class of your own" if self.custom else "")

    def _tag(self, value: Any) -> str:
        name = value[self.key] if isinstance(value, Mapping) else getattr(value, self.key)
        return TAG + (name if name in self.variants else Custom.tag())

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        del source
        models: list[type[Component]] = [*self.variants.values()]
        if self.custom:
            models.append(Custom)
        choices = {TAG + model.tag(): handler.generate_schema(model) for model in models}
        return core_schema.no_info_before_validator_function(
            self._expand, core_schema.tagged_union_schema(choices, self._tag)
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        full = handler(schema)
        bare: list[JsonSchemaValue] = [{"type": "string", "enum": list(self.variants)}]
        if self.custom:
            bare.append({"type": "string", "pattern": _CUSTOM_PATTERN})
        return {"anyOf": [*bare, *full.get("oneOf", [full])]}
