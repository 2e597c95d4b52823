"""Work on rows of eight or sixteen numbers at once, in vector registers.

Compilers find most of such loops by themselves. These are the ones that they do not find, or do not
find reliably: each is one small intrinsic, and its plain words stand beside it in the tests.

``dot``, ``match_sum``: sums of products of whole numbers. They are exact, so no order of additions
has to be fixed.

``look_in_group``, ``lowest_bit``: one look at a group of a hash table.

``highest_of_group``, ``put_in_group``: the best of sixteen keys.

``fade_and_find``: affinities of one kind.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from sim.core.borrow import address_of_row, stay_apart
from sim.core.compiled import njit

__all__ = [
    "FOUND", "GROUP", "STEP", "dot", "fade_and_find", "highest_of_group", "look_in_group",
    "lowest_bit", "match_sum", "more_dot", "put_in_group",
]  # fmt: skip

STEP = 16
"""Rows of topics are whole multiples of this long."""
GROUP = 16
"""Places that are looked at together."""
FOUND = 2**GROUP - 1
"""Bits of :func:`look_in_group` that tell where something was found; the others what is empty."""
_I32 = ir.IntType(32)
_intrinsic: Any = intrinsic  # its own type takes away the arguments


def _load(builder: Any, address: Any, element: Any, count: int) -> Any:
    """A vector of ``count`` elements from any address."""
    kind = ir.VectorType(element, count)
    return builder.load(builder.inttoptr(address, kind.as_pointer()), align=1)


def _call(builder: Any, name: str, result: Any, *args: Any) -> Any:
    """Call an intrinsic function of LLVM."""
    kind = ir.FunctionType(result, [arg.type for arg in args])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), args)


def _products(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    """Sum, in eight lanes of int32, of the products of STEP columns of two rows of whole numbers.

    ``args`` are (array, row, array, row, first column).
    """
    column = context.cast(builder, args[4], kinds[4], types.int64)
    lanes = ir.VectorType(_I32, STEP)
    half = ir.VectorType(_I32, STEP // 2)
    rows = []
    for number in (0, 2):
        kind = kinds[number]
        wide = context.cast(builder, args[number + 1], kinds[number + 1], types.int64)
        start = address_of_row(context, builder, kind, args[number], wide)
        size = start.type(kind.dtype.bitwidth // 8)
        start = builder.add(start, builder.mul(column, size))
        row = _load(builder, start, ir.IntType(kind.dtype.bitwidth), STEP)
        rows.append(builder.sext(row, lanes))
    product = builder.mul(*rows)
    # neighbours first: processors multiply 16-bit pairs and add them in one instruction
    even, odd = (
        builder.shuffle_vector(product, product, half([first + 2 * n for n in range(STEP // 2)]))
        for first in (0, 1)
    )
    return builder.add(even, odd)


def _add_up(builder: Any, eight: Any) -> Any:
    return _call(builder, "llvm.vector.reduce.add.v8i32", _I32, eight)


def _is_rows(array: Any) -> bool:
    return (
        isinstance(array, types.Array)
        and array.ndim == 2
        and array.dtype in (types.int8, types.int16)
    )


@_intrinsic
def _dot(typingctx: Any, a: Any, i: Any, b: Any, j: Any, column: Any) -> Any:  # noqa: ARG001
    """Inner product, int32, of STEP columns from ``column`` on."""
    if not _is_rows(a) or not _is_rows(b):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _add_up(builder, _products(context, builder, signature.args, args))

    return types.int32(a, i, b, j, column), codegen


@njit()
def more_dot(a, i, b, j, length):  # type: ignore[no-untyped-def]
    """Inner product, int32, of the columns STEP to ``length`` of two rows; see :func:`dot`."""
    stay_apart()  # or it would take registers where nobody needs it
    total = np.int32(0)
    for column in range(STEP, length, STEP):
        total += _dot(a, i, b, j, column)
    return total


@njit(forceinline=True)
def dot(a, i, b, j, length):  # type: ignore[no-untyped-def]
    """Inner product, int32, of the first ``length`` columns of two rows of int8 or int16.

    ``a`` [.., D] and ``b`` [.., E] are rows ``i`` and ``j``; ``length`` is a multiple of STEP.
    The sum must fit 32 bits.
    """
    total = _dot(a, i, b, j, 0)
    if length > STEP:
        total += more_dot(a, i, b, j, length)
    return total


@_intrinsic
def match_sum(
    typingctx: Any, caption: Any, v: Any, taste: Any, r: Any, ids: Any, u: Any, weights: Any,  # noqa: ARG001
    sound: Any, tag0: Any, tag1: Any, tag2: Any, creator: Any,
) -> Any:  # fmt: skip
    """What a video and a user have in common, as a sum of int32.

    The inner product of the first STEP columns of row ``v`` of ``caption`` [.., D] int8 and row
    ``r`` of ``taste`` [.., D] int16 (:func:`more_dot` has the others), plus the weights of the
    sound, the three hashtags and the creator among the 24 places of row ``u`` of ``ids`` [U, 24]
    int32: eight sounds, eight hashtags, eight creators. ``weights`` [.., 24] int32 is read at row
    ``r``. An id that is in no place adds nothing.
    """
    if not _is_rows(caption) or not _is_rows(taste):
        return None
    if any(x.dtype != types.int32 or x.ndim != 2 for x in (ids, weights)):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = signature.args
        column = ir.IntType(64)(0)
        total = _products(context, builder, (*kinds[:4], types.int64), (*args[:4], column))
        eight = total.type
        starts = []
        for array, row in ((4, 5), (6, 3)):
            wide = context.cast(builder, args[row], kinds[row], types.int64)
            starts.append(address_of_row(context, builder, kinds[array], args[array], wide))
        nothing = eight([0] * 8)
        held = [
            tuple(_load(builder, builder.add(s, s.type(32 * group)), _I32, 8) for s in starts)
            for group in range(3)
        ]
        for group, number in ((0, 7), (1, 8), (1, 9), (1, 10), (2, 11)):
            wanted = context.cast(builder, args[number], kinds[number], types.int32)
            places, weight = held[group]
            one = builder.insert_element(eight(ir.Undefined), wanted, _I32(0))
            same = builder.icmp_signed("==", places, builder.shuffle_vector(one, one, nothing))
            total = builder.add(total, builder.select(same, weight, nothing))
        return _add_up(builder, total)

    kinds = (caption, v, taste, r, ids, u, weights, sound, tag0, tag1, tag2, creator)
    return types.int32(*kinds), codegen


@_intrinsic
def look_in_group(typingctx: Any, data: Any, place: Any, wanted: Any) -> Any:  # noqa: ARG001
    """Bit i: whether place i of ``data[place : place + 16]`` holds ``wanted``; bit 16 + i: whether
    it is empty (below 0).

    ``data`` [N] int32.
    """
    if not isinstance(data, types.Array) or data.dtype != types.int32 or data.ndim != 1:
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = context.cast(builder, args[1], signature.args[1], types.int64)
        row = address_of_row(context, builder, signature.args[0], args[0], wide)
        there = _load(builder, row, _I32, GROUP)
        nothing = there.type([0] * GROUP)
        value = context.cast(builder, args[2], signature.args[2], types.int32)
        one = builder.insert_element(there.type(ir.Undefined), value, _I32(0))
        same = builder.icmp_signed("==", there, builder.shuffle_vector(one, one, nothing))
        below = builder.icmp_signed("<", there, nothing)
        bits = [
            builder.zext(builder.bitcast(each, ir.IntType(GROUP)), ir.IntType(64))
            for each in (same, below)
        ]
        return builder.or_(bits[0], builder.shl(bits[1], ir.IntType(64)(GROUP)))

    return types.int64(data, place, wanted), codegen


@_intrinsic
def lowest_bit(typingctx: Any, bits: Any) -> Any:  # noqa: ARG001
    """Number of the lowest bit that is set in an int64 other than 0."""
    if bits != types.int64:
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        return builder.cttz(args[0], ir.IntType(1)(1))

    return types.int64(bits), codegen


def _is_int64(array: Any) -> bool:
    return isinstance(array, types.Array) and array.dtype == types.int64 and array.ndim == 1


def _sixteen(context: Any, builder: Any, kind: Any, args: Any, places: Any) -> tuple[Any, Any]:
    """(pointer to ``array[first : first + GROUP]``, its lanes)."""
    first = context.cast(builder, args[1], places, types.int64)
    lanes = ir.VectorType(ir.IntType(64), GROUP)
    row = address_of_row(context, builder, kind, args[0], first)
    pointer = builder.inttoptr(row, lanes.as_pointer())
    return pointer, builder.load(pointer, align=8)


def _in_place(context: Any, builder: Any, lanes: Any, place: Any, kind: Any, value: Any) -> Any:
    """The lanes with ``value`` in one place; no other lane waits for it."""
    wide = context.cast(builder, place, kind, types.int64)
    empty = lanes.type(ir.Undefined)
    zeros = ir.VectorType(_I32, GROUP)([0] * GROUP)
    one, all_values = (
        builder.shuffle_vector(x, x, zeros)
        for x in (
            builder.insert_element(empty, wide, _I32(0)),
            builder.insert_element(empty, value, _I32(0)),
        )
    )
    mine = builder.icmp_signed("==", one, lanes.type(list(range(GROUP))))
    return builder.select(mine, all_values, lanes)


@_intrinsic
def highest_of_group(typingctx: Any, values: Any, first: Any) -> Any:  # noqa: ARG001
    """The greatest of ``values[first : first + GROUP]``, int64."""
    if not _is_int64(values):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = signature.args
        _, lanes = _sixteen(context, builder, kinds[0], args, kinds[1])
        return _call(builder, "llvm.vector.reduce.smax.v16i64", ir.IntType(64), lanes)

    return types.int64(values, first), codegen


@_intrinsic
def put_in_group(
    typingctx: Any,  # noqa: ARG001
    values: Any,
    first: Any,
    place: Any,
    value: Any,
) -> Any:
    """Set ``values[first + place] = value``, int64, and return the greatest of the group.

    The whole group is written, so that the next look at it need not wait for a part.
    """
    if not _is_int64(values):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = signature.args
        pointer, lanes = _sixteen(context, builder, kinds[0], args, kinds[1])
        new = context.cast(builder, args[3], kinds[3], types.int64)
        lanes = _in_place(context, builder, lanes, args[2], kinds[2], new)
        builder.store(lanes, pointer, align=8)
        return _call(builder, "llvm.vector.reduce.smax.v16i64", ir.IntType(64), lanes)

    return types.int64(values, first, place, value), codegen


@_intrinsic
def fade_and_find(
    typingctx: Any, ids: Any, weights: Any, u: Any, first: Any, wanted: Any, keep: Any,  # noqa: ARG001
) -> Any:  # fmt: skip
    """Multiply eight weights by ``keep``; then (place of ``wanted``, weakest place, how weak).

    They are the columns from ``first`` on of row ``u`` of ``ids`` [U, N] int32 and ``weights``
    [U, N] float32. The place is 8 when ``wanted`` is not there. The weakest is the first with the
    least absolute weight; one without an id (below 0) counts below all, and its weakness is -1;
    that of another is the absolute weight's bits, which order as it does.
    """
    if not isinstance(ids, types.Array) or not isinstance(weights, types.Array):
        return None
    if ids.dtype != types.int32 or weights.dtype != types.float32:
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = signature.args
        row = context.cast(builder, args[2], kinds[2], types.int64)
        column = context.cast(builder, args[3], kinds[3], types.int64)
        offset = builder.shl(column, column.type(2))
        starts = [
            builder.add(address_of_row(context, builder, kinds[n], args[n], row), offset)
            for n in (0, 1)
        ]
        held = _load(builder, starts[0], _I32, 8)
        nothing = held.type([0] * 8)
        weight = _load(builder, starts[1], ir.FloatType(), 8)

        def of_all(value: Any, kind: Any) -> Any:
            one = builder.insert_element(kind(ir.Undefined), value, _I32(0))
            return builder.shuffle_vector(one, one, nothing)

        factor = context.cast(builder, args[5], kinds[5], types.float32)
        weight = builder.fmul(weight, of_all(factor, weight.type))
        kept = builder.inttoptr(starts[1], weight.type.as_pointer())
        builder.store(weight, kept, align=1)
        value = context.cast(builder, args[4], kinds[4], types.int32)
        same = builder.icmp_signed("==", held, of_all(value, held.type))
        bits = builder.bitcast(weight, held.type)
        size = builder.and_(bits, held.type([2**31 - 1] * 8))
        empty = builder.icmp_signed("<", held, nothing)
        size = builder.select(empty, held.type([-1] * 8), size)
        least = _call(builder, "llvm.vector.reduce.smin.v8i32", _I32, size)
        weakest = builder.icmp_signed("==", size, of_all(least, held.type))
        places = []
        for mask in (same, weakest):
            wide = builder.zext(builder.bitcast(mask, ir.IntType(8)), ir.IntType(64))
            # a bit behind the last, so that there is a lowest one
            wide = builder.or_(wide, wide.type(256))
            places.append(builder.cttz(wide, ir.IntType(1)(1)))
        return context.make_tuple(builder, signature.return_type, [*places, least])

    returns = types.Tuple((types.int64, types.int64, types.int32))
    return returns(ids, weights, u, first, wanted, keep), codegen
