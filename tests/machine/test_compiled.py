"""A function whose version is looked up once gives what the function gives."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

from sim.machine.compiled import Settled, njit


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
