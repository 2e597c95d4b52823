"""Runs that go on from a moment of another one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from sim.core.errors import ForyouError
from sim.engine.clock import KEEP, stop_at
from sim.scenario import Scenario
from sim.simulate import Plan, Run, resume, simulate
from sim.testing.worlds import tiny_platform, tiny_scenario
from tests.checkpoint.conftest import HOUR, LIVELY, Stopped, assert_same, stop_after

POLICIES: dict[str, dict[str, Any]] = {
    "pools": {"policy": "pools", "first": 6, "growth": 2, "levels": 3, "slots": 0.2},
    "one level": {"policy": "pools", "first": 6, "levels": 1, "slots": 0.2},
    "none": {"policy": "none"},
    "thompson": {"policy": "thompson", "until": 10, "slots": 0.3},
}


@pytest.fixture(scope="module")
def base(lively: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run with all checkpoints, one an hour; to be read only."""
    return simulate(
        lively, seed=3, shards=2, out=tmp_path_factory.mktemp("base"), plots=False,
        checkpoints=Plan(HOUR, all=True),
    )  # fmt: skip


def _events(run: Run, before: float) -> pl.DataFrame:
    return run.table("events").filter(pl.col("time_s") < before)


def test_a_branch_with_nothing_changed_is_the_run(
    base: Run, whole: Run, lively: Scenario, tmp_path: Path
) -> None:
    assert_same(base, whole)
    for at in ("1h", "4h", "7h50min"):
        found = simulate(lively, past=f"{base.path}@{at}", out=tmp_path / at, plots=False)
        assert_same(found, whole)
        assert found.manifest["from"]["changed"] == []


def test_arms_of_one_moment_have_one_past(base: Run, tmp_path: Path) -> None:
    at = 4 * HOUR
    arms = []
    for name, feed in {
        "shares": {"weights": {"share": 30.0}}, "pools": {"cold_start": POLICIES["thompson"]},
        "other": {"slate": 3, "filters": ["own", "seen"], "score": ["value"]},
    }.items():  # fmt: skip
        arm = tiny_scenario(**{**LIVELY, "feed": feed})
        arms.append(simulate(arm, past=f"{base.path}@4h", out=tmp_path / name, plots=False))
    past = _events(base, at)
    assert past.height > 500
    for arm in arms:
        assert _events(arm, at).equals(past, null_equal=True)
        assert arm.manifest["event_log_hash"] != base.manifest["event_log_hash"]
        assert arm.manifest["from"]["changed"]
        assert arm.table("events").height == arm.manifest["impressions"]
    assert len({arm.manifest["event_log_hash"] for arm in arms}) == 3


@pytest.mark.parametrize("old", POLICIES)
@pytest.mark.parametrize("new", POLICIES)
def test_a_feed_takes_over_from_any_other(old: str, new: str) -> None:
    """The state of the cold start is that of a feed that might have been there all along."""
    from sim.assemble import assemble
    from sim.checkpoint.branch import go_on_with
    from sim.feed.cold_start import STOPPED, WAITING

    def scenario(name: str) -> Scenario:
        return tiny_scenario(
            feed={"cold_start": POLICIES[name]}, creators={"posts_per_week": 150},
            record={"timeline": HOUR},
        )  # fmt: skip

    first = assemble(scenario(old), 1, engine="fast")
    first.env.run(until=stop_at(first.env, 4 * HOUR, KEEP))
    live = assemble(scenario(new), 1, engine="fast", shards=3)
    go_on_with(live, dict(first.put_down()), feed_changed=True)
    cold, videos = live.platform.view.cold, live.world.videos.count
    waiting = np.flatnonzero(cold.state[:videos] == WAITING)
    assert set(waiting) == set(cold.waiting.tolist())
    if new == "none":
        assert len(waiting) == 0
        closed = cold.open_to_all[:videos] == 0
        assert (cold.state[:videos][closed] == STOPPED).all()  # a verdict stays
    elif old != "none":
        assert len(waiting) > 10
    live.env.run(until=live.end)
    assert live.platform.impressions > 1.3 * first.platform.impressions
    assert live.log.impressions == live.platform.impressions
    if "levels" in POLICIES[new]:
        assert cold.pool[cold.waiting].max() <= POLICIES[new]["levels"]


