"""Checkpoints on disk: files of plain arrays, and a manifest with the digest of each.

    RUN/checkpoints/0000129600.000/     the state at that time, s
        checkpoint.json                 written last: without it there is no checkpoint
        checkpoint.json.digest
        engine.npz, log.npz, paths.npz, platform.npz, ...

No pickle: what is read back are numbers.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.checkpoint.segments import Segment
from sim.core.errors import RunFolderError
from sim.record.files import (
    digest_of,
    json_text,
    measure,
    open_new,
    remove,
    write_bytes,
    write_text,
)
from sim.record.version import RESULTS_VERSION
from sim.scenario import Scenario, scenario_hash

__all__ = [
    "FOLDER", "Checkpoint", "checkpoints", "cut", "forget", "read_arrays", "world_hash",
    "write_checkpoint",
]  # fmt: skip

FOLDER: Final = "checkpoints"
_ABOUT: Final = "checkpoint.json"
_DIGEST: Final = "checkpoint.json.digest"
_FORMAT: Final = 1
_NAMES: Final = f"{10 * '[0-9]'}.{3 * '[0-9]'}"
"""Names of checkpoints: their times, s."""


@dataclass(frozen=True)
class Checkpoint:
    """One of them, as its manifest tells."""

    path: Path
    now_s: float
    """when it was made, s"""
    events: int | None
    """rows of the event log until then; None when events were not written"""
    segments: tuple[Segment, ...]
    """files with these rows"""
    files: Mapping[str, str]
    """digest of each file"""
    world: str
    """whose state it is, as :func:`world_hash` tells"""


def world_hash(scenario: Scenario, seed: int) -> str:
    """What tells one world, and how it is played, from another; how long it is does not."""
    same = scenario.model_copy(update={"seed": 0, "duration": 1.0})
    return digest_of(f"{scenario_hash(same)} {int(seed)}".encode())


def write_checkpoint(
    run: Path, arrays: Iterator[tuple[str, NDArray[Any]]], world: str, events: int | None,
    segments: Sequence[Segment],
) -> Checkpoint:  # fmt: skip
    """Write the state of a run, by its :func:`world_hash`; raises OSError."""
    state = dict(arrays)
    now_s = float(state["clock.now"])
    path = run / FOLDER / f"{now_s:014.3f}"
    groups: dict[str, dict[str, NDArray[Any]]] = {}
    for name, array in state.items():
        group, _, inner = name.partition(".")
        groups.setdefault(group, {})[inner] = array
    files = {}
    for group, found in groups.items():
        with open_new(path / f"{group}.npz") as file:
            _write_arrays(file, found)
        files[f"{group}.npz"] = file.written.digest
    about = {
        "format": _FORMAT, "model": RESULTS_VERSION, "world": world, "now_s": now_s,
        "events": events,
        "segments": [list(segment) for segment in segments], "files": files,
    }  # fmt: skip
    text = json_text(about).encode()
    write_text(path / _DIGEST, digest_of(text) + "\n")
    write_bytes(path / _ABOUT, text)
    return Checkpoint(path, now_s, events, tuple(segments), files, world)


def _write_arrays(file: Any, arrays: Mapping[str, NDArray[Any]]) -> None:
    """As numpy.savez does, but for a file that is only ever appended to."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)


def forget(checkpoint: Checkpoint) -> None:
    """Remove a checkpoint: first what makes it one."""
    remove(checkpoint.path / _ABOUT)
    for path in checkpoint.path.iterdir():
        remove(path)
    checkpoint.path.rmdir()


def cut(run: Path, now_s: float) -> None:
    """Remove all of the checkpoints after ``now_s``, damaged and half-written ones too."""
    for path in sorted((run / FOLDER).glob(_NAMES)):
        if not float(path.name) <= now_s + 5e-4:
            for name in sorted(path.iterdir(), key=lambda file: file.name != _ABOUT):
                remove(name)
            path.rmdir()


def checkpoints(run: Path) -> Iterator[Checkpoint | RunFolderError]:
    """All checkpoints of a run, the latest first; for one whose manifest is damaged, the error."""
    for path in sorted((run / FOLDER).glob(_NAMES), reverse=True):
        if (path / _ABOUT).is_file():
            try:
                yield _read_about(path)
            except RunFolderError as error:
                yield error


def _read_about(path: Path) -> Checkpoint:
    about = path / _ABOUT
    try:
        data = about.read_bytes()
        said = (path / _DIGEST).read_text(encoding="utf-8").split()
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{about}: cannot be read: {error}") from error
    if digest_of(data) not in said:
        raise RunFolderError(f"{about}: is damaged, it or its digest has changed")
    found = json.loads(data)
    if found["format"] != _FORMAT or found["model"] != RESULTS_VERSION:
        raise RunFolderError(
            f"{path}: was made by another version of the model, which cannot go on from it"
        )
    segments = tuple(Segment(*segment) for segment in found["segments"])
    return Checkpoint(
        path, float(found["now_s"]), found["events"], segments, found["files"], found["world"]
    )


def read_arrays(checkpoint: Checkpoint) -> dict[str, NDArray[Any]]:
    """The state, after a look at the digest of every file.

    Raises RunFolderError when a file is missing or damaged.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for name, digest in checkpoint.files.items():
        path = checkpoint.path / name
        try:
            if measure(path).digest != digest:
                raise RunFolderError(f"{path}: is damaged, it has changed since it was written")
            with np.load(path, allow_pickle=False) as file:
                arrays.update({f"{path.stem}.{inner}": file[inner] for inner in file.files})
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise RunFolderError(f"{path}: cannot be read: {error}") from error
    if not math.isclose(float(arrays["clock.now"]), checkpoint.now_s, abs_tol=1e-9):
        raise RunFolderError(f"{checkpoint.path}: tells two times")
    return arrays
