"""From settings to what the compiled functions read: one nested record of float64.

Curves become cumulative tables here, once, so that the functions only look up and invert.

The named tuples say what is in the record. The record itself is one block of memory
(``numpy.record``), because Numba counts references to each array inside a tuple with atomic
additions at each access: that cost more than all the arithmetic of a reaction.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.tables import Table, factor_table, hazard_tables
from sim.core.config import Config
from sim.core.formulas import HOOK_S, hour_shares
from sim.scenario.behaviour import (
    BehaviourConfig,
    CreateConfig,
    SessionConfig,
    WatchConfig,
)
from sim.scenario.mechanisms import BoredomConfig, SharingConfig
from sim.world.craft import HOLD_ONE

__all__ = [
    "ActParams",
    "BehaviourParams",
    "CreateParams",
    "InterestParams",
    "SessionParams",
    "WatchParams",
    "behaviour_params",
]


class InterestParams(NamedTuple):
    """Weights of appeal; see ``InterestConfig``."""

    affinity: float
    affinity_center: float
    quality: float
    taste: float
    locale_gap: float
    creator_taste: float
    sound_taste: float
    hashtag_taste: float


class WatchParams(NamedTuple):
    """Hazards of swiping; see ``WatchConfig``."""

    hazard: Table
    """Cumulative hazard by seconds played."""
    hazard_inverse: Table
    """Seconds played by cumulative hazard."""
    hook_sum: float
    """Cumulative hazard at 3 s."""
    duration: Table
    """Factor on the hazard by duration, s."""
    replay_inverse: Table
    """Seconds since the first end by cumulative hazard."""
    replay_factor: Table
    """Factor on the hazard of replays by duration, s."""
    ending_s: float
    ending_hazard: float
    ending_appeal: float
    early_appeal: float
    late_appeal: float
    hook: float
    hold: float
    """Appeal that a 32nd of an sd of hold is worth after the first 3 seconds."""
    early_patience: float
    late_patience: float
    replay_appeal: float
    max_plays: float


class ActParams(Protocol):
    """Odds of actions; see ``ActConfig``. Levels of actions stand beside these by their names."""

    like_shape: Table
    """Factor on the odds of like, share, save, follow and sound tap by watch ratio."""
    comment_shape: Table
    """Factor on the odds of comment by watch ratio."""
    appeal: float
    generosity_spread: float
    followed: float
    dislike_appeal: float


class SessionParams(NamedTuple):
    """Coming, staying and leaving; see ``SessionConfig``."""

    gap_min_s: float
    gap_mean_s: float
    leave: float
    leave_start: float
    leave_appeal: float
    leave_skip: float
    log_sessions_per_day: float
    activity_spread: float
    activity_min: float
    activity_max: float
    rest_s: float
    hours_sum: NDArray[np.float64]
    """[25] share of a day's session starts before each local hour, from 0 to 1."""
    following_share: float
    following_half: float


class CreateParams(NamedTuple):
    """Posting; see ``CreateConfig``."""

    hours_sum: NDArray[np.float64]
    """[25] share of a day's posts before each local hour, from 0 to 1."""
    rest_s: float


class BehaviourParams(Protocol):
    """All of it, one argument of a compiled function: a group for each of ``BehaviourConfig``."""

    interest: InterestParams
    watch: WatchParams
    act: ActParams
    session: SessionParams
    create: CreateParams


def _hours(weights: Sequence[float]) -> NDArray[np.float64]:
    """Cumulative shares of a day."""
    return np.array(hour_shares(weights))


def _group(config: Config, **more: float) -> Any:
    """A group of settings as they are: numbers as numbers, curves as tables of factors; and
    ``more`` that follows from them.
    """
    values = {name: getattr(config, name) for name in type(config).model_fields} | more
    make: Any = namedtuple
    group = make(type(config).__name__, list(values))
    return group(*(factor_table(v) if isinstance(v, tuple) else float(v) for v in values.values()))


def _watch(c: WatchConfig) -> WatchParams:
    hazard, hazard_inverse = hazard_tables(c.hazard)
    _, replay_inverse = hazard_tables(c.replay)
    return WatchParams(
        hazard=hazard,
        hazard_inverse=hazard_inverse,
        hook_sum=float(hazard.y[int(np.flatnonzero(hazard.x == HOOK_S)[0])]),
        duration=factor_table(c.duration_factor),
        replay_inverse=replay_inverse,
        replay_factor=factor_table(c.replay_factor),
        ending_s=c.ending_s,
        ending_hazard=c.ending_hazard,
        ending_appeal=c.ending_appeal,
        early_appeal=c.early_appeal,
        late_appeal=c.late_appeal,
        hook=c.hook,
        hold=c.hold / HOLD_ONE,
        early_patience=c.early_patience,
        late_patience=c.late_patience,
        replay_appeal=c.replay_appeal,
        max_plays=c.max_plays,
    )


def _session(c: SessionConfig) -> SessionParams:
    # imported here: the portable logarithm is compiled code, which a mere schema never needs
    from sim.core.maths import log

    return SessionParams(
        gap_min_s=c.gap_min_s,
        gap_mean_s=c.gap_mean_s,
        leave=c.leave,
        leave_start=c.leave_start,
        leave_appeal=c.leave_appeal,
        leave_skip=c.leave_skip,
        log_sessions_per_day=float(log(c.sessions_per_day)),
        activity_spread=c.activity_spread,
        activity_min=c.activity_min,
        activity_max=c.activity_max,
        rest_s=c.rest_s,
        hours_sum=_hours(c.hours),
        following_share=c.following_share,
        following_half=c.following_half,
    )


def _create(c: CreateConfig) -> CreateParams:
    return CreateParams(hours_sum=_hours(c.hours), rest_s=c.rest_s)


def _sharing(c: SharingConfig) -> Any:
    # imported here for the same reason
    from sim.behaviour.sharing import tail_of

    return _group(c, tail=tail_of(float(c.recipients)))


def _boredom(c: BoredomConfig, first_challenge: float) -> Any:
    return _group(c, first_challenge=first_challenge)


def _dtype(value: Any) -> Any:
    """The record type of a nested named tuple of floats and arrays."""
    if isinstance(value, tuple):
        names = type(value)._fields  # type: ignore[attr-defined]
        fields = [(name, _dtype(item)) for name, item in zip(names, value, strict=True)]
        return np.dtype(fields, align=True)
    if isinstance(value, np.ndarray):
        return np.dtype((value.dtype, value.shape))
    return np.dtype(np.float64)


def _fill(record: Any, value: Any) -> None:
    for name, item in zip(value._fields, value, strict=True):
        if isinstance(item, tuple):
            _fill(record[name], item)
        else:
            record[name] = item


def behaviour_params(
    config: BehaviourConfig, *, first_challenge: float = np.inf
) -> BehaviourParams:
    """What the compiled behaviour functions take as ``p``; each takes its own group.

    Hashtags from ``first_challenge`` on are those of challenges; without it there are none.
    """
    made: dict[str, Any] = {
        "watch": _watch(config.watch), "session": _session(config.session),
        "create": _create(config.create), "sharing": _sharing(config.sharing),
        "boredom": _boredom(config.boredom, first_challenge),
    }  # fmt: skip
    names = list(BehaviourConfig.model_fields)
    make: Any = namedtuple
    groups = make("Behaviour", names)(
        *(made[name] if name in made else _group(getattr(config, name)) for name in names)
    )
    block = np.zeros(1, dtype=_dtype(groups)).view(np.recarray)
    _fill(block[0], groups)
    block.flags.writeable = False
    return cast(BehaviourParams, block[0])
