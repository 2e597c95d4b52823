"""A scoring function that the user has compiled with Numba.

    @numba.njit
    def short_first(score, candidate, strength=0.1):
        return score - strength * candidate.duration_s

Given the score so far and what is known of one candidate (``sim.feed.candidate``), it returns the
new score. What it takes besides are its options, float64 each.

The function is put into a C function of one fixed form, and all that calls it has is an address:
the kernel of an engine stays as it was compiled, whatever it is handed. The pipeline calls the
same machine code, so both give the same bits.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any, NoReturn

import numba
import numpy as np
from numba import from_dtype, types
from numba.core.registry import CPUDispatcher
from numpy.typing import NDArray

from sim.core.errors import ComponentError
from sim.core.units import shown, suggest
from sim.feed.builtin import Smoothed, SmoothedPrediction
from sim.feed.candidate import CANDIDATE, TOLD, Candidate, call_score, read_candidate, rows_at
from sim.feed.cold_start import WAITING
from sim.feed.component import Candidates, Prediction
from sim.feed.tables import base_and_lift
from sim.feed.view import FeedView, Requests
from sim.machine.compiled import njit

__all__ = ["CompiledScore", "is_compiled", "told_of"]

_LARGEST = 1e300
_POINTER = types.CPointer(from_dtype(TOLD))
_LOOSE = re.compile(r"\b(?:fadd|fsub|fmul|fdiv|frem|fneg|fcmp|call) (?:fast|reassoc|arcp|contract)")
_HIDDEN_STATE = re.compile(r"numba_get_\w+_random_state")


def is_compiled(function: object) -> bool:
    """Whether this is a function that Numba compiles (``numba.njit``)."""
    return isinstance(function, CPUDispatcher)


class CompiledScore:
    """A compiled function as a scorer, with its options.

    ``name`` stands in messages. Raises ComponentError when the function cannot serve.
    """

    def __init__(self, name: str, function: Any, options: Mapping[str, Any]) -> None:
        self.name = name
        self._values = _option_values(name, function, options)
        _refuse_loose(name, function)
        _compile(name, function, len(self._values))
        self._function = function
        self._callback = _callback(name, function, self._values)

    @property
    def address(self) -> np.uint64:
        """Where the compiled code lies; valid while this object lives."""
        return np.uint64(self._callback.address)

    def score(
        self,
        requests: Requests,
        candidates: Candidates,
        prediction: Prediction,
        scores: NDArray[np.float32],
        view: FeedView,
    ) -> NDArray[np.float32]:
        """New scores of the candidates; empty places keep what they had."""
        present = candidates.present
        told = told_of(requests, candidates, prediction, view)
        told["score"] = scores[present]
        found = np.empty(len(told), np.float32)
        wrong = _score_each(self.address, told, found)
        if wrong >= 0:
            self.complain(told[wrong : wrong + 1])
        result = scores.astype(np.float32)
        result[present] = found
        return result

    def complain(self, told: NDArray[Any]) -> NoReturn:
        """Raise the ComponentError of the candidate ``told`` [1] that could not be scored."""
        if not told["failed"][0]:
            raise ComponentError(f"{self.name}: returned NaN; use -inf for what must not be shown")
        try:
            # asked again where an exception keeps its text
            _ask(self._function, self._values, told)
        except Exception as error:
            text = f"{type(error).__name__}: {error}".rstrip(": ")
            raise ComponentError(f"{self.name}: raised {text}") from error
        raise ComponentError(f"{self.name}: raised an exception")


def told_of(
    requests: Requests, candidates: Candidates, prediction: Prediction, view: FeedView
) -> NDArray[Any]:
    """[N] a record of TOLD for each candidate that is present, request by request."""
    b, k = np.nonzero(candidates.present)
    if not isinstance(prediction, SmoothedPrediction):
        prediction = Smoothed(1.0).predict(requests, candidates, view)
    video, user, videos = candidates.video[b, k], requests.user[b], view.videos
    creator = videos.creator[video]
    told = np.zeros(len(b), TOLD)
    told["video"], told["creator"], told["sound"] = video, creator, videos.sound[video]
    told["user"], told["time_s"], told["stream"] = user, requests.time_s[b], requests.stream[b]
    told["source"] = candidates.source[b, k]
    told["pool"], told["waiting"] = view.cold.pool[video], view.cold.state[video] == WAITING
    told["same_locale"] = view.accounts.locale[user] == videos.locale[video]
    told["age_s"] = requests.time_s[b] - videos.uploaded_s[video]
    told["affinity"] = prediction.affinity[b, k]
    told["base"], told["lift"] = base_and_lift(view.tables, view.arm[user], video)
    told["duration_at"] = rows_at(videos.duration_s, video)
    told["followers_at"] = rows_at(view.creators.followers, creator)
    told["momentum_at"] = rows_at(view.momentum, video)
    told["counts_at"] = rows_at(view.counts, video)
    return told


@njit()
def _score_each(address, told, scores):  # type: ignore[no-untyped-def]
    """Fill ``scores`` [N]; returns the place of the first that failed or is NaN, or -1."""
    for i in range(told.size):
        scores[i] = call_score(address, told[i])
        if told[i].failed or np.isnan(scores[i]):
            return i
    return -1


def _option_values(name: str, function: Any, options: Mapping[str, Any]) -> tuple[float, ...]:
    """The options in the order of the function's arguments."""
    arguments = list(inspect.signature(function.py_func).parameters.values())
    if len(arguments) < 2 or any(a.kind is not a.POSITIONAL_OR_KEYWORD for a in arguments):
        raise ComponentError(
            f"{name}: takes ({', '.join(map(str, arguments))}); a compiled score is "
            "f(score, candidate), with its options behind"
        )
    values = {a.name: a.default for a in arguments[2:]}
    for option, value in options.items():
        if option not in values:
            hint = suggest(option, values) or f"it has {', '.join(values) or 'none'}"
            raise ComponentError(f'{name}: has no option "{option}"; {hint}')
        values[option] = value
    for option, value in values.items():
        if value is inspect.Parameter.empty:
            raise ComponentError(f'{name}: needs the option "{option}"')
        if not isinstance(value, int | float) or not -_LARGEST <= value <= _LARGEST:
            raise ComponentError(f"{name}: option {option}: wants a number; got {shown(value)}")
    return tuple(float(value) for value in values.values())


