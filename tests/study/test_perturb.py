"""Perturbed weights: one world screens them all, and separate worlds check it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from sim.cli.main import main
from sim.core.errors import ForyouError, StudyError
from sim.feed.arms import perturbed_names, signs_of_arms
from sim.record.sealed import seal, unseal
from sim.scenario import Scenario
from sim.study import RunSpec, evaluate, perturb, with_changes, world_seed
from sim.study.perturb.per_user import USER_OUTCOMES
from sim.study.perturb.plan import CONTROL, PERTURBED, plan_perturb
from sim.study.runs.local import InProcess
from sim.study.runs.outcome import Outcome, failure
from sim.study.runs.start import Subject, subject
from sim.study.runs.users import KEPT_COLUMNS, pack_users, unpack_users
from sim.study.statistics.multiple import holm
from sim.testing.worlds import tiny_scenario
from tests.study.conftest import PROBE

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "how-to" / "perturb_weights.md"
DAY_S = 86_400.0
NAMES = ("completion", "skip", "like", "comment", "share", "follow")
WEIGHTS = dict(zip(NAMES, (1.0, -0.5, 0.6, 0.8, 1.0, 1.2), strict=True))


class Listing(InProcess):
    """Plays runs here, the last asked for first, and remembers them; those of ``broken`` fail."""

    def __init__(self, broken: tuple[str, ...] = (), worlds: tuple[int, ...] = (1,)) -> None:
        super().__init__()
        self.played: list[RunSpec] = []
        self.broken, self.worlds = broken, worlds

    def wait(self, timeout: float | None = None) -> list[Outcome]:
        if not self._queue:
            return []
        spec = self._queue.pop()
        self.played.append(spec)
        broken = spec.arm in self.broken and spec.world in self.worlds
        return [failure(spec, "a bug") if broken else evaluate(spec)]


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """Six weights, as on the page."""
    return tiny_scenario(probes=[PROBE], feed={"weights": WEIGHTS})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("perturb") / "study"


@pytest.fixture(scope="module")
def study(scenario: Scenario, folder: Path) -> Any:
    """Six weights in three worlds, one of them checked."""
    return perturb(scenario, 3, check=["share"], out=folder, executor=InProcess())


def users_of(scenario: Scenario, world: int, **changes: Any) -> dict[str, Any]:
    paths = {path.replace("__", "."): value for path, value in changes.items()}
    spec = RunSpec(with_changes(scenario, paths), world_seed(scenario.seed, world), users=True)
    return unpack_users(evaluate(spec).users or {})


# ---- what comes out ---------------------------------------------------------------------------


def test_effects_are_regressions_of_users_on_their_signs(study: Any, scenario: Scenario) -> None:
    assert [(e.outcome.name, e.weight) for e in study.effects[:7]] == [
        *(("watch_minutes", name) for name in NAMES), ("sessions", "completion"),
    ]  # fmt: skip
    steps, means = [], []
    for world in range(3):
        one = users_of(scenario, world, feed__perturb={"size": 0.2})
        other = users_of(scenario, world)
        assert len(set(one["arm"])) == 16
        assert not other["arm"].any()
        y, x = (u["likes"] * DAY_S / float(scenario.duration) for u in (one, other))
        z = np.column_stack([np.ones(len(y)), signs_of_arms(6)[one["arm"]], x])
        steps.append(2 * np.linalg.lstsq(z, y, rcond=None)[0][1:7])
        means.append(y.mean())
    found = [e for e in study.effects if e.outcome.name == "likes"]
    assert [e.effect.value for e in found] == pytest.approx(np.sum(steps, axis=0) / np.sum(means))
    assert found[0].mean == pytest.approx(np.mean(means))
    assert found[2].by_world[1] == pytest.approx(steps[1][2] / means[1])
    assert found[0].saved > 2, "the same users in the same world are not alike"


def test_p_is_adjusted_for_all_that_was_tested(study: Any) -> None:
    tested = [e for e in study.effects if e.p is not None]
    assert len(study.effects) == 54
    assert len(tested) >= 36
    assert [e.adjusted_p for e in tested] == holm([e.p for e in tested]).tolist()
    assert all(e.adjusted_p is None for e in study.effects if e.p is None)


def test_separate_worlds_have_the_weight_up_or_down_for_all(study: Any, scenario: Scenario) -> None:
    share = float(scenario.feed.weights["share"])
    up, down = (
        # kept in 32 bits; their sum needs 64, since it is differences that are compared
        [
            users_of(scenario, w, feed__weights__share=share * by)["watch_s"].sum(dtype=np.float64)
            for w in range(3)
        ]
        for by in (1.2, 0.8)
    )
    found = next(c for c in study.checks if c.outcome.name == "watch_minutes")
    assert [c.weight for c in study.checks] == ["share"] * 9
    wanted = 2 * (np.sum(up) - np.sum(down)) / (np.sum(up) + np.sum(down))
    assert found.separate.value == pytest.approx(wanted)
    effect = next(e for e in study.effects if (e.weight, e.outcome) == ("share", found.outcome))
    assert found.one_world == effect.effect
    assert found.bias.value == pytest.approx(effect.effect.value - wanted)
    tested = [c for c in study.checks if c.p is not None]
    assert [c.adjusted_p for c in tested] == holm([c.p for c in tested]).tolist()


def test_the_folder_has_the_result(study: Any, folder: Path) -> None:
    content = json.loads((folder / "perturb.json").read_text("utf-8"))
    assert content == json.loads(json.dumps(study.to_dict()))
    assert (content["arms"], content["size"], content["checked"]) == (16, 0.2, ["share"])
    assert pl.read_parquet(folder / "perturb.parquet").equals(study.table)
    assert pl.read_parquet(folder / "bias.parquet").equals(study.bias)
    assert study.table.height == 54
    assert study.bias.height == 9
    assert [p.name for p in (folder / "plots").iterdir()] == ["perturb.png"]
    assert len(list((folder / "runs").iterdir())) == 12


# ---- going on ---------------------------------------------------------------------------------


def test_only_what_is_new_is_played(study: Any, scenario: Scenario, folder: Path) -> None:
    executor = Listing()
    more = perturb(
        scenario, 4, check=["all"], outcome=["likes", "watch_minutes"], out=folder,
        executor=executor, plots=False,
    )  # fmt: skip
    played = [(spec.arm, spec.world) for spec in executor.played]
    assert (PERTURBED, 3) in played
    assert (CONTROL, 3) in played
    assert [world for arm, world in played if arm == "share up"] == [3]
    assert [world for arm, world in played if arm == "like down"] == [3, 2, 1, 0]
    assert len(played) == 2 + 2 + 5 * 2 * 4
    assert more.effects[0].by_world[:3] == study.effects[5 * 6].by_world
    assert len(more.checks) == 12
    again = perturb(scenario, 3, check=["share"], out=folder, executor=Listing(), plots=False)
    assert again.to_dict() == study.to_dict()
    with pytest.raises(StudyError, match=r"size is 0\.2, not 0\.3"):
        perturb(scenario, 3, size="30 %", out=folder)


def test_the_order_in_which_runs_come_in_changes_nothing(
    study: Any, scenario: Scenario, tmp_path: Path
) -> None:
    executor = Listing()
    other = perturb(scenario, 3, check=["share"], out=tmp_path, executor=executor, plots=False)
    assert [spec.world for spec in executor.played] == [2, 2, 1, 1, 0, 0] * 2
    assert other.to_dict() == study.to_dict()


def test_a_file_whose_users_are_damaged_is_named(scenario: Scenario, tmp_path: Path) -> None:
    perturb(scenario, 1, out=tmp_path, executor=InProcess(), plots=False)
    path = sorted((tmp_path / "runs").iterdir())[0]
    content = unseal(path.read_bytes())
    content["users"]["likes"] = "i:AAAA"
    path.write_bytes(seal(content))
    with pytest.raises(StudyError, match=f"{path.name}: its users cannot be read"):
        perturb(scenario, 1, out=tmp_path, executor=InProcess(), plots=False)
    path.unlink()
    assert perturb(scenario, 1, out=tmp_path, executor=InProcess(), plots=False).effects


def test_a_failed_run_takes_its_world_alone(scenario: Scenario, tmp_path: Path) -> None:
    broken = Listing((CONTROL, "share up"))
    found = perturb(
        scenario, 3, weight=["share"], check=["share"], outcome=["likes"], out=tmp_path / "a",
        executor=broken, plots=False,
    )  # fmt: skip
    (effect,), (check,) = found.effects, found.checks
    assert [value is None for value in effect.by_world] == [False, True, False]
    assert check.worlds == 2
    assert [(f.arm, f.world) for f in found.failed] == [(CONTROL, 1), ("share up", 1)]
    with pytest.raises(StudyError, match="2 of 4 runs failed and no world is left"):
        perturb(scenario, 2, out=tmp_path / "b", executor=Listing((PERTURBED,), (0, 1)))


def test_one_world_and_no_control_will_do(scenario: Scenario, tmp_path: Path) -> None:
    executor = Listing()
    found = perturb(
        scenario, 1, size=0.5, weight=["like", "skip", "like"], outcome=["saves"], control=False,
        out=tmp_path, executor=executor,
    )  # fmt: skip
    assert [spec.arm for spec in executor.played] == [PERTURBED]
    assert [e.weight for e in found.effects] == ["skip", "like"]
    assert found.effects[0].effect is not None
    assert found.effects[0].saved is None
    assert (found.scatter, found.checks) == (None, ())


def test_the_scenario_may_say_what_is_perturbed(scenario: Scenario) -> None:
    own = with_changes(scenario, {"feed.perturb": {"size": "40 %", "weights": ["like"]}})
    plan = plan_perturb(subject(own))
    assert (plan.size, plan.weights) == (0.4, ("like",))
    by_arm = {spec.arm: spec.scenario for spec in plan.specs}
    assert by_arm[CONTROL].feed.perturb is None
    assert perturbed_names(by_arm[PERTURBED].feed) == ("like",)
    other = plan_perturb(subject(own), size=0.1, weight=["share"])
    assert (other.size, other.weights) == (0.1, ("share",))


# ---- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weight": ["lik"]}, 'no weight is called "lik"; did you mean "like"?'),
        ({"weight": ["x" * 10_000]}, "known are completion, skip"),
        ({"weight": ["watch"]}, "the weight watch is 0"),
        ({"weight": ["watch"]}, "--set feed.weights.watch=VALUE"),
        ({"size": 0}, "feed.perturb.size: must be more than 0 %"),
        ({"size": "120 %"}, "feed.perturb.size: must be between 0 % and 100 %"),
        ({"size": "100 %"}, "feed.perturb.size: must be"),
        ({"size": "lots"}, "feed.perturb.size: wants a share"),
        ({"size": float("nan")}, "a scenario cannot hold"),
        ({"outcome": ["likess"]}, 'did you mean "likes"?'),
        ({"outcome": ["watch.hours"]}, "no outcome of users"),
        ({"check": ["watch"]}, '"watch" is not among the perturbed weights'),
        ({"weight": ["like"], "check": ["share"]}, "perturbed are like"),
        ({"check": ["all", "like"]}, "all and none stand alone"),
        ({"n": 0}, "1 to 100,000 worlds; got 0"),
        ({"n": 1, "check": ["like"]}, "needs at least 2 worlds"),
        ({"level": 95}, "level of an interval"),
        ({"overrides": {"feed.weights": dict.fromkeys(NAMES, 0)}}, "all weights of"),
        ({"overrides": {"population.users": 63}}, "at least 64 users; there are 63"),
        ({"overrides": {"feed.weights.like": 9e5}, "check": ["like"]}, "feed.weights.like"),
    ],
)
def test_bad_input_is_told_and_nothing_is_written(
    options: dict[str, Any], words: str, scenario: Scenario, tmp_path: Path
) -> None:
    options = dict(options)
    changed = with_changes(scenario, options.pop("overrides", {}))
    with pytest.raises(ForyouError) as caught:
        perturb(changed, options.pop("n", 2), out=tmp_path / "out", **options)
    assert words in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_ranker_without_weights_has_nothing_to_perturb(scenario: Scenario) -> None:
    own = with_changes(scenario, {"feed.score": ["mine:Score"]})
    with pytest.raises(ForyouError, match="ranks without weights"):
        plan_perturb(Subject(own))


# ---- what is kept of users --------------------------------------------------------------------


def test_users_come_back_as_they_were(scenario: Scenario) -> None:
    draw = np.random.default_rng(2)
    columns = {name: draw.integers(0, 2**31 - 1, 50) for name in KEPT_COLUMNS}
    columns["watch_s"] = draw.uniform(0, 1e5, 50)
    packed = pack_users(pl.DataFrame(columns))
    back = unpack_users(json.loads(json.dumps(packed)))
    for name in KEPT_COLUMNS:
        np.testing.assert_allclose(back[name], columns[name], rtol=1e-7)
    assert {o.column for o in USER_OUTCOMES.values()} <= set(back)
    for damaged in ({}, {**packed, "likes": packed["likes"][:40]}, {**packed, "arm": "x:"}):
        with pytest.raises(ValueError, match="column"):
            unpack_users(damaged)
    shorter = {**packed, "likes": pack_users(pl.DataFrame(columns)[:9])["likes"]}
    with pytest.raises(ValueError, match="not the columns"):
        unpack_users(shorter)


def test_a_run_that_keeps_users_is_another_run(scenario: Scenario) -> None:
    plain, kept = RunSpec(scenario, 1), RunSpec(scenario, 1, users=True)
    assert plain.key != kept.key
    assert evaluate(plain).users is None
    found = evaluate(kept)
    assert found.event_log_hash == evaluate(plain).event_log_hash
    assert Outcome.from_dict(json.loads(json.dumps(found.to_dict()))) == found
    assert len(json.dumps(found.users)) < 20 * scenario.population.users + 1_500
    with pytest.raises(ValueError, match="users"):
        Outcome.from_dict({**found.to_dict(), "users": [1]})


# ---- command and page -------------------------------------------------------------------------

SMALL = ("population.users=100", "duration=7 h", "warmup=1 h", "feed.candidates=40")
SMALLER = [part for change in SMALL for part in ("--set", change)]


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of a reader."""
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_tells_screening_and_checks(
    reader: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    args = ["perturb", "scenarios/baseline.yaml", *SMALLER, "-n", "2", "--out", "out",
            "--executor", "inline", "--no-plots"]  # fmt: skip
    assert main(args) == 0
    text = capsys.readouterr().out
    assert "“baseline”: 5 weights, 20 % up or down for each user, in 2 worlds" in text
    assert re.search(r"^ +like +comment +share +follow +watch_percentile +± +saved", text, re.M)
    assert re.search(r"^  watch_minutes +[-+]\d.*×", text, re.M)
    assert "comparisons were made" in text
    assert "--check NAME and --out out, 4 more runs a weight" in " ".join(text.split())
    monkeypatch.setenv("COLUMNS", "60")
    assert main([*args, "--check", "like"]) == 0
    text = capsys.readouterr().out
    assert text.count("± ") >= 2, "a narrow screen has a table below the other"
    assert "like: 0.72 against 0.48, in %" in text
    assert "in separate worlds" in text
    assert main([*args, "--check", "like", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.pop("folder") == "out"
    assert told == json.loads(Path("out/perturb.json").read_text("utf-8"))


@pytest.mark.parametrize("bad", [["--weight", "lik"], ["--size", "2"], ["--check", "watch"]])
def test_a_slip_in_the_command_is_told(
    bad: list[str], reader: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["perturb", "scenarios/baseline.yaml", *bad]) == 2
    seen = capsys.readouterr()
    assert seen.out == ""
    assert len(seen.err.splitlines()) == 1
    assert not (reader / "studies").exists()


def commands() -> list[str]:
    return re.findall(r"^    foryou (perturb .*)$", PAGE.read_text("utf-8"), re.M)


@pytest.mark.parametrize("place", range(2))
def test_the_commands_of_the_page_work(
    place: int, reader: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = [*shlex.split(commands()[place]), *SMALLER, "-n", "2", "--executor", "inline"]
    assert main([*args, "--no-plots"]) == 0
    assert "Results: studies/" in capsys.readouterr().out
    assert len(commands()) == 2


def test_the_python_of_the_page_works(
    reader: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    small = snippet.replace("n=20", "n=2").replace("population.users=3_000", SMALL[0])
    small = small.replace('"duration=1 d"', f'"{SMALL[1]}"')
    small = small.replace('"warmup=0"', ", ".join(f'"{c}"' for c in SMALL[2:]))
    assert small.count("feed.candidates") == 1
    exec(compile(small, PAGE.name, "exec"), {})
    printed = capsys.readouterr().out
    assert "shape: (54, " in printed
    assert "shape: (9, " in printed
