"""What Numba does not offer and the innermost loops need: three small intrinsics.

``borrow``: Numba counts a reference whenever an array is taken out of a tuple, sliced or passed
on: an atomic addition each time, hundreds for one impression. A borrowed array has no owner to
count for, and the compiler then drops the counting altogether. The caller has to keep the real
array alive, which it does as long as it is an argument of the running function.

``prefetch``: ask for a line of memory before it is needed. It changes no result.

``dot``: an inner product in vector registers, in an order of additions that is fixed here.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

__all__ = ["borrow", "dot", "prefetch"]

_LANES = 8


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
    start = builder.ptrtoint(view.data, stride.type)
    return builder.add(start, builder.mul(row, stride))


@intrinsic
def prefetch(typingctx: Any, array: Any, row: Any) -> Any:  # noqa: ARG001
    """Ask for the memory at the start of row ``row`` (int64) of ``array``."""
    if not isinstance(array, types.Array) or not isinstance(row, types.Integer):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array_type, row_type = signature.args
        wide = context.cast(builder, args[1], row_type, types.int64)
        address = _row(context, builder, array_type, args[0], wide)
        pointer = builder.inttoptr(address, cgutils.voidptr_t)
        flag = ir.IntType(32)
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, flag, flag, flag]),
            "llvm.prefetch.p0i8",
        )
        builder.call(function, [pointer, flag(0), flag(3), flag(1)])
        return context.get_dummy_value()

    return types.void(array, row), codegen


@intrinsic
def dot(typingctx: Any, a: Any, i: Any, b: Any, j: Any) -> Any:  # noqa: ARG001
    """Inner product of row ``i`` of ``a`` and row ``j`` of ``b``, float32 [.., D], D in eights.

    Eight partial sums s0 to s7, one a lane, each over every eighth product; then
    ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7)). The order is part of the definition.
    """
    if a != b or not isinstance(a, types.Array) or a.dtype != types.float32 or a.ndim != 2:
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        lanes = ir.VectorType(ir.FloatType(), _LANES)
        rows = []
        for array, row, kinds in ((0, 1, signature.args[:2]), (2, 3, signature.args[2:])):
            wide = context.cast(builder, args[row], kinds[1], types.int64)
            rows.append(_row(context, builder, kinds[0], args[array], wide))
        view = context.make_array(a)(context, builder, args[0])
        length = cgutils.unpack_tuple(builder, view.shape)[1]
        steps = builder.lshr(length, length.type(3))
        total = cgutils.alloca_once_value(builder, lanes([0.0] * _LANES))
        with cgutils.for_range(builder, steps) as loop:
            offset = builder.mul(loop.index, length.type(4 * _LANES))
            x, y = (
                builder.load(builder.inttoptr(builder.add(r, offset), lanes.as_pointer()), align=4)
                for r in rows
            )
            builder.store(builder.fadd(builder.load(total), builder.fmul(x, y)), total)
        value = builder.load(total)
        for half in (4, 2, 1):
            order = ir.VectorType(ir.IntType(32), half)
            low = builder.shuffle_vector(value, value, order(list(range(half))))
            high = builder.shuffle_vector(value, value, order(list(range(half, 2 * half))))
            value = builder.fadd(low, high)
        return builder.extract_element(value, ir.IntType(32)(0))

    return types.float32(a, i, b, j), codegen
