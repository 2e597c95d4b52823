"""What a video and a person have in common: topics, sound, hashtags, creator.

A request asks this of some two hundred videos. What belongs to the person stays in registers
meanwhile: seven vectors that a compiler would read from memory again for each of them.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.datamodel import models
from numba.extending import intrinsic, register_model

from sim.machine.borrow import address_of_row
from sim.machine.lanes import I32, STEP, add_products, add_up, is_rows, load, of_all

__all__ = ["hold", "match_sum"]

_intrinsic: Any = intrinsic  # its own type takes away the arguments
_EIGHT = ir.VectorType(I32, 8)


class _Held(types.Type):
    """A person's taste in registers: STEP topics, then ids and weights of three kinds."""


_HELD = _Held("Held")


@register_model(_Held)
class _HeldModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        topics = ir.VectorType(ir.IntType(16), STEP)
        parts = ir.LiteralStructType([topics, *[_EIGHT] * 6])
        super().__init__(dmm, fe_type, parts)


@_intrinsic
def hold(typingctx: Any, taste: Any, r: Any, ids: Any, u: Any, weights: Any) -> Any:  # noqa: ARG001
    """Take a person's taste into registers, for :func:`match_sum`.

    The first STEP columns of row ``r`` of ``taste`` [.., D] int16, row ``u`` of ``ids`` [U, 48]
    int32: sounds in columns 0 to 7, hashtags in 16 to 23, creators in 32 to 39, and row ``r`` of
    their ``weights`` [.., 24] int32, which has no other columns.
    """
    if not is_rows(taste) or taste.dtype != types.int16:
        return None
    if any(x.dtype != types.int32 or x.ndim != 2 for x in (ids, weights)):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = signature.args
        starts = []
        for array, row in ((0, 1), (2, 3), (4, 1)):
            wide = context.cast(builder, args[row], kinds[row], types.int64)
            starts.append(address_of_row(context, builder, kinds[array], args[array], wide))
        parts = [load(builder, starts[0], ir.IntType(16), STEP)]
        for start, apart in ((starts[1], 64), (starts[2], 32)):
            for group in range(3):
                parts.append(load(builder, builder.add(start, start.type(apart * group)), I32, 8))
        held = context.get_value_type(_HELD)(ir.Undefined)
        for number, part in enumerate(parts):
            held = builder.insert_value(held, part, number)
        return held

    return _HELD(taste, r, ids, u, weights), codegen


@_intrinsic
def match_sum(
    typingctx: Any, caption: Any, v: Any, held: Any, sound: Any, tag0: Any, tag1: Any, tag2: Any,  # noqa: ARG001
    creator: Any,
) -> Any:  # fmt: skip
    """What a video has in common with the person whose taste is ``held``, as a sum of int32.

    The inner product of the first STEP columns of row ``v`` of ``caption`` [.., D] int8 with the
    topics (``more_dot`` has the others), plus the weights of the sound, the three hashtags and
    the creator. An id that the person has no weight for adds nothing. ``caption`` may also be
    records that begin with these columns: whoever reads the record needs no second address.
    """
    if not isinstance(caption, types.Array) or held != _HELD:
        return None
    if caption.dtype != types.int8 and not isinstance(caption.dtype, types.Record):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kinds = signature.args
        wide = context.cast(builder, args[1], kinds[1], types.int64)
        start = address_of_row(context, builder, kinds[0], args[0], wide)
        parts = [builder.extract_value(args[2], number) for number in range(7)]
        total = add_products(builder, load(builder, start, ir.IntType(8), STEP), parts[0])
        for group, number in ((0, 3), (1, 4), (1, 5), (1, 6), (2, 7)):
            wanted = of_all(
                builder, context.cast(builder, args[number], kinds[number], types.int32), _EIGHT
            )
            same = builder.icmp_signed("==", parts[1 + group], wanted)
            total = builder.add(total, builder.select(same, parts[4 + group], _EIGHT([0] * 8)))
        return add_up(builder, total)

    return types.int32(caption, v, held, sound, tag0, tag1, tag2, creator), codegen
