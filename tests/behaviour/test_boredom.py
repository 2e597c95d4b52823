"""Boredom: the contract of a mechanism, and its formula in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest

from sim.behaviour import boredom
from sim.behaviour.params import behaviour_params
from sim.core.room import SEEN, lanes
from sim.machine.compiled import njit
from sim.machine.frame import Frame, Layout
from sim.machine.table import Side
from sim.scenario.behaviour import BehaviourConfig
from sim.testing.mechanisms import MechanismContract
from sim.testing.worlds import tiny_scenario

HOUR = 3_600.0
NAMES = ("creator", "topic", "sound", "format")
FIRST = 1_000
"""Hashtags from here on are those of challenges."""


class TestBoredom(MechanismContract):
    on: ClassVar = {
        "behaviour": {"boredom": {"creator": 0.3, "topic": 0.1, "sound": 0.1, "format": 0.2}}
    }
    base: ClassVar = {"behaviour": {"boredom": dict.fromkeys(NAMES, 0.0)}}
    off: ClassVar = {"behaviour": {"boredom": {**base["behaviour"]["boredom"], "half_life": 60.0}}}
    tables = ("bored",)


LANES = (*boredom.LANES, ("first_tag", np.int64))
ROOM = np.dtype([*lanes(LANES).descr, ("seen", SEEN)], align=True)
SETTINGS = {"boredom": {"creator": 0.5, "topic": 0.2, "sound": 0.1, "format": 0.3,
                        "half_life": "2 h"}}  # fmt: skip
P = behaviour_params(BehaviourConfig.model_validate(SETTINGS), first_challenge=FIRST)
LAYOUT = Layout("boredom-test", {"world": tuple(Side)})
LAYOUT.add_table(boredom.Bored)
LAYOUT.add("room", ROOM, 1, Side.TRUTH, record=True)
LAYOUT.add("p", P.dtype, 1, Side.TRUTH, record=True)  # type: ignore[attr-defined]
open_frame: Any = LAYOUT.opener()


@njit()
def _find(words: Any) -> None:
    frame = open_frame(words)
    boredom.find(frame.world, frame.p, frame.room, 0)


@njit()
def _note(words: Any) -> None:
    frame = open_frame(words)
    boredom.note(frame.world, frame.p, frame.room, 0)


class Person:
    """One person in front of videos whose creator, topic, sound and first hashtag are given."""

    def __init__(self, videos: Sequence[tuple[int, ...]]) -> None:
        self.frame: Any = Frame(LAYOUT)
        self.bored = boredom.Bored(1)
        self.videos = videos
        self.frame.bind_table(self.bored)
        p = np.zeros(1, P.dtype)  # type: ignore[attr-defined]
        p[0] = P
        self.frame.bind("room", np.zeros(1, ROOM))
        self.frame.bind("p", p)

    def lost(self, video: int, t: float) -> float:
        room = self.frame.room
        room.seen.video[0], room.seen.time_s[0] = video, t
        room.creator[0], room.topic[0], room.sound[0] = self.videos[video][:3]
        room.first_tag[0] = self.videos[video][3] if len(self.videos[video]) > 3 else -1
        _find(self.frame.words)
        return float(room.bored[0])

    def watch(self, video: int, t: float) -> None:
        self.lost(video, t)
        _note(self.frame.words)


def test_nothing_is_lost_before_anything_was_seen() -> None:
    assert Person([(1, 2, 3)]).lost(0, 0.0) == 0.0


def test_what_is_shared_counts() -> None:
    """Slopes 0.5, 0.2 and 0.1 for creator, topic and sound."""
    person = Person([(1, 2, 3), (1, 4, 5), (6, 2, 5), (6, 4, 3), (7, 8, 9), (1, 2, 3)])
    person.watch(0, 0.0)
    lost = [person.lost(v, 0.0) for v in range(6)]
    assert lost == pytest.approx([0.8, 0.5, 0.2, 0.1, 0.0, 0.8])


def test_a_format_is_a_challenge_and_no_other_hashtag() -> None:
    """Slope 0.3, and it fades with the rest."""
    tags = (FIRST, FIRST, FIRST - 1, FIRST - 1)
    person = Person([(3 * v, 3 * v + 1, 3 * v + 2, tag) for v, tag in enumerate(tags)])
    person.watch(0, 0.0)
    person.watch(2, 0.0)
    assert [person.lost(v, 0.0) for v in (1, 3)] == pytest.approx([0.3, 0.0])
    assert person.lost(1, 2 * HOUR) == pytest.approx(0.15)
    person.watch(3, 2 * HOUR)  # a video without one leaves none behind
    assert person.lost(1, 4 * HOUR) == pytest.approx(0.075)


def test_half_is_forgotten_after_the_half_life() -> None:
    person = Person([(1, 2, 3)])
    person.watch(0, 0.0)
    assert person.lost(0, 2 * HOUR) == pytest.approx(0.4)
    person.watch(0, 2 * HOUR)
    assert person.lost(0, 2 * HOUR) == pytest.approx(0.8 * 1.5)
    assert person.lost(0, 6 * HOUR) == pytest.approx(0.8 * 1.5 / 4)


def test_the_weakest_makes_room() -> None:
    videos = [(v, v % 16, v) for v in range(12)]
    person = Person(videos)
    for v in range(boredom.PLACES):
        person.watch(v, 0.0)
    person.watch(0, HOUR)  # the first one is strongest now
    person.watch(11, HOUR)
    held = set(person.bored.who[0, 0].tolist())
    assert {0, 11} <= held
    assert len(held) == boredom.PLACES
    assert person.lost(1, HOUR) == 0.0  # the first of the equally weak


def test_off_takes_no_room() -> None:
    none = dict.fromkeys(NAMES, 0.0)
    assert not boredom.is_on(tiny_scenario(behaviour={"boredom": none}))
    for name in NAMES:
        assert boredom.is_on(tiny_scenario(behaviour={"boredom": {**none, name: 0.1}}))
