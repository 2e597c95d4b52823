"""The whole search: the same result however it is played, interrupted and shared; and its errors.

Most tests play formulas in place of worlds: an executor whose runs take no time. Real worlds are
played at the end.
"""

from __future__ import annotations

import json
import random
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from sim.core.errors import ForyouError, ScenarioError, StudyError
from sim.core.random import key, normal, stream
from sim.record.files import use_disk
from sim.scenario import Scenario, load, loads
from sim.simulate import simulate
from sim.study import Outcome, RunSpec, tune
from sim.study.runs.local import InProcess
from sim.study.runs.outcome import failure
from sim.study.tune import storage as storage_module
from sim.study.tune.result import Tuned
from sim.testing.disks import FaultyDisk

TEXT = """\
name: formula
duration: 1 d
probes: [{name: new, post_at: 1 h}]
feed: {weights: {like: 1.0, share: 1.0, watch: 0}}
tune:
  vary:
    feed.weights.like: {low: 0, high: 4}
    feed.weights.share: {low: 0.1, high: 10, scale: log}
    feed.weights.watch: {low: 0, high: 1}
    feed.cold_start.policy: {choice: [pools, none]}
  objectives: [{metric: probes.new.viral_share}]
  constraints: [{metric: watch.minutes_per_user_day, at_least: 98 %, of: start}]
  trials: 42
  worlds: 4
  batch: 6
  startup: 12
  confirm: {worlds: 8, candidates: 3}
"""
VIRAL, MINUTES = "probes.new.viral_share", "watch.minutes_per_user_day"


def formula(spec: RunSpec) -> Outcome:
    """Likes and shares help newcomers up to a point; likes cost watch time, watch brings it."""
    weights = spec.scenario.feed.weights
    like, share, watch = weights["like"], weights["share"], weights["watch"]
    luck = float(normal(stream(key(spec.seed, "world"), 0), 0))
    own = key(spec.seed, f"{like:.6f}/{share:.6f}/{watch:.6f}")
    noise = [float(normal(stream(own, i), 0)) for i in (0, 1)]
    viral = 0.2 + 0.06 * like - 0.05 * np.log10(share) ** 2 - 0.1 * watch
    viral += 0.05 * luck + 0.01 * noise[0]
    minutes = (40 - 2.0 * (like - 1) + 6.0 * watch) * (1 + 0.1 * luck) + 0.1 * noise[1]
    summary = {
        "probes": {"new": {"viral_share": float(viral), "reach_median": 5.0}},
        "watch": {"minutes_per_user_day": float(minutes)},
        "reach": {"viral_share": 0.1 + 0.01 * luck, "unseen_share": None},
        "engagement": {"by_views": 8.0},
        "inequality": {"gini_views": 0.5 + 0.1 * float(share) / 10},
    }
    return Outcome(spec.key, spec.seed, summary, f"{spec.key}-1", 1, 0.0, None)


class Formulas(InProcess):
    """Plays formulas; with several workers their outcomes come in any order."""

    def __init__(
        self, workers: int = 1, order: int = 0, play: Callable[[RunSpec], Outcome] = formula
    ) -> None:
        super().__init__()
        self.workers = workers
        self.played: list[RunSpec] = []
        self.most = 0
        self._luck = random.Random(order)
        self._play = play

    def wait(self, timeout: float | None = None) -> list[Outcome]:
        self.most = max(self.most, len(self._queue))
        waiting = list(self._queue)
        if not waiting:
            return []
        self._luck.shuffle(waiting)
        chosen = waiting[: self._luck.randint(1, len(waiting))]
        self._queue = deque(spec for spec in self._queue if spec not in chosen)
        self.played += chosen
        return [self._play(spec) for spec in chosen]


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return loads(TEXT)


def search(out: Path, scenario: Scenario, executor: Any = None, **how: Any) -> Tuned:
    return tune(scenario, out=out, executor=executor or Formulas(), plots=False, **how)


@pytest.fixture(scope="module")
def one_worker() -> Formulas:
    """Who has played the search of :func:`done`."""
    return Formulas()


@pytest.fixture(scope="module")
def done(
    scenario: Scenario, one_worker: Formulas, tmp_path_factory: pytest.TempPathFactory
) -> Tuned:
    """The search as one worker plays it without a break."""
    return search(tmp_path_factory.mktemp("tune") / "out", scenario, one_worker)


