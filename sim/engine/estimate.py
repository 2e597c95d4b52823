"""What a run will need, before it starts: memory, and time on an ordinary computer.

Plain Python without compiled code, so that ``foryou check`` answers at once. The sizes of rows
that are written here as numbers are held to those of the engine by a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

from sim.core.errors import ResourceError
from sim.core.helper import cores
from sim.core.sources import SOURCES
from sim.core.surfaces import SURFACES
from sim.engine.demand import Demand, expected_demand
from sim.scenario import Scenario
from sim.world.expected import creator_count, expected_posts, further_accounts

__all__ = [
    "COMPILE_S", "LONG_S", "ROW_BYTES", "SEEN_BYTES", "Estimate", "default_shards", "estimate_run",
    "refuse_what_cannot_fit",
]  # fmt: skip

COMPILE_S = 115.0
"""Compiling the engine, which is done once, s."""
LONG_S = 3_600.0
"""A run longer than this is announced before it starts."""
ROW_BYTES = {
    "user": 64, "slot": 8, "person": 32, "card": 64, "reel": 64, "packed": 128, "counts": 160,
    "affinities": 3 * 8 * 8, "newcomer": 160,
    "inbox": 8 * 25, "bored": 4 * 8 * 8 + 8, "mood": 9, "presence": 8, "bells": 16,
    "parts": 144,
}  # fmt: skip
"""Bytes of a row in the engine's tables."""

# ---- memory ------------------------------------------------------------------------------------

SEEN_BYTES = 14.0
"""Bytes a remembered impression takes: a hash table at most five eighths full, which doubles."""
_BASE_BYTES = 500e6
"""Interpreter, libraries and compiled code: 0.37 GiB, and 0.65 GiB in the run that compiles."""
_DRAWER_BYTES = 210e6
"""The process that draws the pictures: 0.19 GiB."""
_TABLES_BYTES, _THREAD_BYTES = 120_000.0, 50_000.0
"""Tables of watch percentiles; those of a thread, and its rooms."""
_OUTBOX_BYTES = 3.4e6
"""What a thread has room for to be sent within a window."""
_BUSY_CELLS = 12
"""Pairs of a surface and a source in which anything happens in a bin of the timeline."""
_PATH_BYTES = 8.0 * (6 + 8 + len(SURFACES))
"""A video in a snapshot: time, number, counters."""
_TABLE_ROW_BYTES = 8.0 * 40
"""A row of the tables of users, videos and creators, on average."""
_COPIES = 3.0
"""A table is there as it was counted, as it is written, and as it is read back."""
_EVENT_BYTES = 150.0
"""An event of the log, in memory and on its way to the file."""
_LOG_BYTES = 150e6
"""Chunks of an event log before they are written."""
_REFERENCE_BYTES = 8_000.0
"""More bytes a user of the reference engine: a process, a set and a list each."""

# ---- time --------------------------------------------------------------------------------------
# Measured with ``python tests/bench/estimate.py`` on one core of an AMD EPYC of 2023, shared with
# other work: another processor may be twice as fast or slow.

_START_S = 1.3
"""Importing the libraries and loading compiled code, s."""
_END_S = 1.2
"""Tables and summary of a small run, s."""
_PLOTS_S = 1.6
"""Pictures, s."""
_USER_S, _VIDEO_S = 4e-6, 4e-6
"""Building the world, s a user and a video, and writing its tables."""
_WINDOW_S = 300e-6
"""What is done once a window whatever happens in it, s."""
_WAKE_S = 1.5e-9
"""Looking whether a user acts in a window, s."""
_INDEX_S = 200e-9
"""Building the indexes, s a video."""
_IMPRESSION_S = 450e-9
"""Playing an impression, s."""
_REQUEST_S = 1e-6
"""A request without its candidates, s."""
_CANDIDATE_S, _FARTHER_S = 20e-9, 4.3e-9
"""A candidate among few videos, and how much more for each doubling of the catalogue, s."""
_NEAR_VIDEOS = 4_000.0
"""Videos that fit the caches near a core."""
_LOG_S = 700e-9
"""Writing an impression to the event log, s."""
_MORE_THREADS = 0.75
"""What each thread after the first adds to the speed of one."""
_REFERENCE = 35.0
"""How many times the reference engine takes as long for an impression."""


@dataclass(frozen=True)
class Estimate:
    """What a run is expected to need."""

    bytes: float
    """memory at its peak"""
    impressions: float
    seconds: float
    """real time from the command to the last picture; right within a factor of two or three"""


