"""Events: what the platform does at a moment, in both engines and after a stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest

from sim.assemble import Live, assemble
from sim.core.errors import ForyouError
from sim.feed.arms import value_weights
from sim.scenario import load
from sim.scenario.feed import WEIGHT_NAMES
from sim.simulate import simulate
from sim.testing.mechanisms import MechanismContract
from sim.testing.worlds import tiny_scenario

HOUR = 3_600.0
LIKES = {"like": 50.0, "watch_percentile": 0.0}
PROBES: list[dict[str, Any]] = [
    {"name": "one", "count": 4, "post_at": HOUR, "quality": 2.0},
    {"name": "two", "count": 4, "post_at": HOUR, "quality": 2.0},
]


class TestEvents(MechanismContract):
    on: ClassVar = {"events": [{"at": HOUR, "weights": LIKES}]}
    off: ClassVar = {"events": []}


def _log(tmp_path: Path, name: str, events: list[dict[str, Any]]) -> tuple[Live, pl.DataFrame]:
    path = tmp_path / f"{name}.parquet"
    found = assemble(tiny_scenario(probes=PROBES, events=events), 1, engine="fast", events=path)
    found.env.run(until=found.end)
    found.log.close()
    return found, pl.read_parquet(path)


def test_weights_change_what_comes_after_and_nothing_before(tmp_path: Path) -> None:
    usual, before = _log(tmp_path, "usual", [])
    changed, after = _log(tmp_path, "changed", [{"at": 4 * HOUR, "weights": LIKES}])
    early = pl.col("time_s") < 4 * HOUR
    assert before.filter(early).equals(after.filter(early), null_equal=True)
    assert not before.equals(after, null_equal=True)
    wanted = value_weights(usual.scenario.feed).copy()
    wanted[WEIGHT_NAMES.index("like")] = 50.0
    wanted[WEIGHT_NAMES.index("watch_percentile")] = 0.0
    np.testing.assert_array_equal(changed.platform.weights, wanted)
    np.testing.assert_array_equal(changed.platform.view.arm_weights[0], wanted)


def test_an_event_at_the_start_is_another_scenario() -> None:
    """With all weights changed before anything was shown, runs are alike."""
    weights = {"like": 2.0, "watch_percentile": 0.5}
    event = assemble(tiny_scenario(events=[{"at": 0, "weights": weights}]), 1, engine="fast")
    event.env.run(until=event.end)
    told = {"like": 2.0, "comment": 0.8, "share": 1.0, "follow": 1.2, "watch_percentile": 0.5}
    from_the_start = assemble(tiny_scenario(feed={"weights": told}), 1, engine="fast")
    from_the_start.env.run(until=from_the_start.end)
    np.testing.assert_array_equal(event.platform.weights, from_the_start.platform.weights)


def test_what_is_taken_down_is_shown_no_more(tmp_path: Path) -> None:
    live, log = _log(tmp_path, "down", [{"at": 4 * HOUR, "take_down": "one"}])
    probe = live.world.video_truth.probe[: live.world.videos.count]
    first, second = np.flatnonzero(probe == 0), np.flatnonzero(probe == 1)
    seen = log.filter(pl.col("video").is_in(first.tolist()))
    assert seen.filter(pl.col("time_s") < 4 * HOUR).height > 10
    # slates that were made before go on; a session is over within the hour
    assert seen.filter(pl.col("time_s") > 5 * HOUR).height == 0
    others = log.filter(pl.col("video").is_in(second.tolist()) & (pl.col("time_s") > 5 * HOUR))
    assert others.height > 0
    assert (live.world.videos.eligible[first] == 0).all()
    assert (live.world.videos.eligible[second] == 1).all()


def test_a_run_that_goes_on_is_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    from sim.checkpoint.keeper import Plan

    events = [{"at": 2 * HOUR, "weights": LIKES}, {"at": 6 * HOUR, "take_down": "two"}]
    scenario = tiny_scenario(probes=PROBES, events=events)
    whole = simulate(
        scenario, seed=4, out=tmp_path / "a", plots=False, checkpoints=Plan(4 * HOUR, True)
    )
    again = simulate(scenario, past=f"{whole.path}@4h", out=tmp_path / "b", plots=False)
    assert again.manifest["event_log_hash"] == whole.manifest["event_log_hash"]
    other = tiny_scenario(
        probes=PROBES, events=[*events, {"at": 7 * HOUR, "weights": {"share": 9}}]
    )
    found = simulate(other, past=f"{whole.path}@4h", out=tmp_path / "c", plots=False)
    assert found.manifest["event_log_hash"] != whole.manifest["event_log_hash"]
    wrong = tiny_scenario(probes=PROBES, events=events[1:])
    with pytest.raises(ForyouError, match="what happened before 4 h stays"):
        simulate(wrong, past=f"{whole.path}@4h", out=tmp_path / "d", plots=False)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ("{at: 1 h}", "say one of weights and take_down"),
        ("{at: 1 h, take_down: new, weights: {like: 1}}", "say one of weights and take_down"),
        ("{at: 9 d, weights: {like: 1}}", "must be before the end, 1 d"),
        ("{at: 1 h, take_down: nobody}", 'there is no probe with the name "nobody"'),
        ("{at: 1 h, weights: {lik: 1}}", "like"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, event: str, told: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\nduration: 1 d\nprobes: [{name: new, count: 1, post_at: 1 h}]\n"
        f"events:\n  - {event}\n",
        encoding="utf-8",
    )
    with pytest.raises(ForyouError, match=r"mine\.yaml") as error:
        load(path)
    assert told in str(error.value)
