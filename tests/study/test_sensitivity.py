"""Sensitivity: indices of known functions, luck as a floor, and a study of a tiny world."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from sim.cli.main import main
from sim.core.errors import ForyouError, StudyError
from sim.scenario import Scenario, dump
from sim.study.runs.local import InProcess
from sim.study.runs.plan import RunSpec, with_changes, world_seed
from sim.study.runs.start import Subject
from sim.study.sensitivity.indices import LEAST, Index, Method, Samples, indices, take_samples
from sim.study.sensitivity.plan import weights_from_half_to_double
from sim.study.sensitivity.result import above, common
from sim.study.sensitivity.study import Sensitivity, plan_sensitivity, sensitivity

Floats = npt.NDArray[np.float64]
WATCH = "watch.minutes_per_user_day"
FOLLOWED = "sources.following"
RANGES = ("feed.sources.following=0..1", "record.tracked=5..15", "feed.weights.share=log:0.5..2")
"""The first decides where views come from. The second changes what is written down and nothing
that happens."""


# ---- indices --------------------------------------------------------------------------------


def found(samples: Samples, values: Floats, seed: int = 1, level: float = 0.95) -> list[Index]:
    result = indices(samples, values, seed, level)
    assert result is not None
    return result


def test_morris_finds_the_effects_of_a_line_exactly() -> None:
    samples = take_samples("morris", 3, 6, seed=2)
    x = samples.cube
    line = found(samples, 3 * x[:, 0] - 0.5 * x[:, 1] + 20)
    assert [index.main for index in line] == pytest.approx([3, 0.5, 0, 0], abs=1e-9)
    assert [index.mean for index in line] == pytest.approx([3, -0.5, 0, 0], abs=1e-9)
    assert [index.side for index in line] == pytest.approx([0, 0, 0, 0], abs=1e-9)


def test_morris_tells_interactions_by_sigma() -> None:
    samples = take_samples("morris", 2, 20, seed=2)
    x = samples.cube
    product = found(samples, 4 * (x[:, 0] - 0.5) * (x[:, 1] - 0.5))
    assert product[0].side > 0.5
    assert abs(product[0].mean or 0.0) < product[0].main


def test_sobol_splits_the_variance_of_a_known_function() -> None:
    """x0 + x0 x1 over the unit square: var 25/12/12 + ...; worked out by hand below."""
    samples = take_samples("sobol", 3, 1024, seed=2)
    x = samples.cube
    split = found(samples, x[:, 0] + x[:, 0] * x[:, 1])
    # f = x0 (1 + x1), E x0 = 1/2, E x0² = 1/3, E(1 + x1) = 3/2, E(1 + x1)² = 7/3
    whole = 7 / 9 - 9 / 16
    first = (9 / 4) / 12, (1 / 4) / 12
    both = whole - sum(first)
    expected_first = [first[0] / whole, first[1] / whole, 0, 0]
    expected_total = [(first[0] + both) / whole, (first[1] + both) / whole, 0, 0]
    assert [index.side for index in split] == pytest.approx(expected_first, abs=0.03)
    assert [index.main for index in split] == pytest.approx(expected_total, abs=0.03)
    for index, true in zip(split, expected_total, strict=True):
        assert abs(index.main - true) <= 2 * index.main_half + 1e-9


@pytest.mark.parametrize("method", ["morris", "sobol"])
def test_what_the_second_worlds_have_more_everywhere_does_not_matter(method: Method) -> None:
    samples = take_samples(method, 2, 16, seed=3)
    values = np.sin(5 * samples.cube[:, 0]) + samples.cube[:, 1]
    moved = found(samples, values + 100.0 * samples.second)
    for one, other in zip(found(samples, values), moved, strict=True):
        assert (one.main, one.side) == pytest.approx((other.main, other.side), abs=1e-9)


@pytest.mark.parametrize(("method", "count"), [("morris", 30), ("sobol", 256)])
def test_luck_shows_the_noise_that_a_setting_without_effect_has(method: Method, count: int) -> None:
    """Noise that differs with the point and the worlds: as much for luck as for a dead setting."""
    samples = take_samples(method, 2, count, seed=4)
    dead, luck, cleared, strong = [], [], 0, 0
    rng = np.random.default_rng(7)
    for round_ in range(30):
        noise = 0.3 * rng.standard_normal(len(samples.cube))
        result = found(samples, 3 * samples.cube[:, 0] + noise + 5 * samples.second, round_)
        dead.append(result[1].main)
        luck.append(result[2].main)
        cleared += above(result[1], result[2])
        strong += above(result[0], result[2])
    assert np.mean(luck) == pytest.approx(np.mean(dead), rel=0.08)
    assert strong == 30
    assert cleared <= 5  # about one in twenty


@pytest.mark.parametrize("method", ["morris", "sobol"])
def test_a_setting_never_switches_worlds(method: Method) -> None:
    """Each index compares runs of the same worlds; luck alone changes them."""
    samples = take_samples(method, 4, 8, seed=5)
    blocks = samples.cube.reshape(8, samples.block, 5)
    if method == "morris":
        steps = np.diff(blocks, axis=1) != 0
        assert (steps.sum(axis=2) == 1).all()  # one setting, or luck, at a time
        assert (np.abs(np.diff(blocks[..., -1], axis=1)).max(axis=1) > 0.5).all()
    else:
        second = blocks[..., -1] > 0.5
        assert not second[:, :-2].any()
        assert second[:, -2:].all()
        np.testing.assert_array_equal(blocks[:, -2, :-1], blocks[:, 0, :-1])


@pytest.mark.parametrize(("method", "few", "many"), [("morris", 5, 9), ("sobol", 8, 32)])
def test_more_samples_begin_with_the_same_points(method: Method, few: int, many: int) -> None:
    one, other = take_samples(method, 3, few, seed=6), take_samples(method, 3, many, seed=6)
    np.testing.assert_array_equal(one.cube, other.cube[: len(one.cube)])
    assert (take_samples(method, 3, few, seed=7).cube != one.cube).any()


@pytest.mark.parametrize("method", ["morris", "sobol"])
def test_a_sample_with_a_hole_is_left_out(method: Method) -> None:
    samples = take_samples(method, 2, 16, seed=8)
    values = samples.cube[:, 0] + 0.1 * samples.cube[:, 1] ** 2
    values[3 * samples.block + 1] = math.nan
    rows = samples.cube.reshape(16, samples.block, 3)
    kept = np.delete(rows, 3, axis=0).reshape(-1, 3)
    without = found(
        replace(samples, cube=kept), np.delete(values.reshape(16, -1), 3, axis=0).ravel()
    )
    assert found(samples, values) == without
    values[:: samples.block][LEAST[method] - 1 :] = math.nan
    assert indices(samples, values, 1, 0.95) is None


@pytest.mark.parametrize("method", ["morris", "sobol"])
@pytest.mark.parametrize("value", [0.0, 1e9])
def test_nothing_is_said_of_what_is_always_the_same(method: Method, value: float) -> None:
    samples = take_samples(method, 2, 8, seed=9)
    assert indices(samples, np.full(len(samples.cube), value), 1, 0.95) is None


@pytest.mark.parametrize("method", ["morris", "sobol"])
@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_the_unit_of_a_number_does_not_matter(method: Method, scale: float) -> None:
    samples = take_samples(method, 2, 8, seed=9)
    values = samples.cube[:, 0] + 0.3 * samples.cube[:, 1] ** 2
    for one, other in zip(found(samples, values), found(samples, values * scale), strict=True):
        by = scale if method == "morris" else 1.0
        assert other.main == pytest.approx(one.main * by, rel=1e-6, abs=1e-9 * by)


@pytest.mark.parametrize(
    ("method", "samples", "words"),
    [
        ("morris", 3, "at least 4 samples"),
        ("sobol", 4, "at least 8 samples"),
        ("sobol", 100, "such as 64 or 128"),
        ("morris", 50_000, "take fewer"),
    ],
)
def test_a_wrong_number_of_samples_is_refused(method: Method, samples: int, words: str) -> None:
    with pytest.raises(ForyouError, match=words):
        take_samples(method, 3, samples, seed=1)


@pytest.mark.parametrize("method", ["morris", "sobol"])
def test_no_global_generator_is_asked_whatever_the_seed(
    method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SALib would take a seed of 0 as none."""
    found_in = import_module("sim.study.sensitivity.indices")
    monkeypatch.setattr(found_in, "key", lambda seed, purpose: np.uint64(0))
    samples = take_samples(method, 2, 8, seed=1)
    values = samples.cube[:, 0] + samples.cube[:, 1] ** 2
    assert found(samples, values) == found(samples, values)


