"""Who works on what, when several processes or machines share a search.

A lease is a row with its owner and a number that the owner raises every few seconds. Who finds a
lease whose number stands still for a minute, or whose owner is a dead process of this machine, may
take it. Nothing depends on clocks of different machines. A lease that was taken from somebody
who still works costs time only: both find the same result, and one of them is written down.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

__all__ = ["BEAT_S", "STALE_S", "Leases", "make_table"]

BEAT_S: Final = 5.0
"""Time between two signs of life, s."""
STALE_S: Final = 60.0
"""Time without a sign of life after which an owner counts as lost, s."""


def _table() -> Any:
    import sqlalchemy as sa

    return sa.Table(
        "foryou_leases",
        sa.MetaData(),
        sa.Column("study", sa.String(200), primary_key=True),
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("beat", sa.Integer, nullable=False),
    )


def make_table(engine: Any) -> None:
    """Make the table of leases where it is not there yet."""
    _table().metadata.create_all(engine)


_COUNT: Final = itertools.count()
"""Tells apart the searches of one process."""
_AT_WORK: Final[set[str]] = set()
"""Owners that are searches of this process."""


class Leases:
    """The leases of this process in one search."""

    def __init__(self, engine: Any, study: str) -> None:
        import sqlalchemy as sa

        self._sa = sa
        self._engine = engine
        self._study = study
        self._me = f"{_identity(os.getpid())}/{next(_COUNT)}"
        _AT_WORK.add(self._me)
        self._table = _table()
        self._seen: dict[str, tuple[str, int, float]] = {}
        self._held: set[str] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._pulse = threading.Thread(target=self._beat, daemon=True)
        self._pulse.start()

    def take(self, name: str) -> bool:
        """Whether the lease is this process's from now on."""
        if name in self._held:
            return True
        t, sa = self._table, self._sa
        mine = (t.c.study == self._study) & (t.c.name == name)
        with self._engine.begin() as connection:
            row = connection.execute(sa.select(t.c.owner, t.c.beat).where(mine)).first()
        taken = self._insert(name) if row is None else self._replace(name, row.owner, row.beat)
        if taken:
            with self._lock:
                self._held.add(name)
        return taken

    def _insert(self, name: str) -> bool:
        row = {"study": self._study, "name": name, "owner": self._me, "beat": 0}
        try:
            with self._engine.begin() as connection:
                connection.execute(self._table.insert().values(**row))
        except self._sa.exc.IntegrityError:
            return False  # another was faster
        return True

    def _replace(self, name: str, owner: str, beat: int) -> bool:
        """Take over from an owner who is gone."""
        if owner != self._me and not self._lost(name, owner, beat):
            return False
        t = self._table
        same = (t.c.study == self._study) & (t.c.name == name)
        same &= (t.c.owner == owner) & (t.c.beat == beat)
        with self._engine.begin() as connection:
            done = connection.execute(t.update().where(same).values(owner=self._me, beat=beat + 1))
        return bool(done.rowcount)

    def _lost(self, name: str, owner: str, beat: int) -> bool:
        if _is_dead(owner):
            return True
        now = time.monotonic()
        known = self._seen.get(name)
        if known is None or known[:2] != (owner, beat):
            self._seen[name] = (owner, beat, now)
            return False
        return now - known[2] > STALE_S

    def give_back(self, name: str) -> None:
        """Nobody holds the lease any more."""
        with self._lock:
            self._held.discard(name)
        t = self._table
        mine = (t.c.study == self._study) & (t.c.name == name) & (t.c.owner == self._me)
        with self._engine.begin() as connection:
            connection.execute(t.delete().where(mine))

    @contextmanager
    def held(self, name: str) -> Iterator[bool]:
        """Hold a lease inside; the value says whether that worked."""
        taken = self.take(name)
        try:
            yield taken
        finally:
            if taken:
                self.give_back(name)

    def _beat(self) -> None:
        """Show that this process lives; runs in a thread, for a run may take minutes."""
        t = self._table
        while not self._stop.wait(BEAT_S):
            with self._lock:
                names = sorted(self._held)
            if not names:
                continue
            mine = (t.c.study == self._study) & (t.c.owner == self._me) & t.c.name.in_(names)
            try:
                with self._engine.begin() as connection:
                    connection.execute(t.update().where(mine).values(beat=t.c.beat + 1))
            except self._sa.exc.SQLAlchemyError:
                continue  # the work itself will notice when the database is gone

    def close(self) -> None:
        """Give everything back, as far as the database answers; the rest is taken from us."""
        self._stop.set()
        self._pulse.join()
        _AT_WORK.discard(self._me)
        with contextlib.suppress(self._sa.exc.SQLAlchemyError):
            for name in sorted(self._held):
                self.give_back(name)


def _identity(pid: int) -> str:
    """A process of this machine, not to be mixed up with a later one of the same number."""
    import psutil

    return f"{socket.gethostname()[:100]}/{pid}/{psutil.Process(pid).create_time():.2f}"


def _is_dead(owner: str) -> bool:
    """Whether it was a process of this machine, or a search of this process, that is gone."""
    import psutil

    if owner.rpartition("/")[0] == _identity(os.getpid()):
        return owner not in _AT_WORK  # a disk that was full did not let it give the lease back
    host, _, process = owner.partition("/")
    pid = process.partition("/")[0]
    if host != socket.gethostname()[:100] or not pid.isdigit():
        return False
    try:
        return _identity(int(pid)) != owner.rpartition("/")[0]
    except psutil.Error:
        return True
