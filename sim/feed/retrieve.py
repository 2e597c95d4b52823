"""How each built-in source draws candidates for one request: small compiled functions.

Each writes up to ``count`` video ids into ``out`` from position ``place`` on and returns how many
it wrote. ``r`` is the stream of the request; source number ``code`` uses its draws from
``code * DRAWS`` on, so sources never share luck.
"""

from __future__ import annotations

import numpy as np

from sim.core.compiled import njit
from sim.core.random import below, uniform
from sim.feed.belief import SLOTS

__all__ = [
    "DRAWS", "from_following", "from_groups", "from_interest", "from_list", "from_sound_page",
    "latest_of_follows",
]  # fmt: skip

DRAWS = 100_000
"""Draw numbers kept for each source."""
_ATTEMPTS = 2
"""Tries for each candidate where a draw may come back empty."""


@njit()
def from_interest(out, place, count, r, code, profile, topics, start, videos):
    """Videos of topics drawn by the profile [D], the most valuable first in each topic.

    The place in a topic's list is skewed to its head: the square of a uniform draw.
    """
    total = np.float32(0.0)
    for d in range(topics):
        total += profile[d]
    n = 0
    for i in range(count):
        target = np.float32(uniform(r, code * DRAWS + 2 * i)) * total
        d = 0
        passed = profile[0]
        while d < topics - 1 and passed <= target:
            d += 1
            passed += profile[d]
        size = start[d + 1] - start[d]
        if size > 0:
            u = uniform(r, code * DRAWS + 2 * i + 1)
            out[place + n] = videos[start[d] + np.int64(u * u * size)]
            n += 1
    return n


@njit()
def from_groups(out, place, count, r, code, ids, weights, first, start, videos):
    """Videos that share a sound or hashtag with what the user liked.

    A group is drawn by its positive affinity among the ``SLOTS`` places from ``first`` on, then
    any video in it.
    """
    total = np.float32(0.0)
    for i in range(first, first + SLOTS):
        total += max(weights[i], np.float32(0.0))
    if total <= np.float32(0.0):
        return 0
    n = 0
    for i in range(count):
        target = np.float32(uniform(r, code * DRAWS + 2 * i)) * total
        slot = first
        passed = max(weights[first], np.float32(0.0))
        while slot < first + SLOTS - 1 and passed <= target:
            slot += 1
            passed += max(weights[slot], np.float32(0.0))
        group = ids[slot]
        if group < 0 or group >= start.size - 1:
            continue
        size = start[group + 1] - start[group]
        if size > 0:
            out[place + n] = videos[start[group] + below(r, code * DRAWS + 2 * i + 1, size)]
            n += 1
    return n


@njit()
def from_following(out, place, count, r, code, follows, start, videos):
    """Recent videos of creators that the user follows; the newest are the likeliest."""
    if follows.size == 0:
        return 0
    n = 0
    attempt = 0
    while n < count and attempt < _ATTEMPTS * count:
        number = code * DRAWS + 2 * attempt
        attempt += 1
        c = follows[below(r, number, follows.size)]
        if c >= start.size - 1:
            continue
        size = start[c + 1] - start[c]
        if size > 0:
            u = uniform(r, number + 1)
            out[place + n] = videos[start[c] + np.int64(u * u * size)]
            n += 1
    return n


@njit()
def from_list(out, place, count, r, code, videos):
    """Any video of a list, each with the same probability."""
    if videos.size == 0:
        return 0
    for i in range(count):
        out[place + i] = videos[below(r, code * DRAWS + i, videos.size)]
    return count


@njit()
def latest_of_follows(out, place, count, follows, start, videos):
    """The newest videos of each followed creator in turn, for the following surface."""
    n = 0
    depth = 0
    found = True
    while n < count and found:
        found = False
        for i in range(follows.size):
            c = follows[i]
            if c < start.size - 1 and start[c] + depth < start[c + 1]:
                found = True
                if n < count:
                    out[place + n] = videos[start[c] + depth]
                    n += 1
        depth += 1
    return n


@njit()
def from_sound_page(out, place, count, sound, start, videos):
    """The newest videos with one sound, for the page of that sound."""
    if sound < 0 or sound >= start.size - 1:
        return 0
    size = min(count, start[sound + 1] - start[sound])
    for i in range(size):
        out[place + i] = videos[start[sound + 1] - 1 - i]
    return size
