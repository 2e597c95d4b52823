"""Lives: what creators make of their numbers, in closed form and in a world."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest

from sim.analysis.creators import creator_summary, state_at
from sim.assemble import Live, assemble
from sim.core.counts import VIEWS, WIDTH
from sim.engine.lives import AWAY, DID, PAUSED, QUIT, SHIFTED, Lives
from sim.record.tables import to_table
from sim.scenario.creators import ReactConfig
from sim.testing.mechanisms import MechanismContract
from sim.testing.worlds import tiny_scenario, tiny_world
from sim.world.draw import main_topic
from sim.world.state import World

HOUR, DAY, WEEK = 3_600.0, 86_400.0, 7 * 86_400.0
CALM = {"pause": 0, "quit": 0, "shift": 20}
LIVELY: dict[str, Any] = {
    "enabled": True, "after": HOUR, "pause": 0.3, "quit": 0.1, "drive": 0.5, "shift": 0.5,
}  # fmt: skip


class TestLives(MechanismContract):
    on: ClassVar = {"creators": {"react": LIVELY}}
    off: ClassVar = {"creators": {"react": {**LIVELY, "enabled": False}}}
    base: ClassVar = {"creators": {"posts_per_week": 100}}

    on = {**on, "creators": {**on["creators"], **base["creators"]}}
    off = {**off, "creators": {**off["creators"], **base["creators"]}}


def _world(users: int = 150) -> World:
    """Everybody's next post is at once."""
    world = tiny_world(population={"users": users})
    world.creators.next_post_s[:] = 0.0
    return world


def _lives(world: World, **settings: Any) -> Lives:
    found = Lives(ReactConfig(enabled=True, after=HOUR, **settings), np.uint64(7), world)
    found._next = 0  # the first catalogue is looked back at, too
    return found


def _counts(world: World, views: int) -> np.ndarray:
    counts = np.zeros((world.videos.count, WIDTH), np.int64)
    counts[:, VIEWS] = views
    return counts


def _alone(world: World) -> tuple[int, np.ndarray]:
    """A creator with two posts or more, and the numbers of their videos."""
    creator = world.videos.creator[: world.videos.count]
    best = int(np.bincount(creator).argmax())
    return best, np.flatnonzero(creator == best)


def test_what_one_is_used_to_follows_what_one_gets() -> None:
    world = _world()
    creator, videos = _alone(world)
    assert len(videos) >= 2
    lives, counts = _lives(world, memory=4, **CALM), _counts(world, 99)
    counts[videos[1:], VIEWS] = 999
    lives.look_back(10 * DAY, world, counts)
    usual = np.log(100.0)
    for _ in videos[1:]:
        usual += (np.log(1000.0) - usual) / 4
    assert lives.usual[creator] == pytest.approx(usual)
    assert lives.looked[creator] == len(videos)


def test_who_has_no_post_hopes() -> None:
    world = _world()
    world.creators.post_number[:] = 0
    lives = _lives(world, hope=50, **CALM)
    np.testing.assert_allclose(lives.usual, np.log(51.0))


def test_success_drives_and_fades() -> None:
    world = _world()
    creator, videos = _alone(world)
    before = world.creators.posts_per_week.copy()
    lives, counts = _lives(world, drive=0.2, keep=0.5, memory=1, **CALM), _counts(world, 99)
    counts[videos[1], VIEWS] = 999
    lives.look_back(10 * DAY, world, counts)
    x, drive = np.log(10.0), 0.2 * np.tanh(np.log(10.0))
    for number in range(len(videos[2:])):
        drive = 0.5 * drive - (0.2 * np.tanh(x) if number == 0 else 0.0)
    assert lives.drive[creator] == pytest.approx(drive)
    factor = world.creators.posts_per_week[creator] / before[creator]
    assert factor == pytest.approx(np.exp(drive), rel=1e-6)


@pytest.mark.parametrize(("views", "worse"), [(99, 1.0), (9, 10.0), (999, 0.1)])
def test_failure_makes_pauses_and_ends_likelier(views: int, worse: float) -> None:
    """As used to 99 views; with a failure of 1 the probability goes with their inverse."""
    world = _world(3_000)
    lives = _lives(world, pause=0.02, quit=0.01, failure=1, come_back=0.4, shift=20, memory=1e3)
    lives.usual[:] = np.log(100.0)
    first = np.unique(world.videos.creator[: world.videos.count], return_index=True)[1]
    world.videos.count = int(first.max()) + 1
    counts = _counts(world, views)
    lives.look_back(10 * DAY, world, counts)
    rows = lives._all_rows()
    n = int(lives.looked.sum())
    did = np.bincount(rows[:, 5].astype(int), minlength=len(DID))
    # who quits looks back no more, and as used to as many views a little later
    quits, pauses = n * 0.01 * worse, n * 0.02 * worse
    assert did[QUIT] + did[AWAY] == pytest.approx(quits, abs=5 * np.sqrt(quits) + 0.06 * quits)
    assert did[PAUSED] == pytest.approx(pauses, abs=5 * np.sqrt(pauses) + 0.15 * pauses)
    assert did[SHIFTED] == 0
    if worse >= 1.0:
        assert 0.2 < did[AWAY] / (did[QUIT] + did[AWAY]) < 0.6
    gone = rows[rows[:, 5] == QUIT, 1].astype(int)
    assert np.isinf(world.creators.next_post_s[gone]).all()
    for row in rows[rows[:, 5] == PAUSED]:
        assert world.creators.next_post_s[int(row[1])] >= row[6] > 10 * DAY


