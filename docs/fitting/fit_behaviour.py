"""Fit the defaults of watching and acting to the facts, and print them.

    python docs/fitting/fit_behaviour.py ../shared/facts

Reads ``kuairand/feed_watch.csv.gz`` of that folder (KuaiRand-Pure, Gao et al., CIKM 2022, doi
10.1145/3511808.3557624); writes nothing. The population of the fit is an ordinary feed: appeal,
hook, patience and generosity are standard normal, and a video's quality is the part of appeal
that ``interest.quality`` says. ``score_behaviour.py`` shows how well the defaults fit.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
from published import BINS, COMMENT_W11, LIKE_W11, MIDDLES, PER_100
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

NODES = (
    0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 60, 80, 120, 180, 300,
)  # fmt: skip
REPLAY = (0.5, 1, 1.5, 2, 3, 4, 5, 7, 10, 14, 20, 30, 50, 100)
LOOP_BINS = (0, 7, 10, 15, 20, 30, 45, 90, 1e9)


def survival(d: np.ndarray, t: np.ndarray, at: np.ndarray, cut: float) -> np.ndarray:
    """Product-limit survival at ``at``; a video within ``cut`` s of its end no longer counts."""
    out, s, start = [], 1.0, 0.0
    for end in at:
        risk = (t >= start) & (d - cut >= end)
        stop = risk & (t < end)
        s *= 1.0 - stop.sum() / max(1, risk.sum())
        out.append(s if risk.sum() >= 200 else np.nan)
        start = end
    return np.array(out)


def solve(f, target: float, low: float, high: float) -> float:  # type: ignore[no-untyped-def]
    """Where the falling function ``f`` meets ``target``, by bisection."""
    for _ in range(50):
        mid = 0.5 * (low + high)
        low, high = (mid, high) if f(mid) > target else (low, mid)
    return 0.5 * (low + high)


def fit_watch(config: BehaviourConfig, d: np.ndarray, t: np.ndarray) -> BehaviourConfig:
    """Baseline, duration factor, ending and replay, with the spreads as they are."""
    w = config.watch
    appeal, hook, patience = normals(4000, 3, 1)
    f1 = np.exp(-(w.hook * hook + w.early_appeal * appeal + w.early_patience * patience))
    f2 = np.exp(-(w.late_appeal * appeal + w.late_patience * patience))
    bins = [(d > a) & (d <= b) for a, b in pairwise(BINS)]
    at = np.array(NODES)
    target = np.array([survival(d[m], t[m], at, 2.0) for m in bins])
    n = np.array([m.sum() for m in bins])
    middle = np.array([np.median(d[m]) for m in bins])
    factor = np.ones(len(bins))
    total = np.zeros(len(at))
    hook_at = NODES.index(3)

    def model(b: float, h: float, j: int) -> float:
        rest = 0.0 if j <= hook_at else h - total[hook_at]
        return float(np.exp(-b * (f1 * min(h, total[hook_at] if rest else h) + f2 * rest)).mean())

    for _ in range(5):
        for j in range(len(at)):
            ok = ~np.isnan(target[:, j])
            weight = n[ok] / n[ok].sum()
            low = total[j - 1] if j else 0.0
            total[j] = solve(
                lambda h, ok=ok, weight=weight, j=j, factor=factor: sum(
                    x * model(b, h, j) for x, b in zip(weight, factor[ok], strict=True)
                ),
                float(weight @ target[ok, j]),
                low,
                low + 3.0,
            )
        for i in range(len(bins)):
            ok = np.flatnonzero(~np.isnan(target[i]) & (at > 1))
            factor[i] = solve(
                lambda b, ok=ok: sum(model(b, total[j], j) for j in ok),
                float(target[i, ok].sum()),
                0.3,
                3.0,
            )
        factor /= (factor * n).sum() / n.sum()
    starts = np.concatenate([[0.0], at[:-1]])
    rates = np.maximum(np.diff(np.concatenate([[0.0], total])) / (at - starts), 1e-4)
    config = with_(
        config,
        watch={
            "hazard": tuple(
                (float(x), round(float(r), 5)) for x, r in zip(starts, rates, strict=True)
            ),
            "duration_factor": (
                (0.0, round(float(factor[0]), 3)),
                *(
                    (float(round(m, 0)), round(float(f), 3))
                    for m, f in zip(middle, factor, strict=True)
                ),
            ),
        },
    )
    return fit_end(config, d, t)


def fit_end(config: BehaviourConfig, d: np.ndarray, t: np.ndarray) -> BehaviourConfig:
    """The hazard near the end from completions, then the replays."""
    rows = np.random.default_rng(2).integers(len(d), size=60_000)
    z = normals(len(rows), 3, 3)
    k = key(0, "fit")

    def complete(x: float) -> float:
        p = behaviour_params(with_(config, watch={"ending_hazard": x}))
        return float((play(p, k, d[rows], *z) >= d[rows] * 1000).mean())

    x = 0.0
    low, high = 0.0, 1.0
    for _ in range(10):
        x = 0.5 * (low + high)
        low, high = (x, high) if complete(x) > (t >= d).mean() else (low, x)
    config = with_(config, watch={"ending_hazard": round(x, 3)})
    # Replays: those who reach the end are a selected lot, so weigh by who they are.
    ms = play(behaviour_params(config), k, d[rows], *z)
    done = ms >= d[rows] * 1000
    calm = np.exp(-config.watch.replay_appeal * z[0])
    length = d[rows]
    at = np.array(REPLAY)
    groups = [(a, b) for a, b in pairwise(LOOP_BINS)]
    mine = [calm[done & (length > a) & (length <= b)] for a, b in groups]
    fact = [(t - d)[(t >= d) & (d > a) & (d <= b)] for a, b in groups]
    weight = np.array([len(x) for x in fact]) / sum(len(x) for x in fact)
    factor = np.ones(len(groups))
    for _ in range(4):
        total = [0.0]
        for x in at:
            total.append(
                solve(
                    lambda h, factor=factor: sum(
                        w * np.exp(-f * m * h).mean()
                        for w, f, m in zip(weight, factor, mine, strict=True)
                    ),
                    float(weight @ [(o >= x).mean() for o in fact]),
                    total[-1],
                    40.0,
                )
            )
        for i, (m, o) in enumerate(zip(mine, fact, strict=True)):
            factor[i] = solve(
                lambda b, m=m, total=tuple(total): sum(
                    np.exp(-b * m * h).mean() for h in total[1:]
                ),
                float(sum((o >= x).mean() for x in at)),
                0.2,
                4.0,
            )
        factor /= weight @ factor
    starts = np.concatenate([[0.0], at[:-1]])
    rates = np.maximum(np.diff(total) / (at - starts), 1e-4)
    middle = [float(np.median(d[(d > a) & (d <= b)]).round()) for a, b in groups]
    return with_(
        config,
        watch={
            "replay": [(float(a), round(float(r), 4)) for a, r in zip(starts, rates, strict=True)],
            "replay_factor": [
                (0.0, round(float(factor[0]), 3)),
                *((m, round(float(x), 3)) for m, x in zip(middle, factor, strict=True)),
            ],
        },
    )


def fit_spreads(config: BehaviourConfig, d: np.ndarray, t: np.ndarray) -> BehaviourConfig:
    """Spreads of patience, hook and quality by W12, refitting the baseline each round."""
    for _ in range(7):
        config = fit_watch(config, d, t)
        c = watch_components(crossed(config, d))
        w = config.watch

        def scaled(value: float, fact: float, found: float) -> float:
            return round(min(2.5, value * float(np.sqrt(fact / max(found, 0.5)))), 3)

        config = with_(
            config,
            watch={
                "early_patience": scaled(w.early_patience, 12.9, c["skip"][0]),
                "late_patience": scaled(w.late_patience, 7.3, c["finish"][0]),
                "hook": scaled(w.hook, 4.3, c["skip"][1]),
                # one slope cannot meet both: the geometric middle
                "late_appeal": scaled(
                    w.late_appeal,
                    float(np.sqrt(4.3 * 7.5)),
                    float(np.sqrt(c["log play"][1] * c["finish"][1])),
                ),
            },
        )
    return fit_watch(config, d, t)


def fit_act(config: BehaviourConfig, d: np.ndarray) -> BehaviourConfig:
    """Shapes by W11, generosity and the slope of appeal by W12, at the level of E5."""
    for _ in range(14):
        log = crossed(config, d)
        a = config.act
        found = shape_of(log, 0), shape_of(log, 1)
        like = log["chances"][0].mean()
        ids = log["user"], log["video"], log["d"]
        # variance over chances, shares of the variance of the outcome
        scale = log["chances"][0].var() / (like * (1 - like))
        user = scale * components(log["chances"][0], *ids)[0]
        likes = [
            f * (x / y) ** 0.5
            for (_, f), x, y in zip(a.like_shape, LIKE_W11, found[0], strict=True)
        ]
        comments = [
            f * (x / y) ** 0.5
            for (_, f), x, y in zip(a.comment_shape, COMMENT_W11, found[1], strict=True)
        ]
        config = with_(
            config,
            act={
                "like": a.like * 0.0194 / like,
                "comment": a.comment * 0.0029 / log["chances"][1].mean(),
                "like_shape": pairs([x / likes[3] for x in rising(likes)]),
                "comment_shape": pairs([x / comments[3] for x in rising(comments)]),
                "generosity_spread": round(a.generosity_spread * (16.8 / user) ** 0.25, 3),
            },
        )
    return config


def rising(values: list[float]) -> list[float]:
    """The nearest rising sequence: neighbours in the wrong order are averaged (isotonic)."""
    blocks: list[tuple[float, int]] = []
    for value in values:
        block = (value, 1)
        while blocks and blocks[-1][0] > block[0]:
            mean, n = blocks.pop()
            block = ((mean * n + block[0] * block[1]) / (n + block[1]), n + block[1])
        blocks.append(block)
    return [mean for mean, n in blocks for _ in range(n)]


def pairs(values: list[float]) -> tuple[tuple[float, float], ...]:
    """Rows of a shape at the mean watch ratios of the bins of W11."""
    return tuple((x, round(max(0.05, v), 3)) for x, v in zip(MIDDLES, values, strict=True))


def fit_levels(config: BehaviourConfig) -> BehaviourConfig:
    """Levels of the actions: E2 for like, comment, share; E4 for save, follow, not interested."""
    for _ in range(12):
        found = per_100_views(config)
        levels = {
            name: float(f"{getattr(config.act, name) * fact / x:.4g}")
            for name, fact, x in zip(PER_100, PER_100.values(), found, strict=True)
        }
        config = with_(config, act=levels)
    return config


def main() -> None:
    """Refit from the defaults as a start, and print every number of the three groups."""
    log = pl.read_csv(Path(sys.argv[1]) / "kuairand" / "feed_watch.csv.gz")
    d, t = log["dur_s"].to_numpy(), log["play_s"].to_numpy()
    config = fit_levels(fit_act(fit_spreads(BehaviourConfig(), d, t), d))
    for group in (config.interest, config.watch, config.act):
        print(f"\n{type(group).__name__}")
        for name, value in group.model_dump().items():
            print(f"  {name} = {value}")


if __name__ == "__main__":
    main()
