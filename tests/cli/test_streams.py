"""Output that is full, closed, narrow or not Unicode; signals; what libraries and hands did."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from sim.cli import check, mishaps
from sim.cli import main as main_module
from sim.cli.console import console
from sim.cli.interrupt import Interrupt, terminable
from sim.cli.main import main
from sim.cli.streams import guarded
from sim.machine.notice import logger

ROOT = Path(__file__).resolve().parents[2]
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
HOSTILE = "a\x1b[2J\x9b31m\r\u202eb\u2028\n\nNo problems found.\ud800"


def shell(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in which $foryou is the command."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "foryou": f"{sys.executable} -m sim.cli.main"}
    return subprocess.run(
        ["sh", "-c", command], env={**env, **variables}, capture_output=True, text=True, check=False
    )


# ---- where it goes ----


def test_a_full_output_is_one_message() -> None:
    done = shell("$foryou schema > /dev/full")
    assert done.returncode == 2
    assert done.stderr == ("foryou: standard output cannot be written: No space left on device\n")


def test_a_closed_output_is_one_message() -> None:
    done = shell("$foryou schema >&-")
    assert done.returncode == 2
    assert done.stderr == "foryou: standard output cannot be written: it is closed\n"


def test_a_file_never_takes_the_place_of_a_closed_output(tmp_path: Path) -> None:
    command = f"$foryou schema --out {tmp_path}/schema.json"
    done = shell(f"exec 9>&1; {command} >&- 2>&- <&-; echo $? >&9")
    assert done.stdout == "0\n"
    assert "properties" in json.loads((tmp_path / "schema.json").read_text())


@pytest.mark.parametrize("how", ["2>/dev/full", "2>&-"])
def test_errors_that_nobody_can_read_change_no_exit_code(how: str) -> None:
    assert shell(f"$foryou show nothing {how}").returncode == 2


def test_a_reader_that_has_gone_is_no_error() -> None:
    done = shell("{ sleep 1; $foryou schema; echo $? >&2; } | true")
    assert done.stderr == "1\n"


def test_an_output_without_unicode_shows_all_the_same(small: Path) -> None:
    text = small.read_text("utf-8").replace("Does it run?", "Läuft “es”? 🎈")
    small.write_text(text, encoding="utf-8")
    done = shell(f"$foryou check {small}", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0
    assert done.stdout.startswith("small: L\\u00e4uft \\u201ces\\u201d? \\ud83c\\udf88\n")


# ---- how wide it is ----


@pytest.mark.parametrize("columns", ["0", "-5", "²", "１０", "abc", "", "9" * 20, "1"])
def test_odd_columns(
    finished: Path,
    columns: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("LINES", columns)
    assert main(["show", str(finished)]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= max(500, len(str(finished)) + 40)


def numbers(text: str) -> list[str]:
    return sorted(re.findall(r"[0-9][0-9.,]*", text))


@pytest.mark.parametrize("columns", [40, 50, 60, 72])
def test_narrow_terminals_lose_no_number(
    finished: Path, columns: int, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["show", str(finished)]) == 0
    wide = capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["show", str(finished)]) == 0
    narrow = capsys.readouterr().out
    assert numbers(narrow) == numbers(wide)
    table, _, _ = narrow.partition("\nResults: ")
    assert max(map(len, table.splitlines())) <= columns


def test_a_narrow_bar_loses_no_number(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sim.cli.progress import Bar
    from sim.simulate import Progress

    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setattr("sim.cli.progress.PAUSE_S", 0.0)
    bar = Bar()
    monkeypatch.setattr(bar, "_phase_began", -100.0)
    bar._phase = "simulate"
    bar(Progress("simulate", 90_061.0, 863_940.0, 123_456_789))
    with console(stderr=True).capture() as capture:
        capture._console.print(bar._screen.get_renderable())
    bar.stop()
    shown = "".join(capture.get().split())
    for part in ("day2", "01:01", "day10", "23:59"):
        assert part in shown


# ---- what strangers have written ----


def old(folder: Path, to: Path) -> Path:
    """A copy as of before runs had digests, by which an edited file is refused unread."""
    copy = shutil.copytree(folder, to)
    manifest = json.loads((copy / "manifest.json").read_text("utf-8"))
    manifest.pop("files", None)
    (copy / "manifest.json").write_text(json.dumps({**manifest, "format": 1}), encoding="utf-8")
    (copy / "manifest.json.digest").unlink(missing_ok=True)
    return copy


def edited(folder: Path, to: Path, file: str, change: Callable[[dict[str, Any]], None]) -> Path:
    copy = old(folder, to)
    content = json.loads((copy / file).read_text("utf-8"))
    change(content)
    (copy / file).write_text(json.dumps(content), encoding="utf-8")
    return copy


def test_nothing_of_a_summary_reaches_the_terminal_raw(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(summary: dict[str, Any]) -> None:
        summary["probes"][HOSTILE] = summary["probes"].pop("newcomer")
        summary["sources"][HOSTILE] = 0.9

    run = edited(finished, tmp_path / "run", "summary.json", change)
    for args in (["show", str(run)], ["show", str(run), "--json"]):
        assert main(args) == 0
        out = capsys.readouterr().out
        assert not RAW.search(out)
        assert "\\u001b[2J\\u009b31m\\u000d\\u202eb\\u2028\\u000a" in out or "--json" in args
        assert "\nNo problems found." not in out
    assert HOSTILE in json.loads(out)["summary"]["probes"]


def test_everything_printed_is_guarded(capsys: pytest.CaptureFixture[str]) -> None:
    with guarded():
        sys.stdout.write(HOSTILE)
        sys.stderr.write(HOSTILE)
        console().print(HOSTILE, markup=False)
        console(stderr=True).print(HOSTILE, markup=False, style="bold")
        print(HOSTILE, file=sys.stderr)  # noqa: T201  as any library may
    out, err = capsys.readouterr()
    assert not RAW.search(out + err)


def leaves(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to all values, and to all that holds values."""
    found = []
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        found.append((*at, key))
        if isinstance(value, dict | list):
            found += leaves(value, (*at, key))
    return found


