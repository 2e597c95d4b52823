"""What people are expected to want is what they want when the same formulas are played."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.behaviour import session
from sim.behaviour.params import behaviour_params
from sim.core.formulas import spread_of_tastes
from sim.core.random import key, stream2
from sim.scenario import Scenario
from sim.testing.reaction import play_until
from sim.world import attention as attention_module
from sim.world.attention import RECENT, SHOWN, attention, session_videos, videos_a_day

DAY, HOUR = 86_400.0, 3_600.0
SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "brief": {"session": {"leave": 0.2, "leave_start": 3.0, "leave_skip": 3.0}},
    "moody": {"session": {"leave_appeal": 1.0}, "interest": {"quality": 1.0, "taste": 1.0}},
    "loops": {"watch": {"replay": [[0.0, 0.02]], "max_plays": 4.0}},
    "hasty": {"watch": {"early_patience": 2.0, "hook": -0.5}, "session": {"gap_mean_s": 5.0}},
}


def scenario(behaviour: dict[str, Any], **over: Any) -> Scenario:
    return Scenario.model_validate(
        {"name": "wants", "duration": 2 * DAY, "behaviour": behaviour, **over}
    )


def _visits(found: Scenario, count: int) -> tuple[float, float]:
    """Mean videos and seconds of visits that are played with the compiled functions."""
    p, rng = behaviour_params(found.behaviour), np.random.default_rng(3)
    c, length = found.behaviour.interest, found.catalogue.duration
    b = found.behaviour.boredom
    tired = b.creator * RECENT.creator + b.topic * RECENT.topic + b.sound * RECENT.sound
    tired += b.format * RECENT.format
    videos = seconds = 0.0
    for _ in range(count):
        patience, n = rng.normal(), 0
        while True:
            n += 1
            affinity, quality, hook, ln = (rng.normal(mean, sd) for mean, sd in SHOWN)
            appeal = c.affinity * (affinity - c.affinity_center) + c.quality * quality
            appeal += spread_of_tastes(c) * rng.normal() - tired
            duration = min(max(length.median * math.exp(length.spread * ln), length.min), 600.0)
            t = play_until(p, rng.exponential(), duration, appeal, hook, patience)
            seconds += t + p.session.gap_min_s + p.session.gap_mean_s * rng.exponential()
            skipped = t < 3.0 and t < duration
            if rng.random() < session.leave_probability(p.session, appeal, n, skipped, 0.0):
                break
        videos += n
    return videos / count, seconds / count


@pytest.mark.parametrize("name", SETTINGS)
def test_a_session_is_as_long_as_when_it_is_played(name: str) -> None:
    found = scenario(SETTINGS[name])
    videos, seconds = _visits(found, 1_500)
    assert session_videos(found) == pytest.approx(videos, rel=0.08)
    # one person's day, with one rate of coming for all
    once = {**SETTINGS[name].get("session", {}), "activity_spread": 0.0, "sessions_per_day": 1.0}
    even = scenario({**SETTINGS[name], "session": once})
    cycle_s = DAY / (videos_a_day(even) / session_videos(even))
    assert cycle_s == pytest.approx(DAY + 60.0 + seconds, rel=0.01)
    assert cycle_s - DAY - 60.0 == pytest.approx(seconds, rel=0.12)


@pytest.mark.parametrize(
    ("rate", "rest", "near"), [(0.5, 60.0, 0.03), (8.0, 60.0, 0.05), (8.0, 3 * HOUR, 0.12)]
)
def test_sessions_are_as_many_as_when_they_are_played(
    rate: float, rest: float, near: float
) -> None:
    """Busy people rest most in the hours when they would come most, so a little fewer then."""
    own = {"sessions_per_day": rate, "activity_spread": 0.0, "rest_s": rest, "activity_max": 30.0}
    found = scenario({"session": own}, duration=10 * DAY)
    p, k = behaviour_params(found.behaviour).session, key(1, "session")
    videos, pace = attention_module._session(found)
    length = videos * pace
    count, people = 0, 300
    for u in range(people):
        now = session.next_session_delay_s(p, stream2(k, u, 0), 0.0, 0.0, 0.0, 0.0, 0.0)
        while now < found.duration:
            count += 1
            now += length
            now += session.next_session_delay_s(p, stream2(k, u, count), now, 0.0, 0.0, 0.0, 0.0)
    assert attention(found).sessions[0] == pytest.approx(count / people, rel=near)


def test_a_day_is_a_whole_one_whatever_the_run_is() -> None:
    days = [videos_a_day(scenario({}, duration=hours * HOUR)) for hours in (6, 36, 240)]
    assert days == pytest.approx(days[:1] * 3)
    long = scenario({}, duration=60 * DAY)
    assert attention(long).mean / 60 == pytest.approx(days[0], rel=0.01)
    # in the night, few come
    assert attention(scenario({}, duration=6 * HOUR)).mean < 0.15 * days[0]


def test_better_videos_keep_people_longer() -> None:
    usual = session_videos(scenario({}))
    # 0.9 sd per sd of quality less, of which 0.83 sd are shown
    assert session_videos(scenario({"interest": {"quality": -0.5}})) < 0.9 * usual
    assert session_videos(scenario({"interest": {"affinity_center": 0.0}})) > 1.1 * usual
