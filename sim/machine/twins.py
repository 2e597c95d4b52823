"""Twins: a function in plain words, and one that does the same for many at once.

The plain one is the definition, and what the reference engine calls. The other one is faster, and
gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["has_twin", "side_by_side", "twin_of"]

F = TypeVar("F", bound=Callable[..., Any])

_TWINS: dict[Any, Any] = {}


def side_by_side(plain: Any) -> Callable[[F], F]:
    """The function below does what ``plain`` does for one place, for the first n places."""

    def register(fast: F) -> F:
        if plain in _TWINS:
            raise ValueError(f"{plain}: has a twin already")
        _TWINS[plain] = fast
        return fast

    return register


def has_twin(plain: Any) -> bool:
    """Whether there is a faster function for this one."""
    return plain in _TWINS


def twin_of(plain: Any) -> Any:
    """The faster function for ``plain``."""
    return _TWINS[plain]
