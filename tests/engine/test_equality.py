"""All engines play the same log, byte for byte, whatever the scenario and the shards."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim import assemble as parts
from sim.assemble import Live
from sim.core.actions import ACTION_NAMES
from sim.core.counts import IMPRESSIONS, REACH
from sim.core.sources import SOURCES, source_code
from sim.core.stages import FIRST_VIDEOS
from sim.core.surfaces import FOR_YOU, SURFACES
from sim.engine import fast
from sim.engine import shards as shards_of
from sim.engine.clock import stop_at
from sim.engine.newcomers import FirstVideos
from sim.feed import plugin
from sim.feed.cold_start import GRADUATED, STATE_NAMES, STOPPED, WAITING
from sim.feed.compiled import CompiledScore
from sim.feed.control import CONTROL
from sim.record.events import EVENT, hash_all
from sim.record.recorders import EventLog
from sim.scenario import Scenario
from sim.testing.worlds import tiny_scenario


def _beside(name: str) -> ModuleType:
    """A helper that lies beside this file; tests are no package."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"foryou_tests_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


grid = _beside("grid")
CASES: dict[str, dict[str, Any]] = grid.CASES
SHARDS = (1, 2, 4, 7)
STOPPED_ONCE = {4: 3}
"""With so many shards it is stopped midway, and goes on in a new world with so many."""


class KeptLog(EventLog):
    """A log that keeps its events in memory."""

    def __init__(self, path: Path | None) -> None:
        super().__init__(path)
        self.kept: list[NDArray[Any]] = [np.empty(0, EVENT)]

    @property
    def wanted(self) -> bool:
        return True

    def keep(self, events: NDArray[Any]) -> None:
        assert events.dtype == EVENT
        self.kept.append(events.copy())


_compiled: dict[str, CompiledScore] = {}


def _compiled_once(name: str, function: Any, options: Mapping[str, Any]) -> CompiledScore:
    """A compiled score has no state, so all plays of the grid may have the same one.

    That it gives the same when it is compiled anew is seen where hashes are compared.
    """
    asked = f"{name} {sorted(options.items())}"
    if asked not in _compiled:
        _compiled[asked] = CompiledScore(name, function, options)
    return _compiled[asked]