def written(folder: Path) -> dict[str, Any]:
    """Everything that a finished search says."""
    found: dict[str, Any] = {"tune": json.loads((folder / "tune.json").read_text())}
    for name in ("tune", "trials"):
        found[f"{name} table"] = pl.read_parquet(folder / f"{name}.parquet").rows()
    best = folder / "best.yaml"
    found["best"] = best.read_text() if best.is_file() else None
    return found


# ---- what it finds ----------------------------------------------------------------------------


def test_it_finds_what_is_there_and_keeps_the_constraint(done: Tuned) -> None:
    best = done.best
    assert best is not None
    found = best.trial.params
    # of what gains most, watch weight buys the minutes that likes cost
    assert float(found["feed.weights.like"]) > 2.0
    assert 0.3 < float(found["feed.weights.share"]) < 3.0
    viral, minutes = best.number(VIRAL).difference, best.number(MINUTES).difference
    assert viral is not None
    assert minutes is not None
    assert viral.interval.low > 0.03
    assert minutes.after >= 0.98 * minutes.before
    assert best.holds
    assert best.bounds[0].margin.value == pytest.approx(minutes.after - 0.98 * minutes.before)


def test_trials_are_stopped_early_and_why_is_kept(tmp_path: Path) -> None:
    text = TEXT.replace("  trials: 42", "  sampler: random\n  trials: 42")
    executor = Formulas()
    result = search(tmp_path / "out", loads(text), executor)
    stopped = [trial for trial in result.trials if trial.state == "pruned"]
    assert len(stopped) >= 15
    assert all(0 < trial.worlds < 4 for trial in stopped)
    reasons = " ".join(trial.why for trial in stopped)
    assert f"below the median in {VIRAL}" in reasons
    assert f"clearly not {MINUTES} at least 98 % of the start" in reasons
    # the first trials are what others are compared with
    assert all(trial.state == "complete" for trial in result.trials[:12])
    # and what is stopped is not played on
    searched = [spec for spec in executor.played if spec.world < 1_000]
    assert len(searched) <= 4 + sum(trial.worlds for trial in result.trials)
    whole = search(tmp_path / "whole", loads(text, overrides=["tune.prune=false"]))
    assert {trial.state for trial in whole.trials} == {"complete"}


def test_the_test_uses_worlds_that_no_trial_saw(done: Tuned, one_worker: Formulas) -> None:
    searched = {s.seed for s in one_worker.played if s.world < 1_000}
    fresh = {s.seed for s in one_worker.played if s.world >= 1_000}
    assert len(searched) == 4
    assert len(fresh) == 8
    assert not searched & fresh
    arms = {s.arm for s in one_worker.played if s.world >= 1_000}
    assert arms == {"start", *(f"trial {c.trial.number}" for c in done.candidates)}


def test_the_winners_curse_is_visible(tmp_path: Path) -> None:
    """Where nothing matters searches promise gains, and fresh worlds take them back.

    Over four searches, since a single winner may be lucky twice; and the luck is of the trial and
    the world alone, not of the key of the run, which a version of the results changes.
    """

    def nothing(spec: RunSpec) -> Outcome:
        found = formula(spec)
        assert found.summary is not None
        weights = spec.scenario.feed.weights
        own = key(spec.seed, f"{spec.scenario.name}/{sorted(weights.items())}/nothing")
        noise = 0.05 * float(normal(stream(own, 0), 0))
        found.summary["probes"]["new"]["viral_share"] = 0.3 + noise
        found.summary["watch"]["minutes_per_user_day"] = 40.0
        return found

    promised, kept, sure = [], [], 0
    for seed in range(4):
        text = f"seed: {seed}\n{TEXT}"
        result = search(tmp_path / f"out{seed}", loads(text), Formulas(play=nothing))
        number = result.candidates[0].number(VIRAL)
        assert number.difference is not None
        assert number.adjusted_p is not None
        promised.append(number.search_after - number.search_before)
        kept.append(number.difference.difference)
        sure += number.adjusted_p <= 0.05
    assert np.mean(promised) > 0.025
    assert np.mean(kept) < 0.6 * np.mean(promised)
    assert sure <= 1


