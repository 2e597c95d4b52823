"""Locale and device in the loop: the same in both engines, off without a trace, and kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from sim.assemble import Live, assemble
from sim.simulate import Plan, Progress, resume, simulate
from sim.testing.mechanisms import MechanismContract
from sim.testing.worlds import tiny_scenario

HOUR = 3_600.0
LOCALES = [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5}]
PHONE = [{"name": "phone", "share": 1.0}]
BOTH = [{"name": "phone", "share": 0.5}, {"name": "tablet", "share": 0.5}]
QUICK = {"spread": 1.0, "noise": 0.5}
"""Learning after which people are settled within a few videos."""


def _world(place: float, **over: Any) -> dict[str, Any]:
    people = {
        "users": 240, "joining": 0.5, "leaning": 2.0, "locales": LOCALES, "devices": BOTH, **over
    }  # fmt: skip
    return {
        "population": people, "duration": 4 * HOUR, "feed": {"learning": {**QUICK, "place": place}}
    }  # fmt: skip


class TestPlace(MechanismContract):
    on: ClassVar[Mapping[str, Any]] = _world(3.0)
    off: ClassVar[Mapping[str, Any]] = _world(0.0, leaning=0.0, devices=PHONE)
    base: ClassVar[Mapping[str, Any]] = {
        # with one device only, and nothing that leans
        "population": {
            "users": 240, "joining": 0.5, "leaning": 0.0, "locales": LOCALES, "devices": PHONE
        },
        "duration": 4 * HOUR, "feed": {"learning": {**QUICK, "place": 0.0}},
    }  # fmt: skip


def _played(place: float, **over: Any) -> Live:
    live = assemble(tiny_scenario(**_world(place, **over)), 1, engine="fast")
    live.env.run(until=live.end)
    return live


def test_it_changes_what_who_joins_is_shown_and_by_more_when_it_is_more() -> None:
    hashes = {place: _played(place).log.hash for place in (0.0, 1.0, 3.0)}
    assert len(set(hashes.values())) == 3


@pytest.mark.parametrize(
    "alone",
    [{"locales": [{"name": "a", "share": 1.0}], "devices": PHONE}, {"joining": 0.0}],
    ids=["one cell", "nobody joins"],
)
def test_it_does_nothing_where_there_is_nothing_to_tell(alone: dict[str, Any]) -> None:
    assert _played(3.0, **alone).log.hash == _played(0.0, **alone).log.hash


def test_who_joins_after_the_first_look_starts_from_their_cell() -> None:
    scenario = tiny_scenario(**_world(3.0, ticking=0.0))
    live = assemble(scenario, 1, engine="fast")
    accounts, platform = live.world.accounts, live.platform
    joined, beliefs = accounts.joined_s, platform.view.beliefs
    welcomed = 0
    for number in range(60):
        live.env.run(until=2 * HOUR + number * float(scenario.refresh) + 1e-3)
        until = platform.places.until_s
        assert until == platform.view.refreshed_s + float(scenario.refresh)
        assert not beliefs.profile[joined >= until].any()
        for u in np.flatnonzero((joined >= platform.view.refreshed_s + 1e-3) & (joined < until)):
            start = platform.places.start[accounts.locale[u], accounts.device[u]]
            np.testing.assert_array_equal(beliefs.profile[u, :6], start)
            welcomed += bool(start.any())
    assert welcomed > 3


class _Stopped(BaseException):
    """Stands for a power cut."""


def test_a_checkpoint_carries_it(tmp_path: Path) -> None:
    scenario = tiny_scenario(**_world(3.0))

    def stop(report: Progress) -> None:
        # the last checkpoint is then two windows before the next look
        if report.phase == "simulate" and report.now_s >= 2.6 * HOUR:
            raise _Stopped

    whole = simulate(scenario, seed=1, shards=1, out=tmp_path / "whole", plots=False)
    with pytest.raises(_Stopped):
        simulate(
            scenario, seed=1, shards=2, out=tmp_path / "stopped", plots=False,
            checkpoints=Plan(0.4 * HOUR), progress=stop,
        )  # fmt: skip
    found = resume(tmp_path / "stopped", plots=False)
    assert found.manifest["event_log_hash"] == whole.manifest["event_log_hash"]
    assert found.summary == whole.summary
