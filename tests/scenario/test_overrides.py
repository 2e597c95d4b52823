"""``--set PATH=VALUE``."""

from __future__ import annotations

import pytest

from sim.core.errors import ScenarioError
from sim.scenario import Scenario, loads
from sim.scenario.overrides import parse_path

TEXT = """\
name: x
duration: 1 d
feed:
  predict: smoothed
  weights: {like: 1.0, share: 2.0}
probes:
  - {name: a, post_at: 1 h}
"""


def changed(*overrides: str) -> Scenario:
    return loads(TEXT, "x.yaml", overrides)


def told(*overrides: str) -> list[tuple[str, str]]:
    with pytest.raises(ScenarioError) as error:
        changed(*overrides)
    assert {(p.file, p.line) for p in error.value.problems} == {("--set", 0)}
    return [(p.path, p.message) for p in error.value.problems]


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("seed", ("seed",)),
        ("feed.weights.like", ("feed", "weights", "like")),
        ("probes[0].count", ("probes", 0, "count")),
        ('feed.sources["a.b:C"]', ("feed", "sources", "a.b:C")),
        ('feed["a\\"]b"]', ("feed", 'a"]b')),
        ("", None),
        (".", None),
        ("a.", None),
        ("a..b", None),
        ("a[x]", None),
        ("a[-1]", None),
        ("a[0", None),
        ("a.[0]", None),
        ("a b", None),
    ],
)
def test_paths(text: str, location: tuple[str | int, ...] | None) -> None:
    assert parse_path(text) == location


def test_values_are_read_as_in_a_file() -> None:
    scenario = changed(
        "seed=7",
        "duration=2 d 12:00",
        "population.users=20_000",
        "population={creators: 5 %}",
        "question=Does a = b?",
        "record.events=true",
        "probes[0].count=10",
    )
    assert scenario.seed == 7
    assert scenario.duration == 216_000.0
    assert scenario.population.users == 2_000  # replaced by the later override
    assert scenario.population.creators == 0.05
    assert scenario.question == "Does a = b?"
    assert scenario.record.events is True
    assert scenario.probes[0].count == 10


def test_the_last_one_wins() -> None:
    assert changed("seed=1", "seed=2").seed == 2


def test_one_weight_keeps_the_others() -> None:
    assert changed("feed.weights.like=5").feed.weights == {"like": 5.0, "share": 2.0}
    signals = changed("feed.learning.signals.like=5").feed.learning.signals
    assert signals["like"] == 5.0
    assert signals["follow"] == 3.0  # a default


def test_defaults_can_be_reached_into() -> None:
    scenario = changed("feed.filters[3].max_age=10 d", 'feed.sources["my:S"]=0.5')
    assert [part.use for part in scenario.feed.filters] == [
        "seen",
        "own",
        "ineligible",
        "too_old",
        "blocked",
    ]
    assert scenario.feed.filters[3].model_dump()["max_age"] == 864_000.0
    assert scenario.feed.sources["my:S"] == 0.5
    assert scenario.feed.sources["interest"] == 0.4


def test_options_of_a_component_that_is_a_bare_name() -> None:
    assert changed("feed.predict.prior=10").feed.predict.model_dump()["prior"] == 10.0
    assert changed("feed.cold_start.first=10").feed.cold_start.model_dump()["first"] == 10


def test_another_component_leaves_the_options_of_the_old_one() -> None:
    scenario = changed("feed.cold_start.first=10", "feed.cold_start.policy=none")
    assert scenario.feed.cold_start.model_dump() == {"policy": "none"}
    scenario = changed("feed.predict.prior=10", "feed.predict.use=my:Model")
    assert scenario.feed.predict.model_dump() == {"use": "my:Model"}


def test_an_override_mends_a_mistake_in_the_file() -> None:
    assert loads(TEXT + "seed: x\n", "x.yaml", ["seed=3"]).seed == 3


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("seed", ("", 'wants PATH=VALUE; got "seed"')),
        ("=5", ("", 'wants PATH=VALUE; got "=5"')),
        ("seed=", ("seed", "has no value; write PATH=VALUE")),
        ("seed=null", ("seed", "has no value; write one, or remove the key")),
        ("seed=x", ("seed", 'wants a whole number such as 20_000; got "x"')),
        ("seed=[1", ("seed", "is not valid YAML: expected ',' or ']', but got '<stream end>' "
                             "(while parsing a flow sequence that starts at 1:1)")),
        ("sed=1", ("sed", 'unknown key "sed"; did you mean "seed"?')),
        ("feed.weights.lik=1", ("feed.weights.lik", 'unknown action "lik"; did you mean "like"?')),
        ("population.usrs=1", ("population.usrs", 'unknown key "usrs"; did you mean "users"?')),
        ("seed.x=1", ("seed.x", '"seed" is one value, it has no "x"')),
        ("probes.count=1", ("probes.count", '"probes" is a list; write a position in brackets, '
                                            'it has no "count"')),
        ("probes[1].count=1", ("probes[1]",
                               '"probes" has no such entry; it has 1, counted from 0')),
        ("feed[0]=1", ("feed[0]", '"feed" is not a list')),
        ("extends=a.yaml", ("extends", "can only be written in a file")),
        ("warmup=1 d", ("warmup", "must be shorter than the duration, 1 d; got 1 d")),
        ("probes[0]=5", ("probes[0]", "wants a mapping; got 5")),
        ("seed=!!int 5", ("seed", 'tags are not allowed; got "tag:yaml.org,2002:int"')),
    ],
)  # fmt: skip
def test_mistakes(override: str, problem: tuple[str, str]) -> None:
    assert told(override) == [problem]


def test_all_mistakes_at_once() -> None:
    assert [
        path for path, _ in told("seed=x", "nonsense", "probes[7].count=1", "feed.slate=0")
    ] == [
        "",
        "probes[7]",
        "seed",
        "feed.slate",
    ]
