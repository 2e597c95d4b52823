"""What random scenarios take of memory beside what was told: ``python tests/bench/memory.py [N]``.

Plays scenarios that are drawn by number (N of them, 50 if not said) with the command, one after
the other, and looks at the memory of its processes every twentieth of a second (what helpers
share with the first is counted once). Prints a line of each, and fails when a peak is more than
1.5 times what was told, or what was told more than 1.5 times the peak. Takes a quarter of an hour;
what is done is kept in ``--keep FOLDER``, so that the same command goes on.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import psutil

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sim.core.random import key, stream, uniform  # noqa: E402 (this tree, not an installed one)
from sim.engine.estimate import estimate_run  # noqa: E402
from sim.scenario import Scenario, load  # noqa: E402

ALLOWED: Final = 1.5
_MOST_S: Final = 25.0
"""A scenario that would take longer is made shorter, s."""
_MOST_BYTES: Final = 4e9
"""One that would take more is played with fewer people."""
_LOOK_S: Final = 0.05


class Luck:
    """Numbers of one case."""

    def __init__(self, case: int) -> None:
        self._lane = stream(key(18, "bench/memory"), case)
        self._drawn = 0

    def part(self) -> float:
        """From 0 to 1."""
        self._drawn += 1
        return float(uniform(self._lane, self._drawn))

    def between(self, low: float, high: float) -> float:
        """From ``low`` to ``high``, each doubling as likely as another."""
        return float(low * (high / low) ** self.part())

    def one(self, *things: Any) -> Any:
        """One of them."""
        return things[min(int(self.part() * len(things)), len(things) - 1)]


def random_case(number: int) -> tuple[list[str], dict[str, Any]]:
    """Changes of the baseline, and how it is run."""
    luck = Luck(number)
    how = {
        "engine": "reference" if luck.part() < 0.1 else "fast",
        "shards": luck.one(1, 1, 2, 3),
        "plots": luck.part() < 0.4,
        "checkpoints": luck.part() < 0.3,
    }
    if how["engine"] == "reference":
        how["checkpoints"] = False  # it keeps none
    users = int(luck.between(200, 1_500 if how["engine"] == "reference" else 400_000))
    changes = [
        f"population.topics={luck.one(8, 16, 20, 48)}",
        f"population.follows={luck.one(0, 10, 25, 80)}",
        f"population.creators={luck.one('2 %', '5 %', '20 %')}",
        f"catalogue.history={luck.one('1 d', '3 d', '14 d', '60 d')}",
        f"refresh={luck.one('1 min', '2 min', '10 min')}",
        f"record.timeline={luck.one('10 min', '1 h', '6 h')}",
        f"record.tracked={luck.one(0, 20, 1_000)}",
        f"record.events={str(luck.part() < 0.25).lower()}",
        f"behaviour.session.sessions_per_day={luck.one(0.5, 2, 6)}",
        f"feed.slate={luck.one(4, 8, 12)}",
        f"feed.cold_start.policy={luck.one('pools', 'pools', 'none')}",
        f"seed={number}",
    ]
    hours = luck.between(1.0, 240.0)
    while True:
        size = [f"population.users={users}", f"duration={hours * 60:.0f} min"]
        told = _told(_scenario([*changes, *size]), how)
        if told.bytes > _MOST_BYTES:
            users = int(0.8 * users)
        elif told.seconds > _MOST_S and hours > 0.3:
            hours *= 0.8
        else:
            return [*size, *changes], how


def _scenario(changes: list[str]) -> Scenario:
    return load(ROOT / "scenarios" / "baseline.yaml", ["warmup=0 s", *changes])


def _told(scenario: Scenario, how: Mapping[str, Any]) -> Any:
    return estimate_run(
        scenario, how["engine"], how["shards"], plots=how["plots"], checkpoints=how["checkpoints"]
    )


def _taken(process: psutil.Process) -> int:
    """Bytes that a process and those it started take together."""
    total = int(process.memory_info().rss)
    for one in process.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            total += int(one.memory_full_info().uss)
    return total


def peak_bytes(changes: list[str], how: Mapping[str, Any], out: Path) -> int:
    """Play a case; the most that was taken at one time."""
    command = [sys.executable, "-m", "sim.cli.main", "run", "scenarios/baseline.yaml", "--quiet"]
    command += ["--out", str(out), "--engine", how["engine"], "--shards", str(how["shards"])]
    command += [] if how["plots"] else ["--no-plots"]
    command += ["--checkpoint", "3h"] if how["checkpoints"] else []
    for change in ["warmup=0 s", *changes]:
        command += ["--set", change]
    started = psutil.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak = 0
    while started.poll() is None:
        with contextlib.suppress(psutil.Error):
            peak = max(peak, _taken(started))
        time.sleep(_LOOK_S)
    if started.returncode:
        raise SystemExit(started.stderr.read().decode())
    return peak


def main(arguments: list[str]) -> int:
    """Play the cases that are not done, print all; 1 when one lies outside the bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="?", type=int, default=50)
    parser.add_argument("--keep", type=Path, help="folder for what is done")
    options = parser.parse_args(arguments)
    worst = 1.0
    with tempfile.TemporaryDirectory() as folder:
        keep = options.keep or Path(folder) / "done"
        keep.mkdir(parents=True, exist_ok=True)
        for number in range(options.cases):
            changes, how = random_case(number)
            told = _told(_scenario(changes), how)
            done = keep / f"{number}.json"
            if not done.is_file():
                peak = peak_bytes(changes, how, Path(folder) / str(number))
                done.write_text(json.dumps({"peak": peak}), "utf-8")
            peak = json.loads(done.read_text("utf-8"))["peak"]
            ratio = peak / told.bytes
            worst = max(worst, ratio, 1.0 / ratio)
            sys.stdout.write(
                f"{number:>3}  told {told.bytes / 2**20:>7,.0f} MiB  peak {peak / 2**20:>7,.0f} "
                f"MiB  {ratio:.2f}  {how['engine']:<9} {' '.join(changes)}\n"
            )
            sys.stdout.flush()
    sys.stdout.write(f"farthest apart: {worst:.2f}; allowed {ALLOWED}\n")
    return int(worst > ALLOWED)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
