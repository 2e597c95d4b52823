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
from functools import partial
from pathlib import Path
from typing import Any

from turns import Partner, first_core, round_of
from versions import Player
from whole import REFRESH_S, Whole

__all__ = [
    "BASE", "BESIDE", "FIRST_WINDOW", "SCORERS", "SECTIONS", "SIZES", "SWEEP", "Result", "Suite",
    "toy",
]  # fmt: skip

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
Result = dict[str, Any]

_HOUR, _DAY = 3_600.0, 86_400.0
SIZES = {
    "10k": Whole("10k", 10_000, 1_200.0, _HOUR, stages=True),
    "100k": Whole("100k", 100_000, 1_200.0, 600.0, times=3, stages=True),
    "1m": Whole("1m", 1_000_000, 1_200.0, 600.0, times=3, stages=True, history_s=2 * _DAY),
    "1m-week": Whole("1m-week", 1_000_000, 1_200.0, 600.0, stages=True),
    "10m": Whole("10m", 10_000_000, 1_200.0, 600.0, stages=True),
}
"""Stretches are multiples of the 10 minutes between two builds of the indexes.

``1m`` is the run of the targets: 1 million users and a little more than 100,000 live videos.
"""
BESIDE = {"10m": "100k"}
"""Runs whose cost is compared, and so measured in one and the same call."""
_TURNS, _WINDOWS_A_TURN = 10, 4
"""Turns of a round, as many as there are windows between two builds of the indexes; and windows
that the smaller of two runs plays in a turn."""
_WINDOWS_BESIDE = 2
"""Windows that a run plays in a turn with another program."""
BASE = SIZES["100k"]
SWEEP: dict[str, list[Whole]] = {
    "candidates": [replace(BASE, name=f"candidates {n}", candidates=n) for n in (50, 100, 400)],
    "slate": [replace(BASE, name=f"slate {n}", slate=n) for n in (5, 20)],
    "videos": [replace(BASE, name=f"history {days} d", history_s=days * _DAY) for days in (1, 28)],
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

    def compile(self) -> None:
        """Have everything compiled: a process that compiles needs more memory than its run."""
        self._say("compile, unless it is done")
        sizes, _ = toy()
        for spec in sizes.values():
            self._child("whole.py", json.dumps(asdict(spec)))

    def whole(self, spec: Whole) -> Result:
        """One run, or the one of median speed among several; ``speeds`` has those of all."""
        self._say(f"run: {spec.name}, {spec.engine}, {spec.shards} shard(s)")
        runs = [self._child("whole.py", json.dumps(asdict(spec))) for _ in range(spec.times)]
        runs.sort(key=lambda run: run["per_s" if spec.shards > 1 else "per_cpu_s"])
        speeds = [run["per_cpu_s"] for run in runs]
        return {**runs[len(runs) // 2], "speeds": sorted(speeds)}

    def against(self, base: Whole, spec: Whole, speed: str) -> Result:
        """The run of median ``speed``, and how it compares with ``base``, in rounds.

        The speed of a machine changes within minutes, so a ratio is taken between neighbours.
        """
        rounds = [
            (self.whole(replace(base, times=1)), self.whole(replace(spec, times=1)))
            for _ in range(spec.times)
        ]
        ratios = [run[speed] / other[speed] for other, run in rounds]
        runs = sorted((run for _, run in rounds), key=lambda run: float(run[speed]))
        ratio = {"ratio": statistics.median(ratios), "ratios": sorted(ratios)}
        return {**runs[len(runs) // 2], **ratio}

    def in_turns(self, spec: Whole, other: Whole, rounds: int = 3) -> Result:
        """How many times as much an impression of ``spec`` costs as one of ``other``.

        Both play on one core, in turns that last a second or less, because the speed of memory
        changes within minutes. ``other`` is the smaller: it plays some windows at a time, so that
        the caches are its own again for most of its turn. A round has a build of the indexes.
        """
        self._say(f"in turns: {spec.name} and {other.name}")
        long = [
            replace(one, stretch_s=REFRESH_S, stretches=rounds * _TURNS * windows)
            for one, windows in ((spec, 1), (other, _WINDOWS_A_TURN))
        ]
        start = [partial(Player, ROOT, one, first_core()) for one in long]
        costs = _rounds(*start, 1, _WINDOWS_A_TURN, rounds)
        ratios = sorted(one / two for one, two in costs)
        return {"of": other.name, "ratio": statistics.median(ratios), "ratios": ratios}

    def scorers(self, base: Whole) -> dict[str, Result]:
        """The same world with scorers of one's own."""
        return {
            name: self.whole(
                replace(base, name=f"score {name}", overrides={"feed": {"score": scorers}})
            )
            for name, scorers in SCORERS.items()
        }

    def yardsticks(self, run: Result, reference: Whole, rounds: int = 5) -> Result:
        """What to compare ``run`` with, at the same numbers of users, videos and impressions.

        Each of the others takes turns with the run, on one core; of the rounds the middle one
        counts. A round has two builds of the indexes.
        """
        spec, requests = run["spec"], run["requests"]
        visits = run["visits_a_window"]
        windows = spec["stretches"] * spec["stretch_s"] / REFRESH_S
        users, per_request = int(spec["users"]), run["measured"] / requests
        feed: Result = {
            "users": users, "videos": int(run["videos"]), "per_request": per_request,
            "candidates": spec["candidates"], "slate": spec["slate"],
        }  # fmt: skip
        online = max(round(visits), 1)
        bare: Result = {
            **feed, "active": online, "per_visit": run["measured"] / (visits * windows),
            # other pages than For You ask for fewer, so the mean is below the setting
            "candidates": round(run["retrieved"] / requests),
            "fresh": run["fresh"], "trending": run["trending"],
        }  # fmt: skip
        places, few = run["busy_shown_places"], min(users, 10_000)
        result: Result = {
            "reference": self.whole(reference), "of": spec["name"], "shown": places,
            "per_request": per_request, "users": users, "videos": int(run["videos"]),
        }  # fmt: skip
        scripts: dict[str, tuple[str | Result, ...]] = {
            "simpy": ("feeds.py", "simpy", {**feed, "online": online}),
            "simpy_few": ("feeds.py", "simpy", {**feed, "users": few, "online": few}),
            "numpy": ("feeds.py", "numpy", {**feed, "online": online}),
            "bare": ("bare.py", {**bare, "places": places}),
            "bare_2k": ("bare.py", {**bare, "places": 512}),
        }
        own = replace(
            Whole(**spec), stretch_s=REFRESH_S, stretches=rounds * _TURNS * _WINDOWS_BESIDE
        )
        speeds = []
        for name, (script, *arguments) in scripts.items():
            self._say(f"in turns: {own.name} and {name}")
            given = [a if isinstance(a, str) else json.dumps(a) for a in arguments]
            costs = _rounds(
                partial(Player, ROOT, own, first_core()),
                partial(Partner, HERE / str(script), *given, str(first_core()), path=ROOT),
                _WINDOWS_BESIDE, None, rounds,
            )  # fmt: skip
            ratios = sorted(two / one for one, two in costs)
            speeds += [1e9 / one for one, _ in costs]
            result[name] = {
                "per_cpu_s": statistics.median(1e9 / two for _, two in costs),
                "ratio": statistics.median(ratios), "ratios": ratios,
            }  # fmt: skip
        result["own"] = {"per_cpu_s": statistics.median(speeds)}
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
                "all_seconds": sorted(seconds),
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


def _rounds(
    start: Callable[[], Partner], start_other: Callable[[], Partner], amount: float,
    other_amount: float | None, rounds: int,
) -> list[tuple[float, float]]:  # fmt: skip
    """Nanoseconds an impression takes with each of two partners, in every round of their turns."""
    partners: list[Partner] = []
    try:
        for begin in (start, start_other):
            partners.append(begin())
            partners[-1].answer()  # it is ready, and the other is not disturbed by its beginning
        one, two = partners
        return [round_of(one, amount, two, other_amount, _TURNS) for _ in range(rounds)]
    finally:
        for partner in partners:
            partner.stop()


SECTIONS = ("whole", "shards", "log", "yardsticks", "scorers", "sweep", "startup", "small")
"""Names for ``--only``."""
