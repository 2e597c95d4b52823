"""The how-to about a ranker of your own does what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sim.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
HOW_TO = (ROOT / "docs" / "how-to" / "custom_ranker.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`(small_first\.\w+)`[^`\n]*:\n\n```\w+\n(.*?)```", HOW_TO, re.S))
CHANGES = ("population.users=400", "duration=19 h", "warmup=6 h", "feed.candidates=60")
SMALLER = [part for change in CHANGES for part in ("--set", change)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of the how-to."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def run(folder: Path, out: str, *options: str) -> int:
    scenario, target = str(folder / "small_first.yaml"), str(folder / out)
    return main(["run", scenario, "--out", target, "--quiet", "--no-plots", *SMALLER, *options])


def shares_of_small(folder: Path, out: str) -> tuple[str, float]:
    """The event-log hash, and the views of newcomers as a share of all."""
    summary = json.loads((folder / out / "summary.json").read_text("utf-8"))
    manifest = json.loads((folder / out / "manifest.json").read_text("utf-8"))
    probe = summary["probes"]["newcomer"]
    views = probe["views_mean"] * probe["count"]
    return manifest["event_log_hash"], views / summary["watch"]["views"]


def test_the_files_are_there() -> None:
    assert set(FILES) == {"small_first.py", "small_first.yaml"}


def test_the_ranker_changes_who_sees_what(folder: Path) -> None:
    gained = 0.0
    for seed in ("1", "2", "3"):  # one world this small can show the opposite
        boosted, plain = f"with{seed}", f"without{seed}"
        seeded = ("--seed", seed)
        options = ("--allow-code", "--set", "feed.score[1].boost=50", *seeded)
        assert run(folder, boosted, *options) == 0
        assert run(folder, plain, "--set", "feed.score=[value]", *seeded) == 0
        hash_with, share_with = shares_of_small(folder, boosted)
        hash_without, share_without = shares_of_small(folder, plain)
        assert hash_with != hash_without
        gained += share_with - share_without
    assert gained > 0.0


def test_without_consent_it_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "out") == 2
    seen = capsys.readouterr().err
    assert "small_first:SmallFirst" in seen
    assert "--allow-code" in seen
    assert not (folder / "out").exists()


def test_the_taste_in_the_readme_is_the_same_code() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert FILES["small_first.py"] in readme
