"""Access: who may see a video, and that nobody else does."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from sim.assemble import Live, assemble
from sim.core.actions import bit
from sim.core.sources import source_code
from sim.feed.access import TO_FOLLOWERS, TO_FRIENDS, may_see
from sim.record.recorders import EventLog
from sim.testing.mechanisms import MechanismContract
from sim.testing.worlds import tiny_scenario
from sim.world.access import ANYBODY, FOLLOWERS, FRIENDS, NOT_SHOWN

PRIVATE: dict[str, Any] = {
    "followers_only": 0.2, "friends_only": 0.2, "refused": 0.1, "comments_closed": 0.5,
    "duets_closed": 0.5, "taken_down": 0.4, "taken_down_after": 6 * 3_600.0,
}  # fmt: skip


class Kept(EventLog):
    """A log that keeps all events."""

    def __init__(self, path: Any) -> None:
        del path
        super().__init__(None)
        self.kept: list[Any] = []

    @property
    def wanted(self) -> bool:
        return True

    def keep(self, events: Any) -> None:
        self.kept.append(events.copy())


@pytest.fixture(scope="module")
def played() -> tuple[Live, Any]:
    scenario = tiny_scenario(
        duration=2 * 86_400.0, population={"users": 300, "creators": 0.4},
        creators={"posts_per_week": 20.0}, catalogue={"access": PRIVATE},
        behaviour={"act": {"comment": 0.05}, "browse": {"friends": 0.2}},
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sim.assemble.EventLog", Kept)
        live = assemble(scenario, 1, engine="fast")
    live.env.run(until=live.end)
    assert isinstance(live.log, Kept)
    return live, np.concatenate(live.log.kept)


def test_shares_are_those_of_the_settings(played: tuple[Live, Any]) -> None:
    videos = played[0].world.videos
    early = played[0].world.video_truth.down_s[: videos.count] > played[0].env.now
    eligible = videos.eligible[: videos.count][early]
    found = np.bincount(eligible, minlength=4) / len(eligible)
    np.testing.assert_allclose(found, (0.1, 0.5, 0.2, 0.2), atol=0.05)
    closed = videos.closed[: videos.count]
    assert (closed & 1).mean() == pytest.approx(0.5, abs=0.05)
    assert (closed >> 1 & 1).mean() == pytest.approx(0.5, abs=0.05)


def test_private_videos_reach_those_alone_who_may_see_them(played: tuple[Live, Any]) -> None:
    live, events = played
    eligible = live.world.videos.eligible[events["video"]]
    to_followers = events["source"][eligible == FOLLOWERS]
    assert len(to_followers) > 20
    assert set(to_followers.tolist()) <= set(TO_FOLLOWERS)
    to_friends = events["source"][eligible == FRIENDS]
    assert len(to_friends) > 5
    assert set(to_friends.tolist()) == {TO_FRIENDS}


def test_refused_videos_are_never_shown_and_others_not_after_they_are_taken_down(
    played: tuple[Live, Any],
) -> None:
    live, events = played
    down = live.world.video_truth.down_s[events["video"]]
    refused = live.world.videos.eligible[events["video"]] == NOT_SHOWN
    assert (down[refused] < np.inf).all()
    late = events["time_s"] - down
    # it is gone from the index within ten minutes, and a slate may be older by a session
    assert (late[late > 0.0] < 3_600.0).all()
    assert (late > -np.inf).sum() > 100


def test_closed_comments_stay_closed(played: tuple[Live, Any]) -> None:
    live, events = played
    closed = live.world.videos.closed[events["video"]] & 1 == 1
    commented = events["actions"] & bit("comment") != 0
    assert commented[~closed].sum() > 50
    assert not commented[closed].any()


def test_who_may_see() -> None:
    sources = ("interest", "following", "friends", "notification", "link", "profile", "control")
    for eligible, who in (
        (ANYBODY, set(sources)), (FOLLOWERS, {"following", "friends", "notification"}),
        (FRIENDS, {"friends"}), (NOT_SHOWN, set()),
    ):  # fmt: skip
        found = {name for name in sources if may_see(eligible, source_code(name))}
        assert found == who


class TestContract(MechanismContract):
    on: ClassVar = {"catalogue": {"access": PRIVATE}, "population": {"users": 150}}
    off: ClassVar = {
        "catalogue": {"access": {
            "followers_only": 0.0, "friends_only": 0.0, "comments_closed": 0.0,
            "duets_closed": 0.0, "refused": 0.0, "taken_down": 0.0,
        }}, "population": {"users": 150},
    }  # fmt: skip
    base: ClassVar = off
