"""The manifest of a run: what was run, with what, and what is known of it besides its tables."""

from __future__ import annotations

import importlib.metadata
import platform
import resource
import sys
from datetime import datetime
from typing import Any, Final

from sim.record.folder import FORMAT
from sim.scenario import Scenario, scenario_hash
from sim.scenario.feed import Pools
from sim.scenario.viral import viral_of

__all__ = ["facts", "first_manifest", "peak_rss_bytes", "versions"]

_PACKAGES: Final = (
    "numpy",
    "numba",
    "simpy",
    "scipy",
    "pydantic",
    "polars",
    "pyarrow",
    "matplotlib",
)


def first_manifest(
    scenario: Scenario, seed: int, engine: str, *, shards: int, command: str
) -> dict[str, Any]:
    """What is known of a run when it begins; it says that the run has not finished."""
    return {
        "format": FORMAT,
        "finished": False,
        "scenario": scenario.name,
        "question": scenario.question,
        "scenario_hash": scenario_hash(scenario),
        "seed": int(seed),
        "engine": engine,
        "shards": shards,
        "command": command,
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
        "versions": versions(),
        **facts(scenario),
    }


def facts(scenario: Scenario) -> dict[str, Any]:
    """What the analysis has to know about a run besides its tables; part of the manifest."""
    policy = scenario.feed.cold_start
    return {
        "users": scenario.population.users,
        "duration_s": float(scenario.duration),
        "warmup_s": float(scenario.warmup),
        "refresh_s": float(scenario.refresh),
        "timeline_s": float(scenario.record.timeline),
        "viral": viral_of(scenario).to_dict(),
        "mean_impressions": scenario.catalogue.mean_impressions,
        "pools": policy.levels if isinstance(policy, Pools) else 0,
        "locales": [
            {
                "name": place.name,
                "share": float(place.share),
                "utc_offset_s": float(place.utc_offset),
            }
            for place in scenario.population.locales
        ],
    }


def versions() -> dict[str, str]:
    """Versions of what a result may depend on."""
    found = {"foryou": importlib.metadata.version("foryou"), "python": platform.python_version()}
    found.update({name: importlib.metadata.version(name) for name in _PACKAGES})
    return found


def peak_rss_bytes() -> int:
    """Largest memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) if sys.platform == "darwin" else int(peak) * 1024
