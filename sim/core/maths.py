"""Elementary functions that give the same bits on every machine.

``exp`` and ``log`` of a C library differ in the last bit between versions, and NumPy picks
other vector code on other processors. A result that must not depend on the machine cannot
use them, so these few functions are built from +, -, *, / and bit moves alone, which IEEE 754
fixes exactly. They are compiled without ``fastmath``, so nothing is reordered or fused.

All take and return float64.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from sim.machine.compiled import njit

__all__ = [
    "CENTRAL", "bits_of", "bits_of32", "central_quantile", "exp", "log", "logit",
    "normal_quantile", "power", "sigmoid",
]  # fmt: skip

_LN2_HI = 6.93147180369123816490e-01
_LN2_LO = 1.90821492927058770002e-10
_INV_LN2 = 1.4426950408889634
_SQRT_HALF = 0.70710678118654752440

_intrinsic: Any = intrinsic  # its own type takes away the arguments


@_intrinsic
def _float_from_bits(typingctx: Any, bits: Any) -> Any:  # noqa: ARG001
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.uint64), codegen


@_intrinsic
def _bits_from_float(typingctx: Any, value: Any) -> Any:  # noqa: ARG001
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return builder.bitcast(args[0], ir.IntType(64))

    return types.uint64(types.float64), codegen


@intrinsic
def _bits_from_float32(typingctx: Any, value: Any) -> Any:  # noqa: ARG001
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return builder.bitcast(args[0], ir.IntType(32))

    return types.int32(types.float32), codegen


@njit("int32(float32)")
def bits_of32(value: float) -> int:
    """The 32 bits of a float32, as a signed number."""
    return _bits_from_float32(value)  # type: ignore[call-arg]


@njit("uint64(float64)")
def bits_of(value: float) -> int:
    """The 64 bits of a float64."""
    return _bits_from_float(value)  # type: ignore[no-any-return]


@njit("float64(float64)")
def _slow_exp(x: float) -> float:
    """e to the power ``x`` within [-700, 700], as exactly as float64 can; for the tables."""
    scaled = x * _INV_LN2
    k = int(scaled + 0.5) if scaled >= 0.0 else int(scaled - 0.5)
    r = (x - k * _LN2_HI) - k * _LN2_LO
    # Taylor to degree 13: |r| <= 0.347, so the first term left out is below 1e-17.
    s = r * r
    even = 1.0 + s * (
        0.5
        + s
        * (
            1.0 / 24.0
            + s
            * (1.0 / 720.0 + s * (1.0 / 40320.0 + s * (1.0 / 3628800.0 + s * (1.0 / 479001600.0))))
        )
    )
    odd = 1.0 + s * (
        1.0 / 6.0
        + s
        * (
            1.0 / 120.0
            + s
            * (
                1.0 / 5040.0
                + s * (1.0 / 362880.0 + s * (1.0 / 39916800.0 + s * (1.0 / 6227020800.0)))
            )
        )
    )
    scale: float = _float_from_bits(np.uint64(np.int64(k + 1023) << np.int64(52)))
    return (even + r * odd) * scale


@njit("float64(float64)")
def _slow_log(x: float) -> float:
    """Natural logarithm of a positive, normal ``x``, as exactly as float64 can; for the tables."""
    bits = _bits_from_float(x)
    k = np.int64(bits >> np.uint64(52)) - np.int64(1023)
    m: float = _float_from_bits(
        (bits & np.uint64(0x000FFFFFFFFFFFFF)) | np.uint64(0x3FE0000000000000)
    )
    # m in [0.5, 1), x = m * 2^(k+1); keep m in [sqrt(1/2), sqrt(2)) so that f is small
    k = k + np.int64(1)
    if m < _SQRT_HALF:
        m = m + m
        k = k - np.int64(1)
    f = (m - 1.0) / (m + 1.0)
    s = f * f
    # 2 * artanh(f): |f| <= 0.1716, so the term s^11 is below 1e-17
    series = 2.0 + s * (
        2.0 / 3.0
        + s
        * (
            2.0 / 5.0
            + s
            * (
                2.0 / 7.0
                + s
                * (
                    2.0 / 9.0
                    + s
                    * (
                        2.0 / 11.0
                        + s * (2.0 / 13.0 + s * (2.0 / 15.0 + s * (2.0 / 17.0 + s * (2.0 / 19.0))))
                    )
                )
            )
        )
    )
    kf = float(k)
    return kf * _LN2_HI + (f * series + kf * _LN2_LO)


_POWERS = 64
_POWERS_PER_LN2 = _POWERS * _INV_LN2
_STEP_HI = _LN2_HI / _POWERS
_STEP_LO = _LN2_LO / _POWERS
_ROOTS = np.array([_slow_exp(j * 0.6931471805599453 / _POWERS) for j in range(_POWERS)])
"""2 to the power j / 64."""

_PARTS = 128
_SQRT2_PART = 53
"""Part of [1, 2) in which the square root of 2 lies; what is above it counts as below 1."""


def _centres() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One over the middle c of each part, and the logarithm of c, or of c / 2 above root 2.

    The parts beside 1 take 1 itself, so that a logarithm near 0 has no rounding error but its own.
    """
    inverse = np.array([1.0 / (1.0 + (j + 0.5) / _PARTS) for j in range(_PARTS)])
    inverse[0], inverse[-1] = 1.0, 0.5
    logs = [-_slow_log(float(x) * (1.0 if j < _SQRT2_PART else 2.0)) for j, x in enumerate(inverse)]
    return inverse, np.array(logs)