@pytest.mark.parametrize("file", ["manifest.json", "summary.json"])
def test_a_file_that_was_edited_is_one_message_with_its_name(
    finished: Path, tmp_path: Path, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = random.Random(file)
    run = old(finished, tmp_path / "run")
    whole = json.loads((run / file).read_text("utf-8"))
    refused = 0
    ways = leaves(whole)
    for way in draw.sample(ways, min(150, len(ways))):
        content = json.loads(json.dumps(whole))
        node = content
        for key in way[:-1]:
            node = node[key]
        node[way[-1]] = draw.choice(
            ["x", HOSTILE, None, [], {}, [[1]], {"a": 1}, float("nan"), 1e308, 10**400, -1, True]
        )
        (run / file).write_text(json.dumps(content), encoding="utf-8")
        code = main(["show", str(run)])
        out, err = capsys.readouterr()
        case = f"{way}: {node[way[-1]]!r}"
        assert code in (0, 2), case
        assert not RAW.search(out + err), case
        if code == 2:
            refused += 1
            assert err.count("\n") == 1, case
            assert "manifest.json" in err or "summary.json" in err or "did not finish" in err, case
            assert out == "", case
    assert refused > 5


# ---- signals ----


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_sigterm_asks_as_ctrl_c_does(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(number)
    with Interrupt() as interrupt:
        signal.raise_signal(number)
        assert "stopping at the next refresh" in capsys.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            interrupt.check()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(number) is before


def test_sigterm_stops_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    with terminable(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "foryou: stopped\n"),
        (MemoryError(), 2, "foryou: there is not enough memory; "),
        (pa.ArrowMemoryError("malloc of size 1 failed"), 2, "foryou: there is not enough memory; "),
        (np._core._exceptions._ArrayMemoryError((1,), np.dtype("f8")), 2, "foryou: there is not "),
        (RuntimeError("can't start new thread"), 2, "foryou: there is not enough memory; "),
        (OSError(12, "Cannot allocate memory"), 2, "foryou: there is not enough memory; "),
        (ImportError("x.so: failed to map segment"), 2, "foryou: there is not enough memory; "),
        (PermissionError(13, "Permission denied", "a\x1b"), 2, "foryou: a\\u001b: Permission "),
    ],
)
def test_errors_of_libraries_are_one_message(
    error: BaseException, code: int, said: str, small: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("sim.cli.playable.load_playable", fail)
    assert main(["check", str(small)]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(said)
    assert err.count("\n") == 1


@pytest.mark.parametrize("error", [ValueError("a bug"), EOFError("a bug"), RuntimeError("a bug")])
def test_a_fault_of_ours_stays_a_traceback(
    error: Exception, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("sim.cli.playable.load_playable", fail)
    with pytest.raises((ValueError, RuntimeError)):
        main(["check", str(small)])


def test_memory_that_ran_out_below_another_error_is_told() -> None:
    error = ValueError("something")
    assert mishaps.mishap(error) is None
    error.__context__ = KeyError("other")
    error.__context__.__cause__ = MemoryError()
    assert "not enough memory" in str(mishaps.mishap(error))


def test_too_little_address_space_is_refused(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (2**30, 2**30))
    assert main(["run", str(small)]) == 2
    assert "ulimit -v allows 1.0 GiB" in capsys.readouterr().err
    assert main(["check", str(small)]) == 0


def test_numbers_of_options_have_ascii_digits(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for args in (["--seed", "７"], ["--seed=７"], ["--shards", "²"]):
        assert main(["run", str(small), *args]) == 2
        assert "wants a number in the digits 0 to 9" in capsys.readouterr().err
    assert main(["worlds", str(small), "-n٣"]) == 2
    assert "wants a number in the digits 0 to 9" in capsys.readouterr().err


def test_a_name_to_write_to_is_unicode(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(small), "--out", "a\udcff"]) == 2
    assert capsys.readouterr().err == (
        'foryou: --out: "a\\udcff" is not text in Unicode; give another name\n'
    )


# ---- what the environment says ----


def test_without_a_compiler_nothing_runs(small: Path) -> None:
    done = shell(f"$foryou run {small} --out {small.parent}/out", NUMBA_DISABLE_JIT="1")
    assert done.returncode == 2
    assert done.stderr.startswith("foryou: NUMBA_DISABLE_JIT is set")
    assert done.stderr.count("\n") == 1
    assert not (small.parent / "out").exists()


@pytest.mark.parametrize(("backend", "then"), [("nonsense", "agg"), ("svg", "svg"), ("", "agg")])
def test_pictures_need_no_backend(backend: str, then: str) -> None:
    code = (
        "import sim.plots, os, matplotlib, powerlaw; print(matplotlib.get_backend(), "
        "os.environ['MPLBACKEND'])"
    )
    done = shell(f'{sys.executable} -c "{code}"', MPLBACKEND=backend, DISPLAY="")
    assert done.stderr == ""
    assert done.stdout.lower().split() == [then, *backend.split()]


def test_notices_of_the_layers_below_are_messages(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "say", lambda _: logger.warning("a\x1bb"))
    assert main(["check", str(small)]) == 0
    assert capsys.readouterr().err == "foryou: a\\u001bb\n"
    assert not [h for h in logger.handlers if isinstance(h, main_module._Notices)]
