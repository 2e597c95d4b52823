"""State on disk: tables as files of plain arrays, and a manifest with a digest of each.

No pickle: what is read back are numbers, and a file that was damaged is named.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from sim.core.errors import RunFolderError
from sim.machine.table import Table

__all__ = ["read_state", "write_state"]

_MANIFEST = "state.json"


def write_state(folder: Path, tables: Iterable[Table]) -> None:
    """Write every column of the tables, one file a table; the manifest comes last."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {}
    for table in tables:
        path = folder / f"{table.NAME}.npz"
        unfinished = path.with_suffix(".npz.part")
        with unfinished.open("wb") as file:
            np.savez(file, allow_pickle=False, **{name: a for name, _, a in table.arrays()})
        unfinished.replace(path)
        manifest[table.NAME] = {
            "count": table.count,
            "sizes": dict(table.sizes),
            "numbers": {name: int(getattr(table, name)) for name in table.NUMBERS},
            "digest": _digest(path),
        }
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def read_state(folder: Path, tables: Iterable[Table]) -> None:
    """Put what was written back into the tables; their arrays are replaced.

    Raises RunFolderError when a file is missing, damaged, or of other columns.
    """
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunFolderError(f"{folder}: holds no state: {error}") from error
    for table in tables:
        path, said = folder / f"{table.NAME}.npz", manifest.get(table.NAME)
        if said is None or not path.is_file():
            raise RunFolderError(f"{path}: is missing")
        if _digest(path) != said["digest"]:
            raise RunFolderError(f"{path}: is damaged; its digest is not the one in {_MANIFEST}")
        with np.load(path, allow_pickle=False) as file:
            if set(file.files) != set(table.COLUMNS):
                raise RunFolderError(f"{path}: has other columns than {table.NAME}")
            for name, declared, _ in list(table.arrays()):
                kept = table.allocate(name, declared, len(file[name]))
                kept[:] = file[name]
                setattr(table, name, kept)
        table.version += 1
        table.count = said["count"]
        for name, value in said["numbers"].items():
            setattr(table, name, value)


def _digest(path: Path) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
