"""What a study keeps of each user of a run: columns of the users table, packed into text.

An outcome is stored as JSON. Thousands of users as lists of numbers would be most of it, so a
column is kept as its bytes, compressed: about a byte a number, since most of them are small.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from sim.record.columns import USERS

if TYPE_CHECKING:
    import polars as pl

__all__ = ["KEPT_COLUMNS", "pack_users", "unpack_users"]

Array = npt.NDArray[Any]

_OTHERS: Final = (
    "user", "creator", "locale", "joined_s", "came", "gone", "follows_start", "follows_end",
)  # fmt: skip
KEPT_COLUMNS: Final = tuple(c.name for c in USERS if c.name not in _OTHERS)
"""Columns of the users table that are kept: the arm, and everything that a user did."""

_DTYPES: Final = {"i": np.dtype("<i4"), "f": np.dtype("<f4")}
"""How numbers are kept: counts of one user never pass 2**31, and 7 digits of a watch time are
more than enough."""


def pack_users(users: pl.DataFrame) -> dict[str, str]:
    """The kept columns of a users table, by name; user k is at place k of each."""
    packed = {}
    for name in KEPT_COLUMNS:
        values = users[name].to_numpy()
        kind = "f" if values.dtype.kind == "f" else "i"
        data = zlib.compress(np.ascontiguousarray(values, _DTYPES[kind]).tobytes(), 9)
        packed[name] = f"{kind}:{base64.b64encode(data).decode('ascii')}"
    return packed


def unpack_users(packed: Mapping[str, str]) -> dict[str, Array]:
    """The columns of :func:`pack_users`, each [U]. Raises ValueError for any other text."""
    columns = {}
    for name, text in packed.items():
        kind, _, data = text.partition(":")
        try:
            raw = zlib.decompress(base64.b64decode(data, validate=True))
            columns[name] = np.frombuffer(raw, _DTYPES[kind])
        except (KeyError, ValueError, binascii.Error, zlib.error) as error:
            raise ValueError(f"{name} is no packed column: {error!r}") from error
    if set(columns) != set(KEPT_COLUMNS) or len({len(c) for c in columns.values()}) != 1:
        raise ValueError("these are not the columns of users")
    return columns
