"""Parallel worlds: the numbers are those of the runs, and what is done is not done again."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from sim.core.errors import ForyouError, StudyError
from sim.scenario import Scenario, dump, load
from sim.study import Outcome, RunSpec, evaluate, world_seed, worlds
from sim.study.runs.local import InProcess
from sim.study.runs.outcome import failure
from sim.study.statistics.intervals import mean_interval, share_interval, worlds_needed
from sim.study.statistics.metrics import metric
from sim.study.statistics.over_worlds import Precision, over_worlds


class Listing(InProcess):
    """Plays runs here and remembers their worlds; those in ``broken`` fail."""

    def __init__(self, broken: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.played: list[int] = []
        self.broken = broken

    def wait(self, timeout: float | None = None) -> list[Outcome]:
        if not self._queue:
            return []
        spec = self._queue.popleft()
        self.played.append(spec.world)
        return [failure(spec, "a bug") if spec.world in self.broken else evaluate(spec)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("worlds") / "study"


@pytest.fixture(scope="module")
def study(scenario: Scenario, folder: Path) -> Any:
    """Five worlds; tests may read the folder."""
    return worlds(scenario, 5, out=folder, executor=InProcess(), precision="10 %")


def test_the_numbers_are_those_of_the_runs(study: Any, scenario: Scenario) -> None:
    seeds = [world_seed(scenario.seed, w) for w in range(5)]
    assert list(study.seeds) == seeds
    assert seeds[0] == scenario.seed
    assert len(set(seeds)) == 5
    for number in study.numbers:
        of = [evaluate(RunSpec(scenario, seed)).value(number.metric.path) for seed in seeds[:2]]
        assert list(number.values[:2]) == of
    watch = next(n for n in study.numbers if n.metric.path == "watch.minutes_per_user_day")
    assert watch.interval == mean_interval(watch.values)
    assert watch.method == "student"
    assert watch.sd == pytest.approx(np.std(watch.values, ddof=1))
    assert watch.needed == worlds_needed(watch.values, 0.1 * watch.interval.value)


def test_rare_and_common_shares_get_wilsons_interval(study: Any) -> None:
    viral = next(n for n in study.numbers if n.metric.path == "probes.newcomer.viral_share")
    counts = [round(4 * value) for value in viral.values]
    assert viral.method == "wilson"
    assert viral.interval.low == share_interval(counts, [4] * 5).low
    assert 0 <= viral.interval.low < viral.interval.high <= 1
    unseen = next(n for n in study.numbers if n.metric.path == "reach.unseen_share")
    assert unseen.interval.high > unseen.interval.value


@pytest.mark.parametrize(
    ("path", "total"),
    [
        ("reach.above_5x_share", {"reach": {"videos": 40}}),
        ("probes.newcomer.above_93x_share", {"probes": {"newcomer": {"count": 40}}}),
        ("probes.newcomer.time_to_reach.100.share", {"probes": {"newcomer": {"count": 40}}}),
    ],
)
def test_shares_of_videos_have_an_interval_though_none_is_among_them(
    path: str, total: dict[str, Any], scenario: Scenario
) -> None:
    summary = copy.deepcopy(total)
    *above, name = path.split(".")
    node = summary
    for part in above:
        node = node.setdefault(part, {})
    node[name] = 0.0
    number = over_worlds(metric(path, scenario), [summary] * 3)
    assert number.method == "wilson"
    assert number.interval is not None
    assert 0.0 == number.interval.low < number.interval.high


def test_the_folder_has_the_result(study: Any, folder: Path) -> None:
    content = json.loads((folder / "worlds.json").read_text("utf-8"))
    assert content == json.loads(json.dumps(study.to_dict()))
    assert content["numbers"][0]["values"] == list(study.numbers[0].values)
    table = pl.read_parquet(folder / "worlds.parquet")
    assert table.equals(study.table)
    assert table.height == 5
    assert table["watch.minutes_per_user_day"].to_list() == list(study.numbers[2].values)
    assert load(folder / "scenario.yaml") == study.scenario
    assert study.summary["mean"][0] == study.numbers[0].interval.value
    assert sorted(p.name for p in (folder / "plots").iterdir()) == [
        "videos_newcomer.png",
        "worlds.png",
    ]


def test_more_worlds_later_play_only_the_new_ones(
    study: Any, scenario: Scenario, folder: Path
) -> None:
    executor = Listing()
    more = worlds(scenario, 7, out=folder, executor=executor, precision="10 %", plots=False)
    assert executor.played == [5, 6]
    assert more.numbers[0].values[:5] == study.numbers[0].values
    executor = Listing()
    again = worlds(scenario, 5, out=folder, executor=executor, precision="10 %", plots=False)
    assert executor.played == []
    assert again == study


def test_other_numbers_of_the_same_runs_cost_nothing(study: Any, folder: Path) -> None:
    executor = Listing()
    other = worlds(
        study.scenario, 5, out=folder, executor=executor, metric=["watch.hours"], plots=False
    )
    assert executor.played == []
    assert [n.metric.path for n in other.numbers] == ["watch.hours"]


def test_a_failed_run_is_left_out_and_told(scenario: Scenario, tmp_path: Path) -> None:
    result = worlds(scenario, 4, out=tmp_path, executor=Listing((1,)), metric=["watch.hours"])
    (number,) = result.numbers
    assert number.values[1] is None
    assert len(number.known) == 3
    assert number.interval == mean_interval(number.known)
    assert [(f.world, f.error) for f in result.failed] == [(1, "a bug")]
    assert load(tmp_path / result.failed[0].scenario).seed == world_seed(scenario.seed, 1)
    assert result.probes[0].worlds == 3
    healed = worlds(scenario, 4, out=tmp_path, executor=Listing(), metric=["watch.hours"])
    assert healed.failed == ()
    assert None not in healed.numbers[0].values


def test_when_nearly_all_fail_the_study_says_why(scenario: Scenario, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="2 of 3 runs failed; the first: a bug"):
        worlds(scenario, 3, out=tmp_path, executor=Listing((0, 2)))


def test_the_progress_has_the_result_so_far(scenario: Scenario, folder: Path, study: Any) -> None:
    notes: list[str] = []
    worlds(
        scenario, 5, out=folder, executor=InProcess(), metric=["watch.hours"], plots=False,
        progress=lambda report: notes.append(report.note),
    )  # fmt: skip
    assert notes[-1].startswith("watch.hours ")
    assert " to " in notes[-1]


def test_another_study_is_refused(study: Any, scenario: Scenario, folder: Path) -> None:
    before = (folder / "worlds.json").read_bytes()
    with pytest.raises(StudyError, match="seed is 0, not 9"):
        worlds(scenario, 5, out=folder, seed=9)
    assert (folder / "worlds.json").read_bytes() == before


def test_a_file_with_changes_and_a_seed(scenario: Scenario, tmp_path: Path) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(dump(scenario), encoding="utf-8")
    result = worlds(
        file, 2, out=tmp_path / "out", seed=4, overrides=["feed.weights.like=3"],
        executor=InProcess(), plots=False,
    )  # fmt: skip
    assert result.seeds[0] == 4
    assert result.scenario.feed.weights["like"] == 3.0
    with pytest.raises(ForyouError, match="overrides are for a file"):
        worlds(scenario, 2, out=tmp_path / "x", overrides=["feed.weights.like=3"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n": 1}, "2 to 100,000 worlds"),
        ({"n": 10**6}, "2 to 100,000 worlds"),
        ({"metric": ["watch.hour"]}, "did you mean"),
        ({"level": 1.5}, "between 0 and 1"),
        ({"precision": "-5 %"}, "positive number"),
    ],
)
def test_a_mistake_is_said_before_anything_is_written(
    options: dict[str, Any], words: str, scenario: Scenario, tmp_path: Path
) -> None:
    with pytest.raises(ForyouError, match=words):
        worlds(scenario, **{"n": 3, **options}, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "amount", "relative"),
    [("5 %", 0.05, True), ("5%", 0.05, True), ("0.5", 0.5, False), (0.01, 0.01, False)],
)
def test_a_precision_is_relative_or_not(text: Any, amount: float, relative: bool) -> None:
    found = Precision.parse(text)
    assert found == Precision(amount, relative)
    assert found.half_width(-20.0) == pytest.approx(20 * amount if relative else amount)


@pytest.mark.parametrize("text", ["", "%", "x", "0", "-1", "nan", "inf %", "5 % %"])
def test_what_is_no_precision_is_refused(text: str) -> None:
    with pytest.raises(ForyouError, match="positive number"):
        Precision.parse(text)


def test_an_interval_stays_where_the_number_can_be(scenario: Scenario) -> None:
    summaries = [{"inequality": {"gini_views": v}} for v in (0.01, 0.02, 0.3)]
    number = over_worlds(metric("inequality.gini_views", scenario), summaries)
    assert number.interval is not None
    assert number.interval.low == 0.0
    assert mean_interval([0.01, 0.02, 0.3]).low < 0


def test_without_values_there_is_no_interval(scenario: Scenario) -> None:
    number = over_worlds(metric("watch.hours", scenario), [None, {"watch": {"hours": 2.0}}, {}])
    assert number.values == (None, 2.0, None)
    assert (number.interval, number.method, number.needed) == (None, "", None)
    same = over_worlds(
        metric("watch.hours", scenario), [{"watch": {"hours": 2.0}}] * 3, 0.95, Precision(0.1, True)
    )
    assert same.needed is None
    assert not math.isnan(same.scale.factor)
