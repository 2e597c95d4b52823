"""The heavy tail: CCDF, and fits of a power law and a log-normal to it."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from sim.analysis.matplotlib_import import import_matplotlib

__all__ = [
    "CCDF_POINTS",
    "MAX_FIT",
    "MIN_DISTINCT",
    "MIN_FIT",
    "TailFit",
    "ccdf",
    "fit_tail",
    "lognormal_ccdf",
    "power_law_ccdf",
]

Floats = npt.NDArray[np.float64]

MIN_FIT: Final = 50
"""Positive values needed for a fit; below that the exponent is not worth printing."""
MIN_DISTINCT: Final = 10
"""Different values needed for a fit."""
MAX_FIT: Final = 10_000
"""Most values used: the largest ones, which hold all that is known about the tail."""
MIN_TAIL: Final = 10
"""Values at or above xmin below which the fit is refused."""
CCDF_POINTS: Final = 400
"""Most points that a CCDF is drawn with."""


def ccdf(values: npt.ArrayLike, points: int | None = CCDF_POINTS) -> tuple[Floats, Floats]:
    """Complementary distribution: (x, share of values at or above x), x rising.

    One point a different value, thinned to about ``points``, denser towards the top, with
    both ends kept. Two empty arrays for no values.
    """
    array = np.sort(np.asarray(values, dtype=np.float64).ravel())
    if array.size == 0:
        return np.empty(0), np.empty(0)
    x, first = np.unique(array, return_index=True)
    share = (array.size - first) / array.size
    if points is None or x.size <= points:
        return x, share
    even = np.linspace(0, x.size - 1, points // 2)
    top = x.size - np.geomspace(1, x.size, points // 2)
    keep = np.unique(np.concatenate([even, top]).round().astype(np.int64))
    return x[keep], share[keep]


@dataclass(frozen=True)
class TailFit:
    """Fits to the values at or above ``xmin``; None everywhere when there is a ``reason``."""

    n: int
    """Positive values that the fit was offered."""
    reason: str | None = None
    """Why there is no fit; None when there is one."""
    xmin: float | None = None
    """Where the power law begins, in the unit of the values: least Kolmogorov-Smirnov distance."""
    n_tail: int | None = None
    """Values at or above ``xmin``."""
    share_tail: float | None = None
    """Share of the positive values at or above ``xmin``."""
    alpha: float | None = None
    """Exponent of the density p(x) ~ x^-alpha; the CCDF falls as x^-(alpha-1)."""
    alpha_se: float | None = None
    """Standard error of alpha, for ``xmin`` taken as known."""
    mu: float | None = None
    """Log-normal above ``xmin``: mean of ln x."""
    sigma: float | None = None
    """Log-normal above ``xmin``: standard deviation of ln x."""
    ratio: float | None = None
    """Log-likelihood of the power law minus that of the log-normal; above 0: power law fits
    better. Summed over the tail."""
    p: float | None = None
    """Two-sided p of ``ratio`` (Vuong); large: the data cannot tell the two apart."""


def fit_tail(values: npt.ArrayLike) -> TailFit:
    """Power law and log-normal fitted to the tail of positive whole numbers.

    Source: Clauset, Shalizi, Newman 2009, SIAM Review 51:661, as in the package
    ``powerlaw``. Zeros are left out. Never raises for data that cannot be fitted: the
    reason is in the result.
    """
    array = np.asarray(values, dtype=np.float64).ravel()
    return _fit(np.sort(array[array > 0]).tobytes(), MAX_FIT)


@lru_cache(maxsize=1)
def _fit(content: bytes, most: int) -> TailFit:
    """Fits to sorted values, float64; kept, because the summary and a picture want the same."""
    array = np.frombuffer(content)
    n = int(array.size)
    if n < MIN_FIT:
        return TailFit(n, f"{n} positive values; at least {MIN_FIT} are needed")
    used = array[-most:]
    distinct = int(np.unique(used).size)
    if distinct < MIN_DISTINCT:
        return TailFit(n, f"{distinct} different values; at least {MIN_DISTINCT} are needed")

    # Imported here: it takes as long as everything else in this package together.
    import_matplotlib()  # which powerlaw imports
    import powerlaw

    # The package warns about edges of its search and about numerical noise; what matters of
    # it shows in the numbers, which are checked below.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            fit = powerlaw.Fit(used, discrete=True, verbose=False)
            alpha, xmin = float(fit.power_law.alpha), float(fit.power_law.xmin)
            alpha_se = float(fit.power_law.standard_err)
            n_tail = int((array >= xmin).sum())
            mu, sigma = float(fit.lognormal.mu), float(fit.lognormal.sigma)
            ratio, p = fit.distribution_compare("power_law", "lognormal")
        except (ValueError, ArithmeticError, IndexError, RuntimeError) as error:
            return TailFit(n, f"the fit failed: {error}")
    if not (math.isfinite(alpha) and math.isfinite(xmin) and alpha > 1):
        return TailFit(n, "no power law fits any part of the tail")
    if n_tail < MIN_TAIL:
        return TailFit(n, f"{n_tail} values in the tail; at least {MIN_TAIL} are needed")
    lognormal = math.isfinite(mu) and math.isfinite(sigma) and sigma > 0
    compared = lognormal and math.isfinite(float(ratio)) and math.isfinite(float(p))
    return TailFit(
        n=n,
        xmin=xmin,
        n_tail=n_tail,
        share_tail=n_tail / n,
        alpha=alpha,
        alpha_se=alpha_se if math.isfinite(alpha_se) else None,
        mu=mu if lognormal else None,
        sigma=sigma if lognormal else None,
        ratio=float(ratio) if compared else None,
        p=float(p) if compared else None,
    )


def power_law_ccdf(x: npt.ArrayLike, alpha: float, xmin: float) -> Floats:
    """P(X >= x | X >= xmin) of the discrete power law: ζ(alpha, x) / ζ(alpha, xmin)."""
    from scipy.special import zeta

    return np.asarray(
        zeta(alpha, np.asarray(x, dtype=np.float64)) / zeta(alpha, xmin), dtype=np.float64
    )


def lognormal_ccdf(x: npt.ArrayLike, mu: float, sigma: float, xmin: float) -> Floats:
    """P(X >= x | X >= xmin) of the log-normal, computed in logs: tails far out are tiny."""
    from scipy.special import log_ndtr

    at = (mu - np.log(np.asarray(x, dtype=np.float64))) / sigma
    base = (mu - math.log(xmin)) / sigma
    return np.asarray(np.exp(log_ndtr(at) - log_ndtr(base)), dtype=np.float64)