@contextmanager
def _kept_in_memory(*, little_room: bool) -> Iterator[None]:
    """Logs stay in memory, scores are compiled once, and threads take part after part.

    With little room the kernel has to stop and go on all the time.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "EventLog", KeptLog)
        patch.setattr(plugin, "CompiledScore", _compiled_once)
        patch.setattr(shards_of, "_PART_LEAST", 7)
        if little_room:
            patch.setattr(fast, "_LOG_BUFFER", 7)
            patch.setattr(shards_of, "_ARENA_LEAST", 64)
            patch.setattr(shards_of, "_ARENA_MOST", 64)
        yield


@dataclass(frozen=True)
class Outcome:
    """Everything that a run leaves behind and that its engine has had a hand in."""

    events: NDArray[Any]
    hash: str
    stages: dict[str, Any]
    impressions: int
    promotions: int
    video_counts: NDArray[Any]
    totals: NDArray[Any]
    user_counts: NDArray[Any]
    sessions: NDArray[Any]
    active_days: NDArray[Any]
    last_day: NDArray[Any]
    follow_counts: NDArray[Any]
    follows: NDArray[Any]
    followers: NDArray[Any]
    public_followers: NDArray[Any]
    timeline: dict[str, Any]
    controls: dict[str, Any]
    elsewhere: NDArray[Any]
    regrets: dict[str, Any]
    percentiles: NDArray[Any]
    ranks: NDArray[Any]
    slopes: NDArray[Any]
    paths: dict[str, Any]
    profile: NDArray[Any]
    slot_id: NDArray[Any]
    slot_word: NDArray[Any]
    pool: NDArray[Any]
    pool_state: NDArray[Any]
    waiting: NDArray[Any]
    base: NDArray[Any]
    lift: NDArray[Any]
    arms: NDArray[Any]
    arm: NDArray[Any]
    momentum: NDArray[Any]
    trending: NDArray[Any]
    uploads: NDArray[Any]
    sounds: NDArray[Any]
    first_videos: dict[str, Any]


ROOMS = {"engine.users"}
"""State in which it says where something lies, which is elsewhere afterwards."""


def _assembled(scenario: Scenario, folder: Path, engine: str, shards: int) -> Live:
    return parts.assemble(
        scenario, 1, engine=engine, shards=shards, base_dir=folder, allow_code=True
    )


def _play(name: str, folder: Path, engine: str, shards: int = 1) -> Outcome:
    with _kept_in_memory(little_room=shards == 2):
        scenario = tiny_scenario(**CASES[name])
        live = _assembled(scenario, folder, engine, shards)
        if engine == "fast" and shards in STOPPED_ONCE:
            half = scenario.refresh * (scenario.duration // scenario.refresh // 2)
            live.env.run(until=stop_at(live.env, half))
            first, kept = live.log, {name: a.copy() for name, a in live.put_down()}
            live = _assembled(scenario, folder, engine, STOPPED_ONCE[shards])
            assert isinstance(live.log, KeptLog)
            assert isinstance(first, KeptLog)
            live.log.kept += first.kept
            live.take_up(kept)
            assert {name: a.tobytes() for name, a in live.put_down() if name not in ROOMS} == {
                name: a.tobytes() for name, a in kept.items() if name not in ROOMS
            }
        live.env.run(until=live.end)
    log = live.log
    assert isinstance(log, KeptLog)
    platform, view, world = live.platform, live.platform.view, live.world
    users = live.engine.user_counts()
    n = world.videos.count
    return Outcome(
        events=np.concatenate(log.kept),
        hash=log.hash,
        stages=dict(vars(platform.stages)),
        impressions=platform.impressions,
        promotions=platform.promotions,
        video_counts=view.counts,
        totals=view.totals,
        user_counts=users.counts,
        sessions=users.sessions,
        active_days=users.active_days,
        last_day=users.last_day,
        follow_counts=live.engine.follow_counts(),
        follows=np.concatenate([view.follows.of(u) for u in range(world.users)]),
        followers=world.creators.followers,
        public_followers=view.creators.followers,
        timeline=live.timeline.columns(),
        controls=live.controls.columns(),
        elsewhere=platform.window.elsewhere[:n],
        regrets=live.regrets.columns(),
        percentiles=view.percentiles[:n],
        ranks=view.ranks,
        slopes=view.slopes,
        paths=live.paths.columns(world.videos.uploaded_s, world.video_truth.probe),
        profile=view.beliefs.profile,
        slot_id=view.beliefs.slot_id,
        slot_word=view.beliefs.slot_word,
        pool=view.cold.pool[:n],
        pool_state=view.cold.state[:n],
        waiting=view.cold.waiting,
        base=view.tables.base[:n],
        lift=view.tables.lift[:n],
        arms=view.tables.arms[:n],
        arm=users.arm,
        momentum=view.momentum[:n],
        trending=world.sounds.trending,
        uploads=world.videos.uploaded_s[:n],
        sounds=world.videos.sound[:n],
        first_videos={
            name: array
            for table in platform.mechanisms
            if isinstance(table, FirstVideos)
            for name, _, array in table.arrays()
        },
    )


def _same(name: str, a: Any, b: Any) -> None:
    """Equal in type, shape and every bit."""
    if isinstance(a, dict):
        assert list(a) == list(b), name
        for key in a:
            _same(f"{name}[{key}]", a[key], b[key])
        return
    a, b = np.asarray(a), np.asarray(b)
    assert a.dtype == b.dtype, name
    assert a.shape == b.shape, name
    if a.dtype == object:
        assert a.tolist() == b.tolist(), name
    elif a.tobytes() != b.tobytes():
        np.testing.assert_array_equal(a, b, name)
        pytest.fail(f"{name}: equal numbers, other bits")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the components of the user's own lie."""
    path = tmp_path_factory.mktemp("grid")
    (path / "mine.py").write_text(grid.CODE, encoding="utf-8")
    return path


@cache
def _reference(name: str, folder: Path) -> Outcome:
    return _play(name, folder, "reference")


@pytest.mark.parametrize("name", CASES)
def test_every_engine_plays_the_same(name: str, folder: Path) -> None:
    wanted = _reference(name, folder)
    for shards in SHARDS:
        found = _play(name, folder, "fast", shards)
        for field in fields(Outcome):
            label = f"{field.name}, {shards} shards"
            _same(label, getattr(found, field.name), getattr(wanted, field.name))


@pytest.mark.parametrize("name", ["usual", "own code: every stage"])
def test_the_hash_is_that_of_the_kept_events(name: str, folder: Path) -> None:
    for shards in SHARDS:
        played = _play(name, folder, "fast", shards)
        sums = np.zeros(2, np.uint64)
        hash_all(played.events, sums)
        text = f"{int(sums[0]):016x}{int(sums[1]):016x}-{len(played.events)}"
        assert played.hash == text


# ---- the grid covers what there is ----------------------------------------------------------


@pytest.fixture(scope="module")
def outcomes(folder: Path) -> dict[str, Outcome]:
    return {name: _reference(name, folder) for name in CASES}


