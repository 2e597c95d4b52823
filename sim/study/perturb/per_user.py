"""Outcomes of users: what one user did, per day, from the columns that a study keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sim.core.actions import ACTIONS
from sim.core.errors import ForyouError
from sim.core.units import shown, suggest

__all__ = ["DEFAULT_OUTCOMES", "USER_OUTCOMES", "UserOutcome", "user_outcomes"]

DAY_S: Final = 86_400.0


@dataclass(frozen=True)
class UserOutcome:
    """One number of a user."""

    name: str
    column: str
    """Column of the users table."""
    factor: float
    """From the unit of the column to that of the outcome."""
    unit: str
    """Per user and day; empty for counts."""
    label: str
    """A few words for pictures."""

    def of(self, users: Mapping[str, npt.NDArray[Any]], duration_s: float) -> npt.NDArray[Any]:
        """The outcome [U] of each user, per day, over the whole run with its warm-up.

        Weights differ from the first second on, so nothing has to be left out.
        """
        return users[self.column].astype(np.float64) * (self.factor * DAY_S / duration_s)


USER_OUTCOMES: Final = {
    one.name: one
    for one in (
        UserOutcome("watch_minutes", "watch_s", 1 / 60, "min", "watch time"),
        UserOutcome("sessions", "sessions", 1.0, "", "sessions"),
        UserOutcome("active_days", "active_days", 1.0, "", "days with a session"),
        UserOutcome("impressions", "impressions", 1.0, "", "impressions"),
        UserOutcome("views", "views", 1.0, "", "views"),
        *(UserOutcome(a.plural, a.plural, 1.0, "", a.label) for a in ACTIONS),
    )
}
"""All outcomes by name."""

DEFAULT_OUTCOMES: Final = (
    "watch_minutes",
    "sessions",
    "active_days",
    "completions",
    "skips",
    "likes",
    "comments",
    "shares",
    "follows",
)
"""What is looked at when nothing else is asked for."""


def user_outcomes(names: Sequence[str] | None) -> tuple[UserOutcome, ...]:
    """The outcomes with these names, each once and in order; the default ones for None or nothing.

    Raises ForyouError, with a near name, for an unknown one.
    """
    found = []
    for name in dict.fromkeys(names or DEFAULT_OUTCOMES):
        if name not in USER_OUTCOMES:
            hint = suggest(name, tuple(USER_OUTCOMES)) or f"known are {', '.join(USER_OUTCOMES)}"
            raise ForyouError(f"no outcome of users is called {shown(name)}; {hint}")
        found.append(USER_OUTCOMES[name])
    return tuple(found)
