"""A study folder keeps what is whole, refuses what is foreign, and says what to do."""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from sim.core.errors import ForyouError, RunFolderError, StudyError
from sim.record.files import Disk, use_disk
from sim.record.folder import claim_run_folder
from sim.record.sealed import unseal
from sim.study.runs.execute import execute
from sim.study.runs.local import InProcess
from sim.study.runs.outcome import Outcome, evaluate, failure
from sim.study.runs.plan import RunSpec
from sim.study.runs.start import new_study_folder
from sim.study.runs.store import Store, plain_json
from sim.study.runs.verify import verify_study

ME = {"kind": "worlds", "scenario": "abc", "seed": 5}


@pytest.fixture(scope="module")
def outcome(specs: Callable[..., list[RunSpec]]) -> Outcome:
    return evaluate(specs(1)[0])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "study", ME)


def test_an_outcome_comes_back_as_it_was(store: Store, outcome: Outcome) -> None:
    assert not store.has(outcome.key)
    store.save(outcome)
    assert store.has(outcome.key)
    assert store.load(outcome.key) == outcome
    assert store.outcomes() == [outcome]
    assert Store.open(store.folder, ME).load(outcome.key) == outcome


def test_a_failed_run_is_kept_but_not_done(
    store: Store, specs: Callable[..., list[RunSpec]]
) -> None:
    failed = failure(specs(1)[0], "it broke")
    store.save(failed)
    assert store.load(failed.key) == failed
    assert not store.has(failed.key)
    with pytest.raises(ForyouError, match="the run failed: it broke"):
        failed.value("reach.viral_share")


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.99])
def test_half_a_file_is_no_run(store: Store, outcome: Outcome, keep: float) -> None:
    store.save(outcome)
    path = store.folder / "runs" / f"{outcome.key}.json"
    text = path.read_text()
    path.write_text(text[: int(len(text) * keep)])
    assert not store.has(outcome.key)
    assert store.outcomes() == []
    with pytest.raises(StudyError, match="start the study again"):
        store.load(outcome.key)
    store.save(outcome)
    assert store.has(outcome.key)


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "null",
        "{}",
        '{"key": "KEY"}',
        '{"key": "KEY", "seed": 1, "summary": null, "event_log_hash": null, "impressions": 0, '
        '"seconds": 1.0, "error": null}',
        "\0\0\0",
    ],
)
def test_other_content_is_no_run(store: Store, outcome: Outcome, content: str) -> None:
    store.save(outcome)
    path = store.folder / "runs" / f"{outcome.key}.json"
    path.write_text(content.replace("KEY", outcome.key))
    assert store.get(outcome.key) is None


def test_a_run_under_the_name_of_another_is_no_run(store: Store, outcome: Outcome) -> None:
    store.save(outcome)
    path = store.folder / "runs" / f"{outcome.key}.json"
    path.rename(path.with_name("0" * 32 + ".json"))
    assert not store.has("0" * 32)


def test_a_folder_of_another_study_is_refused(store: Store, outcome: Outcome) -> None:
    store.save(outcome)
    with pytest.raises(StudyError) as caught:
        Store.open(store.folder, {**ME, "kind": "compare", "seed": 6})
    message = str(caught.value)
    assert 'kind is "worlds", not "compare"; seed is 5, not 6' in message
    assert "Give another folder" in message
    assert Store.open(store.folder, dict(reversed(ME.items()))).has(outcome.key)


def test_a_missing_part_of_the_identity_differs(store: Store) -> None:
    with pytest.raises(StudyError, match="seed is 5, not null"):
        Store.open(store.folder, {"kind": "worlds", "scenario": "abc"})


def test_other_folders_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(StudyError, match="is a file"):
        Store.open(file, ME)
    with pytest.raises(StudyError, match="not a study folder, it holds file"):
        Store.open(tmp_path, ME)
    run = tmp_path / "run"
    run.mkdir()
    (run / "manifest.json").write_text("{}")
    with pytest.raises(StudyError, match="it is a run folder"):
        Store.open(run, ME)
    assert sorted(path.name for path in run.iterdir()) == ["manifest.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 9, "identity": {}}'])
def test_a_damaged_study_file_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "study.json").write_text(text)
    with pytest.raises(StudyError, match=r"study\.json"):
        Store.open(tmp_path, ME)