def _column(outcomes: dict[str, Outcome], name: str) -> NDArray[Any]:
    return np.concatenate([played.events[name] for played in outcomes.values()])


def test_every_source_and_surface_is_covered(outcomes: dict[str, Outcome]) -> None:
    pairs = set(
        zip(
            _column(outcomes, "surface").tolist(), _column(outcomes, "source").tolist(),
            strict=True,
        )
    )  # fmt: skip
    sources = {source_code(s.name) for s in SOURCES if s.feed}
    for_you = {(FOR_YOU, code) for code in sources | {CONTROL}}
    pages = {(code, source_code(s.source)) for code, s in enumerate(SURFACES) if not s.ranked}
    assert pairs == for_you | pages


def test_every_action_is_covered(outcomes: dict[str, Outcome]) -> None:
    actions = _column(outcomes, "actions")
    for number, name in enumerate(ACTION_NAMES):
        assert ((actions >> number) & 1).sum() > 20, name
    assert (_column(outcomes, "views") > 10).sum() > 20
    assert _column(outcomes, "watch_ms").max() == 2**31 - 1
    assert (_column(outcomes, "first") == 0).sum() > 200


def test_every_filter_removes_something(outcomes: dict[str, Outcome]) -> None:
    removed: dict[str, int] = {}
    for name, played in outcomes.items():
        filters = tiny_scenario(**CASES[name]).feed.filters
        for spec, count in zip(filters, played.stages["removed"], strict=True):
            removed[spec.use] = removed.get(spec.use, 0) + count
    assert set(removed) == {"seen", "own", "ineligible", "too_old", "blocked", "mine:Picky"}
    assert min(removed.values()) > 100, removed


def test_every_part_of_the_first_videos_is_covered(outcomes: dict[str, Outcome]) -> None:
    counts = [p.first_videos["counts"] for p in outcomes.values() if p.first_videos]
    parts = np.concatenate(counts).sum(axis=0)
    assert parts.min() > 20, parts
    shown = np.concatenate(counts)[:, :, 0].sum(axis=1)
    assert (shown == FIRST_VIDEOS[-1]).sum() > 5


def test_all_of_the_cold_start_is_covered(outcomes: dict[str, Outcome]) -> None:
    states = np.bincount(
        np.concatenate([played.pool_state for played in outcomes.values()]),
        minlength=len(STATE_NAMES),
    )
    assert states.min() > 20, dict(zip(STATE_NAMES, states.tolist(), strict=True))
    four = outcomes["cold start: pools of 3"]
    assert four.promotions > 20
    assert set(four.events["pool"].tolist()) == {0, 1, 2, 3, 4}
    for state, name in (
        (WAITING, "cold start: pools of 3"),
        (STOPPED, "cold start: pools of 3"),
        (GRADUATED, "cold start: all graduate"),
    ):
        assert (outcomes[name].pool_state == state).sum() > 10, STATE_NAMES[state]
    assert outcomes["cold start: twenty levels"].events["pool"].max() > 4


def test_requests_of_all_kinds_are_covered(outcomes: dict[str, Outcome]) -> None:
    stages = [played.stages for played in outcomes.values()]
    assert sum(s["duplicates"] for s in stages) > 1_000
    # slates that came back short, because everything was seen
    seen_all = outcomes["people: addicts who see it all"]
    shown = seen_all.user_counts[:, IMPRESSIONS]
    assert seen_all.stages["requests"] > 2 * shown.sum() / 6
    assert outcomes["worlds: nothing ever"].stages["selected"] == 0
    assert outcomes["worlds: nothing ever"].stages["requests"] > 0


def test_sets_grow_through_several_sizes(outcomes: dict[str, Outcome]) -> None:
    addicts = outcomes["people: addicts"].user_counts
    assert addicts[:, REACH].max() > 256
    follows = outcomes["people: many follows"].follow_counts
    assert follows.max() > 33


def test_most_cases_are_busy(outcomes: dict[str, Outcome]) -> None:
    events = {name: len(played.events) for name, played in outcomes.items()}
    quiet = {name for name, number in events.items() if number < 100}
    mixtures = {name for name in CASES if name.startswith("mixture")}
    assert len(quiet & mixtures) <= len(mixtures) / 4
    assert quiet - mixtures <= {
        "worlds: nothing ever", "worlds: everything too old", "worlds: one user",
        "sources: only sound", "sources: only hashtag", "sources: only fresh",
        "sources: only trending", "people: for days",
    }, events  # fmt: skip
    distinct = {played.hash for played in outcomes.values()}
    assert len(distinct) > 0.9 * len(CASES)
