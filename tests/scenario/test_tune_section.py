"""The section ``tune``: what it may say, and what each mistake is told as, with its place."""

from __future__ import annotations

import pickle

import pytest

from sim.core.errors import ScenarioError
from sim.scenario import Scenario, dump, json_schema, load_text, loads, scenario_hash
from sim.scenario.tune import TuneConfig
from sim.scenario.varied import slot_at

HEAD = "name: x\nduration: 1 d\nprobes: [{name: new, post_at: 1 h}]\n"
AIM = "  objectives: [{metric: reach.viral_share}]\n"
GOOD = (
    HEAD
    + """\
tune:
  vary:
    feed.weights.save: {low: 0, high: 5}
    feed.weights.like: {low: 0.1, high: 5, scale: log}
    feed.cold_start.policy: {choice: [pools, none]}
    feed.cold_start.promote: {low: 5 %, high: 50 %}
    feed.filters[3].max_age: {low: 1 d, high: 30 d}
    feed.slate: {choice: [5, 10, 20]}
    probes[0].quality: {low: -1, high: 1}
  objectives:
    - {metric: probes.new.viral_share}
    - {metric: reach.unseen_share, goal: minimise}
  constraints:
    - {metric: watch.minutes_per_user_day, at_least: 98 %, of: start}
    - {metric: inequality.gini_views, at_most: 0.9}
  sampler: nsga2
  trials: 20
  worlds: 3
  batch: 5
  startup: 6
  prune: false
  time_limit: 20 min
  confirm: {worlds: 8, candidates: 2}
"""
)


def section(scenario: Scenario) -> TuneConfig:
    assert scenario.tune is not None
    return scenario.tune


def test_a_whole_section_is_read() -> None:
    tune = section(loads(GOOD))
    assert list(tune.vary) == sorted(tune.vary)
    assert tune.vary["feed.weights.like"].scale == "log"
    assert tune.vary["feed.cold_start.promote"].low == "5 %"
    assert tune.vary["feed.slate"].choice == (5, 10, 20)
    assert [o.goal for o in tune.objectives] == ["maximise", "minimise"]
    assert (tune.constraints[0].at_least, tune.constraints[0].of) == (0.98, "start")
    assert (tune.constraints[1].at_most, tune.constraints[1].of) == (0.9, None)
    assert (tune.time_limit, tune.confirm.worlds) == (1200.0, 8)


def test_it_comes_back_from_text_and_pickle_and_can_be_hashed() -> None:
    scenario = loads(GOOD)
    assert loads(dump(scenario)) == scenario
    assert loads(dump(scenario, resolved=False)) == scenario
    assert pickle.loads(pickle.dumps(scenario)) == scenario
    assert hash(scenario) == hash(loads(GOOD))


def test_the_order_of_paths_does_not_matter() -> None:
    lines = GOOD.splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if "weights.save" in line)
    swapped = [*lines[:first], lines[first + 1], lines[first], *lines[first + 2 :]]
    assert list(section(loads("".join(swapped))).vary) == list(section(loads(GOOD)).vary)


def test_the_hash_of_a_scenario_is_that_of_its_runs() -> None:
    scenario = loads(GOOD)
    assert scenario_hash(scenario) == scenario_hash(scenario.model_copy(update={"tune": None}))
    assert scenario_hash(scenario) == scenario_hash(loads(HEAD))


def test_settings_of_the_section_can_be_set_from_outside() -> None:
    overrides = ["tune.trials=7", 'tune.vary["feed.weights.like"].high=9', "tune.sampler=random"]
    tune = section(loads(GOOD, overrides=overrides))
    assert (tune.trials, tune.sampler) == (7, "random")
    assert tune.vary["feed.weights.like"].high == 9


def told(text: str) -> list[tuple[int, int, str, str]]:
    """(line after HEAD, column, path, message) of each problem."""
    with pytest.raises(ScenarioError) as error:
        loads(HEAD + text, "x.yaml")
    return [(p.line - 3, p.column, p.path, p.message) for p in error.value.problems]


