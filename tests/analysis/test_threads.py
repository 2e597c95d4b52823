"""The numbers of a run do not depend on how many cores the machine has that computes them."""

from __future__ import annotations

import json
import os
import subprocess
import sys

SCRIPT = """
import json
import numpy as np
import polars as pl
from sim.analysis.engagement import engagement_mean
from sim.analysis.luck import within_creator
from sim.analysis.tables import rows_where

rng = np.random.default_rng(1)
n = 300_000
frame = pl.DataFrame({
    "creator": rng.integers(0, 90_000, n),
    "views": rng.integers(0, 5_000, n),
    "likes": rng.integers(0, 100, n),
    "comments": rng.integers(0, 10, n),
    "shares": rng.integers(0, 10, n),
    "followers_at_upload": rng.integers(0, 5_000, n),
})
seen = pl.col("views") > 0
print(json.dumps([
    frame.filter(seen).n_chunks(),
    rows_where(frame, seen)["views"].log10().sum(),
    engagement_mean(frame),
    within_creator(frame).sd_pooled,
    within_creator(frame).sd_mean,
]))
"""


def numbers_with(threads: int) -> list[object]:
    environment = {**os.environ, "POLARS_MAX_THREADS": str(threads)}
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


def test_a_number_is_the_same_on_one_core_and_on_many() -> None:
    one, many = numbers_with(1), numbers_with(16)
    assert one[0] != many[0], "the table is too small to be split among cores"
    assert one[1:] == many[1:]
