"""What a run will need is known before it starts, and one that cannot fit is refused."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from sim.assemble import Live, assemble
from sim.behaviour.boredom import Bored
from sim.behaviour.notify import Bells
from sim.behaviour.satisfaction import Mood
from sim.core.counts import PACKED, PART_WIDTH, WIDTH
from sim.core.errors import ResourceError
from sim.engine import estimate
from sim.engine.demand import expected_demand
from sim.engine.estimate import (
    ROW_BYTES,
    default_shards,
    estimate_run,
    refuse_what_cannot_fit,
)
from sim.engine.layout import CARD, PERSON, REEL, SLOT
from sim.engine.memory import USER
from sim.engine.newcomers import FirstVideos
from sim.engine.presence import Presence
from sim.feed.belief import SLOTS
from sim.scenario import Scenario
from sim.testing.worlds import tiny_scenario
from sim.world.attention import session_videos
from sim.world.exchange import Inbox

_HOUR = 3_600.0
RUNS: dict[str, dict[str, Any]] = {
    # a catalogue so small that people see all of it
    "runs-out": {"population": {"users": 200}, "duration": 24 * _HOUR},
    # people come often and stay long, and nothing keeps a video from being shown again
    "busy": {
        "population": {"users": 100},
        "behaviour": {
            "session": {"sessions_per_day": 6.0, "leave": 0.005},
            # what tires people is left out of what is expected
            "boredom": {"creator": 0.0, "topic": 0.0, "sound": 0.0, "format": 0.0},
        },
        "feed": {"filters": ["own"], "cold_start": {"policy": "none"}},
    },
    # many people, for a short time
    "wide": {
        "population": {"users": 20_000, "creators": 0.05, "follows": 25, "topics": 16},
        "duration": 0.5 * _HOUR,
        "catalogue": {"history": 24 * _HOUR},
    },
}  # fmt: skip


def _all_bytes(root: Any) -> int:
    """Bytes of all arrays that can be reached from the parts of a world."""
    found: dict[int, int] = {}
    known: set[int] = set()
    todo = [root]
    while todo:
        part = todo.pop()
        if id(part) in known:
            continue
        known.add(id(part))
        if isinstance(part, np.ndarray):
            while isinstance(part.base, np.ndarray):
                part = part.base
            found[id(part)] = part.nbytes
        elif isinstance(part, dict):
            todo.extend(part.values())
        elif isinstance(part, list | tuple):
            todo.extend(part)
        elif type(part).__module__.startswith("sim.") and hasattr(part, "__dict__"):
            todo.extend(vars(part).values())
    return sum(found.values())


def _played(scenario: Scenario, shards: int) -> Live:
    live = assemble(scenario, 1, engine="fast", shards=shards)
    live.env.run(until=live.end)
    return live


@pytest.mark.parametrize("name", RUNS)
def test_impressions_and_memory_are_right_within_a_factor_of_two(name: str) -> None:
    scenario = tiny_scenario(**RUNS[name])
    live = _played(scenario, 2)
    need = estimate_run(scenario, "fast", 2, plots=False)
    assert 0.5 < need.impressions / live.platform.impressions < 2.0
    # what every run needs is no part of the world
    assert 0.5 < (need.bytes - estimate._BASE_BYTES) / _all_bytes(live) < 2.0


def test_the_sizes_of_rows_are_those_of_the_engine() -> None:
    assert {
        "user": USER.itemsize,
        "slot": SLOT.itemsize,
        "person": PERSON.itemsize,
        "card": CARD.itemsize,
        "reel": REEL.itemsize,
        "packed": 4 * PACKED,
        "counts": 8 * WIDTH,
        "affinities": 3 * SLOTS * 8,
        "newcomer": FirstVideos.row_bytes({}),
        "inbox": Inbox.row_bytes({}),
        "bored": Bored.row_bytes({}),
        "mood": Mood.row_bytes({}),
        "presence": Presence.row_bytes({}),
        "bells": Bells.row_bytes({}),
        "parts": 4 * PART_WIDTH,
    } == ROW_BYTES


def test_it_needs_no_compiled_code() -> None:
    """``foryou check`` answers at once, also before anything was ever compiled."""
    code = (
        "import sys\n"
        "from sim.engine.estimate import estimate_run\n"
        "from sim.scenario import Scenario\n"
        "estimate_run(Scenario(name='x', duration=3600.0), 'fast')\n"
        "assert not {'numba', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_time_grows_with_what_there_is_to_do() -> None:
    base = {"population": {"users": 50_000}}

    def seconds(engine: str = "fast", shards: int = 1, **changes: Any) -> float:
        return estimate_run(tiny_scenario(**{**base, **changes}), engine, shards).seconds

    least = seconds()
    assert least < seconds(population={"users": 100_000})
    assert least < seconds(duration=16 * _HOUR)
    assert least < seconds(feed={"candidates": 400})
    assert least < seconds(refresh=10.0)
    assert least < seconds(catalogue={"history": 60 * 24 * _HOUR})
    assert least < seconds(record={"events": True})
    assert least < seconds("reference")
    assert seconds(shards=4) < seconds(shards=2) < least
    without = estimate_run(tiny_scenario(**base), "fast", plots=False).seconds
    assert without < least


def test_more_sessions_and_longer_ones_mean_more_impressions() -> None:
    def impressions(**session: Any) -> float:
        scenario = tiny_scenario(
            catalogue={"history": 300 * 24 * _HOUR}, behaviour={"session": session}
        )
        return expected_demand(scenario).impressions

    usual = impressions()
    assert impressions(sessions_per_day=2.0) > 1.5 * usual
    assert impressions(leave=0.05) < 0.6 * usual
    assert impressions(activity_spread=0.3) < usual
    # of the day, the hours that are played count
    assert impressions(hours=[1.0] * 14 + [50.0] * 8 + [1.0] * 2) > 1.5 * usual


def test_nobody_is_shown_more_than_there_is() -> None:
    nothing = expected_demand(tiny_scenario(creators={"posts_per_week": 0}))
    assert nothing.impressions == 0.0
    assert nothing.requests > 0.0
    few = tiny_scenario(creators={"posts_per_week": 1}, duration=240 * _HOUR)
    again = tiny_scenario(
        creators={"posts_per_week": 1}, duration=240 * _HOUR, feed={"filters": ["own"]}
    )
    assert expected_demand(few).impressions < 0.5 * expected_demand(again).impressions
    old = tiny_scenario(feed={"filters": ["seen", {"use": "too_old", "max_age": 600.0}]})
    assert expected_demand(old).impressions < 0.5 * expected_demand(tiny_scenario()).impressions


def test_a_session_has_as_many_videos_as_its_hazard_says() -> None:
    even = {"leave": 0.05, "leave_start": 0.0, "leave_appeal": 0.0, "leave_skip": 1.0}
    found = session_videos(tiny_scenario(behaviour={"session": even}))
    assert found == pytest.approx(21.0)
    endless = tiny_scenario(behaviour={"session": {"leave": 1e-300, "activity_min": 19.0}})
    a_day = 86_400.0 / endless.duration * expected_demand(endless).impressions
    assert a_day / endless.population.users < 86_400.0


def test_threads_are_as_many_as_cores_but_none_is_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert [default_shards(_world(n)) for n in (1, 3_999, 4_000, 1_000_000)] == [1, 1, 2, 8]


def _world(users: int) -> Scenario:
    return tiny_scenario(population={"users": users})


def test_what_fits_is_not_refused() -> None:
    scenario = _world(1_000)
    need = estimate_run(scenario, "fast").bytes
    refuse_what_cannot_fit(scenario, "fast", 1, need)


def test_what_cannot_fit_is_refused_and_the_advice_fits() -> None:
    available = 4e9
    with pytest.raises(ResourceError, match=r"GiB of memory; 3\.7 GiB are free") as refused:
        refuse_what_cannot_fit(_world(20_000_000), "fast", 1, available)
    advice = re.search(r"population\.users=(\d+)", str(refused.value))
    assert advice is not None
    smaller = _world(int(advice[1]))
    refuse_what_cannot_fit(smaller, "fast", 1, available)


def test_more_people_and_the_reference_engine_need_more() -> None:
    small = estimate_run(_world(1_000), "fast")
    large = estimate_run(_world(100_000), "fast")
    slow = estimate_run(_world(100_000), "reference")
    assert small.bytes < large.bytes < slow.bytes