# ---- the study ------------------------------------------------------------------------------


class Refusing(InProcess):
    """Does no run."""

    def submit(self, spec: RunSpec) -> None:
        raise AssertionError(f"{spec} was run again")


@pytest.fixture(scope="module")
def result(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Sensitivity:
    """Four trajectories in two worlds; to be read only."""
    out = tmp_path_factory.mktemp("sensitivity") / "study"
    return sensitivity(
        scenario, RANGES, 2, samples=4, out=out, metric=[WATCH, FOLLOWED], executor=InProcess()
    )


def test_a_study_has_the_runs_that_it_says(scenario: Scenario, result: Sensitivity) -> None:
    plan = result.plan
    assert len(plan.scenarios) == 4 * (3 + 2)
    assert plan.runs == len(list((result.folder / "runs").iterdir())) == 40
    first = [world_seed(scenario.seed, world) for world in (0, 1)]
    second = [world_seed(scenario.seed, world) for world in (2, 3)]
    for row, in_second in zip(plan.specs, plan.samples.second, strict=True):
        assert [spec.seed for spec in row] == (second if in_second else first)


def test_what_changes_nothing_has_no_index_and_what_changes_much_is_above_luck(
    result: Sensitivity,
) -> None:
    table = result.table.filter(pl.col("metric") == FOLLOWED)
    assert table["setting"].to_list()[-1] == "luck"
    rows = {row["setting"]: row for row in table.iter_rows(named=True)}
    assert rows["record.tracked"]["mu_star"] == pytest.approx(0.0, abs=1e-9)
    assert rows["record.tracked"]["above_luck"] is False
    assert rows["feed.sources.following"]["above_luck"] is True
    assert rows["feed.sources.following"]["mu"] > 0
    assert table["setting"][0] == "feed.sources.following"
    assert rows["luck"]["mu_star"] > 0


def test_the_indices_are_those_of_means_over_worlds(result: Sensitivity) -> None:
    plan = result.plan
    runs = {path.stem: json.loads(path.read_text()) for path in (result.folder / "runs").iterdir()}
    means = [np.mean([_value(runs[spec.key]["summary"], WATCH) for spec in row])
             for row in plan.specs]  # fmt: skip
    expected = found(plan.samples, np.array(means), plan.subject.seed)
    assert result.numbers[0].settings == tuple(expected[:-1])
    assert result.numbers[0].luck == expected[-1]
    assert result.numbers[0].mean == pytest.approx(np.mean(means))


def _value(summary: dict[str, Any], path: str) -> float:
    node: Any = summary
    for part in path.split("."):
        node = node[part]
    return float(node)


def test_it_goes_on_where_it_was_and_more_samples_cost_only_themselves(
    scenario: Scenario, result: Sensitivity
) -> None:
    def again(**more: Any) -> Sensitivity:
        return sensitivity(
            scenario, RANGES, 2, out=result.folder, metric=[WATCH, FOLLOWED], plots=False, **more
        )

    same = again(samples=4, executor=Refusing())
    assert same.table.equals(result.table)
    before = {path.name for path in (result.folder / "runs").iterdir()}
    assert {spec.key for row in result.plan.specs for spec in row} == {n[:-5] for n in before}
    more = plan_sensitivity(Subject(scenario), RANGES, 2, samples=5)
    new = {spec.key for row in more.specs for spec in row} - {n[:-5] for n in before}
    assert 0 < len(new) <= 10
    with pytest.raises(StudyError, match="method"):
        again(samples=8, method="sobol", executor=Refusing())
    with pytest.raises(StudyError, match="varies"):
        sensitivity(scenario, RANGES[:1], 2, samples=4, out=result.folder, executor=Refusing())


def test_files_hold_what_was_found(result: Sensitivity) -> None:
    assert pl.read_parquet(result.folder / "sensitivity.parquet").equals(result.table)
    content = json.loads((result.folder / "sensitivity.json").read_text("utf-8"))
    assert content == json.loads(json.dumps(result.to_dict()))
    assert (result.folder / "plots" / "sensitivity.png").is_file()
    assert any(note.startswith("6 pairs of a setting") for note in result.notes)


def test_a_sobol_study(scenario: Scenario, tmp_path: Path) -> None:
    made = sensitivity(
        scenario, RANGES[:2], 1, method="sobol", samples=8, out=tmp_path / "s",
        metric=[FOLLOWED, "tail.alpha"], executor=InProcess(),
    )  # fmt: skip
    assert made.plan.runs <= 8 * 5
    rows = made.table.filter(pl.col("metric") == FOLLOWED)
    assert rows["setting"].to_list()[0] == "feed.sources.following"
    assert set(rows["setting"]) == {"feed.sources.following", "record.tracked", "luck"}
    assert made.table.filter(pl.col("metric") == "tail.alpha").height == 0
    assert any("tail.alpha: only 0 of 8 samples are whole" in note for note in made.notes)


def test_weights_vary_from_half_to_double_unless_they_are_zero(scenario: Scenario) -> None:
    changed = with_changes(scenario, {"feed.weights": {"like": 2, "skip": -0.5, "share": 0}})
    variables = weights_from_half_to_double(changed)
    ends = {v.path: (v.at(0.0).value, v.at(0.5).value, v.at(1.0).value) for v in variables}
    assert ends == {
        "feed.weights.like": (1, 2, 4), "feed.weights.skip": (-1, -0.5, -0.25)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("vary", "more", "words"),
    [
        (["feed.weights.lik=1..2"], {}, 'did you mean "like"'),
        (["feed.weights.like=2..1"], {}, "upside down"),
        (["feed.weights.like="], {}, "has no values"),
        (["feed.slate=5,6,7,8,9"], {}, "at most 4 values"),
        (["feed.slate=5..6"], {"samples": 3}, "at least 4 samples"),
        (["feed.slate=5..6"], {"n": 0}, "1 to 100,000 worlds"),
        (["feed.slate=5..6"], {"method": "fast"}, "known are morris, sobol"),
        (["feed.slate=5..6"], {"method": "sobol", "samples": 60}, "power of two"),
        (["feed.slate=5,6"], {"method": "sobol"}, "such as 5..6"),
        (["feed.cold_start.policy=none,pools"], {"method": "sobol"}, "--method morris"),
        (["feed.slate=5..6"], {"metric": ["watch.minuts"]}, "did you mean"),
        (["feed.slate=5..60"], {}, "candidates"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(
    scenario: Scenario, vary: list[str], more: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ForyouError) as error:
        sensitivity(
            scenario, vary, more.pop("n", 2), out=tmp_path / "s", executor=Refusing(), **more
        )
    assert words in str(error.value)
    assert not (tmp_path / "s").exists()


def test_without_any_weight_something_must_be_named(scenario: Scenario) -> None:
    bare = with_changes(scenario, {"feed.weights": {"like": 0}})
    with pytest.raises(ForyouError, match=r"all feed\.weights are zero"):
        plan_sensitivity(Subject(bare))


@pytest.mark.parametrize(
    ("paths", "shared"),
    [
        (["feed.weights.like", "feed.weights.skip"], "feed.weights."),
        (["feed.weights.like", "feed.slate"], "feed."),
        (["feed.weights.like", "warmup"], ""),
        (["feed.weights.like"], ""),
        (["a.b.x", "a.c.x"], "a."),
    ],
)
def test_what_paths_have_in_common(paths: list[str], shared: str) -> None:
    assert common(paths) == shared


def test_the_command(
    scenario: Scenario, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("COLUMNS", "120")
    file, out = tmp_path / "tiny.yaml", tmp_path / "s"
    file.write_text(dump(scenario), encoding="utf-8")
    args = ["sensitivity", str(file), "--vary", "feed.weights.share=0.5..2", "--vary",
            "feed.cold_start.slots=0..50 %", "--samples", "4", "-n", "1", "--metric", WATCH,
            "--executor", "inline", "--no-plots", "--out", str(out)]  # fmt: skip
    assert main(args) == 0
    seen = capsys.readouterr()
    said = "2 settings and luck, 4 samples, 16 points, 1 world each: "
    runs = len(list((out / "runs").iterdir()))
    assert runs <= 16  # points that two trajectories share are run once
    assert f"{said}{runs} runs\n" in seen.err
    assert "the first run took" in seen.err
    assert "slots" in seen.out
    assert "luck" in seen.out
    assert main([*args, "--json"]) == 0
    seen = capsys.readouterr()
    assert json.loads(seen.out)["method"] == "morris"
    assert main([*args, "--method", "sobol"]) == 2
    assert "at least 8" in capsys.readouterr().err
