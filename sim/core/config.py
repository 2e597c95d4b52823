"""The base of every configuration model, and immutable mappings for their fields."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Generic, NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict

__all__ = ["Config", "FrozenDict", "freeze"]

K = TypeVar("K")
V = TypeVar("V")


class Config(BaseModel):
    """A frozen group of settings; unknown keys are refused.

    Field descriptions are the reference documentation: each says what the number means,
    its unit, and the fact id or "assumption" it rests on. Defaults are not validated (in a
    scenario text a duration needs its unit; a default is a plain number of seconds), so
    write them in the field's own type: ``20.0`` for a float.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FrozenDict(dict[K, V], Generic[K, V]):
    """A dictionary that cannot be changed, so that it may sit in a frozen model.

    Equal to a plain dictionary with the same items; hashable when its values are.
    """

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("this mapping cannot be changed; make a new one")

    __setitem__ = _refuse
    __delitem__ = _refuse
    __ior__ = _refuse
    clear = _refuse
    pop = _refuse
    popitem = _refuse
    setdefault = _refuse
    update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type[FrozenDict[K, V]], tuple[dict[K, V]]]:
        # the default would fill an empty mapping item by item, which is refused
        return type(self), (dict(self),)

    def __deepcopy__(self, memo: dict[int, Any]) -> FrozenDict[K, V]:
        return self


def freeze(value: object) -> Any:
    """Plain data, as a scenario can hold it, in an immutable form: lists become tuples.

    Raises ``ValueError`` for anything that a scenario cannot say: null, not-a-number, infinity,
    keys that are not text, and objects of other types.
    """
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"must be a finite number; got {value}")
        return value
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("keys must be text")
        return FrozenDict({key: freeze(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return tuple(freeze(item) for item in value)
    raise ValueError(f"a scenario cannot hold {type(value).__name__}")
