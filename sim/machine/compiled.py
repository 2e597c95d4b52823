"""``njit`` as the whole project uses it: cached on disk, without the GIL, never stale.

Numba decides by one file's time stamp whether a cached function is current; it does not see
that a function inlined from another file has changed. So the cache folder carries a hash of all
sources: changed code never meets an old binary, and old folders are removed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar

import numba
from numba.core import config as numba_config

__all__ = ["Settled", "cache_folder", "compiled", "is_warm", "njit"]

F = TypeVar("F", bound=Callable[..., Any])

_PACKAGE = Path(__file__).resolve().parent.parent
_COMPILED_LAYERS = ("machine", "core", "world", "behaviour", "feed", "record", "engine")
_KEPT_FOLDERS = 8


def _source_hash() -> str:
    digest = hashlib.blake2b(numba.__version__.encode(), digest_size=8)
    for layer in _COMPILED_LAYERS:
        for path in sorted((_PACKAGE / layer).rglob("*.py")):
            digest.update(path.relative_to(_PACKAGE).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _choose_cache_folder() -> Path | None:
    named = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("FORYOU_CACHE_DIR")
    if named:
        base = Path(named)
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "foryou"
    folder = base / f"compiled-{_source_hash()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        others = sorted(base.glob("compiled-*"), key=lambda p: p.stat().st_mtime, reverse=True)
        for old in others[_KEPT_FOLDERS:]:
            shutil.rmtree(old, ignore_errors=True)
    except OSError:
        return None  # a read-only home: compile in memory, or beside the sources
    return folder


cache_folder: Path | None = _choose_cache_folder()
"""Where compiled code is kept; None when no folder can be written."""

if cache_folder is not None:
    numba_config.CACHE_DIR = str(cache_folder)  # type: ignore[attr-defined]


def is_warm(name: str) -> bool:
    """Whether compiled code of the function ``name`` (``module.function``) lies on disk."""
    return cache_folder is not None and any(cache_folder.glob(f"**/{name}-*.nbi"))


def njit(signature: Any = None, *, forceinline: bool = False) -> Callable[[F], F]:
    """Compile a function: cached, GIL released, no ``fastmath``, division by zero gives inf or NaN.

    ``forceinline`` is for small functions in the innermost loops. They become part of whoever
    calls them, so only those with a ``signature`` are kept on disk for themselves.
    """
    options: dict[str, Any] = {
        "forceinline": forceinline,
        "cache": cache_folder is not None and (signature is not None or not forceinline),
        "nogil": True,
        "error_model": "numpy",
    }
    decorate = numba.njit(signature, **options) if signature is not None else numba.njit(**options)

    def wrap(function: F) -> F:
        compiled: F = decorate(function)
        return compiled

    return wrap


def compiled(formula: F, **parts: Any) -> F:
    """Compile a formula of plain Python, to be inlined, with ``parts`` in place of what it calls.

    ``parts`` are compiled functions by the names under which the formula calls them, such as
    ``exp``. So one formula serves the play and whoever has no use for compiled code. Raises
    ``ValueError`` for a name that the formula does not use.
    """
    plain: Any = formula
    for name in parts:
        if name not in plain.__code__.co_names:
            raise ValueError(f"{plain.__name__} has no use for {name!r}")
    made: Any = FunctionType(plain.__code__, {**plain.__globals__, **parts}, plain.__name__)
    made.__doc__, made.__module__ = plain.__doc__, plain.__module__
    wrapped: F = njit(forceinline=True)(made)
    return wrapped


class Settled:
    """A compiled function that is called again and again with arguments of the same types.

    To find out which of its versions fits takes Numba 16 microseconds when the arguments are
    tuples of a hundred arrays: a tenth of a window in a world of 2,000 users. So the version is
    looked up at the first call, and the later ones go straight to it. Whoever makes one vouches
    for the types: arrays may be others and longer, but must have the same dtype, number of axes
    and layout.
    """

    def __init__(self, function: Any) -> None:
        self._function = function
        self._version: Callable[..., Any] | None = None

    def __call__(self, *args: Any) -> Any:
        """Call the function."""
        if self._version is not None:
            return self._version(*args)
        result = self._function(*args)
        version = self._function.overloads.get(
            tuple(self._function.typeof_pyval(arg) for arg in args)
        )
        if version is not None:  # else it was called with other types, which were converted
            self._version = version.entry_point
        return result
