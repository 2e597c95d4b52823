"""What a component of the pipeline is.

A component is one class with one method on arrays with a leading batch axis ``B``; a plug-in
may also be a plain function with the same arguments. Candidate ids below 0 are empty places.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.core.actions import ACTIONS
from sim.core.errors import ComponentError
from sim.feed.view import FeedView, Requests

__all__ = [
    "ARGUMENTS", "METHODS", "Candidates", "Filter", "GivenPrediction", "Page", "Prediction",
    "Predictor", "Scorer", "Selector", "Source", "Stage", "checked", "checked_prediction",
]  # fmt: skip

Stage = Literal["source", "filter", "predict", "score", "select"]
METHODS: Mapping[Stage, str] = {
    "source": "candidates",
    "filter": "keep",
    "predict": "predict",
    "score": "score",
    "select": "select",
}
ARGUMENTS: Mapping[Stage, tuple[str, ...]] = {
    "source": ("requests", "view", "count"),
    "filter": ("requests", "candidates", "view"),
    "predict": ("requests", "candidates", "view"),
    "score": ("requests", "candidates", "prediction", "scores", "view"),
    "select": ("requests", "candidates", "scores", "view", "length"),
}
"""What the method of each stage is called with."""


@dataclass(frozen=True)
class Candidates:
    """Videos that may go into the slates of a batch of requests."""

    video: NDArray[np.int32]
    """video [B, K]; below 0 where there is none"""
    source: NDArray[np.int8]
    """source [B, K] position in SOURCE_NAMES"""

    @property
    def present(self) -> NDArray[np.bool_]:
        """present [B, K] whether the place holds a candidate."""
        return self.video >= 0


class Prediction(Protocol):
    """Predicted probabilities and watch time of candidates."""

    @property
    def probability(self) -> NDArray[np.float64]:
        """probability [B, K, A] of each action, in the order of the action table"""

    @property
    def watch_s(self) -> NDArray[np.float64]:
        """watch_s [B, K] expected seconds watched"""

    # beside these ``watch_percentile`` [B, K] in [0, 1]; that of ``watch_s`` where it is missing


@dataclass(frozen=True)
class GivenPrediction:
    """A prediction whose arrays are known."""

    probability: NDArray[np.float64]
    watch_s: NDArray[np.float64]
    watch_percentile: NDArray[np.float64] | None = None


class Source(Protocol):
    """Where candidates come from."""

    def candidates(self, requests: Requests, view: FeedView, count: int) -> NDArray[np.int32]:
        """[B, count] video ids; below 0 for places left empty."""


class Page(Protocol):
    """What a surface lists that is not ranked."""

    def candidates(self, requests: Requests, view: FeedView, count: int) -> NDArray[np.int32]:
        """[B, count] video ids in the order of the page; below 0 for places left empty."""


class Filter(Protocol):
    """What may not be shown."""

    def keep(self, requests: Requests, candidates: Candidates, view: FeedView) -> NDArray[np.bool_]:
        """[B, K] False where a candidate is removed."""


class Predictor(Protocol):
    """What a user would do."""

    def predict(self, requests: Requests, candidates: Candidates, view: FeedView) -> Prediction:
        """Probabilities of all actions for all candidates."""


class Scorer(Protocol):
    """What a candidate is worth."""

    def score(
        self,
        requests: Requests,
        candidates: Candidates,
        prediction: Prediction,
        scores: NDArray[np.float32],
        view: FeedView,
    ) -> NDArray[np.float32]:
        """[B, K] new scores, given those of the scorers before (zeros for the first)."""


class Selector(Protocol):
    """Which candidates fill the slate."""

    def select(
        self,
        requests: Requests,
        candidates: Candidates,
        scores: NDArray[np.float32],
        view: FeedView,
        length: int,
    ) -> NDArray[np.int64]:
        """[B, length] positions in the candidates; below 0 for places left empty."""


def checked(
    name: str, value: Any, shape: tuple[int, ...], dtype: Any, *, nan_allowed: bool = False
) -> NDArray[Any]:
    """``value`` as an array of this shape and type; a ComponentError naming ``name`` otherwise."""
    array = np.asarray(value)
    if array.shape != shape:
        raise ComponentError(f"{name}: returned an array of shape {array.shape}; wants {shape}")
    kind = np.dtype(dtype).kind
    if kind == "f":
        if array.dtype.kind not in "fiu":
            raise ComponentError(f"{name}: returned {array.dtype}; wants numbers")
        if not nan_allowed and np.isnan(array).any():
            raise ComponentError(f"{name}: returned NaN; use -inf for what must not be shown")
    elif kind == "i" and array.dtype.kind not in "iu":
        raise ComponentError(f"{name}: returned {array.dtype}; wants whole numbers")
    elif kind == "b" and array.dtype.kind != "b":
        raise ComponentError(f"{name}: returned {array.dtype}; wants True and False")
    return np.ascontiguousarray(array, dtype)


def checked_prediction(name: str, value: Any, shape: tuple[int, int]) -> Prediction:
    """A plug-in's prediction, either an object with the arrays or a tuple of them."""
    given = value
    if not isinstance(value, tuple):
        names = ("probability", "watch_s", "watch_percentile")
        given = tuple(getattr(value, each, None) for each in names)
    if not 2 <= len(given) <= 3 or given[0] is None or given[1] is None:
        raise ComponentError(
            f"{name}: wants to return an object or a tuple: probability, watch_s and, if you like, "
            "watch_percentile"
        )
    probability, watch_s = given[:2]
    probability = checked(name, probability, (*shape, len(ACTIONS)), np.float64)
    if ((probability < 0) | (probability > 1)).any():
        raise ComponentError(f"{name}: returned a probability outside [0, 1]")
    watch_s = checked(name, watch_s, shape, np.float64)
    if not np.isfinite(watch_s).all():
        # a weight of 0 times infinity would be NaN, and the candidate lost without a word
        raise ComponentError(f"{name}: returned a watch time that is not finite")
    percentile = given[2] if len(given) == 3 else None
    if percentile is not None:
        percentile = checked(name, percentile, shape, np.float64)
        if ((percentile < 0) | (percentile > 1)).any():
            raise ComponentError(f"{name}: returned a watch percentile outside [0, 1]")
    return GivenPrediction(probability, watch_s, percentile)
