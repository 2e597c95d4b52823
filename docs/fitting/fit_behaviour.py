"""Fit the defaults of watching and acting to the facts, and show the fit.

    python docs/fitting/fit_behaviour.py ../shared/facts [--refit]

Without ``--refit`` it only scores the defaults. Reads ``kuairand/feed_watch.csv.gz`` of that
folder (KuaiRand-Pure, Gao et al., CIKM 2022, doi 10.1145/3511808.3557624); writes nothing.
The population of the fit is an ordinary feed: appeal, hook, patience and generosity are standard
normal, and a video's quality is the part of appeal that ``interest.quality`` says.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
from numba import njit

from sim.behaviour.act import (
    comment_probability,
    follow_probability,
    like_probability,
    not_interested_probability,
    save_probability,
    share_probability,
    sound_tap_probability,
)
from sim.behaviour.params import behaviour_params
from sim.behaviour.watch import completed, view_count, watch_ms, watch_seconds
from sim.core.random import key, stream2
from sim.scenario.behaviour import BehaviourConfig

BINS = (0, 7, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 1e9)
W4 = (38.6, 31.5, 29.1, 26.3, 25.0, 19.2, 18.1, 15.4, 11.1, 7.5, 4.1, 2.8)
NODES = (
    0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 60, 80, 120, 180, 300,
)  # fmt: skip
REPLAY = (0.5, 1, 1.5, 2, 3, 4, 5, 7, 10, 14, 20, 30, 50, 100)
WATCH_RATIO = (0, 0.1, 0.3, 0.5, 0.8, 1.0, 1.5, 2.0, np.inf)
MIDDLES = (0.0, 0.18, 0.39, 0.64, 0.92, 1.09, 1.74, 3.1)
COMMENT_W11 = (0.05, 0.136, 0.373, 0.442, 0.596, 0.544, 2.41, 3.89)  # ends in W11, rest same log
PER_100 = {
    "like": 6.76, "comment": 0.183, "share": 0.228, "save": 0.379, "follow": 0.231,
    "sound_tap": 0.5, "not_interested": 0.080,
}  # fmt: skip
LIKE_W11 = (0.66, 1.6, 2.2, 3.0, 4.0, 4.0, 6.1, 8.2)


def normals(n: int, columns: int, seed: int) -> np.ndarray:
    """[columns, n] standard normal deviates of the fitting sample."""
    return np.random.default_rng(seed).normal(size=(columns, n))


@njit
def play(p, k, d, appeal, hook, patience):  # type: ignore[no-untyped-def]
    """[n] milliseconds watched by the formulas themselves."""
    out = np.empty(len(d), np.int64)
    for i in range(len(d)):
        out[i] = watch_ms(
            watch_seconds(p.watch, stream2(k, i, 0), d[i], appeal[i], hook[i], patience[i])
        )
    return out


@njit
def actions(p, ms, d, appeal, generosity):  # type: ignore[no-untyped-def]
    """[7, n] probabilities of the actions, and [n] views."""
    out = np.empty((7, len(d)))
    views = np.empty(len(d), np.int64)
    for i in range(len(d)):
        r = ms[i] / (1000.0 * d[i])
        a, g = appeal[i], generosity[i]
        views[i] = view_count(ms[i], d[i])
        out[0, i] = like_probability(p.act, r, a, g, False)
        out[1, i] = comment_probability(p.act, r, a, g, False)
        out[2, i] = share_probability(p.act, r, a, g, False)
        out[3, i] = save_probability(p.act, r, a, g, False)
        out[4, i] = follow_probability(p.act, r, a, g, False)
        out[5, i] = sound_tap_probability(p.act, r, a, g, False)
        out[6, i] = not_interested_probability(p.act, r, a)
    return out, views


def with_(config: BehaviourConfig, **groups: dict[str, object]) -> BehaviourConfig:
    """A copy with some fields of some groups changed, validated."""
    data = config.model_dump()
    for group, fields in groups.items():
        data[group].update(fields)
    return BehaviourConfig.model_validate(data)


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
    bins = [(d > a) & (d <= b) for a, b in zip(BINS, BINS[1:], strict=False)]
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
                lambda h, ok=ok, weight=weight, j=j: sum(
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
    w = config.watch
    calm = np.exp(-w.replay_appeal * z[0])[done]
    over = (t - d)[t >= d]
    total = [0.0]
    for x in REPLAY:
        total.append(
            solve(lambda h: np.exp(-calm * h).mean(), float((over >= x).mean()), total[-1], 40.0)
        )
    starts = np.concatenate([[0.0], REPLAY[:-1]])
    rates = np.maximum(np.diff(total) / (np.array(REPLAY) - starts), 1e-4)
    return with_(
        config,
        watch={
            "replay": tuple(
                (float(a), round(float(r), 4)) for a, r in zip(starts, rates, strict=True)
            )
        },
    )


def components(y: np.ndarray, user: np.ndarray, video: np.ndarray, d: np.ndarray) -> list[float]:
    """Shares of variance, in percent, of user and video, from pairs; duration removed."""
    group = np.searchsorted(BINS, d)
    r = y - (np.bincount(group, y) / np.maximum(1, np.bincount(group)))[group]
    out = []
    for ids in (user, video):
        n, s, q = np.bincount(ids), np.bincount(ids, r), np.bincount(ids, r * r)
        pairs = n * (n - 1.0)
        out.append(100 * (s * s - q)[n > 1].sum() / pairs[n > 1].sum() / r.var())
    return out


def crossed(config: BehaviourConfig, d: np.ndarray) -> dict[str, np.ndarray]:
    """A log of 4,000 users x 50 exposures of 4,000 videos with the durations ``d``."""
    rng = np.random.default_rng(4)
    user = np.repeat(np.arange(4000), 50)
    video = rng.integers(4000, size=len(user))
    length = d[rng.integers(len(d), size=4000)][video]
    q = min(config.interest.quality, 0.99)
    quality, hook = rng.normal(size=(2, 4000))
    patience, generosity = rng.normal(size=(2, 4000))
    appeal = q * quality[video] + np.sqrt(1 - q * q) * rng.normal(size=len(user))
    p = behaviour_params(config)
    ms = play(p, key(5, "fit"), length, appeal, hook[video], patience[user])
    chances, views = actions(p, ms, length, appeal, generosity[user])
    return {
        "user": user, "video": video, "d": length, "ms": ms, "views": views, "chances": chances,
        "like": (rng.random(len(user)) < chances[0]).astype(float),
    }  # fmt: skip


def watch_components(log: dict[str, np.ndarray]) -> dict[str, list[float]]:
    """The moments of W12 about watching."""
    ids = log["user"], log["video"], log["d"]
    seconds = log["ms"] / 1000.0
    return {
        "finish": components((seconds >= log["d"]) * 1.0, *ids),
        "skip": components((seconds < 3) * 1.0, *ids),
        "log play": components(np.log1p(seconds), *ids),
    }


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


def shape_of(log: dict[str, np.ndarray], row: int) -> list[float]:
    """Probability of an action by bin of the watch ratio, per 100."""
    r = log["ms"] / 1000.0 / log["d"]
    return [
        100 * float(log["chances"][row][(r >= a) & (r < b)].mean())
        for a, b in zip(WATCH_RATIO, WATCH_RATIO[1:], strict=False)
    ]


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


def ordinary(n: int = 400_000) -> tuple[np.ndarray, ...]:
    """Exposures of the default catalogue: length (median 25 s, spread 0.8), and three deviates."""
    z = normals(n, 5, 6)
    return np.clip(25 * np.exp(0.8 * z[0]), 5, 600), z[1], z[2], z[3], z[4]


def per_100_views(config: BehaviourConfig) -> np.ndarray:
    """[7] likes, comments, shares, saves, follows, sound taps, not interested per 100 views."""
    d, appeal, hook, patience, generosity = ordinary()
    p = behaviour_params(config)
    ms = play(p, key(7, "fit"), d, appeal, hook, patience)
    chances, views = actions(p, ms, d, appeal, generosity)
    return 100 * chances.sum(axis=1) / views.sum()


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
    edges = (0, .05, .1, .2, .3, .4, .5, .6, .7, .8, .9, .95, 1, 1.05, 1.2, 1.5, 2, 1e9)  # fmt: skip
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
    """Score the defaults, or refit and score."""
    folder = Path(sys.argv[1])
    log = pl.read_csv(folder / "kuairand" / "feed_watch.csv.gz")
    d, t = log["dur_s"].to_numpy(), log["play_s"].to_numpy()
    config = BehaviourConfig()
    if "--refit" in sys.argv:
        config = fit_levels(fit_act(fit_spreads(config, d, t), d))
        for group in (config.interest, config.watch, config.act):
            print(f"\n{type(group).__name__}")
            for name, value in group.model_dump().items():
                print(f"  {name} = {value}")
    score(config, d, t, folder)


if __name__ == "__main__":
    main()
