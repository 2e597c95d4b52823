"""The wall: nothing that a feed component can reach is true taste, quality or skill."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

import sim.feed
from sim.assemble import ENGINES, Live
from sim.engine import moments
from sim.engine.layout import LAYOUT, SCORERS
from sim.engine.scorers import tell_places
from sim.engine.ways import view_of
from sim.feed.builtin import Smoothed
from sim.feed.candidate import Candidate, address_of, read_candidate, rows_at
from sim.feed.cold_start import Pools
from sim.feed.compiled import told_of
from sim.feed.component import Candidates
from sim.machine.table import Side
from sim.testing.worlds import requests_of, tiny_platform
from sim.world.state import Creators, UserTruth, VideoTruth, World
from tests.conftest import Played

HIDDEN_TYPES = (UserTruth, VideoTruth, Creators, World)
HIDDEN_OF_CREATORS = ("niche", "skill", "popularity", "trend_uptake", "posts_per_week")


def hidden_arrays(world: World) -> dict[str, np.ndarray]:
    """All arrays of the truth, by name."""
    found = {}
    for table in (world.truth, world.video_truth):
        for name, _, array in table.arrays():
            found[f"{type(table).__name__}.{name}"] = array
    for name in HIDDEN_OF_CREATORS:
        found[f"Creators.{name}"] = getattr(world.creators, name)
    return found


def parts_of(item: Any) -> Iterator[tuple[str, Any]]:
    """Everything one step away from an object, private or not."""
    if isinstance(item, np.ndarray):
        if item.base is not None:
            yield ".base", item.base
        if item.dtype == object:
            yield from ((f"[{i}]", part) for i, part in enumerate(item.ravel().tolist()))
        return
    if isinstance(item, dict):
        for name, part in item.items():
            yield f"[{name!r}]", part
            yield f".key({name!r})", name
    elif isinstance(item, list | tuple | set | frozenset) and not hasattr(item, "_fields"):
        yield from ((f"[{i}]", part) for i, part in enumerate(item))
    for name in getattr(item, "_fields", ()):
        yield f".{name}", getattr(item, name)
    for name in getattr(item, "__dict__", {}):
        yield f".{name}", item.__dict__[name]
    for owner in type(item).__mro__:
        for name in getattr(owner, "__slots__", ()):
            if hasattr(item, name):
                yield f".{name}", getattr(item, name)
    if callable(item):
        for name in ("__self__", "__wrapped__", "func", "args", "keywords"):
            if hasattr(item, name):
                yield f".{name}", getattr(item, name)
        for cell in getattr(item, "__closure__", None) or ():
            yield ".closure", cell.cell_contents
        yield ".defaults", getattr(item, "__defaults__", None)


PLAIN = (int, float, complex, str, bytes, bool, type(None), np.generic, np.dtype, type, memoryview)


def reachable(root: Any) -> Iterator[tuple[str, Any]]:
    """(path, object) of everything that can be reached, each object once."""
    seen: set[int] = set()
    keep = []
    stack: list[tuple[str, Any]] = [("view", root)]
    while stack:
        path, item = stack.pop()
        if id(item) in seen or isinstance(item, PLAIN) or type(item).__name__ == "module":
            continue
        seen.add(id(item))
        keep.append(item)  # an id is free again once its object is gone
        yield path, item
        stack += [(path + step, part) for step, part in parts_of(item)]


def _tells(column: np.ndarray) -> bool:
    """Whether a column has more than one value."""
    return column.size > 1 and bool((column != column.ravel()[0]).any())


def leaks(root: Any, world: World) -> list[str]:
    """Paths from ``root`` to something hidden."""
    hidden = hidden_arrays(world)
    found = []
    for path, item in reachable(root):
        if isinstance(item, HIDDEN_TYPES):
            found.append(f"{path} is {type(item).__name__}")
        elif isinstance(item, np.ndarray):
            for name, array in hidden.items():
                if np.may_share_memory(item, array) and np.shares_memory(item, array):
                    found.append(f"{path} is {name}")
            for field in item.dtype.names or (None,):
                column = item if field is None else item[field]
                for name, array in hidden.items():
                    # one value all over tells nothing of anything
                    if _tells(column) and np.array_equal(column, array):
                        found.append(f"{path} {field or ''} is a copy of {name}")
    return found


def test_nothing_hidden_is_reachable_from_the_view(played: Played) -> None:
    live = played.live
    assert leaks(live.platform.view, live.world) == []


@pytest.mark.parametrize("engine", ENGINES)
def test_no_engine_hands_out_anything_hidden(engine: str) -> None:
    live = tiny_platform(duration=2_400.0, engine=engine)
    assert leaks(live.platform.view, live.world) == []


def test_the_walk_reaches_what_is_there(played: Played) -> None:
    """A walk that sees nothing would find no leak."""
    view = played.live.platform.view
    paths = {path for path, _ in reachable(view)}
    assert {
        "view.cold._listing.caption", "view.beliefs.profile", "view.index.topic.start",
        "view.cold._memory", "view.tables.base", "view.creators.followers",
        "view.exposures._seen[3]",
    } <= paths  # fmt: skip
    assert len(paths) > 50


def record_of(world: World) -> np.ndarray:
    """Users as a compiled engine may keep them."""
    record = np.zeros(world.users, [("next_s", np.float64), ("patience", np.float32)])
    record["patience"] = world.truth.patience
    return record


PLANTS = {
    "a hidden table": lambda view, world: setattr(view, "extra", world.truth),
    "an array": lambda view, world: setattr(view, "extra", world.video_truth.quality),
    "a slice of an array": lambda view, world: setattr(
        view.videos, "caption", world.video_truth.topics[2:9, :3]
    ),
    "a copy": lambda view, world: setattr(view.cold, "extra", world.creators.skill.copy()),
    "a copy in a record": lambda view, world: setattr(view, "extra", record_of(world)),
    "in a dictionary": lambda view, world: setattr(view, "extra", {"a": [world.creators.niche]}),
    "in a closure": lambda view, world: setattr(view.cold, "look", lambda: world.video_truth.hook),
    "a bound method": lambda view, world: setattr(view, "look", world.truth.interests.mean),
    "the world itself": lambda view, world: setattr(view.exposures, "home", world),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_leak_is_found(plant: str) -> None:
    live = tiny_platform(duration=1_200.0)
    assert leaks(live.platform.view, live.world) == []
    PLANTS[plant](live.platform.view, live.world)
    assert leaks(live.platform.view, live.world) != []


def test_cold_start_does_not_hold_the_world(played: Played) -> None:
    assert isinstance(played.live.platform.view.cold, Pools)
    assert leaks(played.live.platform.view.cold, played.live.world) == []


# ---- what a compiled score is told ----------------------------------------------------------


@numba.njit
def _read(told):
    return [read_candidate(told[i]) for i in range(told.size)]


def told_to_all(live: Live) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Records of every video for some users, with their users and videos."""
    view = live.platform.view
    who, count = list(range(0, live.world.users, 30)), view.videos.count
    video = np.tile(np.arange(count, dtype=np.int32), (len(who), 1))
    candidates = Candidates(video, np.zeros(video.shape, np.int8))
    requests = requests_of(who, view)
    prediction = Smoothed(20.0).predict(requests, candidates, view)
    told = told_of(requests, candidates, prediction, view)
    return told, np.repeat(who, count), video.ravel()