def test_best_yaml_is_a_scenario_that_is_the_best(done: Tuned) -> None:
    assert done.best is not None
    found = load(done.folder / "best.yaml")
    assert found.tune is None
    params = done.best.trial.params
    assert found.feed.weights["like"] == params["feed.weights.like"]
    assert found.feed.cold_start.policy == params["feed.cold_start.policy"]
    assert found.seed == done.scenario.seed
    run = RunSpec(found, 7)
    assert run.key == RunSpec(done.scenario_of(done.best.trial), 7).key
    text = (done.folder / "best.yaml").read_text()
    assert f"# Trial {done.best.trial.number} of a search" in text
    assert "On fresh worlds, before and after:" in text


def test_the_tables_say_the_same_as_the_result(done: Tuned) -> None:
    table = pl.read_parquet(done.folder / "tune.parquet")
    assert table.height == len(done.candidates) * len(done.start.aim.shown)
    row = table.filter((pl.col("path") == VIRAL) & pl.col("best")).to_dicts()[0]
    assert done.best is not None
    difference = done.best.number(VIRAL).difference
    assert difference is not None
    assert row["after"] - row["before"] == pytest.approx(row["difference"])
    assert (row["low"], row["high"]) == (difference.interval.low, difference.interval.high)
    # intervals hold for the three candidates together
    assert difference.interval.level == pytest.approx(1 - 0.05 / 3)
    trials = pl.read_parquet(done.folder / "trials.parquet")
    assert trials["trial"].to_list() == list(range(42))
    assert set(trials["feed.cold_start.policy"]) == {"pools", "none"}
    assert set(trials.filter("front")["trial"]) == {t.number for t in done.front}


def test_several_objectives_give_a_front_with_scenarios(tmp_path: Path) -> None:
    text = TEXT.replace(
        "[{metric: probes.new.viral_share}]",
        "[{metric: probes.new.viral_share}, {metric: inequality.gini_views, goal: minimise}, "
        "{metric: watch.minutes_per_user_day}]",
    ).replace("trials: 42", "trials: 36")
    result = search(tmp_path / "out", loads(text))
    assert len(result.front) >= 4
    gains = np.array([result.start.gains(t.values).mean(axis=1) for t in result.front])
    assert all(not ((gains >= row).all(1) & (gains > row).any(1)).any() for row in gains)
    assert all(result.start.feasible(trial.values) for trial in result.front)
    assert result.best is not None
    files = sorted(path.name for path in (tmp_path / "out" / "front").iterdir())
    assert files == sorted(f"trial-{c.trial.number}.yaml" for c in result.candidates)
    load(tmp_path / "out" / "front" / files[0])


def test_when_nothing_keeps_the_constraint_it_is_said(tmp_path: Path) -> None:
    text = TEXT.replace("at_least: 98 %, of: start", "at_least: 500").replace("42", "12")
    result = search(tmp_path / "out", loads(text))
    assert result.candidates == ()
    assert result.best is None
    assert not (tmp_path / "out" / "best.yaml").exists()
    assert len(result.front) >= 1


@pytest.mark.parametrize("sampler", ["nsga2", "random"])
def test_other_samplers_search_too(sampler: str, tmp_path: Path) -> None:
    text = TEXT.replace("  trials: 42", f"  sampler: {sampler}\n  trials: 36")
    result = search(tmp_path / "out", loads(text))
    assert len(result.trials) == 36
    assert result.best is not None


# ---- the same result however it is played -----------------------------------------------------


@pytest.mark.parametrize(("workers", "order"), [(2, 1), (5, 2), (16, 3)])
def test_workers_and_their_order_change_nothing(
    workers: int, order: int, done: Tuned, scenario: Scenario, tmp_path: Path
) -> None:
    executor = Formulas(workers, order)
    search(tmp_path / "out", scenario, executor)
    assert written(tmp_path / "out") == written(done.folder)
    assert executor.most > 1


class Stop(Exception):
    """Ends a search somewhere."""


