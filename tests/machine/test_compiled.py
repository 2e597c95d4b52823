"""A function whose version is looked up once gives what the function gives."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import pytest

from sim.feed.control import controls_of
from sim.machine.compiled import Settled, cache_folder, njit


class Pair(NamedTuple):
    one: np.ndarray
    other: np.ndarray


@njit()
def _mean(pair, scale):
    return scale * (pair.one.sum() + pair.other.sum()) / (pair.one.size + pair.other.size)


@njit("float64(float64)")
def _half(x):
    return x / 2.0


@njit()
def _refuse(x):
    if x[0] > 1:
        raise ValueError("too many")
    return x[0]


@njit(forceinline=True)
def _third(x):
    return x / 3.0


@njit()
def _thirds(x):
    return _third(x) + _third(x)


def test_python_calls_what_compiled_code_inlines_before_and_after_it_did() -> None:
    """What is put into compiled code has nothing that Python could call, and is not called."""
    assert _third(6.0) == 2.0
    assert _thirds(6.0) == 4.0
    assert _thirds(np.float32(6.0)) == 4.0  # first by compiled code
    for _ in range(3):
        assert _third(np.float32(6.0)) == 2.0
        assert _third(6) == 2.0
    settled = Settled(_third)
    assert [settled(np.float32(3.0)) for _ in range(3)] == [1.0] * 3
    with pytest.raises(numba.TypingError):
        _third("a word")


def test_an_inlined_function_that_python_calls_is_kept_on_disk() -> None:
    """Else every process that plays a feed in Python compiles the sources anew, for seconds."""
    assert controls_of(np.uint64(7), 0.0, 10) == 0
    assert cache_folder is not None
    assert any(cache_folder.glob("**/control.controls_of-*.nbc"))
    assert _third(9.0) == 3.0
    # no hash of the sources tells when it has changed
    assert not any(cache_folder.glob("**/test_compiled._third-*"))


def test_gives_what_the_function_gives_for_each_kind_of_arguments() -> None:
    for kind in (np.int32, np.float64, np.int8):
        settled = Settled(_mean)
        for length in (3, 1, 400):
            pair = Pair(np.arange(length, dtype=kind), np.ones(2, np.float32))
            assert settled(pair, 3) == _mean(pair, 3)
        assert settled._version is not None


def test_later_calls_do_not_ask_which_version_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    settled = Settled(_mean)
    pair = Pair(np.ones(2), np.ones(2))
    settled(pair, 2)
    settled._function = lambda *args: asked.append(args)
    assert settled(pair, 5) == 5.0
    assert asked == []


def test_arguments_that_have_to_be_converted_go_the_long_way() -> None:
    settled = Settled(_half)
    for x in (3, 4):
        assert settled(x) == x / 2.0
    assert settled._version is None


def test_an_error_is_raised_as_ever() -> None:
    settled = Settled(_refuse)
    assert settled(np.array([1])) == 1
    with pytest.raises(ValueError, match="too many"):
        settled(np.array([2]))


def test_an_array_of_another_size_of_number_is_refused() -> None:
    settled = Settled(_refuse)
    settled(np.array([1], np.int64))
    with pytest.raises(TypeError):
        settled(np.array([1], np.int32))
