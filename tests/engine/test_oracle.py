"""The oracle foresees what people do, and the regret of a feed is what the oracle would add."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sim.analysis.regret import regret_summary
from sim.assemble import Live
from sim.core.actions import ACTION_NAMES
from sim.core.counts import IMPRESSIONS
from sim.core.stages import AGES_S, STAGES
from sim.core.surfaces import FOR_YOU
from sim.engine.foresee import Oracle
from sim.record.columns import TABLES
from sim.scenario.feed import WATCH, WATCH_PERCENTILE, WEIGHT_NAMES
from sim.testing.worlds import tiny_platform
from tests.analysis.synthetic import frame

FREE = {
    "cold_start": {"policy": "none"},
    "select": {"use": "spaced", "creator_gap": 0, "sound_gap": 0},
    "control": 0.0,
}


def regret(live: Live) -> dict:
    return regret_summary(frame(TABLES["regret"], live.regrets.columns()))


def test_what_it_expects_is_what_happens_on_average(tmp_path: Path) -> None:
    """Over all impressions of new videos, action by action, of people whom nothing bores."""
    path = tmp_path / "events.parquet"
    live = tiny_platform(
        engine="fast", events=path, duration=20 * 3_600.0, population={"users": 400},
        behaviour={"boredom": {"creator": 0.0, "topic": 0.0, "sound": 0.0, "format": 0.0}},
    )  # fmt: skip
    events = pl.read_parquet(path).filter(pl.col("surface") == FOR_YOU)
    oracle, expected = Oracle(live.platform), np.zeros(len(WEIGHT_NAMES))
    squares = np.zeros(len(WEIGHT_NAMES))
    for user, rows in events.group_by("user"):
        found = oracle.expect(int(user[0]), rows["video"].to_numpy(), 0.0)  # type: ignore[call-overload]
        expected += found.sum(0)
        squares += (found * (1.0 - np.clip(found, 0.0, 1.0))).sum(0)
    assert len(events) > 10_000
    for name in ("completion", "skip", "loop", "like", "not_interested"):
        column = ACTION_NAMES.index(name)
        error = 5.0 * np.sqrt(squares[column]) + 0.01 * expected[column]
        assert events[name].sum() == pytest.approx(expected[column], abs=error), name
    watched = expected[WEIGHT_NAMES.index(WATCH)]
    assert events["watch_s"].sum() == pytest.approx(watched, rel=0.05)
    assert 0.3 < expected[WEIGHT_NAMES.index(WATCH_PERCENTILE)] / len(events) < 0.7


def test_it_knows_what_bores_people_at_that_time() -> None:
    """A while later they have forgotten it, and by then nothing is left of it."""
    boring = {"creator": 1.0, "topic": 0.5, "sound": 0.5, "half_life": 3_600.0}
    live = tiny_platform(engine="fast", behaviour={"boredom": boring})
    seen = np.flatnonzero(live.engine.user_counts().counts[:, IMPRESSIONS] > 30)
    videos = np.arange(0, live.world.videos.count, 9, dtype=np.int32)
    now = float(live.scenario.duration)
    oracle, user, like = Oracle(live.platform), int(seen[0]), ACTION_NAMES.index("like")
    bored, rested, fresh = (
        oracle.expect(user, videos, now + wait)[:, like] for wait in (0.0, 3_600.0, 3_600_000.0)
    )
    assert (bored <= rested).all()
    assert (rested <= fresh).all()
    assert bored.sum() < 0.97 * rested.sum() < 0.97 * fresh.sum()
    lost = next(t for t in live.platform.mechanisms if t.NAME == "bored")
    lost.level[:] = 0.0
    np.testing.assert_allclose(oracle.expect(user, videos, now)[:, like], fresh, rtol=1e-12)


def test_a_feed_that_is_the_oracle_has_no_regret() -> None:
    live = tiny_platform(feed={**FREE, "predict": {"use": "oracle"}}, record={"regret": 1.0})
    found = regret(live)
    assert found["places"] > 2_000
    assert found["shown"] == pytest.approx(found["best"], abs=1e-4)
    assert found["closed"] == pytest.approx(1.0, abs=1e-4)
    assert found["random"] < 0.9 * found["best"]


def test_a_feed_that_draws_by_chance_goes_no_part_of_the_way() -> None:
    """A prior that no count moves, and nothing believed: all scores are equal, and the first of the
    candidates, which chance drew, are shown.
    """
    blind = {"use": "smoothed", "prior": 1e9, "topics": 0, "sound": 0, "hashtag": 0, "creator": 0}
    live = tiny_platform(
        feed={**FREE, "sources": {"random": 1.0}, "predict": blind}, record={"regret": 1.0}
    )
    found = regret(live)
    assert found["best"] > 1.2 * found["random"]
    assert abs(found["closed"]) < 0.1


def test_without_weights_nothing_is_worth_anything() -> None:
    found = regret(tiny_platform(feed={**FREE, "weights": {}}, record={"regret": 1.0}))
    assert found["shown"] == found["best"] == found["random"] == 0.0
    assert found["closed"] is None


def test_more_requests_are_shown_when_more_are_asked_for() -> None:
    few, many = (regret(tiny_platform(record={"regret": share})) for share in (0.1, 0.5))
    assert regret(tiny_platform(record={"regret": 0.0}))["places"] == 0
    assert 2.5 * few["places"] < many["places"] < 10 * few["places"]


def test_the_rows_are_stages_of_people_and_ages_of_videos() -> None:
    live = tiny_platform(record={"regret": 1.0})
    columns = live.regrets.columns()
    assert columns["by"].tolist() == ["person"] * len(STAGES) + ["video"] * len(AGES_S)
    people = columns["by"] == "person"
    for name in ("places", "shown"):
        total = columns[name][people].sum()
        assert columns[name][~people].sum() == pytest.approx(total, rel=1e-9)
    found = regret(live)
    assert set(found["stages"]) == {"0-99", "100-349", "350-999", "1000+"}
    assert found["best"] > found["shown"] > found["random"]


def test_to_ask_the_oracle_changes_nothing_else() -> None:
    hashes = {tiny_platform(record={"regret": share}).log.hash for share in (0.0, 1.0)}
    assert len(hashes) == 1
