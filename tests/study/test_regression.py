"""Effects of signs: the stated estimator, and intervals that hold where the truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from sim.feed.arms import signs_of_arms
from sim.study.perturb.per_user import USER_OUTCOMES
from sim.study.perturb.regression import SignFit, fit_signs
from sim.study.perturb.result import check_of, effect_of, scatter

Floats = npt.NDArray[np.float64]

WATCH = USER_OUTCOMES["watch_minutes"]
TRUE = np.array([0.06, -0.03, 0.0])
"""Effects as shares of the outcome, for three weights."""


def users(draw: np.random.Generator, count: int) -> tuple[Floats, Floats, Floats]:
    """Outcomes, signs and covariate of users, a few of whom do most of what is done.

    What a user does is in proportion to what the same user does in the other world, and so are
    its effects and its luck.
    """
    signs = signs_of_arms(3)[draw.integers(0, 8, count)].astype(float)
    x = draw.lognormal(0.0, 0.8, count)
    y = x * (1 + signs @ TRUE / 2) * draw.lognormal(-0.02, 0.2, count)
    return y, signs, x


def test_estimates_and_errors_are_those_of_the_formulas() -> None:
    y, signs, x = users(np.random.default_rng(1), 90)
    z = np.column_stack([np.ones(90), signs, x])
    inverse = np.linalg.inv(z.T @ z)
    b = inverse @ z.T @ y
    hat = np.diag(z @ inverse @ z.T)
    meat = z.T @ np.diag(((y - z @ b) / (1 - hat)) ** 2) @ z
    errors = np.sqrt(np.diag(inverse @ meat @ inverse))
    found = fit_signs(y, signs, x)
    np.testing.assert_allclose(found.effect, 2 * b[1:4])
    np.testing.assert_allclose(found.error, 2 * errors[1:4])
    assert (found.users, found.freedom) == (90, 85)
    assert found.mean == pytest.approx(y.mean())
    assert found.mean_error == pytest.approx(y.std(ddof=1) / np.sqrt(90))


@pytest.mark.parametrize("control", [True, False])
def test_intervals_hold_the_true_effect(control: bool) -> None:
    draw = np.random.default_rng(7)
    held, sure = np.zeros(3), np.zeros(3)
    studies = 600
    for _ in range(studies):
        fits = {}
        for world in range(2):
            y, signs, x = users(draw, 400)
            fits[world] = fit_signs(y, signs, x if control else None)
        for place in range(3):
            found = effect_of(WATCH, "w", place, fits, {}, 2, 0.95)
            assert found.effect is not None
            assert found.p is not None
            held[place] += found.effect.low <= TRUE[place] <= found.effect.high
            sure[place] += found.p < 0.05
    coverage = 100 * held / studies
    assert (coverage > 92.5).all(), coverage
    assert (coverage < 97.5).all(), coverage
    assert 0.025 < sure[2] / studies < 0.075, "false calls of the weight that does nothing"
    if control:
        assert sure[0] / studies > 0.8


def test_the_other_world_narrows_intervals_as_much_as_it_is_alike() -> None:
    y, signs, x = users(np.random.default_rng(3), 4_000)
    plain, fit = fit_signs(y, signs), fit_signs(y, signs, x)
    found = effect_of(WATCH, "w", 0, {0: fit}, {0: plain}, 1, 0.95)
    assert found.saved == pytest.approx(1 / (1 - np.corrcoef(x, y)[0, 1] ** 2), rel=0.25)
    assert found.saved > 5


def test_what_nothing_moved_has_no_effect_and_no_test() -> None:
    y, signs, x = users(np.random.default_rng(4), 80)
    same = fit_signs(x, signs, x)
    assert not same.effect.any()
    assert not same.error.any()
    found = effect_of(WATCH, "w", 0, {0: same}, {0: fit_signs(x, signs)}, 1, 0.95)
    assert found.effect is not None
    assert (found.effect.low, found.effect.high, found.p, found.saved) == (0.0, 0.0, None, None)
    nobody = fit_signs(np.zeros(80), signs, np.zeros(80))
    none = effect_of(WATCH, "w", 0, {0: nobody}, {}, 1, 0.95)
    assert (none.effect, none.p, none.by_world) == (None, None, (None,))
    constant = fit_signs(y, signs, np.full(80, 3.0))
    np.testing.assert_array_equal(constant.effect, fit_signs(y, signs).effect)


def test_a_user_who_alone_has_the_covariate_does_no_harm() -> None:
    y, signs, _ = users(np.random.default_rng(5), 80)
    x = np.zeros(80)
    x[17] = 5.0
    others = np.arange(80) != 17
    found, without = fit_signs(y, signs, x), fit_signs(y[others], signs[others])
    np.testing.assert_allclose(found.effect, without.effect)
    np.testing.assert_allclose(found.error, without.error)


@pytest.mark.parametrize(
    ("signs", "words"),
    [(np.ones((3, 3)), "too few"), (np.ones((30, 2)), "do not tell 2 weights apart")],
)
def test_signs_that_cannot_be_told_apart_are_refused(signs: Floats, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fit_signs(np.arange(float(len(signs))), signs)


def fit(effect: float, mean: float, error: float = 0.1) -> SignFit:
    return SignFit(np.array([effect]), np.array([error]), mean, 2.0, 500, 490)


def test_worlds_are_averaged_with_one_weight_each() -> None:
    found = effect_of(WATCH, "w", 0, {0: fit(1.0, 10.0), 2: fit(3.0, 30.0)}, {}, 3, 0.95)
    assert found.effect is not None
    assert found.effect.value == pytest.approx(4 / 40)
    error = np.sqrt(2 * 0.1**2 + (0.1 * np.sqrt(2) * 2.0) ** 2) / 40
    assert found.effect.half_width == pytest.approx(1.96 * error, rel=0.01)
    assert found.by_world == (pytest.approx(0.1), None, pytest.approx(0.1))


def test_scatter_is_one_when_users_explain_it_and_more_when_worlds_differ() -> None:
    draw = np.random.default_rng(8)
    alike = {w: fit(draw.normal(0.5, 0.1), 10.0) for w in range(400)}
    assert scatter([alike]) == pytest.approx(1.0, abs=0.2)
    differ = {w: replace(f, effect=f.effect + draw.normal(0, 0.2)) for w, f in alike.items()}
    assert scatter([differ]) == pytest.approx(5.0, abs=1.0)
    assert scatter([{0: fit(1.0, 10.0), 1: fit(1.4, 10.0)}]) == pytest.approx(8.0)
    assert scatter([{0: alike[0]}]) is None
    assert scatter([{0: fit(0.0, 1.0, 0.0), 1: fit(0.0, 1.0, 0.0)}]) is None


def test_intervals_of_the_bias_hold() -> None:
    """Effects are 2 % too large in one world; what a world has in common is in all its runs."""
    draw = np.random.default_rng(9)
    held = separately = 0
    studies = 1_000
    for _ in range(studies):
        level = draw.normal(10.0, 0.8, 8)  # what makes a world a lively one
        fits = {w: fit(m * (0.05 + draw.normal(0, 0.01)), m) for w, m in enumerate(level)}
        up = {w: m * (1 + 0.015 + draw.normal(0, 0.01)) for w, m in enumerate(level)}
        down = {w: m * (1 - 0.015 + draw.normal(0, 0.01)) for w, m in enumerate(level)}
        effect = effect_of(WATCH, "w", 0, fits, {}, 8, 0.95)
        found = check_of(effect, 0, fits, up, down, 0.95)
        assert found.bias is not None
        assert found.separate is not None
        held += found.bias.low <= 0.02 <= found.bias.high
        separately += found.separate.low <= 0.03 <= found.separate.high
    assert 93 < 100 * held / studies < 97
    assert 93 < 100 * separately / studies < 97


def test_a_check_uses_worlds_that_have_all_runs() -> None:
    fits = {w: fit(1.0 + w, 10.0) for w in range(4)}
    effect = effect_of(WATCH, "w", 0, fits, {}, 4, 0.95)
    up, down = {0: 11.0, 1: 12.0, 3: 11.5}, {0: 10.0, 2: 10.0, 3: 10.0}
    found = check_of(effect, 0, fits, up, down, 0.95)
    assert found.worlds == 2
    assert found.one_world is not None
    assert found.separate is not None
    assert found.bias is not None
    assert found.one_world.value == pytest.approx((1.0 + 4.0) / 20)
    assert found.separate.value == pytest.approx(2.5 / 21.25)
    assert found.bias.value == pytest.approx(0.25 - 2.5 / 21.25)
    few = check_of(effect, 0, fits, {0: 11.0}, down, 0.95)
    assert (few.one_world, few.separate, few.bias, few.worlds) == (None, None, None, 1)
