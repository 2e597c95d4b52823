"""Presence: on which days after opening their accounts people come. Counted, for retention."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.stages import DAYS
from sim.machine.compiled import njit
from sim.machine.table import Side, Table, column
from sim.scenario import Scenario

__all__ = ["TABLES", "Presence", "come", "is_on"]

_DAY_S = 86_400.0


class Presence(Table, name="presence", owner="user", side=Side.LOG):
    """When people came."""

    came: NDArray[np.uint64] = column(
        np.uint64, "bit set of the days on which a session began, 24 h each, from the opening of "
        "the account or from the start on",
    )  # fmt: skip


TABLES = (Presence,)


def is_on(scenario: Scenario) -> bool:
    """Always: eight bytes a person."""
    del scenario
    return True


@njit(forceinline=True)
def come(frame: Any, p: Any, room: Any, k: int) -> None:
    """A session of the person begins."""
    u = room.seen.user[k]
    day = int((room.seen.time_s[k] - frame.accounts.joined_s[u]) / _DAY_S)
    if day < DAYS:
        frame.presence.came[u] |= np.uint64(1) << np.uint64(day)
