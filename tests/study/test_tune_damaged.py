"""A database of trials whose bytes are not what was written: told, with a way out that works."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.exceptions import OptunaError
from sqlalchemy.exc import SQLAlchemyError

from sim.core.errors import StudyError
from sim.study import tune
from sim.study.runs.local import InProcess
from sim.study.runs.plan import RunSpec
from sim.study.runs.verify import verify_study
from sim.testing.worlds import tiny_scenario

AGAIN = "start the command of the study again, with --out"
SCENARIO = tiny_scenario(
    population={"users": 60},
    duration=2 * 3_600.0,
    warmup=600.0,
    tune={
        "vary": {
            "feed.weights.watch": {"low": 0, "high": 0.1},
            "feed.slate": {"choice": [4, 6]},
        },
        "objectives": [{"metric": "watch.minutes_per_user_day"}],
        "trials": 3,
        "worlds": 2,
        "batch": 2,
        "startup": 2,
        "confirm": {"worlds": 2, "candidates": 1},
    },
)


class Noting(InProcess):
    """Notes the runs that it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def submit(self, spec: RunSpec) -> None:
        self.asked.add(spec.key)
        super().submit(spec)


def search(out: Path) -> set[str]:
    """The runs that it took."""
    with Noting() as executor:
        tune(SCENARIO, out=out, executor=executor, plots=False, force=True)
        return executor.asked


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("done") / "out"
    assert search(out)
    return out


@pytest.fixture
def study(done: Path, tmp_path: Path) -> Path:
    """A copy of a search that is done."""
    return shutil.copytree(done, tmp_path / "study")


def files(folder: Path) -> dict[str, Any]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def flip(path: Path, places: Sequence[int]) -> None:
    data = bytearray(path.read_bytes())
    for place in places:
        data[place] ^= 0xFF
    path.write_bytes(data)


def page_bytes(path: Path) -> int:
    return int.from_bytes(path.read_bytes()[16:18], "big")


def test_a_whole_database_counts_as_a_file_that_is_right(study: Path) -> None:
    before = files(study)
    verdict = verify_study(study)
    assert verdict.wrong == ()
    assert verdict.notes == ()
    assert verdict.right == len(before)
    assert files(study) == before