class Breaking(Formulas):
    """Ends the search after so many runs."""

    def __init__(self, after: int, workers: int = 2, order: int = 0) -> None:
        super().__init__(workers, order)
        self.after = after

    def wait(self, timeout: float | None = None) -> list[Outcome]:
        if len(self.played) >= self.after:
            raise Stop
        return super().wait(timeout)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_search_that_is_stopped_anywhere_goes_on(
    seed: int, done: Tuned, scenario: Scenario, tmp_path: Path
) -> None:
    luck = random.Random(seed)
    played = 0
    for _ in range(12):
        executor = Breaking(luck.randint(0, 14), luck.randint(1, 6), seed)
        with pytest.raises(Stop):
            search(tmp_path / "out", scenario, executor)
        played += len(executor.played)
    last = Formulas()
    search(tmp_path / "out", scenario, last)
    assert written(tmp_path / "out") == written(done.folder)
    # nothing is played twice, but what was under way and looked ahead
    assert len(last.played) + played <= len(list((tmp_path / "out" / "runs").iterdir())) + 24


def test_more_trials_go_on_where_fewer_ended(
    done: Tuned, scenario: Scenario, tmp_path: Path
) -> None:
    short = search(tmp_path / "out", scenario, trials=20)
    assert [t.number for t in short.trials] == list(range(20))
    search(tmp_path / "out", scenario, trials=42)
    assert written(tmp_path / "out") == written(done.folder)
    again = search(tmp_path / "out", scenario, trials=20)
    assert [t.params for t in again.trials] == [t.params for t in short.trials]


