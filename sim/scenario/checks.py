"""Rules that involve several settings at once.

They run on a whole scenario, and also on what is left of one in which some settings are
wrong: a rule whose settings are not all there is silent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any, Final

from pydantic import BaseModel

from sim.core.units import Multiple, format_duration, format_share
from sim.scenario.probes import TwinsConfig
from sim.scenario.varied import complaints

__all__ = ["Finding", "cross_checks"]

Location = tuple[str | int, ...]

MOST_STEPS: Final = 10_000_000
"""Refreshes of a run, and bins of its timeline: more would take weeks, and all memory."""


@dataclass(frozen=True)
class Finding:
    """One broken rule: where the value stands that should change, and why."""

    location: Location
    message: str

    @property
    def path(self) -> str:
        """Dotted path, for messages without a file."""
        return ".".join(str(part) for part in self.location)


def _get(root: object, *location: str | int) -> Any:
    """The setting at a location, or ``None`` when it, or a part above it, is not there."""
    value: Any = root
    for part in location:
        if value is None:
            return None
        if isinstance(part, int):
            value = value[part] if part < len(value) else None
        elif isinstance(value, Mapping):
            value = value.get(part)
        else:
            value = getattr(value, part, None)
    return value


def _times(root: object) -> Iterator[Finding]:
    duration, warmup = _get(root, "duration"), _get(root, "warmup")
    if duration is None:
        return
    if warmup is not None and warmup >= duration:
        yield Finding(
            ("warmup",),
            f"must be shorter than the duration, {format_duration(duration)}; "
            f"got {format_duration(warmup)}",
        )
    refresh = _get(root, "refresh")
    if refresh is not None and refresh > duration:
        yield Finding(
            ("refresh",),
            f"must not be longer than the duration, {format_duration(duration)}; "
            f"got {format_duration(refresh)}",
        )
    for location in (("refresh",), ("record", "timeline")):
        length = _get(root, *location)
        if length is not None and duration / length > MOST_STEPS:
            yield Finding(
                location,
                f"makes {duration / length:.3g} steps of {format_duration(duration)}; at most "
                f"{MOST_STEPS:,} are possible: take at least "
                f"{format_duration(_rounded_up(duration / MOST_STEPS))}",
            )


def _rounded_up(seconds: float) -> float:
    """At least so long, with three digits."""
    scale = 10.0 ** (floor(log10(seconds)) - 2)
    return ceil(seconds / scale) * scale


def _places(root: object) -> Iterator[Finding]:
    for group in ("locales", "devices"):
        places = _get(root, "population", group)
        if places is None:
            continue
        names: dict[str, int] = {}
        for i in range(len(places)):
            name = _get(places, i, "name")
            if name is not None and names.setdefault(name, i) != i:
                yield Finding(
                    ("population", group, i, "name"),
                    f'must be unique; "{name}" is the name of {group}[{names[name]}] too',
                )
        shares = [_get(places, i, "share") for i in range(len(places))]
        if shares and None not in shares and abs(sum(shares) - 1.0) > 1e-9:
            yield Finding(
                ("population", group),
                f"shares must add up to 100 %; got {format_share(round(sum(shares), 12))}",
            )


def _topics(root: object) -> Iterator[Finding]:
    topics = _get(root, "population", "topics")
    declared = _get(root, "population", "declared_interests")
    if topics is not None and declared is not None and declared > topics:
        yield Finding(
            ("population", "declared_interests"),
            f"must be at most the number of topics, {topics}; got {declared}",
        )


def _video_duration(root: object) -> Iterator[Finding]:
    median, low, high = (
        _get(root, "catalogue", "duration", key) for key in ("median", "min", "max")
    )
    where = ("catalogue", "duration")
    if low is not None and high is not None and low > high:
        yield Finding(
            (*where, "min"),
            f"must not be above max, {format_duration(high)}; got {format_duration(low)}",
        )
    elif median is not None and low is not None and median < low:
        yield Finding(
            (*where, "median"),
            f"must not be below min, {format_duration(low)}; got {format_duration(median)}",
        )
    elif median is not None and high is not None and median > high:
        yield Finding(
            (*where, "median"),
            f"must not be above max, {format_duration(high)}; got {format_duration(median)}",
        )


def _feed(root: object) -> Iterator[Finding]:
    slate, candidates = _get(root, "feed", "slate"), _get(root, "feed", "candidates")
    if slate is not None and candidates is not None and candidates < slate:
        yield Finding(
            ("feed", "candidates"), f"must be at least the slate, {slate}; got {candidates}"
        )
    weights, perturbed = _get(root, "feed", "weights"), _get(root, "feed", "perturb", "weights")
    for i, name in enumerate(perturbed or ()):
        if weights is not None and not weights.get(name, 0.0):
            yield Finding(
                ("feed", "perturb", "weights", i),
                f"must be a weight that is not 0; feed.weights.{name} is",
            )
        if name in perturbed[:i]:
            yield Finding(("feed", "perturb", "weights", i), f"{name} is named twice")
    sources = _get(root, "feed", "sources")
    if sources is not None and not any(sources.values()):
        yield Finding(("feed", "sources"), "at least one source must have a weight above 0")


def _probes(root: object) -> Iterator[Finding]:
    probes: Sequence[object] = _get(root, "probes") or ()
    duration, users = _get(root, "duration"), _get(root, "population", "users")
    topics = _get(root, "population", "topics")
    names: dict[str, int] = {}
    for i in range(len(probes)):
        name, post_at = _get(probes, i, "name"), _get(probes, i, "post_at")
        if name is not None and names.setdefault(name, i) != i:
            yield Finding(
                ("probes", i, "name"),
                f'must be unique; "{name}" is the name of probes[{names[name]}] too',
            )
        if None not in (duration, post_at):
            yield from _post_times(i, post_at, _get(probes, i, "spread"), duration)
        yield from _attributes(("probes", i), probes[i], users, topics)


def _attributes(
    where: Location, probe: object, users: int | None, topics: int | None
) -> Iterator[Finding]:
    """What the videos of a probe are, and each of their twins."""
    if (twins := _get(probe, "twins")) is not None:
        yield from _twins((*where, "twins"), probe, twins)
    for place, followers in _values(probe, "followers"):
        if users is not None and followers > users:
            yield Finding(
                (*where, *place),
                f"must be at most the number of users, {users:_}; got {followers:_}",
            )
    for place, topic in _values(probe, "topic"):
        if topics is not None and topic >= topics:
            yield Finding(
                (*where, *place), f"must be below the number of topics, {topics}; got {topic}"
            )
    for place, events in _values(probe, "inject"):
        for j in range(len(events)):
            counts = [_get(events, j, name) or 0 for name in ("impressions", "likes", "skips")]
            if sum(counts) == 0:
                yield Finding(
                    (*where, *place, j), "forces nothing; give impressions, likes or skips"
                )
            if users is not None and sum(counts) > users:
                yield Finding(
                    (*where, *place, j),
                    f"must fall on at most {users:_} users; it falls on {sum(counts):_}",
                )


def _twins(where: Location, probe: object, twins: TwinsConfig) -> Iterator[Finding]:
    """One attribute, named once, with values that differ."""
    if len(twins.named) != 1:
        names = ", ".join(type(twins).model_fields)
        yield Finding(where, f"must name one attribute with its values, one of {names}")
        return
    if len(set(twins.labels)) < len(twins.labels):
        yield Finding((*where, twins.attribute), "two of the values are the same")
    if _get(probe, twins.attribute) not in (None, 0, ()):
        yield Finding(
            (*where[:-1], twins.attribute), "is what the twins differ in; say it there alone"
        )


def _values(probe: object, name: str) -> Iterator[tuple[Location, Any]]:
    """An attribute of a probe, or its values if twins differ in it."""
    value = _get(probe, name)
    if value is not None:
        yield (name,), value
    for j, other in enumerate(_get(probe, "twins", name) or ()):
        yield ("twins", name, j), other


def _post_times(i: int, post_at: float, spread: float | None, duration: float) -> Iterator[Finding]:
    end = format_duration(duration)
    if post_at >= duration:
        yield Finding(
            ("probes", i, "post_at"),
            f"must be before the end, {end}; got {format_duration(post_at)}",
        )
    elif spread is not None and post_at + spread > duration:
        yield Finding(
            ("probes", i, "spread"),
            f"the last post must be before the end, {end}; post_at + spread is "
            f"{format_duration(post_at + spread)}",
        )


def _events(root: object) -> Iterator[Finding]:
    events, duration = _get(root, "events") or (), _get(root, "duration")
    probes = [_get(probe, "name") for probe in _get(root, "probes") or ()]
    perturbed = _get(root, "feed", "perturb")
    for i in range(len(events)):
        at, name = _get(events, i, "at"), _get(events, i, "take_down")
        if None not in (at, duration) and at >= duration:
            yield Finding(
                ("events", i, "at"),
                f"must be before the end, {format_duration(duration)}; got {format_duration(at)}",
            )
        if name is not None and name not in probes:
            yield Finding(("events", i, "take_down"), f'there is no probe with the name "{name}"')
        if perturbed is not None and _get(events, i, "weights") is not None:
            yield Finding(
                ("events", i, "weights"),
                "cannot change while feed.perturb lets weights differ between users",
            )


_AMOUNTS = (("feed", "cold_start", "first"), ("feed", "predict", "prior"), ("viral", "impressions"))
"""Settings that may be a multiple of ``catalogue.mean_impressions``."""


def _amounts(root: object) -> Iterator[Finding]:
    catalogue = _get(root, "catalogue")
    if not isinstance(catalogue, BaseModel) or _get(catalogue, "mean_impressions") is not None:
        return
    for location in _AMOUNTS:
        value = _get(root, *location)
        if isinstance(value, Multiple):
            yield Finding(
                location,
                f"{value} is a multiple of catalogue.mean_impressions, which is not stated; state "
                "it, or write a number",
            )


def _tune(root: object) -> Iterator[Finding]:
    tune = _get(root, "tune")
    if tune is None:
        return
    # of a scenario that is wrong elsewhere no path can be followed
    whole = root if isinstance(root, BaseModel) else None
    for location, message in complaints(tune, whole):
        yield Finding(("tune", *location), message)


def cross_checks(root: object) -> list[Finding]:
    """All broken rules of a scenario, or of the mapping of its settings that are right so far."""
    rules = (_times, _places, _topics, _video_duration, _feed, _probes, _events, _amounts, _tune)
    return [finding for rule in rules for finding in rule(root)]
