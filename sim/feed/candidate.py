"""What a compiled scorer is told of a candidate, field by field, and how it lies in memory.

A scorer gets a :data:`Candidate`, a tuple with names. Whoever asks it fills a record of
:data:`TOLD`: some fields lie in the record, the others in tables of the platform, of which the
record has the addresses. So a field that a scorer does not look at costs nothing.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import from_dtype, types
from numba.extending import intrinsic
from numpy.typing import DTypeLike, NDArray

from sim.core.actions import ACTIONS
from sim.core.counts import COUNT_NAMES, WATCH_MS

__all__ = [
    "CANDIDATE", "FIELDS", "TOLD", "Candidate", "Field", "address_of", "call_score",
    "read_candidate", "rows_at",
]  # fmt: skip


class Field(NamedTuple):
    """One thing that a scorer may know."""

    name: str
    dtype: DTypeLike
    unit: str
    meaning: str
    table: str = ""
    """column of TOLD with the address at which it lies; empty when it lies in the record"""
    place: int = 0
    """bytes behind that address"""


_COUNTED = {
    "impressions": "it was put on a screen",
    "views": "it was played, each replay of a loop included",
    "watch_ms": "time watched by all",
    "reach": "it was put on the screen of somebody new",
    **{action.plural: f"the user {action.meaning}" for action in ACTIONS},
}

FIELDS: tuple[Field, ...] = (
    Field("video", np.int32, "id", "the video"),
    Field("creator", np.int32, "id", "who posted it"),
    Field("sound", np.int32, "id", "its sound"),
    Field("user", np.int32, "id", "the person who asks"),
    Field("time_s", np.float64, "s", "time of the request"),
    Field("stream", np.uint64, "", "stream of keyed draws of the request"),
    Field("source", np.int8, "code", "the source that found it"),
    Field("pool", np.int8, "level", "the highest pool that it entered; 0 for none"),
    Field("waiting", np.int8, "0 or 1", "1 while it is in a pool"),
    Field("same_locale", np.int8, "0 or 1", "1 when the video and the person are of one locale"),
    Field("age_s", np.float64, "s", "time since it was posted"),
    Field("affinity", np.float32, "-1 to 1", "how well it suits the person, it is believed"),
    Field("base", np.float32, "score", "what the value model gives it at affinity 0"),
    Field("lift", np.float32, "score", "what the value model adds for each unit of affinity"),
    Field("duration_s", np.float64, "s", "its length", "duration_at"),
    Field("followers", np.int32, "people", "followers of its creator", "followers_at"),
    Field("momentum", np.float32, "views", "recent views, decayed", "momentum_at"),
    *(
        Field(
            name, np.int64, "ms" if column == WATCH_MS else "times", _COUNTED[name], "counts_at",
            8 * column,
        )
        for column, name in enumerate(COUNT_NAMES)
    ),
)  # fmt: skip
"""Everything that a scorer may know; counters and followers are those of the last refresh."""

_TABLES = tuple(dict.fromkeys(field.table for field in FIELDS if field.table))

TOLD = np.dtype(
    [
        *((field.name, field.dtype) for field in FIELDS if not field.table),
        *((table, np.uint64) for table in _TABLES),
        ("score", np.float32),  # from the scorers before; 0 for the first
        ("failed", np.int8),  # 1 after the scorer raised an exception
    ],
    align=True,
)
"""A candidate as it is handed to compiled scorers."""

# made from the table, so that a new action is a new field
_make: Any = namedtuple
Candidate: Any = _make("Candidate", [field.name for field in FIELDS], module=__name__)
"""The fields of FIELDS by name; cannot be written to."""

CANDIDATE = types.NamedTuple([from_dtype(np.dtype(field.dtype)) for field in FIELDS], Candidate)
"""The type of a Candidate in compiled code."""

_RECORD = from_dtype(TOLD)
_intrinsic: Any = intrinsic  # its own type takes away the arguments


def _load(context: Any, builder: Any, address: Any, dtype: DTypeLike) -> Any:
    kind = context.get_data_type(from_dtype(np.dtype(dtype)))
    return builder.load(builder.inttoptr(address, kind.as_pointer()))


@_intrinsic
def read_candidate(typingctx: Any, told: Any) -> Any:  # noqa: ARG001
    """The Candidate of a record of TOLD; compiled code only."""
    if told != _RECORD:
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        start = builder.ptrtoint(args[0], context.get_value_type(types.uint64))
        values = []
        for field in FIELDS:
            column = TOLD.fields[field.table or field.name]  # type: ignore[index]
            address = builder.add(start, start.type(column[1]))
            if field.table:
                row = _load(context, builder, address, np.uint64)
                address = builder.add(row, row.type(field.place))
            values.append(_load(context, builder, address, field.dtype))
        return context.make_tuple(builder, signature.return_type, values)

    return CANDIDATE(told), codegen


@_intrinsic
def call_score(typingctx: Any, address: Any, told: Any) -> Any:  # noqa: ARG001
    """Call the scorer at ``address`` with a record of TOLD; its score, float32.

    The scorer is a C function, ``float f(TOLD *)``. Its address is a number, so that code which
    calls it is compiled once for all scorers.
    """
    if address != types.uint64 or told != _RECORD:
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        result = context.get_value_type(signature.return_type)
        kind = ir.FunctionType(result, [args[1].type])
        return builder.call(builder.inttoptr(args[0], kind.as_pointer()), [args[1]])

    return types.float32(address, told), codegen


def address_of(table: NDArray[Any]) -> np.uint64:
    """Where a table lies; it has to be kept alive."""
    return np.uint64(table.ctypes.data)


def rows_at(table: NDArray[Any], rows: NDArray[Any]) -> NDArray[np.uint64]:
    """Where some rows of a table lie."""
    return address_of(table) + rows.astype(np.uint64) * np.uint64(table.strides[0])
