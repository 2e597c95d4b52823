"""A whole run of an engine, measured: ``python whole.py '{"users": 10000, ...}'``.

It runs in a process of its own, so that memory and compiled code are those of one run. The last
line of its output is the result as JSON.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["PHASES", "REFRESH_S", "Stopwatch", "Whole", "measure"]

PHASES = ("retrieve", "rank", "play", "refresh", "record")
REFRESH_S = 60.0


@dataclass(frozen=True)
class Whole:
    """One run. Time begins at noon, when many are awake; sessions fill up during ``lead_s``."""

    name: str
    users: int
    lead_s: float
    stretch_s: float
    stretches: int = 3
    engine: str = "fast"
    shards: int = 1
    seed: int = 1
    events: bool = False
    candidates: int = 200
    slate: int = 10
    history_s: float = 7 * 86_400.0
    times: int = 1
    """processes that play it; the one of median speed counts"""
    stages: bool = False
    """also split the kernel's time into retrieve, rank and play; with one shard only"""
    overrides: dict[str, Any] = field(default_factory=dict)

    def scenario(self) -> dict[str, Any]:
        """Everything else is a default: 16 topics, cold-start pools, event log off."""
        end = self.lead_s + self.stretch_s * self.stretches
        return {
            "name": "bench",
            "seed": self.seed,
            "duration": end + REFRESH_S,
            "refresh": REFRESH_S,
            "population": {
                "users": self.users,
                "topics": 16,
                "locales": [{"name": "noon", "share": 1.0, "utc_offset": 12 * 3600.0}],
            },
            "catalogue": {"history": self.history_s},
            "feed": {"candidates": self.candidates, "slate": self.slate},
        }


class Stopwatch:
    """Time by phase, exclusive: what an inner part takes is not counted for the outer one."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._now = now
        self._inner: list[float] = []

    def wrap(self, owner: type, name: str, phase: str) -> None:
        """Book the time of a method under ``phase`` from now on."""
        original = getattr(owner, name)

        def timed(*args: Any, **kwargs: Any) -> Any:
            self._inner.append(0.0)
            began = self._now()
            try:
                return original(*args, **kwargs)
            finally:
                took = self._now() - began
                self.seconds[phase] += took - self._inner.pop()
                if self._inner:
                    self._inner[-1] += took

        setattr(owner, name, timed)


def _watch_clock_actions(watch: Stopwatch) -> None:
    from sim.engine.fast import FastEngine
    from sim.engine.lines import Lines
    from sim.engine.platform import Platform
    from sim.record.recorders import EventLog, Paths, Timeline

    for name in ("admit_uploads", "refresh", "follow_trends"):
        watch.wrap(Platform, name, "refresh")
    watch.wrap(Lines, "update", "refresh")
    watch.wrap(FastEngine, "finish_window", "kernel")
    watch.wrap(Timeline, "add", "record")
    watch.wrap(Paths, "notice", "record")
    watch.wrap(Paths, "snapshot", "record")
    watch.wrap(EventLog, "keep", "record")


def _count_visits() -> list[int]:
    """From now on the only entry is how many users the kernel went through, one window each."""
    from sim.engine.fast import FastEngine

    original, total = FastEngine._play_some, [0]

    def counted(self: Any, part: int, thread: Any, order: Any, last: int, *rest: Any) -> None:
        total[0] += last
        original(self, part, thread, order, last, *rest)

    FastEngine._play_some = counted  # type: ignore[method-assign]
    return total


def _status(field_name: str) -> int | None:
    """A field of the process's own memory account, bytes; None where there is none."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(field_name + ":"):
                return int(line.split()[1]) * 1024
    return None


