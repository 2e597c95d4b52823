"""How often the 95 % intervals of studies contain the true number: by simulation.

    python docs/coverage_of_intervals.py                        # about 20 seconds
    python docs/coverage_of_intervals.py --replications 20000   # finer
    python docs/coverage_of_intervals.py --write-docs           # into the page on statistics

A replication draws worlds from a distribution whose true number is known, makes the interval as a
study does, and looks whether the number is inside. Over 2,000 replications an interval that covers
95 % shows between 94.0 and 96.0 in 19 of 20 cases. The draws are keyed, so the same code prints the
same tables.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from math import exp, sqrt
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from sim.core.random import key
from sim.study.statistics.bootstrap import bootstrap_interval
from sim.study.statistics.intervals import Interval, mean_interval, share_interval
from sim.study.statistics.paired import relative_difference, variance_saved
from sim.study.statistics.unpredictability import unpredictability
from sim.study.statistics.variance import variance_components

Floats = npt.NDArray[np.float64]
Draws = np.random.Generator

PAGE: Final = Path(__file__).resolve().parent / "explanation" / "statistics.md"
WORLDS: Final = (5, 10, 30)
REPLICATIONS: Final = 2_000
CANDIDATES: Final = (1, 10, 50, 200)
"""How many candidates without any effect the best is chosen from."""

VIDEOS: Final = 20
"""Videos a world, where videos matter."""
PROBES: Final = 100
"""Videos a world, for shares."""


@dataclass(frozen=True)
class Case:
    """One kind of interval on one kind of values."""

    interval: str
    values: str
    true: float
    draw: Callable[[Draws, int], Floats]
    """Generator and number of worlds to the values of one replication [W, ...]."""
    make: Callable[[Floats], Interval | None]


def _lognormal(spread: float) -> Callable[[Draws, int], Floats]:
    return lambda draws, worlds: np.exp(spread * draws.standard_normal(worlds))


def _viral(mean: float, alike: float) -> Callable[[Draws, int], Floats]:
    """Viral videos of each world: binomial, with a Beta probability where worlds differ."""

    def draw(draws: Draws, worlds: int) -> Floats:
        p = draws.beta(mean * alike, (1 - mean) * alike, worlds) if alike else mean
        return draws.binomial(PROBES, p, worlds).astype(np.float64)

    return draw


def _before_after(draws: Draws, worlds: int, spread: float) -> Floats:
    """Lognormal pairs; nine tenths of the variance of their logarithms are the world's."""
    world, own = draws.standard_normal((worlds, 1)), draws.standard_normal((worlds, 2))
    values = np.exp(spread * (sqrt(0.9) * world + sqrt(0.1) * own))
    return np.asarray(values * [1.0, 1.2])


def _normal_pairs(draws: Draws, worlds: int) -> Floats:
    """Normal pairs with the correlation 0.9: pairing saves 1 / (1 - 0.9)."""
    world, own = draws.standard_normal((worlds, 1)), draws.standard_normal((worlds, 2))
    return np.asarray(sqrt(0.9) * world + sqrt(0.1) * own)


def _count_pairs(draws: Draws, worlds: int) -> Floats:
    """Poisson counts around a mean that the world sets, lognormal around 20."""
    mean = 20 * np.exp(0.5 * draws.standard_normal((worlds, 1)))
    return draws.poisson(np.broadcast_to(mean, (worlds, 2))).astype(np.float64)


def _table(skewed: bool) -> Callable[[Draws, int], Floats]:
    """[W, V]: videos with variance 1, worlds with 0.25, the rest with 1."""

    def draw(draws: Draws, worlds: int) -> Floats:
        def effects(*shape: int) -> Floats:
            return draws.exponential(size=shape) - 1 if skewed else draws.standard_normal(shape)

        return effects(VIDEOS) + 0.5 * effects(worlds, 1) + effects(worlds, VIDEOS)

    return draw


def _viral_share(counts: Floats) -> Interval:
    return share_interval(counts, np.full(counts.size, PROBES))


def _median(values: Floats) -> Interval:
    return bootstrap_interval(values, lambda x: np.median(x, axis=1), seed=1, draws=1_000)


def _ratio(pairs: Floats) -> Interval:
    return bootstrap_interval(
        pairs, lambda x: x[..., 1].mean(axis=1) / x[..., 0].mean(axis=1), seed=1, draws=1_000
    )


_COUNTS_SAVED: Final = 1 + 20 * exp(0.125) * (exp(0.25) - 1)
"""(E + Var) / E of the mean that both counts share, where Var(after - before) = 2 E."""
_SHARES_APART: Final = 2 * (1 / VIDEOS - 1 / (2 * VIDEOS - 1))
"""∫ 2 F (1 - F) of one share out of V that are uniform on the simplex: F = 1 - (1 - x)^(V-1)."""

