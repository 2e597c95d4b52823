"""The parts that decide: gains and margins, early stops, proposals, fronts, candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.scenario import loads
from sim.study.tune.early import EarlyStop, pooled_errors
from sim.study.tune.front import candidates, compromise, front, nondominated, spread
from sim.study.tune.importance import importances
from sim.study.tune.objective import Aim, Start, aim_of
from sim.study.tune.space import Space, space_of
from sim.study.tune.suggest import propose
from sim.study.tune.trial import Trial

TEXT = """\
name: x
duration: 1 d
probes: [{name: new, post_at: 1 h}]
tune:
  vary:
    feed.weights.like: {low: 0, high: 4}
    feed.weights.share: {low: 0.1, high: 10, scale: log}
    feed.slate: {choice: [5, 10, 20]}
  objectives: [{metric: probes.new.viral_share}]
  constraints:
    - {metric: watch.minutes_per_user_day, at_least: 98 %, of: start}
    - {metric: inequality.gini_views, at_most: 0.9}
"""
VIRAL, MINUTES, GINI = (
    "probes.new.viral_share", "watch.minutes_per_user_day", "inequality.gini_views"
)  # fmt: skip
SCENARIO = loads(TEXT)
WORLDS = 4


@pytest.fixture(scope="module")
def space() -> Space:
    return space_of(SCENARIO)


def aim(objectives: str = "", constraints: str | None = None) -> Aim:
    text = TEXT
    if objectives:
        text = text.replace("[{metric: probes.new.viral_share}]", objectives)
    if constraints is not None:
        text = text[: text.index("  constraints")] + constraints
    scenario = loads(text)
    assert scenario.tune is not None
    return aim_of(scenario, scenario.tune)


def values(viral: Sequence[float], minutes: Sequence[float], gini: float = 0.5) -> dict[str, Any]:
    return {VIRAL: tuple(viral), MINUTES: tuple(minutes), GINI: (gini,) * len(viral)}


START = Start(aim(), values((0.2, 0.3, 0.1, 0.2), (40.0, 50.0, 45.0, 45.0)))


def trial(number: int, gain: float, watch: float = 1.0, worlds: int = WORLDS, **over: Any) -> Trial:
    """A trial that gains in each world and multiplies watch time."""
    viral = [x + gain for x in START.values[VIRAL][:worlds]]
    minutes = [x * watch for x in START.values[MINUTES][:worlds]]
    state = "complete" if worlds == WORLDS else "pruned"
    like = float(np.clip(2 + 10 * gain, 0, 4))
    point = {"feed.weights.like": like, "feed.weights.share": 1.0, "feed.slate": 10}
    return replace(Trial(number, point, state, values(viral, minutes)), **over)  # type: ignore[arg-type]


def spreading(number: int, minutes: Sequence[float]) -> Trial:
    """A trial whose watch time differs from the start's by so much in each world."""
    changed = [a + b for a, b in zip(START.values[MINUTES], minutes, strict=False)]
    viral = START.values[VIRAL][: len(changed)]
    return replace(trial(number, 0.0), values=values(viral, changed))


# ---- gains and margins ------------------------------------------------------------------------


def test_gains_and_margins_are_those_of_the_same_worlds() -> None:
    one = trial(0, 0.1, 0.97, worlds=2).values
    np.testing.assert_allclose(START.gains(one), [[0.1, 0.1]])
    np.testing.assert_allclose(START.margins(one)[0], [-0.4, -0.5])
    np.testing.assert_allclose(START.margins(one)[1], [0.4, 0.4])
    assert START.violations(one) == pytest.approx([0.45 / (0.98 * 45), -0.4 / 0.9])
    assert not START.feasible(one)
    assert START.feasible(trial(0, 0.1, 0.981).values)


def test_an_estimate_from_some_worlds_knows_that_they_were_easy() -> None:
    # world 1 of the start is 0.3, far above its mean of 0.2
    one = {k: v[1:2] for k, v in trial(0, 0.05).values.items()}
    shifted = Start(aim(), {k: v[1:] + v[:1] for k, v in START.values.items()})
    assert shifted.estimates(one) == pytest.approx([0.25])
    whole = trial(0, 0.05).values
    assert START.estimates(whole) == pytest.approx([np.mean(whole[VIRAL])])


def test_smaller_is_better_when_it_is_asked_for() -> None:
    start = Start(aim("[{metric: probes.new.viral_share, goal: minimise}]"), START.values)
    assert start.gains(trial(0, -0.1).values).mean() == pytest.approx(0.1)


def test_limits_say_what_they_are() -> None:
    assert [str(limit) for limit in aim().limits] == [
        "watch.minutes_per_user_day at least 98 % of the start",
        "inequality.gini_views at most 0.9",
    ]


# ---- early stops ------------------------------------------------------------------------------


