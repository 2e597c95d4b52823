"""A small platform that was played to its end, for tests that only read it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
from hypothesis import settings

from sim.assemble import Live
from sim.testing.worlds import tiny_platform

# the first example may wait for the compiler
settings.register_profile("foryou", deadline=None)
settings.load_profile("foryou")


# With two workers one begins with the engine's grid. Where nothing is compiled yet, that compiles
# the engine for a minute or more; the other meanwhile does what needs no engine, and then finds it
# on disk. To get there early would cost more than to wait: it would compile the engine too. The
# longest files are next: at the end they would leave one worker idle.
EARLY = (
    "engine/test_equality.py",
    # without an engine
    "behaviour/test_side_by_side.py",
    "plots/test_plots.py",
    "study/test_coverage.py",
    "study/test_statistics.py",
    "study/test_tune_pictures.py",
    "study/test_variance.py",
    "scenario",
    "core",
    "machine",
    "analysis",
    "feed/test_belief.py",
    "feed/test_match.py",
    "feed/test_percentile.py",
    "feed/test_plain.py",
    "feed/test_plain_taste.py",
    "feed/test_retrieve.py",
    "feed/test_slopes.py",
    "feed/test_spaced.py",
    "world/test_contacts.py",
    "world/test_exchange.py",
    "world/test_follow.py",
    "world/test_publish.py",
    "world/test_sound_fit.py",
    "world/test_users.py",
    # long
    "study/test_tune.py",
    "study/test_tune_kill.py",
    "bench",
    "study/test_kill.py",
    "study/test_ray.py",
    "study/test_execute.py",
    "engine",
    "study",
    "notebooks",
    "docs",
)


def _turn(path: Path) -> int:
    """Which entry of EARLY a file belongs to; all others come behind."""
    above = {path, *path.parents}
    here = Path(__file__).parent
    return next((turn for turn, early in enumerate(EARLY) if here / early in above), len(EARLY))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _turn(item.path))


class Played(NamedTuple):
    """A finished run and its event log."""

    live: Live
    events: pl.DataFrame


PROBES = [
    {"name": "late", "count": 4, "followers": 30, "post_at": 2 * 3600.0, "quality": 1.5},
    {"name": "spread", "count": 3, "post_at": 3 * 3600.0 + 1.0, "spread": 3600.0},
]


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """150 users for 8 hours, with two probes; to be read only.

    They tap hashtags and parents often, and make many duets: else nobody does in a world so small.
    """
    path = tmp_path_factory.mktemp("played") / "events.parquet"
    often = {"act": {"hashtag_tap": 0.002, "parent_tap": 0.2}}
    live = tiny_platform(
        events=path, probes=PROBES, behaviour=often, catalogue={"duets": 0.1, "stitches": 0.1}
    )
    return Played(live, pl.read_parquet(path))
