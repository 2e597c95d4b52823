"""Which numbers of a run a study looks at: names that can be checked before anything runs."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sim.analysis.engagement import TIER_LABELS
from sim.analysis.fields import SUMMARY_FIELDS, Field, matches
from sim.analysis.retention import cohort_names
from sim.analysis.summary import REACH_STEPS, value_at
from sim.analysis.twins import key_of
from sim.core.counts import PARTS
from sim.core.errors import ForyouError
from sim.core.stages import AGE_NAMES, SPANS, STAGE_NAMES
from sim.record.columns import SOURCE_NAMES, SURFACE_NAMES
from sim.scenario import Scenario
from sim.scenario.probes import ProbeConfig

__all__ = ["DEFAULT_METRICS", "PROBE_METRICS", "Metric", "default_metrics", "metric", "metrics"]

DEFAULT_METRICS: Final = (
    "watch.minutes_per_user_day",
    "engagement.by_views",
    "reach.viral_share",
    "reach.unseen_share",
    "inequality.gini_views",
)
"""What is shown of the platform when nothing else is asked for."""

PROBE_METRICS: Final = ("viral_share", "reach_median")
"""What is shown of each probe, below ``probes.<name>``."""

SHORT: Final = {
    "watch.minutes_per_user_day": "watch time per user and day",
    "engagement.by_views": "engagement rate by views",
    "reach.viral_share": "ordinary uploads that went viral",
    "reach.unseen_share": "ordinary uploads without a view",
    "inequality.gini_views": "Gini coefficient of views",
}
"""Labels of pictures, where the meaning in the reference needs its context."""

TEXTS: Final = ("tail.reason", "engagement.tiers.*.followers", "probes.*.twins.against")
"""Fields that hold words, not numbers."""

POOLS: Final = tuple(str(pool) for pool in range(1, 21))
"""Names of pools: as many as a scenario can have."""

_SHARES: Final = ("share", "0..1")
_SIGNED: Final = ("", "part", "difference", "nats", "ln views", "log10")
_NAMED_SHARES: Final = ("surfaces", "sources")


@dataclass(frozen=True)
class Metric:
    """One number of ``summary.json``."""

    path: str
    """Dotted path, such as ``probes.newcomer.viral_share``."""
    unit: str
    """``share``, ``0..1``, ``percent``, ``s``, ``min``, ``count``, ``users``, ... or empty."""
    meaning: str
    """What it is, as the reference says it."""
    label: str
    """A few words for pictures."""

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and largest value that it can have."""
        if self.unit in _SHARES:
            return 0.0, 1.0
        # logarithms and exponents may be negative; what is counted or timed may not
        return (-math.inf if self.unit in _SIGNED else 0.0), math.inf

    def of(self, summary: Mapping[str, Any]) -> float | None:
        """Its value in the summary of a run; None when this run has no such number."""
        try:
            found = value_at(summary, self.path)
        except KeyError:
            group, _, name = self.path.partition(".")
            # shares name only those that something came from
            return 0.0 if group in _NAMED_SHARES and summary.get(group) and name else None
        return float(found) if isinstance(found, int | float) else None


def default_metrics(scenario: Scenario) -> tuple[Metric, ...]:
    """What a study shows of a scenario: each probe, then the platform."""
    probes = [
        f"probes.{probe.name}.{name}"
        for probe in scenario.probes
        for name in (*PROBE_METRICS, *_contrasts(probe))
    ]
    return tuple(metric(path, scenario) for path in (*probes, *DEFAULT_METRICS))


def _contrasts(probe: ProbeConfig) -> Iterator[str]:
    """What is shown of twins, below ``probes.<name>``: each value against the first."""
    for label in probe.labels[1:]:
        for measure in ("promoted.difference", "impressions_early.ratio", "impressions.ratio"):
            yield f"twins.contrasts.{key_of(label)}.{measure}"


def metrics(paths: Sequence[str] | None, *scenarios: Scenario) -> tuple[Metric, ...]:
    """The metrics at ``paths``, each once and in order; the default ones for None or nothing.

    Each has to be a number that a run of every one of the ``scenarios`` has; the default ones of
    several scenarios are those that all of them have. Raises ``ForyouError`` otherwise.
    """
    if not paths:
        every = [default_metrics(scenario) for scenario in scenarios]
        return tuple(m for m in every[0] if all(m in other for other in every[1:]))
    found = {path: [metric(path, scenario) for scenario in scenarios] for path in paths}
    return tuple(of_each[0] for of_each in found.values())