CASES: Final = [
    Case("mean", "normal", 0.0, lambda d, w: d.standard_normal(w), mean_interval),
    Case("mean", "Poisson counts, mean 3", 3.0, lambda d, w: 1.0 * d.poisson(3, w), mean_interval),
    Case("mean", "lognormal, sd of the log 0.5", exp(0.125), _lognormal(0.5), mean_interval),
    Case("mean", "lognormal, sd of the log 1", exp(0.5), _lognormal(1.0), mean_interval),
    Case("share", "5 % of 100, worlds alike", 0.05, _viral(0.05, 0), _viral_share),
    Case("share", "5 % of 100, worlds differ", 0.05, _viral(0.05, 40), _viral_share),
    Case("share", "0.5 % of 100, worlds alike", 0.005, _viral(0.005, 0), _viral_share),
    Case("bootstrap, median", "lognormal, sd of the log 1", 1.0, _lognormal(1.0), _median),
    Case(
        "bootstrap, ratio of means", "lognormal pairs, 0.5", 1.2,
        lambda d, w: _before_after(d, w, 0.5), _ratio,
    ),
    Case(
        "relative difference", "lognormal pairs, 0.5", 0.2,
        lambda d, w: _before_after(d, w, 0.5), lambda x: relative_difference(x[:, 0], x[:, 1]),
    ),
    Case(
        "relative difference", "lognormal pairs, 1", 0.2,
        lambda d, w: _before_after(d, w, 1.0), lambda x: relative_difference(x[:, 0], x[:, 1]),
    ),
    Case(
        "variance saved", "normal pairs", 10.0,
        _normal_pairs, lambda x: variance_saved(x[:, 0], x[:, 1]),
    ),
    Case(
        "variance saved", "pairs of counts", _COUNTS_SAVED,
        _count_pairs, lambda x: variance_saved(x[:, 0], x[:, 1]),
    ),
    Case(
        "quality", "normal effects, 20 videos", 1 / 2.25,
        _table(False), lambda x: variance_components(x).quality,
    ),
    Case(
        "quality", "exponential effects, 20 videos", 1 / 2.25,
        _table(True), lambda x: variance_components(x).quality,
    ),
    Case(
        "unpredictability", "uniform shares of 20 videos", _SHARES_APART,
        lambda d, w: d.exponential(size=(w, VIDEOS)), lambda x: unpredictability(x).overall,
    ),
]  # fmt: skip


@dataclass(frozen=True)
class Coverage:
    """What became of the replications, 0..1."""

    covered: float
    above: float
    """The true number is above the interval."""
    below: float
    made: float
    """Replications that gave an interval; the others are of them."""


def generator(purpose: str) -> Draws:
    """Draws for one purpose, the same at every call."""
    return np.random.Generator(np.random.PCG64(int(key(0, f"docs/coverage/{purpose}"))))


def cover(case: Case, worlds: int, replications: int = REPLICATIONS) -> Coverage:
    """Make intervals of ``case`` and look on which side of them the true number is."""
    draws = generator(f"{case.interval}/{case.values}/{worlds}")
    above = below = made = 0
    for _ in range(replications):
        found = case.make(case.draw(draws, worlds))
        if found is None:
            continue
        made += 1
        above += case.true > found.high
        below += case.true < found.low
    return Coverage((made - above - below) / made, above / made, below / made, made / replications)


def best_of(candidates: int, replications: int = REPLICATIONS) -> tuple[float, float, float]:
    """The winner among candidates that are all alike, in 4 worlds each, and again in 4 fresh ones.

    Returns how much better it looks, in standard errors of a mean over 4 worlds; the same in fresh
    worlds; and how often its 95 % interval excludes 0 although there is nothing.
    """
    draws = generator(f"winner/{candidates}")
    seen, fresh, fooled = 0.0, 0.0, 0
    for _ in range(replications):
        values = draws.standard_normal((candidates, 4))
        winner = int(values.mean(axis=1).argmax())
        seen += 2 * values[winner].mean()
        fresh += 2 * draws.standard_normal(4).mean()
        fooled += mean_interval(values[winner]).excludes(0.0)
    return seen / replications, fresh / replications, fooled / replications


def cell(found: Coverage) -> str:
    """Percent covered, and the percent of replications with an interval unless nearly all had."""
    made = "" if found.made > 0.995 else f" ({100 * found.made:.0f} % made)"
    return f"{100 * found.covered:.1f}{made}"


def coverage_table(replications: int = REPLICATIONS) -> str:
    """All cases as a Markdown table."""
    lines = [
        f"| 95 % interval of | values | {' | '.join(f'{w} worlds' for w in WORLDS)} |",
        f"|---|---|{'---:|' * len(WORLDS)}",
    ]
    for case in CASES:
        cells = [cell(cover(case, worlds, replications)) for worlds in WORLDS]
        lines.append(f"| {case.interval} | {case.values} | {' | '.join(cells)} |")
    return "\n".join(lines)


def winner_table(replications: int = REPLICATIONS) -> str:
    """The winner's curse as a Markdown table."""
    lines = [
        "| best of | looks better by | in fresh worlds | its interval excludes 0 |",
        "|---:|---:|---:|---:|",
    ]
    for candidates in CANDIDATES:
        seen, fresh, fooled = best_of(candidates, replications)
        # + 0.0 turns a rounded -0.0 into 0.0
        lines.append(
            f"| {candidates} | {round(seen, 1) + 0.0:.1f} s.e. | {round(fresh, 1) + 0.0:.1f} s.e. "
            f"| {100 * fooled:.0f} % |"
        )
    return "\n".join(lines)


def fill(name: str, table: str) -> None:
    """Put a table between its marks in the page."""
    old = PAGE.read_text(encoding="utf-8")
    pattern = rf"(<!-- {name}: begin [^\n]*-->\n).*?(<!-- {name}: end -->)"
    new, count = re.subn(pattern, lambda match: f"{match[1]}{table}\n{match[2]}", old, flags=re.S)
    if count != 1:
        sys.exit(f"{PAGE}: has {count} places for the table {name}, not one")
    PAGE.write_text(new, encoding="utf-8")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description="Measures the coverage of intervals.")
    parser.add_argument("--replications", type=int, default=REPLICATIONS)
    parser.add_argument("--write-docs", action="store_true", help=f"put them into {PAGE.name}")
    options = parser.parse_args()
    if options.replications < 1:
        parser.error("--replications must be at least 1")
    tables = {
        "coverage": coverage_table(options.replications),
        "winner": winner_table(options.replications),
    }
    print(*tables.values(), sep="\n\n")
    if options.write_docs:
        for name, table in tables.items():
            fill(name, table)


if __name__ == "__main__":
    main()
