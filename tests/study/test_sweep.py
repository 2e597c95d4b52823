"""A sweep: the same worlds at every point, differences of pairs, nothing run twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from sim.cli.main import main
from sim.core.errors import ForyouError, StudyError
from sim.scenario import Scenario, dump
from sim.study.runs.execute import Report
from sim.study.runs.local import InProcess
from sim.study.runs.outcome import evaluate
from sim.study.runs.plan import RunSpec, with_changes, world_seed
from sim.study.runs.start import Subject, subject
from sim.study.statistics.intervals import mean_interval
from sim.study.statistics.multiple import holm
from sim.study.statistics.paired import paired_difference
from sim.study.sweep.study import Sweep, plan_sweep, sweep

WATCH = "watch.minutes_per_user_day"
REACH = "probes.newcomer.reach_median"
GRID = ("feed.cold_start.slots=0 %,20 %,50 %", "feed.weights.share=1,4")
"""The tiny scenario has 20 % and a weight of 1: the third point is the scenario as it is."""


class Refusing(InProcess):
    """Does no run."""

    def submit(self, spec: RunSpec) -> None:
        raise AssertionError(f"{spec} was run again")


@pytest.fixture(scope="module")
def result(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """Three by two points in three worlds; to be read only."""
    out = tmp_path_factory.mktemp("sweep") / "study"
    return sweep(scenario, GRID, 3, out=out, metric=[WATCH, REACH], executor=InProcess())


def cell(result: Sweep, metric: str, **values: Any) -> dict[str, Any]:
    rows = result.table.filter(
        (pl.col("metric") == metric),
        *(pl.col(f"feed.{name.replace('__', '.')}") == value for name, value in values.items()),
        pl.col("point") > 0,
    )
    assert rows.height == 1
    return rows.row(0, named=True)


def test_a_point_has_the_numbers_of_its_runs(scenario: Scenario, result: Sweep) -> None:
    seeds = [world_seed(scenario.seed, world) for world in range(3)]
    changed = with_changes(scenario, {"feed.cold_start.slots": 0.5, "feed.weights.share": 4.0})
    here = [evaluate(RunSpec(changed, seed)).value(WATCH) for seed in seeds]
    base = [evaluate(RunSpec(scenario, seed)).value(WATCH) for seed in seeds]
    found = cell(result, WATCH, cold_start__slots=50.0, weights__share=4.0)
    interval, than = mean_interval(here), paired_difference(base, here)
    assert found["mean"] == pytest.approx(np.mean(here))
    assert (found["low"], found["high"]) == pytest.approx((max(interval.low, 0), interval.high))
    assert found["difference"] == pytest.approx(np.mean(here) - np.mean(base))
    assert (found["difference_low"], found["difference_high"]) == pytest.approx(
        (than.interval.low, than.interval.high)
    )
    assert found["p"] == pytest.approx(than.p)
    assert found["worlds"] == 3


def test_the_same_worlds_are_played_at_every_point(result: Sweep) -> None:
    seeds = [[spec.seed for spec in row] for row in result.plan.specs]
    assert all(row == seeds[0] for row in seeds)
    assert len(set(seeds[0])) == 3


def test_the_scenario_as_it_is_is_run_once_and_marked(result: Sweep) -> None:
    assert len(result.plan.specs) == 7
    assert result.plan.runs == 18
    assert len(list((result.folder / "runs").iterdir())) == 18
    marked = result.table.filter(pl.col("as_it_is"))["point"].unique().to_list()
    assert marked == [0, 3]
    same = cell(result, WATCH, cold_start__slots=20.0, weights__share=1.0)
    assert same["difference"] is None
    assert same["mean"] == result.table.filter(pl.col("point") == 0, metric=WATCH)["mean"][0]


def test_probabilities_are_corrected_for_all_points_of_a_number(result: Sweep) -> None:
    rows = result.table.filter(pl.col("metric") == WATCH, pl.col("p").is_not_null())
    assert rows.height == 5
    assert rows["p_holm"].to_list() == pytest.approx(list(holm(rows["p"].to_numpy())))
    assert any(note.startswith(f"{WATCH}: 5 comparisons were made") for note in result.notes)


def test_along_a_setting_the_others_are_averaged_in_each_world(result: Sweep) -> None:
    values = {
        number: [n.values for n in (c.number for c in result.cells[WATCH])][number]
        for number in range(7)
    }
    # points are counted along the grid: slots 0 with both weights, slots 20 ..., slots 50 ...
    means = np.mean([values[5], values[6]], axis=0)
    slots = result.answers[WATCH][0]
    assert [answer.text for answer in slots] == ["0 %", "20 %", "50 %"]
    assert [answer.points for answer in slots] == [2, 2, 2]
    assert slots[2].mean == pytest.approx(means.mean())
    than = mean_interval(means - np.array(values[0]))
    assert slots[2].difference is not None
    assert (slots[2].difference.low, slots[2].difference.high) == pytest.approx(
        (than.low, than.high)
    )
    share = result.answers[WATCH][1]
    assert [answer.number for answer in share] == [1.0, 4.0]


def test_a_sweep_goes_on_where_it_was(scenario: Scenario, result: Sweep) -> None:
    again = sweep(
        scenario, GRID, 3, out=result.folder, metric=[WATCH, REACH], executor=Refusing(),
        plots=False,
    )  # fmt: skip
    assert again.table.equals(result.table)
    assert again.to_dict() == result.to_dict()
    # other values of the same settings are the same study: only what is new is run
    done: list[int] = []

    def progress(report: Report) -> None:
        done.append(report.done - report.skipped)

    more = sweep(
        scenario, ["feed.cold_start.slots=20 %,50 %,60 %", GRID[1]], 3, out=result.folder,
        executor=InProcess(), plots=False, progress=progress, metric=[WATCH, REACH],
    )  # fmt: skip
    assert done[-1] == 6
    assert more.plan.runs == 18
    sweep(scenario, GRID, 3, out=result.folder, metric=[WATCH, REACH], executor=Refusing())


def test_the_folder_of_another_study_is_refused(scenario: Scenario, result: Sweep) -> None:
    with pytest.raises(StudyError, match="holds another study"):
        sweep(scenario, ["feed.slate=5,6"], 3, out=result.folder)
    with pytest.raises(StudyError, match="holds another study"):
        sweep(scenario.model_copy(update={"seed": 9}), GRID, 3, out=result.folder)


def test_files_hold_what_was_found(result: Sweep) -> None:
    assert pl.read_parquet(result.folder / "sweep.parquet").equals(result.table)
    content = json.loads((result.folder / "sweep.json").read_text("utf-8"))
    assert content == json.loads(json.dumps(result.to_dict()))
    pictures = {path.name for path in (result.folder / "plots").iterdir()}
    assert pictures == {"watch_minutes_per_user_day.png", "probes_newcomer_reach_median.png"}


def test_samples_of_a_latin_hypercube(scenario: Scenario, tmp_path: Path) -> None:
    vary = ["feed.cold_start.slots=0..50 %", "feed.slate=4..8", "feed.select=spaced,{sound_gap: 2}"]
    made = sweep(
        scenario, vary, 2, samples=8, out=tmp_path / "s", metric=[WATCH], executor=InProcess()
    )
    assert made.plan.runs == 18
    slots = made.answers[WATCH][0]
    assert [answer.points for answer in slots] == [4, 4]
    assert sum(answer.points for answer in made.answers[WATCH][1]) == 8
    assert [answer.points for answer in made.answers[WATCH][2]] == [4, 4]
    assert made.table.schema["feed.slate"] == pl.Float64
    assert made.table.schema["feed.select"] == pl.String


def test_runs_that_fail_do_not_take_the_others_down(scenario: Scenario, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "def score(requests, candidates, prediction, scores, view):\n"
        "    if scores.shape[1] <= 30:\n"
        "        raise ValueError('too few candidates')\n"
        "    return scores\n"
    )
    own = with_changes(scenario, {"feed.score": ["own:score"]})
    made = sweep(
        own, ["feed.candidates=30,50"], 2, out=tmp_path / "s", metric=[WATCH],
        allow_code=True, base_dir=tmp_path, executor=InProcess(),
    )  # fmt: skip
    assert [failure.arm for failure in made.failed] == ["feed.candidates 30"] * 2
    assert "too few candidates" in made.failed[0].error
    means = made.table["mean"].to_list()
    assert means[1] is None
    assert None not in (means[0], means[2])
    assert made.table["difference"][1] is None
    with pytest.raises(StudyError, match=r"all 6 runs failed; the first: .*too few"):
        sweep(
            with_changes(own, {"feed.candidates": 20}), ["feed.candidates=25,30"], 2,
            out=tmp_path / "t", allow_code=True, base_dir=tmp_path, executor=InProcess(),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("vary", "more", "words"),
    [
        (["feed.weights.lik=1,2"], {}, 'unknown action "lik"; did you mean "like"'),
        (["fed.slate=1,2"], {}, 'unknown key "fed"'),
        (["feed.slate=5,500"], {}, "must be at most 64"),
        (["feed.slate=5,50"], {}, "candidates"),
        (["feed.slate=4..8"], {}, "--samples"),
        (["feed.slate=4..8"], {"samples": 2}, "4 to 100,000 samples"),
        (["feed.slate=4,8"], {"n": 1}, "2 to 100,000 worlds"),
        (["feed.slate=4,8"], {"level": 95}, "between 0 and 1"),
        (["feed.slate=4,8"], {"metric": ["watch.minuts"]}, "did you mean"),
        (["feed.slate=4,8"], {"metric": ["probes.other.reach_median"]}, "no probe"),
        (["record.events=true,false"], {}, "all values give the same run"),
        (["feed.cold_start.slots=0 %,5 %", "feed.cold_start.policy=pools,none"], {},
         "this is the point feed.cold_start.slots 0 %, feed.cold_start.policy none"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_before_anything_runs(
    scenario: Scenario, vary: list[str], more: dict[str, Any], words: str, tmp_path: Path
) -> None:
    n = more.pop("n", 2)
    with pytest.raises(ForyouError) as error:
        sweep(scenario, vary, n, out=tmp_path / "s", executor=Refusing(), **more)
    assert words in str(error.value)
    assert not (tmp_path / "s").exists()


def test_the_order_of_the_settings_changes_no_run(scenario: Scenario) -> None:
    about = Subject(scenario)
    one, other = plan_sweep(about, GRID), plan_sweep(about, GRID[::-1])
    assert {s.key for row in one.specs for s in row} == {s.key for row in other.specs for s in row}


# ---- the command ----------------------------------------------------------------------------


@pytest.fixture
def file(scenario: Scenario, tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(dump(scenario), encoding="utf-8")
    return path


def command(file: Path, *options: str) -> int:
    return main(["sweep", str(file), "--executor", "inline", "--no-plots", *options])


def test_the_command_tells_runs_time_table_and_files(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    out = tmp_path / "s"
    options = ("--vary", "feed.cold_start.slots=0..50 %:2", "--metric", WATCH, "-n", "2")
    assert command(file, *options, "--out", str(out)) == 0
    seen = capsys.readouterr()
    assert seen.err.startswith("2 points and the scenario as it is, 2 worlds each: 6 runs\n")
    assert "the other 5 take" in seen.err
    assert "on 1 worker\n" in seen.err
    assert "as it is" in seen.out
    assert "50 %" in seen.out
    assert "2 comparisons were made" in seen.out
    assert f"Results: {out}" in seen.out
    # again: nothing is left to forecast
    assert command(file, *options, "--out", str(out), "--json") == 0
    seen = capsys.readouterr()
    assert seen.err == ""
    content = json.loads(seen.out)
    assert content["folder"] == str(out)
    assert [point["values"] for point in content["points"][1:]] == [
        {"feed.cold_start.slots": "0 %"}, {"feed.cold_start.slots": "50 %"}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "nothing varies"),
        (["--vary", "feed.slate"], "wants PATH=VALUES"),
        (["--vary", "feed.slate=9..5:3"], "did you mean 5..9"),
        (["--vary", "feed.slate=5,6", "-n", "1"], "-n"),
    ],
)
def test_a_wrong_command_ends_with_2(
    file: Path, options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(file, *options) == 2
    seen = capsys.readouterr()
    assert words in seen.err
    assert "Traceback" not in seen.err
    assert seen.out == ""


def test_a_subject_may_be_a_file(file: Path, scenario: Scenario) -> None:
    about = subject(file)
    one, other = plan_sweep(about, GRID), plan_sweep(Subject(scenario), GRID)
    assert [row[0].key for row in one.specs] == [row[0].key for row in other.specs]
