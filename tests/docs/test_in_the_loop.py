"""``docs/fitting/in_the_loop.py``: what it counts, what a step changes, and that it resumes."""

from __future__ import annotations

import csv
import importlib
import json
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from sim.scenario import Scenario, load
from sim.scenario.behaviour import BehaviourConfig

ROOT = Path(__file__).resolve().parents[2]
FACTS = ROOT.parent / "shared" / "facts"


@pytest.fixture(scope="module")
def loop() -> Any:
    """The script, which imports what lies beside it."""
    before, known = list(sys.path), set(sys.modules)
    sys.path.insert(0, str(ROOT / "docs" / "fitting"))
    try:
        yield importlib.import_module("in_the_loop")
    finally:
        sys.path[:] = before
        for name in {"in_the_loop", "published", "facts_of_a_run"} - known:
            sys.modules.pop(name, None)


def playing_of(curves: np.ndarray) -> np.ndarray:
    """Impressions by seconds reached, a million in each bin; the first bin of W1 is two of W4."""
    curves = np.vstack([curves[:1], curves])
    ends = np.ones(len(curves)), np.zeros(len(curves))
    return -np.diff(np.column_stack([ends[0], curves, ends[1]])) * 1e6


def met(loop: ModuleType, **changed: Any) -> dict[str, Any]:
    """Counts of a world in which every fact is met."""
    counts = {
        "worlds": np.array(2.0),
        "playing": playing_of(np.array(list(loop.W1.values()))),
        "finished": np.array([(1e6, 1e4 * fact) for fact in loop.W4]),
        "views": np.array(1e6),
        "acts": 1e4 * np.array(list(loop.PER_100.values())),
        "visits": 1e6 * np.array([loop.VISITS / 100.0, 1.0]),
        "pages": 2.0 * np.array(list(loop.ON_PAGES.values())) / 100.0,
        "used": np.array([1e4, 1e4 * loop.W16 / 11.0, 1e6, 1e4 * loop.W16]),
        "active": np.array(2.0 * loop.ACTIVE),
        "tiers": np.tile([10.0, 50.0, 100.0, 400.0], (len(loop.TIER_LABELS), 1)),
        "together": np.array([(2.0 * fact, 2.0) for fact in loop.E9.values()]),
    }
    return {**counts, **changed}


def test_impressions_are_counted_by_duration_and_by_seconds(loop: ModuleType) -> None:
    playing, finished = np.zeros((12, 26)), np.zeros((12, 2))
    duration = np.array([7.0, 7.001, 400.0, 5_000.0])
    watched = np.array([7_000, 7_000, 499, 500], np.int32)
    loop.add_watching(playing, finished, duration, watched)
    assert playing[:2, loop.SECONDS.index(7.0) + 1].tolist() == [1, 1]
    assert playing[-1, :2].tolist() == [1, 1], "below half a second, and at it"
    assert finished[:2].tolist() == [[1, 1], [1, 0]]
    assert finished[-1].tolist() == [2, 0]
    curves, shown = loop.survival(playing)
    assert shown.tolist() == [2, *[0] * 9, 2]
    assert curves[-1, :2].tolist() == [0.5, 0.0]
    assert np.isnan(curves[1:-1]).all()
    playing[0, loop.SECONDS.index(7.0) + 1] += 1
    playing[0, 0] += 2
    share = loop.survival(playing)[0][0, 0]
    assert share == pytest.approx(0.198 * 0.5 + 0.802), "in the published mix"
    playing[0] = 0.0
    playing[0, loop.SECONDS.index(7.0) + 1] = 1
    assert playing.sum() == finished[:, 0].sum() == 4


def test_a_world_that_meets_the_facts_misses_nothing_and_stays(loop: ModuleType) -> None:
    counts, config = met(loop), BehaviourConfig()
    rows = loop.misses(counts)
    assert all(row.met for row in rows)
    assert max(abs(row.off) for row in rows if row.fact not in ("W17", "W15")) < 1e-9
    after, before = loop.fitted(loop.step(config, counts)), loop.fitted(config)
    for group, settings in before.items():
        for name, value in settings.items():
            assert np.allclose(after[group][name], value, rtol=1e-3), name


def test_a_step_goes_against_each_miss(loop: ModuleType) -> None:
    counts, config = met(loop), BehaviourConfig()
    acts, finished = counts["acts"].copy(), counts["finished"].copy()
    acts[0] *= 2.0  # likes
    finished[2, 1] *= 1.5  # completions of 10 to 15 s
    used = counts["used"] * (1.0, 1.0, 1.0, 0.8)  # minutes
    after = loop.step(
        config, met(loop, acts=acts, finished=finished, used=used, active=np.array(1.2)), 0.5
    )
    assert after.act.like == pytest.approx(config.act.like * 2.0**-0.5, rel=1e-3)
    assert after.act.share == pytest.approx(config.act.share, rel=1e-3)
    changed = [
        new / old
        for (_, old), (_, new) in zip(
            config.watch.duration_factor, after.watch.duration_factor, strict=True
        )
    ]
    assert changed[3] == pytest.approx(1.5**0.25, rel=1e-3), "the row at 13 s"
    assert np.allclose([*changed[:3], *changed[4:]], 1.0, rtol=1e-3)
    assert after.session.leave == pytest.approx(config.session.leave * 0.8**0.5, rel=1e-3)
    more = (0.8 * 0.6 / loop.ACTIVE) ** -0.25  # of 60 % who come, and of minutes that are missing
    assert after.session.sessions_per_day == pytest.approx(
        more * config.session.sessions_per_day, rel=1e-3
    )


