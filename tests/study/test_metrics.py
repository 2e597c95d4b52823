"""Names of numbers are checked before anything runs, and found in every summary afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from sim.analysis import Tables, summarise
from sim.assemble import assemble
from sim.core.errors import ForyouError
from sim.scenario import Scenario
from sim.scenario.feed import Pools
from sim.simulate import tables_in_memory
from sim.study.runs.outcome import evaluate
from sim.study.runs.plan import RunSpec, with_changes
from sim.study.statistics.metrics import POOLS, default_metrics, metric, metrics
from sim.study.statistics.over_worlds import over_worlds


@pytest.fixture(scope="module")
def summary(scenario: Scenario) -> dict[str, Any]:
    found = evaluate(RunSpec(scenario, 3)).summary
    assert found is not None
    return found


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a summary with its dotted path."""
    if isinstance(node, dict):
        for name, below in node.items():
            yield from leaves(below, f"{path}.{name}".lstrip("."))
    else:
        yield path, node


def test_every_number_of_a_run_is_a_metric(scenario: Scenario, summary: dict[str, Any]) -> None:
    found = list(leaves(summary))
    assert len(found) > 150
    for path, value in found:
        if isinstance(value, str) or path == "tail.reason":
            with pytest.raises(ForyouError, match="holds words"):
                metric(path, scenario)
        else:
            one = metric(path, scenario)
            assert one.of(summary) == value
            if value is not None:
                low, high = one.bounds
                assert low <= value <= high, path
            assert one.label


def test_numbers_of_newcomers_are_those_of_runs_that_people_join(scenario: Scenario) -> None:
    joined = with_changes(scenario, {"population.joining": 0.5})
    made = evaluate(RunSpec(joined, 3)).summary
    assert made is not None
    for path in ("newcomers.ticked.first_100.match", "newcomers.unticked.first_350.completed"):
        found = metric(path, joined).of(made)
        assert found is not None
        assert 0.0 < found < 1.0
    assert metric("newcomers.ticked_minus_unticked.1-10.match", joined).bounds[0] < 0.0
    with pytest.raises(ForyouError, match="no number is called"):
        metric("newcomers.ticked.first_100.match", scenario)
    with pytest.raises(ForyouError, match=r'did you mean "newcomers.ticked.first_100.match"'):
        metric("newcomers.ticked.first_200.match", joined)


def test_the_default_metrics_are_in_every_run(scenario: Scenario, summary: dict[str, Any]) -> None:
    chosen = default_metrics(scenario)
    assert [m.path for m in chosen][:2] == [
        "probes.newcomer.viral_share",
        "probes.newcomer.reach_median",
    ]
    assert "watch.minutes_per_user_day" in [m.path for m in chosen]
    assert len({m.label for m in chosen}) == len(chosen)
    assert metrics(None, scenario) == metrics([], scenario) == chosen


def test_each_metric_once_and_in_order(scenario: Scenario) -> None:
    found = metrics(["watch.hours", "reach.videos", "watch.hours"], scenario)
    assert [m.path for m in found] == ["watch.hours", "reach.videos"]


def test_scenarios_show_what_they_have_in_common(scenario: Scenario) -> None:
    other = with_changes(scenario, {"probes": []})
    assert metrics(None, scenario, other) == default_metrics(other)
    with pytest.raises(ForyouError, match='"tiny" has no probe "newcomer"; it has no probes'):
        metrics(["probes.newcomer.viral_share"], scenario, other)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("watch.minutes_per_day", 'did you mean "watch.minutes_per_user_day"'),
        ("minutes_per_user_day", 'did you mean "watch.minutes_per_user_day"'),
        ("probes.newcommer.viral_share", "its probes are newcomer"),
        ("probes.newcomer.viral_shares", 'did you mean "probes.newcomer.viral_share"'),
        ("probes.newcomer.time_to_reach.1000.share", "no number is called"),
        ("probes.newcomer.time_to_reach.0.share", "no number is called"),
        ("sources.intrest", 'did you mean "sources.interest"'),
        ("engagement.tiers.1-5k.mean", 'did you mean "engagement.tiers.1-5K.mean"'),
        ("pools.levels.0.share", 'did you mean "pools.levels.1.share"'),
        ("pools.levels.21.share", "no number is called"),
        ("watch", "no number is called"),
        ("", "no number is called"),
        ("x" * 10_000, "no number is called"),
    ],
)
def test_a_wrong_name_is_refused_with_a_near_one(path: str, words: str, scenario: Scenario) -> None:
    with pytest.raises(ForyouError) as caught:
        metric(path, scenario)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 11_000


def test_a_source_that_brought_nothing_has_the_share_zero(
    scenario: Scenario, summary: dict[str, Any]
) -> None:
    assert "custom" not in summary["sources"]
    assert metric("sources.custom", scenario).of(summary) == 0.0
    assert metric("pools.levels.7.share", scenario).of(summary) is None
    assert metric("sources.fresh", scenario).of({**summary, "sources": {}}) is None


def test_tiers_pools_and_reaches_are_aligned_by_name(scenario: Scenario) -> None:
    """Two worlds with accounts of other sizes and videos that got unequally far."""

    def world(followers: int, highest: int) -> dict[str, Any]:
        videos = {"followers_at_upload": followers, "pool": highest}
        live = evaluated.videos.with_columns(**{
            name: pl.lit(value, evaluated.videos[name].dtype) for name, value in videos.items()
        })  # fmt: skip
        probes = evaluated.probes.with_columns(pool=pl.lit(highest, pl.Int8))
        return summarise(replace(evaluated, videos=live, probes=probes))

    evaluated = played(scenario)
    worlds = [world(0, 1), world(50, 2)]
    rates = [w["engagement"]["by_views"] for w in worlds]
    values = {
        label: over_worlds(metric(f"engagement.tiers.{label}.total", scenario), worlds).values
        for label in ("0", "1-9", "10-99")
    }
    assert values == {"0": (rates[0], None), "1-9": (None, None), "10-99": (None, rates[1])}
    for prefix in ("", "probes.newcomer."):
        entered = [
            over_worlds(metric(f"{prefix}pools.levels.{pool}.share", scenario), worlds).values
            for pool in (1, 2, 3)
        ]
        # a pool that nobody entered has the share zero, and is not left out
        assert entered == [(1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]
    known = metric("probes.newcomer.time_to_reach.10.reach", scenario)
    assert over_worlds(known, worlds).values == (10.0, 10.0)


def played(scenario: Scenario) -> Tables:
    """The tables of a world that was played to its end."""
    live = assemble(scenario, 3, engine="fast")
    live.env.run(until=live.end)
    return tables_in_memory(live)


def test_there_are_names_for_as_many_pools_as_a_scenario_can_have() -> None:
    assert Pools(levels=int(POOLS[-1])).levels == len(POOLS)
    with pytest.raises(ValidationError):
        Pools(levels=len(POOLS) + 1)


def test_the_label_of_a_picture_says_which_of_many_it_is(scenario: Scenario) -> None:
    assert metric("engagement.tiers.1-5K.mean", scenario).label.endswith(": 1-5K")
    label = metric("probes.newcomer.pools.levels.2.share", scenario).label
    assert label.startswith("newcomer: ")
    assert label.endswith(": 2")
