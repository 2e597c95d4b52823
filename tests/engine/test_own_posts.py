"""What people post says what they like, before they have watched anything."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim import assemble as parts
from sim.testing.worlds import tiny_scenario
from sim.world.state import TOPIC_ONE


def _live(posts: float, **feed: Any) -> Any:
    learning = {"posts": posts, **feed}
    scenario = tiny_scenario(
        feed={"learning": learning}, population={"users": 200, "declared_interests": 0}
    )
    return parts.assemble(scenario, 1, engine="fast")


def _cosines(live: Any, users: Any) -> Any:
    believed = np.maximum(live.platform.view.beliefs.profile[users], 0.0)
    true = live.world.truth.interests[users] / TOPIC_ONE
    sizes = np.linalg.norm(believed, axis=1) * np.linalg.norm(true, axis=1)
    return (believed * true).sum(axis=1) / np.maximum(sizes, 1e-9)


def test_posters_are_known_at_once_and_others_are_not() -> None:
    live = _live(1.0)
    videos = live.world.videos
    posters = np.unique(videos.owner[: videos.count])
    posters = posters[posters >= 0]
    assert len(posters) > 3
    assert _cosines(live, posters).mean() > 0.5
    others = np.setdiff1d(np.arange(live.world.users), posters)
    assert not live.platform.view.beliefs.profile[others].any()


def test_a_new_post_is_heard_of_when_it_is_published() -> None:
    live = _live(1.0)
    before = live.platform.view.beliefs.doubt.copy()
    first = live.world.videos.count
    live.platform.admit_uploads(2 * 86_400.0)
    live.platform.refresh(2 * 86_400.0)
    owners = live.world.videos.owner[first : live.world.videos.count]
    owners = np.unique(owners[owners >= 0])
    assert len(owners) > 0
    surer = (live.platform.view.beliefs.doubt < before).any(axis=1)
    assert np.flatnonzero(surer).tolist() == owners.tolist()


def test_it_can_be_switched_off() -> None:
    for live in (_live(0.0), _live(1.0, enabled=False)):
        assert not live.platform.view.beliefs.profile.any()
