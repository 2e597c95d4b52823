"""How good the estimate before a run is: ``python tests/bench/estimate.py [NAME ...]``.

Plays scenarios with the command, on one thread, and prints what it expected beside what they took:
impressions, memory at the peak, CPU seconds of the whole command. Where a column is far from 1
the constants in ``sim/engine/estimate.py`` want another look.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sim.engine.estimate import estimate_run  # noqa: E402 (this tree, not an installed one)
from sim.scenario import load  # noqa: E402

BASELINE, ZERO = "scenarios/baseline.yaml", "scenarios/zero_followers.yaml"
CASES: dict[str, tuple[str, ...]] = {
    "baseline": (BASELINE,),
    "zero_followers": (ZERO,),
    "week": (BASELINE, "population.users=2_000", "duration=7 d"),
    "tiny": (BASELINE, "population.users=300", "duration=3 d"),
    "no pools": (BASELINE, "feed.cold_start={policy: none}"),
    "seen again": (BASELINE, "population.users=2_000", "feed.filters=[own]"),
    "rare": (BASELINE, "behaviour.session.sessions_per_day=0.3"),
    "long sessions": (BASELINE, "behaviour.session.leave=0.004"),
    "short sessions": (BASELINE, "behaviour.session.leave=0.1"),
    "many videos": (BASELINE, "catalogue.history=100 d"),
    "few candidates": (BASELINE, "feed.candidates=50"),
    "evening": (
        BASELINE, "population.users=100_000", "duration=2 h", "warmup=0 s",
        "population.locales=[{name: east, share: 100 %, utc_offset: 20 h}]",
    ),
    "million": (
        BASELINE, "population.users=1_000_000", "duration=20 min", "warmup=0 s",
        "population.locales=[{name: noon, share: 100 %, utc_offset: 12 h}]",
    ),
    "event log": (BASELINE, "record.events=true"),
}  # fmt: skip


def played(out: Path, scenario: str, *changes: str) -> tuple[dict[str, Any], float]:
    """(manifest, CPU seconds) of a run on one thread."""
    command = [sys.executable, "-m", "sim.cli.main", "run", scenario, "--quiet", "--shards", "1"]
    command += ["--out", str(out), *(part for change in changes for part in ("--set", change))]
    before = os.times()
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    after = os.times()
    cpu_s = after.children_user - before.children_user
    cpu_s += after.children_system - before.children_system
    return json.loads((out / "manifest.json").read_text("utf-8")), cpu_s


def main(names: list[str]) -> None:
    """Play the cases and print a line of each."""
    sys.stdout.write("expected, measured:          impressions             GiB           CPU s\n")
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(names or CASES):
            scenario, *changes = CASES[name]
            loaded = load(ROOT / scenario, changes)
            need = estimate_run(loaded, "fast", 1)
            # the manifest knows nothing of the memory of the process that draws
            need_bytes = estimate_run(loaded, "fast", 1, plots=False).bytes
            manifest, cpu_s = played(Path(folder) / str(number), scenario, *changes)
            shown, peak = manifest["impressions"], manifest["peak_rss_bytes"]
            sys.stdout.write(
                f"{name:<16}{need.impressions:>12,.0f} {shown:>12,} "
                f"{need_bytes / 2**30:>8.2f} {peak / 2**30:>7.2f} "
                f"{need.seconds:>8.1f} {cpu_s:>7.1f}      ratios "
                f"{need.impressions / shown:.2f} {need_bytes / peak:.2f} "
                f"{need.seconds / cpu_s:.2f}\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
