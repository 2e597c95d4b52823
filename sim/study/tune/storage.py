"""Where the trials of a search are written down: an Optuna study in one SQLite file, or in a
PostgreSQL database that several machines share.

Each change is one short transaction, so whatever kills the process leaves a study that can be
opened. Programs that read Optuna's studies read this one. Beside Optuna's tables lies
``foryou_leases``: who works on what (:mod:`sim.study.runs.leases`).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sim.core.errors import StudyError
from sim.study.runs.database import DATABASE
from sim.study.runs.leases import make_table
from sim.study.runs.store import plain_json
from sim.study.tune.objective import Aim, Start
from sim.study.tune.suggest import DIRECTIONS, quiet
from sim.study.tune.trial import State, Trial

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.storages import RDBStorage
    from optuna.study import Study
    from optuna.trial import FrozenTrial
    from sqlalchemy.engine import URL

__all__ = ["FILE", "Book", "hidden"]

FILE: Final = DATABASE
"""Name of the SQLite file in the study folder."""
_ANSWER_S: Final = 5
"""Seconds that a database server has to answer."""
_BUSY_S: Final = 60
"""Seconds to wait for another process that writes the same SQLite file."""
_TRIES_S: Final = (0.1, 0.3, 1.0)
"""Pauses between attempts to make the tables, s."""
_MADE_TWICE: Final = ("already exists", "UNIQUE", "duplicate key")
"""What databases say when another was faster."""
_STAYS: Final = "Trials and runs that are done stay; start the same command again to go on"
_ROOM: Final = (
    "Trials and runs that are done stay; see whether the disk is full, and start the same command "
    "again to go on"
)
_DISK: Final = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
"""What SQLite answers, beside that it is full, when a disk is."""
_CHECK: Final = "Nothing was done; look at the address and whether the database is up"
_ANEW: Final = (
    "Remove the database and start the same command again; it plays no run again that is in its "
    "folder"
)
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
"""What SQLite answers when a file is not what it wrote."""
_STUMBLES: Final = (ValueError, TypeError, LookupError, AttributeError, AssertionError)
"""What Optuna raises for a database in which somebody's hand was."""
_VALUES, _WHY = "values", "why"


