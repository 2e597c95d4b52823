"""JSON that carries its own digest, for small files that stand alone.

    {"key": "6f0c", "seed": 3, "digest": "0b1d"}

The digest is that of the bytes before it with a bracket behind them, so any program that reads
JSON reads the file, and any bit that changes is noticed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sim.record.files import digest_of

__all__ = ["seal", "unseal"]

_SEAM: Final = b', "digest": "'


def seal(value: Mapping[str, Any]) -> bytes:
    """The bytes of a JSON object with its digest as the last key.

    Raises ValueError for an empty one, and for NaN and infinities.
    """
    if not value:
        raise ValueError("an empty object cannot be sealed")
    text = json.dumps(dict(value), ensure_ascii=False, allow_nan=False).encode()
    return text[:-1] + _end(text)


def _end(text: bytes) -> bytes:
    return _SEAM + digest_of(text).encode() + b'"}\n'


def unseal(data: bytes) -> dict[str, Any]:
    """The object without its digest. Raises ValueError when a single bit is not as it was."""
    head, seam, _ = data.rpartition(_SEAM)
    text = head + b"}"
    if not seam or head + _end(text) != data:
        raise ValueError("its content is not what its digest says")
    value: dict[str, Any] = json.loads(text)
    return value
