"""Every scenario that ships runs, at a small size, from file to summary."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.scenario import load
from sim.simulate import Run, simulate

SCENARIOS = sorted((Path(__file__).resolve().parents[1] / "scenarios").glob("*.yaml"))


def test_the_promised_scenarios_are_there() -> None:
    assert {"baseline", "zero_followers", "trending_sound"} <= {p.stem for p in SCENARIOS}


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_it_runs_small(path: Path, tmp_path: Path) -> None:
    scenario = load(path, ["population.users=200", "duration=2 d"])
    done = simulate(scenario, seed=7, out=tmp_path / "run", plots=False, base_dir=path.parent)
    again = Run.open(done.path)
    assert again.manifest["impressions"] > 1_000
    assert again.manifest["event_log_hash"].endswith(f"-{again.manifest['impressions']}")
    planned = {probe.name: probe.videos for probe in scenario.probes}
    found = again.table("probes").group_by("probe").len()
    assert dict(found.iter_rows()) == planned
    for name in planned:
        assert again.summary["probes"][name]["viral_share"] is not None
