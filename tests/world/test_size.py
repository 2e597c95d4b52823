"""The size of a world for its videos: supply, further accounts, load of pools, warnings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.assemble import assemble
from sim.engine.demand import expected_demand
from sim.scenario import Scenario, load
from sim.scenario.viral import viral_of
from sim.world.build import build_world
from sim.world.expected import creator_count, expected_posts, further_accounts, mean_impressions
from sim.world.size import overload, size_of, warnings
from sim.world.state import NOBODY

DAY = 86_400.0
SCENARIOS = sorted((Path(__file__).resolve().parents[2] / "scenarios").glob("*.yaml"))


def scenario(**over: Any) -> Scenario:
    whole = {"name": "size", "duration": 2 * DAY, "population": {"users": 2_000}, **over}
    return Scenario.model_validate(whole)


def supplied(impressions: float | None, users: int = 2_000, **over: Any) -> Scenario:
    return scenario(
        population={"users": users}, catalogue={"mean_impressions": impressions}, **over
    )


@pytest.mark.parametrize("wanted", [20.0, 100.0, 500.0])
def test_accounts_are_added_until_there_are_so_many_posts(wanted: float) -> None:
    found = supplied(wanted)
    assert further_accounts(found) > 0
    assert mean_impressions(found) == pytest.approx(wanted, rel=0.01)
    few = mean_impressions(supplied(None))
    assert few is not None
    assert few > wanted


def test_no_accounts_are_added_where_creators_post_enough() -> None:
    assert further_accounts(supplied(None)) == 0
    assert further_accounts(supplied(100_000.0)) == 0


@pytest.mark.parametrize("users", [1_000, 4_000])
def test_supply_is_the_same_at_any_size(users: int) -> None:
    """With headroom, the number of posts grows with the people."""
    found = supplied(50.0, users=users)
    before, during = expected_posts(found)
    assert during / users == pytest.approx(sum(expected_posts(supplied(50.0)))
                                           * 2 / 9 / 2_000, rel=0.01)  # fmt: skip
    assert before == pytest.approx(3.5 * during)
    assert size_of(found).headroom == pytest.approx(users / 50.0, rel=0.01)


def test_further_accounts_post_and_do_not_watch() -> None:
    found = supplied(30.0, users=300)
    world = build_world(found, 1)
    people, further = creator_count(found), further_accounts(found)
    assert world.creators.count == people + further
    assert (world.creators.user[:people] == np.arange(people)).all()
    assert (world.creators.user[people:] == NOBODY).all()
    assert (world.creators.posts_per_week[people:] > 0).all()
    posted = world.videos.creator[: world.videos.count]
    assert (posted >= people).mean() > 0.5
    # people follow them like others
    assert (world.follows.creator >= people).mean() > 0.5


@pytest.mark.parametrize(("users", "stated"), [(2_000, 60.0), (4_000, 100.0)])
def test_the_realised_supply_is_near_the_stated_one(users: int, stated: float) -> None:
    found = supplied(stated, users=users)
    live = assemble(found, 1, engine="fast")
    live.env.run(until=live.end)
    uploaded = live.world.videos.uploaded_s[: live.world.videos.count]
    realised = live.platform.impressions / (uploaded > 0).sum()
    assert realised == pytest.approx(stated, rel=0.15)


def test_accounts_that_post_a_lot_rest_after_each_post() -> None:
    def posts(**over: Any) -> float:
        return expected_posts(scenario(creators={"posts_per_week": 3.9, **over}))[1]

    assert posts(posts_per_week=7.8) == pytest.approx(2 * posts(), rel=0.01)
    busy = posts(posts_per_week=1_008.0, posts_spread=0.0)  # 144 a day, and ten minutes' rest
    assert busy == pytest.approx(2 * 160 * 72.0)


@pytest.mark.parametrize("warmup", [0.0, DAY])
def test_who_joins_is_there_for_a_part(warmup: float) -> None:
    """Half of the people join over two days: a quarter is away, or an eighth on the second one."""
    whole, some = supplied(50.0), supplied(50.0, warmup=warmup)
    some = some.model_copy(
        update={"population": some.population.model_copy(update={"joining": 0.5})}
    )
    there = 0.75 if warmup == 0.0 else 0.875
    people = creator_count(whole)
    accounts = further_accounts(whole) + people
    assert further_accounts(some) + there * people == pytest.approx(there * accounts, abs=1)
    assert mean_impressions(some) == pytest.approx(50.0, rel=0.01)


def test_the_load_of_pools_is_a_geometric_sum() -> None:
    pools = {"policy": "pools", "first": 10, "growth": 3, "promote": 0.1, "levels": 3, "slots": 0.2}
    size = size_of(supplied(100.0, feed={"cold_start": pools}))
    assert size.load == pytest.approx(0.1 * (1 + 0.3 + 0.09), rel=0.01)
    assert size.places == 0.2
    none = size_of(supplied(100.0, feed={"cold_start": {"policy": "none"}}))
    assert (none.load, none.places) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"feed": {"cold_start": {"policy": "pools", "first": 5}}}, "is below 10"),
        ({"feed": {"cold_start": {"policy": "pools", "first": "0.05x"}}}, "is below 10"),
        ({"feed": {"sources": {"fresh": 0.0, "random": 1.0}}}, "are never found"),
        ({"viral": {"reach": 0.005}}, "every video is viral"),
        ({"viral": {"reach": 0.9}}, "the ceiling decides"),
        ({"viral": {"impressions": "0.1x"}}, "10 impressions come with the first audience of 10"),
        ({"viral": {"impressions": "7x"}}, "viral.impressions: is 7.0 times the supply"),
        ({"probes": [{"name": "late", "post_at": 1.5 * DAY}]}, "12 h old at the end"),
        (
            {
                "viral": {"impressions": "5x", "age": 1.5 * DAY},
                "probes": [{"name": "late", "post_at": 0.75 * DAY}],
            },
            "viral.age is 36 h",
        ),
        ({"probes": [{"name": "many", "post_at": 0.0, "count": 900}]}, "compete with each other"),
    ],
)
def test_what_makes_a_result_say_less_is_told(over: dict[str, Any], message: str) -> None:
    sound = {
        "feed": {"cold_start": {"policy": "pools", "first": 10, "levels": 3, "slots": 0.2}},
        "viral": {"reach": 0.3},
    }
    assert warnings(supplied(100.0, **sound)) == []
    both = {**sound, **over}
    if "feed" in over and "cold_start" in over["feed"]:
        both["feed"] = {"cold_start": {**sound["feed"]["cold_start"], **over["feed"]["cold_start"]}}
    elif "feed" in over:
        both["feed"] = {**sound["feed"], **over["feed"]}
    found = warnings(supplied(100.0, **both))
    assert len(found) == 1
    assert message in found[0]


def test_more_audiences_than_places_are_an_overload() -> None:
    pools = {"policy": "pools", "first": "0.1x", "growth": 3, "promote": 0.1, "levels": 3}
    roomy = supplied(100.0, feed={"cold_start": {**pools, "slots": 0.14}})
    assert overload(roomy) is None
    full = supplied(100.0, feed={"cold_start": {**pools, "slots": 0.13}})
    found = overload(full)
    assert found is not None
    assert "need 13.9 % of all places, and 13.0 % are kept" in found
    assert "raise slots" in found
    assert warnings(full) == warnings(roomy)
    assert overload(supplied(100.0, feed={"cold_start": {"policy": "none"}})) is None


def test_multiples_are_of_the_stated_supply_in_every_use() -> None:
    """A multiple and the number that it stands for give the same world and the same ruler."""

    def wanted(first: Any, prior: Any, viral: Any) -> Scenario:
        return supplied(
            150.0,
            users=300,
            feed={
                "cold_start": {"policy": "pools", "first": first, "slots": 0.2, "levels": 2},
                "predict": {"use": "smoothed", "prior": prior},
            },
            viral={"impressions": viral},
        )

    multiples, numbers = wanted("0.1x", "0.25x", "2x"), wanted(15, 37.5, 300)
    assert size_of(multiples) == size_of(numbers)
    assert expected_demand(multiples) == expected_demand(numbers)
    assert (viral_of(multiples).counter, viral_of(multiples).least) == ("impressions", 300)
    found = [assemble(one, 1, engine="fast") for one in (multiples, numbers)]
    for live in found:
        live.env.run(until=live.end)
        assert live.platform.view.cold.policy.first == 15.0
    assert found[0].log.hash == found[1].log.hash


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_shipped_scenarios_are_sound(path: Path) -> None:
    assert warnings(load(path)) == []
    assert overload(load(path)) is None
