"""Whether a SQLite file of trials can be read: all its pages, and every trial. Changes nothing.

The tables are Optuna's, but nothing of Optuna is needed to look at them.
"""

from __future__ import annotations

import json
import math
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

__all__ = ["DATABASE", "InUse", "database_files", "trouble_in"]

DATABASE: Final = "trials.db"
"""Name of the SQLite file in the folder of a search."""
_BESIDE: Final = ("-wal", "-shm", "-journal")
"""Endings of what SQLite keeps beside it while it is open, or after its process was killed."""
_BUSY_S: Final = 5.0
"""Time to wait for another process that writes, s."""
_TABLES: Final = {"trials", "trial_params", "trial_user_attributes", "trial_system_attributes"}
_OPEN: Final = {"RUNNING", "WAITING"}
_OVER: Final = {"COMPLETE", "PRUNED", "FAIL"}
_NOT_AS_IT_IS: Final = {
    sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY_ROLLBACK, sqlite3.SQLITE_READONLY_RECOVERY,
    sqlite3.SQLITE_READONLY_CANTINIT,
}  # fmt: skip
"""What SQLite answers when a file has to be written to before it can be read."""


class InUse(Exception):
    """Another process writes, and does not stop."""


def database_files(folder: Path) -> list[Path]:
    """The file of trials of a study folder, and what lies beside it."""
    names = (DATABASE, *(DATABASE + ending for ending in _BESIDE))
    return [folder / name for name in names if (folder / name).exists()]


def trouble_in(file: Path, *, finished: bool = True) -> str | None:
    """What is wrong with a file of trials, in a few words; None for nothing.

    Unless the search has ``finished``, tables may be missing. Raises InUse.
    """
    try:
        return _trouble(file, finished)
    except sqlite3.Error as error:
        if _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise InUse from error
        return str(error)
    except UnicodeError:
        return "it holds text that is no UTF-8"


def _trouble(file: Path, finished: bool) -> str | None:
    if len(database_files(file.parent)) == 1:  # nobody has it open, nobody was killed
        return _trouble_as_it_is(file, "immutable=1", finished)
    try:
        # with what lies in the files beside it; they are read only as well
        return _trouble_as_it_is(file, "readonly_shm=1", finished)
    except sqlite3.Error as error:
        if _code(error) not in _NOT_AS_IT_IS:
            raise
    # whoever opens it next mends what a killed process has left; here that is done to a copy
    with tempfile.TemporaryDirectory(prefix="foryou-") as place:
        for path in database_files(file.parent):
            shutil.copyfile(path, Path(place) / path.name)
        with closing(sqlite3.connect(Path(place) / file.name)) as connection:
            return _trouble_inside(connection, finished)


def _trouble_as_it_is(file: Path, how: str, finished: bool) -> str | None:
    url = f"file:{quote(str(file.absolute()))}?mode=ro&{how}"
    with closing(sqlite3.connect(url, uri=True, timeout=_BUSY_S)) as connection:
        return _trouble_inside(connection, finished)


def _code(error: sqlite3.Error) -> int | None:
    return getattr(error, "sqlite_errorcode", None)


def _trouble_inside(connection: sqlite3.Connection, finished: bool) -> str | None:
    said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if said != "ok":
        return " ".join(str(said).split())
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if missing := sorted(_TABLES - there):
        return f"the table {missing[0]} is missing" if finished else None
    return next(_unreadable(connection), None)


def _unreadable(connection: sqlite3.Connection) -> Iterator[str]:
    """A line for each trial that cannot be read."""
    varied, told = _params(connection), _attributes(connection)
    rows = connection.execute(
        "SELECT trial_id, study_id, number, state FROM trials ORDER BY study_id, number"
    ).fetchall()
    expected: dict[Any, int] = {}
    for trial, study, number, state in rows:
        wanted = expected.get(study, 0)
        expected[study] = wanted + 1
        if number != wanted:
            yield f"trial {wanted} is missing"
        elif state not in _OPEN | _OVER:
            yield f"trial {number} has the state {state!r}"
        elif not varied.get(trial, False):
            yield f"trial {number} has no settings that can be read"
        elif not told.get(trial, True):
            yield f"trial {number} has notes that cannot be read"
        elif state in _OVER - {"FAIL"} and trial not in told:
            yield f"trial {number} has no values"


def _params(connection: sqlite3.Connection) -> dict[int, bool]:
    """Whether the settings of each trial that has some can be read."""
    found: dict[int, bool] = {}
    query = "SELECT trial_id, param_value, distribution_json FROM trial_params"
    for trial, value, text in connection.execute(query):
        kind = _parsed(text)
        good = isinstance(kind, dict) and str(kind.get("name")).endswith("Distribution")
        good &= isinstance(value, float | int) and math.isfinite(value)
        found[trial] = found.get(trial, True) and good
    return found


def _attributes(connection: sqlite3.Connection) -> dict[int, bool]:
    """Whether the notes of each trial that has some can be read, its values above all."""
    found: dict[int, bool] = {}
    for table in ("trial_user_attributes", "trial_system_attributes"):
        query = f'SELECT trial_id, "key", value_json FROM {table}'
        for trial, name, text in connection.execute(query):
            value = _parsed(text)
            good = value is not _NO_JSON and (name != "values" or _are_values(value))
            found[trial] = found.get(trial, True) and good
    return found


def _are_values(value: Any) -> bool:
    """Whether it is a list of numbers, or of null for none, for each name."""
    return isinstance(value, dict) and all(
        isinstance(row, list) and all(x is None or isinstance(x, float | int) for x in row)
        for row in value.values()
    )


_NO_JSON: Final = object()


def _parsed(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return _NO_JSON
