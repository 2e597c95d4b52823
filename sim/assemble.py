"""A scenario to live parts: the one file that knows every part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import simpy
from numpy.typing import NDArray

from sim.core.errors import ForyouError, RunFolderError
from sim.core.registry import entry_of
from sim.core.sources import CUSTOM_SOURCE, source_code
from sim.core.surfaces import SURFACES
from sim.engine.clock import PLAY, REFRESH, SNAPSHOT, TRENDS, UPLOADS, every, stop_at
from sim.engine.demand import expected_demand
from sim.engine.fast import FastEngine
from sim.engine.foresee import Oracle, OraclePredictor
from sim.engine.moments import columns_of
from sim.engine.platform import People, Platform
from sim.engine.reference import BlockSets, FollowLists, ReferenceEngine, SeenSets
from sim.engine.shards import Memory, parts_of
from sim.engine.trends import TREND_INTERVAL_S
from sim.engine.window import UserCounts
from sim.feed import builtin
from sim.feed.cold_start import STATE_NAMES
from sim.feed.component import Stage
from sim.feed.control import Control
from sim.feed.kit import FAST, PLAIN, Kit
from sim.feed.pipeline import Named, Pipeline, source_counts
from sim.feed.plugin import load_plugin
from sim.machine.keep import Arrays, Misfit, part_of
from sim.record.recorders import Controls, EventLog, Paths, Regrets, Timeline
from sim.record.tables import (
    creator_columns,
    hashtag_columns,
    probe_columns,
    probe_names,
    sound_columns,
    user_columns,
    video_columns,
)
from sim.scenario import Scenario
from sim.scenario import feed as spec
from sim.scenario.amounts import impressions_of
from sim.scenario.components import Custom
from sim.scenario.viral import viral_of
from sim.world.build import build_world
from sim.world.state import World

__all__ = ["ENGINES", "Engine", "Live", "assemble", "make_pipeline"]

ENGINES = ("fast", "reference")
"""Names of the engines."""
_RECORDERS = ("log", "timeline", "controls", "regrets", "paths")
_KITS: Mapping[str, Kit] = {"fast": FAST, "reference": PLAIN}
"""What each engine is fed from."""


class Engine(Protocol):
    """Plays what users do between two refreshes."""

    def start(self, env: simpy.Environment) -> None:
        """Called once, before the first second."""

    def finish_window(self, now: float) -> None:
        """Everything before ``now`` has to be played, counted and logged."""

    def refreshed(self) -> None:
        """Called after each refresh: tables may have moved."""

    def follow_counts(self) -> NDArray[np.int32]:
        """follows [U] creators each user follows now."""

    def user_counts(self) -> UserCounts:
        """Counters of all users."""


@dataclass
class Live:
    """A world that is ready to run."""

    scenario: Scenario
    seed: int
    world: World
    platform: Platform
    engine: Engine
    env: simpy.Environment
    end: simpy.Event
    log: EventLog
    timeline: Timeline
    controls: Controls
    regrets: Regrets
    paths: Paths
    last_s: dict[str, float] = field(default_factory=dict)
    """when each part of the clock had its turn last, s"""

    @property
    def can_stop(self) -> bool:
        """Whether its state can be put down: people of the reference engine are in mid-life."""
        return isinstance(self.engine, FastEngine)

    def put_down(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """(name, array) of all state, when every part of the clock had its turn at this instant."""
        yield "clock.now", np.asarray(float(self.env.now))
        for name, last in self.last_s.items():
            yield f"clock.{name}", np.asarray(last)
        # the engine counts what it has not handed over yet when it puts itself down
        for name in ("engine", "platform", *_RECORDERS):
            for inner, array in getattr(self, name).put_down():
                yield f"{name}.{inner}", array

    def take_up(self, kept: Arrays) -> None:
        """Become what was put down, by a world of the same scenario and seed that was just built.

        The clock goes on from there. Raises RunFolderError when it does not fit this world.
        """
        try:
            for name in ("platform", "engine", *_RECORDERS):
                getattr(self, name).take_up(part_of(kept, name))
            clock = part_of(kept, "clock")
        except Misfit as error:
            raise RunFolderError(
                f"the state that was kept is not that of this scenario and version: {error}; "
                "play the run from its start"
            ) from error
        now = float(clock.pop("now"))
        self.last_s = {name: float(last) for name, last in clock.items()}
        self.env = simpy.Environment(now)
        _start_clock(self)

    def columns(self) -> dict[str, dict[str, Any]]:
        """The columns of every table, by table, once the world was played to its end."""
        world, view = self.world, self.platform.view
        mechanisms: dict[str, Any] = {table.NAME: table for table in self.platform.mechanisms}
        lives, states = self.platform.lives, np.array(STATE_NAMES, object)[view.cold.state]
        videos = video_columns(
            world, view.counts, self.platform.window.elsewhere, view.cold.pool, states
        )
        return {
            "videos": videos,
            "creators": creator_columns(world, view.counts),
            "users": user_columns(
                world,
                self.engine.user_counts(),
                self.engine.follow_counts(),
                view.beliefs.profile,
                mechanisms["presence"].came,
                mechanisms["mood"].gone,
            ),
            "timeline": self.timeline.columns(),
            "control": self.controls.columns(),
            "regret": self.regrets.columns(),
            "paths": self.paths.columns(
                world.videos.uploaded_s, probe_names(world, world.video_truth.probe)
            ),
            "probes": probe_columns(world, videos, self.paths, viral_of(self.scenario)),
            "sounds": sound_columns(world, view.counts),
            "hashtags": hashtag_columns(world, view.counts),
            "trends": self.platform.trends.columns(),
            **({"reactions": lives.columns()} if self.scenario.creators.react.enabled else {}),
            **columns_of(
                self.scenario, world, self.platform.exchange.log(), self.platform.mechanisms
            ),
        }


def make_pipeline(
    scenario: Scenario, base_dir: Path | None, allow_code: bool, *, engine: str = "fast"
) -> Pipeline:
    """The pipeline that a scenario describes; imports the user's own code only with consent.

    For every ``engine`` it gives the same slates; for the reference engine it is made of plain
    parts, which share no code with the fast engine that is there for speed alone.
    """
    feed = scenario.feed
    kit = entry_of("engine", _KITS, engine)

    def part(stage: Stage, wanted: Any) -> Named[Any]:
        if isinstance(wanted, Custom):
            component = load_plugin(stage, wanted.use, wanted.options, base_dir, allow_code)
            return Named(wanted.use, component, True)
        return Named(wanted.use, _builtin(kit, scenario, wanted), False)

    sources = []
    for name, count in source_counts(dict(feed.sources), feed.candidates).items():
        if name in spec.SOURCES:
            named: Named[Any] = Named(name, kit.source(name), False)
            code = source_code(name)
        else:
            named = Named(name, load_plugin("source", name, {}, base_dir, allow_code), True)
            code = source_code(CUSTOM_SOURCE)
        sources.append((named, code, count))
    return Pipeline(
        sources=tuple(sources),
        filters=tuple(part("filter", wanted) for wanted in feed.filters),
        predict=part("predict", feed.predict),
        score=tuple(part("score", wanted) for wanted in feed.score),
        select=part("select", feed.select),
        pages={
            code: entry_of("list for a page", kit.pages, surface.lists)
            for code, surface in enumerate(SURFACES)
            if not surface.ranked
        },
        hydrate=kit.hydrate,
        control=Control(float(feed.control)),
        slate=feed.slate,
        candidates=feed.candidates,
    )


def _builtin(kit: Kit, scenario: Scenario, wanted: Any) -> Any:
    """The built-in component of a specification."""
    match wanted:
        case spec.Seen():
            return builtin.Seen()
        case spec.Own():
            return builtin.Own()
        case spec.Ineligible():
            return builtin.Ineligible()
        case spec.TooOld():
            return builtin.TooOld(float(wanted.max_age))
        case spec.Blocked():
            return builtin.Blocked()
        case spec.Smoothed():
            return kit.smoothed(impressions_of(wanted.prior, scenario, whole=False))
        case spec.Oracle():
            return OraclePredictor()
        case spec.Value():
            return builtin.Value()
        case spec.Spaced():
            return kit.spaced(int(wanted.creator_gap), int(wanted.sound_gap))
    raise ForyouError(f"no component is built for {wanted!r}")


def assemble(  # noqa: PLR0913  each is one decision of the caller, given by its name
    scenario: Scenario,
    seed: int,
    *,
    engine: str,
    shards: int = 1,
    events: Path | None = None,
    base_dir: Path | None = None,
    allow_code: bool = False,
    pipeline: Pipeline | None = None,
    founded: Scenario | None = None,
) -> Live:
    """Build the world, the platform and the engine, and put the clock's parts in place.

    ``events`` is the file for the event log, or None to keep only its hash. ``pipeline`` is one
    that was made already. ``founded`` is the scenario that the world was built from, when it goes
    on under another one.
    """
    if pipeline is None:
        pipeline = make_pipeline(scenario, base_dir, allow_code, engine=engine)
    world = build_world(founded or scenario, seed)
    log = EventLog(events)
    platform, player = _ENGINE_PARTS[engine](scenario, seed, world, pipeline, log, shards)
    timeline, controls = Timeline(platform.bin_s), Controls(float(scenario.warmup))
    paths = Paths(scenario.record.tracked, float(scenario.warmup))
    if isinstance(pipeline.predict.component, OraclePredictor):
        pipeline.predict.component.oracle = Oracle(platform)
    env = simpy.Environment()
    live = Live(
        scenario, seed, world, platform, player, env, env.event(), log, timeline, controls,
        Regrets(float(scenario.warmup)), paths,
    )  # fmt: skip
    _start_clock(live)
    return live


def _start_clock(live: Live) -> None:
    """The rare events; at one instant they run in the order of their rank.

    In a world that was played before, each goes on from when it had its turn last.
    """
    scenario, platform, env = live.scenario, live.platform, live.env
    end = float(scenario.duration)

    def play(now: float) -> None:
        live.log.begin(platform.chances())
        live.engine.finish_window(now)
        window = platform.window
        live.timeline.add(window.first_bin, window.timeline)
        live.controls.add(platform.view.refreshed_s, window.control)
        live.regrets.add(platform.view.refreshed_s, window.regret)

    def refresh(now: float) -> None:
        platform.refresh(now)
        live.engine.refreshed()
        videos = live.world.videos
        live.paths.notice(videos.uploaded_s, live.world.video_truth.probe, videos.count)

    def snapshot(now: float) -> None:
        del now
        # counts are those of the last refresh, so that is the time they are true for
        live.paths.snapshot(
            platform.view.refreshed_s, platform.view.counts, platform.window.elsewhere,
            platform.view.cold.pool,
        )  # fmt: skip

    def turns(name: str, interval: float, rank: int, action: Callable[[float], None]) -> None:
        def turn(now: float) -> None:
            action(now)
            live.last_s[name] = now

        last = live.last_s.setdefault(name, float(env.now))
        every(env, interval, end, rank, turn, last)

    interval = float(scenario.refresh)
    turns("play", interval, PLAY, play)
    turns("uploads", interval, UPLOADS, platform.admit_uploads)
    turns("refresh", interval, REFRESH, refresh)
    turns("trends", max(TREND_INTERVAL_S, interval), TRENDS, platform.follow_trends)
    turns("snapshot", max(platform.bin_s, interval), SNAPSHOT, snapshot)
    live.end = stop_at(env, end)
    live.engine.start(env)


def _reference(
    scenario: Scenario, seed: int, world: World, pipeline: Pipeline, log: EventLog, shards: int
) -> tuple[Platform, Engine]:
    del shards
    seen, follows = SeenSets(world.users), FollowLists(world.follows)
    people = People(seen, follows, BlockSets(world.users))
    platform = Platform(scenario, seed, world, people)
    return platform, ReferenceEngine(platform, pipeline, seen, follows, log)


def _fast(
    scenario: Scenario, seed: int, world: World, pipeline: Pipeline, log: EventLog, shards: int
) -> tuple[Platform, Engine]:
    impressions = expected_demand(scenario).impressions
    # a component of the user's own need not be safe in several threads
    shards = 1 if pipeline.needs_python else min(shards, world.users)
    memory = Memory(world, pipeline.slate, parts_of(world.users, shards), impressions)
    platform = Platform(scenario, seed, world, People(memory, memory, memory))
    return platform, FastEngine(scenario, platform, pipeline, memory, log, shards)


_ENGINE_PARTS: Mapping[str, Any] = {"reference": _reference, "fast": _fast}