def seen(count: int = 10) -> list[Trial]:
    """Trials with gains from 0 to 0.18 whose watch time varies a little between worlds."""
    found = []
    for i in range(count):
        one = trial(i, 0.02 * i)
        noise = [0.1, -0.1, 0.2, -0.2]
        minutes = [a + b for a, b in zip(START.values[MINUTES], noise, strict=True)]
        found.append(replace(one, values={**one.values, MINUTES: tuple(minutes)}))
    return found


def test_nothing_is_stopped_before_enough_is_known() -> None:
    rule = EarlyStop(START, seen(7), startup=8)
    assert rule.why(trial(9, -0.2, 0.5, worlds=1).values) == ""


def test_a_trial_below_the_median_is_stopped_after_one_world() -> None:
    rule = EarlyStop(START, seen(), startup=8)
    assert "below the median" in rule.why(trial(9, 0.08, worlds=1).values)
    assert rule.why(trial(9, 0.10, worlds=1).values) == ""


def test_the_median_is_of_trials_that_keep_the_constraints() -> None:
    greedy = [trial(20 + i, 0.5, 0.5) for i in range(30)]
    rule = EarlyStop(START, [*seen(), *greedy], startup=8)
    assert rule.why(trial(9, 0.10, worlds=1).values) == ""


def test_only_a_clear_break_of_a_constraint_stops() -> None:
    errors = pooled_errors(START, seen())
    assert errors is not None
    sd = float(np.std(START.margins(seen()[0].values)[0], ddof=1))
    assert errors[0] == pytest.approx(sd)
    rule = EarlyStop(START, seen(), startup=8)
    bound = 0.98
    for worlds in (1, 3):
        for away, stops in ((1.9, False), (2.1, True)):
            x = [a * bound - away * sd / worlds**0.5 for a in START.values[MINUTES][:worlds]]
            one = {**trial(9, 0.18, worlds=worlds).values, MINUTES: tuple(x)}
            assert ("clearly not" in rule.why(one)) is stops


def test_with_several_objectives_only_what_is_behind_in_all_is_stopped() -> None:
    both = f"[{{metric: {VIRAL}}}, {{metric: reach.viral_share}}]"
    start = Start(aim(both), {**START.values, "reach.viral_share": (0.1,) * WORLDS})

    def more(one: Trial, reach: float) -> dict[str, Any]:
        return {**one.values, "reach.viral_share": (0.1 + reach,) * one.worlds}

    told = [replace(one, values=more(one, 0.01 * i)) for i, one in enumerate(seen())]
    rule = EarlyStop(start, told, startup=8)
    low, high = trial(20, 0.0, worlds=1), trial(20, 0.15, worlds=1)
    assert rule.why(more(low, 0.0)) == f"below the median in {VIRAL} and reach.viral_share"
    assert rule.why(more(low, 0.08)) == ""
    assert rule.why(more(high, 0.0)) == ""
    assert "clearly not" in rule.why({**more(high, 0.08), MINUTES: (20.0,)})


def test_the_spread_of_margins_is_that_within_trials() -> None:
    # trials differ by far more from each other than their worlds do
    told = [spreading(i, [5.0 * i + x for x in (1.0, -1.0, 1.0, -1.0)]) for i in range(4)]
    errors = pooled_errors(START, told)
    assert errors is not None
    expected = [np.std(START.margins(one.values)[0], ddof=1) for one in told]
    assert errors[0] == pytest.approx(expected[0])
    assert errors[0] == pytest.approx(np.std([1, -1, 1, -1], ddof=1), rel=0.1)
    assert pooled_errors(START, told[:2]) is None


# ---- proposals --------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "random"])
def test_proposals_depend_on_seed_number_and_history_alone(space: Space, sampler: str) -> None:
    def ask(told: Sequence[Trial], opened: Sequence[Trial] = (), seed: int = 3) -> Trial:
        return propose(space, START, told, opened, sampler, 8, seed)

    told = seen(16)
    first = ask(told)
    assert first == ask(told)
    assert first.number == 16
    assert first != ask(told, seed=4)
    second = ask(told, [first])
    assert second.number == 17
    assert second.params != first.params
    # what became of the first of the batch by now is not looked at
    assert second == ask(told, [replace(first, state="complete", values=trial(0, 0.3).values)])


def test_the_first_trial_is_the_start(space: Space) -> None:
    assert propose(space, START, [], [], "tpe", 8, 0).params == dict(space.start)
    elsewhere = replace(space, start={**space.start, "feed.weights.like": None})
    assert propose(elsewhere, START, [], [], "tpe", 8, 0).params["feed.weights.like"] != 0.6


def test_tpe_learns_from_gains_and_from_constraints(space: Space) -> None:
    """Half of the trials buy large gains by losing watch time; the others gain with few likes."""
    told = []
    for i in range(60):
        like = 4.0 * ((i * 0.618034) % 1.0)
        one = trial(i, 0.3, 0.5) if like > 2 else trial(i, 0.1 - 0.05 * like)
        told.append(replace(one, params={**one.params, "feed.weights.like": round(like, 3)}))
    asked: list[Trial] = []
    for _ in range(20):
        asked.append(propose(space, START, told, asked, "tpe", 8, 1))
    likes = [float(t.params["feed.weights.like"]) for t in asked]
    assert np.median(likes) < 1.0
    assert np.mean(np.array(likes) > 2) < 0.25


