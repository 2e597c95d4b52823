"""Columns of the tables as Arrow arrays, made from memory as it lies.

``pyarrow.array`` would do it as well, but its first call imports pandas, where that is installed,
and the library of Arrow's own functions: a quarter of a second, as long as a small run takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["ARROW", "to_arrow"]

ARROW = {
    "int64": pa.int64(), "int32": pa.int32(), "int16": pa.int16(), "int8": pa.int8(),
    "float64": pa.float64(), "float32": pa.float32(), "bool": pa.bool_(), "string": pa.string(),
    "category": pa.dictionary(pa.int32(), pa.string()),
}  # fmt: skip
"""Arrow type of each type of a column (see ``sim.record.columns``)."""


def to_arrow(values: NDArray[Any] | Sequence[Any], dtype: str) -> pa.Array:
    """An Arrow array of the type ``dtype``; None in a list of numbers becomes null.

    Raises OverflowError when a number does not fit the type.
    """
    if dtype == "category":
        return _words(values)
    mask, missing = None, 0
    if not isinstance(values, np.ndarray):
        valid = np.array([value is not None for value in values], bool)
        missing = int((~valid).sum())
        mask = _bits(valid) if missing else None
        values = np.array([0 if value is None else value for value in values])
    data = _bits(values) if dtype == "bool" else pa.py_buffer(_fitting(values, dtype))
    return pa.Array.from_buffers(ARROW[dtype], len(values), [mask, data], missing)


def _bits(flags: NDArray[Any]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(flags.astype(bool), bitorder="little"))


def _fitting(values: NDArray[Any], dtype: str) -> NDArray[Any]:
    """The values as contiguous numbers of another type, if that can hold them."""
    kind = np.dtype(dtype)
    if kind.kind == "i" and values.dtype.kind in "iu" and values.size:
        held = np.iinfo(kind)
        if values.max() > held.max or values.min() < held.min:
            raise OverflowError(f"a column of {dtype} cannot hold {values.min()} to {values.max()}")
    return np.ascontiguousarray(values, dtype=kind)


def _words(values: NDArray[Any] | Sequence[str]) -> pa.DictionaryArray:
    """Words by number, in the order of their first appearance."""
    numbers: dict[str, int] = {}
    items = values.tolist() if isinstance(values, np.ndarray) else values
    codes = np.array([numbers.setdefault(word, len(numbers)) for word in items], np.int32)
    encoded = [word.encode() for word in numbers]
    ends = np.cumsum([0, *(len(text) for text in encoded)]).astype(np.int32)
    words = pa.Array.from_buffers(
        pa.string(), len(encoded), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    )
    return pa.DictionaryArray.from_arrays(
        pa.Array.from_buffers(pa.int32(), len(codes), [None, pa.py_buffer(codes)]), words
    )