def test_the_hazard_follows_w1(loop: ModuleType) -> None:
    config = BehaviourConfig()
    # people leave half as fast: survival is the root of what was published
    curves = np.sqrt(np.array(list(loop.W1.values())))
    after = loop.step(config, met(loop, playing=playing_of(curves)), 1.0)
    rows = list(zip(config.watch.hazard, after.watch.hazard, strict=True))
    assert all(new == pytest.approx(2.0 * old, rel=1e-3) for (_, old), (_, new) in rows[:-1])
    assert rows[-1][0][1] == pytest.approx(rows[-1][1][1], rel=1e-3), "no fact says how it ends"
    for (_, old), (_, new) in zip(
        config.watch.duration_factor, after.watch.duration_factor, strict=True
    ):
        assert new == pytest.approx(2.0**0.5 * old, rel=1e-3), "the first seconds of each bin"


def test_only_videos_that_last_tell_how_people_leave_later(loop: ModuleType) -> None:
    playing = met(loop)["playing"]
    playing[:9] = 0.0  # all up to 90 s are gone
    playing[:, 0] *= 2.0
    spans = [(0.0, 3.0), (40.0, 60.0), (100.0, 120.0), (180.0, math.inf)]
    found = loop.hazard_misses(playing, spans)
    assert found.shape == (1, 4)
    assert found[0, 0] > 0.0
    assert np.allclose(found[0, 1:3], 0.0)
    assert np.isnan(found[0, 3])
    apart = loop.hazard_misses(playing, spans, apart=True)
    assert np.isnan(apart[:7]).all()
    assert not np.isnan(apart[8:, :3]).any()


def test_too_little_is_no_miss_and_no_step(loop: ModuleType) -> None:
    few, playing = met(loop)["finished"] * 1e-4, met(loop)["playing"] * 1e-4
    rows = [row for row in loop.misses(met(loop, finished=few)) if row.fact == "W4"]
    assert all(math.isnan(row.off) and row.met for row in rows)
    after = loop.step(BehaviourConfig(), met(loop, finished=few, playing=playing))
    assert np.allclose(after.watch.hazard, BehaviourConfig().watch.hazard, rtol=1e-3)
    assert np.allclose(after.watch.duration_factor, BehaviourConfig().watch.duration_factor)


def test_a_floor_is_only_missed_from_below(loop: ModuleType) -> None:
    assert loop.Miss("W15", "x", 10.0, 30.0, 0.2, "floor").met
    assert not loop.Miss("W15", "x", 10.0, 3.0, 0.2, "floor").met
    assert not loop.Miss("W16", "x", 10.0, 0.0, 0.2).met


def test_a_fit_goes_on_where_it_stopped(
    loop: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[tuple[float, int]] = []

    def play(scenario: Scenario, seed: int) -> dict[str, Any]:
        like = scenario.behaviour.act.like
        calls.append((like, seed))
        counts = met(loop)
        counts["acts"][0] *= like / 0.01
        return counts

    scenario = load(ROOT / "scenarios" / "zero_followers.yaml", ["population.users=300"])
    fit = loop.Fit(scenario, [1, 2], tmp_path, play)
    fit.begin()
    first = fit.rounds(2, 1.0)
    assert len(calls) == 4
    (tmp_path / "round_1_seed_2.json").unlink()  # it was stopped within a round
    again = loop.Fit(scenario, [1, 2], tmp_path, play)
    again.begin()
    done = again.rounds(3, 1.0)
    assert len(calls) == 4 + 1 + 2, "what is there is not played again"
    assert calls[4] == calls[3]
    assert loop.fitted(done[1].config) == loop.fitted(first[1].config)
    assert done[2].config.act.like == pytest.approx(0.01, rel=1e-3)
    kept = json.loads((tmp_path / "round_2.json").read_text("utf-8"))
    assert kept["settings"]["act"]["like"] == done[2].config.act.like
    assert "round 2" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="another"):
        loop.Fit(scenario, [1], tmp_path, play).begin()
    assert "| W16 |" in loop.table(done[2].misses)
    assert "12 of 12 bins" in loop.verdicts(done[2].counts)


@pytest.mark.skipif(not FACTS.is_dir(), reason="the facts are not here")
def test_the_numbers_are_those_of_the_facts(loop: ModuleType) -> None:
    with (FACTS / "facts.csv").open(encoding="utf-8") as file:
        text = {row[0]: " ".join(row) for row in csv.reader(file)}
    completions = text["W4"].split("<=7s ")[1]
    for fact in loop.W4:
        assert f"{fact:.1f}" in completions
    for name in ("like", "comment", "share"):
        assert f"{loop.PER_100[name]:g}" in text["E2"]
    for name in ("save", "follow", "not_interested"):
        assert f"{loop.PER_100[name]:.3g}" in text["E4"]
    for value in loop.E9.values():
        assert f"{value:.2f}" in text["E9"]
    assert f"{loop.W16:g}" in text["W16"]
    with (FACTS / "kuairand" / "survival_by_duration.csv").open(encoding="utf-8") as file:
        curves: dict[str, list[tuple[float, float]]] = {}
        for row in csv.DictReader(file):
            point = float(row["t_s"]), float(row["share_playing_at_least_t"])
            curves.setdefault(row["duration_bin_s"], []).append(point)
    assert list(curves) == [f"({low}, {high}]" for low, high in loop.W1]
    for mine, given in zip(loop.W1.values(), curves.values(), strict=True):
        assert list(zip(loop.SECONDS, mine, strict=True)) == given
