"""The kernel is always called with the types that its version was looked up for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numba
import pytest

from sim.engine import fast
from sim.engine import shards as shards_of
from sim.machine.compiled import Settled
from sim.testing.worlds import tiny_platform

HOUR = 3_600.0
CASES: dict[str, dict[str, Any]] = {
    "usual": {},
    "nothing to watch at first": {"catalogue": {"history": 0.0}},
    "no pools": {"feed": {"cold_start": {"policy": "none"}}},
    "more topics": {"population": {"topics": 20}},
    "arms": {"feed": {"perturb": {"size": 0.1, "weights": ["like"]}}},
    "probes": {"probes": [{"name": "p", "count": 3, "post_at": HOUR}]},
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("log", [False, True])
def test_types_stay_the_same(
    name: str, log: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[int, set[Any]] = {}
    calls = []

    class Watched(Settled):
        def __call__(self, *args: Any) -> Any:
            calls.append(args)
            seen.setdefault(id(self), set()).add(tuple(numba.typeof(arg) for arg in args))
            return super().__call__(*args)

    monkeypatch.setattr(fast, "Settled", Watched)
    # so little room that arenas and buffers grow
    monkeypatch.setattr(fast, "_LOG_BUFFER", 7)
    monkeypatch.setattr(shards_of, "_ARENA_LEAST", 64)
    monkeypatch.setattr(shards_of, "_ARENA_MOST", 64)
    events = tmp_path / "events.parquet" if log else None
    tiny_platform(engine="fast", events=events, **CASES[name])
    assert len(calls) > 50
    assert [len(types) for types in seen.values()] == [1]
