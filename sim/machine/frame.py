"""A frame: all tables of a run as one argument of compiled code.

A frame is a row of 64-bit words: for each column the address of its first element and its shape.
Compiled code gets the words, opens them, and names what it wants:

    frame = open_frame(words)
    locale = frame.accounts.locale[u]

So a new column changes no signature, and handing a hundred arrays over costs as much as one. What
is named is looked up when the code is compiled; at run time it is a load at a fixed place, of
which the compiler is told that it does not change while the code runs.

A frame can be *narrowed* to some sides of the wall: ``frame.feed`` is the same words with another
type, which has no column of the truth. To name one there is an error of compilation.

Python sees the same names: ``frame.accounts.locale`` is the array. Whoever runs compiled code
keeps the frame, and with it every array, alive.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from llvmlite import ir
from numba import from_dtype
from numba.core import types
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, register_model
from numba.np.arrayobj import populate_array
from numpy.typing import DTypeLike, NDArray

from sim.machine.table import Side, Table

__all__ = ["Entry", "Frame", "FrameType", "Layout", "column_address"]

WORD = 8
"""Bytes of a word."""


@dataclass(frozen=True)
class Entry:
    """Where a column stands in a frame, and what it is."""

    name: str
    """``group.column``, or the name alone"""
    dtype: np.dtype[Any]
    ndim: int
    side: Side
    record: bool = False
    """one record instead of an array of them"""
    place: int = 0
    """its first word"""

    @property
    def words(self) -> int:
        """Words that it takes: the address and the shape."""
        return 1 + (0 if self.record else self.ndim)


class Layout:
    """What stands where in the frames of one kind.

    ``narrow`` names the narrowed frames with the sides that each may see.
    """

    KNOWN: Mapping[str, Layout] = {}

    def __init__(self, name: str, narrow: Mapping[str, Collection[Side]]) -> None:
        self.name = name
        self.narrow = {key: frozenset(sides) for key, sides in narrow.items()}
        self.entries: dict[str, Entry] = {}
        self.size = 0
        Layout.KNOWN = {**Layout.KNOWN, name: self}

    def add(
        self, name: str, dtype: DTypeLike, ndim: int, side: Side, *, record: bool = False
    ) -> None:
        """Add one column."""
        if name in self.entries:
            raise ValueError(f"{name}: stands twice in the frame")
        entry = Entry(name, np.dtype(dtype), ndim, side, record, self.size)
        self.entries[name] = entry
        self.size += entry.words

    def add_table(self, table: type[Table]) -> None:
        """Add all columns of a table, as ``table.column``."""
        for name, declared in table.COLUMNS.items():
            assert declared.side is not None
            self.add(f"{table.NAME}.{name}", declared.dtype, 1 + len(declared.shape), declared.side)

    def visible(self, view: str, path: str) -> Entry | str | None:
        """What ``path`` is in a frame narrowed to ``view``: an entry, a group, or nothing."""
        sides = self.narrow[view] if view else frozenset(Side)
        entry = self.entries.get(path)
        if entry is not None:
            return entry if entry.side in sides else None
        inside = any(
            e.name.startswith(f"{path}.") and e.side in sides for e in self.entries.values()
        )
        return path if inside else None

    @property
    def type(self) -> FrameType:
        """The type of an opened frame."""
        return FrameType(self.name, "", "")

    def opener(self) -> Callable[[NDArray[np.uint64]], Any]:
        """The function with which compiled code opens the words of a frame."""
        opened = self.type

        @intrinsic
        def open_frame(typingctx: Any, words: Any) -> Any:  # noqa: ARG001
            if words != types.Array(types.uint64, 1, "C"):
                return None

            def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
                array = context.make_array(signature.args[0])(context, builder, args[0])
                return builder.bitcast(array.data, _POINTER)

            return opened(words), codegen

        opened_by: Any = open_frame
        return opened_by  # type: ignore[no-any-return]


_POINTER = ir.IntType(64).as_pointer()
_populate: Any = populate_array


class FrameType(types.Type):
    """The type of an opened frame, of a narrowed one, or of a group of columns in it."""

    def __init__(self, layout: str, view: str, group: str) -> None:
        self.layout, self.view, self.group = layout, view, group
        super().__init__(f"Frame({layout}, {view or 'all'}, {group or 'all'})")

    def found(self, attribute: str) -> Any:
        """What an attribute is: another FrameType, an Entry, or None."""
        layout = Layout.KNOWN[self.layout]
        if not self.group and not self.view and attribute in layout.narrow:
            return FrameType(self.layout, attribute, "")
        path = f"{self.group}.{attribute}" if self.group else attribute
        seen = layout.visible(self.view, path)
        return FrameType(self.layout, self.view, seen) if isinstance(seen, str) else seen


@register_model(FrameType)
class _FrameModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _POINTER)  # type: ignore[no-untyped-call]


def _type_of(entry: Entry) -> Any:
    kind = from_dtype(entry.dtype)
    return kind if entry.record else types.Array(kind, entry.ndim, "C")


@infer_getattr
class _FrameAttributes(AttributeTemplate):
    key = FrameType

    def generic_resolve(self, frame: Any, attribute: str) -> Any:  # type: ignore[override]
        found = frame.found(attribute)
        return _type_of(found) if isinstance(found, Entry) else found


def _word(builder: Any, frame: Any, place: int) -> Any:
    """A word of a frame, of which the compiler may take that it stays as it is."""
    loaded = builder.load(builder.gep(frame, [ir.IntType(32)(place)]), align=WORD)
    loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
    return loaded


def column_address(builder: Any, frame: Any, entry: Entry) -> Any:
    """The address of a column, for intrinsics."""
    return _word(builder, frame, entry.place)


@lower_getattr_generic(FrameType)  # type: ignore[no-untyped-call]
def _get(context: Any, builder: Any, kind: Any, frame: Any, attribute: str) -> Any:
    entry = kind.found(attribute)
    if not isinstance(entry, Entry):
        return frame
    address = _word(builder, frame, entry.place)
    if entry.record:
        return builder.inttoptr(address, context.get_value_type(_type_of(entry)))
    array_type = _type_of(entry)
    array = context.make_array(array_type)(context, builder)
    size = context.get_abi_sizeof(context.get_data_type(array_type.dtype))
    shape = [_word(builder, frame, entry.place + 1 + axis) for axis in range(entry.ndim)]
    strides = [shape[0].type(size)]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    _populate(
        array, data=builder.inttoptr(address, array.data.type), shape=shape, strides=strides,
        itemsize=shape[0].type(size), meminfo=None, parent=None,
    )  # fmt: skip
    # without an owner nobody counts references
    array.meminfo, array.parent = array.meminfo.type(None), array.parent.type(None)
    return array._getvalue()


class Frame:
    """The arrays of one run, or of one thread of it, under their names."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.words = np.zeros(max(layout.size, 1), np.uint64)
        """words [layout.size] what compiled code is handed"""
        self._held: dict[str, NDArray[Any]] = {}
        for view in layout.narrow:
            setattr(self, view, SimpleNamespace())

    def bind(self, name: str, array: NDArray[Any]) -> None:
        """Put an array in its place; it has to be the declared kind and contiguous."""
        if self._held.get(name) is array:
            return
        entry = self._layout.entries[name]
        if array.dtype != entry.dtype or array.ndim != entry.ndim:
            raise TypeError(
                f"{name}: is {array.dtype} with {array.ndim} axes; "
                f"declared are {entry.dtype} with {entry.ndim}"
            )
        if not array.flags.c_contiguous or not array.flags.aligned:
            raise TypeError(f"{name}: does not lie in one piece")
        self._held[name] = array
        self.words[entry.place] = array.__array_interface__["data"][0]
        if not entry.record:
            self.words[entry.place + 1 : entry.place + 1 + entry.ndim] = array.shape
        held = array.view(np.recarray)[0] if entry.record else array
        self._show(self, name, held)
        for view, sides in self._layout.narrow.items():
            if entry.side in sides:
                self._show(getattr(self, view), name, held)

    @staticmethod
    def _show(where: Any, name: str, held: Any) -> None:
        """Let Python find an array, or a record, under its name."""
        group, dot, column = name.partition(".")
        here = vars(where).setdefault(group, SimpleNamespace()) if dot else where
        setattr(here, column if dot else group, held)

    def bind_table(self, table: Table) -> None:
        """Put all columns of a table in their places."""
        for name in table.COLUMNS:
            self.bind(f"{table.NAME}.{name}", getattr(table, name))

    def bind_all(self, arrays: Iterable[tuple[str, NDArray[Any]]]) -> None:
        """Put several arrays in their places."""
        for name, array in arrays:
            self.bind(name, array)

    def like(self) -> Frame:
        """Another frame that holds the same arrays."""
        other = Frame(self._layout)
        other.bind_all(self._held.items())
        return other

    def missing(self) -> list[str]:
        """Names that hold nothing yet."""
        return [name for name in self._layout.entries if name not in self._held]

    def seen_by(self, view: str) -> dict[str, NDArray[Any]]:
        """The arrays that a frame narrowed to ``view`` can reach."""
        return {
            name: array
            for name, array in self._held.items()
            if isinstance(self._layout.visible(view, name), Entry)
        }
