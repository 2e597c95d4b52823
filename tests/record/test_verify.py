"""No bit of a run folder can change without being noticed, and what is told says what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sim.analysis import load_tables
from sim.cli.main import main
from sim.core.errors import ForyouError, RunFolderError
from sim.core.random import below, key, stream
from sim.record.files import digest_of
from sim.record.folder import DIGEST, MANIFEST
from sim.record.sealed import seal, unseal
from sim.record.verify import verify_run
from sim.simulate import Run, simulate
from sim.testing.worlds import tiny_scenario

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with every kind of file; to be read only."""
    scenario = tiny_scenario(
        population={"users": 60}, duration=3 * 3_600.0, warmup=600.0, record={"events": True},
        probes=[{"name": "late", "count": 2, "post_at": 3_600.0}],
    )  # fmt: skip
    return simulate(scenario, out=tmp_path_factory.mktemp("run") / "run", force=True).path


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished, tmp_path / "run")


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def flip(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


def flips(folder: Path, count: int) -> Iterator[tuple[Path, int]]:
    """Files and bits in them; every file is among them, and bits of small files as often."""
    found = files_of(folder)
    chance = stream(key(3, "flips"), 0)
    for number in range(count):
        path = found[number % len(found)]
        yield path, int(below(chance, number, 8 * path.stat().st_size))


def refused(read: Callable[[], object]) -> str:
    """What is said when something is read; empty when it is read as if it were right."""
    try:
        read()
    except ForyouError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("count", [60, pytest.param(1_000, marks=pytest.mark.large)])
def test_no_changed_bit_is_shown_as_right(count: int, run: Path) -> None:
    assert len(files_of(run)) > 18
    met = set()
    for path, bit in flips(run, count):
        before = path.read_bytes()
        flip(path, bit)
        name = path.relative_to(run).as_posix()
        where = f"bit {bit} of {name}"
        met.add(name)
        if name in (MANIFEST, DIGEST):
            told = refused(lambda: verify_run(run))
        else:
            (told,) = verify_run(run).wrong
        assert told.startswith((str(path), str(run / MANIFEST))), where
        # whoever would show something of this file refuses to
        if path.suffix == ".parquet":
            opened, table = Run.open(run), path.stem
            assert "is damaged" in refused(lambda: opened.table(table)), where  # noqa: B023
            if name != "events.parquet":
                assert str(path) in refused(lambda: load_tables(run)), where
        elif name in (MANIFEST, DIGEST, "summary.json"):
            assert refused(lambda: Run.open(run)), where
        path.write_bytes(before)
    assert verify_run(run).wrong == ()
    assert met == {path.relative_to(run).as_posix() for path in files_of(run)}


@pytest.mark.parametrize("command", ["verify", "show", "plot"])
def test_a_damaged_summary_or_table_ends_a_command(
    command: str, run: Path, capsys: Capture
) -> None:
    flip(run / ("videos.parquet" if command == "plot" else "summary.json"), 999)
    assert main([command, str(run)]) == 2
    seen = capsys.readouterr()
    told = seen.out + seen.err
    assert "is damaged, it is not what the run wrote; put it back from a copy, or do" in told
    assert f"foryou run {run / 'scenario.yaml'}" in told
    assert "Traceback" not in told
    assert seen.err == "" if command == "verify" else seen.out == ""


def test_verify_says_what_is_right(run: Path, capsys: Capture) -> None:
    assert main(["verify", str(run)]) == 0
    assert capsys.readouterr().out == f"{run}: all {len(files_of(run))} files are right\n"


def test_verify_names_each_file_and_what_to_do(run: Path, capsys: Capture) -> None:
    flip(run / "plots" / "lorenz.png", 4_000)
    (run / "users.parquet").unlink()
    flip(run / "scenario.yaml", 30)
    (run / "notes.txt").write_text("mine")
    (run / "users.parquet.7-abc.part").write_text("half")
    assert main(["verify", str(run)]) == 2
    lines = capsys.readouterr().out.splitlines()
    right = len(files_of(run)) - 2 - 2
    assert lines[-1] == f"{run}: 3 not right, {right} right"
    assert any(f"foryou plot {run} --only lorenz --format png" in line for line in lines)
    assert any(line.startswith(f"{run / 'users.parquet'}: is missing; put it") for line in lines)
    assert any("the numbers of the run are not touched" in line for line in lines)
    assert f"{run / 'notes.txt'}: nothing is known of it" in lines
    assert any("abc.part: was left unfinished" in line for line in lines)


def test_a_picture_is_drawn_again_as_told(run: Path) -> None:
    flip(run / "plots" / "lorenz.png", 4_000)
    assert main(["verify", str(run)]) == 2
    assert main(["plot", str(run), "--only", "lorenz", "--format", "png"]) == 0
    assert main(["verify", str(run)]) == 0


def test_a_table_of_another_run_is_refused(run: Path, finished: Path) -> None:
    shutil.copy(run / "creators.parquet", run / "users.parquet")
    with pytest.raises(RunFolderError, match=r"users\.parquet: is damaged"):
        load_tables(run)


def test_a_run_of_format_1_is_read_and_said_to_have_no_digests(run: Path, capsys: Capture) -> None:
    manifest = json.loads((run / MANIFEST).read_text())
    del manifest["files"]
    (run / MANIFEST).write_text(json.dumps({**manifest, "format": 1}))
    (run / DIGEST).unlink()
    assert main(["show", str(run)]) == 0
    assert main(["plot", str(run), "--only", "lorenz"]) == 0
    capsys.readouterr()
    assert main(["verify", str(run)]) == 0
    assert "is of format 1, which has no digests" in capsys.readouterr().out


def test_a_run_without_its_digest_is_refused(run: Path) -> None:
    (run / DIGEST).unlink()
    with pytest.raises(RunFolderError, match=r"manifest\.json\.digest: is missing; nothing in"):
        Run.open(run)


def test_a_digest_of_before_is_known_as_long_as_the_manifest_is(run: Path) -> None:
    """A command that draws may be killed between the two."""
    now = digest_of((run / MANIFEST).read_bytes())
    (run / DIGEST).write_text(f"{'0' * 32}\n{now}\n")
    assert Run.open(run)
    (run / DIGEST).write_text(f"{'0' * 32}\n")
    with pytest.raises(RunFolderError, match="is damaged"):
        Run.open(run)


def test_pages_carry_checksums(run: Path) -> None:
    """Programs that know nothing of the manifest notice a change in the values too."""
    for name in ("users", "events"):
        path = run / f"{name}.parquet"
        group = pq.ParquetFile(path).metadata.row_group(0)
        column = max(
            map(group.column, range(group.num_columns)), key=lambda c: c.total_compressed_size
        )
        start = column.dictionary_page_offset or column.data_page_offset
        # in the values of its last page
        flip(path, 8 * (start + column.total_compressed_size - 20))
        with pytest.raises(OSError, match=r"(?i)crc|checksum"):
            pq.read_table(path, page_checksum_verification=True)


def test_sealed_json_notices_every_bit() -> None:
    value = {"a": 1e-05, "b": ["é", None, True], "c": {"digest": 'x", "digest": "y'}}
    data = seal(value)
    assert unseal(data) == value
    assert json.loads(data) == {**value, "digest": json.loads(data)["digest"]}
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError, match="content"):
            unseal(bytes(changed))
    for other in (b"", b"{}", data[:-1], data + b" ", b'{"a": 1}'):
        with pytest.raises(ValueError, match="content"):
            unseal(other)
    with pytest.raises(ValueError, match="empty"):
        seal({})