def test_a_folder_that_was_killed_while_it_was_made_is_taken(tmp_path: Path) -> None:
    (tmp_path / "study.json.77.part").write_text('{"form')
    assert Store.open(tmp_path, ME).outcomes() == []


def test_old_leftovers_go_and_fresh_ones_stay(store: Store) -> None:
    runs = store.folder / "runs"
    runs.mkdir()
    old, fresh = runs / "a.json.1.part", runs / "b.json.2.part"
    old.write_text("{")
    fresh.write_text("{")
    hour_ago = time.time() - 3_600.0
    os.utime(old, (hour_ago, hour_ago))
    Store.open(store.folder, ME)
    assert not old.exists()
    assert fresh.exists()


class FullDisk(Disk):
    def write(self, descriptor: int, data: memoryview) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_told_and_loses_nothing(store: Store, outcome: Outcome) -> None:
    store.save(outcome)
    other = replace(outcome, key="f" * 32)
    with pytest.raises(StudyError) as caught, use_disk(FullDisk()):
        store.save(other)
    assert "No space left on device" in str(caught.value)
    assert "start the same study again" in str(caught.value)
    assert sorted(path.name for path in (store.folder / "runs").iterdir()) == [
        f"{outcome.key}.json"
    ]
    assert store.load(outcome.key) == outcome


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_without_permission_is_told(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(StudyError, match="cannot be written"):
        Store.open(closed / "study", ME)


def test_a_folder_below_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StudyError, match="cannot be written"):
        Store.open(tmp_path / "file" / "study", ME)


def test_results_are_plain(store: Store) -> None:
    frame = pl.DataFrame({"arm": ["a", "b"], "value": [0.5, None]})
    rows = frame["value"].to_numpy()
    path = store.write_json("worlds", {"rows": rows, "n": rows.size, "folder": store.folder})
    assert path.name == "worlds.json"
    assert json.loads(path.read_text()) == {
        "rows": [0.5, None],
        "n": 2,
        "folder": str(store.folder),
    }
    assert pl.read_parquet(store.write_table("worlds", frame)).equals(frame)
    assert store.write_text("best.yaml", "name: x\n").read_text() == "name: x\n"
    assert not list(store.folder.rglob("*.part"))
    with pytest.raises(TypeError, match="cannot hold object"):
        plain_json({"a": object()})


def test_a_value_of_an_outcome(outcome: Outcome) -> None:
    assert outcome.summary is not None
    views = outcome.summary["watch"]["views"]
    assert outcome.value("watch.views") == views > 0
    for path, words in [
        ("watch.vews", "no number 'watch.vews'"),
        ("watch", "it is dict"),
        ("tail.reason", "it is str"),
        ("tail.alpha", "none could be computed"),
    ]:
        with pytest.raises(ForyouError, match=words):
            outcome.value(path)


# ---- damage -----------------------------------------------------------------------------------


def test_no_bit_of_an_outcome_can_change(store: Store, outcome: Outcome) -> None:
    store.save(outcome)
    path = store.folder / "runs" / f"{outcome.key}.json"
    data = path.read_bytes()
    for bit in range(0, 8 * len(data), 8 * len(data) // 400):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        assert store.get(outcome.key) is None, bit
    assert set(store.damaged) == {f"runs/{outcome.key}.json"}
    path.write_bytes(data)
    assert store.get(outcome.key) == outcome


def test_an_outcome_of_another_seed_is_not_taken(store: Store, outcome: Outcome) -> None:
    store.save(outcome)
    assert store.get(outcome.key, outcome.seed) == outcome
    assert store.get(outcome.key, outcome.seed + 1) is None


def test_a_damaged_outcome_is_told_and_played_anew(
    store: Store, outcome: Outcome, specs: Callable[..., list[RunSpec]]
) -> None:
    store.save(outcome)
    path = store.folder / "runs" / f"{outcome.key}.json"
    path.write_bytes(path.read_bytes().replace(b"0", b"1", 1))
    assert verify_study(store.folder).wrong[-1].startswith(f"{path}: is damaged; to play it anew")
    notes: list[str] = []
    execute(specs(1), store, InProcess(), lambda report: notes.append(report.note))
    assert f"runs/{path.name}: damaged, so played anew" in notes
    found = store.load(outcome.key)
    assert (found.summary, found.event_log_hash) == (outcome.summary, outcome.event_log_hash)


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data.replace(b"5", b"6"), None])
def test_a_damaged_study_file_is_made_anew(
    damage: Callable[[bytes], bytes] | None, store: Store, outcome: Outcome
) -> None:
    store.save(outcome)
    path = store.folder / "study.json"
    data = path.read_bytes()
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage(data))
    assert f"{path}: is missing or damaged" in verify_study(store.folder).wrong[0]
    with pytest.raises(StudyError, match="holds another study: seed is 5, not 6"):
        Store.open(store.folder, {**ME, "seed": 6})
    assert Store.open(store.folder, ME).load(outcome.key) == outcome
    assert path.read_bytes() == data


