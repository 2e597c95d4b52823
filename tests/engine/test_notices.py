"""Bells that go on with a follow and off with its end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from sim.behaviour.notify import SUBSCRIBED, UNSUBSCRIBED, Bells, Subscribers
from sim.behaviour.params import behaviour_params
from sim.engine.keys import make_keys
from sim.engine.notices import Notices
from sim.machine.keep import part_of, put_down, take_up
from sim.scenario.behaviour import BehaviourConfig
from sim.world.exchange import MESSAGE

VIDEOS: Any = SimpleNamespace(
    creator=np.array([0, 1, 2], np.int32), luck=np.zeros(3, np.int32),
    eligible=np.ones(3, np.int8), mentions=np.full(3, -1, np.int32),
)  # fmt: skip
ALL = np.arange(3)


def notices() -> Notices:
    """Users 10 and 11 have the bell of creator 0 on from the start, and user 12 that of 1."""
    subscribers = Subscribers()
    subscribers.start = np.array([0, 2, 3, 3])
    subscribers.user = np.array([10, 11, 12], np.int32)
    behaviour = behaviour_params(BehaviourConfig())
    return Notices(behaviour, make_keys(1), Bells(20), subscribers, used=True)


def changes(*rows: tuple[int, int, int, float]) -> Any:
    """Messages of (kind, user, creator, when)."""
    messages = np.zeros(len(rows), MESSAGE)
    for i, (kind, user, creator, sent) in enumerate(rows):
        messages["kind"][i], messages["to"][i] = kind, user
        messages["sender"][i], messages["sent"][i] = creator, sent
    return messages


def told(found: Notices) -> set[tuple[int, int]]:
    """(user, video) of those who are told, each once."""
    posts = found.announce(VIDEOS, ALL, 100.0)
    pairs = list(zip(posts["to"].tolist(), posts["video"].tolist(), strict=True))
    assert len(pairs) == len(set(pairs))
    return set(pairs)


START = {(10, 0), (11, 0), (12, 1)}


def test_a_bell_of_the_start_is_silent_after_the_end_and_rings_after_a_new_follow() -> None:
    found = notices()
    assert told(found) == START
    found.hear(changes((UNSUBSCRIBED, 10, 0, 1.0)), VIDEOS, 2.0)
    assert told(found) == START - {(10, 0)}
    found.hear(changes((SUBSCRIBED, 10, 0, 3.0)), VIDEOS, 4.0)
    assert told(found) == START
    found.hear(changes((UNSUBSCRIBED, 10, 0, 5.0)), VIDEOS, 6.0)
    assert told(found) == START - {(10, 0)}


def test_a_bell_of_the_run_goes_off_and_on_too() -> None:
    found = notices()
    found.hear(changes((SUBSCRIBED, 13, 2, 1.0)), VIDEOS, 2.0)
    assert told(found) == START | {(13, 2)}
    found.hear(changes((UNSUBSCRIBED, 13, 2, 3.0)), VIDEOS, 4.0)
    assert told(found) == START
    found.hear(changes((SUBSCRIBED, 13, 2, 5.0)), VIDEOS, 6.0)
    assert told(found) == START | {(13, 2)}


def test_within_a_window_the_order_of_time_counts() -> None:
    """Whatever the order in which messages arrive; and others keep their bells."""
    on, off, again = (SUBSCRIBED, 13, 0, 1.0), (UNSUBSCRIBED, 13, 0, 2.0), (SUBSCRIBED, 13, 0, 3.0)
    for rows, rings in (((off, on), False), ((again, off, on), True), ((on, again, off), True)):
        found = notices()
        found.hear(changes(*rows), VIDEOS, 4.0)
        assert told(found) == (START | {(13, 0)} if rings else START)
    found = notices()
    found.hear(changes((UNSUBSCRIBED, 10, 0, 5.0), (UNSUBSCRIBED, 12, 1, 5.0)), VIDEOS, 6.0)
    assert told(found) == {(11, 0)}


def test_a_bell_that_is_off_is_off_after_going_on() -> None:
    found, other = notices(), notices()
    found.hear(changes((UNSUBSCRIBED, 10, 0, 1.0), (SUBSCRIBED, 14, 1, 1.0)), VIDEOS, 2.0)
    take_up(other, part_of(dict(put_down("x", found)), "x"), "x")
    assert told(other) == told(found) == (START - {(10, 0)}) | {(14, 1)}
