"""Perturbed weights: each user gets a ranker whose weights are a little up or down.

Which weights are up for whom is a keyed sign of the user, so that many weights can be screened in
one world: an outcome of users is regressed on their signs. Users with the same signs form an *arm*.

The signs of an arm are a row of a two-level design of resolution IV (Box, Hunter and Hunter,
"Statistics for Experimenters"): the effect of one weight is not mixed with that of any other
weight, nor with the joint effect of two.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.core.random import below, stream
from sim.machine.compiled import njit
from sim.scenario.feed import WEIGHT_NAMES, FeedConfig

__all__ = [
    "arm_weights",
    "perturbed_names",
    "signs_of_arms",
    "user_arms",
    "value_weights",
]


def perturbed_names(feed: FeedConfig) -> tuple[str, ...]:
    """The weights that differ between users, in the order of WEIGHT_NAMES."""
    if feed.perturb is None:
        return ()
    wanted = feed.perturb.weights
    return tuple(
        name
        for name in WEIGHT_NAMES
        if float(feed.weights.get(name, 0.0)) != 0.0 and (not wanted or name in wanted)
    )


def signs_of_arms(weights: int) -> NDArray[np.int8]:
    """signs [G, weights] of +1 and -1; G is a power of two, at least twice ``weights``."""
    if weights == 0:
        return np.ones((1, 0), np.int8)
    bits = max(weights - 1, 0).bit_length()
    # every column has the highest bit, so the product of two columns is no column
    columns = (1 << bits) | np.arange(weights)
    both = np.arange(2 << bits)[:, None] & columns[None, :]
    odd = np.zeros(both.shape, np.int64)
    for bit in range(bits + 1):
        odd ^= (both >> bit) & 1
    return (1 - 2 * odd).astype(np.int8)


def value_weights(feed: FeedConfig) -> NDArray[np.float64]:
    """weights [W] of the value model, columns as in WEIGHT_NAMES."""
    return np.array([float(feed.weights.get(name, 0.0)) for name in WEIGHT_NAMES])


def arm_weights(feed: FeedConfig) -> NDArray[np.float64]:
    """weights [G, W] of each arm, columns as in WEIGHT_NAMES; one row without perturbation."""
    base = value_weights(feed)
    names = perturbed_names(feed)
    signs = signs_of_arms(len(names))
    weights = np.tile(base, (len(signs), 1))
    if feed.perturb is not None:
        columns = [WEIGHT_NAMES.index(name) for name in names]
        weights[:, columns] *= 1.0 + float(feed.perturb.size) * signs
    return weights


def user_arms(k: np.uint64, users: int, arms: int) -> NDArray[np.int8]:
    """arm [U] of each user, a keyed draw; at most 128 arms."""
    out = np.zeros(users, np.int8)
    if arms > 1:
        _draw_arms(k, arms, out)
    return out


@njit()
def _draw_arms(k: np.uint64, arms: int, out: NDArray[np.int8]) -> None:
    for u in range(out.size):
        out[u] = below(stream(k, u), 0, arms)
