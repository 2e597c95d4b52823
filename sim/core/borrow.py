"""Arrays without an owner, for the innermost loops.

Numba counts a reference whenever an array is taken out of a tuple, sliced or passed on: an atomic
addition each time, hundreds for one impression. A borrowed array has no owner to count for, and
the compiler then drops the counting altogether. The caller has to keep the real array alive,
which it does as long as it is an argument of the running function.
"""

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.extending import intrinsic

__all__ = ["borrow"]


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
