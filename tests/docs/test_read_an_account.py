"""The Python of the how-to about accounts runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sim.simulate import simulate
from sim.testing.worlds import tiny_scenario

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "read_an_account.md"


def test_the_python_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = tiny_scenario(
        record={"events": True}, probes=[{"name": "newcomer", "count": 3, "post_at": 3_600.0}]
    )
    simulate(scenario, out=tmp_path / "runs" / "zero-followers", plots=False)
    monkeypatch.chdir(tmp_path)
    block = PAGE.read_text(encoding="utf-8").partition("From Python:\n\n")[2]
    lines = re.findall(r"^    (.*)$|^$", block, re.M)
    capsys.readouterr()
    exec("\n".join(lines), {})
    assert "followers" in capsys.readouterr().out
