"""Standard output and standard error as every command writes to them.

All that a command prints goes through here, whoever prints it: its own lines, tables, the parser of
the command line, warnings of libraries. Three things are seen to:

- what a stranger wrote (a name, a value, an error text) cannot steer the terminal;
- a character that the terminal's encoding does not have is spelled out, not an error;
- an output that is closed, full or no longer read is told as such, by errors that nobody takes for
  trouble with a file of theirs.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

from sim.core.errors import ForyouError
from sim.core.printable import printable

__all__ = ["OutputError", "ReaderGone", "guarded", "occupy_closed", "silence", "unguarded"]


class OutputError(ForyouError):
    """Nothing can be written to standard output."""


class ReaderGone(Exception):
    """Whoever read standard output has gone, as ``head`` does."""


def _spell(error: UnicodeError) -> tuple[str, int]:
    r"""Characters that an encoding lacks as ``\u201c``, two of these for one beyond 16 bits."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    units = text.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4)), error.end


codecs.register_error("foryou.spell", _spell)

_PLAIN = str.maketrans(
    {"“": '"', "”": '"', "–": "-", "×": "x", "·": "-", "±": "+-", "…": "...", "µ": "u"}
)
"""What stands for the signs that tables use where there is no Unicode."""


class _Stream:
    """A standard stream for rich, which writes styles and moves the cursor.

    It is no file of ``io``: those flush, and close what is below, when they are forgotten.
    """

    errors = "strict"
    closed = False

    def __init__(self, stream: TextIO | None, *, vital: bool) -> None:
        self._stream = stream
        self._vital = vital

    def write(self, text: str) -> int:
        """Write text. Raises OutputError and ReaderGone, unless the stream is of no importance."""
        if not isinstance(text, str):
            raise TypeError(f"only text can be written, not {type(text).__name__}")
        encoding = self._encoding()
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            text = self._translated(text).encode(encoding, "foryou.spell").decode(encoding)
        with self._told():
            if self._stream is None:
                raise OSError("it is closed")
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written. Raises as :meth:`write` does."""
        if self._stream is not None:
            with self._told():
                self._stream.flush()

    def _translated(self, text: str) -> str:
        return text.translate(_PLAIN)

    def _encoding(self) -> str:
        found = getattr(self._stream, "encoding", None) or "utf-8"
        with suppress(LookupError):
            return codecs.lookup(found).name
        return "ascii"

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            if self._vital:
                raise ReaderGone from None
        except (OSError, ValueError) as error:  # a ValueError says that Python has closed it
            if self._vital:
                reason = getattr(error, "strerror", None) or str(error)
                raise OutputError(f"standard output cannot be written: {reason}") from None

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:
            return False

    def fileno(self) -> int:
        """The number of the file. Raises ``OSError`` when there is none."""
        if self._stream is None:
            raise io.UnsupportedOperation("fileno")
        return self._stream.fileno()

    def writable(self) -> bool:
        """It is there to be written to."""
        return True

    @property
    def encoding(self) -> str:
        """How characters are written."""
        return self._encoding()


class _Guarded(_Stream):
    """The same for everybody else: whatever would steer the terminal is spelled out."""

    def __init__(self, stream: TextIO | None, *, vital: bool) -> None:
        super().__init__(stream, vital=vital)
        self.bare = _Stream(stream, vital=vital)

    def write(self, text: str) -> int:
        """Write text, with nothing in it that a terminal obeys."""
        return super().write(printable(text) if isinstance(text, str) else text)

    def _translated(self, text: str) -> str:
        return text  # it may be JSON, in which a quotation mark is not just any sign

    @property
    def encoding(self) -> str:
        """Every character can be written; Click would else write past this to the bytes below."""
        return "utf-8"


def unguarded(stream: Any) -> Any:
    """What rich may write to: ``stream`` itself, without the guard that this module put there."""
    return stream.bare if isinstance(stream, _Guarded) else stream


@contextmanager
def guarded() -> Iterator[None]:
    """Let everything that is printed within go through here."""
    out, err = sys.stdout, sys.stderr
    sys.stdout = cast("TextIO", _Guarded(out, vital=True))
    sys.stderr = cast("TextIO", _Guarded(err, vital=False))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = out, err


def occupy_closed() -> None:
    """Put nothing in the place of standard streams that are closed.

    The next file to be opened would get the number of one, and be written to by every library that
    prints.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def silence() -> None:
    """Drop what was not written yet; Python would complain of it when it ends."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is None:
            continue
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