class Book:
    """The trials of one search, in a database."""

    def __init__(self, study: Study, storage: RDBStorage, url: URL) -> None:
        self._study = study
        self._storage = storage
        self._url = url
        self.name: str = study.study_name

    @classmethod
    def open(cls, url: str | None, folder: Path, name: str, aim: Aim) -> Book:
        """The trials of the search ``name``, new or those of before.

        ``url`` is ``postgresql://user@host/database`` or ``sqlite:///file``; without one it is a
        SQLite file in ``folder``. Raises StudyError when the database is not there, does not
        answer within seconds, or cannot be used; no message holds a password.
        """
        from optuna.exceptions import OptunaError
        from sqlalchemy.exc import SQLAlchemyError

        parsed = _parsed(url, folder)
        with _told(parsed, _CHECK if url else _STAYS), _read(parsed), quiet():
            for wait_s in _TRIES_S:
                try:
                    return cls._open(parsed, name, aim)
                except (SQLAlchemyError, OptunaError) as error:
                    # two processes that begin together make the same tables
                    if not any(word in _reason(error, parsed) for word in _MADE_TWICE):
                        raise
                time.sleep(wait_s)
            return cls._open(parsed, name, aim)

    @classmethod
    def _open(cls, parsed: URL, name: str, aim: Aim) -> Book:
        import optuna

        storage = optuna.storages.RDBStorage(
            parsed.render_as_string(hide_password=False), engine_kwargs=_options(parsed)
        )
        if parsed.get_backend_name() == "sqlite":
            _use_write_ahead_log(storage.engine)
        make_table(storage.engine)
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            directions=[DIRECTIONS[o.maximise] for o in aim.objectives],
            load_if_exists=True,
            sampler=optuna.samplers.RandomSampler(seed=0),
        )
        study.set_metric_names([o.metric.path for o in aim.objectives])
        return cls(study, storage, parsed)

    @property
    def engine(self) -> Any:
        """The SQLAlchemy engine, for what lies beside Optuna's tables."""
        return self._storage.engine

    @contextmanager
    def told(self) -> Iterator[None]:
        """Inside, trouble with the database is a StudyError that says what stays."""
        with _told(self._url, _STAYS):
            yield

    def trials(self) -> list[Trial]:
        """All trials in the order of their numbers.

        Raises StudyError when the database does not answer, or holds what no search writes.
        """
        with self.told(), _read(self._url):
            frozen = self._study.get_trials(deepcopy=False)
            return [_trial(one) for one in sorted(frozen, key=lambda one: one.number)]

    def add(self, trial: Trial, distributions: Mapping[str, BaseDistribution]) -> None:
        """Write a proposed trial down; its number has to be the next one."""
        import optuna

        made = optuna.trial.create_trial(
            state=optuna.trial.TrialState.RUNNING,
            params=dict(trial.params),
            distributions=dict(distributions),
            system_attrs=dict(trial.memory),
        )
        with self.told():
            self._study.add_trial(made)

    def finish(self, trial: Trial, start: Start) -> None:
        """Write down how a trial ended, unless somebody else has done so.

        Optuna's readers find its objectives, its constraints by name, and with one objective what
        it looked like after each world.
        """
        from optuna.exceptions import UpdateFinishedTrialError

        # somebody else may have finished it a moment ago, with the same result
        with self.told(), quiet(), suppress(UpdateFinishedTrialError):
            self._finish(trial, start)

    def _finish(self, trial: Trial, start: Start) -> None:
        import optuna

        states = optuna.trial.TrialState
        there = self._study.get_trials(deepcopy=False)[trial.number]
        if there.state.is_finished():
            return
        handle = optuna.trial.Trial(self._study, there._trial_id)
        handle.set_user_attr(_VALUES, plain_json(trial.values))
        if trial.why:
            handle.set_user_attr(_WHY, trial.why)
        if trial.state == "failed":
            self._study.tell(trial.number, state=states.FAIL, skip_if_finished=True)
            return
        limits = map(str, start.aim.limits)
        for name, violation in zip(limits, start.violations(trial.values), strict=True):
            if name not in there.constraints:
                handle.set_constraint(name, violation)
        if len(start.aim.objectives) == 1:
            for step, value in enumerate(_after_each_world(trial, start)):
                if step not in there.intermediate_values:
                    handle.report(value, step)
        pruned = trial.state == "pruned"
        self._study.tell(
            trial.number,
            None if pruned else start.estimates(trial.values),
            states.PRUNED if pruned else states.COMPLETE,
            skip_if_finished=True,
        )

    def close(self) -> None:
        """Let go of the database."""
        self._storage.remove_session()
        self.engine.dispose()


def _after_each_world(trial: Trial, start: Start) -> list[float]:
    """The estimate of the only objective after the first world, after two, ..."""
    rows = trial.values.items()
    return [
        start.estimates({name: row[:worlds] for name, row in rows})[0]
        for worlds in range(1, trial.worlds + 1)
    ]


def _trial(frozen: FrozenTrial) -> Trial:
    """Optuna's record as ours."""
    names: dict[str, State] = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
    state = names.get(frozen.state.name, "open")
    attrs = frozen.user_attrs
    values = {} if state == "open" else dict(attrs.get(_VALUES, {}))
    return Trial(
        frozen.number,
        dict(frozen.params),
        state,
        {k: tuple(float("nan") if x is None else x for x in v) for k, v in values.items()},
        str(attrs.get(_WHY, "")),
        {k: v for k, v in frozen.system_attrs.items() if not k.startswith("constraints")},
    )


# ---- the database -----------------------------------------------------------------------------


