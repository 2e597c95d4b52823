"""The run folder: who may write into it, and its manifest with the digest of every file.

    manifest.json           what was run; ``finished`` is true only when all else is there
    manifest.json.digest    digest of the manifest
    scenario.yaml, summary.json, *.parquet, plots/*     their digests are in the manifest

A folder belongs to the one run that has put the first manifest there, in one step. The digest is
written before the manifest that it is of, and names the one before it too as long as that lies
there: whenever the process is killed, a finished manifest has its digest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sim.core.errors import RunFolderError
from sim.record.files import (
    PART,
    Written,
    digest_of,
    json_text,
    make_folder,
    make_new_folder,
    remove,
    remove_leftovers,
    write_bytes,
    write_first,
    write_text,
)

__all__ = [
    "APART", "DIGEST", "FORMAT", "MANIFEST", "add_files", "claim_run_folder", "entries", "finish",
    "free_names", "read_manifest", "refuse_used", "write_unfinished",
]  # fmt: skip

MANIFEST: Final = "manifest.json"
DIGEST: Final = "manifest.json.digest"
APART: Final = ("checkpoints", "pasts")
"""Folders in a run folder that have manifests of their own."""
FORMAT: Final = 2
"""Format of new run folders; those of format 1 have no digests and are read as they are."""


def refuse_used(out: Path | str | None) -> None:
    """RunFolderError when a run cannot have the folder ``out``: it is a file, or not empty."""
    if out is None:
        return
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise RunFolderError(f"{folder}: is a file; give a folder that is absent or empty")
    if folder.is_dir() and any(not _of_claim(path) for path in folder.iterdir()):
        raise RunFolderError(
            f"{folder}: is not empty; give a folder that is absent or empty, or remove it first"
        )


def _of_claim(path: Path) -> bool:
    """Whether it is the unfinished first file of a command that may have been killed."""
    return path.name.startswith((f"{MANIFEST}.", "study.json.")) and path.suffix == PART


def claim_run_folder(out: Path | str | None, name: str, manifest: Mapping[str, Any]) -> Path:
    """Make the folder of a run and put its first manifest there; nobody else can have it then.

    ``out`` has to be absent or empty; None takes a new name under ``runs/``, made of ``name`` and
    the time. Of many processes that ask at once for one folder, one gets it. Raises
    RunFolderError for the others, and OSError.
    """
    text = json_text(manifest).encode()
    if out is not None:
        make_folder(Path(out))
        refuse_used(out)
        if not _claim(Path(out), text):
            raise RunFolderError(
                f"{out}: another command has just taken this folder; give another one"
            )
        return Path(out)
    for folder in free_names(Path("runs"), name):
        if _claim(folder, text):
            return folder
    raise AssertionError("names do not end")


def free_names(above: Path, name: str) -> Iterator[Path]:
    """New, empty folders, each made as it is asked for: the name and the time, then numbered."""
    make_folder(above)
    stem = f"{name}-{datetime.now().strftime('%Y%m%d-%H%M%S')}"
    number = 1
    while True:
        folder = above / (stem if number == 1 else f"{stem}-{number}")
        try:
            make_new_folder(folder)
        except FileExistsError:
            pass
        else:
            yield folder
        number += 1


def _claim(folder: Path, text: bytes) -> bool:
    """Put the first manifest into an empty folder; whether nobody was faster."""
    first = folder / MANIFEST
    try:
        write_first(first, text)
    except FileExistsError:
        return False
    # a study takes a folder by another file; whoever sees that of the other gives way
    if any(path != first and not _of_claim(path) for path in folder.iterdir()):
        remove(first)
        return False
    remove_leftovers(folder)
    return True


def entries(folder: Path, notes: Mapping[Path, Written]) -> dict[str, dict[str, Any]]:
    """What a manifest says of the files below ``folder`` that were written, by their names."""
    own = {path.relative_to(folder): of for path, of in notes.items() if folder in path.parents}
    named = {
        path.as_posix(): of.to_dict() for path, of in own.items() if path.parts[0] not in APART
    }
    return {name: named[name] for name in sorted(named) if name not in (MANIFEST, DIGEST)}


def write_unfinished(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Put the manifest of a run that goes on in place of the one that is there. Raises OSError."""
    assert manifest["finished"] is False
    write_bytes(folder / MANIFEST, json_text(manifest).encode())


def finish(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Put the finished manifest in place of one that is not, with its digest. Raises OSError."""
    text = json_text(manifest).encode()
    write_text(folder / DIGEST, f"{digest_of(text)}\n")
    write_bytes(folder / MANIFEST, text)


def add_files(folder: Path, notes: Mapping[Path, Written]) -> None:
    """Put files that were written anew into the manifest of a finished run.

    To be called inside ``files.alone(folder)``. A folder without digests stays as it is. Raises
    RunFolderError for a manifest that cannot be read, and OSError.
    """
    manifest = read_manifest(folder)
    if "files" in manifest:
        files = {**manifest["files"], **entries(folder, notes)}
        text = json_text({**manifest, "files": dict(sorted(files.items()))}).encode()
        digest, path = digest_of(text), folder / MANIFEST
        write_text(folder / DIGEST, f"{digest}\n{digest_of(path.read_bytes())}\n")
        write_bytes(path, text)
        write_text(folder / DIGEST, f"{digest}\n")


def read_manifest(folder: Path | str) -> dict[str, Any]:
    """The manifest of a run folder, finished or not, after a look at its digest.

    Raises RunFolderError when the folder is no run folder, and when the manifest is damaged.
    """
    folder = Path(folder)
    if not folder.exists():
        raise RunFolderError(f"{folder}: there is no such folder")
    if not folder.is_dir():
        raise RunFolderError(f"{folder}: is a file; give the run folder that holds it")
    path = folder / MANIFEST
    if not path.is_file():
        raise RunFolderError(
            f"{folder}: is not a run folder, it has no manifest.json; a run that was stopped as it "
            "began leaves such a folder, and a run takes it when it is empty"
        )
    try:
        data = path.read_bytes()
        digests = _digests(folder / DIGEST)
    except OSError as error:
        raise RunFolderError(f"{path}: cannot be read: {error}") from error
    try:
        manifest = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RunFolderError(f"{path}: cannot be read: {error}; {_NO_MANIFEST}") from error
    if not isinstance(manifest, dict):
        raise RunFolderError(f"{path}: is not the manifest of a run")
    if manifest.get("finished") is False:
        return manifest
    if digests is None:
        if manifest.get("format") == 1 and "files" not in manifest:
            return manifest
        raise RunFolderError(f"{folder / DIGEST}: is missing; {_NO_MANIFEST}")
    if digest_of(data) not in digests:
        raise RunFolderError(
            f"{path}: is damaged, it or its digest in {DIGEST} has changed; {_NO_MANIFEST}"
        )
    return manifest


_NO_MANIFEST: Final = (
    "nothing in this folder can be trusted without it: put both files back from a copy, "
    "or run the scenario again into another folder"
)


def _digests(path: Path) -> list[str] | None:
    """The lines of the file of digests; None when there is none."""
    if not path.is_file():
        return None
    return path.read_bytes().decode(errors="replace").split("\n")
