"""``foryou analytics``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.cli.main import main
from tests.cli.conftest import SMALL

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("analytics")
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    out = folder / "run"
    given = ["run", str(folder / "small.yaml"), "--out", str(out), "--no-plots", "--quiet"]
    assert main([*given, "--set", "record.events=true"]) == 0
    return out


def test_it_shows_an_account(run: Path, capsys: Capture) -> None:
    capsys.readouterr()
    assert main(["analytics", str(run), "--probe", "newcomer", "--picture"]) == 0
    seen = capsys.readouterr()
    for title in (
        "5 accounts together: 5 posts", "Where views came from", "Day by day", "Who still watches",
        "Rewards programme", "Live gifts", "What it may earn",
    ):  # fmt: skip
        assert title in seen.out, title
    assert seen.err == ""
    assert (run / "plots" / "analytics.png").stat().st_size > 10_000
    assert main(["verify", str(run)]) == 0


def test_json_is_all_of_it(run: Path, capsys: Capture) -> None:
    capsys.readouterr()
    assert main(["analytics", str(run), "--creator", "3", "--json", "--per-thousand", "1"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["name"] == "creator 3"
    assert sum(day["views"] for day in found["log"]["days"]) <= found["views"]
    assert len(found["log"]["hours"]) == 24
    assert {rule["text"] for rule in found["rules"]["gifts"]} == {"1,000 followers"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], "either --creator N or --probe NAME"),
        (["--creator", "1", "--probe", "newcomer"], "either --creator N or --probe NAME"),
        (["--creator", "99999"], "have numbers from 0 to"),
        (["--probe", "nobody"], "no such probe; it has newcomer"),
    ],
)  # fmt: skip
def test_what_is_missing_is_told(run: Path, capsys: Capture, given: list[str], told: str) -> None:
    capsys.readouterr()
    assert main(["analytics", str(run), *given]) == 2
    seen = capsys.readouterr()
    assert told in seen.err
    assert "Traceback" not in seen.err
    assert seen.out == ""