def _parsed(url: str | None, folder: Path) -> URL:
    """The address of the database. Raises StudyError."""
    from sqlalchemy.engine import URL, make_url
    from sqlalchemy.exc import ArgumentError

    if url is None:
        return URL.create("sqlite", database=str(folder / FILE))
    try:
        parsed = make_url(url.strip())
    except (ArgumentError, ValueError):
        # the text is not shown: it may hold a password in a place nobody expects
        raise StudyError(
            "the storage is no address of a database; write postgresql://user@host/database"
        ) from None
    kind = parsed.drivername.partition("+")[0]
    if kind == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise StudyError("the storage sqlite:// needs a file, such as sqlite:///trials.db")
        return parsed
    if kind not in ("postgresql", "postgres"):
        raise StudyError(
            f"the storage {kind}:// is not supported; it can be postgresql://user@host/database "
            "or sqlite:///file"
        )
    if "@" in (parsed.host or ""):
        raise StudyError("the storage has more than one @; write one in a password as %40")
    if find_spec("psycopg") is None:
        raise StudyError(
            'PostgreSQL needs the package psycopg; install it with: pip install "foryou[postgres]"'
        )
    return parsed.set(drivername="postgresql+psycopg")


def _options(url: URL) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        return {"connect_args": {"timeout": _BUSY_S}}
    return {
        "connect_args": {"connect_timeout": _ANSWER_S},
        "pool_pre_ping": True,
        "pool_timeout": _ANSWER_S,
    }


def _use_write_ahead_log(engine: Any) -> None:
    """Readers do not wait for writers, and a killed process leaves nothing half done.

    A commit is not forced to the disk one by one: when the power fails the last few may be lost,
    as a whole, and are then played again. Where there can be no such log every commit is forced.
    """
    from sqlalchemy import event

    def prepare(connection: Any, record: object) -> None:
        del record
        (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
        connection.execute(f"PRAGMA synchronous={'NORMAL' if mode == 'wal' else 'FULL'}")

    event.listen(engine, "connect", prepare)
    engine.dispose()  # connections from before do not know


def hidden(url: URL) -> str:
    """The address without its password."""
    return url.render_as_string(hide_password=True)


@contextmanager
def _told(url: URL, way_out: str) -> Iterator[None]:
    """Trouble with the database as one line without a password, and without a traceback."""
    from optuna.exceptions import OptunaError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, OptunaError, OSError) as error:
        code = getattr(_innermost(error), "sqlite_errorcode", 0) & 0xFF
        if code in _DAMAGED:
            way_out = _ANEW
        elif code in _DISK and way_out == _STAYS:
            way_out = _ROOM
        raise StudyError(f"{_place(url)}: {_reason(error, url)}. {way_out}") from None


@contextmanager
def _read(url: URL) -> Iterator[None]:
    """What Optuna does not take as one line: words for numbers, JSON that is none."""
    try:
        yield
    except RuntimeError as error:  # of another version of Optuna; it says what to do
        raise StudyError(f"{_place(url)}: {_reason(error, url)}") from error
    except _STUMBLES as error:
        told = f"{_place(url)}: cannot be read: {_reason(error, url)}. {_ANEW}"
        raise StudyError(told) from error


def _place(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    where = f"{url.host or 'localhost'}:{url.port or 5432}"
    return f"the storage at {where}"


def _innermost(error: BaseException) -> BaseException:
    """What an error came from."""
    while (below := error.__cause__ or getattr(error, "orig", None)) is not None:
        error = below
    return error


def _reason(error: BaseException, url: URL) -> str:
    """The innermost reason in one line, without anything secret."""
    inner = _innermost(error)
    lines = str(inner).strip().splitlines() or [type(inner).__name__]
    text = lines[0].strip().rstrip(".")
    secrets = [str(url.password or "")]
    secrets += [str(v) for k, v in url.query.items() if "pass" in k or "key" in k]
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    return text