def vary(entry: str) -> str:
    return f"tune:\n  vary:\n    {entry}\n{AIM}"


ONE_MISTAKE = [
    # ---- ranges
    (
        "feed.weights.like: {low: 3, high: 0.1}",
        (3, 30, 'tune.vary["feed.weights.like"].low',
         "must be below high, 0.1; got 3; swap the two"),
    ),
    (
        "feed.weights.like: {low: 3, high: 3}",
        (3, 30, 'tune.vary["feed.weights.like"].low', "must be below high, 3; got 3"),
    ),
    (
        "feed.weights.like: {low: 0, high: 3, scale: log}",
        (3, 30, 'tune.vary["feed.weights.like"].low',
         "must be above 0 on a logarithmic scale; got 0"),
    ),
    (
        "feed.weights.like: {low: 1}",
        (3, 24, 'tune.vary["feed.weights.like"]',
         'needs "high" and the other end of a range, or "choice"'),
    ),
    (
        "feed.weights.like: {}",
        (3, 24, 'tune.vary["feed.weights.like"]',
         'needs "low" and the other end of a range, or "choice"'),
    ),
    (
        "feed.weights.like: {low: a, high: 3}",
        (3, 30, 'tune.vary["feed.weights.like"].low',
         'wants a number, with its unit if it has one; got "a"'),
    ),
    (
        "feed.weights.like: {low: 1, high: 2e7}",
        (3, 39, 'tune.vary["feed.weights.like"].high', "must be at most 1_000_000; got 20000000.0"),
    ),
    (
        "feed.cold_start.promote: {low: 5 %, high: 150 %}",
        (3, 47, 'tune.vary["feed.cold_start.promote"].high',
         'must be between 0 % and 100 %; got "150 %"'),
    ),
    (
        "feed.cold_start.first: {low: 5.5, high: 50}",
        (3, 34, 'tune.vary["feed.cold_start.first"].low',
         'wants a whole number such as 20_000 or a multiple such as "0.1x"; got 5.5'),
    ),
    (
        "feed.reindex: {low: 1, high: 10 min}",
        (3, 25, 'tune.vary["feed.reindex"].low', 'wants a duration such as "6 h"; got 1'),
    ),
    (
        "feed.reindex: {low: 30 s, high: 10 min}",
        (3, 25, 'tune.vary["feed.reindex"].low',
         'both ends have one unit; got "30 s" and "10 min"'),
    ),
    # ---- choices
    (
        "feed.slate: {choice: [5]}",
        (3, 26, 'tune.vary["feed.slate"].choice', "needs at least 2 values; got 1"),
    ),
    (
        "feed.slate: {choice: [5, 10, 5]}",
        (3, 34, 'tune.vary["feed.slate"].choice[2]', "stands there twice; got 5"),
    ),
    (
        "feed.slate: {choice: [5, 1000]}",
        (3, 30, 'tune.vary["feed.slate"].choice[1]', "must be at most 64; got 1000"),
    ),
    (
        "feed.slate: {choice: [5, 9], low: 3}",
        (3, 39, 'tune.vary["feed.slate"].low',
         "a setting varies in a range or among a choice, not both"),
    ),
    (
        "feed.cold_start.policy: {choice: [pools, non]}",
        (3, 46, 'tune.vary["feed.cold_start.policy"].choice[1]',
         'unknown cold-start policy "non"; did you mean "none"?'),
    ),
    (
        "feed.cold_start.policy: {low: 1, high: 2}",
        (3, 29, 'tune.vary["feed.cold_start.policy"]',
         'is no number, so it has no range; write "choice" and its values'),
    ),
    # ---- paths
    (
        "feed.weights.lik: {low: 0, high: 1}",
        (3, 23, 'tune.vary["feed.weights.lik"]', 'unknown action "lik"; did you mean "like"?'),
    ),
    (
        "feed.candidats: {low: 5, high: 7}",
        (3, 21, 'tune.vary["feed.candidats"]',
         'does not exist; "feed" has no "candidats"; did you mean "candidates"?'),
    ),
    (
        "feed.cold_start.budget: {low: 5, high: 7}",
        (3, 29, 'tune.vary["feed.cold_start.budget"]',
         'does not exist; "feed.cold_start" has no "budget"; '
         "known are policy, first, growth, promote, audience, levels, slots, fill"),
    ),
    (
        "feed.slate.x: {low: 5, high: 7}",
        (3, 19, 'tune.vary["feed.slate.x"]', 'does not exist; "feed.slate" is one value'),
    ),
    (
        "feed: {low: 5, high: 7}",
        (3, 11, "tune.vary.feed", "is a group of settings; name one of them"),
    ),
    (
        "feed.weights: {low: 5, high: 7}",
        (3, 19, 'tune.vary["feed.weights"]', "is a group of settings; name one of them"),
    ),
    (
        "feed.filters[9].max_age: {low: 1 d, high: 3 d}",
        (3, 30, 'tune.vary["feed.filters[9].max_age"]',
         'has no such entry; "feed.filters" is a list, it has 5 entries, counted from 0'),
    ),
    (
        "feed..x: {low: 1, high: 3}",
        (3, 14, 'tune.vary["feed..x"]', "is no path of a setting, such as feed.weights.like"),
    ),
    (
        "seed: {choice: [1, 2]}",
        (3, 11, "tune.vary.seed",
         "must not vary: trials are compared in the same worlds, and these would be others"),
    ),
    (
        "population.users: {low: 100, high: 200}",
        (3, 23, 'tune.vary["population.users"]',
         "must not vary: trials are compared in the same worlds, and these would be others"),
    ),
    (
        "viral.reach: {low: 1 %, high: 2 %}",
        (3, 18, 'tune.vary["viral.reach"]',
         "must not vary: would change what is measured, not what happens"),
    ),
    (
        "record.tracked: {low: 1, high: 2}",
        (3, 21, 'tune.vary["record.tracked"]', "must not vary: changes no run"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "problem"), ONE_MISTAKE, ids=[e for e, _ in ONE_MISTAKE])
def test_one_mistake_in_what_varies(entry: str, problem: tuple[int, int, str, str]) -> None:
    assert told(vary(entry)) == [problem]


LIKE = "tune:\n  vary: {feed.weights.like: {low: 0, high: 1}}\n"
OTHER_MISTAKES = [
    (
        LIKE + "  objectives: []\n",
        (3, 15, "tune.objectives", "needs at least 1 entry; got 0"),
    ),
    (
        "tune:\n  vary: {}\n" + AIM,
        (2, 9, "tune.vary", "needs at least 1 entry; got 0"),
    ),
    (
        LIKE + "  objectives: [{metric: watch.hours, goal: maximize}]\n",
        (3, 44, "tune.objectives[0].goal",
         'must be maximise or minimise; got "maximize"; did you mean "maximise"?'),
    ),
    (
        LIKE + "  objectives: [{metric: watch.hours}, {metric: watch.hours}]\n",
        (3, 48, "tune.objectives[1].metric", "is the metric of objectives[0] already"),
    ),
    (
        LIKE + AIM + "  constraints: [{metric: watch.hours}]\n",
        (4, 17, "tune.constraints[0]", 'needs "at_least" or "at_most"'),
    ),
    (
        LIKE + AIM + "  constraints: [{metric: watch.hours, at_least: 3, at_most: 2}]\n",
        (4, 49, "tune.constraints[0].at_least", "must not be above at_most, 2; got 3"),
    ),
    (
        LIKE + AIM + "  constraints: [{metric: watch.hours, at_least: -1 %, of: start}]\n",
        (4, 49, "tune.constraints[0].at_least",
         "a fraction of the start must be above 0; got -0.01"),
    ),
    (
        LIKE + AIM + "  constraints: [{metric: watch.hours, at_least: much}]\n",
        (4, 49, "tune.constraints[0].at_least", 'wants a number such as 30, or "98 %"; got "much"'),
    ),
    (
        LIKE + AIM + "  sampler: cmaes\n",
        (4, 12, "tune.sampler", 'must be tpe, nsga2 or random; got "cmaes"'),
    ),
    (LIKE + AIM + "  trials: 0\n", (4, 11, "tune.trials", "must be at least 1; got 0")),
    (
        LIKE + AIM + "  time_limit: 20\n",
        (4, 15, "tune.time_limit", 'wants a duration such as "6 h"; got 20'),
    ),
    (
        LIKE + AIM + "  trails: 5\n",
        (4, 3, "tune.trails", 'unknown key "trails"; did you mean "trials"?'),
    ),
    (
        LIKE,
        (1, 1, "tune.objectives", "is missing (what is wanted; with several, a front is found)"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), OTHER_MISTAKES, ids=[p[2] for _, p in OTHER_MISTAKES])
def test_one_mistake_elsewhere(text: str, problem: tuple[int, int, str, str]) -> None:
    assert told(text) == [problem]


def test_all_mistakes_are_told_at_once() -> None:
    entries = (
        "feed.weights.like: {low: 3, high: 0.1}",
        "feed.slate: {choice: [5]}",
        "feed.candidats: {low: 5, high: 7}",
    )
    assert [line for line, *_ in told(vary("\n    ".join(entries)))] == [3, 4, 5]
    # a mistake elsewhere leaves those that need no other setting
    found = told(vary("feed.weights.like: {low: 3, high: 0.1}") + "refresh: 5\n")
    assert [problem[2] for problem in found] == ['tune.vary["feed.weights.like"].low', "refresh"]


def test_the_same_path_in_two_spellings_is_refused() -> None:
    twice = 'feed.weights["like"]: {low: 0, high: 1}\n    feed.weights.like: {low: 0, high: 1}'
    ((_, _, path, message),) = told(vary(twice))
    assert path == 'tune.vary["feed.weights[\\"like\\"]"]'
    assert message == 'varies as "feed.weights.like" already'


def test_a_slot_knows_its_value_and_reads_others() -> None:
    scenario = loads(HEAD + "feed: {score: [{use: 'my:S', strength: 3, deep: {x: 1}}, value]}\n")
    assert slot_at(scenario, "feed.weights.like").value == 0.6
    assert slot_at(scenario, "feed.weights.save").value == 0.0
    assert slot_at(scenario, "probes[0].quality").value is None
    assert slot_at(scenario, "feed.reindex").read("5 min") == 300.0
    assert slot_at(scenario, "feed.cold_start.first").whole
    assert slot_at(scenario, "feed.score[0].strength").value == 3
    assert slot_at(scenario, "feed.score[0].deep.x").value == 1
    assert slot_at(scenario, "feed.cold_start.policy").read("none") == "none"
    with pytest.raises(ValueError, match="whole number"):
        slot_at(scenario, "feed.cold_start.first").read(1.5)
    with pytest.raises(ValueError, match="has no"):
        slot_at(scenario, "feed.score[0].strenth")


def test_the_schema_for_editors_knows_the_section() -> None:
    schema = json_schema()
    varies = schema["$defs"]["VaryConfig"]["properties"]
    assert varies["low"]["type"] == ["number", "string", "boolean"]
    assert schema["$defs"]["TuneConfig"]["properties"]["trials"]["default"] == 100
    assert "null" not in str(varies)


def test_places_of_a_section_can_be_asked_for() -> None:
    loaded = load_text(GOOD, "x.yaml")
    problem = loaded.problem("tune.objectives[1].metric", "is not known")
    assert GOOD.splitlines()[problem.line - 1].strip() == (
        "- {metric: reach.unseen_share, goal: minimise}"
    )
