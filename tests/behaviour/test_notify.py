"""Notifications: the contract of a mechanism, whom they reach, and whom they bring back."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from sim.assemble import Live, assemble
from sim.behaviour import notify
from sim.behaviour.params import behaviour_params
from sim.core.messages import kind_code
from sim.core.random import key, stream3, uniform
from sim.scenario.behaviour import BehaviourConfig
from sim.testing.mechanisms import MechanismContract
from sim.testing.worlds import tiny_scenario, tiny_world
from sim.world.access import ANYBODY, FOLLOWERS
from sim.world.exchange import MESSAGE

OFF = {"behaviour": {"notifications": {"enabled": False}}}
SILENT = {"behaviour": {**OFF["behaviour"], "sharing": {"contacts": 0}}}
STRONG = {
    "reply": 1.0,
    "post": 0.8,
    "opened": 0.9,
    "brings": 0.8,
    "delay": 60.0,
    "reply_delay": 9.0,
}
BUSY: dict[str, Any] = {
    "behaviour": {"notifications": STRONG, "act": {"comment": 0.1, "follow": 0.02}},
    "creators": {"posts_per_week": 100.0},
}
REPLY, POST, LINK = kind_code("reply"), kind_code("post"), kind_code("link")


class TestNotifications(MechanismContract):
    on: ClassVar = BUSY
    base: ClassVar = OFF
    off: ClassVar = {"behaviour": {"notifications": {**STRONG, "enabled": False}}}
    tables = ("bells", "subscribers")


class TestNotificationsAndLinks(MechanismContract):
    on: ClassVar = {
        **BUSY,
        "behaviour": {
            **BUSY["behaviour"],
            "act": {"comment": 0.1, "share": 0.1, "follow": 0.02},
            "sharing": {"contacts": 5, "delay": 60.0},
        },
    }
    base: ClassVar = SILENT
    off: ClassVar = SILENT
    tables = ("bells", "subscribers", "links")


def _played(**over: Any) -> Live:
    live = assemble(tiny_scenario(**over), 1, engine="fast")
    live.env.run(until=live.end)
    return live


def test_who_follows_with_the_bell_on_hears_of_each_post() -> None:
    faithful = {**BUSY["behaviour"]["act"], "unfollow": 0.0, "block": 0.0}
    live = _played(**{**BUSY, "behaviour": {**BUSY["behaviour"], "act": faithful}})
    world, log = live.world, live.platform.exchange.log()
    subscribers = next(t for t in live.platform.mechanisms if t.NAME == "subscribers")
    posts = log[log["kind"] == POST]
    new = np.flatnonzero(world.videos.uploaded_s[: world.videos.count] > 0.0)
    assert len(new) > 50
    told = set(zip(posts["video"].tolist(), posts["to"].tolist(), strict=True))
    assert len(told) == len(posts) > 200
    for video in new.tolist():
        if world.videos.eligible[video] not in (ANYBODY, FOLLOWERS):
            continue  # for friends alone, or refused
        creator = int(world.videos.creator[video])
        first, last = subscribers.start[creator : creator + 2]
        for user in subscribers.user[first:last].tolist():
            assert (video, user) in told
    # and nobody else but who follows since
    bells = log[log["kind"] == notify.SUBSCRIBED]
    assert len(bells) > 20
    pairs = {(int(m["sender"]), int(m["to"])): float(m["sent"]) for m in bells[::-1]}
    graph = world.follows
    from_start = {
        (int(c), u)
        for u in range(world.users)
        for c in graph.creator[graph.start[u] : graph.start[u + 1]]
    }
    for message in posts:
        pair = (int(message["sender"]), int(message["to"]))
        assert pair in from_start or pairs[pair] < message["sent"]
        assert world.videos.creator[message["video"]] == message["sender"]


def test_the_share_of_follows_with_the_bell_on() -> None:
    world = tiny_world(population={"users": 2_000, "follows": 20})
    scenario = tiny_scenario(behaviour={"notifications": {"post": 0.3}})
    _, subscribers = notify.build(scenario, world, 1, {})
    n = len(world.follows.creator)
    assert n > 10_000
    assert len(subscribers.user) / n == pytest.approx(0.3, abs=5 * (0.21 / n) ** 0.5)
    assert subscribers.start[-1] == len(subscribers.user)


def test_each_comment_is_answered_or_not() -> None:
    live = _played(**{**BUSY, "behaviour": {**BUSY["behaviour"], "notifications": {"reply": 0.4}}})
    log = live.platform.exchange.log()
    replies = log[log["kind"] == REPLY]
    comments = int(live.platform.view.totals[:].sum() and _comments(live))
    assert comments > 300
    assert len(replies) / comments == pytest.approx(0.4, abs=5 * (0.24 / comments) ** 0.5)
    waits = replies["at"] - replies["sent"]
    assert waits.mean() == pytest.approx(3_600.0, rel=5 / len(waits) ** 0.5)


def _comments(live: Live) -> int:
    from sim.core.actions import ACTION_INDEX
    from sim.core.counts import FIRST_ACTION

    counts = live.engine.user_counts().counts
    return int(counts[:, FIRST_ACTION + ACTION_INDEX["comment"]].sum())


def _messages(kinds: list[int]) -> Any:
    messages = np.zeros(len(kinds), MESSAGE)
    messages["kind"] = kinds
    messages["to"] = np.arange(len(kinds))
    messages["sender"], messages["at"] = 7, 50.0
    return messages


def test_whom_messages_bring_back_and_when() -> None:
    settings = {"notifications": {"brings": 0.25, "delay": 100.0}}
    p = behaviour_params(BehaviourConfig.model_validate(settings))
    n = 4_000
    messages, luck = _messages([REPLY, POST, LINK, notify.SUBSCRIBED] * n), np.array([5])
    who, at = np.empty(len(messages), np.int64), np.empty(len(messages))
    k_link, k = key(1, "exchange"), key(1, "notify")
    count = notify.calls(p.notifications, k_link, k, messages, luck, 80.0, who, at)
    assert count == pytest.approx(0.25 * 3 * n, rel=0.1)
    kinds = messages["kind"][who[:count]]
    assert set(kinds.tolist()) == {REPLY, POST, LINK}
    assert at[:count].min() > 80.0  # not before the refresh
    assert (at[:count] - 80.0).mean() == pytest.approx(100.0, rel=0.15)
    # those who would open it, and no others
    for i in who[:200].tolist():
        of = k_link if messages["kind"][i] == LINK else k
        assert uniform(stream3(of, 7, i, 5), 0) < 0.25


def test_nobody_is_brought_back_who_left_for_good_or_has_not_joined() -> None:
    lost = {"lost": 1.0, "lost_mood": 0.0, "lost_habit": 0.0, "for_good": 1.0}
    over = {
        **BUSY,
        "behaviour": {**BUSY["behaviour"], "satisfaction": lost},
        "population": {"joining": 0.5},
    }
    live = _played(**over)
    assert len(live.platform.exchange.log()) > 20
    counts = live.engine.user_counts()
    assert counts.sessions.max() == 1


def test_people_come_more_often() -> None:
    few = _played(**{**BUSY, **OFF}).engine.user_counts().sessions.sum()
    many = _played(**BUSY).engine.user_counts().sessions.sum()
    assert many > 1.15 * few