def hidden_in(told: np.ndarray, user: np.ndarray, video: np.ndarray, world: World) -> list[str]:
    """Fields that say the same as something hidden about the user, the video or its creator."""
    creator = world.videos.creator[video]
    hidden = {
        name: array[{"UserTruth": user, "VideoTruth": video, "Creators": creator}[table]]
        for name, array in hidden_arrays(world).items()
        for table in (name.split(".")[0],)
        if "probe" not in name
    }
    columns = {f"{name}[{i}]": x for name, h in hidden.items()
               for i, x in enumerate(h.reshape(len(h), -1).T)}  # fmt: skip
    fields = dict(zip(Candidate._fields, np.array(_read(told), float).T, strict=True))
    return [
        f"{field} is {name}"
        for field, value in fields.items()
        for name, truth in columns.items()
        if np.ptp(truth) > 0 and abs(np.corrcoef(value, truth)[0, 1]) > 0.999
    ]


@pytest.fixture(scope="module")
def told() -> tuple[Live, np.ndarray, np.ndarray, np.ndarray]:
    live = tiny_platform(duration=2 * 3_600.0, engine="fast")
    return live, *told_to_all(live)


@pytest.mark.filterwarnings("ignore:invalid value")  # a field without spread has no correlation
def test_a_compiled_score_is_told_nothing_hidden(told: Any) -> None:
    live, records, user, video = told
    assert hidden_in(records, user, video, live.world) == []


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize(
    ("table", "wanted"),
    [("quality", "momentum is VideoTruth.quality[0]"), ("hook", "momentum is VideoTruth.hook[0]")],
)
def test_a_hidden_table_behind_an_address_is_found(told: Any, table: str, wanted: str) -> None:
    live, records, user, video = told
    records = records.copy()
    records["momentum_at"] = rows_at(getattr(live.world.video_truth, table), video)
    assert wanted in hidden_in(records, user, video, live.world)


