"""A small scenario, and one finished run of it that the tests only read."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.cli.main import main

SMALL = """\
name: small
question: Does it run?
seed: 3
duration: 8 h
warmup: 2 h
population: {users: 80, creators: 10 %}
catalogue: {history: 1 d}
feed: {candidates: 40, cold_start: {policy: pools, slots: 20 %}}
probes:
  - {name: newcomer, count: 5, post_at: 3 h}
viral: {reach: 10 %}
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A scenario that runs in a moment."""
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run; to be read only."""
    folder = tmp_path_factory.mktemp("finished")
    scenario = folder / "small.yaml"
    scenario.write_text(SMALL, encoding="utf-8")
    assert main(["run", str(scenario), "--out", str(folder / "run"), "--quiet"]) == 0
    return folder / "run"
