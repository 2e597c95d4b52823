"""One trial of a search: a point in the space and what its worlds gave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from sim.study.tune.space import Params

__all__ = ["State", "Trial", "worlds_of"]

State = Literal["open", "complete", "pruned", "failed"]


@dataclass(frozen=True)
class Trial:
    """A point that is, or was, tried."""

    number: int
    """From 0, in the order of proposal."""
    params: Params
    state: State = "open"
    values: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Metric to its values, one a world; of a pruned trial only the first worlds."""
    why: str = ""
    """Why it was stopped early, or failed."""
    memory: Mapping[str, int | str] = field(default_factory=dict)
    """What the sampler wants to remember of it, such as its generation."""

    @property
    def worlds(self) -> int:
        """Worlds that it has values of."""
        return worlds_of(self.values)


def worlds_of(values: Mapping[str, tuple[float, ...]]) -> int:
    """Worlds that there are values of."""
    return len(next(iter(values.values()))) if values else 0
