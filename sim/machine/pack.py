"""Packing: columns of several tables that are read together lie on one cache line.

Which columns these are is said where they are declared (``line="card"``). The record, its padding
and the code that brings a row up to date are made from that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from sim.machine.aligned import LINE
from sim.machine.frame import Entry, FrameType, Layout, column_address
from sim.machine.lanes import STEP
from sim.machine.table import Column, Table

__all__ = ["Member", "all_bytes", "first_bytes", "line_type", "members_of", "row_writer"]


@dataclass(frozen=True)
class Member:
    """A column that lies on a line too."""

    entry: str
    """its name in the frame"""
    field: str
    """its name in the record"""
    declared: Column

    @property
    def head(self) -> bool:
        """Whether it is a row of topics, of which the first STEP begin the record."""
        return "D" in self.declared.shape


def members_of(line: str, tables: Sequence[type[Table]]) -> tuple[Member, ...]:
    """The columns of a line: a row of topics first, then the widest numbers."""
    found = [
        Member(f"{table.NAME}.{name}", name, declared)
        for table in tables
        for name, declared in table.COLUMNS.items()
        if declared.line == line
    ]
    return tuple(sorted(found, key=lambda m: (not m.head, -m.declared.dtype.itemsize)))


def line_type(members: Sequence[Member]) -> np.dtype[Any]:
    """The record of a line, padded to a half or a whole number of cache lines."""
    fields: list[Any] = []
    for member in members:
        shape = (STEP,) if member.head else member.declared.shape
        fields.append((member.field, member.declared.dtype, shape) if shape else
                      (member.field, member.declared.dtype))  # fmt: skip
    size = np.dtype(fields, align=True).itemsize
    whole = LINE // 2 if size <= LINE // 2 else -(-size // LINE) * LINE
    if size < whole:
        fields.append(("spare", np.int8, (whole - size,)))
    return np.dtype(fields, align=True)


def row_writer(
    layout: Layout, record: str, members: Sequence[Member], *, lively: bool
) -> Callable[..., None]:
    """Compiled code that copies row ``v`` of its columns into the record: ``write(frame, v)``.

    With ``lively`` only the columns that a refresh may change.
    """
    copied = [m for m in members if m.declared.lively or not lively]

    @intrinsic
    def write(typingctx: Any, frame: Any, v: Any) -> Any:  # noqa: ARG001
        if not isinstance(frame, FrameType) or not isinstance(v, types.Integer):
            return None

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            row = context.cast(builder, args[1], signature.args[1], types.int64)
            kind = layout.entries[record].dtype
            into = _row(builder, args[0], layout.entries[record], row, kind.itemsize)
            for member in copied:
                _copy(builder, args[0], layout, member, row, into, kind)
            return context.get_dummy_value()

        return types.void(frame, v), codegen

    return write


def _row(builder: Any, frame: Any, entry: Entry, row: Any, size: Any) -> Any:
    """Address of a row of a column whose rows take ``size`` bytes."""
    wide = size if isinstance(size, ir.Value) else row.type(size)
    return builder.add(column_address(builder, frame, entry), builder.mul(row, wide))


def _copy(
    builder: Any, frame: Any, layout: Layout, member: Member, row: Any, into: Any, kind: Any
) -> None:
    """Copy one column of one row."""
    entry = layout.entries[member.entry]
    item, (target, place) = member.declared.dtype.itemsize, kind.fields[member.field][:2]
    size = target.itemsize
    if member.head:
        # the second word of the shape says how long a row is
        words = builder.gep(frame, [ir.IntType(32)(entry.place + 2)])
        stride = builder.mul(builder.load(words), row.type(item))
    else:
        stride = row.type(size)
    there = _row(builder, frame, entry, row, stride)
    lanes = ir.VectorType(ir.IntType(8 * item), size // item)
    value = builder.load(builder.inttoptr(there, lanes.as_pointer()), align=1)
    where = builder.add(into, row.type(place))
    builder.store(value, builder.inttoptr(where, lanes.as_pointer()), align=1)


def first_bytes(records: NDArray[Any]) -> NDArray[np.int8]:
    """[N, 16] the bytes with which each record begins: a row of up to 16 topics."""
    return all_bytes(records)[:, :STEP]


def all_bytes(records: NDArray[Any]) -> NDArray[np.int8]:
    """[N, size of a record] the bytes of records."""
    return records.view(np.int8).reshape(len(records), records.dtype.itemsize)
