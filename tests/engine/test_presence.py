"""On which days people came is what the event log says."""

from __future__ import annotations

import numpy as np
import pytest

from sim.assemble import Live, assemble
from sim.testing.worlds import tiny_scenario

DAY = 86_400.0


def _live(engine: str) -> Live:
    scenario = tiny_scenario(
        duration=3 * DAY, population={"users": 40, "joining": 0.5},
        behaviour={"session": {"sessions_per_day": 4.0, "leave": 0.2}},
    )  # fmt: skip
    live = assemble(scenario, 1, engine=engine)
    live.env.run(until=live.end)
    return live


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_a_bit_for_each_day_with_a_session(engine: str) -> None:
    live = _live(engine)
    came = next(t for t in live.platform.mechanisms if t.NAME == "presence").came
    counts = live.engine.user_counts()
    joined = live.platform.world.accounts.joined_s
    days = np.array([int(word).bit_count() for word in came.tolist()])
    np.testing.assert_array_equal(days > 0, counts.sessions > 0)
    assert (days <= counts.sessions).all()
    # days of the calendar are those of an account that was there from the start
    old = joined == 0.0
    np.testing.assert_array_equal(days[old], counts.active_days[old])
    last = ((3 * DAY - joined) // DAY).astype(int)
    assert all(int(word) >> (n + 1) == 0 for word, n in zip(came.tolist(), last, strict=True))
    assert {0, 1, 2, 3} <= set(days.tolist())


def test_it_is_the_same_in_both_engines() -> None:
    found = [
        next(t for t in _live(engine).platform.mechanisms if t.NAME == "presence").came
        for engine in ("fast", "reference")
    ]
    np.testing.assert_array_equal(*found)
