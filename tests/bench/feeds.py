"""Two plain feeds to compare with: one process a user in SimPy, and arrays in NumPy.

Both rank 200 random candidates by a product of 16 floats and choose the ten best, of which a person
watches ``per_request`` on average before asking for others, as in the run beside them. Neither has
sources, filters, learning, follows, a log, or behaviour beyond one draw of watch time.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np
import simpy
from turns import serve

__all__ = ["numpy_feed", "simpy_feed"]

_TOPICS = 16
_LATER_S = 1e6
"""Seconds until those who are not online come: never, for a benchmark."""


def simpy_feed(
    users: int, videos: int, online: int, per_request: float = 10.0, candidates: int = 200,
    slate: int = 10,
) -> Iterator[tuple[int, float]]:  # fmt: skip
    """(impressions, CPU seconds) of stretches of the minimal feed on SimPy: a process a user.

    ``online`` of them, spread over all, are in a session; the others come later.
    """
    random = np.random.default_rng(1)
    captions = random.random((videos, _TOPICS), np.float32)
    profiles = random.random((users, _TOPICS), np.float32)
    views, watched, shown = [0] * videos, [0.0] * videos, [0] * users
    full = _full_slates(per_request, slate)
    env = simpy.Environment()

    here = np.zeros(users, bool)
    here[np.linspace(0, users - 1, min(online, users)).astype(np.int64)] = True

    def person(u: int) -> Generator[simpy.Event, Any, None]:
        profile = profiles[u]
        yield env.timeout(random.random() * 60.0 + (0.0 if here[u] else _LATER_S))
        while True:
            ids = random.integers(videos, size=candidates)
            scores = captions[ids] @ profile
            top = np.argpartition(scores, -slate)[-slate:]
            order = ids[top[np.argsort(-scores[top])]].tolist()
            places = slate if random.random() < full else slate // 2
            watch = random.exponential(10.0, places).tolist()
            for v, seconds in zip(order[:places], watch, strict=True):
                views[v] += 1
                watched[v] += seconds
                shown[u] += 1
                yield env.timeout(seconds)

    for u in range(users):
        env.process(person(u))
    env.run(until=60.0)
    gc.freeze()  # or Python's search for garbage looks at everybody now and then
    while True:
        before, began = sum(views), time.process_time()
        env.run(until=env.now + 1.0)
        took = time.process_time() - began
        yield sum(views) - before, took


def numpy_feed(
    users: int, videos: int, online: int, per_request: float = 10.0, candidates: int = 200,
    slate: int = 10, chunk: int = 256,
) -> Iterator[tuple[int, float]]:  # fmt: skip
    """(impressions, CPU seconds) of stretches of the vectorised feed.

    A step gives every online user a slate and plays it, ``chunk`` users at a time, so that what
    is gathered stays in the cache; a stretch is such a chunk.
    """
    full = _full_slates(per_request, slate)
    random = np.random.default_rng(1)
    captions = random.random((videos, _TOPICS), np.float32)
    profiles = random.random((users, _TOPICS), np.float32)
    duration = random.uniform(5.0, 60.0, videos).astype(np.float32)
    views, watched = np.zeros(videos, np.int64), np.zeros(videos)
    shown, completed = np.zeros(users, np.int64), np.zeros(users, np.int64)
    who = np.linspace(0, users - 1, min(online, users)).astype(np.int64)
    while True:
        for first in range(0, len(who), chunk):
            began = time.process_time()
            u = who[first : first + chunk]
            ids = random.integers(videos, size=(len(u), candidates), dtype=np.int32)
            scores = np.einsum("nkd,nd->nk", captions[ids], profiles[u])
            top = np.argpartition(scores, -slate, axis=1)[:, -slate:]
            rank = np.argsort(-np.take_along_axis(scores, top, 1), axis=1)
            chosen = np.take_along_axis(ids, np.take_along_axis(top, rank, 1), 1)
            places = np.where(random.random(len(u)) < full, slate, slate // 2)
            played = np.arange(slate) < places[:, None]
            seconds = random.exponential(10.0, chosen.shape)
            np.add.at(views, chosen[played], 1)
            np.add.at(watched, chosen[played], seconds[played])
            shown[u] += places
            completed[u] += (played & (seconds >= duration[chosen])).sum(axis=1)
            yield int(places.sum()), time.process_time() - began


def _full_slates(per_request: float, slate: int) -> float:
    """Share of slates watched to the end; of the others half is watched. Gives that mean."""
    half = slate // 2
    return min(max((per_request - half) / (slate - half), 0.0), 1.0)


if __name__ == "__main__":
    kind, options, core = sys.argv[1:]
    feed = {"simpy": simpy_feed, "numpy": numpy_feed}[kind]
    serve(feed(**json.loads(options)), int(core))