def test_a_damaged_page_is_found_wherever_it_is(study: Path) -> None:
    file = study / "trials.db"
    whole = file.read_bytes()
    size = page_bytes(file)
    for page in range(len(whole) // size):
        flip(file, [max(page * size, 100 * (page == 0))])  # the kind of page
        (wrong,) = verify_study(study).wrong
        assert wrong.startswith(f"{file}: is damaged ("), page
        assert wrong.endswith(
            f"to have it made anew, which does no run twice, remove it (rm {file}) and {AGAIN} "
            f"{study}"
        )
        assert "\n" not in wrong
        file.write_bytes(whole)


@pytest.mark.parametrize("places", [range(100), [100], range(0, 4096, 3)])
def test_what_verify_says_to_do_helps(places: Sequence[int], study: Path, done: Path) -> None:
    file = study / "trials.db"
    flip(file, places)
    with pytest.raises(StudyError) as error:
        search(study)
    assert str(error.value).startswith(f"{file}: ")
    assert str(error.value).endswith(
        "Remove the database and start the same command again; it plays no run again that is in "
        "its folder"
    )
    assert any(line.startswith(f"{file}: is damaged (") for line in verify_study(study).wrong)
    file.unlink()
    there = {path.stem for path in (study / "runs").iterdir()}
    assert not search(study) & there
    assert verify_study(study).wrong == ()
    for name in ("tune.json", "tune.parquet", "trials.parquet"):
        assert (study / name).read_bytes() == (done / name).read_bytes()


def trials_of(file: Path) -> Any:
    """What a search reads of its trials."""
    storage = optuna.storages.RDBStorage(f"sqlite:///{file}", skip_table_creation=True)
    (name,) = optuna.get_all_study_names(storage)
    trials = optuna.load_study(study_name=name, storage=storage).get_trials()
    storage.remove_session()
    storage.engine.dispose()
    return [(t.number, t.state, t.params, t.user_attrs.get("values")) for t in trials]


def test_what_a_search_reads_is_as_it_was_or_told_to_be_damaged(study: Path) -> None:
    """Whichever byte of the pages with trials is flipped."""
    file = study / "trials.db"
    whole, expected = file.read_bytes(), trials_of(file)
    places = [place for place, byte in enumerate(whole) if byte][::41]
    found = refused = 0
    for place in places:
        flip(file, [place])
        wrong = verify_study(study).wrong
        assert len(wrong) <= 1
        if wrong:
            found += 1
        else:
            try:
                assert trials_of(file) == expected, place
            except (OptunaError, SQLAlchemyError, RuntimeError, ValueError, LookupError):
                copy = shutil.copytree(study, study.with_name(f"refused{place}"))
                with pytest.raises(StudyError, match=rf"^{copy / file.name}: .+"):
                    search(copy)
                refused += 1
        file.write_bytes(whole)
    assert 50 < found < len(places)
    assert refused < 10  # names in the tables that only Optuna reads


EDITS = {
    "no values": "DELETE FROM trial_user_attributes WHERE key = 'values'",
    "values that are none": "UPDATE trial_user_attributes SET value_json = '5'",
    "words for numbers": 'UPDATE trial_user_attributes SET value_json = \'{"a": ["b"]}\'',
    "no JSON": "UPDATE trial_user_attributes SET value_json = '{'",
    "no text": "UPDATE trial_user_attributes SET value_json = x'ff'",
    "text that is no UTF-8": "UPDATE trials SET state = CAST(x'ff' AS TEXT)",
    "an unknown distribution": 'UPDATE trial_params SET distribution_json = \'{"name": "X"}\'',
    "a distribution without a range": "UPDATE trial_params SET distribution_json = "
    '\'{"name": "FloatDistribution", "attributes": 5}\'',
    "a setting that is no number": "UPDATE trial_params SET param_value = 'x'",
    "a digit of a value": "UPDATE trial_user_attributes SET value_json = "
    "replace(value_json, '3', '4') WHERE key = 'values'",
    "another setting": "UPDATE trial_params SET param_value = param_value + 0.001 "
    "WHERE param_name = 'feed.weights.watch'",
    "another choice": "UPDATE trial_params SET param_value = 1 - param_value "
    "WHERE param_name = 'feed.slate'",
    "no such choice": "UPDATE trial_params SET param_value = 2 WHERE param_name = 'feed.slate'",
    "another end": "UPDATE trials SET state = 'FAIL'",
    "no settings": "DELETE FROM trial_params",
    "an unknown state": "UPDATE trials SET state = 'x'",
    "a trial less": "DELETE FROM trials WHERE number = 1",
    "a table less": "DROP TABLE trial_params",
}


@pytest.mark.parametrize("edit", EDITS)
def test_trials_that_cannot_be_read_are_found(edit: str, study: Path) -> None:
    file = study / "trials.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(EDITS[edit])
    (wrong,) = verify_study(study).wrong
    assert wrong.startswith(f"{file}: is damaged (")
    assert "\n" not in wrong


@pytest.mark.parametrize("lost", ["", "trials.db-shm"])
def test_what_a_killed_search_left_beside_it_is_read_too(lost: str, study: Path) -> None:
    """The copy is what a kill leaves; the row that breaks a trial is in the log alone."""
    for edit, wrong in (("WHERE number = 9", 0), ("", 1)):
        left = study.with_name(f"left{wrong}{lost}")
        with closing(sqlite3.connect(study / "trials.db")) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(f"UPDATE trials SET state = 'x' {edit}")
            connection.commit()
            shutil.copytree(study, left)
        if lost:
            (left / lost).unlink()
        before = files(left)
        assert "trials.db-wal" in before
        assert len(verify_study(left).wrong) == wrong
        assert files(left) == before


def test_a_database_that_another_process_locks_is_not_called_damaged(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.study.runs.database._BUSY_S", 0.01)
    file = study / "trials.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("UPDATE trials SET number = 9")
        verdict = verify_study(study)
        connection.execute("ROLLBACK")
    assert verdict.wrong == ()
    assert verdict.notes == (
        f"{file}: is written to by another command; verify it when that is over",
    )