def test_the_kernel_has_the_addresses_of_public_tables(told: Any) -> None:
    view = told[0].platform.view
    scorers = np.zeros(1, SCORERS)[0]
    tell_places(scorers, view)
    addresses = {name: scorers[name] for name in SCORERS.names if name != "counts_row"}
    assert addresses == {
        "counts": address_of(view.counts), "duration": address_of(view.videos.duration_s),
        "followers": address_of(view.creators.followers), "momentum": address_of(view.momentum),
    }  # fmt: skip


# ---- what compiled stages of the feed can reach ---------------------------------------------


def frames(live: Live) -> list[Any]:
    """All frames of an engine."""
    threads = getattr(live.engine, "_threads", None)
    return [live.engine._frame] if threads is None else [thread.frame for thread in threads]


@pytest.mark.parametrize("engine", ENGINES)
def test_no_stage_of_the_feed_can_reach_the_truth(engine: str) -> None:
    """Every array that a frame narrowed to the feed can name, by address and by content."""
    live = tiny_platform(duration=2_400.0, engine=engine)
    for frame in frames(live):
        reached = frame.seen_by("feed")
        assert {"videos.caption", "beliefs.profile"} <= set(reached)
        assert leaks(reached, live.world) == []
        assert leaks(frame.feed, live.world) == []
        # all the same the frame as a whole holds it, or this would prove nothing
        assert leaks(frame.seen_by("world"), live.world) != []


def test_to_name_the_truth_in_a_frame_of_the_feed_is_an_error() -> None:
    hidden = [entry for entry in LAYOUT.entries.values() if entry.side is Side.TRUTH]
    assert len(hidden) > 15
    for entry in hidden:
        assert LAYOUT.visible("feed", entry.name) is None
        assert LAYOUT.visible("world", entry.name) == entry
    for entry in LAYOUT.entries.values():
        if entry.side is Side.BELIEF:
            assert LAYOUT.visible("world", entry.name) is None


def test_functions_are_handed_what_their_layer_may_see() -> None:
    for ways in moments.MOMENTS.values():
        for function in (f for way in ways for f in way.functions):
            layer = function.__module__.split(".")[1]
            allowed = {"behaviour": {"lanes", "world"}, "feed": {"feed"}, "engine": {"frame"}}
            assert view_of(function) in allowed[layer], function


HIDDEN_NAMES = {
    "UserTruth", "VideoTruth", "World", "Creators", "truth", "video_truth", "interests",
    "generosity", "patience", "chronotype", "quality", "hook", "niche", "skill", "popularity",
    "trend_uptake",
}  # fmt: skip
"""Names that no line of the feed may use; ``probe`` columns are public but not for rankers."""


def hidden_names(text: str) -> set[str]:
    """Hidden names that a source text imports, reads or writes."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                found.add(name)
            case ast.alias(name=name):
                found |= set(name.split("."))
            case ast.Constant(value=str() as name) | ast.keyword(arg=name):
                found.add(name)
    return found & (HIDDEN_NAMES | {"probe", "probe_number", "behaviour"})


FEED_FILES = sorted(Path(sim.feed.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", FEED_FILES, ids=lambda path: path.name)
def test_no_file_of_the_feed_names_the_truth(path: Path) -> None:
    assert hidden_names(path.read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    "text",
    [
        "from sim.world.state import UserTruth",
        "import sim.behaviour.watch",
        "x = world.video_truth",
        "x = view.videos.probe",
        "x = getattr(creators, 'skill')",
        "def f(quality): pass",
    ],
)
def test_a_hidden_name_is_found(text: str) -> None:
    assert hidden_names(text)
