"""Compiled code on disk: damage is noticed and mended, a stranger's folder is refused."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import pytest

from sim.machine import cache_files, cache_folder, notice
from sim.machine.cache_files import EXTENSIONS, CheckedCache, read_checked, write_checked
from sim.machine.cache_folder import choose_folder, is_finished, mark_finished, why_distrusted


def _sum_below(n):
    total = 0
    for i in range(n):
        total += i
    return total


@pytest.fixture(autouse=True)
def _told_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notice, "_told", set())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "cache"
    made.mkdir(mode=0o700)
    return made


def cached(folder: Path) -> Any:
    made = numba.njit(_sum_below)
    made._cache = CheckedCache(_sum_below, folder)
    return made


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in EXTENSIONS)


def damage(path: Path, kind: str, draw: random.Random) -> None:
    data = bytearray(path.read_bytes())
    if kind == "empty":
        data.clear()
    elif kind == "cut":
        del data[draw.randrange(len(data)) :]
    elif kind == "flipped":
        for _ in range(draw.randint(1, 8)):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    else:
        data = bytearray(draw.randbytes(draw.randint(1, 4_000)))
    path.write_bytes(data)


KINDS = ("empty", "cut", "flipped", "noise")


def test_what_is_kept_is_found_again(folder: Path) -> None:
    first = cached(folder)
    assert first(5) == 10
    assert first(5.0 and 6) == 15
    assert [path.suffix for path in files(folder)] == [".nbc", ".nbi"]
    second = cached(folder)
    assert second(5) == 10
    assert sum(second.stats.cache_hits.values()) == 1
    assert not second.stats.cache_misses


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", EXTENSIONS)
def test_a_damaged_file_is_told_and_compiled_anew(
    folder: Path, kind: str, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    cached(folder)(5)
    mark_finished(folder)
    assert is_finished(folder)
    (path,) = [one for one in files(folder) if one.suffix == suffix]
    damage(path, kind, random.Random(f"{kind}{suffix}"))
    again = cached(folder)
    assert again(5) == 10
    assert sum(again.stats.cache_misses.values()) == 1
    (line,) = caplog.messages
    assert line == f"{path}: compiled code is damaged; it is removed and compiled anew"
    whole = cached(folder)
    assert whole(5) == 10
    assert sum(whole.stats.cache_hits.values()) == 1
    assert len(caplog.messages) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_with_a_damaged_file_it_is_not_finished(folder: Path, kind: str) -> None:
    cached(folder)(5)
    assert not is_finished(folder)
    mark_finished(folder)
    assert is_finished(folder)
    (path,) = [one for one in files(folder) if one.suffix == ".nbc"]
    damage(path, kind, random.Random(kind))
    assert not is_finished(folder)
    assert not path.exists()
    cached(folder)(5)
    mark_finished(folder)
    assert is_finished(folder)
    damage(folder / "finished", kind, random.Random(kind))
    assert not is_finished(folder)


def test_a_whole_file_under_another_name_is_damaged(folder: Path) -> None:
    write_checked(folder / "one.nbc", b"code")
    assert read_checked(folder / "one.nbc") == b"code"
    (folder / "one.nbc").rename(folder / "other.nbc")
    assert read_checked(folder / "other.nbc") is None
    assert not (folder / "other.nbc").exists()


def test_whole_files_that_pickle_cannot_read_are_removed(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cached(folder)(5)
    for path in files(folder):
        write_checked(path, b"no pickle")
        again = cached(folder)
        assert again(5) == 10
        assert sum(again.stats.cache_misses.values()) == 1
    assert len(caplog.messages) == 1
    assert sum((last := cached(folder))(0) for _ in range(2)) == 0
    assert sum(last.stats.cache_hits.values()) == 1


def test_a_full_disk_costs_the_cache_and_not_the_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache_files, "write_checked", full)
    assert cached(folder)(5) == 10
    assert caplog.messages == [
        f"{folder}: compiled code cannot be kept (No space left on device); "
        "it is compiled in memory"
    ]
    assert files(folder) == []


def test_half_a_file_is_never_left(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_checked(folder / "one.nbc", b"code")
    assert list(folder.iterdir()) == []


# ---- whose folder it is ----


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.delenv("FORYOU_CACHE_DIR", raising=False)
    return tmp_path / "home"


def test_a_new_folder_is_for_the_user_alone(home: Path) -> None:
    before = os.umask(0)
    try:
        chosen = choose_folder()
    finally:
        os.umask(before)
    assert chosen is not None
    assert chosen.parent == home / "foryou"
    assert chosen.stat().st_mode & 0o777 == 0o700
    assert chosen.parent.stat().st_mode & 0o777 == 0o700
    assert choose_folder() == chosen


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o1777])
def test_a_folder_that_others_can_write_is_refused(
    home: Path, tmp_path: Path, mode: int, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(mode)
    monkeypatch.setenv("FORYOU_CACHE_DIR", str(open_to_all))
    chosen = choose_folder()
    assert chosen is not None
    assert chosen.parent == home / "foryou"
    assert list(open_to_all.iterdir()) == []
    (line,) = caplog.messages
    assert line.startswith(f"{open_to_all}: others can write there")
    assert line.endswith(f"kept in {home / 'foryou'} instead")


def test_our_own_folder_is_taken_back_from_others(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chosen = choose_folder()
    assert chosen is not None
    (chosen / "foreign.nbi").write_bytes(b"code")
    chosen.parent.chmod(0o775)
    assert choose_folder() == chosen
    assert list(chosen.iterdir()) == []
    assert chosen.parent.stat().st_mode & 0o777 == 0o755
    assert caplog.messages == [
        f"{chosen.parent}: others could write there; it is the user's alone now, and compiled anew"
    ]
    assert choose_folder() == chosen
    assert len(caplog.messages) == 1


def test_what_others_could_write_within_is_refused_too(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chosen = choose_folder()
    assert chosen is not None
    chosen.chmod(0o777)
    assert choose_folder() is None
    assert f"{chosen.name} others can write there" in caplog.messages[0]


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can give files away")
def test_the_folder_of_another_user_is_refused(folder: Path) -> None:
    assert why_distrusted(folder) == ""
    os.chown(folder, 12_345, -1)
    assert "belongs to another user" in why_distrusted(folder)


def test_without_a_folder_one_line_says_so(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert choose_folder() is None
    (line,) = caplog.messages
    assert "cannot be used" in line
    assert "every start compiles" in line


# ---- what must be compiled is asked of the key ----


def hashes(*flags: str, **variables: str) -> str:
    code = "from sim.machine import cache_folder as c; print(c.code_hash(), c.machine_hash())"
    return subprocess.run(
        [sys.executable, *flags, "-c", code], env={**os.environ, **variables}, check=True,
        capture_output=True, text=True, cwd=Path(__file__).parents[2],
    ).stdout  # fmt: skip


def test_the_key_tells_interpreters_and_processors_apart() -> None:
    usual = hashes()
    assert hashes() == usual
    others = [hashes("-O"), hashes("-OO"), hashes(NUMBA_CPU_NAME="generic"), hashes(NUMBA_OPT="1")]
    assert len({usual, *others}) == 5


def test_the_key_tells_sources_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usual = cache_folder.code_hash()
    package = tmp_path / "sim"
    for layer in ("machine", "core"):
        (package / layer).mkdir(parents=True)
    monkeypatch.setattr(cache_folder, "_PACKAGE", package)
    seen = {usual, cache_folder.code_hash()}
    for text in ("x = 1\n", "x = 2\n"):
        (package / "core" / "one.py").write_text(text)
        seen.add(cache_folder.code_hash())
    (package / "core" / "one.py").rename(package / "machine" / "one.py")
    assert len({*seen, cache_folder.code_hash()}) == 5


# ---- many ----

SCRIPT = """\
from sim.machine.compiled import cache_folder, is_kept, keep, njit

