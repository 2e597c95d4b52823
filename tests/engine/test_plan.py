"""The kernel knows every built-in part, and refuses what it does not know."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from sim.assemble import make_pipeline
from sim.core.errors import ForyouError
from sim.engine.plan import KNOWN, plan_of
from sim.feed.pipeline import Named, Pipeline
from sim.feed.tables import PRIORS, prior_of
from sim.scenario import feed as spec
from sim.scenario.components import Custom
from sim.testing.worlds import tiny_scenario

SCENARIO = tiny_scenario()
PARTS = {
    "filter": (spec.Seen, spec.Own, spec.Ineligible, spec.TooOld, spec.Blocked),
    "predictor": (spec.Smoothed,),
    "score": (spec.Value,),
    "selector": (spec.Spaced,),
}


def pipeline() -> Pipeline:
    return make_pipeline(SCENARIO, None, False)


def test_the_kernel_knows_what_a_scenario_can_name() -> None:
    assert set(KNOWN["source"]) == set(spec.SOURCES)
    for stage, parts in PARTS.items():
        assert set(KNOWN[stage]) == {part.tag() for part in parts}
        assert len(set(KNOWN[stage].values())) == len(parts)
    assert set(KNOWN) == {"source", *PARTS}


def test_a_plan_says_what_the_pipeline_says() -> None:
    parts = plan_of(SCENARIO, pipeline())
    plan = parts["plan"][0]
    assert parts["source"].tolist() == list(range(7))
    assert parts["quota"].sum() == plan["candidates"] == 40
    assert parts["filter"].tolist() == [0, 1, 2, 3, 4]
    assert parts["max_age"].tolist() == [float("inf")] * 3 + [30 * 86_400.0, float("inf")]
    assert plan[["creator_gap", "sound_gap", "values"]].tolist() == (1, 1, 1)


def test_parts_of_the_user_s_own_are_no_business_of_the_kernel() -> None:
    own = Named("mine:Part", object(), True)
    whole = replace(
        pipeline(), sources=((own, 7, 40),), filters=(own,), predict=own, score=(own,), select=own
    )
    parts = plan_of(SCENARIO, whole)
    plan = parts["plan"][0]
    assert (len(parts["source"]), parts["filter"].tolist()) == (0, [-1])
    assert plan[["values", "slots"]].tolist() == (0, 0.0)


@pytest.mark.parametrize("stage", list(KNOWN))
def test_an_unknown_part_is_an_error(stage: str) -> None:
    new = Named("brand_new", object(), False)
    change = {
        "source": {"sources": ((new, 3, 10),)},
        "filter": {"filters": (new,)},
        "predictor": {"predict": new},
        "score": {"score": (new,)},
        "selector": {"select": new},
    }[stage]
    with pytest.raises(ForyouError, match=f'unknown {stage} for the fast engine "brand_new"'):
        plan_of(SCENARIO, replace(pipeline(), **change))


def test_a_selector_that_is_another_one_is_an_error() -> None:
    plain = make_pipeline(SCENARIO, None, False, engine="reference")
    with pytest.raises(ForyouError, match="PlainSpaced"):
        plan_of(SCENARIO, plain)


def test_the_prior_of_an_unknown_predictor_is_an_error() -> None:
    assert set(PRIORS) == {spec.Smoothed.tag(), spec.Oracle.tag(), Custom.tag()}
    assert prior_of(spec.Smoothed(prior=7.0)) == 7.0
    assert prior_of(Custom(use="my:Model")) == spec.Smoothed().prior
    with pytest.raises(ForyouError, match='unknown predictor "prophet"'):
        prior_of(SimpleNamespace(tag=lambda: "prophet"))  # type: ignore[arg-type]
