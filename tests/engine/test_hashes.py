"""What a seed gives stays what it was: the logs of the grid and of the shipped scenarios.

``hashes.json`` has the event-log hashes of the version that a change of structure must not change.
A change of the model writes it anew, on purpose, with ``python tests/engine/test_hashes.py``, and
says so in CHANGELOG.md.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from sim.assemble import assemble
from sim.scenario import load
from sim.testing.worlds import tiny_scenario

HERE = Path(__file__).parent
STORED = HERE / "hashes.json"
LARGE = ("million",)
"""Scenarios that take gigabytes even in part."""
PART = 20
"""Shipped scenarios are played with so small a part of their people."""
SCENARIOS = [
    path
    for path in sorted((HERE.parents[1] / "scenarios").glob("*.yaml"))
    if path.stem not in LARGE
]


def _grid() -> Any:
    spec = importlib.util.spec_from_file_location("foryou_hash_grid", HERE / "grid.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


GRID = _grid()
HASHES: dict[str, dict[str, str]] = json.loads(STORED.read_text(encoding="utf-8"))


def _of_case(name: str, folder: Path) -> str:
    scenario = tiny_scenario(**GRID.CASES[name])
    live = assemble(scenario, 1, engine="fast", base_dir=folder, allow_code=True)
    live.env.run(until=live.end)
    return live.log.hash


def _of_scenario(path: Path) -> str:
    """With a fifth of its people, and of the supply that it states: all sizes go with them."""
    whole = load(path)
    changes = [f"population.users={whole.population.users // PART}"]
    if whole.catalogue.mean_impressions is not None:
        changes.append(f"catalogue.mean_impressions={whole.catalogue.mean_impressions / PART:g}")
    scenario = load(path, changes)
    live = assemble(scenario, scenario.seed, engine="fast", base_dir=path.parent)
    live.env.run(until=live.end)
    return live.log.hash


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hashes")
    (path / "mine.py").write_text(GRID.CODE, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", HASHES["grid"])
def test_a_case_of_the_grid_plays_as_before(name: str, folder: Path) -> None:
    assert _of_case(name, folder) == HASHES["grid"][name]


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_shipped_scenario_plays_as_before(path: Path) -> None:
    assert _of_scenario(path) == HASHES["scenarios"][path.stem]


def test_every_shipped_scenario_has_a_hash() -> None:
    assert {path.stem for path in SCENARIOS} == set(HASHES["scenarios"])


def main() -> None:
    """Write the hashes anew."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "mine.py").write_text(GRID.CODE, encoding="utf-8")
        found = {
            "grid": {case: _of_case(case, folder) for case in GRID.CASES},
            "scenarios": {path.stem: _of_scenario(path) for path in SCENARIOS},
        }
    STORED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
