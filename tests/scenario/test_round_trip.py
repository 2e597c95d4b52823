"""load(dump(x)) is x, for every scenario there can be; and equal scenarios hash alike."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from sim.core.actions import ACTION_NAMES
from sim.core.config import Config, FrozenDict
from sim.scenario import Scenario, dump, json_schema, load, loads, scenario_hash
from sim.scenario.components import Custom
from sim.scenario.creators import CreatorsConfig, ReactConfig
from sim.scenario.events import EventConfig
from sim.scenario.feed import (
    SOURCES,
    WATCH,
    FeedConfig,
    Ineligible,
    LearningConfig,
    NoColdStart,
    Own,
    Pools,
    Seen,
    Smoothed,
    Spaced,
    TooOld,
    Value,
)
from sim.scenario.model import RecordConfig, ViralConfig
from sim.scenario.population import (
    CatalogueConfig,
    LocaleConfig,
    PopulationConfig,
)
from sim.scenario.probes import ProbeConfig

ROOT = Path(__file__).parents[2]
SCENARIOS = sorted((ROOT / "scenarios").glob("*.yaml"))

SLUG = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True)
SHARE = st.floats(0, 1).map(abs)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    ["no", "18:00", "1e5", "null", "~", "<<", "a: b", "# x", "- x", "8 %", "*a", "&a", "!t", "1_0"]
)
WEIGHT = st.floats(-1e6, 1e6)
CUSTOM_NAME = st.sampled_from(["mine:Ranker", "my.pack.mod:Part_2"])
PLAIN = st.recursive(
    st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
CUSTOM = st.builds(
    lambda use, options: Custom(use=use, **options),
    CUSTOM_NAME,
    st.dictionaries(
        (TEXT | st.sampled_from(dir(Custom))).filter(lambda key: key != "use"), PLAIN, max_size=3
    ),
)


def numbers(low: float, high: float, **options: Any) -> st.SearchStrategy[float]:
    return st.floats(low, high, **options).map(lambda x: x + 0.0)


def some(model: type[Config], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The model with any of the fields given, the others by default."""
    return st.fixed_dictionaries({}, optional=fields).map(lambda given_: model(**given_))


FILTERS = st.lists(
    st.just(Seen()) | st.just(Own()) | st.just(Ineligible()) | CUSTOM
    | some(TooOld, max_age=numbers(0, 1e9, exclude_min=True)),
    max_size=4,
).map(tuple)  # fmt: skip
FEED = some(
    FeedConfig,
    slate=st.integers(1, 20),
    candidates=st.integers(20, 2000),
    sources=st.dictionaries(st.sampled_from(SOURCES) | CUSTOM_NAME, numbers(0, 1e6), min_size=1)
    .filter(lambda sources: any(sources.values())),
    filters=FILTERS,
    predict=CUSTOM | some(Smoothed, prior=numbers(0, 1e9, exclude_min=True)),
    weights=st.dictionaries(st.sampled_from([*ACTION_NAMES, WATCH]), WEIGHT),
    score=st.lists(CUSTOM | st.just(Value()), min_size=1, max_size=3).map(tuple),
    select=CUSTOM | some(Spaced, creator_gap=st.integers(0, 64)),
    cold_start=st.just(NoColdStart())
    | some(Pools, first=st.integers(1, 10**7), growth=numbers(1, 1000), promote=SHARE, slots=SHARE),
    learning=some(
        LearningConfig,
        enabled=st.booleans(),
        ticked=numbers(0, 1),
        spread=numbers(0, 1, exclude_min=True),
        noise=numbers(0, 100, exclude_min=True),
        drift=numbers(0, 1),
        signals=st.dictionaries(st.sampled_from(ACTION_NAMES), WEIGHT),
    ),
)  # fmt: skip
POPULATION = some(
    PopulationConfig,
    users=st.integers(1000, 50_000_000),
    creators=SHARE,
    topics=st.integers(8, 64),
    declared_interests=st.integers(0, 8),
    ticking=SHARE,
    follows=numbers(0, 100_000),
    locales=st.builds(
        lambda share, offset: (
            LocaleConfig(name="a", share=share),
            LocaleConfig(name="b", share=1.0 - share, utc_offset=offset),
        ),
        SHARE,
        numbers(-86_400, 86_400),
    ),
)
VIRAL = st.one_of(
    some(ViralConfig, reach=numbers(0, 1, exclude_min=True), age=numbers(0, 1e6, exclude_min=True)),
    some(ViralConfig, impressions=st.integers(1, 10**9)),
)
PROBE = {
    "count": st.integers(1, 100_000),
    "followers": st.integers(0, 1000),
    "post_at": numbers(0, 500),
    "spread": numbers(0, 400),
    "quality": numbers(-10, 10),
    "hook": numbers(-10, 10),
    "video_duration": numbers(1, 36_000),
    "topic": st.integers(0, 7),
    "sound": st.sampled_from(["original", "library", "trending"]),
}


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    names = draw(st.lists(SLUG, unique=True, max_size=3))
    optional = {key: value for key, value in PROBE.items() if key != "post_at"}
    probes = tuple(
        ProbeConfig(
            name=name,
            post_at=draw(PROBE["post_at"]),
            **draw(st.fixed_dictionaries({}, optional=optional)),
        )
        for name in names
    )
    fields = draw(
        st.fixed_dictionaries(
            {"name": SLUG, "duration": numbers(1000, 10 * 365 * 86_400)},
            optional={
                "question": TEXT,
                "description": st.text(st.characters(exclude_categories=["Cs"])),
                "seed": st.integers(0, 2**63 - 1),
                "warmup": numbers(0, 999),
                "refresh": numbers(50, 900),
                "population": POPULATION,
                "creators": some(
                    CreatorsConfig,
                    posts_per_week=numbers(0, 7000),
                    popularity_sigma=numbers(0, 5),
                    trend_uptake=SHARE,
                    react=some(
                        ReactConfig,
                        enabled=st.booleans(),
                        hope=numbers(0, 1e9),
                        quit=SHARE,
                        pause_length=numbers(3_600, 1e7),
                    ),
                ),
                "catalogue": some(CatalogueConfig, history=numbers(0, 1e7), original_sounds=SHARE),
                "feed": FEED,
                "viral": VIRAL,
                "record": some(
                    RecordConfig,
                    timeline=numbers(50, 1e6),
                    events=st.booleans(),
                    tracked=st.integers(0, 10**6),
                ),
            },
        )
    )
    return Scenario(probes=probes, **fields)