def test_a_post_about_something_else_that_did_better_changes_the_topic() -> None:
    world = _world()
    creator, videos = _alone(world)
    own = main_topic(world.creators.niche[creator], world.topics)
    other = (own + 1) % world.topics
    norm = (world.creators.niche[creator].astype(int) ** 2).sum()
    settings = {**CALM, "shift": 1.0, "memory": 1e3}
    lives, counts = _lives(world, **settings), _counts(world, 99)
    lives.usual[:] = np.log(100.0)
    world.video_truth.main_topic[videos] = own
    world.video_truth.main_topic[videos[0]] = other
    counts[videos[0], VIEWS] = 999
    lives.look_back(10 * DAY, world, counts)
    assert main_topic(world.creators.niche[creator], world.topics) == other
    assert (world.creators.niche[creator].astype(int) ** 2).sum() == norm
    rows = lives._all_rows()
    assert (rows[rows[:, 1] == creator, 5] == SHIFTED).any()


def test_so_many_begin_on_a_pause_as_there_are_in_the_long_run() -> None:
    world = _world(5_000)
    world.creators.posts_per_week[:] = 7.0
    lives = Lives(ReactConfig(enabled=True, pause=0.1, pause_length=7 * DAY), np.uint64(1), world)
    lives.begin(world.creators)
    paused = world.creators.next_post_s > 0.0
    wanted = 0.7 / 1.7
    error = np.sqrt(wanted * (1 - wanted) / len(paused))
    assert paused.mean() == pytest.approx(wanted, abs=4 * error)
    left = world.creators.next_post_s[paused]
    assert left.mean() == pytest.approx(7 * DAY, rel=4 / np.sqrt(len(left)))


def test_planted_accounts_do_as_the_scenario_says() -> None:
    probes = [{"name": "one", "count": 3, "post_at": HOUR}]
    react = {**LIVELY, "quit": 1.0}
    live = assemble(tiny_scenario(probes=probes, creators={"react": react}), 1, engine="fast")
    live.env.run(until=live.end)
    creators = live.world.creators
    planted = creators.probe >= 0
    assert creators.post_number[planted].tolist() == [1, 1, 1]
    assert not live.platform.lives.looked[planted].any()


@pytest.fixture(scope="module")
def live() -> Live:
    """Four days of creators who take much to heart."""
    react = {**LIVELY, "pause": 0.05, "pause_length": 6 * HOUR, "quit": 0.01, "come_back": 0.5}
    scenario = tiny_scenario(duration=4 * DAY, creators={"react": react, "posts_per_week": 30})
    found = assemble(scenario, 2, engine="fast")
    found.env.run(until=found.end)
    return found


def test_who_pauses_posts_nothing_meanwhile_and_who_quits_nothing_more(live: Live) -> None:
    rows = pl.DataFrame(to_table("reactions", live.columns()["reactions"]))
    videos = live.world.videos
    assert set(rows["did"].cast(pl.String)) == set(DID)
    stopped = rows.filter(pl.col("did") != "shifted")
    for time_s, creator, until in stopped.select("time_s", "creator", "until_s").iter_rows():
        theirs = videos.uploaded_s[: videos.count][videos.creator[: videos.count] == creator]
        until = np.inf if until is None else until
        assert not ((theirs >= time_s) & (theirs < until)).any()
    came = stopped.filter(pl.col("until_s") < 3 * DAY)
    assert any(
        (videos.uploaded_s[: videos.count][videos.creator[: videos.count] == c] > t).any()
        for c, t in came.select("creator", "until_s").iter_rows()
    )


def test_creators_look_back_once_at_each_post_that_is_old_enough(live: Live) -> None:
    videos, lives = live.world.videos, live.platform.lives
    n = videos.count
    ours = (videos.uploaded_s[:n] >= 0) & (videos.uploaded_s[:n] <= 4 * DAY - 3 * HOUR)
    ours &= live.world.creators.probe[videos.creator[:n]] < 0
    going = np.isfinite(live.world.creators.next_post_s)
    posts = np.bincount(videos.creator[:n][ours], minlength=live.world.creators.count)
    assert (lives.looked[going] >= posts[going]).all()
    assert lives.looked.sum() > 100


def test_states_are_those_of_the_last_word() -> None:
    rows = pl.DataFrame(
        {
            "time_s": [1.0, 2.0, 3.0, 4.0, 5.0], "creator": [0, 1, 1, 2, 3],
            "did": ["paused", "paused", "quit", "shifted", "went away"],
            "until_s": [10.0, 2.5, None, None, 20.0],
        }
    )  # fmt: skip

    def at(time: float) -> dict[int, str]:
        return dict(sorted(state_at(rows, time).iter_rows()))

    assert at(0.5) == {}
    assert at(2.2) == {0: "paused", 1: "paused"}
    assert at(6.0) == {0: "paused", 1: "quit", 3: "went away"}
    assert at(15.0) == {1: "quit", 3: "went away"}


def test_the_summary_counts_them(live: Live) -> None:
    from sim.analysis import summarise
    from sim.simulate import tables_in_memory

    tables = tables_in_memory(live)
    found = creator_summary(tables)
    assert summarise(tables)["creators"] == found
    gone = np.isinf(live.world.creators.next_post_s)
    posted = tables.creators["posts"].to_numpy() > 0
    assert found["quit_share"] == (gone & posted).sum() / posted.sum() > 0.0
    assert found["paused_share"] > 0.0
    assert found["small"]["creators"] == round(0.5 * posted.sum())
    assert found["posts_last_day"] < found["posts_first_day"]