def test_a_moment_without_a_checkpoint_is_played_to_once(
    whole: Run, lively: Scenario, tmp_path: Path
) -> None:
    quiet = lively.model_copy(update={"record": lively.record.model_copy(update={"events": False})})
    base = simulate(quiet, seed=3, out=tmp_path / "base", plots=False)
    found = simulate(quiet, past=f"{base.path}@5h", out=tmp_path / "arm", plots=False)
    assert found.manifest["event_log_hash"] == whole.manifest["event_log_hash"]
    kept = list(base.path.glob("pasts/3/checkpoints/*/checkpoint.json"))
    assert len(kept) == 1
    before = kept[0].stat().st_mtime_ns
    simulate(quiet, past=f"{base.path}@5h", out=tmp_path / "again", plots=False)
    assert kept[0].stat().st_mtime_ns == before


def test_a_branch_with_events_of_a_run_without_plays_them_anew(
    whole: Run, lively: Scenario, tmp_path: Path
) -> None:
    quiet = lively.model_copy(update={"record": lively.record.model_copy(update={"events": False})})
    base = simulate(quiet, seed=3, out=tmp_path / "b", plots=False, checkpoints=Plan(HOUR))
    found = simulate(lively, past=f"{base.path}@7h", out=tmp_path / "arm", plots=False)
    assert_same(found, whole)


def test_a_branch_that_was_stopped_goes_on_without_its_base(
    base: Run, lively: Scenario, tmp_path: Path
) -> None:
    changed = lively.model_copy(
        update={"feed": lively.feed.model_copy(update={"control": 0.3}), "duration": 9 * HOUR}
    )
    straight = simulate(changed, past=f"{base.path}@4h", out=tmp_path / "a", plots=False)
    with pytest.raises(Stopped):
        simulate(
            changed, past=f"{base.path}@4h", out=tmp_path / "b", plots=False,
            progress=stop_after(6 * HOUR),
        )  # fmt: skip
    assert_same(resume(tmp_path / "b", plots=False), straight)


def test_a_base_that_was_edited_is_refused(base: Run, lively: Scenario, tmp_path: Path) -> None:
    copy = shutil.copytree(base.path, tmp_path / "copy")
    path = copy / "scenario.yaml"
    path.write_text(path.read_text("utf-8") + "# changed\n", "utf-8")
    with pytest.raises(ForyouError, match="damaged"):
        simulate(lively, past=f"{copy}@4h", out=tmp_path / "a", plots=False)


