"""What is measured: the sections of the suite, each a function that returns numbers."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from whole import Whole

__all__ = [
    "BASE", "FIRST_WINDOW", "SCORERS", "SECTIONS", "SIZES", "SWEEP", "Result", "Suite", "toy",
]  # fmt: skip

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
Result = dict[str, Any]

_HOUR = 3_600.0
SIZES = {
    "10k": Whole("10k", 10_000, 1_200.0, _HOUR, stages=True),
    "100k": Whole("100k", 100_000, 1_200.0, 600.0, stages=True),
    "1m": Whole("1m", 1_000_000, 1_200.0, 600.0, stages=True),
    "10m": Whole("10m", 10_000_000, 1_200.0, 600.0, stretches=1, stages=True),
}
"""Stretches are multiples of the 10 minutes between two builds of the indexes."""
BASE = SIZES["100k"]
SWEEP: dict[str, list[Whole]] = {
    "candidates": [replace(BASE, name=f"candidates {n}", candidates=n) for n in (50, 100, 400)],
    "slate": [replace(BASE, name=f"slate {n}", slate=n) for n in (5, 20)],
    "videos": [
        replace(BASE, name=f"history {days} d", history_s=days * 86_400.0) for days in (1, 28)
    ],
}
"""One setting at a time away from ``BASE``."""
SCORERS = {
    "built-in": ["value"],
    "compiled": ["value", "own_score:small_first"],
    "Python": ["value", "own_score:SmallFirst"],
}
"""Lists of scorers that are compared; the last two give the same feed."""
REFERENCE = Whole("reference", 2_000, 1_200.0, 600.0, engine="reference")
FIRST_WINDOW = """
from sim.assemble import assemble
from sim.scenario import Scenario
live = assemble(Scenario(name="start", duration=3600.0), 0, engine="fast")
live.env.run(until=60.001)
"""
_MAIN = "import sys; from sim.cli.main import main; sys.exit(main())"


def toy() -> tuple[dict[str, Whole], Whole]:
    """The same suite in seconds: worlds so small that the numbers mean nothing."""
    size = Whole("toy", 300, 600.0, 600.0, stretches=1, stages=True, candidates=20)
    return {"toy": size}, replace(REFERENCE, users=100, stretches=1)


class Suite:
    """Runs sections, every measurement in a process of its own."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._env = {**os.environ, "PYTHONPATH": str(ROOT)}

    def whole(self, spec: Whole) -> Result:
        """One run."""
        self._say(f"run: {spec.name}, {spec.engine}, {spec.shards} shard(s)")
        return self._child("whole.py", json.dumps(asdict(spec)))

    def scorers(self, base: Whole) -> dict[str, Result]:
        """The same world with scorers of one's own."""
        return {
            name: self.whole(
                replace(base, name=f"score {name}", overrides={"feed": {"score": scorers}})
            )
            for name, scorers in SCORERS.items()
        }

    def yardsticks(self, run: Result, reference: Whole, least_s: float = 2.0) -> Result:
        """What to compare ``run`` with, at the same numbers of users, videos and impressions."""
        users, videos = int(run["spec"]["users"]), int(run["videos"])
        per_request = run["measured"] / run["requests"]
        shown = 1
        while shown < run["busy_shown_places"] / 1.5:  # to the nearest power of two
            shown *= 2
        sized: Result = {
            "users": users, "videos": videos, "active": max(users // 50, 1),
            "per_request": per_request, "least_s": least_s,
        }  # fmt: skip
        simpy = {"users": min(users, 10_000), "videos": videos, "per_request": per_request}
        arrays = {**sized, "online": sized["active"]}
        del arrays["active"]
        result: Result = {"reference": self.whole(reference), "of": run["spec"]["name"]}
        self._say("yardsticks: SimPy, NumPy, bare kernel")
        result["simpy"] = self._child(
            "feeds.py", "simpy", json.dumps({**simpy, "least_s": least_s})
        )
        result["numpy"] = self._child("feeds.py", "numpy", json.dumps(arrays))
        result["bare"] = self._child("bare.py", json.dumps({**sized, "shown": shown}))
        result["bare_2k"] = self._child("bare.py", json.dumps({**sized, "shown": 512}))
        result["shown"], result["per_request"] = shown, per_request
        return result

    def start_up(self, repeats: int = 5) -> Result:
        """Seconds from a fresh process; compiling once into an empty cache."""
        self._say("start-up")
        result = {
            name: statistics.median(self._seconds(*arguments) for _ in range(repeats))
            for name, arguments in (
                ("python", ("-c", "pass")),
                ("help", ("-c", _MAIN, "--help")),
                ("import", ("-c", "import sim.assemble")),
                ("first_window", ("-c", FIRST_WINDOW)),
            )
        }
        with tempfile.TemporaryDirectory() as folder:
            cold = {**self._env, "FORYOU_CACHE_DIR": folder}
            cold.pop("NUMBA_CACHE_DIR", None)
            result["cold"] = self._seconds("-c", FIRST_WINDOW, env=cold)
        return result

    def small_worlds(self) -> Result:
        """Seconds of whole commands: tables, summary and pictures included."""
        self._say("small worlds")
        scenarios = ROOT / "scenarios"
        commands = {
            "zero_followers": (
                str(scenarios / "zero_followers.yaml"), "--set", "population.users=20_000",
                "--set", "duration=3 d",
            ),
            "small_week": (
                str(scenarios / "baseline.yaml"), "--set", "population.users=2_000",
                "--set", "duration=7 d",
            ),
        }  # fmt: skip
        result: Result = {}
        for name, arguments in commands.items():
            seconds = []
            for _ in range(3):
                with tempfile.TemporaryDirectory() as folder:
                    out = Path(folder) / "run"
                    seconds.append(
                        self._seconds("-c", _MAIN, "run", *arguments, "--out", str(out), "-q")
                    )
                    manifest = json.loads((out / "manifest.json").read_text())
            result[name] = {
                "seconds": statistics.median(seconds),
                "impressions": manifest["impressions"],
                "wall_seconds": manifest["wall_seconds"],
            }
        return result

    def _seconds(self, *arguments: str, env: dict[str, str] | None = None) -> float:
        """Wall time of a Python process."""
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, *arguments], env=env or self._env, check=False, capture_output=True,
            text=True,
        )  # fmt: skip
        took = time.perf_counter() - began
        if done.returncode:
            raise RuntimeError(f"{arguments}: {done.stderr}")
        return took

    def _child(self, script: str, *arguments: str) -> Result:
        """The JSON that a script of this folder prints last."""
        done = subprocess.run(
            [sys.executable, str(HERE / script), *arguments], env=self._env, check=False,
            capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{script} {arguments}:\n{done.stderr}")
        result: Result = json.loads(done.stdout.splitlines()[-1])
        return result


SECTIONS = ("whole", "shards", "log", "yardsticks", "scorers", "sweep", "startup", "small")
"""Names for ``--only``."""