def _base_bytes() -> int:
    """Memory now, with the peak set back to it where the system can do that."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _peak_bytes() -> int:
    return _status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _stages(live: Any) -> Any:
    """Stage counters as they are now; the fast engine books them only at the end of a run."""
    book = getattr(live.engine, "_book_stages", None)
    if book is not None:
        book()
    return live.platform.stages


def _all_cpu_s() -> float:
    """CPU seconds that all processes together had of the processors this one may use."""
    import psutil

    times = psutil.cpu_times(percpu=True)
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(len(times))
    idle = ("idle", "iowait", "guest", "guest_nice")  # guest time is in user time already
    return sum(
        seconds
        for cpu in allowed
        if cpu < len(times)
        for name, seconds in times[cpu]._asdict().items()
        if name not in idle
    )


def measure(spec: Whole) -> dict[str, Any]:
    """Build and play the run; see the keys of the result below."""
    from sim.assemble import assemble
    from sim.engine.warm import WARM_UP
    from sim.scenario import Scenario

    now = time.process_time if spec.shards == 1 else time.perf_counter
    warm = assemble(WARM_UP, 0, engine=spec.engine, shards=spec.shards)
    warm.env.run(until=warm.end)
    if spec.stages:
        from phases import StageTimer

        StageTimer(warm).compile()
    del warm
    base = _base_bytes()
    watch = Stopwatch(now)
    _watch_clock_actions(watch)
    visits = _count_visits()
    scenario = Scenario.model_validate(_merged(spec.scenario(), spec.overrides))
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events.parquet" if spec.events else None
        began = time.perf_counter()
        live = assemble(
            scenario, spec.seed, engine=spec.engine, shards=spec.shards, events=events,
            base_dir=Path(__file__).parent, allow_code=True,
        )  # fmt: skip
        built = time.perf_counter() - began
        # a hair behind the tick, so that the window that ends there is in
        live.env.run(until=spec.lead_s + 1e-3)
        stages = _stages(live)
        first, requests, candidates = live.platform.impressions, stages.requests, stages.retrieved
        visited = visits[0]
        phases: list[dict[str, float]] = []
        walls, cpus, counts, others = [], [], [], 0.0
        before = first
        for number in range(1, spec.stretches + 1):
            watch.seconds.clear()
            retrieved = _stages(live).retrieved
            everyone = _all_cpu_s()
            wall, cpu = time.perf_counter(), time.process_time()
            live.env.run(until=spec.lead_s + number * spec.stretch_s + 1e-3)
            if number == spec.stretches and spec.events:
                live.log.close()
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
            others += max(_all_cpu_s() - everyone - cpus[-1], 0.0)
            counts.append(live.platform.impressions - before)
            before = live.platform.impressions
            seconds = dict(watch.seconds)
            if spec.stages:
                sample = StageTimer(live).sample()
                # other surfaces than For You have fewer candidates and cost less
                scale = (_stages(live).retrieved - retrieved) / sample["retrieved"] * 1e-9
                seconds["retrieve"] = sample["retrieve"] * scale
                seconds["rank"] = sample["rank"] * scale
                seconds["play"] = seconds["kernel"] - seconds["retrieve"] - seconds["rank"]
            phases.append(seconds)
    peak = _peak_bytes()
    played = live.platform.impressions - first
    stages = _stages(live)
    if spec.events:
        speed_wall, speed_cpu = played / sum(walls), played / sum(cpus)  # the log is closed once
    else:
        speed_wall = statistics.median(n / s for n, s in zip(counts, walls, strict=True))
        speed_cpu = statistics.median(n / s for n, s in zip(counts, cpus, strict=True))
    result: dict[str, Any] = {
        "spec": asdict(spec),
        "impressions": live.platform.impressions,
        "measured": played,
        "requests": stages.requests - requests,
        "retrieved": stages.retrieved - candidates,
        "videos": int(live.world.videos.count),
        "build_s": built,
        "wall_s": sum(walls),
        "cpu_s": sum(cpus),
        "others_s": others,
        "per_s": speed_wall,
        "per_cpu_s": speed_cpu,
        "peak_bytes": peak,
        "bytes_a_user": (peak - base) / spec.users,
    }
    if spec.engine == "fast":
        # what the bare kernel is to do as well
        result["visits_a_window"] = (visits[0] - visited) / (
            spec.stretches * spec.stretch_s / REFRESH_S
        )
        result["fresh"] = len(live.platform.view.index.fresh)
        result["trending"] = len(live.platform.view.index.trending)
        result["shown_places"] = float(live.engine._memory.users["seen_size"].mean())
        busy = live.engine._memory.users["seen_size"][live.engine._memory.users["mode"] == 1]
        result["busy_shown_places"] = float(busy.mean()) if len(busy) else 0.0
    ns = {
        name: statistics.median(s.get(name, 0.0) / n for s, n in zip(phases, counts, strict=True))
        for name in ("kernel", *PHASES)
    }
    result["phase_ns"] = {name: value * 1e9 for name, value in ns.items()}
    return result


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in over.items():
        old = merged.get(name)
        merged[name] = _merged(old, value) if isinstance(old, dict) else value
    return merged


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(Whole(**json.loads(sys.argv[1])))) + "\n")
