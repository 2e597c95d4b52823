"""What Numba does not offer and the innermost loops need: a few small intrinsics.

``borrow``: Numba counts a reference whenever an array is taken out of a tuple, sliced or passed
on: an atomic addition each time, hundreds for one impression. A borrowed array has no owner to
count for, and the compiler then drops the counting altogether. The caller has to keep the real
array alive, which it does as long as it is an argument of the running function.

``prefetch``, ``prefetch_near``: ask for a line of memory before it is needed. It changes no result.

``stay_apart``: Numba's functions are put into their callers, and then share the few registers with
all that stands there. A loop that needs most of them is better off alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from sim.machine.compiled import njit

__all__ = [
    "ROWS_AHEAD", "address_of_row", "at", "borrow", "prefetch", "prefetch_at", "prefetch_near",
    "stay_apart",
]  # fmt: skip

ROWS_AHEAD = 16
"""How many rows ahead a pass over rows that are not neighbours asks for memory."""


_intrinsic: Any = intrinsic  # its own type takes away the arguments


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


@_intrinsic
def stay_apart(typingctx: Any) -> Any:  # noqa: ARG001
    """The function that says this is called, never put into its callers."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:  # noqa: ARG001
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), codegen


def address_of_row(context: Any, builder: Any, array_type: Any, array: Any, row: Any) -> Any:
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
    """Ask for the memory at the start of row ``row`` of ``array``; see :func:`prefetch_at`."""
    prefetch_at(array, row, 0)


def _asks(near: bool) -> Any:
    """Code that asks for a line; ``near``: into the first cache, else into the second."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array_type, row_type, offset_type = signature.args
        wide = context.cast(builder, args[1], row_type, types.int64)
        address = address_of_row(context, builder, array_type, args[0], wide)
        address = builder.add(address, context.cast(builder, args[2], offset_type, types.int64))
        pointer = builder.inttoptr(address, cgutils.voidptr_t)
        flag = ir.IntType(32)
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, flag, flag, flag]),
            "llvm.prefetch.p0i8",
        )
        builder.call(function, [pointer, flag(0), flag(3 if near else 2), flag(1)])
        return context.get_dummy_value()

    return codegen


@_intrinsic
def prefetch_at(typingctx: Any, array: Any, row: Any, offset: Any) -> Any:  # noqa: ARG001
    """Ask for the memory ``offset`` bytes behind the start of row ``row`` of ``array``.

    It comes into the second cache. Any number of lines can be asked for that way; of those that
    are to come into the first, some processors forget what exceeds two dozen at a time.
    """
    if not isinstance(array, types.Array) or not isinstance(row, types.Integer):
        return None
    return types.void(array, row, offset), _asks(near=False)


@_intrinsic
def prefetch_near(typingctx: Any, array: Any, row: Any) -> Any:  # noqa: ARG001
    """Ask for the start of row ``row`` of ``array`` to come into the first cache, for soon."""
    if not isinstance(array, types.Array) or not isinstance(row, types.Integer):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        offset = ir.IntType(64)(0)
        wider = types.void(*signature.args, types.int64)
        return _asks(near=True)(context, builder, wider, (*args, offset))

    return types.void(array, row), codegen
