"""A study folder: which study it is, and one file for every run that is done.

    study.json          what the study is; the folder refuses any other
    files.json          the digests of all below but runs, and whether the results are whole
    runs/<key>.json     one outcome
    failed/<key>.yaml   the scenario of a run that failed, to run it alone
    <name>.json         results, and the same as <name>.parquet

A file appears under its name only when it is whole, so a study can be killed at any moment. The
first three carry their own digests. An outcome that is damaged counts as a run that was not done;
``study.json`` is made anew from ``files.json``, which says the same of the study.
"""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sim.core.errors import StudyError
from sim.record import files
from sim.record.files import PART, Written
from sim.record.folder import entries
from sim.record.sealed import seal, unseal
from sim.study.runs.outcome import Outcome

__all__ = ["FILES", "STUDY", "Store", "old_identity", "plain_json"]

STUDY: Final = "study.json"
FILES: Final = "files.json"
_FORMAT: Final = 2


class Store:
    """The folder of one study; made by :meth:`open`."""

    def __init__(self, folder: Path, identity: dict[str, Any]) -> None:
        self.folder = folder
        self.identity = identity
        """What the study is, as plain JSON."""
        self.damaged: list[str] = []
        """Files of outcomes that were found to be damaged."""
        self._written: dict[Path, Written] = {}
        self._changed = False

    @classmethod
    def open(cls, folder: Path | str, identity: Mapping[str, Any]) -> Store:
        """The folder of a study: a new one, or the same study again.

        ``identity`` is plain JSON that says which study this is (its kind, the hash of its
        scenario, its seed), and not how much of it is wanted: more worlds or trials later are
        the same study. Of commands that ask at once for one folder, the first has it, and others
        only if theirs is the same study. Raises StudyError when the folder holds anything else.
        """
        folder = Path(folder)
        wanted: dict[str, Any] = plain_json(dict(identity))
        if folder.exists() and not folder.is_dir():
            raise StudyError(f"{folder}: is a file; give a folder that is absent or empty")
        store = cls(folder, wanted)
        if not (folder / STUDY).exists() and not (folder / FILES).exists():
            _refuse_foreign(folder)
            store._claim()
        store._check_identity()
        files.remove_leftovers(folder)
        return store

    def _claim(self) -> None:
        """Take the folder, unless somebody else has done so a moment ago."""
        first = self.folder / STUDY
        with self._told(first):
            files.make_folder(self.folder)
            try:
                files.write_first(first, self._sealed_identity())
            except FileExistsError:
                return  # perhaps by the same study
            try:
                # a run takes a folder by another file; whoever sees that of the other gives way
                _refuse_foreign(self.folder)
            except StudyError:
                files.remove(first)
                raise

    def _sealed_identity(self) -> bytes:
        return seal({"format": _FORMAT, "identity": self.identity})

    def _check_identity(self) -> None:
        path = self.folder / STUDY
        with self._told(path):
            data = path.read_bytes() if path.exists() else b""
        old = old_identity(data)
        try:
            known = {"format": _FORMAT, "identity": old} if old is not None else unseal(data)
        except ValueError as error:
            books = self._books()
            if books is None:
                raise StudyError(
                    f"{path}: is damaged, it is not a study that can be read: {error}. Give "
                    "another folder, or put the file back from a copy"
                ) from error
            known = {"format": books.get("format"), "identity": books.get("identity")}
            data = b""
        there = known.get("identity")
        if known.get("format") != _FORMAT or not isinstance(there, dict):
            raise StudyError(f"{path}: was made by another version; give another folder")
        self._refuse_another(there)
        if old is not None:
            self._give_digests()
        if old is not None or not data:
            self._write(STUDY, self._sealed_identity())

    def _refuse_another(self, there: Mapping[str, Any]) -> None:
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

    def _give_digests(self) -> None:
        """Write the outcomes of a folder of format 1 anew, as those of this one."""
        for path in sorted((self.folder / "runs").glob("*.json")):
            try:
                outcome = Outcome.from_dict(json.loads(path.read_bytes()))
            except (OSError, ValueError):
                continue  # is done again
            if outcome.key == path.stem:
                self.save(outcome)

    def _books(self) -> dict[str, Any] | None:
        """What ``files.json`` says; None when it is missing or damaged."""
        try:
            return unseal((self.folder / FILES).read_bytes())
        except (OSError, ValueError):
            return None

    def _write_books(self, finished: bool, named: Mapping[str, Any]) -> None:
        """Say which files the study has, and whether its results are whole."""
        books = {
            "format": _FORMAT, "identity": self.identity, "finished": finished, "files": named,
        }  # fmt: skip
        self._write(FILES, seal(books))

    def _change(self) -> None:
        """Before the first change: the results are no more those of all that is there."""
        if self._changed:
            return
        books = self._books()
        if books is None or books.get("finished") is not False:
            self._write_books(False, {})
        self._changed = True

    @contextmanager
    def results(self) -> Iterator[None]:
        """Inside, results and pictures are written; at the end they are whole, and it says so.

        Of several processes of the study one is inside at a time. Raises StudyError for a disk
        that does not take them.
        """
        with self._told(self.folder), files.alone(self.folder):
            self._changed = False  # another process may have finished meanwhile
            self._change()
            with files.ledger() as notes:
                yield
            for path in (self.folder / "failed").glob("*.yaml"):
                self._written.setdefault(path, files.measure(path))
            self._write_books(True, entries(self.folder, {**self._written, **notes}))
            self._changed = False

    def _path(self, key: str) -> Path:
        return self.folder / "runs" / f"{key}.json"

    def get(self, key: str, seed: int | None = None) -> Outcome | None:
        """The outcome under a key, which may be that of a failed run; None without a whole one.

        With a ``seed`` it has to be of that seed too.
        """
        path = self._path(key)
        try:
            outcome = Outcome.from_dict(unseal(path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError):
            self.damaged.append(f"runs/{path.name}")
            return None
        if outcome.key == key and seed in (None, outcome.seed):
            return outcome
        self.damaged.append(f"runs/{path.name}")
        return None

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
        self._change()
        self._write(f"runs/{outcome.key}.json", seal(outcome.to_dict()))

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
        return self._keep(name, text.encode())

    def write_table(self, name: str, frame: Any) -> Path:
        """Write a Polars frame as ``<name>.parquet``."""
        import pyarrow.parquet as pq

        content = io.BytesIO()
        pq.write_table(frame.to_arrow(), content, compression="zstd", write_page_checksum=True)
        return self._keep(_named(name, ".parquet"), content.getbuffer())

    def remove(self, name: str) -> None:
        """Remove a file of the folder if it is there."""
        path = self.folder / name
        if not path.exists():
            return
        self._change()
        try:
            files.remove(path)
        except OSError as error:
            raise StudyError(f"{path}: cannot be removed: {error}") from error
        self._written.pop(path, None)

    def _keep(self, name: str, data: bytes | memoryview) -> Path:
        """Write a file that ``files.json`` is to name."""
        self._change()
        path = self.folder / name
        self._written[path] = self._write(name, data)
        return path

    def _write(self, name: str, data: bytes | memoryview) -> Written:
        path = self.folder / name
        with self._told(path):
            return files.write_bytes(path, data)

    @contextmanager
    def _told(self, path: Path) -> Iterator[None]:
        """Inside, a disk that fails is told as a StudyError."""
        try:
            yield
        except OSError as error:
            raise StudyError(
                f"{path}: cannot be written: {error.strerror or error}. Runs "
                "that are done stay; make room and start the same study again to go on"
            ) from error


def old_identity(data: bytes) -> dict[str, Any] | None:
    """The identity in a ``study.json`` of format 1, which has no digest; None for any other."""
    try:
        known = json.loads(data)
    except ValueError:
        return None
    if not isinstance(known, dict) or set(known) != {"format", "identity"} or known["format"] != 1:
        return None
    return known["identity"] if isinstance(known["identity"], dict) else None


def _named(name: str, ending: str) -> str:
    return name if name.endswith(ending) else name + ending


def _refuse_foreign(folder: Path) -> None:
    """StudyError for a folder in which something lies that is no study."""
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    # a study that was killed while it made its folder leaves one unfinished file
    strange = [name for name in names if not name.endswith(PART) and name != STUDY]
    if "manifest.json" in strange or (strange and STUDY not in names):
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
