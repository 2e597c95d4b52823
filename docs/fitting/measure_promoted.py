"""What test audiences promote, as `sim/world/past.py` takes it to have been before the start.

    python docs/fitting/measure_promoted.py RUN

Of the ordinary uploads of a finished run that were in a pool, a day old or more: for each pool the
share that went on, and how much better these are than all, in sd of quality and of the hook.
"""

from __future__ import annotations

import sys

import polars as pl

from sim.analysis import load_tables
from sim.analysis.tables import mature


def main(run: str) -> None:
    """Read, and print."""
    videos = mature(load_tables(run)).filter(pl.col("pool") > 0)
    print("| pool | went on | quality, sd | hook, sd |", "|---:|---:|---:|---:|", sep="\n")
    for pool in range(1, int(videos["pool"].max() or 0) + 1):  # type: ignore[call-overload]
        done = (pl.col("pool") > pool) | (
            (pl.col("pool") == pool) & (pl.col("pool_state") == "promoted")
        )
        best = videos.filter(done)
        if best.height:
            share = best.height / videos.height
            better = [(best[n].mean() - videos[n].mean()) / videos[n].std()  # type: ignore[operator]
                      for n in ("quality", "hook")]  # fmt: skip
            print(f"| {pool} | {100 * share:.2f} % | {better[0]:+.2f} | {better[1]:+.2f} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