def test_a_past_is_not_played_with_other_code(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(
        "def score(requests, candidates, prediction, scores, view):\n    return scores\n"
    )
    own = tiny_scenario(population={"users": 40}, feed={"score": ["value", "mine:score"]})
    how: dict[str, Any] = {"plots": False, "allow_code": True, "base_dir": tmp_path}
    run = simulate(own, seed=3, out=tmp_path / "run", checkpoints=Plan(4 * HOUR, True), **how)
    mine.write_text(mine.read_text() + "# changed\n")
    simulate(own, past=f"{run.path}@4h", out=tmp_path / "a", **how)  # that is as it was
    with pytest.raises(ForyouError, match="its own code has changed"):
        simulate(own, past=f"{run.path}@5h", out=tmp_path / "b", **how)


# ---- probes to come -----------------------------------------------------------------------------


def _with_probes(*probes: dict[str, Any]) -> Scenario:
    return tiny_scenario(**{**LIVELY, "probes": [*LIVELY["probes"], *probes]})


def test_probes_to_come_are_planted(base: Run, tmp_path: Path) -> None:
    new = {"name": "new", "count": 3, "followers": 40, "post_at": 5 * HOUR, "quality": 3.0}
    found = simulate(_with_probes(new), past=f"{base.path}@4h", out=tmp_path / "a", plots=False)
    planted = found.table("probes").filter(pl.col("probe") == "new")
    assert planted.height == 3
    assert (planted["uploaded_s"] >= 5 * HOUR).all()
    assert (planted["impressions"] > 0).all()
    creators = found.table("creators").filter(pl.col("probe") == "new")
    came = creators["follows"] - creators["unfollows"]
    assert (creators["followers_end"] - came == 40).all()
    assert _events(found, 4 * HOUR).equals(_events(base, 4 * HOUR), null_equal=True)


def test_their_followers_follow_them(base: Run) -> None:
    """Those with a list of their own by then, too."""
    from sim.checkpoint.branch import branched
    from sim.checkpoint.moment import Means, moment_of, world_at

    new = {"name": "new", "count": 2, "followers": 100, "post_at": 5 * HOUR}
    moment, means = moment_of(f"{base.path}@4h"), Means()
    kept = world_at(moment, 3, means)
    live = branched(moment, _with_probes(new), 3, kept, means)
    accounts = np.flatnonzero(live.world.creators.probe == 2)
    assert len(accounts) == 2
    follows = live.platform.view.follows
    users = range(live.world.users)
    for account in accounts:
        assert sum(account in follows.of(u).tolist() for u in users) == 100
    grown = sum(int(live.engine.follow_counts()[u] > 0) for u in users)
    assert grown > 100
    lists = [follows.of(u).tolist() for u in users]
    assert all(len(set(found)) == len(found) for found in lists)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"behaviour": {"act": {"like": 0.5}}}, "behaviour.act.like"),
        ({"population": {"users": 151}}, "population.users"),
        ({"warmup": HOUR}, "warmup"),
        ({"refresh": 300.0}, "refresh"),
        ({"record": {"timeline": 600.0}}, "record.timeline"),
        ({"duration": 4 * HOUR}, "would end before it begins"),
        ({"probes": []}, '"late" is planted already'),
        ({"probes": [{**LIVELY["probes"][0], "followers": 30}, LIVELY["probes"][1]]}, "followers"),
        ({"probes": [{**LIVELY["probes"][0], "quality": 1.0}, LIVELY["probes"][1]]}, "has posted"),
        (
            {"probes": [*LIVELY["probes"], {"name": "early", "post_at": HOUR}]},
            r"probes\[2\].post_at: is in the past",
        ),
    ],
)
def test_what_a_running_platform_could_not_change_is_refused(
    base: Run, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    other = tiny_scenario(**{**LIVELY, **change})
    with pytest.raises(ForyouError, match=words):
        simulate(other, past=f"{base.path}@4h", out=tmp_path / "a", plots=False)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("past", "words"),
    [
        ("{}", "wants RUN@TIME"), ("{}@", "wants RUN@TIME"), ("@4h", "wants RUN@TIME"),
        ("{}@soon", "the time"), ("{}@4h5min", "whole number of refreshes"),
        ("{}@9h", "ends at 8 h"), ("{}@0s", "whole number"), ("nowhere@4h", "no such folder"),
    ],
)  # fmt: skip
def test_moments_that_there_are_not(
    base: Run, lively: Scenario, tmp_path: Path, past: str, words: str
) -> None:
    with pytest.raises(ForyouError, match=words):
        simulate(lively, past=past.format(base.path), out=tmp_path / "a", plots=False)


def test_another_seed_has_another_past(base: Run, lively: Scenario) -> None:
    with pytest.raises(ForyouError, match="has the seed 3"):
        simulate(lively, seed=4, past=f"{base.path}@4h", plots=False)


def test_the_reference_engine_is_in_mid_life(base: Run, lively: Scenario, tmp_path: Path) -> None:
    with pytest.raises(ForyouError, match="mid-life"):
        simulate(lively, engine="reference", past=f"{base.path}@4h", plots=False)
    tiny = tiny_scenario(population={"users": 20}, duration=HOUR)
    run = simulate(tiny, engine="reference", out=tmp_path / "a", plots=False)
    with pytest.raises(ForyouError, match="mid-life"):
        simulate(tiny, past=f"{run.path}@30min", plots=False)
    assert (
        tiny_platform(**{"population": {"users": 20}, "duration": HOUR}).log.hash
        == (simulate(tiny, seed=1, out=tmp_path / "b", plots=False).manifest["event_log_hash"])
    )
