"""Room for what grows: arenas, the tables in them, and the buffer of the event log."""

from __future__ import annotations

import numpy as np
import pytest

from sim.engine import shards as shards_of
from sim.engine.memory import USER, Arena, add_seen, first_group, has_seen, new_arena
from sim.engine.shards import Memory, parts_of
from sim.engine.tally import settle
from sim.machine.compiled import njit
from sim.machine.lanes import GROUP
from sim.record.events import EVENT
from sim.scenario import Scenario
from sim.world.build import build_world


def _memory(parts: int, impressions: float) -> Memory:
    scenario = Scenario.model_validate(
        {"name": "room", "duration": 3600.0, "population": {"users": 50}}
    )
    return Memory(build_world(scenario, 0), 10, parts, impressions)


def test_room_for_what_is_expected() -> None:
    few, many = _memory(2, 1.0), _memory(2, 1e6)
    assert {len(arena.data) for arena in few.arenas} == {1 << 16}
    assert {len(arena.data) for arena in many.arenas} == {1_750_000}


def test_threads_take_part_after_part_of_many_users() -> None:
    assert [parts_of(users, 1) for users in (1, 50, 1_000_000)] == [1, 1, 1]
    assert [parts_of(users, 4) for users in (3, 50, 64_000, 10_000_000)] == [3, 4, 8, 64]


def test_a_small_arena_where_no_memory_is_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    def lend(places: int) -> Arena:
        if places > 1 << 16:
            raise MemoryError
        return new_arena(places)

    monkeypatch.setattr(shards_of, "new_arena", lend)
    memory = _memory(1, 1e6)
    assert len(memory.arenas[0].data) == 1 << 16
    memory.arenas[0].data[:] = 7
    memory.arenas[0].used[0] = 1 << 16
    memory.grow(0)
    assert len(memory.arenas[0].data) == 1 << 17
    assert (memory.arenas[0].data[: 1 << 16] == 7).all()


def test_events_settle_by_user_and_time() -> None:
    events = np.zeros(9, EVENT)
    events["user"] = [9, 5, 3, 5, 3, 8, 3, 5, 1]
    events["time_s"] = np.arange(9)
    logged = np.array([8, 1])
    settle(events, logged)
    assert events["user"].tolist() == [9, 3, 3, 3, 5, 5, 5, 8, 1]
    assert events["time_s"].tolist() == [0, 2, 4, 6, 1, 3, 7, 5, 8]
    assert logged.tolist() == [8, 8]


@njit()
def _shown(arena, users, videos):
    """Note videos as shown to user 0; returns how many were new."""
    new = 0
    for v in videos:
        new += 1 if add_seen(arena, users[0], v) else 0
    return new


@njit()
def _known(arena, users, videos):
    user = users[0]
    return np.array(
        [has_seen(arena.data, user.seen_start, np.int64(user.seen_size), v) for v in videos]
    )


@njit()
def _homes(videos, size):
    return np.array([first_group(v, size) for v in videos])


@pytest.mark.parametrize("crowded", [False, True])
def test_a_growing_table_forgets_nothing(crowded: bool) -> None:
    videos = np.random.default_rng(1).permutation(200_000).astype(np.int32)
    if crowded:  # most begin in the last of eight groups, which overflows into the first
        homes = _homes(videos, 8 * GROUP)
        videos = np.concatenate([videos[homes == 7 * GROUP][:70], videos[homes < 7 * GROUP][:30]])
    arena, users = new_arena(1 << 16), np.zeros(1, USER)
    for count in range(0, 600 if not crowded else 100, 10):
        some = videos[count : count + 10]
        assert _shown(arena, users, some) == 10
        assert _shown(arena, users, some) == 0
        assert _known(arena, users, videos[: count + 10]).all()
        assert not _known(arena, users, videos[count + 10 :][:500]).any()
    held = arena.data[users[0]["seen_start"] :][: users[0]["seen_size"]].reshape(-1, GROUP)
    # searches end at an empty place, so none may stand before one that is taken
    assert all((np.diff((group < 0).astype(int)) >= 0).all() for group in held)
    assert sorted(held[held >= 0].tolist()) == sorted(videos[: count + 10].tolist())
