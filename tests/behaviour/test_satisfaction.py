"""Satisfaction: the contract of a mechanism, and its formulas in closed form."""

from __future__ import annotations

from math import exp, log
from typing import Any, ClassVar

import numpy as np
import pytest

from sim.assemble import assemble
from sim.behaviour import satisfaction, session
from sim.behaviour.params import behaviour_params
from sim.core.random import key, stream
from sim.core.room import SEEN, lanes
from sim.machine.compiled import njit
from sim.machine.frame import Frame, Layout
from sim.machine.table import Side
from sim.scenario.behaviour import BehaviourConfig
from sim.testing.mechanisms import MechanismContract
from sim.testing.worlds import tiny_scenario, tiny_world

DAY = 86_400.0
OFF = {"behaviour": {"satisfaction": {"enabled": False}}}


class TestSatisfaction(MechanismContract):
    on: ClassVar = {
        "behaviour": {"satisfaction": {"leave": 1.0, "back": 1.0, "lost": 0.05, "pause": 3_600.0}}
    }
    base: ClassVar = OFF
    off: ClassVar = {"behaviour": {"satisfaction": {"enabled": False, "leave": 2.0, "lost": 0.2}}}
    tables = ("mood",)


def test_moods_without_consequence_change_nothing() -> None:
    """On, but nothing follows from it: the log of a world without moods."""
    nothing = {"leave": 0.0, "back": 0.0, "habit_mood": 0.0, "newcomer": 1.0, "lost": 0.0}
    hashes = []
    for over in ({"enabled": False}, nothing):
        live = assemble(tiny_scenario(behaviour={"satisfaction": over}), 1, engine="fast")
        live.env.run(until=live.end)
        hashes.append(live.log.hash)
    assert hashes[0] == hashes[1]


SETTINGS = {
    "satisfaction": {
        "usual": 0.2, "memory": 4.0, "leave": 0.5, "back": 0.4, "habit_mood": 0.6, "pace": 0.1,
        "lost": 0.1, "lost_mood": 1.0, "lost_habit": 2.0, "for_good": 0.25, "pause": DAY,
    }
}  # fmt: skip
P = behaviour_params(BehaviourConfig.model_validate(SETTINGS))
ROOM = np.dtype(
    [*lanes((*satisfaction.LANES, *session.LANES, ("appeal", np.float64), ("stream", np.uint64)))
     .descr, ("seen", SEEN)], align=True,
)  # fmt: skip
LAYOUT = Layout("satisfaction-test", {"world": tuple(Side)})
LAYOUT.add_table(satisfaction.Mood)
LAYOUT.add("room", ROOM, 1, Side.TRUTH, record=True)
LAYOUT.add("p", P.dtype, 1, Side.TRUTH, record=True)  # type: ignore[attr-defined]
open_frame: Any = LAYOUT.opener()


@njit()
def _see(words: Any) -> None:
    frame = open_frame(words)
    satisfaction.find(frame.world, frame.p, frame.room, 0)
    satisfaction.feel(frame.p, frame.room, 0)
    satisfaction.remember(frame.world, frame.p, frame.room, 0)


@njit()
def _look_back(words: Any) -> None:
    frame = open_frame(words)
    satisfaction.look_back(frame.world, frame.p, frame.room, 0)


@njit()
def _lose(words: Any) -> None:
    frame = open_frame(words)
    satisfaction.lose(frame.world, frame.p, frame.room, 0)


@njit()
def _begin(words: Any) -> None:
    frame = open_frame(words)
    satisfaction.begin(frame.world, frame.p, frame.room, 0)


class Person:
    """One person, to whom videos of a given appeal are shown."""

    def __init__(self) -> None:
        self.frame: Any = Frame(LAYOUT)
        self.mood = satisfaction.Mood(1)
        self.frame.bind_table(self.mood)
        p = np.zeros(1, P.dtype)  # type: ignore[attr-defined]
        p[0] = P
        self.frame.bind("room", np.zeros(1, ROOM))
        self.frame.bind("p", p)
        self.room = self.frame.room

    def watch(self, *appeals: float) -> float:
        """The comfort after the last of these videos."""
        for appeal in appeals:
            self.room.videos[0] += 1
            self.room.appeal[0] = appeal
            _see(self.frame.words)
        return float(self.room.comfort[0])

    def eager(self) -> float:
        _look_back(self.frame.words)
        return float(self.room.eager[0])

    def rest(self, number: int) -> float:
        """What is added to the rest after a session."""
        self.room.stream[0] = stream(key(3, "test"), number)
        self.room.rest_s[0] = 0.0
        _lose(self.frame.words)
        return float(self.room.rest_s[0])