def test_a_failed_trial_counts_but_is_not_learned_from(space: Space) -> None:
    told = [*seen(12), replace(trial(12, 0.0), state="failed", values={}, why="no")]
    assert propose(space, START, told, [], "tpe", 8, 0).number == 13


def test_generations_are_remembered(space: Space) -> None:
    told: list[Trial] = []
    for batch in range(4):
        opened: list[Trial] = []
        for _ in range(6):
            opened.append(propose(space, START, told, opened, "nsga2", 6, 0))
        told += [
            replace(one, state="complete", values=trial(0, 0.01 * i).values)
            for i, one in enumerate(opened)
        ]
        generations = {one.memory["NSGAIISampler:generation"] for one in opened if one.memory}
        assert generations == {batch}


# ---- the best ---------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12))
def test_a_front_is_what_nothing_beats(rows: list[tuple[int, int]]) -> None:
    found = nondominated(rows)
    assert found
    for i, row in enumerate(rows):
        beaten = any(a >= row[0] and b >= row[1] and (a, b) != row for a, b in rows)
        assert (i in found) is not beaten


def test_the_compromise_is_in_the_middle() -> None:
    assert compromise([(0, 1), (0.8, 0.8), (1, 0)]) == 1
    assert compromise([(0, 100), (1, 0), (0.9, 90)]) == 2
    assert compromise([(3, 3)]) == 0


def test_a_few_stand_for_a_front() -> None:
    x = np.linspace(0, 1, 21)
    rows = np.column_stack([x, 1 - x**2])
    chosen = spread(rows, 5)
    assert {0, 20} <= set(chosen)
    assert compromise(rows) in chosen
    assert len(chosen) == 5
    assert np.diff(chosen).max() <= 7
    assert spread(rows[:2], 5) == [0, 1]
    assert spread([(1, 1), (1, 1)], 5) == [0]


def test_candidates_are_better_feasible_distinct_and_not_at_the_edge() -> None:
    told = seen()
    edge = replace(trial(30, 0.5, 0.9801))  # keeps the bound by a hair, with the largest gain
    broken = trial(31, 0.9, 0.9)
    early = trial(32, 0.9, worlds=2)
    twin = replace(trial(33, 0.18), values=told[9].values)
    found = candidates(START, [*told, edge, broken, early, twin], 4)
    assert [one.number for one in found] == [9, 8, 7, 6]
    assert 30 in [one.number for one in candidates(START, [*told, edge], 20)]
    assert 0 not in [one.number for one in candidates(START, told, 20)]
    assert candidates(START, [broken, trial(1, -0.1)], 3) == []


def test_the_front_of_one_objective_is_the_trade_off_with_the_first_constraint() -> None:
    told = [trial(0, 0.0), trial(1, 0.1, 0.99), trial(2, 0.05, 0.97), trial(3, 0.3, 0.9)]
    assert [one.number for one in front(START, told)] == [0, 1, 3]


def test_the_front_of_several_objectives_keeps_the_constraints() -> None:
    both = f"[{{metric: {VIRAL}}}, {{metric: {GINI}, goal: minimise}}]"
    minutes = f"  constraints: [{{metric: {MINUTES}, at_least: 98 %, of: start}}]\n"
    start = Start(aim(both, minutes), START.values)
    told = [
        replace(one, values={**one.values, GINI: (gini,) * WORLDS})
        for one, gini in ((trial(0, 0.2), 0.6), (trial(1, 0.1), 0.4), (trial(2, 0.1), 0.5),
                          (trial(3, 0.9, 0.5), 0.1))
    ]  # fmt: skip
    assert [one.number for one in front(start, told)] == [0, 1]


def test_importances_find_the_setting_that_matters(space: Space) -> None:
    told = []
    for i in range(80):
        share = 10 ** (2 * ((i * 0.618034) % 1.0) - 1)
        like = 4.0 * ((i * 0.414214) % 1.0)
        one = trial(i, 0.1 * np.log10(share), 1.0 + 0.01 * like)
        point = {"feed.weights.like": like, "feed.weights.share": share, "feed.slate": 10}
        told.append(replace(one, params=point))  # type: ignore[arg-type]
    found = importances(space, START, told)
    assert list(found) == [VIRAL, MINUTES, GINI]
    assert max(found[VIRAL], key=lambda path: found[VIRAL][path]) == "feed.weights.share"
    assert max(found[MINUTES], key=lambda path: found[MINUTES][path]) == "feed.weights.like"
    assert sum(found[VIRAL].values()) == pytest.approx(1)
    assert importances(space, START, told[:20]) == {}
