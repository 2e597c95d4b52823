"""A branch: a run that goes on from a moment of another one, under other settings.

What a running platform could change may differ: the feed, probes that are still to come, what is
recorded, what counts as viral, and the end. People, videos and what happened so far are what they
were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from sim.assemble import Live, assemble
from sim.checkpoint.moment import Means, Moment
from sim.core.errors import ForyouError
from sim.core.quantities import format_duration
from sim.engine.fast import FastEngine
from sim.feed.pipeline import Pipeline
from sim.machine.keep import Arrays
from sim.scenario import Scenario
from sim.scenario.probes import ProbeConfig

__all__ = ["branched", "differences", "founding", "go_on_with", "refuse_others", "settings_of"]

_FREE: Final = (
    "feed", "probes", "events", "viral", "record", "duration", "name", "question", "description",
    "seed", "tune",
)  # fmt: skip
_FIXED: Final = ("record.timeline",)
_TO_COME: Final = ("post_at", "spread", "sound", "quality", "hook", "video_duration", "inject")
"""What may still change of a probe that has not posted yet: it does not concern its accounts."""


def differences(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """The settings in which two scenarios differ, by their paths."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in dict.fromkeys([*old, *new]):
            inner = f"{path}.{name}" if path else str(name)
            yield from differences(old.get(name), new.get(name), inner)
    elif old != new:
        yield path


def refuse_others(moment: Moment, wanted: Scenario) -> None:
    """ForyouError for a scenario under which the world of a moment cannot go on."""
    past, now_s = moment.scenario, moment.now_s
    problems = []
    for path in differences(settings_of(past), settings_of(wanted)):
        if path.split(".")[0] not in _FREE:
            problems.append(f"{path}: people, videos and the clock stay what they were")
        elif path in _FIXED:
            problems.append(f"{path}: the past is counted in bins of this length")
    problems += _problems_of_probes(past, now_s, wanted)
    if _happened(past, now_s) != _happened(wanted, now_s):
        problems.append(f"events: what happened before {format_duration(now_s)} stays as it was")
    if float(wanted.duration) <= now_s:
        problems.append(
            f"duration: the run would end before it begins, at {format_duration(now_s)}"
        )
    if problems:
        raise ForyouError(
            f"a run that goes on from {moment.words} may differ in feed, probes and "
            f"events to come, viral, record and duration; not in {'; '.join(problems)}"
        )


def _happened(scenario: Scenario, now_s: float) -> list[dict[str, Any]]:
    """The events of a scenario that are over by a time."""
    return [e.model_dump(mode="json") for e in scenario.events if float(e.at) <= now_s]


def _problems_of_probes(past: Scenario, now_s: float, wanted: Scenario) -> Iterator[str]:
    """What is wrong with the probes: those of the past come first, and only the future changes."""
    for i, old in enumerate(past.probes):
        place = f"probes[{i}]"
        if i >= len(wanted.probes):
            yield f'{place}: "{old.name}" is planted already; leave it, and put others behind it'
            continue
        new = wanted.probes[i]
        changed = list(differences(settings_of(old), settings_of(new)))
        fixed = [path for path in changed if path.split(".")[0] not in _TO_COME]
        if fixed:
            yield f'{place}.{fixed[0]}: the accounts of "{old.name}" are planted already'
        elif changed and min(float(old.post_at), float(new.post_at)) < now_s:
            yield f'{place}.{changed[0]}: "{old.name}" has posted by then'
    for i, new in enumerate(wanted.probes[len(past.probes) :], len(past.probes)):
        if float(new.post_at) < now_s:
            yield f"probes[{i}].post_at: is in the past, which ends at {format_duration(now_s)}"


def settings_of(config: Scenario | ProbeConfig) -> dict[str, Any]:
    """Plain data, to be compared."""
    return config.model_dump(mode="json")


def founding(founded: Scenario, wanted: Scenario) -> Scenario:
    """The scenario from which the world of a branch is built: the old one, with its probes."""
    return founded.model_copy(update={"probes": wanted.probes})


def branched(
    moment: Moment, wanted: Scenario, seed: int, kept: Arrays, how: Means, *,
    events: Path | None = None, pipeline: Pipeline | None = None,
) -> Live:  # fmt: skip
    """A world that goes on under a scenario from the state ``kept`` of a moment."""
    live = assemble(
        wanted, seed, engine="fast", shards=how.shards, events=events, base_dir=how.base_dir,
        allow_code=how.allow_code, pipeline=pipeline, founded=founding(moment.founded, wanted),
    )  # fmt: skip
    go_on_with(live, kept, feed_changed=wanted.feed != moment.scenario.feed)
    return live


def go_on_with(live: Live, kept: Arrays, *, feed_changed: bool) -> None:
    """Let a world that was built from :func:`founding` go on from the state of the past."""
    old_accounts = int(kept["platform.creators.count"])
    live.take_up(dict(_fitted(live, kept, feed_changed=feed_changed)))
    platform = live.platform
    engine = live.engine
    assert isinstance(engine, FastEngine)
    if platform.world.creators.count > old_accounts:
        engine.follow_new(old_accounts)
    if feed_changed:
        platform.view.cold.take_over()
        if not platform.view.cold.finds_audience:
            engine.end_tests()  # nobody would count them
        platform.set_up_anew()


def _fitted(live: Live, kept: Arrays, *, feed_changed: bool) -> Iterator[tuple[str, NDArray[Any]]]:
    """The state of the past; in the place of what another feed has no use for, its own."""
    fresh = dict(live.put_down())
    useless = {"platform.creators.count"}  # probes to come are planted already
    if feed_changed:
        of_feed = ("platform.view.cold.", "platform.view.tables.")
        useless |= {
            name
            for name, array in fresh.items()
            if name.startswith(of_feed) and not (name in kept and _fits(kept[name], array, name))
        }
    for name, array in fresh.items():
        if name in useless:
            yield name, array
        elif name in kept:
            yield name, kept[name]


def _fits(kept: NDArray[Any], array: NDArray[Any], name: str) -> bool:
    """Whether state of one cold-start policy means the same to another one."""
    if name.startswith("platform.view.tables.") or name.endswith((".reserved", ".seeking")):
        return False  # made anew from the counters
    if name.endswith(("._memory", "._finished")) and kept.shape != array.shape:
        return False
    return kept.dtype == array.dtype and kept.shape[1:] == array.shape[1:]
