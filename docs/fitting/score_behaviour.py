"""Print the facts on watching and acting beside what the defaults give, misses included.

    python docs/fitting/score_behaviour.py ../shared/facts

Reads ``kuairand/feed_watch.csv.gz`` and ``kuairand/survival_by_duration.csv`` of that folder
(KuaiRand-Pure, Gao et al., CIKM 2022, doi 10.1145/3511808.3557624); writes nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
from published import BINS, COMMENT_W11, LIKE_W11, PER_100, W4, WATCH_RATIO
from samples import (
    components,
    crossed,
    normals,
    per_100_views,
    play,
    shape_of,
    watch_components,
    with_,
)

from sim.behaviour.params import behaviour_params
from sim.core.random import key
from sim.scenario.behaviour import BehaviourConfig


def table(title: str, rows: list[tuple[str, float, float]]) -> None:
    """Print fact and model side by side."""
    print(f"\n{title}\n  {'':34}{'fact':>9}{'model':>9}")
    for name, fact, found in rows:
        print(f"  {name:34}{fact:9.3f}{found:9.3f}")


def score(config: BehaviourConfig, d: np.ndarray, t: np.ndarray, folder: Path) -> None:
    """Print every target beside the model, misses included."""
    n = 300_000
    rng = np.random.default_rng(8)
    length = d[rng.integers(len(d), size=n)]
    ms = play(behaviour_params(config), key(9, "fit"), length, *normals(n, 3, 10))
    seconds = ms / 1000.0
    ratio = seconds / length
    curves = pl.read_csv(folder / "kuairand" / "survival_by_duration.csv")
    rows = []
    for (name,), part in curves.group_by("duration_bin_s", maintain_order=True):
        low, high = (float(x) for x in str(name).strip("(]").split(","))
        mine = seconds[(length > low) & (length <= high)]
        at = part["t_s"].to_numpy()
        gap = np.abs([(mine >= x).mean() for x in at] - part["share_playing_at_least_t"].to_numpy())
        rows.append((f"W1 {name} max gap (<= 0.05)", 0.0, float(gap.max())))
    table("W1 survival", rows)
    edges = (*(0, 0.05), *np.arange(1, 10) / 10, 0.95, 1, 1.05, 1.2, 1.5, 2, 1e9)
    fact, mine = (np.histogram(x, edges)[0] / len(x) * 100 for x in (t / d, ratio))
    names = [f"W3 from {a:g}, per 100" for a in edges[:-1]]
    table("W3 watch ratio", list(zip(names, fact, mine, strict=True)))
    print(f"  W3 total variation (<= 0.10): {np.abs(fact - mine).sum() / 200:.3f}")
    rows, again = [], []
    for a, b, w4 in zip(BINS, BINS[1:], W4, strict=False):
        m, k = (length > a) & (length <= b), (d > a) & (d <= b)
        rows.append((f"W4 {a:g}-{b:g} s", w4, 100 * float((ratio[m] >= 1).mean())))
        again.append(
            (
                f"W6 {a:g}-{b:g} s",
                100 * float((t / d >= 1.5)[k].mean()),
                100 * float((ratio[m] >= 1.5).mean()),
            )
        )
    rows.append(("W4 all", 15.5, 100 * float((ratio >= 1).mean())))
    again.append(("W6 all", 2.3, 100 * float((ratio >= 1.5).mean())))
    again.append(("W6 >= 2x, all", 1.2, 100 * float((ratio >= 2).mean())))
    table("W4 completion, per 100", rows)
    table("W6 rewatch, per 100", again)
    m, k = (length > 30) & (length <= 60), (d > 30) & (d <= 60)
    rows = []
    for second in (0, 1, 2, 3, 4, 5, 7, 10, 15, 20):
        fact, mine = (
            float(((x >= second) & (x < second + 1)).sum() / (x >= second).sum())
            for x in (t[k], seconds[m])
        )
        rows.append((f"W2 hazard {second}-{second + 1} s", fact, mine))
    table("W2 hazard, 30 to 60 s", rows)
    log = crossed(config, d)
    c = watch_components(log)
    table(
        "W12 shares of variance, per 100",
        [
            ("finish, user", 7.3, c["finish"][0]), ("finish, video", 7.5, c["finish"][1]),
            ("skip, user", 12.9, c["skip"][0]), ("skip, video", 4.3, c["skip"][1]),
            ("log play, user", 14.2, c["log play"][0]), ("log play, video", 4.3, c["log play"][1]),
        ],
    )  # fmt: skip
    score_act(config, log, d)


def score_act(config: BehaviourConfig, log: dict[str, np.ndarray], d: np.ndarray) -> None:
    """Print the targets about actions, at the level of the platform of each fact."""
    found = per_100_views(config)
    table(
        "E2, E4 per 100 views, default catalogue",
        [(name, fact, x) for (name, fact), x in zip(PER_100.items(), found, strict=True)],
    )
    # W11, W12, W13 come from the other platform: same people, its lower level of likes (E5)
    for _ in range(12):
        log = crossed(config, d)
        config = with_(
            config,
            act={
                "like": config.act.like * 0.0194 / log["chances"][0].mean(),
                "comment": config.act.comment * 0.0029 / log["chances"][1].mean(),
            },
        )
    rows = [
        (f"W11 {kind} from ratio {a:g}", fact, x)
        for kind, facts, row in (("like", LIKE_W11, 0), ("comment", COMMENT_W11, 1))
        for a, fact, x in zip(WATCH_RATIO, facts, shape_of(log, row), strict=False)
    ]
    table("W11 per 100, at the level of E5", rows)
    chance = log["chances"][0]
    scale = chance.var() / (chance.mean() * (1 - chance.mean()))
    user, video = (scale * x for x in components(chance, log["user"], log["video"], log["d"]))
    done = log["ms"] >= 1000 * log["d"]
    never = np.prod(1 - chance.reshape(4000, 50)[:, :23], axis=1).mean()
    table(
        "W12, W13 likes, at the level of E5",
        [
            ("W12 like, user", 16.8, user), ("W12 like, video", 1.35, video),
            ("W11 P(finish | like)", 36, 100 * float(np.average(done, weights=chance))),
            ("W13 never like", 82, 100 * float(never)),
        ],
    )  # fmt: skip
    rates = np.stack([np.bincount(log["video"], x) for x in log["chances"]])
    ranks = rates.argsort(axis=1).argsort(axis=1)
    r = np.corrcoef(ranks)
    table(
        "E9 rank correlation over videos (of expected rates)",
        [
            ("like-comment", 0.62, r[0, 1]),
            ("like-share", 0.54, r[0, 2]),
            ("like-save", 0.63, r[0, 3]),
        ],
    )


def main() -> None:
    """Score the defaults."""
    folder = Path(sys.argv[1])
    log = pl.read_csv(folder / "kuairand" / "feed_watch.csv.gz")
    score(BehaviourConfig(), log["dur_s"].to_numpy(), log["play_s"].to_numpy(), folder)


if __name__ == "__main__":
    main()
