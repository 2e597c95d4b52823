"""A run's JSON files as they may be after somebody's hand was in them.

What is told of a run is computed from dozens of values. Instead of checking each, the way to the
value read last is remembered, so that an error has a file and a place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sim.core.errors import RunFolderError

__all__ = ["Reading"]

_WRONG = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What it raises to compute with a text in place of a number, and the like."""


class Reading:
    """Reads the files of one run folder; gives their contents as mappings that are watched."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = ""
        self._at = ""

    def watched(self, file: str, content: Any) -> Mapping[str, Any]:
        """The content of a file. Raises RunFolderError when it is no mapping."""
        if not isinstance(content, Mapping):
            raise RunFolderError(f"{self._folder / file}: is not as a run writes it")
        return _Watched(self, file, "", content)

    def came_to(self, file: str, at: str) -> None:
        """Remember what is read."""
        self._file, self._at = file, at

    @contextmanager
    def told(self) -> Iterator[None]:
        """Within, what cannot be read is a RunFolderError that names the file and the place."""
        try:
            yield
        except _Missing as error:
            raise RunFolderError(
                f"{self._folder}: {self._file} has no {error.args[0]!r}{error.within}; it was made "
                "by another version or changed, so run its scenario again"
            ) from error
        except _WRONG as error:
            raise RunFolderError(
                f"{self._folder}: {self._file} is not as a run writes it, at or before "
                f"{self._at}: {error}; run its scenario again"
            ) from error


class _Missing(KeyError):
    """A key that is not there, ``within`` a part of the file."""

    within = ""


class _Watched(Mapping[str, Any]):
    def __init__(self, reading: Reading, file: str, at: str, data: Mapping[str, Any]) -> None:
        self._reading, self._file, self._at, self._data = reading, file, at, data

    def __getitem__(self, key: str) -> Any:
        at = f"{self._at}.{key}" if self._at else str(key)
        self._reading.came_to(self._file, at)
        if key not in self._data:
            missing = _Missing(key)
            missing.within = f" in {self._at}" if self._at else ""
            raise missing
        value = self._data[key]
        if isinstance(value, Mapping):
            return _Watched(self._reading, self._file, at, value)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)
