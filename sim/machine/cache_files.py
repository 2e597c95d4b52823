"""Files of compiled code that are checked before anything is made of them.

Numba reads its cache files with ``pickle`` and hands what is in them to LLVM, which ends the
process over a damaged one: no ``except`` helps. So each file starts with a digest of its name and
of all that follows. A file that is empty, cut off or changed is removed and told, and what it held
is compiled anew. A disk that is full costs the cache, not the run.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import pickle
import sys
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from numba.core.caching import (
    Cache,
    CompileResultCacheImpl,
    IndexDataCacheFile,
    _CacheLocator,
    _SourceFileBackedLocatorMixin,
)

from sim.machine.notice import notice

__all__ = ["EXTENSIONS", "CheckedCache", "read_checked", "write_checked"]

EXTENSIONS: Final = (".nbi", ".nbc")
"""How names of files with compiled code end: an index of versions, and a version."""
_MAGIC: Final = b"foryou compiled 1\n"
_DIGEST_BYTES: Final = 32
_PACKAGE: Final = Path(__file__).resolve().parent.parent


def _head(name: str, content: bytes) -> bytes:
    digest = hashlib.blake2b(name.encode() + b"\0", digest_size=_DIGEST_BYTES)
    digest.update(content)
    return _MAGIC + digest.digest()


def write_checked(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all, with its digest. Raises ``OSError``."""
    unfinished = path.with_name(f"{path.name}.tmp.{uuid.uuid4().hex[:16]}")
    try:
        with unfinished.open("wb") as file:
            file.write(_head(path.name, content))
            file.write(content)
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise


def read_checked(path: Path) -> bytes | None:
    """What was written to a file; ``None`` when there is none, or not as it was written.

    A damaged file is removed, and told.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        notice(f"{path}: compiled code cannot be read ({error.strerror})", about="reading")
        return None
    start = len(_MAGIC) + _DIGEST_BYTES
    content = data[start:]
    if data[:start] != _head(path.name, content):
        _remove_damaged(path)
        return None
    return content


def _remove_damaged(path: Path) -> None:
    """Remove a file of compiled code, and tell that it is compiled anew."""
    notice(f"{path}: compiled code is damaged; it is removed and compiled anew", about="damage")
    with suppress(OSError):
        path.unlink()


class _Locator(_SourceFileBackedLocatorMixin, _CacheLocator):
    """Says where the code of one function lies: the same place for every copy of the package."""

    def __init__(self, function: Any, file: str, folder: Path) -> None:
        self._py_file = file
        self._lineno = function.__code__.co_firstlineno
        self._folder = folder
        source = Path(file).resolve()
        if source.is_relative_to(_PACKAGE):
            below = source.relative_to(_PACKAGE).parent.as_posix().replace("/", ".")
        else:
            below = self.get_suitable_cache_subpath(file)
        self._path = folder / below

    def ensure_cache_path(self) -> None:
        """Make the folder, for the user alone."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._path.mkdir(mode=0o700, exist_ok=True)

    def get_cache_path(self) -> str:
        return str(self._path)


class _Impl(CompileResultCacheImpl):
    """What is kept of a compiled function, and under which name."""

    def __init__(self, function: Any, folder: Path) -> None:  # not that of Numba
        file = inspect.getfile(function)
        self._lineno = function.__code__.co_firstlineno
        self._locator = _Locator(function, file, folder)
        full_name = f"{Path(file).stem}.{function.__qualname__}"
        self._filename_base = self.get_filename_base(full_name, getattr(sys, "abiflags", ""))


class _Files(IndexDataCacheFile):
    """The index of a function's versions and a file for each, all checked."""

    def _load_index(self) -> dict[Any, str]:
        content = read_checked(Path(self._index_path))
        if content is None:
            return {}
        stamp, overloads = pickle.loads(content)
        return overloads if stamp == self._source_stamp else {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        write_checked(Path(self._index_path), self._dump((self._source_stamp, overloads)))

    def _load_data(self, name: str) -> Any:
        content = read_checked(Path(self._data_path(name)))
        return None if content is None else pickle.loads(content)

    def _save_data(self, name: str, data: Any) -> None:
        write_checked(Path(self._data_path(name)), self._dump(data))

    def _data_name(self, number: int) -> str:
        # not a number: two processes that write an index at the same time must not mean the
        # same file by two versions
        del number
        return str(self._data_name_pattern.format(number=0)).replace(
            ".0.nbc", f".{uuid.uuid4().hex[:16]}.nbc"
        )

    def forget(self) -> None:
        """Remove all files of the function: what is in them cannot be used."""
        index = Path(self._index_path)
        for path in [index, *index.parent.glob(f"{index.stem}.*.nbc")]:
            _remove_damaged(path)


class CheckedCache(Cache):
    """The compiled versions of a function in a folder that is trusted."""

    _impl_class: Any = _Impl

    def __init__(self, function: Any, folder: Path) -> None:  # not that of Numba
        self._name = repr(function)
        self._py_func = function
        self._impl = _Impl(function, folder)
        self._folder = folder
        self._cache_file: _Files
        locator = self._impl.locator
        self._cache_path = locator.get_cache_path()
        self._cache_file = _Files(
            self._cache_path, self._impl.filename_base, locator.get_source_stamp()
        )
        self.enable()

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled version for a signature, or ``None``."""
        try:
            return super().load_overload(sig, target_context)
        except MemoryError:
            raise
        except Exception:
            # whole, and yet of no use: such as written by a patched Numba of the same version
            self._cache_file.forget()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled version, if the disk takes it."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            notice(
                f"{self._folder}: compiled code cannot be kept ({os.strerror(error.errno or 0)}); "
                "it is compiled in memory",
                about="keeping",
            )
            self.disable()
