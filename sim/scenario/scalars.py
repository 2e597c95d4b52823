"""What a plain word in a scenario text means: a number, true or false, or text.

The rules are those of YAML 1.2, made stricter. Only ``true`` and ``false`` are truth values, so
``no``, ``on`` and ``yes`` are text; ``18:00`` is text; ``1_000`` is a whole number.
"""

from __future__ import annotations

import math
import re
from typing import Final

__all__ = ["ScalarError", "meaning"]

_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_DIGITS = r"[0-9]+(?:_[0-9]+)*"
_INTEGER: Final = re.compile(rf"[-+]?{_DIGITS}\Z")
_BASED: Final = re.compile(r"0(?:x[0-9a-fA-F]+|o[0-7]+)\Z")
_FLOAT: Final = re.compile(rf"[-+]?(?:{_DIGITS}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE: Final = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")
_MAX_DIGITS: Final = 400


class ScalarError(ValueError):
    """A word that no setting can take: nothing, infinity or not-a-number."""


def meaning(word: str) -> str | int | float | bool:
    """The value of an unquoted word. Raises ``ScalarError``."""
    if word in _NULL:
        raise ScalarError("has no value; write one, or remove the key")
    if word in ("true", "false"):
        return word == "true"
    if _NOT_FINITE.match(word):
        raise ScalarError(f"must be a finite number; got {word}")
    if len(word) > _MAX_DIGITS:
        return word
    if _INTEGER.match(word):
        return int(word.replace("_", ""))
    if _BASED.match(word):
        return int(word, 0)
    if _FLOAT.match(word):
        value = float(word.replace("_", ""))
        if not math.isfinite(value):
            raise ScalarError(f"must be a finite number; got {word}")
        return value
    return word
