"""Whether the files of a study folder are what the study wrote, and what to do where not."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sim.core.errors import StudyError
from sim.record.files import measure
from sim.record.sealed import unseal
from sim.record.verify import Verdict, strangers
from sim.study.runs.database import DATABASE, InUse, database_files, trouble_in
from sim.study.runs.outcome import Outcome
from sim.study.runs.store import FILES, STUDY

__all__ = ["is_study", "verify_study"]

_RESULT: Final = "tune.json"
"""What a search found."""
_AGAIN: Final = "start the command of the study again, with --out"


def is_study(folder: Path) -> bool:
    """Whether a folder is that of a study, be its files damaged."""
    return any((folder / name).exists() for name in (STUDY, FILES))


def verify_study(folder: Path | str) -> Verdict:
    """Look at every file of a study folder: results, runs, trials. Raises StudyError."""
    folder = Path(folder)
    again = f"{_AGAIN} {shlex.quote(str(folder))}"
    try:
        study = _sealed(folder / STUDY)
        if study is None and _is_old(folder / STUDY):
            note = f"{folder}: is of format 1, which has no digests; to give it some, {again}"
            return Verdict(0, (), (note,))
        books = _sealed(folder / FILES)
        runs = sorted((folder / "runs").glob("*.json"))
        wrong = list(_wrong(folder, study, books, again))
        damaged = [path for path in runs if not _is_whole(path)]
        trials, in_use = _trials(folder, _told(folder, books), again)
    except OSError as error:
        raise StudyError(f"{folder}: cannot be read: {error}") from error
    wrong += [f"{path}: is damaged; to play it anew, {again}" for path in damaged]
    wrong += trials
    named = {} if books is None else books["files"]
    known = {STUDY, FILES, *named, *(path.relative_to(folder).as_posix() for path in runs)}
    database = {path.name for path in database_files(folder)}
    notes = strangers(folder, known | database) + in_use
    right = 2 + len(named) + len(runs) + (DATABASE in database and not in_use) - len(wrong)
    return Verdict(max(right, 0), tuple(wrong), tuple(notes))


def _wrong(
    folder: Path, study: dict[str, Any] | None, books: dict[str, Any] | None, again: str
) -> Iterator[str]:
    """A line for each fault of the study itself, and of its results."""
    if study is None:
        yield f"{folder / STUDY}: is missing or damaged; to have it made anew, {again}"
    if books is None:
        yield (
            f"{folder / FILES}: is missing or damaged; to have the results written anew, which "
            f"does no run twice, {again}"
        )
        return
    if not books["finished"]:
        yield f"{folder}: the study did not finish; to go on, {again}"
    for name, said in books["files"].items():
        path = folder / name
        if not path.is_file():
            yield f"{path}: is missing; to have it written anew, {again}"
        elif measure(path).to_dict() != said:
            yield f"{path}: is damaged; to have it written anew, {again}"


def _told(folder: Path, books: dict[str, Any] | None) -> list[dict[str, Any]] | None:
    """The trials that the result of a search tells of; None when it is not finished."""
    if books is None or not books["finished"]:
        return None
    path = folder / _RESULT
    said = books["files"].get(_RESULT)
    if said is None or not path.is_file() or measure(path).to_dict() != said:
        return []
    trials: list[dict[str, Any]] = json.loads(path.read_bytes())["trials"]
    return [trial for trial in trials if trial.keys() >= {"trial", "state", "params", "means"}]


def _trials(
    folder: Path, told: list[dict[str, Any]] | None, again: str
) -> tuple[list[str], list[str]]:
    """What is wrong with the trials of a search, and what is to be said of them otherwise."""
    path = folder / DATABASE
    if not path.is_file():
        return [], []
    try:
        found = trouble_in(path, told)
    except InUse:
        return [], [f"{path}: is written to by another command; verify it when that is over"]
    if found is None:
        return [], []
    remove = " ".join(["rm", *(shlex.quote(str(file)) for file in database_files(folder))])
    way_out = f"to have it made anew, which does no run twice, remove it ({remove}) and {again}"
    return [f"{path}: is damaged ({found}); {way_out}"], []


def _sealed(path: Path) -> dict[str, Any] | None:
    """What a sealed file holds; None when it is missing or damaged."""
    try:
        return unseal(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _is_old(path: Path) -> bool:
    from sim.study.runs.store import old_identity

    return path.is_file() and old_identity(path.read_bytes()) is not None


def _is_whole(path: Path) -> bool:
    """Whether it is an outcome, under its own key."""
    try:
        return Outcome.from_dict(unseal(path.read_bytes())).key == path.stem
    except ValueError:
        return False
