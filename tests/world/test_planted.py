"""Twins: the same video, posted at the same moment, with the same luck."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.assemble import Live, assemble
from sim.core.errors import ScenarioError
from sim.scenario import Scenario, loads
from sim.scenario.probes import ProbeConfig
from sim.simulate import tables_in_memory
from sim.testing.worlds import tiny_scenario
from sim.world.build import build_world
from sim.world.planted import planted_accounts

TWINS = {"name": "p", "count": 3, "post_at": 600.0, "spread": 900.0}


def play(scenario: Any, seed: int = 1) -> Live:
    """The world, played to its end."""
    live = assemble(scenario, seed, engine="fast")
    live.env.run(until=live.end)
    return live


def _accounts(**probe: object) -> list[object]:
    return [(a.pair, a.twin, a.number, a.post_s, a.identity) for a in
            planted_accounts(tiny_scenario(probes=[{**TWINS, **probe}]))]  # fmt: skip


def test_each_video_is_planted_once_for_each_value() -> None:
    accounts = planted_accounts(tiny_scenario(probes=[{**TWINS, "twins": {"followers": [0, 30]}}]))
    assert [a.config.followers for a in accounts] == [0, 30] * 3
    assert [a.number for a in accounts] == list(range(6))
    assert [a.pair for a in accounts] == [0, 0, 1, 1, 2, 2]
    assert accounts[2].post_s == accounts[3].post_s == 900.0
    assert accounts[2].identity == accounts[3].identity != accounts[4].identity


def test_twins_are_the_same_video_with_the_same_luck() -> None:
    live = play(tiny_scenario(probes=[{**TWINS, "twins": {"followers": [0, 30, 60]}}]))
    world = live.world
    planted = np.flatnonzero(world.video_truth.probe[: world.videos.count] == 0)
    assert len(planted) == 9
    for column in (
        world.videos.luck, world.videos.uploaded_s, world.videos.duration_s, world.videos.caption,
        world.videos.tags, world.video_truth.quality, world.video_truth.hook,
        world.video_truth.topics, world.videos.locale,
    ):  # fmt: skip
        rows = column[planted].reshape(3, 3, -1)
        assert (rows == rows[:, :1]).all()
    assert len(set(world.videos.luck[planted].tolist())) == 3
    first = int((world.creators.probe == -1).sum())
    assert world.creators.followers_start[first:].tolist() == [0, 30, 60] * 3
    probes = tables_in_memory(live).probes
    assert probes["twin"].to_list() == ["0", "30", "60"] * 3
    assert probes["pair"].to_list() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_the_fewer_followers_are_among_the_more() -> None:
    world = build_world(
        tiny_scenario(probes=[{**TWINS, "count": 1, "twins": {"followers": [10, 40, 150]}}]), 3
    )
    owner = np.repeat(np.arange(world.users), np.diff(world.follows.start))
    sets = [set(owner[world.follows.creator == c].tolist()) for c in range(30, 33)]
    assert [len(s) for s in sets] == [10, 40, 150]
    assert sets[0] < sets[1] < sets[2]


def test_a_twin_more_changes_nothing_for_the_others() -> None:
    two, three = (_accounts(twins={"followers": values}) for values in ([0, 5], [0, 5, 9]))
    assert {a[4] for a in two} == {a[4] for a in three}  # type: ignore[index]


def test_planted_followers_are_drawn_as_ordinary_ones() -> None:
    """They follow many, and like what the account posts about."""
    scenario = tiny_scenario(
        population={"users": 2_000, "follows": 20},
        probes=[{"name": "p", "count": 20, "post_at": 0.0, "followers": 100}],
    )
    world = build_world(scenario, 1)
    ordinary = int((world.creators.probe == -1).sum())
    owner = np.repeat(np.arange(world.users), np.diff(world.follows.start))
    many = np.diff(world.follows.start)
    interest = world.truth.interests.astype(float) ** 2
    interest /= interest.sum(axis=1, keepdims=True)

    def of(accounts: np.ndarray) -> tuple[float, float]:
        """Mean follows of the followers, and their interest in the topic of the account."""
        edges = np.isin(world.follows.creator, accounts)
        topic = world.creators.niche[world.follows.creator[edges]].argmax(axis=1)
        return float(many[owner[edges]].mean()), float(interest[owner[edges], topic].mean())

    planted = of(np.arange(ordinary, ordinary + 20))
    counts = world.creators.followers_start[:ordinary]
    usual = of(np.flatnonzero((counts > 50) & (counts < 200)))
    assert planted[0] == pytest.approx(usual[0], rel=0.15)
    assert planted[1] == pytest.approx(usual[1], rel=0.25)
    assert planted[0] > 1.3 * many.mean()
    assert planted[1] > 2.0 * interest.mean()


@pytest.mark.parametrize(
    ("twins", "message"),
    [
        ("{followers: [0, 10], sound: [original, library]}", "must name one attribute"),
        ("{}", "must name one attribute"),
        ("{followers: [5, 5]}", "two of the values are the same"),
        ("{followers: [0, 10_000]}", "at most the number of users"),
        ("{topic: [1, 40]}", "below the number of topics"),
        ("{quality: [0, 11]}", "at most 10"),
        ("{followers: [3]}", "at least 2"),
        ("{colour: [3, 4]}", "colour"),
        ("{inject: [[], [{after: 1 h}]]}", "forces nothing"),
        ("{inject: [[], [{likes: 2_000}]]}", "must fall on at most"),
    ],
)
def test_twins_that_make_no_sense_are_refused_with_their_place(twins: str, message: str) -> None:
    text = (
        "name: x\nduration: 1 d\npopulation: {users: 1_000}\n"
        f"probes:\n  - {{name: p, post_at: 1 h, twins: {twins}}}\n"
    )
    with pytest.raises(ScenarioError, match=message) as error:
        loads(text)
    assert error.value.problems[0].line == 5


def test_an_attribute_is_named_once() -> None:
    text = (
        "name: x\nduration: 1 d\n"
        "probes:\n  - {name: p, post_at: 1 h, followers: 5, twins: {followers: [0, 1]}}\n"
    )
    with pytest.raises(ScenarioError, match="is what the twins differ in"):
        loads(text)


def test_values_are_said_in_words() -> None:
    def labels(**twins: object) -> tuple[str, ...]:
        probe = {"name": "p", "post_at": 0.0, "twins": twins}
        return ProbeConfig.model_validate(probe).labels

    assert labels(video_duration=[7.0, 80.0]) == ("7 s", "80 s")
    assert labels(quality=[0.5, -1.0]) == ("0.5", "-1")
    assert labels(inject=[[], [{"likes": 20, "skips": 3, "after": 60.0}]]) == (
        "nothing", "20 likes and 3 skips after 1 min",
    )  # fmt: skip
    assert ProbeConfig(name="p", post_at=0.0).labels == ("",)
    assert isinstance(tiny_scenario(), Scenario)
