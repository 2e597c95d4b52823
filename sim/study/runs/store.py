"""A study folder: which study it is, and one file for every run that is done.

    study.json          what the study is; the folder refuses any other
    runs/<key>.json     one outcome
    failed/<key>.yaml   the scenario of a run that failed, to run it alone
    <name>.json         results, and the same as <name>.parquet

A file appears under its name only when it is whole, so a study can be killed at any moment.
A file that cannot be read counts as a run that was not done.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from sim.core.errors import StudyError
from sim.study.runs.outcome import Outcome

__all__ = ["Store", "plain_json"]

_FORMAT: Final = 1
_STALE_S: Final = 60.0
"""Age from which an unfinished file was left by a killed process, s: writing takes far less."""


class Store:
    """The folder of one study; made by :meth:`open`."""

    def __init__(self, folder: Path, identity: dict[str, Any]) -> None:
        self.folder = folder
        self.identity = identity
        """What the study is, as plain JSON."""

    @classmethod
    def open(cls, folder: Path | str, identity: Mapping[str, Any]) -> Store:
        """The folder of a study: a new one, or the same study again.

        ``identity`` is plain JSON that says which study this is (its kind, the hash of its
        scenario, its seed), and not how much of it is wanted: more worlds or trials later are
        the same study. Raises StudyError when the folder holds anything else.
        """
        folder = Path(folder)
        wanted: dict[str, Any] = plain_json(dict(identity))
        if folder.exists() and not folder.is_dir():
            raise StudyError(f"{folder}: is a file; give a folder that is absent or empty")
        store = cls(folder, wanted)
        if (folder / "study.json").is_file():
            store._check_identity()
        else:
            _refuse_foreign(folder)
            store.write_json("study", {"format": _FORMAT, "identity": wanted})
        store._remove_leftovers()
        return store

    def _check_identity(self) -> None:
        path = self.folder / "study.json"
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            there, format_ = known["identity"], known["format"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StudyError(f"{path}: is not a study that can be read: {error!r}") from error
        if format_ != _FORMAT or not isinstance(there, dict):
            raise StudyError(f"{path}: was made by another version; give another folder")
        names = [*self.identity, *(name for name in there if name not in self.identity)]
        differ = [name for name in names if there.get(name) != self.identity.get(name)]
        if differ:
            told = "; ".join(
                f"{name} is {_shown(there.get(name))}, not {_shown(self.identity.get(name))}"
                for name in differ
            )
            raise StudyError(
                f"{self.folder}: holds another study: {told}. Give another folder, or remove "
                "this one first"
            )

    def _remove_leftovers(self) -> None:
        """Unfinished files of processes that were killed."""
        for path in (*self.folder.glob("*.part"), *self.folder.glob("*/*.part")):
            try:
                if time.time() - path.stat().st_mtime > _STALE_S:
                    path.unlink(missing_ok=True)
            except OSError:
                continue  # another process of the same study finished or removed it

    def _path(self, key: str) -> Path:
        return self.folder / "runs" / f"{key}.json"

    def get(self, key: str) -> Outcome | None:
        """The outcome under a key, which may be that of a failed run; None without a whole one."""
        try:
            outcome = Outcome.from_dict(json.loads(self._path(key).read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return None
        return outcome if outcome.key == key else None

    def has(self, key: str) -> bool:
        """Whether the run is done and worked; one that failed is to be done again."""
        outcome = self.get(key)
        return outcome is not None and outcome.error is None

    def load(self, key: str) -> Outcome:
        """The outcome under a key. Raises StudyError when there is no whole one."""
        outcome = self.get(key)
        if outcome is None:
            raise StudyError(f"{self.folder}: has no run {key}; start the study again to do it")
        return outcome

    def save(self, outcome: Outcome) -> None:
        """Keep an outcome, in place of one that was there. Raises StudyError, as on a full disk."""
        text = json.dumps(outcome.to_dict(), ensure_ascii=False, allow_nan=False)
        self._write(self._path(outcome.key), lambda path: _write_text(path, text + "\n"))

    def outcomes(self) -> list[Outcome]:
        """Every whole outcome, failed ones too, in the order of their keys."""
        found = (self.get(path.stem) for path in sorted((self.folder / "runs").glob("*.json")))
        return [outcome for outcome in found if outcome is not None]

    def write_json(self, name: str, value: Any) -> Path:
        """Write ``<name>.json``; NaN and infinities become null."""
        text = json.dumps(plain_json(value), indent=2, ensure_ascii=False, allow_nan=False)
        return self.write_text(_named(name, ".json"), text + "\n")

    def write_text(self, name: str, text: str) -> Path:
        """Write a text file; ``name`` may lie in a folder below, and has its ending."""
        path = self.folder / name
        self._write(path, lambda part: _write_text(part, text))
        return path

    def write_table(self, name: str, frame: Any) -> Path:
        """Write a Polars frame as ``<name>.parquet``."""
        path = self.folder / _named(name, ".parquet")
        self._write(path, lambda part: frame.write_parquet(part, compression="zstd"))
        return path

    def remove(self, name: str) -> None:
        """Remove a file of the folder if it is there."""
        try:
            (self.folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise StudyError(f"{self.folder / name}: cannot be removed: {error}") from error

    def _write(self, path: Path, write: Callable[[Path], None]) -> None:
        """Let ``write`` fill a file that then takes its name in one step."""
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write(part)
            part.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise StudyError(
                f"{path}: cannot be written: {error.strerror or error}. Runs that are done stay; "
                "make room and start the same study again to go on"
            ) from error


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _named(name: str, ending: str) -> str:
    return name if name.endswith(ending) else name + ending


def _refuse_foreign(folder: Path) -> None:
    """StudyError for a folder in which something lies that is no study."""
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    # a study that was killed while it made its folder leaves one unfinished file
    strange = [name for name in names if not name.endswith(".part")]
    if strange:
        kind = "is a run folder" if "manifest.json" in strange else f"holds {strange[0]}"
        raise StudyError(
            f"{folder}: is not a study folder, it {kind}; give one that is absent or empty"
        )


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."


def plain_json(value: Any) -> Any:
    """Plain JSON: NumPy scalars and arrays as Python's, tuples as lists, no NaN or infinity.

    Raises TypeError for anything else.
    """
    if isinstance(value, Mapping):
        return {str(name): plain_json(item) for name, item in value.items()}
    if hasattr(value, "tolist"):  # NumPy
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"JSON cannot hold {type(value).__name__}")
