"""Who may be shown a video that is not for everybody."""

from __future__ import annotations

from typing import Any, Final

from sim.core.sources import source_code
from sim.machine.compiled import njit
from sim.world.access import ANYBODY, FOLLOWERS, FRIENDS

__all__ = ["TO_FOLLOWERS", "TO_FRIENDS", "may_see"]

TO_FRIENDS: Final = source_code("friends")
TO_FOLLOWERS: Final = (source_code("following"), source_code("notification"), TO_FRIENDS)
"""Sources whose candidates go to followers, or friends: what they find is of people who may see it.
"""
_FOLLOWING, _NOTIFICATION, _ = TO_FOLLOWERS


@njit(forceinline=True)
def may_see(eligible: Any, source: Any) -> Any:
    """Whether a candidate that a source has found may be shown, by its column ``eligible``."""
    follows = (source == _FOLLOWING) | (source == _NOTIFICATION) | (source == TO_FRIENDS)
    of_friends = (eligible == FRIENDS) & (source == TO_FRIENDS)
    return (eligible == ANYBODY) | ((eligible == FOLLOWERS) & follows) | of_friends
