"""The suite works, at a size where its numbers mean nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

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

    assert simpy_feed(20, 100, 7.5, candidates=20, least_s=0.0) > 0
    assert numpy_feed(50, 100, 20, 7.5, candidates=20, least_s=0.0) > 0


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


@pytest.mark.slow
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