@pytest.mark.filterwarnings("ignore")  # Optuna's notices are silenced process by process
def test_two_at_once_share_the_work(done: Tuned, scenario: Scenario, tmp_path: Path) -> None:
    together = threading.Barrier(2)

    class Waiting(Formulas):
        """Begins when the other is there."""

        def wait(self, timeout: float | None = None) -> list[Outcome]:
            if not self.played:
                together.wait()
            time.sleep(0.05)  # a trial takes its time, or one of them would take them all
            return super().wait(timeout)

    executors = [Waiting(2, 1), Waiting(2, 2)]
    found: list[Any] = []
    address = f"sqlite:///{tmp_path / 'shared.db'}"

    def play(executor: Formulas, folder: str) -> None:
        try:
            found.append(search(tmp_path / folder, scenario, executor, storage=address))
        except BaseException as error:
            found.append(error)

    threads = [
        threading.Thread(target=play, args=(executor, f"machine{i}"))
        for i, executor in enumerate(executors)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [x for x in found if isinstance(x, BaseException)] == []
    for i in range(2):
        assert written(tmp_path / f"machine{i}") == written(done.folder)
    first, second = (
        {s.key for s in e.played if s.arm.startswith("trial") and s.world < 1_000}
        for e in executors
    )
    assert first
    assert second
    assert len(first & second) <= 1  # the start is the first trial, and is played by both


def test_optuna_reads_the_file(done: Tuned) -> None:
    import optuna

    address = f"sqlite:///{done.folder / 'trials.db'}"
    (name,) = optuna.get_all_study_names(address)
    study = optuna.load_study(study_name=name, storage=address)
    assert len(study.trials) == 42
    assert study.metric_names == [VIRAL]
    states = {"COMPLETE": "complete", "PRUNED": "pruned"}
    assert [states[t.state.name] for t in study.trials] == [t.state for t in done.trials]
    whole = next(t for t in study.trials if t.state.name == "COMPLETE" and t.number)
    assert whole.value == pytest.approx(np.mean(done.trials[whole.number].values[VIRAL]))
    assert list(whole.intermediate_values) == [0, 1, 2, 3]
    assert list(whole.constraints) == [f"{MINUTES} at least 98 % of the start"]


# ---- limits and failures ----------------------------------------------------------------------


def test_a_time_limit_ends_the_search_at_a_batch(scenario: Scenario, tmp_path: Path) -> None:
    result = search(tmp_path / "out", scenario, time_limit_s=1e-9)
    assert len(result.trials) == 0
    assert result.best is None
    assert (tmp_path / "out" / "tune.json").is_file()
    whole = search(tmp_path / "out", scenario, trials=6)
    assert len(whole.trials) == 6


def breaking(spec: RunSpec) -> Outcome:
    """Fails with many shares in one of the worlds."""
    if spec.scenario.feed.weights["share"] > 3 and spec.world == 2:
        return failure(spec, "a bug")
    return formula(spec)


def test_a_failing_run_takes_only_its_trial_down(tmp_path: Path) -> None:
    text = TEXT.replace("prune", "x").replace("  trials: 42", "  prune: false\n  trials: 24")
    result = search(tmp_path / "out", loads(text), Formulas(3, 1, breaking))
    failed = [t for t in result.trials if t.state == "failed"]
    assert failed
    assert all(t.why == "world 2: a bug" for t in failed)
    assert all(float(t.params["feed.weights.share"]) > 3 for t in failed)
    assert len(list((tmp_path / "out" / "failed").iterdir())) == len(failed)
    assert result.best is not None


def test_a_point_that_is_no_scenario_fails_and_says_why(tmp_path: Path) -> None:
    text = TEXT.replace(
        "cold_start.policy: {choice: [pools, none]}", "candidates: {low: 2, high: 60}"
    )
    result = search(tmp_path / "out", loads(text, overrides=["feed.candidates=50"]), trials=24)
    failed = [t for t in result.trials if t.state == "failed"]
    assert failed
    assert "must be at least the slate" in failed[0].why
    assert all(int(t.params["feed.candidates"]) < 10 for t in failed)


def test_when_every_trial_fails_it_stops(tmp_path: Path) -> None:
    def play(spec: RunSpec) -> Outcome:
        return formula(spec) if spec.arm == "start" else failure(spec, "a bug")

    text = TEXT.replace("low: 0, high: 4", "low: 2, high: 4")
    with pytest.raises(StudyError, match="all 6 trials so far failed; the first: world 0: a bug"):
        search(tmp_path / "out", loads(text), Formulas(play=play))


def test_a_start_that_fails_is_an_error(scenario: Scenario, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"start from do not run: .*world 0.*: a bug"):
        search(tmp_path / "out", scenario, Formulas(play=lambda spec: failure(spec, "a bug")))


def test_an_objective_that_the_start_does_not_have(tmp_path: Path) -> None:
    text = TEXT.replace("[{metric: probes.new.viral_share}]", "[{metric: reach.unseen_share}]")
    with pytest.raises(StudyError, match=r"give no number to compare with.*reach\.unseen_share"):
        search(tmp_path / "out", loads(text))


def test_a_full_disk_loses_nothing(done: Tuned, scenario: Scenario, tmp_path: Path) -> None:
    full = use_disk(FaultyDisk("ENOSPC", 300))
    with full, pytest.raises(StudyError, match="No space left on device"):
        search(tmp_path / "out", scenario)
    assert len(list((tmp_path / "out" / "runs").iterdir())) > 40
    search(tmp_path / "out", scenario)
    assert written(tmp_path / "out") == written(done.folder)


# ---- what is refused --------------------------------------------------------------------------


def test_an_unknown_number_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(TEXT.replace("{metric: probes.new.viral_share}", "{metric: probes.nex.reach}"))
    with pytest.raises(ScenarioError) as error:
        tune(path, out=tmp_path / "out")
    ((file, line, column, where, message),) = [
        (p.file, p.line, p.column, p.path, p.message) for p in error.value.problems
    ]
    assert (file, line, column) == (str(path), 11, 25)
    assert where == "tune.objectives[0].metric"
    assert 'has no probe "nex"; its probes are new' in message
    assert not (tmp_path / "out").exists()


def test_the_folder_of_another_search_is_refused(
    done: Tuned, scenario: Scenario, tmp_path: Path
) -> None:
    others: Sequence[tuple[dict[str, Any], str]] = [
        ({"seed": 5}, "seed is 0, not 5"),
        ({"worlds": 3}, "worlds is 4, not 3"),
    ]
    for how, words in others:
        with pytest.raises(StudyError, match=words):
            search(done.folder, scenario, **how)
    changed = loads(TEXT, overrides=["feed.weights.comment=3"])
    with pytest.raises(StudyError, match="holds another study: content is"):
        search(done.folder, changed)
    other = loads(TEXT.replace("high: 4", "high: 5"))
    with pytest.raises(StudyError, match="search is"):
        search(done.folder, other)
    assert written(done.folder)["tune"]["best"] == (done.best and done.best.trial.number)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"trials": 0}, "1 to 100,000 trials; got 0"),
        ({"worlds": 5_000}, "1 to 1,000 worlds; got 5000"),
        ({"time_limit_s": 0.0}, "time limit must be more than 0"),
        ({"level": 1.0}, "between 0 and 1"),
    ],
)
def test_wrong_numbers_are_refused(
    how: dict[str, Any], words: str, scenario: Scenario, tmp_path: Path
) -> None:
    with pytest.raises(ForyouError, match=words):
        search(tmp_path / "out", scenario, **how)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://me:secret@there/x", "mysql:// is not supported"),
        ("me:secret@there", "no address of a database"),
        ("postgresql://me:secret@there:port/x", "no address of a database"),
        ("postgresql://me:sec@ret@there/x", "write one in a password as %40"),
        ("sqlite://", "needs a file"),
        ("sqlite:////no/such/folder/x.db", "unable to open database file"),
    ],
)
def test_a_storage_that_cannot_be_is_refused_without_its_password(
    url: str, words: str, scenario: Scenario, tmp_path: Path
) -> None:
    with pytest.raises(StudyError, match=words) as error:
        search(tmp_path / "out", scenario, storage=url)
    assert "secret" not in str(error.value)
    assert "ret@" not in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_storage_needs_its_package(
    scenario: Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_module, "find_spec", lambda name: None)
    with pytest.raises(StudyError, match=r'pip install "foryou\[postgres\]"'):
        search(tmp_path / "out", scenario, storage="postgresql://me@localhost/x")


