"""The key of a run: equal for what gives equal numbers, different for everything else."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.core.errors import ForyouError
from sim.scenario import Scenario, dump, loads
from sim.study.runs.outcome import evaluate
from sim.study.runs.plan import RESULTS_VERSION, RunSpec, with_changes, world_seed
from sim.testing.worlds import tiny_scenario

RESULTS = Path(__file__).with_name("results.json")


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "other"},
        {"question": "why?"},
        {"description": "longer"},
        {"seed": 17},
        {"record.events": True},
    ],
)
def test_what_changes_no_number_is_not_in_the_key(
    scenario: Scenario, changes: dict[str, Any]
) -> None:
    changed = with_changes(scenario, changes)
    assert changed != scenario
    assert RunSpec(changed, 5).key == RunSpec(scenario, 5).key


@pytest.mark.parametrize(
    "changes",
    [
        {"feed.weights.like": 0.625},
        {"duration": 7 * 3600.0},
        {"record.timeline": 900.0},
        {"viral.reach": 0.02},
        {"probes[0].name": "other"},
        {"population.users": 151},
    ],
)
def test_what_changes_a_number_is_in_the_key(scenario: Scenario, changes: dict[str, Any]) -> None:
    assert RunSpec(with_changes(scenario, changes), 5).key != RunSpec(scenario, 5).key


def test_the_seed_is_in_the_key_and_labels_are_not(scenario: Scenario) -> None:
    key = RunSpec(scenario, 5).key
    assert len(key) == 32
    assert int(key, 16) >= 0
    assert RunSpec(scenario, 6).key != key
    assert RunSpec(scenario, 5, arm="b", world=3).key == key


def test_a_key_is_the_same_after_a_text_and_after_a_pickle(scenario: Scenario) -> None:
    key = RunSpec(scenario, 5).key
    assert RunSpec(loads(dump(scenario)), 5).key == key
    assert pickle.loads(pickle.dumps(RunSpec(scenario, 5))).key == key


def test_the_source_of_own_code_is_in_the_key(tmp_path: Path) -> None:
    own = tiny_scenario(feed={"score": ["mine:score", "value"]})
    code = tmp_path / "mine.py"
    code.write_text("def score(*args):\n    return args[3]\n")
    before = RunSpec(own, 5, code=tmp_path).key
    assert RunSpec(own, 5, code=tmp_path).key == before
    code.write_text("def score(*args):\n    return 2 * args[3]\n")
    assert RunSpec(own, 5, code=tmp_path).key != before
    # code that the scenario does not name changes nothing
    plain = tiny_scenario()
    assert RunSpec(plain, 5, code=tmp_path).key == RunSpec(plain, 5).key


def test_own_code_runs_only_with_consent(tmp_path: Path) -> None:
    own = tiny_scenario(duration=3600.0, feed={"score": ["mine:score"]})
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n"
        "def score(requests, candidates, prediction, scores, view):\n"
        "    return prediction.watch_s.astype(np.float32)\n"
    )
    assert "--allow-code" in str(evaluate(RunSpec(own, 5)).error)
    assert evaluate(RunSpec(own, 5, code=tmp_path)).error is None


def paths(node: object, prefix: str = "") -> list[str]:
    """Every dotted path of a summary, without its values."""
    if isinstance(node, dict):
        return [path for name, below in node.items() for path in paths(below, f"{prefix}.{name}")]
    return [prefix]


def test_results_are_those_of_their_version() -> None:
    """Stored runs are trusted by their key, so a change of results has to change all keys."""
    outcome = evaluate(RunSpec(tiny_scenario(), 5))
    names = "\n".join(sorted(paths(outcome.summary)))
    found = {
        "version": RESULTS_VERSION,
        "event_log_hash": outcome.event_log_hash,
        "numbers": hashlib.blake2b(names.encode(), digest_size=8).hexdigest(),
    }
    assert found == json.loads(RESULTS.read_text()), (
        "the same scenario and seed give other results, or a summary has other numbers: raise "
        f"RESULTS_VERSION in sim/record/version.py and write into {RESULTS.name}, with the new "
        f"version: {json.dumps(found)}"
    )


def test_worlds_have_seeds_of_their_own() -> None:
    seeds = [world_seed(7, world) for world in range(2_000)]
    assert seeds[0] == 7
    assert len(set(seeds)) == 2_000
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert world_seed(7, 3) != world_seed(8, 3)
    assert world_seed(7, 3) == 6_304_619_855_312_372_153
    with pytest.raises(ValueError, match="counted from 0"):
        world_seed(7, -1)


@given(st.floats(-100, 100))
def test_a_changed_number_arrives_to_the_last_bit(value: float) -> None:
    changed = with_changes(tiny_scenario(), {"feed.weights.like": value})
    assert changed.feed.weights["like"] == value


def test_changes_take_units_and_plain_numbers(scenario: Scenario) -> None:
    assert with_changes(scenario, {"duration": "9 h"}).duration == 9 * 3600.0
    assert with_changes(scenario, {"duration": 32_400.0}).duration == 9 * 3600.0
    assert with_changes(scenario, {"viral.reach": "5 %"}).viral.reach == 0.05
    assert with_changes(scenario, {}) is scenario
    numpy = pytest.importorskip("numpy")
    assert with_changes(scenario, {"population.users": numpy.int64(99)}).population.users == 99


def test_a_change_keeps_everything_else(scenario: Scenario) -> None:
    there = with_changes(scenario, {"feed.cold_start.slots": 0.3, "feed.weights.like": 9.0})
    back = with_changes(
        there, {"feed.cold_start.slots": 0.2, "feed.weights.like": scenario.feed.weights["like"]}
    )
    assert there != scenario
    assert back == scenario


def test_another_component_starts_from_its_own_defaults(scenario: Scenario) -> None:
    changed = with_changes(scenario, {"feed.cold_start.policy": "none"})
    assert changed.feed.cold_start.policy == "none"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"feed.weights.lik": 1.0}, ["feed.weights.lik", 'did you mean "like"']),
        ({"feed..weights": 1.0}, ["wants PATH=VALUE"]),
        ({"probes[3].count": 1}, ["probes[3]", "it has 1"]),
        ({"population.users": 10.5}, ["population.users"]),
        ({"feed.weights.like": "much"}, ["feed.weights.like", "much"]),
        ({"feed.weights.like": float("nan")}, ["feed.weights.like", "nan"]),
        ({"feed.weights.like": object()}, ["feed.weights.like", "cannot hold"]),
        ({"warmup": "9 h"}, ["warmup"]),
        ({"nope": 1, "duration": -1.0}, ["nope", "duration"]),
    ],
)
def test_a_bad_change_is_told_in_one_line(
    scenario: Scenario, changes: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(ForyouError) as caught:
        with_changes(scenario, changes)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_a_spec_says_what_it_is(specs: Callable[..., list[RunSpec]]) -> None:
    assert str(specs(1, arm="b")[0]) == "tiny, b, world 0 (seed 5)"