def default_shards(scenario: Scenario) -> int:
    """As many threads as there are cores, but none with fewer than two thousand users."""
    return max(1, min(cores(), scenario.population.users // 2_000))


def estimate_run(
    scenario: Scenario, engine: str, shards: int = 1, *, plots: bool = True,
    checkpoints: bool = False,
) -> Estimate:  # fmt: skip
    """Expected peak memory, impressions and time of a run with ``shards`` threads.

    Components of the user's own are not looked at: what they take comes on top.
    """
    demand = expected_demand(scenario)
    size = _bytes(scenario, engine, shards, demand.impressions, plots)
    if checkpoints:
        size += demand.impressions * SEEN_BYTES  # sets are laid side by side to be written
    return Estimate(
        size,
        demand.impressions,
        _seconds(scenario, engine, shards, demand, plots),
    )


def _videos(scenario: Scenario) -> float:
    return sum(expected_posts(scenario)) + sum(probe.videos for probe in scenario.probes)


def _fixed_bytes(plots: bool) -> float:
    """What a run needs whatever the scenario."""
    return _BASE_BYTES + (_DRAWER_BYTES if plots else 0.0)


def _bytes(scenario: Scenario, engine: str, shards: int, impressions: float, plots: bool) -> float:
    users = scenario.population.users
    dims = -(-scenario.population.topics // 16) * 16
    row = ROW_BYTES
    per_user = (
        dims * (1 + 4)  # true interests, believed profile
        + row["affinities"]
        + row["user"] + row["person"] + 8  # and the time of the next event
        + row["packed"]
        + scenario.feed.slate * row["slot"]
        + scenario.population.follows * 4 + 16
        + 4 * 4 + 17  # traits, account
        + sum(row[name] for name in _mechanisms(scenario))
    )  # fmt: skip
    if scenario.population.joining > 0.0:
        per_user += 4 + scenario.population.joining * row["newcomer"]
    per_video = dims * 2 + row["card"] + row["reel"] + (row["packed"] + 16) * shards
    per_video += row["counts"] + row["parts"] * (shards + 1) + 270
    size = _fixed_bytes(plots) + users * per_user + _videos(scenario) * per_video
    size += impressions * SEEN_BYTES
    size += _TABLES_BYTES + shards * _THREAD_BYTES
    if "inbox" in _mechanisms(scenario):
        size += shards * _OUTBOX_BYTES
    size += (creator_count(scenario) + further_accounts(scenario)) * (dims + 120)
    size += max(_recorded_bytes(scenario, shards, impressions), _table_bytes(scenario))
    if scenario.record.events:
        size += min(_LOG_BYTES, impressions * _EVENT_BYTES)
    if engine == "reference":
        size += users * _REFERENCE_BYTES + impressions * 60.0
    return size


def _mechanisms(scenario: Scenario) -> list[str]:
    """Tables of mechanisms that have a row for each user."""
    b = scenario.behaviour
    found = ["presence"]
    bores = (b.boredom.creator, b.boredom.topic, b.boredom.sound, b.boredom.format)
    if any(slope > 0.0 for slope in bores):
        found.append("bored")
    if b.satisfaction.enabled:
        found.append("mood")
    if b.notifications.enabled:
        found.append("bells")
    if b.notifications.enabled or b.sharing.contacts > 0.0:
        found.append("inbox")
    return found


def _recorded_bytes(scenario: Scenario, shards: int, impressions: float) -> float:
    """The timeline, and the paths of single videos, as they are counted and then written."""
    record, refresh = scenario.record, float(scenario.refresh)
    duration, bin_s = float(scenario.duration), float(record.timeline)
    counters = ROW_BYTES["counts"]
    cells = len(SURFACES) * len(SOURCES) * counters
    open_bins = refresh / bin_s + 2.0
    # each thread counts all of a window, and bins that the next one may add to are kept so too
    size = open_bins * cells * (shards + 2)
    closed = min(duration / bin_s * _BUSY_CELLS, impressions) * (counters + 24)
    snapshots = duration / max(bin_s, refresh)
    videos = record.tracked + sum(probe.videos for probe in scenario.probes)
    return size + _COPIES * (closed + snapshots * videos * _PATH_BYTES)


def _table_bytes(scenario: Scenario) -> float:
    """Tables of people, videos and creators as they are written, read back and summarised."""
    creators = creator_count(scenario) + further_accounts(scenario)
    rows = scenario.population.users + _videos(scenario) + creators
    return _COPIES * rows * _TABLE_ROW_BYTES


def _seconds(scenario: Scenario, engine: str, shards: int, demand: Demand, plots: bool) -> float:
    users, videos = scenario.population.users, _videos(scenario)
    duration = float(scenario.duration)
    farther = max(log2(max(videos, 1.0) / _NEAR_VIDEOS), 0.0)
    candidate_s = _CANDIDATE_S + _FARTHER_S * farther
    kernel = demand.impressions * _IMPRESSION_S
    kernel += demand.requests * (_REQUEST_S + scenario.feed.candidates * candidate_s)
    if engine == "reference":
        kernel *= _REFERENCE
    else:
        kernel += duration / scenario.refresh * users * _WAKE_S
        kernel /= 1.0 + _MORE_THREADS * (shards - 1)
    between = duration / scenario.refresh * _WINDOW_S + duration / scenario.feed.reindex * (
        videos * _INDEX_S
    )
    log = demand.impressions * _LOG_S if scenario.record.events else 0.0
    ends = _START_S + _END_S + (_PLOTS_S if plots else 0.0)
    return ends + users * _USER_S + videos * _VIDEO_S + kernel + between + log


def refuse_what_cannot_fit(
    scenario: Scenario, engine: str, shards: int, available: float, *, plots: bool = True,
    checkpoints: bool = False,
) -> None:  # fmt: skip
    """Raise ResourceError when a run needs more than ``available`` bytes of memory."""
    need = estimate_run(scenario, engine, shards, plots=plots, checkpoints=checkpoints)
    if need.bytes <= available:
        return
    gib = 2.0**30
    # what every run needs does not shrink with the population
    fixed = _fixed_bytes(plots)
    share = max(available - fixed, 0.0) / (need.bytes - fixed)
    fitting = max(int(scenario.population.users * share * 0.95), 1)
    digits = 10 ** max(len(str(fitting)) - 2, 0)
    raise ResourceError(
        f"{scenario.name}: needs about {need.bytes / gib:.1f} GiB of memory; "
        f"{available / gib:.1f} GiB are free. Try --set population.users="
        f"{fitting // digits * digits}, a shorter duration, or --force to start all the same"
    )