def test_a_study_of_which_nothing_is_known_is_refused_with_a_way_out(
    store: Store, outcome: Outcome
) -> None:
    store.save(outcome)
    for name in ("study.json", "files.json"):
        (store.folder / name).write_text("{")
    with pytest.raises(StudyError, match=r"study\.json: is damaged.* Give another folder, or put"):
        Store.open(store.folder, ME)


def test_results_are_whole_or_told(store: Store) -> None:
    path = store.folder / "worlds.json"
    with store.results():
        store.write_json("worlds", {"n": 2})
    assert verify_study(store.folder).wrong == ()
    path.write_text(path.read_text().replace("2", "3"))
    assert verify_study(store.folder).wrong[0].startswith(f"{path}: is damaged; to have it written")
    path.unlink()
    assert verify_study(store.folder).wrong[0].startswith(f"{path}: is missing")
    with pytest.raises(ZeroDivisionError), Store.open(store.folder, ME).results():
        raise ZeroDivisionError
    assert "did not finish; to go on, start" in verify_study(store.folder).wrong[0]
    with store.results():
        store.write_json("worlds", {"n": 2})
    assert verify_study(store.folder).wrong == ()


def test_a_study_of_format_1_gets_digests(store: Store, outcome: Outcome) -> None:
    store.save(outcome)
    (store.folder / "files.json").unlink()
    (store.folder / "study.json").write_text(json.dumps({"format": 1, "identity": ME}))
    path = store.folder / "runs" / f"{outcome.key}.json"
    path.write_text(json.dumps(outcome.to_dict()))
    verdict = verify_study(store.folder)
    assert verdict.wrong == ()
    assert "is of format 1" in verdict.notes[0]
    with pytest.raises(StudyError, match="holds another study"):
        Store.open(store.folder, {**ME, "seed": 6})
    assert Store.open(store.folder, ME).load(outcome.key) == outcome
    assert unseal(path.read_bytes())
    assert unseal((store.folder / "study.json").read_bytes())["format"] == 2


# ---- one folder, one study --------------------------------------------------------------------


class Meanwhile(Disk):
    """Somebody else takes the folder just before this process would."""

    def __init__(self, other: Callable[[], object]) -> None:
        self.other = other

    def link(self, path: Path, to: Path) -> None:
        with use_disk(Disk()):
            self.other()
        super().link(path, to)


def test_two_studies_at_once_share_no_folder(tmp_path: Path) -> None:
    with use_disk(Meanwhile(lambda: Store.open(tmp_path, {**ME, "seed": 6}))):  # noqa: SIM117
        with pytest.raises(StudyError, match="holds another study: seed is 6, not 5"):
            Store.open(tmp_path, ME)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["study.json"]


def test_the_same_study_twice_at_once_is_one(tmp_path: Path) -> None:
    with use_disk(Meanwhile(lambda: Store.open(tmp_path, ME))):
        assert Store.open(tmp_path, ME).outcomes() == []


def test_a_run_and_a_study_at_once_share_no_folder(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    run_first = use_disk(Meanwhile(lambda: claim_run_folder(a, "x", {"finished": False})))
    with run_first, pytest.raises(StudyError, match="it is a run folder"):
        Store.open(a, ME)
    assert [path.name for path in a.iterdir()] == ["manifest.json"]
    study_first = use_disk(Meanwhile(lambda: Store.open(b, ME)))
    with study_first, pytest.raises(RunFolderError, match="another command has just taken"):
        claim_run_folder(b, "x", {"finished": False})
    assert [path.name for path in b.iterdir()] == ["study.json"]


def test_a_folder_without_a_name_is_made_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folders = {new_study_folder(None, "worlds", "x") for _ in range(3)}
    assert len(folders) == 3
    assert all(folder.is_dir() for folder in folders)
