"""The database of a search: who holds what in it, and how its commits reach the disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from sim.study.runs.leases import Leases, make_table
from sim.study.tune.objective import aim_of
from sim.study.tune.storage import Book
from sim.testing.worlds import tiny_scenario

SCENARIO = tiny_scenario(
    tune={
        "vary": {"feed.weights.watch": {"low": 0, "high": 0.1}},
        "objectives": [{"metric": "watch.minutes_per_user_day"}],
    }
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Any]:
    made = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'leases.db'}")
    make_table(made)
    yield made
    made.dispose()


def test_a_lease_that_a_full_disk_kept_is_no_wait_for_the_next_search_of_the_process(
    engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Leases(engine, "search"), Leases(engine, "search")
    assert first.take("trial/0")
    assert not second.take("trial/0")

    def full(name: str) -> None:
        raise sqlalchemy.exc.OperationalError("DELETE", {}, Exception("the disk is full"))

    monkeypatch.setattr(first, "give_back", full)
    first.close()
    assert second.take("trial/0")
    second.close()


@pytest.mark.parametrize(
    ("vfs", "mode", "level"), [("unix", "wal", 1), ("unix-dotfile", "delete", 2)]
)
def test_where_there_can_be_no_log_every_commit_is_forced_to_the_disk(
    vfs: str, mode: str, level: int, tmp_path: Path
) -> None:
    assert SCENARIO.tune is not None
    url = f"sqlite:///file:{tmp_path / 'trials.db'}?vfs={vfs}&uri=true"
    book = Book.open(url, tmp_path, "search", aim_of(SCENARIO, SCENARIO.tune))
    with book.engine.connect() as connection:
        found = [
            connection.execute(sqlalchemy.text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous")
        ]
    book.close()
    assert found == [mode, level]
