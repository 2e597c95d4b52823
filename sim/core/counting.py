"""One impression counted in three tables at once, in vector registers.

The counters of an impression are small numbers. Those on the first line of a packed row are made
once, as the lanes of a register, and added to a row of each table: one load, one addition and one
store a row, in place of fourteen of each. Rare actions, whose counters lie behind it, are counted
one by one.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from sim.core.counts import (
    COMMON,
    FIRST_ACTION,
    HIGH,
    IMPRESSIONS,
    LOW,
    LOW_BITS,
    REACH,
    VIEWS,
    WATCH_MS,
    WIDTH,
)
from sim.machine.borrow import address_of_row
from sim.machine.compiled import njit
from sim.machine.lanes import I32, load, of_all

__all__ = ["count_impression"]

_PLACES = HIGH + 1
"""Columns on the first line of a packed row."""

_intrinsic: Any = intrinsic  # its own type takes away the arguments
_I64 = ir.IntType(64)
_LANES = ir.VectorType(I32, _PLACES)


def _lanes(rest: int, given: dict[int, int]) -> Any:
    """Lanes of one value, with others in the places that are given."""
    return _LANES([given.get(place, rest) for place in range(_PLACES)])


def _counters(builder: Any, views: Any, watch_ms: Any, reach: Any, actions: Any) -> Any:
    """The lanes to add for one impression."""
    places = range(FIRST_ACTION, HIGH)
    shift = _lanes(0, {place: place - FIRST_ACTION for place in places})
    ones = _lanes(0, dict.fromkeys(places, 1))
    lanes = builder.and_(builder.lshr(of_all(builder, actions, _LANES), shift), ones)
    head = _lanes(0, {IMPRESSIONS: 1})
    for place, value in ((VIEWS, views), (WATCH_MS, watch_ms), (REACH, reach)):
        head = builder.insert_element(head, value, I32(place))
    return builder.or_(lanes, head)


def _add_to_packed(builder: Any, address: Any, lanes: Any) -> None:
    """Add to a packed row; watch time beyond LOW_BITS is carried over."""
    total = builder.add(load(builder, address, I32, _PLACES), lanes)
    over = builder.lshr(total, _LANES([LOW_BITS] * _PLACES))
    from_lane = [WATCH_MS if i == HIGH else _PLACES for i in range(_PLACES)]
    pick = ir.VectorType(I32, _PLACES)(from_lane)
    carried = builder.shuffle_vector(over, _LANES([0] * _PLACES), pick)
    kept = builder.and_(total, _lanes(-1, {WATCH_MS: LOW}))
    pointer = builder.inttoptr(address, _LANES.as_pointer())
    builder.store(builder.add(kept, carried), pointer, align=4)


def _add_to_wide(builder: Any, address: Any, lanes: Any) -> None:
    """Add to a row of int64; what lies behind it is not touched."""
    first = 0
    while first < HIGH:
        count = 8
        while count > HIGH - first:
            count //= 2
        pick = ir.VectorType(I32, count)(list(range(first, first + count)))
        part = builder.shuffle_vector(lanes, lanes, pick)
        wide = builder.zext(part, ir.VectorType(_I64, count))
        place = builder.add(address, address.type(8 * first))
        pointer = builder.inttoptr(place, wide.type.as_pointer())
        there = builder.load(pointer, align=8)
        builder.store(builder.add(there, wide), pointer, align=8)
        first += count


@_intrinsic
def _count_common(
    typingctx: Any, videos: Any, v: Any, users: Any, u: Any, cells: Any, c: Any, views: Any,  # noqa: ARG001
    watch_ms: Any, reach: Any, actions: Any,
) -> Any:  # fmt: skip
    """Count what lies on the first line of a packed row; see :func:`count_impression`."""
    packed = [types.Array(types.int32, 2, "C")] * 2
    if [videos, users, cells] != [*packed, types.Array(types.int64, 2, "C")]:
        return None
    if not all(isinstance(x, types.Integer) for x in (v, u, c, views, watch_ms, reach, actions)):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = signature.args
        numbers = [
            context.cast(builder, args[n], kinds[n], types.int32) for n in range(6, len(args))
        ]
        lanes = _counters(builder, *numbers)
        for n, add in ((0, _add_to_packed), (2, _add_to_packed), (4, _add_to_wide)):
            row = context.cast(builder, args[n + 1], kinds[n + 1], types.int64)
            add(builder, address_of_row(context, builder, kinds[n], args[n], row), lanes)
        return context.get_dummy_value()

    kinds = (videos, v, users, u, cells, c, views, watch_ms, reach, actions)
    return types.void(*kinds), codegen


@njit(forceinline=True)
def count_impression(videos, v, users, u, cells, c, views, watch_ms, reach, actions):  # type: ignore[no-untyped-def]
    """Count one impression in row ``v`` of ``videos``, ``u`` of ``users`` and ``c`` of ``cells``.

    ``videos`` and ``users`` [N, PACKED] int32 are packed (see ``sim.core.counts``), ``cells``
    [N, F] int64 are not. ``watch_ms`` is below 2**31, ``reach`` is 1 for the user's first
    impression of the video, ``actions`` a bit mask.
    """
    _count_common(videos, v, users, u, cells, c, views, watch_ms, reach, actions)
    rare = actions >> COMMON
    if rare != 0:
        _count_rare(videos, v, users, u, cells, c, rare)  # type: ignore[no-untyped-call]


@njit()
def _count_rare(videos, v, users, u, cells, c, rare):  # type: ignore[no-untyped-def]
    for f in range(HIGH, WIDTH):
        one = (rare >> (f - HIGH)) & 1
        videos[v, f + 1] += one
        users[u, f + 1] += one
        cells[c, f] += one
