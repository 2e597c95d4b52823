"""Names of numbers are checked before anything runs, and found in every summary afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sim.core.errors import ForyouError
from sim.scenario import Scenario
from sim.study.runs.outcome import evaluate
from sim.study.runs.plan import RunSpec, with_changes
from sim.study.statistics.metrics import default_metrics, metric, metrics


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
    elif isinstance(node, list):
        for place, below in enumerate(node):
            yield from leaves(below, f"{path}.{place}")
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
        ("probes.newcomer.time_to_reach.9.share", "no number is called"),
        ("sources.intrest", 'did you mean "sources.interest"'),
        ("engagement.tiers.x.mean", 'did you mean "engagement.tiers.0.mean"'),
        ("pools.levels.-1.share", "no number is called"),
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
