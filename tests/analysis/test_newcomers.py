"""The cold start of people: numbers of both groups, and their differences."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from sim.analysis import summarise, value_at
from sim.analysis.newcomers import newcomer_summary, parts_of
from sim.core.stages import SPANS


def test_each_group_and_part_has_its_numbers(synthetic: ModuleType) -> None:
    found = newcomer_summary(synthetic.newcomers(100))
    assert list(found["ticked"]) == list(found["unticked"]) == list(SPANS)
    part = found["unticked"]["36-100"]
    assert (part["people"], part["impressions"]) == (100, 6_500)
    assert (part["match"], part["match_se"]) == pytest.approx((0.52, 0.02))
    assert part["completed"] == pytest.approx(0.52 / 3)


def test_the_difference_has_the_errors_of_both(synthetic: ModuleType) -> None:
    found = newcomer_summary(synthetic.newcomers(100))["ticked_minus_unticked"]["1-10"]
    half = 1.959964 * 0.02 * 2**0.5
    assert found["match"] == pytest.approx(0.3)
    assert found["match_low"] == pytest.approx(0.3 - half)
    assert found["match_high"] == pytest.approx(0.3 + half)


def test_one_person_has_no_error_and_nobody_no_number(synthetic: ModuleType) -> None:
    one = newcomer_summary(synthetic.newcomers(1))["ticked_minus_unticked"]["1-10"]
    assert one["match"] == pytest.approx(0.3)
    assert one["match_low"] is one["match_high"] is None
    nobody = newcomer_summary(synthetic.newcomers(0))
    assert nobody["ticked"]["first_100"]["people"] == 0
    assert nobody["ticked"]["first_100"]["match"] is None
    assert nobody["ticked_minus_unticked"]["first_100"]["match"] is None


def test_a_run_that_nobody_joins_has_no_such_numbers(synthetic: ModuleType) -> None:
    made = synthetic.make_tables(seed=1, users=300, joined=30)
    assert value_at(summarise(made), "newcomers.ticked.first_100.match") == pytest.approx(0.55)
    assert "newcomers" not in summarise(replace(made, newcomers=None))


def test_parts_are_found_by_their_ends_in_any_order(synthetic: ModuleType) -> None:
    table = synthetic.newcomers(10)
    turned = table.sample(fraction=1.0, shuffle=True, seed=3)
    assert list(parts_of(turned, "ticked")) == list(parts_of(table, "ticked"))