@njit()
def below(n):
    total = 0
    for i in range(n):
        total += i
    return total

@njit("float64(float64)")
def half(x):
    return x / 2.0

print(is_kept(), below(5), half(3.0))
keep()
print(cache_folder)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "small.py"
    path.write_text(SCRIPT)
    return path


def started(script: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "FORYOU_CACHE_DIR": str(folder), "NUMBA_CACHE_DIR": ""}
    env["PYTHONPATH"] = str(Path(__file__).parents[2])
    return subprocess.run(
        [sys.executable, str(script)], env=env, capture_output=True, text=True, check=False
    )


def heal(script: Path, folder: Path, rounds: int) -> None:
    """Damage a cache at random, again and again; every start has to mend it, with one line."""
    first = started(script, folder)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.splitlines()[0] == "False 10 1.5"
    draw = random.Random(4)
    for number in range(rounds):
        kind = KINDS[number % len(KINDS)]
        ends = EXTENSIONS if number % 3 else (*EXTENSIONS, "")
        hit = draw.choice(
            [path for path in folder.rglob("*") if path.is_file() and path.suffix in ends]
        )
        damage(hit, kind, draw)
        mended, whole = started(script, folder), started(script, folder)
        case = f"round {number}: {kind} {hit.name}"
        assert mended.returncode == 0, case
        assert mended.stdout.split()[1:3] == ["10", "1.5"], case
        assert mended.stderr.count("\n") == 1, case
        assert "damaged; it is removed and compiled anew" in mended.stderr, case
        assert (whole.returncode, whole.stderr) == (0, ""), case
        assert whole.stdout.splitlines()[0] == "True 10 1.5", case


def test_damaged_caches_are_mended(script: Path, folder: Path) -> None:
    heal(script, folder, 3)


@pytest.mark.large
def test_fifty_damaged_caches_are_mended(script: Path, folder: Path) -> None:
    heal(script, folder, 50)