def test_a_file_that_is_no_database(scenario: Scenario, tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_text("not a database, but long enough to be looked at as one" * 40)
    with pytest.raises(StudyError, match="not a database"):
        search(tmp_path / "out", scenario, storage=f"sqlite:///{path}")


# ---- real worlds ------------------------------------------------------------------------------

REAL = """\
name: real
duration: 4 h
refresh: 10 min
population: {users: 80, creators: 25 %, topics: 4}
creators: {posts_per_week: 20/week}
catalogue: {history: 1 d}
feed: {candidates: 30, slate: 5, reindex: 30 min, cold_start: {policy: none}}
probes: [{name: new, count: 10, post_at: 30 min, spread: 30 min}]
viral: {reach: 5 %}
tune:
  vary:
    feed.weights.watch: {low: 0, high: 0.1}
    feed.weights.skip: {low: -2, high: 0}
    feed.predict.prior: {low: 5, high: 500, scale: log}
    feed.sources.fresh: {low: 0.02, high: 0.6, scale: log}
  objectives: [{metric: probes.new.viral_share}]
  constraints: [{metric: watch.minutes_per_user_day, at_least: 90 %, of: start}]
  trials: 8
  worlds: 2
  batch: 4
  startup: 4
  confirm: {worlds: 3, candidates: 2}
"""


def test_real_worlds_from_file_to_pictures_and_a_run_of_the_best(tmp_path: Path) -> None:
    path = tmp_path / "real.yaml"
    path.write_text(REAL)
    reports: list[Any] = []
    result = tune(path, out=tmp_path / "out", executor=InProcess(), progress=reports.append)
    assert len(result.trials) == 8
    assert result.trials[0].params["feed.predict.prior"] == 50
    pictures = sorted(file.name for file in (tmp_path / "out" / "plots").iterdir())
    assert pictures == [
        "confirmed.png", "front.png", "history.png", "importance.png", "slices.png"
    ]  # fmt: skip
    assert reports[-1].done == reports[-1].total
    # the start as the first trial costs nothing
    specs = {outcome.name for outcome in (tmp_path / "out" / "runs").iterdir()}
    assert len(specs) <= 2 + 7 * 2 + 3 * 3
    if result.best is not None:
        run = simulate(load(tmp_path / "out" / "best.yaml"), out=tmp_path / "run", plots=False)
        trial = result.best.trial
        found = run.summary["probes"]["new"]["viral_share"]
        assert found == trial.values["probes.new.viral_share"][0]


def test_the_database_is_closed_and_whole(done: Tuned) -> None:
    with sqlite3.connect(done.folder / "trials.db") as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
        assert connection.execute("select count(*) from foryou_leases").fetchone() == (0,)
    connection.close()