_INVERSES, _LOGS = _centres()


@njit("float64(float64)", forceinline=True)
def exp(x: float) -> float:
    """e to the power ``x``, relative error below 1e-13; 0 below -700, huge above 700.

    x = (64 k + j) ln 2 / 64 + r: a power of two, a root of two from a table, and a short series.
    """
    x = min(x, 700.0)
    if not x >= -700.0:
        return 0.0
    scaled = x * _POWERS_PER_LN2
    n = np.int64(np.floor(scaled + 0.5))
    r = (x - n * _STEP_HI) - n * _STEP_LO
    s = r * r
    # |r| <= 0.0055: the first term left out is below 5e-14
    series = (r + 0.5 * s) + s * (r * (1.0 / 6.0) + s * (1.0 / 24.0))
    scale: float = _float_from_bits(np.uint64(((n >> np.int64(6)) + 1023) << np.int64(52)))
    root = scale * _ROOTS[np.uint64(n & 63)]
    return root + root * series  # type: ignore[no-any-return]


@njit("float64(float64)", forceinline=True)
def log(x: float) -> float:
    """Natural logarithm of a positive, normal ``x``, error below 1e-15 or one in 1e14.

    -745 for anything that is not positive. x = 2^k c (1 + f), with log c from a table; the sign is
    right on both sides of 1.
    """
    if not x > 2.3e-308:
        return -745.0
    bits = _bits_from_float(x)
    part = (bits >> np.uint64(45)) & np.uint64(127)
    k = np.int64(bits >> np.uint64(52)) - np.int64(1023)
    k += np.int64(part >= np.uint64(_SQRT2_PART))
    m: float = _float_from_bits(
        (bits & np.uint64(0x000FFFFFFFFFFFFF)) | np.uint64(0x3FF0000000000000)
    )
    f = m * _INVERSES[part] - 1.0
    s = f * f
    # |f| <= 0.0079: the first term left out is below 3e-16
    series = (f - 0.5 * s) + s * ((f * (1.0 / 3.0) - s * 0.25) + s * (f * 0.2 - s * (1.0 / 6.0)))
    kf = float(k)
    return (kf * _LN2_HI + _LOGS[part]) + (series + kf * _LN2_LO)  # type: ignore[no-any-return]


@njit("float64(float64, float64)")
def power(base: float, exponent: float) -> float:
    """A positive ``base`` to any ``exponent``."""
    return exp(exponent * log(base))


@njit("float64(float64)")
def sigmoid(x: float) -> float:
    """Logistic function: a score in log-odds to a probability."""
    if x >= 0.0:
        return 1.0 / (1.0 + exp(-x))
    e = exp(x)
    return e / (1.0 + e)


@njit("float64(float64)")
def logit(p: float) -> float:
    """Log-odds of a probability strictly between 0 and 1."""
    return log(p / (1.0 - p))


@njit("float64(float64)")
def _lower_tail(p: float) -> float:
    """Deviate of a ``p`` below 0.02425."""
    q = math.sqrt(-2.0 * log(p))
    return (
        (
            (
                ((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838) * q
                - 2.549732539343734
            )
            * q
            + 4.374664141464968
        )
        * q
        + 2.938163982698783
    ) / (
        (
            ((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996) * q
            + 3.754408661907416
        )
        * q
        + 1.0
    )


CENTRAL = 0.5 - 0.02425
"""A probability this near to a half has its quantile in the central region."""


@njit("float64(float64)", forceinline=True)
def central_quantile(p: float) -> float:
    """As :func:`normal_quantile` in the central region, and of no use outside it."""
    q = p - 0.5
    r = q * q
    return (
        (
            (
                (
                    ((-3.969683028665376e01 * r + 2.209460984245205e02) * r - 2.759285104469687e02)
                    * r
                    + 1.383577518672690e02
                )
                * r
                - 3.066479806614716e01
            )
            * r
            + 2.506628277459239
        )
        * q
    ) / (
        (
            (
                ((-5.447609879822406e01 * r + 1.615858368580409e02) * r - 1.556989798598866e02) * r
                + 6.680131188771972e01
            )
            * r
            - 1.328068155288572e01
        )
        * r
        + 1.0
    )


@njit("float64(float64)", forceinline=True)
def normal_quantile(p: float) -> float:
    """Standard normal deviate with probability ``p`` below it; |error| < 1.2e-9 relative.

    Rational approximation of P. J. Acklam (2003): a central region and two tails.
    """
    if p < 0.02425:
        return _lower_tail(p)
    if p > 1.0 - 0.02425:
        return -_lower_tail(1.0 - p)
    return central_quantile(p)
