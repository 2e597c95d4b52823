"""A database of trials in which somebody's hand was: one message with its name."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import optuna
import pytest
from optuna.distributions import FloatDistribution
from sqlalchemy.engine import URL

from sim.core.errors import StudyError
from sim.study.tune.storage import Book

EDITS = {
    "values that are none": "UPDATE trial_user_attributes SET value_json = '5'",
    "words for numbers": "UPDATE trial_user_attributes SET value_json = '{\"a\": 7}'",
    "no JSON": "UPDATE trial_user_attributes SET value_json = '{'",
    "an unknown distribution": 'UPDATE trial_params SET distribution_json = \'{"name": "X"}\'',
    "an unknown state": "UPDATE trials SET state = 'x'",
    "a table less": "DROP TABLE trial_params",
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_database_is_one_message(tmp_path: Path, edit: str) -> None:
    file = tmp_path / "trials.db"
    url = URL.create("sqlite", database=str(file))
    storage = optuna.storages.RDBStorage(str(url))
    study = optuna.create_study(storage=storage, study_name="x")
    study.add_trial(
        optuna.create_trial(
            value=1.0, params={"p": 0.5}, distributions={"p": FloatDistribution(0.0, 1.0)},
            user_attrs={"values": {"a": [1.0, 2.0]}},
        )
    )  # fmt: skip
    book = Book(study, storage, url)
    assert [trial.values for trial in book.trials()] == [{"a": (1.0, 2.0)}]
    book.close()
    with sqlite3.connect(file) as connection:
        connection.execute(EDITS[edit])
    storage = optuna.storages.RDBStorage(str(url), skip_table_creation=True)
    again = Book(optuna.load_study(study_name="x", storage=storage), storage, url)
    with pytest.raises(StudyError) as error:
        again.trials()
    assert str(error.value).startswith(f"{file}: ")
    assert "\n" not in str(error.value)
    again.close()
