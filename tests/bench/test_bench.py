"""The suite works, at a size where its numbers mean nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _siblings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))


def test_time_is_booked_once() -> None:
    from whole import Stopwatch

    clock = iter([0.0, 1.0, 4.0, 10.0])

    class Parts:
        def outer(self) -> None:
            self.inner()

        def inner(self) -> None:
            pass

    watch = Stopwatch(lambda: next(clock))
    watch.wrap(Parts, "outer", "kernel")
    watch.wrap(Parts, "inner", "record")
    Parts().outer()
    assert watch.seconds == {"kernel": 7.0, "record": 3.0}


def test_feeds_count_what_they_show() -> None:
    from feeds import numpy_feed, simpy_feed

    for feed in (simpy_feed, numpy_feed):
        stretches = feed(50, 100, 20, 7.5, candidates=20)
        shown, seconds = (sum(column) for column in zip(*islice(stretches, 9), strict=True))
        assert shown > 0
        assert seconds > 0


def test_the_page_takes_the_tables_between_its_markers(tmp_path: Path) -> None:
    from report import BEGIN, END, write_docs

    page = tmp_path / "speed.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    startup = {"startup": {"first_window": 1.25, "date": "2000-01-01"}}
    write_docs(page, startup)
    write_docs(page, startup)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert text.count("| 1.25 |") == 2  # the table of start-up, and that of targets
    page.write_text("no markers")
    with pytest.raises(ValueError, match="markers"):
        write_docs(page, startup)


def _large() -> dict[str, Any]:
    from whole import PHASES

    return {
        "spec": {"users": 10_000_000, "name": "10m"}, "videos": 9, "measured": 90, "requests": 9,
        "retrieved": 900, "per_s": 2e5, "per_cpu_s": 2e5, "cpu_s": 1.0, "wall_s": 1.0,
        "others_s": 9.0, "bytes_a_user": 1001.0, "peak_bytes": 2**30, "build_s": 1.0,
        "phase_ns": dict.fromkeys(PHASES, 1.0),
        "beside": {"ratio": 1.45, "ratios": [1.4, 1.45, 1.6]},
        "date": "2000-01-01", "source": "compiled-0123456789",
    }  # fmt: skip


def test_the_largest_run_is_shown_with_its_date_and_code() -> None:
    from report import measured_page

    page = measured_page({"whole/10m": _large()})
    assert "| 10,000,000 (2000-01-01, code 01234567) | one shard |" in page
    assert "20 GiB | 1.00 (2000-01-01, code 01234567) | met |" in page
    assert "bytes a user | 1,001 (2000-01-01, code 01234567) | missed |" in page
    ratio = "1.45 (1.40 to 1.60 in 3 rounds)"
    assert f"100 thousand | {ratio} (2000-01-01, code 01234567) | met |" in page
    assert "not measured" not in page
    assert "Other programs" not in page  # its wall time says nothing of the others


def test_a_largest_run_that_was_not_done_is_named() -> None:
    from report import measured_page, targets

    page = measured_page({})
    assert page.count("| not measured |") == 3
    assert "make bench-large" in page
    assert targets({}) == []


@pytest.mark.parametrize(("key", "written"), [("whole/10m", True), ("startup", False)])
def test_only_the_largest_run_may_be_of_other_code(
    key: str, written: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import run as bench
    from report import BEGIN, END

    store, page = tmp_path / "speed.json", tmp_path / "speed.md"
    store.write_text(json.dumps({key: _large() | {"first_window": 1.0}}))
    page.write_text(f"{BEGIN}\n{END}\n")
    monkeypatch.setattr(bench, "STORE", store)
    monkeypatch.setattr(bench, "DOCS", page)
    assert bench.main(["--stored", "--write-docs"]) == (0 if written else 1)
    assert ("10 million" in page.read_text()) is written


def test_the_largest_run_has_another_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import run as bench
    from suite import SIZES, Whole

    done = []

    class Fake:
        def compile(self) -> None:
            done.append("compile")

        def whole(self, spec: Whole) -> dict[str, Any]:
            done.append(spec.name)
            return {"name": spec.name}

        def in_turns(self, spec: Whole, other: Whole) -> dict[str, Any]:
            done.append(f"{spec.name} and {other.name}")
            return {"of": other.name}

    results: dict[str, Any] = {}
    options = bench.arguments(["--only", "whole", "--users", "10m"])
    assert bench.measure(options, Fake(), results) == ["whole/10m"]
    assert results["whole/10m"]["beside"] == {"of": "100k"}
    # nothing is compiled while something is measured
    assert done == ["compile", "10m", "10m and 100k"]
    assert SIZES["10m"].history_s == SIZES["100k"].history_s


def test_of_several_runs_the_one_of_median_speed_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    from report import targets
    from suite import SIZES, Suite

    speeds = iter([900_000.0, 1_200_000.0, 1_100_000.0])
    monkeypatch.setattr(
        Suite,
        "_child",
        lambda self, *_: {"per_cpu_s": next(speeds), "videos": 9, "bytes_a_user": 1.0},
    )
    run = Suite(lambda what: None).whole(SIZES["1m"])
    assert run["per_cpu_s"] == 1_100_000.0
    first = targets({"whole/1m": run})[0]
    assert "met" in first
    assert "1,100,000 (900,000 to 1,200,000 in 3 runs)" in first


def test_another_count_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from dataclasses import asdict

    import run as bench
    from suite import SIZES

    monkeypatch.setattr(bench, "EXPECTED", tmp_path / "expected.json")
    results = {"whole/10k": {"impressions": 7, "spec": asdict(SIZES["10k"])}}
    assert "no expected count" in bench.wrong_counts(results, ["whole/10k"], False)[0]
    assert bench.wrong_counts(results, ["whole/10k"], True) == []
    assert bench.wrong_counts(results, ["whole/10k"], False) == []
    results["whole/10k"]["impressions"] = 8
    assert "8 impressions, expected 7" in bench.wrong_counts(results, ["whole/10k"], False)[0]


@pytest.mark.large
def test_the_suite_runs(tmp_path: Path) -> None:
    numbers = tmp_path / "numbers.json"
    done = subprocess.run(
        [sys.executable, str(HERE / "run.py"), "--toy", "--json", str(numbers)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = json.loads(numbers.read_text())
    one, two = results["whole/toy"], results["shards/toy"]
    assert one["impressions"] == two["impressions"] == results["log/toy"]["impressions"] > 0
    ns = one["phase_ns"]
    assert ns["retrieve"] > 0
    assert ns["retrieve"] + ns["rank"] + ns["play"] == pytest.approx(ns["kernel"])
    own = [results[f"scorers/{name}"]["impressions"] for name in ("compiled", "Python")]
    assert own[0] == own[1] > 0
    assert results["yardsticks/toy"]["bare"]["per_cpu_s"] > 0


def test_what_is_asked_for_changes_no_result() -> None:
    import numpy as np
    from burst import _FIRST, _NOT, _SECOND, _rounds

    lines = np.arange(800, dtype=np.int64).reshape(100, 8)
    sums = {_rounds(lines, 3, 20, 5, ask, True) for ask in (_NOT, _FIRST, _SECOND)}
    assert len(sums) == 1
    assert sums != {_rounds(lines, 3, 20, 5, _NOT, False)}  # and lines are read


def test_what_stands_beside_others_needs_no_other_section() -> None:
    from report import tables

    ratio = {"per_cpu_s": 5e5, "ratio": 2.5, "ratios": [2.0, 2.5, 3.0]}
    result = {
        "users": 1_000_000, "videos": 106_086, "shown": 133.0, "own": {"per_cpu_s": 1e6},
        "reference": {"per_cpu_s": 1e4, "spec": {"users": 2_000}},
        **dict.fromkeys(("simpy", "simpy_few", "numpy", "bare", "bare_2k"), ratio),
    }  # fmt: skip
    table = next(t for t in tables({"yardsticks/1m": result}) if t.title.startswith("Beside"))
    assert [row[1:] for row in table.rows[:3]] == [
        ("1,000,000", "1.00"), ("10,000", "100.00"), ("500,000", "2.50 (2.00 to 3.00 in 3 rounds)")
    ]  # fmt: skip


def _compare(old: Path, new: Path) -> subprocess.CompletedProcess[str]:
    size = ["--users", "300", "--rounds", "2", "--turns", "2", "--windows", "5", "--lead", "600"]
    return subprocess.run(
        [sys.executable, str(HERE / "versions.py"), str(old), str(new), *size],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_version_beside_itself() -> None:
    told = _compare(HERE.parents[1], HERE.parents[1])
    assert told.returncode == 0, told.stderr
    share = float(told.stdout.split()[2])
    assert 0.2 < share < 5.0
    assert told.stdout.startswith("new takes ")


def test_two_sizes_take_turns_and_whole_rounds_count(monkeypatch: pytest.MonkeyPatch) -> None:
    import suite as suite_of
    from suite import SIZES, Suite

    turns, stopped = [], []

    class Player:
        def __init__(self, tree: Path, spec: Any, core: int | None) -> None:
            self.name, self.played = spec.name, 0
            self.most = spec.stretches

        def answer(self) -> None:
            pass

        def play(self, windows: int) -> dict[str, Any]:
            turns.append(self.name)
            self.played += windows
            assert self.played <= self.most
            # one turn in ten shows more, at another cost: it counts by what it shows
            if self.name == "10m" and len(turns) % 20 == 1:
                return {"ns": 3_600.0, "shown": 70}
            return {"ns": {"10m": 900.0, "100k": 600.0}[self.name], "shown": 10}

        def stop(self) -> None:
            stopped.append(self.name)

    monkeypatch.setattr(suite_of, "Player", Player)
    found = Suite(lambda text: None).in_turns(SIZES["10m"], SIZES["100k"], rounds=2)
    ratio = (9 * 10 * 900.0 + 70 * 3_600.0) / 160 / 600.0
    assert found["ratios"] == [pytest.approx(ratio)] * 2
    assert found["ratio"] == pytest.approx(ratio)
    assert turns == ["10m", "100k"] * 20
    assert stopped == ["10m", "100k"]


def test_versions_take_turns_and_must_play_the_same_world(monkeypatch: pytest.MonkeyPatch) -> None:
    import versions

    turns: list[str] = []

    class Player:
        def __init__(self, tree: Path, spec: Any, core: int | None) -> None:
            self.name = tree.name

        def answer(self) -> dict[str, Any]:
            return {}

        def play(self, windows: int) -> dict[str, Any]:
            turns.append(self.name)
            return {"ns": 300.0 if self.name == "new" else 400.0, "log": logs[self.name]}

        def stop(self) -> None:
            turns.append("stop")

    monkeypatch.setattr(versions, "Player", Player)
    logs = {"old": "a", "new": "a"}
    trees = (Path("old"), Path("new"))
    assert versions._pair(trees, None, None, 3, 1, same=True) == 0.75
    assert turns == ["old", "new", "new", "old", "old", "new", "stop", "stop"]
    logs["new"] = "b"
    with pytest.raises(RuntimeError, match="different worlds"):
        versions._pair(trees, None, None, 3, 1, same=True)
    assert turns[-2:] == ["stop", "stop"]
    # unless that is what is asked for
    assert versions._pair(trees, None, None, 3, 1, same=False) == 0.75


def test_what_is_no_checkout_is_refused(tmp_path: Path) -> None:
    told = _compare(HERE.parents[1], tmp_path)
    assert told.returncode == 2
    assert "holds no sim/" in told.stderr


def test_the_mean_of_ratios_and_its_error() -> None:
    from versions import spread

    mean, error = spread([0.5, 2.0])
    assert mean == pytest.approx(1.0)
    assert error == pytest.approx(np.log(2.0))


def test_the_other_has_as_long_as_the_run_had() -> None:
    from turns import round_of

    given: list[tuple[str, float]] = []

    class Fake:
        def __init__(self, name: str, *answers: tuple[float, int]) -> None:
            self.name, self.answers = name, iter(answers)

        def play(self, amount: float) -> dict[str, Any]:
            given.append((self.name, amount))
            ns, shown = next(self.answers)
            return {"ns": ns, "shown": shown}

    run = Fake("run", (500.0, 2_000), (1_000.0, 2_000))
    other = Fake("other", (4_000.0, 100), (1_000.0, 300))
    assert round_of(run, 2, other, None, 2) == (750.0, 1_750.0)
    assert given == [("run", 2), ("other", 0.001), ("run", 2), ("other", 0.002)]


def test_a_turn_has_whole_stretches_and_the_first_warms_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from turns import serve

    stretches = iter([(99, 9.0), (10, 1.0), (30, 1.0), (10, 5.0)])
    monkeypatch.setattr("sys.stdin", StringIO("1.5\n0.0\n"))
    serve(stretches, -1)
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told == [{}, {"ns": 5e7, "shown": 40}, {"ns": 5e8, "shown": 10}]