@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(scenarios(), st.booleans())
def test_what_is_dumped_loads_back_equal(scenario: Scenario, resolved: bool) -> None:
    text = dump(scenario, resolved=resolved)
    again = loads(text)
    assert again == scenario
    assert again.model_dump_json() == scenario.model_dump_json()  # bit for bit
    assert scenario_hash(again) == scenario_hash(scenario)
    assert dump(again, resolved=resolved) == text


@pytest.mark.parametrize(
    "text",
    ["", " a ", "no", "true", "1e5", "0x1f", "null", "~", "<<", "a: b", "# x", "18:00", "a\nb",
     "\x85", "\u2028x", "\t", "\x00", "\ufeff", "é🎈", "'", '"', "\\", "x" * 300 + " y" * 300],
)  # fmt: skip
def test_texts_and_keys_that_could_be_misread(text: str) -> None:
    score = (Custom(use="my:Score", **{text: text}), Value())
    scenario = Scenario(name="a", duration=60.0, question=text, feed=FeedConfig(score=score))
    assert loads(dump(scenario, resolved=False)) == scenario


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_scenarios_that_come_along_load_and_come_back(path: Path) -> None:
    scenario = load(path)
    assert loads(dump(scenario)) == scenario
    assert loads(dump(scenario, resolved=False)) == scenario
    assert scenario.name == path.stem.replace("_", "-")
    assert scenario.question


def test_there_are_scenarios() -> None:
    assert {path.stem for path in SCENARIOS} >= {"baseline", "zero_followers", "trending_sound"}


def test_the_baseline_writes_out_defaults() -> None:
    changed = load(ROOT / "scenarios" / "baseline.yaml").model_dump(exclude_defaults=True)
    assert set(changed) == {
        "name", "question", "duration", "warmup", "population", "creators", "catalogue", "feed",
        "viral",
    }  # fmt: skip
    assert changed["population"] == {"users": 5_000}
    assert changed["creators"] == {"react": {"enabled": True}}
    # what goes with the size, and nothing else
    assert set(changed["catalogue"]) == {"mean_impressions", "settled"}
    assert set(changed["feed"]) == {"cold_start"}


def test_the_short_form_is_short() -> None:
    text = "name: a\nduration: 1 d\nfeed: {weights: {like: 2}, predict: {prior: 50}}\n"
    short = dump(loads(text), resolved=False)
    assert short == "name: a\nduration: 1 d\nfeed:\n  weights: {like: 2.0}\n"


def test_the_resolved_form_says_everything() -> None:
    text = dump(Scenario(name="a", duration=60.0))
    for key in set(Scenario.model_fields) - {"tune"}:  # a scenario has a search, or has none
        assert f"\n{key}:" in "\n" + text


def test_a_hash_tells_different_scenarios_apart_and_survives_processes() -> None:
    path = ROOT / "scenarios" / "zero_followers.yaml"
    first = load(path)
    assert scenario_hash(first) != scenario_hash(load(path, ["seed=2"]))
    assert scenario_hash(first) != scenario_hash(load(path, ["name=other"]))
    code = (
        f"from sim.scenario import load, scenario_hash; print(scenario_hash(load({str(path)!r})))"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": "77"},
    )
    assert other.stdout.strip() == scenario_hash(first)


