"""The cold-start policies by their names in scenarios."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from sim.core.registry import entry_of
from sim.feed.cold_start import ColdStartPolicy, NoColdStart, PoolPolicy, Pools
from sim.feed.thompson import Thompson, ThompsonPolicy
from sim.world.state import VideoListing

__all__ = ["POLICIES", "cold_start_of"]


def _pools(wanted: Any, rows: int, listing: VideoListing, k: np.uint64) -> Pools:
    del k
    numbers = PoolPolicy(
        int(wanted.levels), float(wanted.first), float(wanted.growth), float(wanted.promote),
        float(wanted.slots), float(wanted.fill), wanted.audience == "matched",
    )  # fmt: skip
    return Pools(numbers, rows, listing)


def _none(wanted: Any, rows: int, listing: VideoListing, k: np.uint64) -> NoColdStart:
    del wanted, listing, k
    return NoColdStart(rows)


def _thompson(wanted: Any, rows: int, listing: VideoListing, k: np.uint64) -> ColdStartPolicy:
    numbers = ThompsonPolicy(
        float(wanted.slots), float(wanted.share), float(wanted.until), float(wanted.age),
        float(wanted.prior), float(wanted.noise), wanted.audience == "matched",
    )  # fmt: skip
    return Thompson(numbers, rows, listing, k)


POLICIES: Final[
    Mapping[str, Callable[[Any, int, VideoListing, np.uint64], ColdStartPolicy]]
] = {"none": _none, "pools": _pools, "thompson": _thompson}  # fmt: skip
"""(settings, rows, videos, key of its draws) -> the policy with room for so many videos, by its
name in scenarios."""


def cold_start_of(wanted: Any, rows: int, listing: VideoListing, k: np.uint64) -> ColdStartPolicy:
    """The policy that the settings ``feed.cold_start`` of a scenario name."""
    return entry_of("cold-start policy", POLICIES, wanted.policy)(wanted, rows, listing, k)
