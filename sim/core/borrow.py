"""What Numba does not offer and the innermost loops need: a few small intrinsics.

``borrow``: Numba counts a reference whenever an array is taken out of a tuple, sliced or passed
on: an atomic addition each time, hundreds for one impression. A borrowed array has no owner to
count for, and the compiler then drops the counting altogether. The caller has to keep the real
array alive, which it does as long as it is an argument of the running function.

``prefetch``: ask for a line of memory before it is needed. It changes no result.

``dot``, ``match_sum``: sums of products of whole numbers in vector registers. They are exact, so no
order of additions has to be fixed.

``look_in_eight``: one look at eight places of a table.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from sim.core.compiled import njit

__all__ = [
    "EMPTY", "FOUND", "STEP", "at", "borrow", "dot", "look_in_eight", "match_sum", "prefetch",
    "prefetch_at",
]  # fmt: skip

STEP = 16
"""Rows of topics are whole multiples of this long."""
FOUND, EMPTY = 1, 2
"""Bits of :func:`look_in_eight`."""
_I32 = ir.IntType(32)


@njit(forceinline=True)
def at(array, i):  # type: ignore[no-untyped-def]
    """``array[i]`` for ``i`` >= 0, without the code that lets indices count from the end."""
    return array[np.uint64(i)]


@intrinsic
def borrow(typingctx: Any, array: Any) -> Any:  # noqa: ARG001
    """The same array, without its owner; compiled code only."""
    if not isinstance(array, types.Array):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        view = context.make_array(array)(context, builder, args[0])
        view.meminfo = view.meminfo.type(None)
        view.parent = view.parent.type(None)
        return view._getvalue()

    return array(array), codegen


def _row(context: Any, builder: Any, array_type: Any, array: Any, row: Any) -> Any:
    """Address of a row of an array whose rows are contiguous."""
    view = context.make_array(array_type)(context, builder, array)
    stride = cgutils.unpack_tuple(builder, view.strides)[0]
    if array_type.ndim == 1 and array_type.layout == "C":
        # known when it is compiled: a shift in place of a multiplication
        stride = stride.type(context.get_abi_sizeof(context.get_data_type(array_type.dtype)))
    start = builder.ptrtoint(view.data, stride.type)
    return builder.add(start, builder.mul(row, stride))


@njit(forceinline=True)
def prefetch(array, row):  # type: ignore[no-untyped-def]
    """Ask for the memory at the start of row ``row`` of ``array``."""
    prefetch_at(array, row, 0)  # type: ignore[call-arg]


@intrinsic
def prefetch_at(typingctx: Any, array: Any, row: Any, offset: Any) -> Any:  # noqa: ARG001
    """Ask for the memory ``offset`` bytes behind the start of row ``row`` of ``array``."""
    if not isinstance(array, types.Array) or not isinstance(row, types.Integer):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array_type, row_type, offset_type = signature.args
        wide = context.cast(builder, args[1], row_type, types.int64)
        address = _row(context, builder, array_type, args[0], wide)
        address = builder.add(address, context.cast(builder, args[2], offset_type, types.int64))
        pointer = builder.inttoptr(address, cgutils.voidptr_t)
        flag = ir.IntType(32)
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, flag, flag, flag]),
            "llvm.prefetch.p0i8",
        )
        builder.call(function, [pointer, flag(0), flag(3), flag(1)])
        return context.get_dummy_value()

    return types.void(array, row, offset), codegen


def _load(builder: Any, address: Any, element: Any, count: int) -> Any:
    """A vector of ``count`` elements from any address."""
    kind = ir.VectorType(element, count)
    return builder.load(builder.inttoptr(address, kind.as_pointer()), align=1)


def _call(builder: Any, name: str, result: Any, *args: Any) -> Any:
    """Call an intrinsic function of LLVM."""
    kind = ir.FunctionType(result, [arg.type for arg in args])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), args)


def _products(context: Any, builder: Any, kinds: Any, args: Any) -> Any:
    """Sum, in eight lanes of int32, of the products of two rows of small whole numbers."""
    a, i, b, j, length = args
    rows = []
    for array, row, kind, row_kind in ((a, i, kinds[0], kinds[1]), (b, j, kinds[2], kinds[3])):
        wide = context.cast(builder, row, row_kind, types.int64)
        rows.append((_row(context, builder, kind, array, wide), kind.dtype.bitwidth))
    lanes = ir.VectorType(_I32, STEP)
    half = ir.VectorType(_I32, STEP // 2)

    def step(number: Any) -> Any:
        x, y = (
            builder.sext(
                _load(
                    builder,
                    builder.add(start, builder.mul(number, start.type(STEP * bits // 8))),
                    ir.IntType(bits),
                    STEP,
                ),
                lanes,
            )
            for start, bits in rows
        )
        product = builder.mul(x, y)
        # neighbours first: processors multiply 16-bit pairs and add them in one instruction
        even, odd = (
            builder.shuffle_vector(
                product, product, half([first + 2 * n for n in range(STEP // 2)])
            )
            for first in (0, 1)
        )
        return builder.add(even, odd)

    # up to 16 topics are one step, and a loop would cost more than it does
    total = cgutils.alloca_once_value(builder, step(ir.IntType(64)(0)))
    steps = builder.lshr(context.cast(builder, length, kinds[4], types.int64), ir.IntType(64)(4))
    with cgutils.for_range(builder, builder.sub(steps, ir.IntType(64)(1))) as loop:
        more = step(builder.add(loop.index, ir.IntType(64)(1)))
        builder.store(builder.add(builder.load(total), more), total)
    return builder.load(total)


def _add_up(builder: Any, eight: Any) -> Any:
    return _call(builder, "llvm.vector.reduce.add.v8i32", _I32, eight)


def _is_rows(array: Any) -> bool:
    return (
        isinstance(array, types.Array)
        and array.ndim == 2
        and array.dtype in (types.int8, types.int16)
    )


@intrinsic
def dot(typingctx: Any, a: Any, i: Any, b: Any, j: Any, length: Any) -> Any:  # noqa: ARG001
    """Inner product, int32, of the first ``length`` columns of two rows of int8 or int16.

    ``a`` [.., D] and ``b`` [.., E] are rows ``i`` and ``j``; ``length`` is a multiple of STEP.
    The sum must fit 32 bits.
    """
    if not _is_rows(a) or not _is_rows(b):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _add_up(builder, _products(context, builder, signature.args, args))

    return types.int32(a, i, b, j, length), codegen


@intrinsic
def match_sum(
    typingctx: Any, caption: Any, v: Any, taste: Any, r: Any, length: Any, ids: Any, u: Any,  # noqa: ARG001
    weights: Any, sound: Any, tag0: Any, tag1: Any, tag2: Any, creator: Any,
) -> Any:  # fmt: skip
    """What a video and a user have in common, as a sum of int32.

    The inner product of row ``v`` of ``caption`` [.., D] int8 and row ``r`` of ``taste`` [.., D]
    int16, plus the weights of the sound, the three hashtags and the creator among the 24 places
    of row ``u`` of ``ids`` [U, 24] int32: eight sounds, eight hashtags, eight creators.
    ``weights`` [.., 24] int32 is read at row ``r``. An id that is in no place adds nothing.
    """
    if not _is_rows(caption) or not _is_rows(taste):
        return None
    if any(x.dtype != types.int32 or x.ndim != 2 for x in (ids, weights)):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = signature.args
        total = _products(context, builder, kinds[:5], args[:5])
        eight = total.type
        starts = []
        for array, row in ((5, 6), (7, 3)):
            wide = context.cast(builder, args[row], kinds[row], types.int64)
            starts.append(_row(context, builder, kinds[array], args[array], wide))
        nothing = eight([0] * 8)
        held = [
            tuple(_load(builder, builder.add(s, s.type(32 * group)), _I32, 8) for s in starts)
            for group in range(3)
        ]
        for group, number in ((0, 8), (1, 9), (1, 10), (1, 11), (2, 12)):
            wanted = context.cast(builder, args[number], kinds[number], types.int32)
            places, weight = held[group]
            one = builder.insert_element(eight(ir.Undefined), wanted, _I32(0))
            same = builder.icmp_signed("==", places, builder.shuffle_vector(one, one, nothing))
            total = builder.add(total, builder.select(same, weight, nothing))
        return _add_up(builder, total)

    kinds = (
        caption, v, taste, r, length, ids, u, weights, sound, tag0, tag1, tag2, creator
    )  # fmt: skip
    return types.int32(*kinds), codegen


@intrinsic
def look_in_eight(typingctx: Any, data: Any, place: Any, wanted: Any) -> Any:  # noqa: ARG001
    """Which of the bits FOUND and EMPTY (a place below 0) hold of ``data[place : place + 8]``.

    ``data`` [N] int32.
    """
    if not isinstance(data, types.Array) or data.dtype != types.int32 or data.ndim != 1:
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = context.cast(builder, args[1], signature.args[1], types.int64)
        there = _load(builder, _row(context, builder, signature.args[0], args[0], wide), _I32, 8)
        eight = there.type
        value = context.cast(builder, args[2], signature.args[2], types.int32)
        one = builder.insert_element(eight(ir.Undefined), value, _I32(0))
        same = builder.icmp_signed("==", there, builder.shuffle_vector(one, one, eight([0] * 8)))
        below = builder.icmp_signed("<", there, eight([0] * 8))
        mask = ir.IntType(8)
        flags = []
        for bits in (same, below):
            any_bit = builder.icmp_unsigned("!=", builder.bitcast(bits, mask), mask(0))
            flags.append(builder.zext(any_bit, ir.IntType(64)))
        return builder.or_(flags[0], builder.shl(flags[1], ir.IntType(64)(1)))

    return types.int64(data, place, wanted), codegen
