"""Facts: what a person finds when a video comes onto the screen."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.behaviour.interest import cosine
from sim.machine.compiled import njit
from sim.machine.twins import side_by_side
from sim.world.state import TOPIC_ONE

__all__ = ["meet", "meet_all"]

_PER_ONE = 1.0 / (TOPIC_ONE * TOPIC_ONE)


@njit(forceinline=True)
def meet(world: Any, p: Any, room: Any, k: int) -> None:
    """Who the person is and what the video is, into the lanes of place ``k``."""
    u, v = room.seen.user[k], room.seen.video[k]
    people, videos, truth = world.people, world.videos, world.video_truth
    common: Any = 0
    for d in range(people.interests.shape[1]):
        common += np.int64(people.interests[u, d]) * np.int64(truth.topics[v, d])
    room.affinity[k] = float(common) * _PER_ONE
    room.topic[k] = truth.main_topic[v]
    room.quality[k] = truth.quality[v]
    room.hook[k] = truth.hook[v]
    room.hold[k] = float(truth.hold[v])
    room.duration_s[k] = videos.duration_s[v]
    room.joint[k] = videos.joint[v]
    room.like_trait[k] = truth.like_trait[v]
    room.comment_trait[k] = truth.comment_trait[v]
    room.share_trait[k] = truth.share_trait[v]
    room.save_trait[k] = truth.save_trait[v]
    room.follow_trait[k] = truth.follow_trait[v]
    room.generosity[k] = people.generosity[u]
    room.patience[k] = people.patience[u]


@side_by_side(meet)
@njit(forceinline=True)
def meet_all(world: Any, p: Any, room: Any, n: int) -> None:
    """The same from the lines on which these columns lie together."""
    rows, dims = world.rows, world.plan.dims
    for j in range(n):
        k = np.uint64(j)
        u: Any = np.uint64(room.seen.user[k])
        v: Any = np.uint64(room.seen.video[k])
        reel, person = world.reels[v], world.persons[u]
        room.affinity[k] = cosine(rows.interests, u, rows.topics, v, dims)
        room.topic[k] = reel.main_topic
        room.quality[k] = reel.quality
        room.hook[k] = reel.hook
        room.hold[k] = float(reel.hold)
        room.duration_s[k] = reel.duration_s
        room.joint[k] = reel.joint
        room.like_trait[k] = reel.like_trait
        room.comment_trait[k] = reel.comment_trait
        room.share_trait[k] = reel.share_trait
        room.save_trait[k] = reel.save_trait
        room.follow_trait[k] = reel.follow_trait
        room.generosity[k] = person.generosity
        room.patience[k] = person.patience
