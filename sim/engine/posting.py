"""When creators post: the times of their posts, one after the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.behaviour.create import next_post_delay_s
from sim.core.random import stream2
from sim.machine.compiled import njit
from sim.scenario import Scenario
from sim.scenario.craft import CALLS, FORMS, VALUES
from sim.scenario.probes import ProbeConfig
from sim.world.craft import FIXED
from sim.world.planted import planted_accounts
from sim.world.publish import Posts

__all__ = ["chosen", "due_posts", "first_posts", "joined", "planted_posts"]


def chosen(posts: Posts, which: NDArray[np.bool_] | NDArray[np.int64]) -> Posts:
    """Some of the posts, in the order given."""
    return Posts(*(getattr(posts, name)[which] for name in Posts.__dataclass_fields__))


def joined(a: Posts, b: Posts) -> Posts:
    """All posts of both."""
    return Posts(
        *(np.concatenate([getattr(a, n), getattr(b, n)]) for n in Posts.__dataclass_fields__)
    )


def planted_posts(scenario: Scenario, first: int) -> Posts:
    """When each planted account posts, and what; ``first`` is the number of the first account."""
    columns: list[tuple[float, ...]] = []
    modes = {None: 0, "original": 1, "library": 2, "trending": 3}
    nan = float("nan")
    for account, planted in enumerate(planted_accounts(scenario), first):
        probe = planted.config
        columns.append((
            account, planted.post_s, modes[probe.sound],
            nan if probe.quality is None else float(probe.quality),
            nan if probe.hook is None else float(probe.hook),
            nan if probe.video_duration is None else float(probe.video_duration),
            planted.probe, planted.number, *_craft(probe),
        ))  # fmt: skip
    table = np.array(columns, np.float64).reshape(len(columns), 8 + len(FIXED))
    return Posts(
        table[:, 0].astype(np.int32), table[:, 1], table[:, 2].astype(np.int8), table[:, 3],
        table[:, 4], table[:, 5], table[:, 6].astype(np.int16), table[:, 7].astype(np.int32),
        table[:, 8:],
    )  # fmt: skip


def _craft(probe: ProbeConfig) -> list[float]:
    """What a probe gives of the craft of its videos, NaN for the rest."""
    words: dict[str, tuple[str, ...]] = {"value": VALUES, "call": CALLS, "form": FORMS}
    found = []
    for name in FIXED:
        value = getattr(probe, name)
        if value is None:
            found.append(float("nan"))
        else:
            found.append(float(words[name].index(value) if name in words else value))
    return found


@njit()
def first_posts(p, k, posts_per_week, utc_offset_s, joined, next_post_s):
    """Set the time of the first post of every creator, after they have joined."""
    for c in range(posts_per_week.size):
        if posts_per_week[c] > 0.0:
            s, t = stream2(k, c, -1), joined[c]
            next_post_s[c] = t + next_post_delay_s(p, s, t, posts_per_week[c], utc_offset_s[c])


@njit()
def due_posts(p, k, now, posts_per_week, utc_offset_s, next_post_s, post_number):
    """(creator [N], time_s [N]) of all posts before ``now``, and the time of the next one.

    Moves each creator's next post on.
    """
    owner = []
    times = []
    earliest = np.inf
    for c in range(posts_per_week.size):
        ahead = 0
        while next_post_s[c] < now:
            t = next_post_s[c]
            owner.append(np.int32(c))
            times.append(t)
            s = stream2(k, c, post_number[c] + ahead)
            next_post_s[c] = t + next_post_delay_s(p, s, t, posts_per_week[c], utc_offset_s[c])
            ahead += 1
        earliest = min(earliest, next_post_s[c])
    creators = np.empty(len(owner), np.int32)
    when = np.empty(len(owner), np.float64)
    for i in range(len(owner)):
        creators[i] = owner[i]
        when[i] = times[i]
    return creators, when, earliest