def test_equal_scenarios_hash_alike_however_their_numbers_were_written() -> None:
    texts = ("20", "20.0", "2e1")
    scenarios = [
        loads(f"name: a\nduration: 1 d\nfeed: {{score: [{{use: 'my:S', x: {text}}}]}}\n")
        for text in texts
    ]
    assert scenarios[0] == scenarios[1] == scenarios[2]
    assert len({scenario_hash(scenario) for scenario in scenarios}) == 1


def test_the_order_of_weights_and_sources_does_not_matter() -> None:
    a = FeedConfig(weights={"like": 1.0, "skip": -1.0}, sources={"my:S": 1.0, "fresh": 1.0})
    b = FeedConfig(weights={"skip": -1.0, "like": 1.0}, sources={"fresh": 1.0, "my:S": 1.0})
    assert list(a.weights) == list(b.weights) == ["skip", "like"]
    assert list(a.sources) == list(b.sources) == ["fresh", "my:S"]


def all_models(model: type[BaseModel], found: dict[str, type[BaseModel]]) -> None:
    found[model.__name__] = model
    waiting: list[Any] = [field.annotation for field in model.model_fields.values()]
    while waiting:
        item = waiting.pop()
        if isinstance(item, type) and issubclass(item, BaseModel):
            if item.__name__ not in found:
                all_models(item, found)
        else:
            waiting += getattr(item, "__args__", ())


MODELS: dict[str, type[BaseModel]] = {}
all_models(Scenario, MODELS)


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_every_setting_is_described_and_every_default_is_what_validation_makes_of_it(
    model: type[BaseModel],
) -> None:
    assert model.__doc__
    for name, field in model.model_fields.items():
        if name not in ("use", "policy"):
            assert field.description, name
    required = {
        "name": "x", "duration": 60.0, "share": 1.0, "post_at": 0.0, "use": "a:B", "metric": "m",
        "at": 0.0,
        "weight": 1.0,
        "vary": {"duration": {"low": 1.0, "high": 2.0}}, "objectives": ({"metric": "m"},),
    }  # fmt: skip
    needed = {k: required[k] for k, f in model.model_fields.items() if f.is_required()}
    if model is EventConfig:  # which says one of two things
        needed["take_down"] = "x"
    default = model(**needed)
    for name in set(model.model_fields) - set(needed):
        value = getattr(default, name)
        checked = getattr(model(**needed, **{name: value}), name)
        assert repr(checked) == repr(value), name


def test_a_scenario_cannot_be_changed() -> None:
    scenario = load(ROOT / "scenarios" / "baseline.yaml")
    with pytest.raises(ValidationError):
        scenario.seed = 3  # type: ignore[misc]
    with pytest.raises(TypeError, match="cannot be changed"):
        scenario.feed.weights["like"] = 3.0
    with pytest.raises(TypeError, match="cannot be changed"):
        scenario.feed.weights |= {"like": 3.0}
    with pytest.raises(ValidationError):
        scenario.feed.predict.prior = 3.0  # type: ignore[misc,union-attr]
    assert {scenario: 1}[load(ROOT / "scenarios" / "baseline.yaml")] == 1


def test_a_scenario_survives_pickle_and_copy() -> None:
    scenario = loads("name: a\nduration: 1 d\nfeed: {score: [{use: 'my:S', options: {a: [1]}}]}\n")
    assert pickle.loads(pickle.dumps(scenario)) == scenario
    assert copy.deepcopy(scenario) == scenario
    assert isinstance(pickle.loads(pickle.dumps(scenario)).feed.weights, FrozenDict)


def test_options_of_own_components_are_plain_and_immutable() -> None:
    text = "name: a\nduration: 1 d\nfeed: {score: [{use: 'my:S', age: 6 h, list: [1, {b: 2}]}]}\n"
    (part,) = loads(text).feed.score
    assert isinstance(part, Custom)
    assert part.options == {"age": "6 h", "list": (1, {"b": 2})}
    with pytest.raises(TypeError):
        part.options["list"][1]["b"] = 3


@pytest.mark.parametrize("value", [None, float("nan"), object(), {1: 2}, [None]])
def test_options_that_no_text_can_say_are_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        Custom(use="my:S", option=value)


def test_the_schema_knows_every_setting_in_human_units() -> None:
    schema = json_schema()
    assert schema["properties"]["extends"]["type"] == "string"
    assert set(schema["properties"]) == {*Scenario.model_fields, "extends"}
    population = schema["$defs"]["PopulationConfig"]
    assert population["additionalProperties"] is False
    users = population["properties"]["users"]
    assert (users["minimum"], users["maximum"], users["default"]) == (1, 50_000_000, 2_000)
    assert schema["properties"]["refresh"]["default"] == "1 min"
    record = schema["$defs"]["RecordConfig"]["properties"]
    assert "6 h" not in str(record["events"])
    assert "90 s" in str(record["timeline"])
    assert "'null'" not in str(schema)
    assert "'ge'" not in str(schema)
