"""A small platform that was played to its end, for tests that only read it."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl
import pytest
from hypothesis import settings

from sim.assemble import Live
from sim.testing.worlds import tiny_platform

# the first example may wait for the compiler
settings.register_profile("foryou", deadline=None)
settings.load_profile("foryou")


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
    """150 users for 8 hours, with two probes; to be read only."""
    path = tmp_path_factory.mktemp("played") / "events.parquet"
    live = tiny_platform(events=path, probes=PROBES)
    return Played(live, pl.read_parquet(path))
