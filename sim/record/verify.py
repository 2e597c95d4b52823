"""Whether the files of a run folder are what the run wrote, and what to do where they are not."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.core.errors import RunFolderError
from sim.record.files import PART, Written, digest_of, measure
from sim.record.folder import APART, DIGEST, MANIFEST, read_manifest

__all__ = ["Verdict", "check_file", "read_checked", "strangers", "unfinished", "verify_run"]


@dataclass(frozen=True)
class Verdict:
    """What is known of a folder after a look at every file of it."""

    right: int
    """Files that are what was written."""
    wrong: tuple[str, ...]
    """A line for each file that is not, and for what is unfinished: which, and what to do."""
    notes: tuple[str, ...] = ()
    """Lines about files that nothing is known of."""


def check_file(folder: Path, manifest: Mapping[str, Any], name: str) -> None:
    """RunFolderError when a file of a run is missing, or is not what its manifest says.

    ``name`` is that in the manifest, such as ``plots/lorenz.png``. A manifest without digests
    (format 1) says nothing.
    """
    path = folder / name
    try:
        found = measure(path) if path.is_file() else None
    except OSError as error:
        raise RunFolderError(f"{path}: cannot be read: {error}") from error
    _compare(folder, manifest, name, found)


def read_checked(folder: Path, manifest: Mapping[str, Any], name: str) -> bytes:
    """The content of a file of a run, after the look of :func:`check_file`."""
    path = folder / name
    try:
        data = path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise RunFolderError(f"{path}: cannot be read: {error}") from error
    found = None if data is None else Written(digest_of(data), len(data))
    _compare(folder, manifest, name, found)
    assert data is not None
    return data


def _compare(folder: Path, manifest: Mapping[str, Any], name: str, found: Written | None) -> None:
    path = folder / name
    if found is None:
        raise RunFolderError(f"{path}: is missing; {_way_out(folder, name)}")
    files = manifest.get("files")
    if files is None:
        return
    if name not in files:
        raise RunFolderError(f"{path}: is not of this run, {MANIFEST} does not know it")
    if found.to_dict() != files[name]:
        raise RunFolderError(
            f"{path}: is damaged, it is not what the run wrote; {_way_out(folder, name)}"
        )


def _way_out(folder: Path, name: str) -> str:
    """What to do about a file that is damaged or missing."""
    if name.startswith("plots/"):
        picture = Path(name)
        command = ["foryou", "plot", str(folder), "--only", picture.stem]
        command += ["--format", picture.suffix.removeprefix(".")]
        return f"draw it again: {shlex.join(command)}"
    if name == "scenario.yaml":
        return "the numbers of the run are not touched; put it back from a copy before it is used"
    again = shlex.join(["foryou", "run", str(folder / "scenario.yaml")])
    return f"put it back from a copy, or do the run again, which gives the same: {again}"


def strangers(folder: Path, known: Mapping[str, Any] | set[str]) -> list[str]:
    """A line for each file of a folder that is not among the ``known`` names."""
    lines = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or name in known or name.split("/")[0] in APART:
            continue
        if path.suffix == PART:
            lines.append(f"{path}: was left unfinished by a command that was stopped; remove it")
        else:
            lines.append(f"{path}: nothing is known of it")
    return lines


def verify_run(folder: Path | str) -> Verdict:
    """Look at every file of a run folder.

    Raises RunFolderError when the folder is no run folder; a damaged manifest is one too.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    if manifest.get("finished") is not True:
        return Verdict(0, (unfinished(folder),))
    files = manifest.get("files")
    if files is None:
        note = f"{folder}: is of format 1, which has no digests: nothing can be verified"
        return Verdict(0, (), (note,))
    wrong = []
    for name in files:
        try:
            check_file(folder, manifest, name)
        except RunFolderError as error:
            wrong.append(str(error))
    notes = strangers(folder, {MANIFEST, DIGEST, *files})
    return Verdict(len(files) + 2 - len(wrong), tuple(wrong), tuple(notes))


def unfinished(folder: Path) -> str:
    """What to say of a run that did not finish."""
    again = shlex.join(["foryou", "resume", str(folder)])
    return f"{folder}: the run did not finish; go on with: {again}"