def metric(path: str, scenario: Scenario) -> Metric:
    """The metric at a dotted path into ``summary.json``.

    Raises ``ForyouError``, with a near name, for a path that no run of the scenario has, and for
    one that holds words. A number that only some runs have (a pool that nobody entered, a median
    over nobody) is accepted: it is missing in the others.
    """
    field = next((f for f in SUMMARY_FIELDS if matches(f.path, path)), None)
    if field is None or not _names_fit(field, path, scenario):
        raise ForyouError(f'no number is called "{path}"; {_hint(path, scenario)}')
    if field.path in TEXTS:
        raise ForyouError(f'"{path}" holds words, not a number; {_hint(path, scenario)}')
    return Metric(path, field.unit, field.meaning, _label(field, path))


def _label(field: Field, path: str) -> str:
    if path in SHORT:
        return SHORT[path]
    pairs = zip(field.path.split("."), path.split("."), strict=True)
    names = [part for pattern, part in pairs if pattern == "*"]
    if field.path.startswith("probes."):
        return ": ".join([names[0], field.meaning, *names[1:]])
    return ": ".join([field.meaning, *names])


def _names_fit(field: Field, path: str, scenario: Scenario) -> bool:
    """Whether the names that stand for ``*`` are ones that the scenario can have."""
    wanted, given = field.path.split("."), path.split(".")
    for place, (pattern, part) in enumerate(zip(wanted, given, strict=True)):
        if pattern == "*" and part not in _known(tuple(wanted[:place]), scenario):
            return False
    return True


def _known(before: tuple[str, ...], scenario: Scenario) -> Sequence[str]:
    """Names that may follow the pattern ``before``."""
    match before:
        case ("probes",):
            return [probe.name for probe in scenario.probes]
        case ("surfaces",):
            return SURFACE_NAMES
        case ("sources",):
            return SOURCE_NAMES
        case ("engagement", "tiers"):
            return TIER_LABELS
        case (*_, "pools", "levels"):
            return POOLS
        case ("probes", "*", "time_to_reach"):
            return [str(reach) for reach in REACH_STEPS if reach <= scenario.population.users]
        case ("probes", "*", "parts"):
            return PARTS
        case ("ranked_over_random" | "learning" | "regret", "stages"):
            return STAGE_NAMES
        case ("regret", "ages"):
            return AGE_NAMES
        case ("retention",):
            joining = scenario.population.joining > 0.0
            return cohort_names(float(scenario.duration), joining=joining)
        case ("newcomers", _):
            return tuple(SPANS) if scenario.population.joining > 0.0 else ()
        case ("probes", "*", "twins", _):
            twins = [probe.twins for probe in scenario.probes if probe.twins]
            return list(dict.fromkeys(key_of(label) for twin in twins for label in twin.labels))
        case _:
            raise LookupError(f"names below {'.'.join(before)} are not known")


def _concrete(scenario: Scenario) -> Iterable[str]:
    """Every path that a run of the scenario may have; of pools the first only."""
    for field in SUMMARY_FIELDS:
        if field.path in TEXTS:
            continue
        paths = [""]
        parts = field.path.split(".")
        for place, part in enumerate(parts):
            known = [part]
            if part == "*":
                names = _known(tuple(parts[:place]), scenario)
                known = list(names[:1] if names is POOLS else names)
            paths = [f"{path}.{name}".lstrip(".") for path in paths for name in known]
        yield from paths


def _hint(path: str, scenario: Scenario) -> str:
    parts = path.split(".")
    names = [probe.name for probe in scenario.probes]
    if parts[0] == "probes" and len(parts) > 1 and parts[1] not in names:
        have = f"its probes are {', '.join(names[:12])}" if names else "it has no probes"
        return f'the scenario "{scenario.name}" has no probe "{parts[1][:60]}"; {have}'
    known = list(_concrete(scenario))
    if len(path) <= 100 and (close := difflib.get_close_matches(path, known, n=1, cutoff=0.6)):
        return f'did you mean "{close[0]}"?'
    ends = [name for name in known if name.rpartition(".")[2] == parts[-1]]
    if ends:
        return f'did you mean "{ends[0]}"?'
    return "docs/reference/summary.md lists all numbers"
