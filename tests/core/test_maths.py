"""Elementary functions: close to the true value, the same bits wherever they are called."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.core.maths import bits_of, exp, log, logit, normal_quantile, power, sigmoid
from sim.machine.compiled import njit

POSITIVE = st.floats(2.4e-308, 1.7e308)


@njit()
def _inlined(x, out):
    for i in range(x.size):
        out[i, 0] = exp(x[i])
        out[i, 1] = log(abs(x[i]) + 1e-9)
        out[i, 2] = sigmoid(x[i])
        out[i, 3] = power(abs(x[i]) + 0.5, 1.7)


@given(st.floats(-699.0, 699.0))
def test_exp_is_close(x: float) -> None:
    assert exp(x) == pytest.approx(math.exp(x), rel=1e-13)


@given(POSITIVE)
def test_log_is_close(x: float) -> None:
    true = math.log(x)
    # near 1 the logarithm itself is near 0: an absolute error of one unit of x
    assert abs(log(x) - true) <= 1e-14 * abs(true) + 5e-16


def test_log_near_one_keeps_its_digits() -> None:
    for x in (1.0 - 2**-50, 1.0 + 2**-50, 1.0 + 1e-8, 0.999):
        assert log(x) == pytest.approx(math.log(x), rel=1e-13)
    assert log(1.0 - 2**-53) < 0.0 < log(1.0 + 2**-52)
    assert log(1.0) == 0.0
    assert exp(0.0) == 1.0


def test_edges() -> None:
    assert exp(-701.0) == 0.0
    assert exp(-1e308) == 0.0
    assert exp(-math.inf) == 0.0
    assert math.isfinite(exp(1e308))
    assert exp(math.inf) == exp(700.0) == pytest.approx(math.exp(700.0), rel=1e-14)
    assert log(0.0) == log(-1.0) == log(math.nan) == log(5e-324) == -745.0
    assert log(1.7e308) == pytest.approx(math.log(1.7e308), rel=1e-15)


@given(st.floats(-700.0, 700.0), st.floats(-700.0, 700.0))
def test_exp_rises(x: float, y: float) -> None:
    if x + 1e-12 * max(1.0, abs(x)) < y:
        assert exp(x) < exp(y)


@given(st.floats(-600.0, 600.0))
def test_log_undoes_exp(x: float) -> None:
    assert log(exp(x)) == pytest.approx(x, abs=1e-12, rel=1e-13)


@given(st.floats(-1e6, 1e6))
def test_sigmoid_is_a_probability_and_symmetric(x: float) -> None:
    assert 0.0 <= sigmoid(x) <= 1.0
    assert sigmoid(x) + sigmoid(-x) == pytest.approx(1.0, abs=1e-15)
    if abs(x) < 700:
        assert sigmoid(-x) == pytest.approx(1.0 / (1.0 + math.exp(x)), rel=1e-14)


@given(st.floats(-30.0, 30.0))
def test_logit_undoes_sigmoid(x: float) -> None:
    # beside 1 a probability has few digits left
    assert logit(sigmoid(x)) == pytest.approx(x, abs=1e-9 + 4e-16 * math.exp(abs(x)))


def test_power_agrees_with_python() -> None:
    for base, exponent in [(2.0, 10.0), (0.3, 0.7), (1e5, -2.5), (7.0, 0.0)]:
        assert power(base, exponent) == pytest.approx(base**exponent, rel=1e-13)


def test_normal_quantile_is_the_inverse_of_the_distribution() -> None:
    p = np.concatenate(
        [np.linspace(1e-4, 1 - 1e-4, 2001), 10.0 ** -np.arange(2, 16), [0.02425, 1 - 0.02425]]
    )
    found = np.array([normal_quantile(x) for x in p])
    np.testing.assert_allclose(found, stats.norm.ppf(p), rtol=1.2e-9, atol=1e-12)


@pytest.mark.parametrize("p", [0.001, 0.02, 0.1, 0.4])
def test_normal_quantile_is_odd(p: float) -> None:
    assert normal_quantile(1.0 - p) == pytest.approx(-normal_quantile(p), rel=1e-12)


def test_bits_of_a_float() -> None:
    for x in (0.0, 1.0, -2.5, math.pi):
        (wanted,) = struct.unpack("<Q", struct.pack("<d", x))
        assert int(np.uint64(bits_of(x))) == wanted


def test_a_loop_of_compiled_code_has_the_same_bits_as_a_call() -> None:
    x = np.random.default_rng(3).normal(0.0, 20.0, 500)
    out = np.empty((500, 4))
    _inlined(x, out)
    calls: list[Callable[[float], float]] = [
        exp, lambda v: log(abs(v) + 1e-9), sigmoid, lambda v: power(abs(v) + 0.5, 1.7),
    ]  # fmt: skip
    for column, call in enumerate(calls):
        assert out[:, column].tolist() == [call(v) for v in x.tolist()]


def test_golden_bits() -> None:
    """The same on every machine; these four came from one of them."""
    found = [exp(1.0), log(10.0), sigmoid(0.3), normal_quantile(0.2)]
    assert [value.hex() for value in found] == [
        "0x1.5bf0a8b14574ap+1",
        "0x1.26bb1bbb55516p+1",
        "0x1.261d545e46a91p-1",
        "-0x1.aee8fa6c5c2d1p-1",
    ]
