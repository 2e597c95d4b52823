"""The folder in which compiled code is kept: which one it is, and whether it can be trusted.

Compiled code is read with ``pickle``: whoever can write it can run anything as the user who reads
it. So the folder belongs to the user (or to the administrator), and nobody else can write there.

The folder's name is a key of all that compiled code depends on, so that changed code, another
Numba, ``python -O`` or another processor never meets a binary that is not theirs. A file in it,
written last, lists what a finished compilation has left: whether there is anything to compile is
asked of that list, and of nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import llvmlite
import numba
import numpy as np
from llvmlite import binding
from numba.core import config as numba_config

from sim.machine.cache_files import EXTENSIONS, read_checked, write_checked
from sim.machine.notice import notice

__all__ = [
    "choose_folder", "code_hash", "is_finished", "machine_hash", "mark_finished", "why_distrusted",
]  # fmt: skip

_PACKAGE = Path(__file__).resolve().parent.parent
_COMPILED_LAYERS = ("machine", "core", "world", "behaviour", "feed", "record", "engine")
_KEPT_FOLDERS = 8
_MARK = "finished"
_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_NUMBA_OPTIONS = (
    "OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "CPU_NAME", "CPU_FEATURES", "ENABLE_AVX",
    "DISABLE_INTEL_SVML", "DEBUGINFO_DEFAULT", "BOUNDSCHECK", "LLVM_REFPRUNE_PASS",
    "LLVM_REFPRUNE_FLAGS",
)  # fmt: skip
"""Settings of Numba, from NUMBA_... variables, that change what it compiles."""


def code_hash() -> str:
    """What the compiled code says: a hash of all sources of it, and of Numba's version."""
    digest = hashlib.blake2b(numba.__version__.encode(), digest_size=8)
    for layer in _COMPILED_LAYERS:
        for path in sorted((_PACKAGE / layer).rglob("*.py")):
            digest.update(path.relative_to(_PACKAGE).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def machine_hash() -> str:
    """For whom it is compiled: a hash of the interpreter, its flags and the processor."""
    options = {name: str(getattr(numba_config, name, None)) for name in _NUMBA_OPTIONS}
    parts = (
        sys.version, sys.implementation.cache_tag, sys.flags.optimize, llvmlite.__version__,
        np.__version__, platform.system(), platform.machine(), binding.get_host_cpu_name(),
        binding.get_host_cpu_features().flatten(), options,
    )  # fmt: skip
    return hashlib.blake2b(repr(parts).encode(), digest_size=4).hexdigest()


def choose_folder() -> Path | None:
    """The folder for the compiled code of these sources on this machine, made if need be.

    ``None`` when there is none that can be used: then code is compiled in memory. A folder that
    was asked for and cannot be used is told, once, with what is used instead.
    """
    refused = []
    for base, ours in _bases():
        reason, folder = _try(base, ours)
        if folder is None:
            refused.append((base, reason))
            continue
        if refused:
            notice(f"{refused[0][0]}: {refused[0][1]}; compiled code is kept in {base} instead")
        return folder
    base, reason = refused[0]
    notice(f"{base}: {reason}; nothing compiled is kept, so every start compiles for minutes")
    return None


def _bases() -> Iterator[tuple[Path, bool]]:
    """Where the folder may lie, and whether that is a place of ours alone."""
    named = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("FORYOU_CACHE_DIR")
    if named:
        yield Path(named), False
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home
        home = Path(os.sep)
    yield Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "foryou", True


def _try(base: Path, ours: bool) -> tuple[str, Path | None]:
    """The folder below ``base``, or why there can be none."""
    folder = base / f"compiled-{code_hash()}-{machine_hash()}"
    try:
        if not base.is_dir():
            base.mkdir(mode=0o700, parents=True, exist_ok=True)
        if ours:
            _close_to_others(base)
        if reason := why_distrusted(base):
            return reason, None
        folder.mkdir(mode=0o700, exist_ok=True)
        if reason := why_distrusted(folder):
            return f"{folder.name} {reason}", None
    except OSError as error:
        return f"cannot be used ({error.strerror})", None
    _tidy(base, folder)
    return "", folder


def _close_to_others(base: Path) -> None:
    """Take a folder back that others could write, as it was made where that is the custom.

    What lies there is not to be trusted any more.
    """
    if not hasattr(os, "getuid"):
        return
    info = base.stat()
    if info.st_uid != os.getuid() or not info.st_mode & _BY_OTHERS:
        return
    base.chmod(stat.S_IMODE(info.st_mode) & ~_BY_OTHERS)
    there = list(base.glob("compiled-*"))
    for old in there:
        shutil.rmtree(old, ignore_errors=True)
    if there:
        notice(f"{base}: others could write there; it is the user's alone now, and compiled anew")


def why_distrusted(folder: Path) -> str:
    """Why code in a folder may be somebody else's; empty when it is the user's own.

    Where the system knows no owners, every folder is trusted. Raises ``OSError``.
    """
    if not hasattr(os, "getuid"):
        return ""
    info = folder.stat()
    if not stat.S_ISDIR(info.st_mode):
        return "is not a folder"
    if info.st_uid not in (os.getuid(), 0):
        return "belongs to another user, whose code would run"
    if info.st_mode & _BY_OTHERS:
        return "others can write there, whose code would run (chmod go-w forbids it)"
    return ""


def _tidy(base: Path, folder: Path) -> None:
    """Remove all but the folders that were used last."""
    try:
        os.utime(folder)
        others = sorted(base.glob("compiled-*"), key=lambda p: p.stat().st_mtime, reverse=True)
    except OSError:  # a cache that can only be read is as good
        return
    for old in others[_KEPT_FOLDERS:]:
        shutil.rmtree(old, ignore_errors=True)


def mark_finished(folder: Path) -> None:
    """Say that all is compiled that the files in the folder hold, and that they are whole."""
    names = [path.relative_to(folder).as_posix() for path in _files(folder)]
    try:
        write_checked(folder / _MARK, json.dumps(names).encode())
    except OSError as error:
        notice(f"{folder}: compiled code cannot be kept ({error.strerror})", about="keeping")


def is_finished(folder: Path) -> bool:
    """Whether a finished compilation lies in the folder, each of its files as it was written.

    A damaged file is removed, and told.
    """
    mark = read_checked(folder / _MARK)
    if mark is None:
        return False
    names = json.loads(mark)
    whole = [read_checked(folder / name) is not None for name in names]
    return bool(names) and all(whole)


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix in EXTENSIONS)
