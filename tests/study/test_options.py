"""The arguments that every kind of study takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from sim.scenario import Scenario
from sim.study import compare, perturb, sensitivity, sweep, tune, worlds
from sim.study.compare.study import run_compare
from sim.study.perturb.study import run_perturb
from sim.study.runs.options import Opening, Options, Playing, split
from sim.study.runs.start import subject
from sim.study.sensitivity.study import run_sensitivity
from sim.study.sweep.study import run_sweep
from sim.study.tune.study import search
from sim.study.worlds.study import run_worlds

TINY = Scenario(name="tiny", duration=3_600.0, population={"users": 40})  # type: ignore[arg-type]
RUN = [run_worlds, run_compare, run_sweep, run_sensitivity, search, run_perturb]
FRONT: dict[str, Callable[[Scenario, Any], Any]] = {
    "worlds": lambda scenario, given: worlds(scenario, **given),
    "compare": lambda scenario, given: compare([scenario], arms={"a": ["seed=2"]}, **given),
    "sweep": lambda scenario, given: sweep(scenario, ["feed.slate=4,5"], **given),
    "sensitivity": lambda scenario, given: sensitivity(scenario, **given),
    "tune": lambda scenario, given: tune(scenario, **given),
    "perturb": lambda scenario, given: perturb(scenario, **given),
}


def test_they_are_split_by_who_reads_them() -> None:
    opening, playing = split({"seed": 3, "plots": False, "out": "here"})
    assert opening == {"seed": 3}
    assert playing == {"plots": False, "out": "here"}


def test_all_that_open_a_scenario_are_those_of_a_subject() -> None:
    assert set(Opening.__annotations__) == set(inspect.signature(subject).parameters) - {"scenario"}


@pytest.mark.parametrize("run", RUN)
def test_every_study_is_played_with_all_of_them(run: Callable[..., Any]) -> None:
    found = set(inspect.signature(run).parameters)
    assert found - {"plan", "heard"} == set(Playing.__annotations__)


@pytest.mark.parametrize("study", FRONT)
def test_an_unknown_one_is_refused_before_anything_runs(study: str) -> None:
    given: dict[str, Any] = {"polts": False}
    with pytest.raises(TypeError, match="polts"):
        FRONT[study](TINY, given)


def test_none_is_in_both() -> None:
    assert set(Options.__annotations__) == {*Opening.__annotations__, *Playing.__annotations__}
    assert not set(Opening.__annotations__) & set(Playing.__annotations__)
