"""The code in the pages runs, on small worlds."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sim.cli.main import main
from sim.scenario import load

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("population.users=120", "duration=20 h", "warmup=6 h", "feed.candidates=60")


def text_of(page: str) -> str:
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def blocks(page: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", text_of(page), re.S)


def files(page: str) -> dict[str, str]:
    """The files that a page writes out, by name."""
    found = re.findall(r"`(\w+\.(?:py|yaml))`[^`]*?:\n\n```\w+\n(.*?)```", text_of(page), re.S)
    return dict(found)


def run(scenario: Path, out: Path, *options: str) -> None:
    changes = [part for change in (*SMALL, *options) for part in ("--set", change)]
    assert main(["run", str(scenario), "--out", str(out), "--quiet", "--no-plots", *changes]) == 0


def test_reading_the_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    baseline = ROOT / "scenarios" / "baseline.yaml"
    run(baseline, tmp_path / "runs" / "small")
    run(baseline, tmp_path / "runs" / "log", "record.events=true")
    monkeypatch.chdir(tmp_path)
    snippets = blocks("how-to/own_settings.md", "python")
    assert len(snippets) == 3
    for snippet in snippets:
        exec(compile(snippet, "own_settings.md", "exec"), {})
        printed = capsys.readouterr().out
        assert printed
        assert "shape: (0" not in printed, "an empty table"


def test_the_tutorial_reads_its_probes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    zero = ROOT / "scenarios" / "zero_followers.yaml"
    run(zero, tmp_path / "runs" / "first", "probes=[{name: newcomer, count: 7, post_at: 8 h}]")
    monkeypatch.chdir(tmp_path)
    (snippet,) = blocks("tutorial/first_run.md", "python")
    exec(compile(snippet, "first_run.md", "exec"), {})
    assert "shape: (5, 4)" in capsys.readouterr().out


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The files of the how-to about a source and a filter."""
    for name, text in files("how-to/custom_source.md").items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_source_and_the_filter_of_the_how_to_work(own: Path) -> None:
    out = own / "out"
    changes = ("population.users=100", "duration=12 h", "warmup=1 h", "feed.candidates=40")
    options = [part for change in changes for part in ("--set", change)]
    scenario = str(own / "local_taste.yaml")
    assert main(["run", scenario, "--allow-code", "--out", str(out), "-q", *options]) == 0
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    assert summary["sources"]["custom"] > 0
    removed = manifest["pipeline"]["removed"]
    assert removed["4:local_taste:ShortFirst"] > 0


def test_the_contract_test_of_the_how_to_passes(own: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_local_taste.py"],
        cwd=own, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_the_extended_scenario_keeps_what_it_does_not_say(tmp_path: Path) -> None:
    file = tmp_path / "my_weights.yaml"
    file.write_text(files("how-to/own_settings.md")[file.name], encoding="utf-8")
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    scenario = load(file)
    assert scenario.feed.weights["share"] == 4.0
    assert scenario.feed.weights["watch_percentile"] == 1.0
    assert scenario.probes[0].count == 100
