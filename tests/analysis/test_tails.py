"""CCDF and tail fits: known laws are found again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.analysis.tails import MIN_FIT, ccdf, fit_tail, lognormal_ccdf, power_law_ccdf


def test_ccdf_by_hand() -> None:
    x, share = ccdf([5, 1, 1, 2])
    assert x.tolist() == [1, 2, 5]
    assert share.tolist() == [1.0, 0.5, 0.25]
    assert ccdf([])[0].size == 0


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=300), st.integers(10, 50))
def test_ccdf_falls_from_one_and_keeps_its_ends(values: list[int], points: int) -> None:
    x, share = ccdf(values, points=points)
    assert share[0] == 1.0
    assert (np.diff(x) > 0).all()
    assert (np.diff(share) < 0).all()
    assert (x[0], x[-1]) == (min(values), max(values))
    assert share[-1] == pytest.approx(values.count(max(values)) / len(values))


def test_power_law_is_found_again() -> None:
    rng = np.random.default_rng(3)
    x = np.floor(20 * (1 - rng.random(6_000)) ** (-1 / 1.5))
    fit = fit_tail(x)
    assert fit.reason is None
    assert fit.alpha is not None
    assert fit.alpha_se is not None
    # The start of the tail is searched too, so allow more than the error at a known start.
    assert abs(fit.alpha - 2.5) < 5 * fit.alpha_se
    assert fit.ratio is not None
    assert fit.p is not None
    assert fit.ratio > 0 or fit.p > 0.05


def test_lognormal_body_is_told_from_a_power_law() -> None:
    x = np.floor(np.random.default_rng(4).lognormal(5, 0.7, 4_000)) + 1
    fit = fit_tail(x)
    assert fit.ratio is not None
    assert fit.p is not None
    assert fit.ratio < 0
    assert fit.p < 0.01
    assert fit.sigma == pytest.approx(0.7, abs=0.1)
    assert fit.mu == pytest.approx(5.0, abs=0.2)
    assert fit.n == 4_000
    assert fit.n_tail is not None
    assert fit.n_tail == int((x >= fit.xmin).sum())


def test_only_the_largest_values_are_used_but_all_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sim.analysis.tails.MAX_FIT", 500)
    x = np.floor(10 * (1 - np.random.default_rng(3).random(3_000)) ** (-1 / 1.5))
    fit = fit_tail(x)
    assert fit.n == 3_000
    assert fit.xmin is not None
    assert fit.xmin >= np.sort(x)[-500]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([], "0 positive values"),
        ([0] * 500, "0 positive values"),
        (list(range(1, MIN_FIT)), f"{MIN_FIT - 1} positive values"),
        ([7] * 500, "1 different values"),
    ],
)
def test_too_few_data_give_a_reason(values: list[int], words: str) -> None:
    fit = fit_tail(values)
    assert fit.reason is not None
    assert fit.reason.startswith(words)
    assert fit.alpha is None


def test_fitted_curves_start_at_one_and_fall() -> None:
    x = np.geomspace(50, 1e9, 40)
    # The last log-normal is so far out that its plain tail probability is 0/0.
    for curve in (
        power_law_ccdf(x, 2.2, 50),
        lognormal_ccdf(x, 3.0, 1.2, 50),
        lognormal_ccdf(x, -200.0, 4.0, 50),
    ):
        assert curve[0] == pytest.approx(1.0)
        assert np.isfinite(curve).all()
        assert (np.diff(curve) <= 0).all()
    assert power_law_ccdf(np.array([5_000.0]), 2.2, 50)[0] == pytest.approx(100**-1.2, rel=0.02)
    assert lognormal_ccdf(np.array([np.exp(3.0)]), 3.0, 1.2, 1.0)[0] == pytest.approx(
        0.5 / 0.99379, rel=1e-4
    )
