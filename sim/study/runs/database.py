"""Whether a SQLite file of trials can be read: all its pages, and every trial. Changes nothing.

The tables are Optuna's, but nothing of Optuna is needed to look at them.
"""

from __future__ import annotations

import json
import math
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import quote

__all__ = ["DATABASE", "InUse", "database_files", "trouble_in"]

DATABASE: Final = "trials.db"
"""Name of the SQLite file in the folder of a search."""
_BESIDE: Final = ("-wal", "-shm", "-journal")
"""Endings of what SQLite keeps beside it while it is open, or after its process was killed."""
_BUSY_S: Final = 5.0
"""Time to wait for another process that writes, s."""
_Told: TypeAlias = Sequence[Mapping[str, Any]] | None
_TABLES: Final = {
    "studies", "study_directions", "trials", "trial_params", "trial_user_attributes",
    "trial_system_attributes", "trial_values", "trial_intermediate_values", "version_info",
    "alembic_version",
}  # fmt: skip
_OPEN: Final = {"RUNNING", "WAITING"}
_STATES: Final = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
"""How a trial ended, in Optuna's words and in those of a result."""
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


def trouble_in(file: Path, told: _Told = None) -> str | None:
    """What is wrong with a file of trials, in a few words; None for nothing.

    ``told`` are the trials of the result, which say more: SQLite does not notice a digit that
    changes. They are None before the search has finished, when tables may be missing too. Raises
    InUse.
    """
    try:
        return _trouble(file, told)
    except sqlite3.Error as error:
        if _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise InUse from error
        return str(error)
    except UnicodeError:
        return "it holds text that is no UTF-8"


def _trouble(file: Path, told: _Told) -> str | None:
    if len(database_files(file.parent)) == 1:  # nobody has it open, nobody was killed
        return _trouble_as_it_is(file, "immutable=1", told)
    try:
        # with what lies in the files beside it; they are read only as well
        return _trouble_as_it_is(file, "readonly_shm=1", told)
    except sqlite3.Error as error:
        if _code(error) not in _NOT_AS_IT_IS:
            raise
    # whoever opens it next mends what a killed process has left; here that is done to a copy
    with tempfile.TemporaryDirectory(prefix="foryou-") as place:
        for path in database_files(file.parent):
            shutil.copyfile(path, Path(place) / path.name)
        with closing(sqlite3.connect(Path(place) / file.name)) as connection:
            return _trouble_inside(connection, told)


def _trouble_as_it_is(file: Path, how: str, told: _Told) -> str | None:
    url = f"file:{quote(str(file.absolute()))}?mode=ro&{how}"
    with closing(sqlite3.connect(url, uri=True, timeout=_BUSY_S)) as connection:
        return _trouble_inside(connection, told)


def _code(error: sqlite3.Error) -> int | None:
    return getattr(error, "sqlite_errorcode", None)


def _trouble_inside(connection: sqlite3.Connection, told: _Told) -> str | None:
    said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if said != "ok":
        return " ".join(str(said).split())
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if missing := sorted(_TABLES - there):
        return None if told is None else f"the table {missing[0]} is missing"
    for table in sorted(_TABLES):
        for _ in connection.execute(f"SELECT * FROM {table}"):
            pass  # all text of it is text
    return next(_unreadable(connection), None) or next(_others(connection, told or ()), None)


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
        elif state not in _OPEN | set(_STATES):
            yield f"trial {number} has the state {state!r}"
        elif not varied.get(trial, False):
            yield f"trial {number} has no settings that can be read"
        elif not told.get(trial, True):
            yield f"trial {number} has notes that cannot be read"
        elif state in ("COMPLETE", "PRUNED") and trial not in told:
            yield f"trial {number} has no values"


def _params(connection: sqlite3.Connection) -> dict[int, bool]:
    """Whether the settings of each trial that has some can be read."""
    found: dict[int, bool] = {}
    query = "SELECT trial_id, param_value, distribution_json FROM trial_params"
    for trial, value, text in connection.execute(query):
        kind = _parsed(text)
        good = isinstance(kind, dict) and isinstance(kind.get("attributes"), dict)
        good = good and str(kind.get("name")).endswith("Distribution")
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


def _others(connection: sqlite3.Connection, told: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each trial that is not as the result tells it."""
    if connection.execute("SELECT count(DISTINCT study_id) FROM trials").fetchone()[0] > 1:
        return  # it holds the trials of other searches as well
    query = "SELECT number, trial_id, state FROM trials"
    there = {number: rest for number, *rest in connection.execute(query)}
    for trial in told:
        number = trial["trial"]
        if number not in there:
            yield f"trial {number} is missing"
            continue
        key, state = there[number]
        if _STATES.get(state) != trial["state"]:
            yield f"trial {number} is not {trial['state']}"
        elif _settings(connection, key) != trial["params"]:
            yield f"trial {number} has other settings than the result"
        elif not _has_means(connection, key, trial["means"]):
            yield f"trial {number} has other values than the result"


def _settings(connection: sqlite3.Connection, trial: int) -> dict[str, Any]:
    """What a trial changes, as the result tells it."""
    query = "SELECT param_name, param_value, distribution_json FROM trial_params WHERE trial_id = ?"
    found: dict[str, Any] = {}
    for name, value, text in connection.execute(query, (trial,)):
        choices = _parsed(text)["attributes"].get("choices")
        if not isinstance(choices, list):
            found[name] = value
        else:
            found[name] = choices[int(value)] if 0 <= value < len(choices) else None
    return found


def _has_means(
    connection: sqlite3.Connection, trial: int, means: Mapping[str, float | None]
) -> bool:
    """Whether the values of a trial have these means over its worlds; None is told for none."""
    import numpy as np

    query = "SELECT value_json FROM trial_user_attributes WHERE trial_id = ? AND \"key\" = 'values'"
    row = connection.execute(query, (trial,)).fetchone()
    values = {} if row is None else _parsed(row[0])
    for name, mean in means.items():
        of_worlds = [math.nan if x is None else float(x) for x in values.get(name, ())]
        found = float(np.mean(of_worlds)) if of_worlds else math.nan
        if mean is not None and found != mean:
            return False
    return True


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
