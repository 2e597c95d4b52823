"""What a component of the pipeline is, and how one is found by its name.

A component is one class with one method on arrays with a leading batch axis ``B``; a plug-in
may also be a plain function with the same arguments. Candidate ids below 0 are empty places.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from sim.core.actions import ACTIONS
from sim.core.errors import ComponentError, ConsentError
from sim.feed.view import FeedView, Requests

__all__ = [
    "METHODS", "Candidates", "Filter", "GivenPrediction", "Prediction", "Predictor", "Scorer",
    "Selector", "Source", "Stage", "checked", "checked_prediction", "load_plugin",
]  # fmt: skip

Stage = Literal["source", "filter", "predict", "score", "select"]
METHODS: Mapping[Stage, str] = {
    "source": "candidates",
    "filter": "keep",
    "predict": "predict",
    "score": "score",
    "select": "select",
}


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


@dataclass(frozen=True)
class GivenPrediction:
    """A prediction whose arrays are known."""

    probability: NDArray[np.float64]
    watch_s: NDArray[np.float64]


class Source(Protocol):
    """Where candidates come from."""

    def candidates(self, requests: Requests, view: FeedView, count: int) -> NDArray[np.int32]:
        """[B, count] video ids; below 0 for places left empty."""


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
    """A plug-in's prediction, either an object with the two arrays or a pair of them."""
    pair = value
    if not isinstance(value, tuple):
        pair = getattr(value, "probability", None), getattr(value, "watch_s", None)
    if len(pair) != 2 or pair[0] is None or pair[1] is None:
        raise ComponentError(f"{name}: wants to return an object or a pair: probability, watch_s")
    probability, watch_s = pair
    probability = checked(name, probability, (*shape, len(ACTIONS)), np.float64)
    if ((probability < 0) | (probability > 1)).any():
        raise ComponentError(f"{name}: returned a probability outside [0, 1]")
    watch_s = checked(name, watch_s, shape, np.float64)
    if not np.isfinite(watch_s).all():
        # a weight of 0 times infinity would be NaN, and the candidate lost without a word
        raise ComponentError(f"{name}: returned a watch time that is not finite")
    return GivenPrediction(probability, watch_s)


def load_plugin(
    stage: Stage,
    use: str,
    options: Mapping[str, Any],
    base_dir: Path | None,
    allow_code: bool,
) -> Any:
    """The user's own component ``module:Class`` or ``module:function``.

    ``module`` is looked for as a file beside the scenario first, then as an installed module.
    Raises ConsentError without ``allow_code``, ComponentError when it cannot be used.
    """
    if not allow_code:
        raise ConsentError(
            f'{use}: the scenario wants to run code of its own ("{use}" as {stage}). '
            "Read that code first; then allow it with --allow-code (in Python: allow_code=True)."
        )
    module_name, _, attribute = use.partition(":")
    module = _import(use, module_name, base_dir)
    found = getattr(module, attribute, None)
    if found is None:
        near = get_close_matches(attribute, [n for n in dir(module) if n[0] != "_"], 1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise ComponentError(f'{use}: "{module_name}" has no "{attribute}"{hint}')
    if inspect.isclass(found):
        component = _construct(use, found, options)
        if not callable(getattr(component, METHODS[stage], None)):
            raise ComponentError(f"{use}: a {stage} needs a method {METHODS[stage]}(...)")
        return component
    if callable(found):
        return _FunctionComponent(METHODS[stage], found, dict(options))
    raise ComponentError(f"{use}: is neither a class nor a function")


class _FunctionComponent:
    """A plain function as a component; its options are passed as keywords."""

    def __init__(self, method: str, function: Callable[..., Any], options: dict[str, Any]) -> None:
        def call(*args: Any) -> Any:
            return function(*args, **options)

        setattr(self, method, call)


def _import(use: str, name: str, base_dir: Path | None) -> Any:
    beside = None if base_dir is None else base_dir / f"{name.replace('.', '/')}.py"
    try:
        if beside is not None and beside.is_file():
            spec = importlib.util.spec_from_file_location(f"foryou_plugin_{name}", beside)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module
            spec.loader.exec_module(module)
            return module
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        where = f" (looked for {beside.name} beside the scenario)" if beside else ""
        raise ComponentError(f'{use}: cannot find "{error.name}"{where}') from error
    except Exception as error:
        raise ComponentError(f"{use}: failed while loading: {error!r}") from error


def _construct(use: str, found: type, options: Mapping[str, Any]) -> Any:
    config_type = getattr(found, "Config", None)
    try:
        if config_type is not None:
            return found(config_type(**options))
        return found(**options)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ComponentError(f"{use}: option {place}: {first['msg']}") from error
    except TypeError as error:
        raise ComponentError(f"{use}: cannot be made with {dict(options)}: {error}") from error
