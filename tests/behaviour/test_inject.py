"""Forced events fall on those whom chance chooses, and do what they say."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest

from sim.assemble import Live, assemble
from sim.behaviour.inject import KINDS, SKIP_AFTER_MS
from sim.core.messages import kind_code
from sim.core.surfaces import surface_code
from sim.simulate import simulate, tables_in_memory
from sim.testing.mechanisms import MechanismContract
from sim.testing.worlds import tiny_scenario

INJECTED = surface_code("injected")
BUSY = {"behaviour": {"session": {"sessions_per_day": 40.0, "activity_max": 100.0}}}


def play(scenario: Any, seed: int = 1) -> Live:
    """The world, played to its end."""
    live = assemble(scenario, seed, engine="fast")
    live.env.run(until=live.end)
    return live


def _scenario(*events: dict[str, Any], **more: Any) -> Any:
    probe = {"name": "p", "post_at": 600.0, "video_duration": 9.0, "inject": list(events)}
    return tiny_scenario(
        probes=[{**probe, **more}], population={"users": 100}, duration=6 * 3_600.0,
        record={"events": True}, **BUSY,
    )  # fmt: skip


def _events(tmp_path: Any, *events: dict[str, Any], **more: Any) -> pl.DataFrame:
    """Forced impressions; all who came after they were due have had theirs.

    But for those whom the feed had shown the video before: a page shows nobody the same twice.
    """
    scenario = _scenario(*events, **more)
    run = simulate(scenario, out=tmp_path / "run", plots=False)
    log = run.table("events")
    messages = play(scenario, scenario.seed).platform.exchange.log()
    due = dict(zip(messages["to"].tolist(), messages["at"].tolist(), strict=True))
    # a session begins with a request; one that goes on over the refresh asks within a slate
    there = set(log.filter(pl.col("time_s") > max(due.values()) + 1_800.0)["user"].to_list())
    shown = log.filter(pl.col("surface") == INJECTED)
    video = run.table("probes")["video"][0]
    before = set(
        log.filter((pl.col("video") == video) & (pl.col("surface") != INJECTED))["user"].to_list()
    )
    assert (there & set(due)) - before <= set(shown["user"].to_list())
    assert set(shown["user"].to_list()) <= set(due)
    return shown


def test_forced_likes_and_skips_happen_and_nothing_else(tmp_path: Any) -> None:
    found = _events(tmp_path, {"likes": 20, "skips": 30, "after": 1_000.0})
    assert found.height > 30
    likes, skips = found.filter(pl.col("like")), found.filter(pl.col("skip"))
    assert likes.height + skips.height == found.height
    assert likes["completion"].all()
    assert (skips["watch_s"] == SKIP_AFTER_MS / 1000).all()
    assert not skips.select("share", "comment", "save", "follow").to_numpy().any()
    assert found["user"].n_unique() == found.height
    # posted at 600 s and visible from the next refresh; not before it is due
    assert found["time_s"].min() >= 1_600.0


def test_forced_impressions_are_watched_as_one_likes(tmp_path: Any) -> None:
    found = _events(tmp_path, {"impressions": 90})
    assert found.height > 60
    assert 0.1 < found["completion"].mean() < 0.9
    assert found["like"].mean() < 0.5
    assert (found["source"] == found["source"][0]).all()


def test_short_videos_are_skipped_before_their_end(tmp_path: Any) -> None:
    found = _events(tmp_path, {"skips": 50}, video_duration=1.0)
    assert found["skip"].all()
    assert not found["completion"].any()
    assert (found["watch_s"] < 1.0).all()


def test_the_same_people_whatever_the_ranker() -> None:
    def people(**feed: Any) -> set[int]:
        scenario = _scenario({"likes": 20}).model_copy(
            update={"feed": tiny_scenario(feed=feed).feed}
        )
        live = play(scenario)
        messages = live.platform.exchange.log()
        return set(messages["to"][np.isin(messages["kind"], KINDS)].tolist())

    assert people() == people(weights={"like": 9.0}, sources={"random": 1.0})
    assert len(people()) == 20


def test_what_is_forced_counts_for_the_video_and_on_its_own_surface() -> None:
    live = play(_scenario({"likes": 30}))
    probe = tables_in_memory(live).probes
    count = probe["impressions_injected"][0]
    assert 25 <= count <= 30
    assert probe["likes"][0] >= count
    total = probe.select(pl.sum_horizontal(pl.selectors.starts_with("impressions_")))
    assert total.to_series()[0] == probe["impressions"][0]


def test_the_feed_believes_forced_likes() -> None:
    """Of two twins the one that was given likes has the better score, whatever happens then."""
    twins = {"inject": [[], [{"likes": 60}]]}
    scenario = tiny_scenario(
        probes=[{"name": "p", "count": 20, "post_at": 600.0, "twins": twins, "quality": 0.0}],
        population={"users": 300}, duration=8 * 3_600.0, **BUSY,
    )  # fmt: skip
    live = play(scenario)
    rows = tables_in_memory(live).probes.sort("number")
    base = live.platform.view.tables.base[rows["video"].to_numpy()].reshape(20, 2)
    assert (base[:, 1] > base[:, 0]).all()


def test_nothing_is_forced_without_a_word() -> None:
    live = play(
        tiny_scenario(behaviour={"notifications": {"enabled": False}, "sharing": {"contacts": 0}})
    )
    assert not live.platform.exchange.used
    assert len(live.platform.exchange.log()) == 0


@pytest.mark.parametrize("seed", [0, 1])
def test_more_people_have_those_of_fewer(seed: int) -> None:
    sets = []
    for count in (5, 15):
        live = play(_scenario({"likes": count}), seed=seed)
        log = live.platform.exchange.log()
        sets.append(set(log[log["kind"] == kind_code("forced_likes")]["to"].tolist()))
    assert sets[0] < sets[1]


_PROBE = {"name": "p", "count": 5, "post_at": 0.0}


class TestContract(MechanismContract):
    """As every mechanism."""

    on: ClassVar = {"probes": [{**_PROBE, "inject": [{"likes": 20, "skips": 20}]}]}
    off: ClassVar = {"probes": [{**_PROBE, "inject": []}]}
    base: ClassVar = {"probes": [_PROBE]}
    tables = ("forced",)
