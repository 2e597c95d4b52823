"""Work on rows of eight or sixteen numbers at once, in vector registers.

Compilers find most of such loops by themselves. These are the ones that they do not find, or do not
find reliably: each is one small intrinsic, and its plain words stand beside it in the tests.

``dot``: sums of products of whole numbers. They are exact, so no order of additions has to be
fixed.

``look_in_group``, ``search_group``, ``lowest_bit``: one look at a group of a hash table.

``highest_of_group``, ``put_in_group``: the best of sixteen keys.

``word_of``, ``find_place``: one look at the eight things of a kind that are known of a person.

``sim.feed.match`` is made of the same pieces.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from sim.machine.borrow import address_of_row, stay_apart
from sim.machine.compiled import njit

__all__ = [
    "FOUND", "GROUP", "I32", "STEP", "add_products", "add_up", "call", "dot", "find_place",
    "highest_of_group", "is_rows", "load", "look_in_group", "lowest_bit", "more_dot", "of_all",
    "put_in_group", "search_group", "word_of",
]  # fmt: skip

STEP = 16
"""Rows of topics are whole multiples of this long."""
GROUP = 16
"""Places that are looked at together."""
FOUND = 2**GROUP - 1
"""Bits of :func:`look_in_group` that tell where something was found; the others what is empty."""
I32 = ir.IntType(32)
_intrinsic: Any = intrinsic  # its own type takes away the arguments


def load(builder: Any, address: Any, element: Any, count: int) -> Any:
    """A vector of ``count`` elements from any address."""
    kind = ir.VectorType(element, count)
    return builder.load(builder.inttoptr(address, kind.as_pointer()), align=1)


def call(builder: Any, name: str, result: Any, *args: Any) -> Any:
    """Call an intrinsic function of LLVM."""
    kind = ir.FunctionType(result, [arg.type for arg in args])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), args)


def of_all(builder: Any, value: Any, lanes: Any) -> Any:
    """A vector of the type ``lanes`` with ``value`` in every lane."""
    one = builder.insert_element(lanes(ir.Undefined), value, I32(0))
    return builder.shuffle_vector(one, one, ir.VectorType(I32, lanes.count)([0] * lanes.count))


def _products(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    """Sum, in eight lanes of int32, of the products of STEP columns of two rows of whole numbers.

    ``args`` are (array, row, array, row, first column).
    """
    column = context.cast(builder, args[4], kinds[4], types.int64)
    rows = []
    for number in (0, 2):
        kind = kinds[number]
        wide = context.cast(builder, args[number + 1], kinds[number + 1], types.int64)
        start = address_of_row(context, builder, kind, args[number], wide)
        size = kind.dtype.bitwidth // 8
        start = builder.add(start, builder.mul(column, start.type(size)))
        rows.append(load(builder, start, ir.IntType(8 * size), STEP))
    return add_products(builder, *rows)


def add_products(builder: Any, a: Any, b: Any) -> Any:
    """Eight lanes of int32: sums of the products of neighbours of two vectors of STEP numbers."""
    product = builder.mul(*(builder.sext(row, ir.VectorType(I32, STEP)) for row in (a, b)))
    # neighbours first: processors multiply 16-bit pairs and add them in one instruction
    half = ir.VectorType(I32, STEP // 2)
    even, odd = (
        builder.shuffle_vector(product, product, half([first + 2 * n for n in range(STEP // 2)]))
        for first in (0, 1)
    )
    return builder.add(even, odd)


def add_up(builder: Any, eight: Any) -> Any:
    """The sum of eight lanes of int32."""
    return call(builder, "llvm.vector.reduce.add.v8i32", I32, eight)


def is_rows(array: Any) -> bool:
    """Whether this is the type of rows of int8 or int16."""
    return (
        isinstance(array, types.Array)
        and array.ndim == 2
        and array.dtype in (types.int8, types.int16)
    )


@_intrinsic
def _dot(typingctx: Any, a: Any, i: Any, b: Any, j: Any, column: Any) -> Any:  # noqa: ARG001
    """Inner product, int32, of STEP columns from ``column`` on."""
    if not is_rows(a) or not is_rows(b):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return add_up(builder, _products(context, builder, signature.args, args))

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


def _group_and_value(context: Any, builder: Any, kinds: Any, args: Any) -> tuple[Any, Any]:
    """(a group, a value in all lanes); ``args`` are (array, first place, value)."""
    wide = context.cast(builder, args[1], kinds[1], types.int64)
    row = address_of_row(context, builder, kinds[0], args[0], wide)
    there = load(builder, row, I32, GROUP)
    value = context.cast(builder, args[2], kinds[2], types.int32)
    return there, of_all(builder, value, there.type)


@_intrinsic
def look_in_group(typingctx: Any, data: Any, place: Any, wanted: Any) -> Any:  # noqa: ARG001
    """Bit i: whether place i of ``data[place : place + 16]`` holds ``wanted``; bit 16 + i: whether
    it is empty (below 0).

    ``data`` [N] int32.
    """
    if not isinstance(data, types.Array) or data.dtype != types.int32 or data.ndim != 1:
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        there, value = _group_and_value(context, builder, signature.args, args)
        same = builder.icmp_signed("==", there, value)
        below = builder.icmp_signed("<", there, there.type([0] * GROUP))
        bits = [
            builder.zext(builder.bitcast(each, ir.IntType(GROUP)), ir.IntType(64))
            for each in (same, below)
        ]
        return builder.or_(bits[0], builder.shl(bits[1], ir.IntType(64)(GROUP)))

    return types.int64(data, place, wanted), codegen


@_intrinsic
def search_group(typingctx: Any, data: Any, place: Any, wanted: Any) -> Any:  # noqa: ARG001
    """(whether ``data[place : place + 16]``, int32, holds ``wanted``, whether a search ends here).

    It ends where ``wanted`` is found or a place is empty (below 0). ``wanted`` is not below 0.
    """
    if not isinstance(data, types.Array) or data.dtype != types.int32 or data.ndim != 1:
        return None
    result = types.UniTuple(types.boolean, 2)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        there, value = _group_and_value(context, builder, signature.args, args)
        # 0 where it is found and below 0 where a place is empty: one comparison for both
        differs = builder.xor(there, value)
        nothing = there.type([0] * GROUP)
        answers = []
        for relation in ("==", "<="):
            mask = builder.icmp_signed(relation, differs, nothing)
            bits = builder.bitcast(mask, ir.IntType(GROUP))
            answers.append(builder.icmp_unsigned("!=", bits, bits.type(0)))
        return context.make_tuple(builder, result, answers)

    return result(data, place, wanted), codegen


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
    here = of_all(builder, wide, lanes.type)
    mine = builder.icmp_signed("==", here, lanes.type(list(range(GROUP))))
    return builder.select(mine, of_all(builder, value, lanes.type), lanes)


@_intrinsic
def highest_of_group(typingctx: Any, values: Any, first: Any) -> Any:  # noqa: ARG001
    """The greatest of ``values[first : first + GROUP]``, int64."""
    if not _is_int64(values):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = signature.args
        _, lanes = _sixteen(context, builder, kinds[0], args, kinds[1])
        return call(builder, "llvm.vector.reduce.smax.v16i64", ir.IntType(64), lanes)

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
        return call(builder, "llvm.vector.reduce.smax.v16i64", ir.IntType(64), lanes)

    return types.int64(values, first, place, value), codegen


def _slots(context: Any, builder: Any, kinds: Any, args: Any) -> tuple[Any, Any, Any]:
    """(ids, words, lanes that hold the id); ``args`` are (ids, words, row, first column, id)."""
    row, column = (context.cast(builder, args[n], kinds[n], types.int64) for n in (2, 3))
    offset = builder.shl(column, column.type(2))
    held, words = (
        load(
            builder,
            builder.add(address_of_row(context, builder, kinds[n], args[n], row), offset),
            I32,
            8,
        )
        for n in (0, 1)
    )
    wanted = of_all(builder, context.cast(builder, args[4], kinds[4], types.int32), held.type)
    return held, words, builder.icmp_signed("==", held, wanted)


def _only(builder: Any, lanes: Any, words: Any) -> Any:
    """The word of the one lane that is set, or 0."""
    there = builder.select(lanes, words, words.type([0] * 8))
    return call(builder, "llvm.vector.reduce.or.v8i32", I32, there)


def _are_words(*arrays: Any) -> bool:
    return all(isinstance(a, types.Array) and a.dtype == types.int32 for a in arrays)


@_intrinsic
def word_of(typingctx: Any, ids: Any, words: Any, u: Any, first: Any, wanted: Any) -> Any:  # noqa: ARG001
    """The word beside id ``wanted`` among eight, or 0 where that is not there.

    They are the columns from ``first`` on of row ``u`` of ``ids`` and ``words`` [U, N] int32. An id
    stands there once; what is below 0 is none.
    """
    if not _are_words(ids, words):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _, there, same = _slots(context, builder, signature.args, args)
        value = context.cast(builder, args[4], signature.args[4], types.int32)
        known = builder.icmp_signed(">=", value, I32(0))
        return builder.select(known, _only(builder, same, there), I32(0))

    return types.int32(ids, words, u, first, wanted), codegen


@_intrinsic
def find_place(typingctx: Any, ids: Any, words: Any, u: Any, first: Any, wanted: Any) -> Any:  # noqa: ARG001
    """Where among eight the id ``wanted`` stands, or would: (place, whether it does, word there).

    Columns as in :func:`word_of`. Where it does not, that is the first place with the least
    absolute number in the upper 24 bits of its word; a place without an id (below 0) is below all.
    """
    if not _are_words(ids, words):
        return None
    result = types.Tuple((types.int64, types.boolean, types.int32))

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        held, there, same = _slots(context, builder, signature.args, args)
        number = builder.ashr(there, there.type([8] * 8))
        none = there.type([0] * 8)
        size = builder.select(
            builder.icmp_signed("<", number, none), builder.sub(none, number), number
        )
        size = builder.select(builder.icmp_signed("<", held, none), held.type([-1] * 8), size)
        least = call(builder, "llvm.vector.reduce.smin.v8i32", I32, size)
        weakest = builder.icmp_signed("==", size, of_all(builder, least, size.type))
        found, other = (
            builder.zext(builder.bitcast(mask, ir.IntType(8)), I32) for mask in (same, weakest)
        )
        is_there = builder.icmp_signed("!=", found, I32(0))
        place = builder.cttz(builder.select(is_there, found, other), ir.IntType(1)(1))
        here = builder.icmp_signed(
            "==", of_all(builder, place, held.type), held.type(list(range(8)))
        )
        answers = (builder.zext(place, ir.IntType(64)), is_there, _only(builder, here, there))
        return context.make_tuple(builder, result, answers)

    return result(ids, words, u, first, wanted), codegen
