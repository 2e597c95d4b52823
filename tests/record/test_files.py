"""Files appear whole and lasting, or not at all, and their digests are known."""

from __future__ import annotations

import errno
import hashlib
import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sim.core.errors import RunFolderError
from sim.record import files
from sim.record.files import Disk, NewFile, Written
from sim.record.folder import MANIFEST, claim_run_folder
from sim.testing.disks import FaultyDisk


class Watched(Disk):
    """A disk that remembers what it was told to do, without the names of unfinished files."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def write(self, descriptor: int, data: memoryview) -> int:
        self.calls.append(f"write {len(data)}")
        return super().write(descriptor, data[:7])  # a disk may take less than it is given

    def sync(self, descriptor: int) -> None:
        self.calls.append("sync")
        super().sync(descriptor)

    def rename(self, path: Path, to: Path) -> None:
        assert path.name.startswith(f"{to.name}.")
        self.calls.append(f"rename to {to.name}")
        super().rename(path, to)

    def sync_folder(self, path: Path) -> None:
        self.calls.append(f"sync folder {path.name}")
        super().sync_folder(path)


def test_a_file_is_forced_to_the_disk_before_it_has_its_name_and_the_name_after(
    tmp_path: Path,
) -> None:
    disk = Watched()
    with files.use_disk(disk):
        written = files.write_bytes(tmp_path / "in" / "a", b"0123456789")
    assert disk.calls == [
        f"sync folder {tmp_path.name}", "write 10", "write 3", "sync", "rename to a",
        "sync folder in",
    ]  # fmt: skip
    assert (tmp_path / "in" / "a").read_bytes() == b"0123456789"
    assert written == Written(hashlib.blake2b(b"0123456789", digest_size=16).hexdigest(), 10)
    assert written == files.measure(tmp_path / "in" / "a")


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, 5_000_001])
@pytest.mark.parametrize("piece", [100_003, 1 << 20, 3 << 20])
def test_pieces_make_the_file(size: int, piece: int, tmp_path: Path) -> None:
    content = np.random.default_rng(3).bytes(size)
    with files.open_new(tmp_path / "a") as file:
        for start in range(0, size, piece):
            file.write(content[start : start + piece])
            assert file.tell() == min(start + piece, size)
    assert (tmp_path / "a").read_bytes() == content
    assert file.written == files.measure(tmp_path / "a")


def test_what_fails_leaves_what_was_there(tmp_path: Path) -> None:
    files.write_text(tmp_path / "a", "before")
    with suppress(ZeroDivisionError), files.open_new(tmp_path / "a") as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "before"
    with pytest.raises(ValueError, match="is not finished"):
        file.written  # noqa: B018
    with pytest.raises(ValueError, match="closed"):
        file.write(b"more")


def test_writers_of_other_packages_write_here(tmp_path: Path) -> None:
    rows = pa.table({"a": np.arange(100_000)})
    with files.open_new(tmp_path / "a.parquet") as file:
        pq.write_table(rows, file)
    assert pq.read_table(tmp_path / "a.parquet") == rows
    with files.open_new(tmp_path / "b.npz") as file:
        np.savez(file, a=np.arange(1_000_000), b=np.ones((3, 4)))
    with np.load(tmp_path / "b.npz", allow_pickle=False) as stored:
        assert np.array_equal(stored["a"], np.arange(1_000_000))
        assert np.array_equal(stored["b"], np.ones((3, 4)))
    assert file.written == files.measure(tmp_path / "b.npz")


def test_a_file_that_is_forgotten_leaves_nothing(tmp_path: Path) -> None:
    file = NewFile(tmp_path / "a")
    file.write(b"x")
    del file
    assert list(tmp_path.iterdir()) == []


def test_what_a_dead_process_left_goes_and_what_a_living_one_writes_stays(tmp_path: Path) -> None:
    with NewFile(tmp_path / "mine"):
        (mine,) = tmp_path.iterdir()
        dead = subprocess.Popen([sys.executable, "-c", ""])
        dead.wait()
        name = mine.name.replace(f"-{os.getpid()}-", f"-{dead.pid}-")
        (tmp_path / name).write_text("half")
        elsewhere = tmp_path / f"a.00000000-{dead.pid}-0.part"
        elsewhere.write_text("half")  # on another machine a process of this number may live
        files.remove_leftovers(tmp_path)
        assert sorted(tmp_path.iterdir()) == sorted([mine, elsewhere])


def test_the_ledger_knows_what_was_written(tmp_path: Path) -> None:
    with files.ledger() as notes:
        first = files.write_text(tmp_path / "a", "1")
        files.write_json(tmp_path / "b", [1])
    files.write_text(tmp_path / "c", "1")
    assert notes == {tmp_path / "a": first, tmp_path / "b": files.measure(tmp_path / "b")}


def test_a_removed_file_stays_removed(tmp_path: Path) -> None:
    files.write_text(tmp_path / "a", "1")
    disk = Watched()
    with files.use_disk(disk):
        files.remove(tmp_path / "a")
        files.remove(tmp_path / "a")
    assert disk.calls == [f"sync folder {tmp_path.name}"]
    assert list(tmp_path.iterdir()) == []


# ---- one folder, one run ----------------------------------------------------------------------


class NoLinks(Disk):
    def link(self, path: Path, to: Path) -> None:
        raise OSError(errno.EPERM, "no links here")


@pytest.mark.parametrize("disk", [Disk, NoLinks])
def test_the_first_file_is_written_once(disk: Callable[[], Disk], tmp_path: Path) -> None:
    with files.use_disk(disk()):
        files.write_first(tmp_path / "a", b"1")
        with pytest.raises(FileExistsError):
            files.write_first(tmp_path / "a", b"2")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"1"


@pytest.mark.parametrize("out", [None, "a/b/c"])
def test_a_folder_that_was_taken_outlasts_a_power_cut(
    out: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    disk = FaultyDisk()
    with files.use_disk(disk):
        folder = claim_run_folder(out, "x", {"me": 1})
        disk.cut_power()
    assert json.loads((folder / MANIFEST).read_text()) == {"me": 1}


COMMANDS = 8


def _claims(
    rounds: int, above: str, barrier: multiprocessing.synchronize.Barrier, me: int, named: bool,
    results: multiprocessing.SimpleQueue[tuple[int, int, str]],
) -> None:  # fmt: skip
    """What one of several commands does in each round: claim, then write."""
    os.chdir(above)
    for number in range(rounds):
        barrier.wait()
        try:
            folder = claim_run_folder(f"named/{number}" if named else None, "x", {"me": me})
        except RunFolderError as error:
            results.put((number, me, f"refused: {error}"))
            continue
        for name in "abc":
            files.write_text(folder / name, f"{me}")
        results.put((number, me, str(folder)))


@pytest.mark.parametrize("rounds", [4, pytest.param(100, marks=pytest.mark.large)])
@pytest.mark.parametrize("named", [True, False])
def test_commands_that_start_at_once_share_no_folder(
    named: bool, rounds: int, tmp_path: Path
) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(COMMANDS), context.SimpleQueue()
    processes = [
        context.Process(target=_claims, args=(rounds, str(tmp_path), barrier, me, named, results))
        for me in range(COMMANDS)
    ]
    for process in processes:
        process.start()
    told = [results.get() for _ in range(rounds * COMMANDS)]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    winners = [(number, me, text) for number, me, text in told if "refused" not in text]
    if named:
        assert sorted(number for number, _, _ in winners) == list(range(rounds))
        refusals = [text for _, _, text in told if "refused" in text]
        assert all("give" in text for text in refusals)
    else:
        assert len(winners) == len(told)
    assert len({folder for _, _, folder in winners}) == len(winners)
    for _, me, folder in winners:
        there = tmp_path / folder
        assert sorted(path.name for path in there.iterdir()) == ["a", "b", "c", MANIFEST]
        assert {(there / name).read_text() for name in "abc"} == {str(me)}
        assert f'"me": {me}' in (there / MANIFEST).read_text()
