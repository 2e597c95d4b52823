"""Settings of the search for a better ranker: what varies, what is wanted, and how to look.

They change no run: ``foryou run`` passes over them, and two scenarios that differ in nothing else
give the same events.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from sim.core.config import Config, FrozenDict
from sim.core.units import Count, Duration, Unit, UnitError, shown

__all__ = ["AMOUNT", "PLAIN", "ConfirmConfig", "ConstraintConfig", "ObjectiveConfig", "TuneConfig",
           "VaryConfig"]  # fmt: skip

# ---- values -----------------------------------------------------------------------------------


def _plain(value: object, bare: bool) -> Any:
    """A value as it stands in the text; what it means is known at the path that varies."""
    del bare
    finite = not isinstance(value, float) or math.isfinite(value)
    if isinstance(value, bool | int | float | str) and finite:
        return value
    raise UnitError("wants one value as at the path, such as 0.5 or 10 %", shown(value))


PLAIN: Final = Unit(
    "value as at the path",
    "as written",
    _plain,
    lambda value: value,
    ({"type": ["number", "string", "boolean"]},),
)
"""One value, written as the setting at the path would be."""

_PERCENT: Final = re.compile(r"\s*([-+]?[0-9][0-9_]*(?:\.[0-9]*)?)\s*%\s*\Z")


def _amount(value: object, bare: bool) -> float:
    """A number, or a percentage of any size as a fraction."""
    del bare
    if isinstance(value, str) and len(value) < 100 and (match := _PERCENT.match(value)):
        return float(match[1].replace("_", "")) / 100
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UnitError('wants a number such as 30, or "98 %"', shown(value))
    return float(value)


AMOUNT: Final = Unit(
    "number or percentage",
    "number",
    _amount,
    lambda value: value,
    ({"type": "number"}, {"type": "string", "pattern": r"^[-+]?[0-9][0-9_]*(\.[0-9]*)? *%$"}),
)
"""A bound of a summary number: plain, or in per cent."""

PlainValue = Annotated[Any, PLAIN]
Amount = Annotated[float, AMOUNT]

# ---- the section ------------------------------------------------------------------------------


class VaryConfig(Config):
    """How one setting varies: in a range, or among several values."""

    low: PlainValue | None = Field(default=None, description="lower end of the range")
    high: PlainValue | None = Field(default=None, description="upper end of the range")
    scale: Literal["linear", "log"] = Field(
        default="linear",
        description="what equal steps in the range are: equal differences, or equal ratios",
    )
    choice: tuple[PlainValue, ...] | None = Field(
        default=None, max_length=64, description="the values, instead of a range"
    )


class ObjectiveConfig(Config):
    """One number of ``summary.json`` that is to be as large, or as small, as possible."""

    metric: str = Field(max_length=200, description="dotted path, such as ``reach.viral_share``")
    goal: Literal["maximise", "minimise"] = Field(default="maximise", description="which way")


class ConstraintConfig(Config):
    """Bounds that a number of ``summary.json`` has to keep, as a mean over the worlds."""

    metric: str = Field(
        max_length=200, description="dotted path, such as ``watch.minutes_per_user_day``"
    )
    at_least: Amount | None = Field(default=None, description="lower bound")
    at_most: Amount | None = Field(default=None, description="upper bound")
    of: Literal["start"] | None = Field(
        default=None,
        description="``start``: the bounds are fractions of what the settings to start from give "
        "in the same worlds; without it they are values of the number itself",
    )


class ConfirmConfig(Config):
    """The test of the best on worlds that the search never saw."""

    worlds: Count = Field(
        default=16, ge=2, le=10_000, description="fresh worlds of each candidate; assumption"
    )
    candidates: Count = Field(
        default=5, ge=1, le=100, description="how many of the best are tested; assumption"
    )


class TuneConfig(Config):
    """A search for settings that do better, for ``foryou tune``."""

    vary: Annotated[
        dict[str, VaryConfig],
        Field(max_length=100),
        AfterValidator(lambda items: FrozenDict({path: items[path] for path in sorted(items)})),
    ] = Field(description="path of a setting, such as ``feed.weights.like``, and how it varies")
    objectives: tuple[ObjectiveConfig, ...] = Field(
        max_length=8, description="what is wanted; with several, a front is found"
    )
    constraints: tuple[ConstraintConfig, ...] = Field(
        default=(), max_length=32, description="what has to be kept"
    )
    sampler: Literal["tpe", "nsga2", "random"] = Field(
        default="tpe",
        description="what proposes trials: ``tpe`` learns where good ones are dense (Bergstra et "
        "al. 2011), ``nsga2`` breeds generations (Deb et al. 2002), ``random`` learns nothing",
    )
    trials: Count = Field(
        default=100, ge=1, le=100_000, description="sets of values that are tried, the start first"
    )
    worlds: Count = Field(
        default=4, ge=1, le=1_000, description="parallel worlds of a trial; assumption"
    )
    batch: Count = Field(
        default=8,
        ge=1,
        le=1_000,
        description="trials proposed together, from what all batches before have shown; the "
        "result depends on it, but not on how many workers there are; assumption",
    )
    startup: Count = Field(
        default=16,
        ge=2,
        le=10_000,
        description="trials at random before the sampler learns and anything is stopped early; "
        "for ``nsga2`` the size of a generation; assumption",
    )
    prune: bool = Field(
        default=True,
        description="stop a trial after some of its worlds when a constraint is clearly broken, "
        "or when it is below the median of the trials before in every objective",
    )
    time_limit: Duration | None = Field(
        default=None, gt=0, description="no batch begins after this time of searching"
    )
    confirm: ConfirmConfig = Field(
        default=ConfirmConfig(), description="the test of the best on fresh worlds"
    )
