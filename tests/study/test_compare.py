"""Comparisons: the same worlds for all arms, differences by pairs, only of what can be paired."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from sim.core.errors import ForyouError, ScenarioError, StudyError
from sim.scenario import Scenario, dump, load
from sim.study import RunSpec, compare, evaluate, with_changes, world_seed
from sim.study.compare.arms import Arm, arms_of, parse_arms, unlike
from sim.study.compare.result import contrast_of
from sim.study.runs.local import InProcess
from sim.study.runs.outcome import Outcome, failure
from sim.study.runs.start import Subject
from sim.study.statistics.metrics import metric
from sim.study.statistics.multiple import holm
from sim.study.statistics.paired import paired_difference
from sim.study.statistics.unpaired import unpaired_difference

ARMS = {"likes": ["feed.weights.like=30"], "none": ["feed.cold_start.policy=none"]}


class Listing(InProcess):
    """Plays runs here and remembers them; those of the arm ``broken`` fail."""

    def __init__(self, broken: str = "") -> None:
        super().__init__()
        self.played: list[RunSpec] = []
        self.broken = broken

    def wait(self, timeout: float | None = None) -> list[Outcome]:
        if not self._queue:
            return []
        spec = self._queue.popleft()
        self.played.append(spec)
        return [failure(spec, "a bug") if spec.arm == self.broken else evaluate(spec)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compare") / "study"


@pytest.fixture(scope="module")
def study(scenario: Scenario, folder: Path) -> Any:
    """Three arms in four worlds."""
    return compare([scenario], 4, arms=ARMS, out=folder, executor=InProcess())


def test_differences_are_those_of_the_same_worlds(study: Any, scenario: Scenario) -> None:
    seeds = [world_seed(scenario.seed, w) for w in range(4)]
    assert list(study.seeds) == seeds
    other = with_changes(scenario, {"feed.weights.like": 30.0})
    before, after = (
        [evaluate(RunSpec(s, seed)).value("watch.minutes_per_user_day") for seed in seeds]
        for s in (scenario, other)
    )
    contrast = next(
        c
        for c in study.contrasts
        if (c.metric.path, c.arm) == ("watch.minutes_per_user_day", "likes")
    )
    assert contrast.differences == tuple(b - a for a, b in zip(before, after, strict=True))
    assert contrast.difference == paired_difference(before, after)


def test_every_arm_and_number_is_there_with_p_for_their_number(study: Any) -> None:
    paths = [n.metric.path for n in study.numbers["tiny"]]
    assert list(study.arms) == ["tiny", "likes", "none"]
    assert [(c.metric.path, c.arm) for c in study.contrasts] == [
        (path, arm) for path in paths for arm in ("likes", "none")
    ]
    known = [c for c in study.contrasts if c.difference is not None]
    assert [c.adjusted_p for c in known] == holm([c.difference.p for c in known]).tolist()
    assert study.arms["none"].feed.cold_start.policy == "none"


def test_the_folder_has_the_result(study: Any, folder: Path) -> None:
    content = json.loads((folder / "compare.json").read_text("utf-8"))
    assert content == json.loads(json.dumps(study.to_dict()))
    assert pl.read_parquet(folder / "compare.parquet").equals(study.table)
    runs = pl.read_parquet(folder / "runs.parquet")
    assert runs.equals(study.runs)
    assert runs.height == 12
    assert load(folder / "arms" / "likes.yaml") == study.arms["likes"]
    assert [p.name for p in (folder / "plots").iterdir()] == ["compare.png"]
    row = study.table.row(0, named=True)
    assert row["difference"] == pytest.approx(row["after"] - row["before"])


def test_what_is_done_is_not_done_again(study: Any, scenario: Scenario, folder: Path) -> None:
    executor = Listing()
    more = compare([scenario], 5, arms=ARMS, out=folder, executor=executor, plots=False)
    assert [(spec.arm, spec.world) for spec in executor.played] == [
        ("tiny", 4),
        ("likes", 4),
        ("none", 4),
    ]
    assert more.contrasts[0].differences[:4] == study.contrasts[0].differences
    with pytest.raises(StudyError, match="arms is"):
        compare([scenario], 4, arms={"likes": ARMS["likes"]}, out=folder)


def test_the_progress_has_the_difference_so_far(
    study: Any, scenario: Scenario, folder: Path
) -> None:
    notes: list[str] = []
    compare(
        [scenario], 4, arms=ARMS, out=folder, executor=InProcess(), metric=["watch.hours"],
        progress=lambda report: notes.append(report.note), plots=False,
    )  # fmt: skip
    assert notes[-1].startswith("watch.hours likes - tiny: ")


def test_a_failed_run_takes_its_pair_alone(scenario: Scenario, tmp_path: Path) -> None:
    result = compare(
        [scenario], 3, arms=ARMS, out=tmp_path, executor=Listing("none"), metric=["watch.hours"]
    )
    likes, none = result.contrasts
    assert likes.difference is not None
    assert none.difference is None
    assert none.differences == (None, None, None)
    assert [(f.arm, f.world) for f in result.failed] == [("none", 0), ("none", 1), ("none", 2)]
    with pytest.raises(StudyError, match="runs failed"):
        compare(
            [scenario], 3, arms={"none": ARMS["none"]}, out=tmp_path / "x", executor=Listing("none")
        )


def test_unpaired_arms_have_worlds_of_their_own(scenario: Scenario, tmp_path: Path) -> None:
    smaller = with_changes(scenario, {"population.users": 100, "name": "smaller"})
    executor = Listing()
    result = compare(
        [scenario, smaller], 3, out=tmp_path, unpaired=True, executor=executor,
        metric=["watch.minutes_per_user_day"],
    )  # fmt: skip
    seeds = {arm: {s.seed for s in executor.played if s.arm == arm} for arm in result.arms}
    assert len(seeds["tiny"] | seeds["smaller"]) == 6
    (contrast,) = result.contrasts
    a, b = (result.numbers[arm][0].values for arm in ("tiny", "smaller"))
    assert contrast.difference == unpaired_difference(a, b)
    assert contrast.differences == ()
    assert contrast.difference.variance_saved is None


def test_unpaired_differences_are_welchs() -> None:
    draw = np.random.default_rng(6)
    a, b = draw.normal(3, 1, 9), draw.normal(4, 5, 14)
    found = unpaired_difference(a, b)
    right = stats.ttest_ind(b, a, equal_var=False)
    ends = right.confidence_interval(0.95)
    assert found.p == pytest.approx(right.pvalue)
    assert (found.interval.low, found.interval.high) == pytest.approx((ends.low, ends.high))
    same = unpaired_difference([2.0, 2.0], [2.0, 2.0])
    assert (same.difference, same.p, same.interval.half_width) == (0.0, 1.0, 0.0)
    assert unpaired_difference([2.0, 2.0], [3.0, 3.0]).p == 0.0


def test_pairs_need_a_value_on_both_sides(scenario: Scenario) -> None:
    hours = metric("watch.hours", scenario)
    found = contrast_of(hours, "b", [1.0, None, 3.0, 4.0], [2.0, 5.0, None, 7.0], True, 0.95)
    assert found.differences == (1.0, None, None, 3.0)
    assert found.difference == paired_difference([1.0, 4.0], [2.0, 7.0])
    assert contrast_of(hours, "b", [1.0, None], [None, 2.0], True, 0.95).difference is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"population.users": 149}, "population.users is 149, not 150"),
        ({"duration": 7 * 3600.0}, "duration is 7 h, not 8 h"),
        ({"warmup": 60.0}, "warmup is 1 min, not 0"),
        ({"seed": 3}, "seed is 3, not 0"),
        ({"viral.reach": 0.5}, "viral.reach is 50 %, not 1 %"),
        ({"viral.age": 3600.0}, "viral.age is 1 h, not left out"),
        ({"population.locales[0].utc_offset": 0.0}, "population.locales is"),
    ],
)
def test_worlds_that_cannot_be_paired_are_refused(
    change: dict[str, Any], words: str, scenario: Scenario, tmp_path: Path
) -> None:
    other = with_changes(scenario, {**change, "name": "other"})
    assert len(unlike(scenario, other)) == 1
    with pytest.raises(ForyouError) as caught:
        compare([scenario, other], 3, out=tmp_path / "out")
    assert f'"other": {words}' in str(caught.value)
    assert "--unpaired" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_multiple_of_another_mean_is_another_ruler(scenario: Scenario) -> None:
    first = with_changes(scenario, {"catalogue.mean_impressions": 100, "viral.impressions": "2x"})
    other = with_changes(first, {"catalogue.mean_impressions": 200})
    assert unlike(first, other) == ["viral.impressions is a multiple of 200.0, not of 100.0"]
    assert len(unlike(scenario, first)) == 2


@pytest.mark.parametrize(
    "change",
    [{"feed.weights.like": 3.0}, {"behaviour.watch": {}}, {"probes": []}, {"record.tracked": 1}],
)
def test_other_rankers_people_of_another_taste_and_probes_can_be_paired(
    change: dict[str, Any], scenario: Scenario
) -> None:
    assert unlike(scenario, with_changes(scenario, change)) == []


def test_arms_are_named_by_scenario_or_by_file(scenario: Scenario, tmp_path: Path) -> None:
    other = with_changes(scenario, {"feed.weights.like": 3.0})
    files = [tmp_path / "before.yaml", tmp_path / "after.yaml"]
    for file, one in zip(files, (scenario, other), strict=True):
        file.write_text(dump(one), encoding="utf-8")
    assert [arm.name for arm in arms_of(files, {})] == ["before", "after"]
    with pytest.raises(ForyouError, match='two arms are called "tiny"'):
        arms_of([scenario, other], {})
    named = with_changes(other, {"name": "other"})
    assert [arm.name for arm in arms_of([scenario, named], {})] == ["tiny", "other"]
    assert [arm.name for arm in arms_of([files[0]], ARMS)] == ["tiny", "likes", "none"]


def test_overrides_and_the_seed_hold_for_all_arms(scenario: Scenario) -> None:
    arms = arms_of([scenario], ARMS, ["feed.weights.share=7"], seed=11)
    assert [arm.subject.scenario.feed.weights["share"] for arm in arms] == [7.0, 7.0, 7.0]
    assert [arm.subject.seed for arm in arms] == [11, 11, 11]


@pytest.mark.parametrize(
    ("count", "changes", "words"),
    [
        (1, {}, "needs two arms"),
        (2, {"a": ["feed.weights.like=3"]}, "changed copies of one scenario"),
        (1, {"tiny": ["feed.weights.like=3"]}, 'two arms are called "tiny"'),
        (1, {"a": ["question=why"]}, 'is the same scenario as "tiny"'),
        (1, {"a": ["feed.weights.lik=3"]}, "feed.weights.lik"),
    ],
)
def test_arms_that_make_no_comparison_are_refused(
    count: int, changes: dict[str, list[str]], words: str, scenario: Scenario
) -> None:
    with pytest.raises((ForyouError, ScenarioError)) as caught:
        arms_of([scenario] * count, changes)
    assert words in str(caught.value)


def test_arms_on_the_command_line() -> None:
    texts = ["a:x=1", "b:y.z=2", 'a:feed.score=["m:C"]']
    assert parse_arms(texts) == {"a": ["x=1", 'feed.score=["m:C"]'], "b": ["y.z=2"]}
    for wrong in ("a", "a:", "a:b", ":x=1", "x=1", "a b:x=1"):
        with pytest.raises(ForyouError, match="NAME:PATH=VALUE"):
            parse_arms([wrong])


def test_paired_arms_share_seeds_and_unpaired_ones_do_not(scenario: Scenario) -> None:
    arms = [Arm(name, Subject(scenario)) for name in ("a", "b", "c")]
    assert {arm.run(3, i, True).seed for i, arm in enumerate(arms)} == {world_seed(0, 3)}
    apart = [[arm.run(w, i, False).seed for w in range(4)] for i, arm in enumerate(arms)]
    assert apart[0] == [world_seed(0, w) for w in range(4)]
    assert len({seed for row in apart for seed in row}) == 12
