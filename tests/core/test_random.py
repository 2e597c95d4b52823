"""Draws: uniform, apart from each other, the same everywhere and for ever."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim.core.random import (
    below,
    exponential,
    key,
    mix,
    normal,
    stream,
    stream2,
    stream3,
    uniform,
)
from sim.machine.compiled import njit

N = 40_000
U64 = st.integers(0, 2**64 - 1)
IDS = st.integers(-1, 2**31 - 1)
GOLDEN = [
    "0x7bf4e240a1800aa2",
    "0xc1cf38e0761cf16c",
    "0x5692161d100b05e5",
    "0xfe10642c39f09cb3",
    "0xd18e2199a433dc54",
    "0xfdbac1f813df0f67",
    "0x1.bb932089534e0p-6",
    "-0x1.30ee5418a78fdp-2",
    "0x1.e85f859c4b95cp+1",
    366967,
]


@njit()
def _by_number(s, n):
    out = np.empty(n)
    for i in range(n):
        out[i] = uniform(s, i)
    return out


@njit()
def _by_id(k, n):
    out = np.empty(n)
    for i in range(n):
        out[i] = uniform(stream(k, i), 0)
    return out


@njit()
def _by_pair(k, n, swap):
    out = np.empty(n)
    for i in range(n):
        s = stream2(k, 7, i) if swap else stream2(k, i, 7)
        out[i] = uniform(s, 0)
    return out


@given(U64, st.integers(0, 2**40))
def test_uniform_is_strictly_between_0_and_1(s: int, n: int) -> None:
    assert 0.0 < uniform(np.uint64(s), n) < 1.0


def _unmixed(z: int) -> int:
    """The number that ``mix`` scrambles to ``z``: each of its steps undone."""
    mask = 2**64 - 1

    def unshift(value: int, by: int) -> int:
        result = value
        for _ in range(64 // by + 1):
            result = value ^ (result >> by)
        return result

    z = unshift(z, 31) * pow(0x94D049BB133111EB, -1, 2**64) & mask
    z = unshift(z, 27) * pow(0xBF58476D1CE4E5B9, -1, 2**64) & mask
    return unshift(z, 30)


def test_the_ends_of_uniform_do_not_round_away() -> None:
    for bits in (0, 1, 2**64 - 1, 2**63):
        assert int(np.uint64(mix(np.uint64(_unmixed(bits))))) == bits
        assert 0.0 < uniform(np.uint64(_unmixed(bits)), 0) < 1.0


def test_draws_are_the_same_for_ever() -> None:
    """A change here changes every result that anybody has published."""
    k = key(1, "react")
    s = np.uint64(stream(k, 3))
    assert [
        hex(int(k)),
        hex(int(key(2**63 - 1, "post"))),
        hex(int(np.uint64(mix(np.uint64(1))))),
        hex(int(s)),
        hex(int(np.uint64(stream2(k, 3, -1)))),
        hex(int(np.uint64(stream3(k, 3, 4, 5)))),
        uniform(s, 0).hex(),
        normal(s, 1).hex(),
        exponential(s, 2).hex(),
        below(s, 3, 1_000_000),
    ] == GOLDEN


def test_a_key_does_not_depend_on_the_hash_seed() -> None:
    program = "from sim.core.random import key; print(int(key(5, 'user')))"
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }  # fmt: skip
    assert found == {str(int(key(5, "user")))}


def test_keys_differ_by_seed_and_by_purpose() -> None:
    keys = {int(key(seed, p)) for seed in (0, 1, 11) for p in ("a", "b", "1/a", "/a")}
    assert len(keys) == 12


@given(U64, IDS, IDS)
def test_streams_of_different_ids_differ(k: int, a: int, b: int) -> None:
    k64 = np.uint64(k)
    if a != b:
        assert stream(k64, a) != stream(k64, b)
        assert stream2(k64, a, b) != stream2(k64, b, a)
        assert stream2(k64, 3, a) != stream2(k64, 3, b)
        assert stream3(k64, 1, 2, a) != stream3(k64, 1, 2, b)


def _series() -> dict[str, NDArray[np.float64]]:
    k, other = key(3, "react"), key(3, "session")
    return {
        "numbers": _by_number(np.uint64(stream(k, 5)), N),
        "numbers of the neighbour": _by_number(np.uint64(stream(k, 6)), N),
        "ids": _by_id(k, N),
        "ids of another purpose": _by_id(other, N),
        "ids of another seed": _by_id(key(4, "react"), N),
        "pairs": _by_pair(k, N, False),
        "pairs swapped": _by_pair(k, N, True),
        "a key of zeros": _by_id(np.uint64(0), N),
    }


SERIES = _series()


@pytest.mark.parametrize("name", SERIES)
def test_moments_are_those_of_a_uniform(name: str) -> None:
    u = SERIES[name]
    # five standard errors: mean 1/2 (variance 1/12), variance 1/12 (its squares' variance 1/180)
    assert abs(u.mean() - 0.5) < 5 * np.sqrt(1 / 12 / N)
    assert abs(((u - 0.5) ** 2).mean() - 1 / 12) < 5 * np.sqrt(1 / 180 / N)
    cells = np.bincount((u * 64).astype(int), minlength=64)
    chi2 = ((cells - N / 64) ** 2 / (N / 64)).sum()
    assert abs(chi2 - 63) < 5 * np.sqrt(2 * 63)


@pytest.mark.parametrize("lag", [1, 2, 7])
@pytest.mark.parametrize("name", SERIES)
def test_neighbours_are_not_correlated(name: str, lag: int) -> None:
    u = SERIES[name]
    assert abs(np.corrcoef(u[:-lag], u[lag:])[0, 1]) < 5 / np.sqrt(N)


def test_series_are_not_correlated_with_each_other() -> None:
    r = np.corrcoef(list(SERIES.values()))
    np.fill_diagonal(r, 0.0)
    assert np.abs(r).max() < 5 / np.sqrt(N)


def test_a_changed_bit_changes_half_of_the_bits() -> None:
    base = np.random.default_rng(1).integers(0, 2**64, 200, np.uint64)
    for bit in range(0, 64, 5):
        flipped = [
            bin(int(np.uint64(mix(z))) ^ int(np.uint64(mix(z ^ np.uint64(1 << bit))))).count("1")
            for z in base
        ]
        assert abs(np.mean(flipped) - 32) < 5 * 4 / np.sqrt(200)


@given(U64, st.integers(0, 10**6), st.integers(1, 2**31))
def test_below_is_in_range(s: int, n: int, size: int) -> None:
    assert 0 <= below(np.uint64(s), n, size) < size


def test_below_reaches_every_number_alike() -> None:
    s = np.uint64(stream(key(1, "x"), 1))
    cells = np.bincount([below(s, n, 7) for n in range(14_000)], minlength=7)
    assert len(cells) == 7
    assert ((cells - 2_000) ** 2 / 2_000).sum() < 6 + 5 * np.sqrt(12)


def test_normal_and_exponential_have_their_moments() -> None:
    s = np.uint64(stream(key(1, "x"), 2))
    z = np.array([normal(s, n) for n in range(20_000)])
    e = np.array([exponential(s, n) for n in range(20_000)])
    assert abs(z.mean()) < 5 / np.sqrt(20_000)
    assert abs((z**2).mean() - 1) < 5 * np.sqrt(2 / 20_000)
    assert abs((z**4).mean() - 3) < 5 * np.sqrt(96 / 20_000)
    assert e.min() > 0
    assert abs(e.mean() - 1) < 5 / np.sqrt(20_000)
    assert abs((e**2).mean() - 2) < 5 * np.sqrt(20 / 20_000)


def test_the_order_of_work_does_not_matter() -> None:
    k = key(9, "react")
    tasks = [(a, n) for a in range(20) for n in range(5)]
    forward = {t: uniform(np.uint64(stream(k, t[0])), t[1]) for t in tasks}
    backward = {t: uniform(np.uint64(stream(k, t[0])), t[1]) for t in reversed(tasks)}
    assert forward == backward
