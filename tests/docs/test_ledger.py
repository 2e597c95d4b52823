"""The ledger has a line for every part of behaviour, and names settings that exist."""

from __future__ import annotations

import re
from pathlib import Path

from sim.scenario import Scenario
from sim.scenario.behaviour import BehaviourConfig

LEDGER = (Path(__file__).parents[2] / "docs" / "explanation" / "ledger.md").read_text("utf-8")


def test_every_group_of_behaviour_has_a_line() -> None:
    rows = [line for line in LEDGER.splitlines() if line.startswith("|")]
    for group in BehaviourConfig.model_fields:
        assert any(f"`behaviour.{group}" in row for row in rows), group


def test_settings_that_it_names_exist() -> None:
    scenario = Scenario(name="x", duration=3_600.0)
    named = re.findall(r"`((?:behaviour|creators|catalogue|population)[.\w*]*)`", LEDGER)
    assert len(named) > 15
    for path in named:
        node: object = scenario
        for part in path.split("."):
            if "*" in part:
                ending = part.replace("*", "")
                assert any(name.endswith(ending) for name in type(node).model_fields)  # type: ignore[attr-defined]
                break
            assert hasattr(node, part), path
            node = getattr(node, part)
