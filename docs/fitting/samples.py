"""Samples and moments that fitting and scoring share."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numba import njit
from published import BINS, PER_100, WATCH_RATIO

from sim.behaviour import act
from sim.behaviour.params import behaviour_params
from sim.behaviour.watch import view_count, watch_ms
from sim.core.random import key, stream2
from sim.engine.layout import ROOM
from sim.scenario.behaviour import BehaviourConfig
from sim.testing.reaction import watch_seconds


def normals(n: int, columns: int, seed: int) -> np.ndarray:
    """[columns, n] standard normal deviates of the fitting sample."""
    return np.random.default_rng(seed).normal(size=(columns, n))


@njit
def play(p, k, d, appeal, hook, patience):  # type: ignore[no-untyped-def]
    """[n] milliseconds watched by the formulas themselves."""
    out = np.empty(len(d), np.int64)
    for i in range(len(d)):
        out[i] = watch_ms(watch_seconds(p, stream2(k, i, 0), d[i], appeal[i], hook[i], patience[i]))
    return out


@njit
def actions(p, ms, d, appeal, generosity):  # type: ignore[no-untyped-def]
    """[7, n] probabilities of the actions, in the order of PER_100, and [n] views."""
    out = np.empty((7, len(d)))
    views = np.empty(len(d), np.int64)
    room = np.zeros(1, ROOM)[0]
    room.like_trait[0] = room.comment_trait[0] = room.share_trait[0] = 1.0
    room.save_trait[0] = room.follow_trait[0] = 1.0
    for i in range(len(d)):
        room.ratio[0] = ms[i] / (1000.0 * d[i])
        room.appeal[0], room.generosity[0] = appeal[i], generosity[i]
        act.find_shapes(p, room, 0)
        act.find_warmth(p, room, 0)
        views[i] = view_count(ms[i], d[i])
        out[0, i] = act.like(p, room, 0)
        out[1, i] = act.comment(p, room, 0)
        out[2, i] = act.share(p, room, 0)
        out[3, i] = act.save(p, room, 0)
        out[4, i] = act.follow(p, room, 0)
        out[5, i] = act.sound_tap(p, room, 0)
        out[6, i] = act.not_interested(p, room, 0)
    return out, views


assert list(PER_100) == [
    "like", "comment", "share", "save", "follow", "sound_tap", "not_interested",
], "actions() has these rows"  # fmt: skip


def with_(config: BehaviourConfig, **groups: dict[str, object]) -> BehaviourConfig:
    """A copy with some fields of some groups changed, validated."""
    data = config.model_dump()
    for group, fields in groups.items():
        data[group].update(fields)
    return BehaviourConfig.model_validate(data)


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


def shape_of(log: dict[str, np.ndarray], row: int) -> list[float]:
    """Probability of an action by bin of the watch ratio, per 100."""
    r = log["ms"] / 1000.0 / log["d"]
    return [
        100 * float(log["chances"][row][(r >= a) & (r < b)].mean())
        for a, b in pairwise(WATCH_RATIO)
    ]


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
