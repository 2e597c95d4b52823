"""Users of one world with weights up or down: which weight moved their outcome, and how surely.

    y_u = a + Σ_j b_j s_uj + c (x_u - mean x) + e_u

s_uj is +1 for a user who has weight j up and -1 for one who has it down, so that 2 b_j is the
difference between the two. x_u is the outcome of the same user in the same world without
perturbation: it takes out what makes users differ anyway.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["SignFit", "fit_signs"]

Floats = npt.NDArray[np.float64]

_RANK = 1e-9
"""Columns of the design that are this much alike count as the same."""
_FREE = 1e-9
"""A user whose leverage is so near to 1 decides alone on the coefficient of the covariate, and has
no influence on those of the signs; nothing but a division by 0 has to be kept away."""


@dataclass(frozen=True)
class SignFit:
    """The regression of one outcome in one world."""

    effect: Floats
    """[J] outcome with the weight up minus outcome with it down, in the unit of the outcome."""
    error: Floats
    """[J] standard errors of ``effect``."""
    mean: float
    """Mean outcome of all users."""
    mean_error: float
    """Standard error of ``mean``."""
    users: int
    freedom: int
    """Users minus coefficients."""


def fit_signs(
    y: npt.ArrayLike, signs: npt.ArrayLike, covariate: npt.ArrayLike | None = None
) -> SignFit:
    """Least squares of outcomes ``y`` [U] on ``signs`` [U, J], with standard errors HC3.

    HC3 lets users differ in how much chance moves them: people who watch ten times as much scatter
    ten times as much. It takes users as independent of each other, given the world.

    ``covariate`` [U] is one that the signs cannot have changed. It biases nothing whatever its
    relation to ``y`` is, since who has which sign is drawn without regard to it. One that is the
    same for all users is left out. When no user's outcome differs from the covariate, or all
    outcomes are the same, effects and errors are exactly 0.

    Sources: MacKinnon and White 1985, J. Econometrics 29:305 (HC3); Deng, Xu, Kohavi and Walker
    2013, WSDM (a covariate from before the experiment; here it is from a world beside it);
    Lin 2013, Ann. Appl. Stat. 7:295 (why it does no harm).
    Raises ValueError when users are too few, or too much alike, to tell the signs apart.
    """
    y = np.asarray(y, np.float64)
    s = np.asarray(signs, np.float64)
    users, weights = s.shape
    columns = [np.ones((users, 1)), s]
    x = None if covariate is None else np.asarray(covariate, np.float64)
    if x is not None and np.ptp(x) > 0:
        centred = x - x.mean()
        columns.append((centred / np.abs(centred).max())[:, None])
    z = np.hstack(columns)
    freedom = users - z.shape[1]
    if freedom < 1:
        raise ValueError(f"{users} users are too few for {weights} weights")
    q, r = np.linalg.qr(z)
    diagonal = np.abs(np.diag(r))
    if diagonal.min() <= _RANK * diagonal.max():
        raise ValueError(f"the signs of {users} users do not tell {weights} weights apart")
    mean, mean_error = float(y.mean()), float(y.std(ddof=1)) / np.sqrt(users)
    if np.ptp(y) == 0 or (x is not None and np.array_equal(x, y)):
        nothing = np.zeros(weights)
        return SignFit(nothing, nothing, mean, mean_error, users, freedom)
    fitted = q.T @ y
    free = 1 - (q**2).sum(axis=1)
    residual = (y - q @ fitted) / np.maximum(free, _FREE)
    inverse = np.linalg.inv(r)
    half = inverse @ (q * residual[:, None]).T
    effect = 2 * (inverse @ fitted)[1 : 1 + weights]
    error = 2 * np.sqrt((half**2).sum(axis=1))[1 : 1 + weights]
    return SignFit(effect, error, mean, mean_error, users, freedom)
