"""Leaning: what people like depends a little on their locale and on their device.

A topic d that people take up with weight w(d) has, in locale l and on device v, the weight

    w(d) · exp(leaning · (z(l, d) + z(v, d))),    z standard normal

with a z for each locale and topic, and another for each device and topic. The form and the size are
assumptions: people of one region or device differ far more from each other than regions do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.maths import exp
from sim.core.random import normal, stream2
from sim.machine.compiled import njit
from sim.scenario.population import PopulationConfig
from sim.world.publish import popularity

__all__ = ["leaning_weights"]

_LOCALE, _DEVICE = 0, 1


def leaning_weights(population: PopulationConfig, k: np.uint64) -> NDArray[np.float64]:
    """cumulative [locales, devices, D] weights of topics in each locale and on each device.

    Drawn under the key ``k`` by place and topic, so one more place changes no other's. Without
    leaning all rows are those of :func:`~sim.world.publish.topic_weights`, to the bit.
    """
    found = np.empty((len(population.locales), len(population.devices), population.topics))
    _fill(k, float(population.leaning), popularity(population), found)
    return np.cumsum(found, axis=2)


@njit()
def _fill(k: Any, leaning: float, plain: Any, found: Any) -> None:
    for locale in range(found.shape[0]):
        for device in range(found.shape[1]):
            for d in range(plain.size):
                z = normal(stream2(k, _LOCALE, locale), d) + normal(stream2(k, _DEVICE, device), d)
                found[locale, device, d] = plain[d] * exp(leaning * z)