def test_the_mood_is_the_mean_of_the_first_videos_then_a_recent_mean() -> None:
    person = Person()
    assert person.watch(1.2) == pytest.approx(0.5 * 1.0)
    assert person.watch(0.2) == pytest.approx(0.5 * 0.5)
    assert person.watch(-0.8, 2.2) == pytest.approx(0.5 * 0.5)
    assert person.watch(0.2) == pytest.approx(0.5 * (0.5 - 0.5 / 4))


def test_a_session_begins_with_no_mood_and_ends_an_absence() -> None:
    person = Person()
    person.watch(2.0)
    person.mood.gone[0] = satisfaction.ON_A_PAUSE
    _begin(person.frame.words)
    person.room.videos[0] = 0
    assert person.mood.gone[0] == 0
    assert person.watch(0.2) == 0.0


def test_a_habit_goes_towards_what_the_mood_is_worth() -> None:
    person = Person()
    person.mood.habit[0] = -log(2.0)
    person.watch(1.2)  # a mood of 1, worth 0.6
    for sessions in range(1, 60):
        habit = 0.6 + (-log(2.0) - 0.6) * 0.9**sessions
        assert person.eager() == pytest.approx(habit + 0.4, abs=1e-5)


def test_nothing_follows_from_a_session_without_videos() -> None:
    person = Person()
    person.mood.habit[0] = -0.5
    assert person.eager() == pytest.approx(-0.5)
    assert person.mood.habit[0] == np.float32(-0.5)
    assert {person.rest(number) for number in range(200)} == {0.0}


def test_how_many_are_lost_and_how_many_for_good() -> None:
    person, n = Person(), 20_000
    person.watch(0.7)
    person.mood.habit[0] = -0.25
    rests = np.array([person.rest(number) for number in range(n)])
    lost, chance = rests > 0.0, 0.1 * exp(-0.5 + 0.5)
    assert lost.mean() == pytest.approx(chance, abs=5 * (chance / n) ** 0.5)
    good = np.isinf(rests[lost])
    assert good.mean() == pytest.approx(0.25, abs=5 * 0.43 / lost.sum() ** 0.5)
    pauses = rests[lost][~good]
    assert pauses.mean() == pytest.approx(DAY, rel=5 / len(pauses) ** 0.5)
    assert person.mood.gone[0] in (0, satisfaction.ON_A_PAUSE, satisfaction.AWAY_FOR_GOOD)


def test_newcomers_come_half_as_often_at_first() -> None:
    scenario = tiny_scenario(population={"joining": 0.5})
    world = tiny_world(population={"joining": 0.5})
    (table,) = satisfaction.build(scenario, world, 1, {})
    later = world.accounts.joined_s > 0.0
    assert 0.3 < later.mean() < 0.7
    np.testing.assert_array_equal(table.habit[later], np.float32(-log(2.0)))
    np.testing.assert_array_equal(table.habit[~later], np.float32(0.0))


def test_after_a_month_a_newcomer_with_three_sessions_a_day_comes_nearly_twice_as_often() -> None:
    """W18: half an hour a day is some three sessions; those that come from day to day add up."""
    s = BehaviourConfig().satisfaction
    habit, sessions = -log(s.newcomer), 0.0
    for _ in range(30):
        for _ in range(round(3 * exp(habit))):
            habit += s.pace * (0.0 - habit)
            sessions += 1
    assert exp(habit) * s.newcomer > 1.75
    assert s.newcomer == 2.0


def test_who_is_lost_stays_away() -> None:
    """Everybody is lost for good after the first session: nobody has a second."""
    lost = {"lost": 1.0, "lost_mood": 0.0, "lost_habit": 0.0, "for_good": 1.0}
    for engine in ("fast", "reference"):
        live = assemble(tiny_scenario(behaviour={"satisfaction": lost}), 1, engine=engine)
        live.env.run(until=live.end)
        sessions = live.engine.user_counts().sessions
        gone = next(t for t in live.platform.mechanisms if t.NAME == "mood").gone
        assert sessions.max() == 1
        assert sessions.sum() > 50
        ended = gone == satisfaction.AWAY_FOR_GOOD
        assert ended.sum() > 50
        assert not ended[sessions == 0].any()
