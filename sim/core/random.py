"""Keyed random draws: a draw is a pure function of (seed, purpose, ids, number).

There is no generator and no state. A *key* stands for (seed, purpose name). A *stream* is made
from a key and up to three ids. Draw ``n`` of a stream is one mixing step away. So the order of
work, the number of threads and the presence of other components never change a draw, and
user u's luck with video v is the same under every ranker.

The mixing function is the 64-bit finaliser of Stafford's "Mix13"; draw ``n`` of a stream is
SplitMix64 (Steele, Lea, Flood 2014) started at the stream and read at position ``n``.

Signatures are explicit because a Python integer would otherwise arrive as int64, and Numba
turns int64 + uint64 into float64.
"""

from __future__ import annotations

import hashlib

import numpy as np

from sim.core.maths import log, normal_quantile
from sim.machine.compiled import njit

__all__ = [
    "below",
    "draw32",
    "exponential",
    "key",
    "mix",
    "normal",
    "stream",
    "stream2",
    "stream3",
    "uniform",
]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ODD_A = np.uint64(0xD1342543DE82EF95)
_ODD_B = np.uint64(0xA24BAED4963EE407)
_ODD_C = np.uint64(0x8CB92BA72F3D8DD7)
_STEP = 2.0**-52


def key(seed: int, purpose: str) -> np.uint64:
    """The 64-bit key of a named purpose under a seed; stable across versions and machines."""
    digest = hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


@njit("uint64(uint64)", forceinline=True)
def mix(z: np.uint64) -> np.uint64:
    """Scramble 64 bits so that each input bit reaches each output bit."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit("uint64(uint64, int64)")
def stream(k: np.uint64, a: int) -> np.uint64:
    """The stream of entity ``a`` under key ``k``."""
    return mix(k + np.uint64(a) * _ODD_A)


@njit("uint64(uint64, int64, int64)")
def stream2(k: np.uint64, a: int, b: int) -> np.uint64:
    """The stream of the pair (``a``, ``b``) under key ``k``; the order of the two matters."""
    return mix(mix(k + np.uint64(a) * _ODD_A) + np.uint64(b) * _ODD_B)


@njit("uint64(uint64, int64, int64, int64)")
def stream3(k: np.uint64, a: int, b: int, c: int) -> np.uint64:
    """The stream of the triple (``a``, ``b``, ``c``) under key ``k``."""
    return mix(mix(mix(k + np.uint64(a) * _ODD_A) + np.uint64(b) * _ODD_B) + np.uint64(c) * _ODD_C)


@njit("float64(uint64, int64)", forceinline=True)
def uniform(s: np.uint64, n: int) -> float:
    """Draw ``n`` of stream ``s``: uniform, strictly between 0 and 1.

    52 random bits plus a half fit a float64 exactly, so the result never rounds to 1.
    """
    bits = mix(s + np.uint64(n) * _GOLDEN)
    return (float(bits >> np.uint64(12)) + 0.5) * _STEP


@njit("uint32(uint64, int64)", forceinline=True)
def draw32(s: np.uint64, n: int) -> int:
    """Draw ``n`` of stream ``s`` as 32 random bits."""
    return np.uint32(mix(s + np.uint64(n) * _GOLDEN) >> np.uint64(32))  # type: ignore[return-value]


@njit("int64(uint64, int64, int64)")
def below(s: np.uint64, n: int, size: int) -> int:
    """Draw ``n`` of stream ``s`` as a whole number in [0, size), for sizes up to 2^31.

    No number is likelier than another by more than 2^-32.
    """
    high = mix(s + np.uint64(n) * _GOLDEN) >> np.uint64(32)
    return int((high * np.uint64(size)) >> np.uint64(32))


@njit("float64(uint64, int64)", forceinline=True)
def normal(s: np.uint64, n: int) -> float:
    """Draw ``n`` of stream ``s`` from the standard normal distribution."""
    return normal_quantile(uniform(s, n))


@njit("float64(uint64, int64)", forceinline=True)
def exponential(s: np.uint64, n: int) -> float:
    """Draw ``n`` of stream ``s`` from the exponential distribution with mean 1."""
    return -log(uniform(s, n))
