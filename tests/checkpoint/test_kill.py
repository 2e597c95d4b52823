"""A run that is killed again and again ends with the hash of one that never was."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.core.random import key, stream, uniform
from sim.scenario import load_file
from sim.simulate import simulate

ROOT = Path(__file__).resolve().parents[2]
LARGE = {"users": 20_000, "duration": "3 d", "kills": 20}
SMALL = {"users": 1_000, "duration": "2 d", "kills": 3}


def _foryou(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "sim.cli.main", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=ROOT)


def _ended(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate()
    assert process.returncode == 0, errors.decode()


@pytest.mark.parametrize(
    "size", [SMALL, pytest.param(LARGE, marks=pytest.mark.large)], ids=["small", "large"]
)
def test_a_run_that_is_killed_again_and_again(size: dict[str, int | str], tmp_path: Path) -> None:
    scenario, kills = ROOT / "scenarios" / "zero_followers.yaml", int(size["kills"])
    changes = [
        f"population.users={size['users']}", f"duration={size['duration']}", "warmup=12 h",
        f"catalogue.mean_impressions={int(size['users']) // 100}", "record.events=true",
        "viral={impressions: 2.5x}",
    ]  # fmt: skip
    began = time.perf_counter()
    expected = simulate(
        load_file(scenario, changes).scenario, out=tmp_path / "whole", plots=False
    ).manifest["event_log_hash"]
    whole_s = time.perf_counter() - began

    folder = tmp_path / "run"
    options = ["--quiet", "--no-plots"]
    first = ["run", str(scenario), "--out", str(folder), "--checkpoint", "3h", *options]
    for change in changes:
        first += ["--set", change]
    process, killed = _foryou(*first), 0
    while killed < kills and process.poll() is None:
        # while it starts nothing is there to be lost, so that is not waited for
        wanted = killed + 1 < kills // 2
        time.sleep(
            1.5 + (0.5 if wanted else 1.0) * whole_s * uniform(stream(key(7, "kill"), killed), 0)
        )
        process.kill()
        process.communicate()
        if not (folder / "manifest.json").is_file():
            process = _foryou(*first)  # it was killed before it had the folder
        elif json.loads((folder / "manifest.json").read_text())["finished"]:
            break
        else:
            process = _foryou("resume", str(folder), *options)
        killed += 1
    if not json.loads((folder / "manifest.json").read_text())["finished"]:
        _ended(process)
    assert json.loads((folder / "manifest.json").read_text())["event_log_hash"] == expected
