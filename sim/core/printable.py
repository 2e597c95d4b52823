"""Text of a stranger as a terminal may show it: what would steer the terminal is spelled out."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["one_line", "printable"]

_STEERING: Final = (
    "\x00-\x09\x0b-\x1f\x7f"  # C0 and DEL; a line feed ends a line of ours
    "\x80-\x9f"  # C1
    "\u2028\u2029"  # line and paragraph separators
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # directions of text
    "\ud800-\udfff"  # half characters, as in file names that are not UTF-8
)
_ALL: Final = re.compile(f"[{_STEERING}]")
_ALL_IN_LINE: Final = re.compile(f"[\n{_STEERING}]")


def _spelled(match: re.Match[str]) -> str:
    # this form and no other: inside a string of JSON it means the same character
    return f"\\u{ord(match[0]):04x}"


def printable(text: str) -> str:
    r"""``text`` with every character that a terminal may obey written as ``\u001b``.

    These are the control characters but the line feed, the marks of direction, line separators
    and half characters.
    """
    return _ALL.sub(_spelled, text)


def one_line(text: object) -> str:
    """Text as :func:`printable` gives it, and line feeds spelled out as well."""
    return _ALL_IN_LINE.sub(_spelled, str(text))
