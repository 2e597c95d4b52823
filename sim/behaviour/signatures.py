"""Types of the arguments of functions that take a stream.

A stream is 64 bits without sign. Plain Python hands it over as an ``int``, which Numba would
take for a signed one and refuse when it is large, so these functions state their types.
"""

from __future__ import annotations

from typing import Any

import numba
from numba import float64, int64, uint64

from sim.behaviour.params import behaviour_params
from sim.scenario.behaviour import BehaviourConfig

__all__ = ["NEXT_POST", "NEXT_SESSION", "SURFACE"]

_typeof: Any = numba.typeof

_P = behaviour_params(BehaviourConfig())
_SESSION = _typeof(_P.session)

NEXT_SESSION = float64(_SESSION, uint64, *[float64] * 5)
SURFACE = int64(_SESSION, uint64, int64)
NEXT_POST = float64(_typeof(_P.create), uint64, *[float64] * 3)
