"""All that the kernel reads and writes while it plays, in one tuple of borrowed arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engine.cards import Rows, borrowed_rows
from sim.feed.belief import Beliefs
from sim.machine.borrow import borrow
from sim.machine.compiled import njit

__all__ = ["State", "Tally", "borrowed_state"]


class Tally(NamedTuple):
    """What a shard adds up during a window, and its users' own counters."""

    videos: NDArray[np.int32]
    """videos [V, PACKED] packed rows"""
    touched: NDArray[np.uint64]
    """those that were shown, as bits (``sim.machine.marks``)"""
    timeline: NDArray[np.int64]
    """timeline [T x surfaces x sources, F]"""
    followers: NDArray[np.int32]
    """followers [C]"""
    stages: NDArray[np.int64]
    """stages [5 + filters]"""
    sums: NDArray[np.uint64]
    """sums [2] of the event hashes"""
    user_counts: NDArray[np.int32]
    """user_counts [U, PACKED] packed rows"""
    events: NDArray[Any]
    """events [N]; empty when the log is not kept"""
    logged: NDArray[np.int64]
    """logged [1] events in the buffer"""


class State(NamedTuple):
    """Users, videos and counters; whoever makes it keeps the owners of the arrays alive."""

    users: NDArray[Any]
    """users [U] USER"""
    next_s: NDArray[np.float64]
    """next_s [U] time of the next thing each user does, s"""
    traits: NDArray[Any]
    """traits [U] TRAITS"""
    utc_offset_s: NDArray[np.float64]
    """utc_offset_s [locales]"""
    slates: NDArray[Any]
    """slates [U, P] SLOT"""
    beliefs: Beliefs
    graph: NDArray[np.int32]
    """creators that users follow from the start"""
    data: NDArray[np.int32]
    used: NDArray[np.int64]
    free: NDArray[np.int64]
    """data, used, free: the arena with the sets that grow"""
    cards: NDArray[Any]
    """cards [V] CARD"""
    reels: NDArray[Any]
    """reels [V] REEL"""
    rows: Rows
    tally: Tally


@njit(forceinline=True)
def borrowed_state(
    cards, reels, rows, beliefs, graph, arena, users, traits, utc_offset_s, next_s, slates, tally
):
    """A State of borrowed arrays."""
    return State(
        borrow(users), borrow(next_s), borrow(traits), borrow(utc_offset_s),
        borrow(slates),
        Beliefs(borrow(beliefs.profile), borrow(beliefs.slot_id), borrow(beliefs.slot_weight)),
        borrow(graph), borrow(arena.data), borrow(arena.used), borrow(arena.free), borrow(cards),
        borrow(reels), borrowed_rows(rows),
        Tally(
            borrow(tally.videos), borrow(tally.touched), borrow(tally.timeline),
            borrow(tally.followers), borrow(tally.stages), borrow(tally.sums),
            borrow(tally.user_counts), borrow(tally.events), borrow(tally.logged),
        ),
    )  # fmt: skip