def _refuse_loose(name: str, function: Any) -> None:
    """What is faster because the order of work is left open gives other bits elsewhere."""
    for option in ("fastmath", "parallel"):
        if function.targetoptions.get(option):
            raise ComponentError(
                f"{name}: is compiled with {option}, and could give other bits on another "
                f"machine; remove {option}"
            )


def _compile(name: str, function: Any, options: int) -> None:
    """Compile the function for its arguments; says what is wrong with it."""
    arguments = (types.float32, CANDIDATE, *[types.float64] * options)
    try:
        function.compile(arguments)
    except Exception as error:  # Numba has many, and not all are of one family
        raise ComponentError(f"{name}: cannot be compiled: {_reason(error)}") from error
    returns = types.unliteral(function.overloads[arguments].signature.return_type)
    if isinstance(returns, types.Float | types.Integer):
        return
    kind = str(returns)
    if isinstance(returns, types.Optional | types.NoneType):
        kind = "nothing, at least at times"
    raise ComponentError(f"{name}: returns {kind}; wants a number")


def _reason(error: Exception) -> str:
    """What of Numba's long message is about the user's code."""
    text = str(error)
    if "compilation disabled" in text:
        return "numba.njit has a signature, which fits other arguments; leave it out"
    if found := re.search(r"Unknown attribute '(\w+)' of type \w*\(?Candidate", text):
        hint = suggest(found[1], Candidate._fields) or "docs/reference/candidate.md has the list"
        return f'a candidate has no "{found[1]}"; {hint}'
    if "No definition for lowering Candidate" in text:
        return "a candidate cannot be changed"
    lines = [line.strip() for line in text.splitlines()]
    reasons = [x for x in lines if x and not x.startswith(("Failed in", "During:", "- Resol"))]
    places = re.findall(r'^File "(?:.*/)?([^"/]+)", (line \d+)', "\n".join(lines), re.M)
    return ", ".join([*(x.rstrip(":.") for x in reasons[:1]), *(" ".join(x) for x in places[-1:])])


def _callback(name: str, function: Any, values: tuple[float, ...]) -> Any:
    """The function as a C function, ``float f(TOLD *)``."""

    def call(pointer):  # type: ignore[no-untyped-def]
        told = numba.carray(pointer, 1)[0]  # type: ignore[attr-defined]  # it does, untyped
        arguments = (told.score, read_candidate(told), *values)
        try:
            return np.float32(function(*arguments))
        except Exception:
            told.failed = 1
            return np.float32(np.nan)

    callback = numba.cfunc(types.float32(_POINTER))(call)
    code = callback.inspect_llvm()
    if _LOOSE.search(code):
        raise ComponentError(
            f"{name}: calls a function that is compiled with fastmath, and could give other bits "
            "on another machine; remove fastmath"
        )
    if _HIDDEN_STATE.search(code):
        raise ComponentError(
            f"{name}: draws from a global generator; draw from candidate.stream with the "
            "functions of sim.core.random"
        )
    return callback


def _ask(function: Any, values: tuple[float, ...], told: NDArray[Any]) -> None:
    """Call the function with what ``told`` [1] says, and let its exception out."""

    def ask(told):  # type: ignore[no-untyped-def]
        arguments = (told[0].score, read_candidate(told[0]), *values)
        return np.float32(function(*arguments))

    numba.njit(ask)(told)
