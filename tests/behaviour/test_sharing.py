"""Sharing: the contract of a mechanism, who gets a link, and cascades in a world of links alone."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pytest

from sim.analysis.cascades import cascades
from sim.assemble import Live, assemble
from sim.behaviour import sharing
from sim.behaviour.params import behaviour_params
from sim.core.messages import kind_code
from sim.core.random import key, stream
from sim.core.surfaces import surface_code
from sim.record.tables import to_table
from sim.scenario.behaviour import BehaviourConfig
from sim.scenario.mechanisms import SharingConfig
from sim.testing.mechanisms import MechanismContract
from sim.testing.worlds import tiny_scenario
from sim.world.exchange import MESSAGE
from sim.world.state import NOBODY

HOUR, DAY = 3_600.0, 86_400.0
BUSY: dict[str, Any] = {
    "act": {"share": 0.1},
    "session": {"sessions_per_day": 20.0},
    "sharing": {"contacts": 8, "delay": 60.0},
    "notifications": {"enabled": False},
}


class TestSharing(MechanismContract):
    on: ClassVar = {"behaviour": BUSY}
    off: ClassVar = {"behaviour": {**BUSY, "sharing": {"contacts": 0, "opened": "90 %"}}}
    base: ClassVar = {"behaviour": {**BUSY, "sharing": {"contacts": 0}}}
    tables = ("contacts", "links", "inbox")


def played(**behaviour: Any) -> Live:
    over = {"users": 200}
    live = assemble(
        tiny_scenario(population=over, duration=6 * HOUR, behaviour={**BUSY, **behaviour}), 3,
        engine="fast",
    )  # fmt: skip
    live.env.run(until=live.end)
    return live


@pytest.fixture(scope="module")
def live() -> Live:
    return played()


def links_of(live: Live) -> pl.DataFrame:
    columns = live.columns()["shares"]
    return pl.DataFrame(to_table("shares", columns))


def test_links_go_to_contacts_each_once(live: Live) -> None:
    links = links_of(live)
    assert links.height > 500
    contacts = next(t for t in live.platform.mechanisms if t.NAME == "contacts")
    for sender, receiver in links.select("sender", "receiver").iter_rows():
        row: Any = contacts
        assert receiver in row.contact[row.start[sender] : row.start[sender + 1]]
    event = links.group_by("sender", "sent_s").agg(pl.col("receiver"), pl.col("video").n_unique())
    assert event["video"].max() == 1
    assert (event["receiver"].list.len() == event["receiver"].list.n_unique()).all()


def test_nobody_sends_a_link_back(live: Live) -> None:
    links = links_of(live)
    above = links.select(pl.col("share").alias("parent"), pl.col("sender").alias("from_whom"))
    passed_on = links.join(above, on="parent")
    assert passed_on.height > 20
    assert (passed_on["receiver"] != passed_on["from_whom"]).all()


def test_what_was_opened_is_an_impression_on_the_page_of_links(live: Live) -> None:
    opened = links_of(live)["opened_s"].drop_nulls().len()
    timeline = pl.DataFrame(to_table("timeline", live.columns()["timeline"]))
    page = timeline.filter(pl.col("surface") == "shared_link")
    assert page["impressions"].sum() == opened > 50
    assert set(page["source"]) == {"link"}


def test_a_link_waits_for_its_time(live: Live) -> None:
    links = links_of(live)
    assert (links["due_s"] >= links["sent_s"]).all()
    assert links.filter(pl.col("opened_s") < pl.col("due_s")).height == 0
    waited = (links["due_s"] - links["sent_s"]).to_numpy()
    assert abs(waited.mean() - 60.0) < 4 * 60.0 / math.sqrt(len(waited))


def test_recipients_are_as_many_as_said_on_average() -> None:
    """With so many contacts that nobody has too few."""
    live = played(sharing={"contacts": 199, "recipients": 3})
    links = links_of(live)
    events = links.group_by("sender", "sent_s").len()["len"].to_numpy()
    assert len(events) > 300
    assert abs(events.mean() - 3.0) < 4 * events.std() / math.sqrt(len(events))
    assert events.min() == 1


@pytest.mark.parametrize("mean", [1.0, 1.5, 2.0, 5.0])
def test_most_send_to_one_and_few_to_many(mean: float) -> None:
    """P(n >= k) = k^-a over even steps through the luck, and the mean is as said."""
    p = behaviour_params(BehaviourConfig(sharing=SharingConfig(recipients=mean)))
    luck = (np.arange(200_000) + 0.5) / 200_000
    found = np.array([sharing.recipients(p, u) for u in luck])
    assert found.mean() == pytest.approx(mean, abs=0.001)
    assert (found.min(), found.max()) == (1, 1 if mean == 1.0 else sharing.MOST)
    for k in (2, 5, 20):
        wanted = float(k) ** -sharing.tail_of(mean)
        assert (found >= k).mean() == pytest.approx(wanted, abs=1e-5)


def test_what_a_contact_sent_is_passed_on_more_readily() -> None:
    """By a factor on the odds, which is the same for everybody here."""
    even = {"appeal": 0, "generosity_spread": 0, "followed": 1, "common_trait": 0,
            "share_trait": 0, "like_shape": [[0, 1]], "share": 0.02}  # fmt: skip
    shares = {}
    for factor in (0.0, 1.0, 20.0):
        live = played(act=even, sharing={"contacts": 8, "delay": 60.0, "pass_on": factor})
        links = links_of(live)
        read = links["opened_s"].drop_nulls().len()
        again = links.filter(pl.col("parent").is_not_null())
        passed = again.select("sender", "parent").n_unique()
        assert read > 100
        shares[factor] = passed, read
    assert shares[0.0][0] == 0
    for factor in (1.0, 20.0):
        passed, read = shares[factor]
        odds = 0.02 * factor
        wanted = read * odds / (1.0 + odds)
        assert passed == pytest.approx(wanted, abs=4.0 * math.sqrt(wanted))


def test_opened_is_a_share_of_those_that_were_looked_at() -> None:
    live = played(sharing={"contacts": 8, "opened": "25 %", "delay": 0.0})
    inbox = live.platform.exchange.inbox
    links = links_of(live)
    unread = int((inbox.kind != NOBODY).sum()) + inbox.lost
    read = links.height - unread
    opened = links["opened_s"].drop_nulls().len()
    assert read > 300
    # a video that the receiver had seen before is filtered out, so it is at most a quarter
    assert 0.10 < opened / read < 0.25 + 4 * math.sqrt(0.25 * 0.75 / read)


def links_alone(share: float) -> Live:
    """A world whose feed shows nothing, since nobody follows anybody.

    Everybody shares with one probability, and has so many contacts that a cascade meets
    nobody twice: locally the graph is a tree.
    """
    return assemble(
        tiny_scenario(
            population={"users": 8_000, "follows": 0, "locales": [{"name": "home", "share": 1.0}]},
            duration=30 * HOUR,
            feed={
                "sources": {"following": 1.0}, "filters": [], "cold_start": {"policy": "none"},
            },
            behaviour={
                "interest": {"affinity": 0, "quality": 0, "taste": 0, "locale_gap": 0},
                "act": {
                    "share": share / (1.0 - share), "appeal": 0, "generosity_spread": 0,
                    "followed": 1, "follow": 0, "sound_tap": 0,
                    "like_shape": [[0, 1]], "common_trait": 0, "share_trait": 0,
                    "profile_visit": 0, "hashtag_tap": 0,
                },
                "session": {
                    "sessions_per_day": 150.0, "activity_spread": 0, "activity_max": 300.0,
                    "following_share": 0, "hours": [1.0] * 24, "chronotype_spread_h": 0,
                    "leave": 0.001, "leave_start": 0,
                },
                "browse": {"friends": 0, "search": 0},
                "sharing": {
                    "contacts": 200, "recipients": 2, "pass_on": 1, "delay": 30.0, "opened": 0.6,
                },
                "boredom": {"creator": 0, "topic": 0, "sound": 0, "format": 0},
                "satisfaction": {"enabled": False}, "notifications": {"enabled": False},
            },
        ),
        5, engine="fast",
    )  # fmt: skip


@pytest.mark.parametrize("ratio", [0.3, 0.6, 0.8])
def test_a_world_of_links_alone_has_the_mean_cascade_of_its_branching(ratio: float) -> None:
    """Each cascade begins with a link from outside; its mean size is 1 / (1 - R)."""
    live = links_alone(ratio / (2 * 0.6))
    videos = live.world.videos.count
    roots = np.zeros(min(videos, 1_500), MESSAGE)
    roots["kind"], roots["sender"] = kind_code("link"), NOBODY
    roots["to"] = np.arange(len(roots)) * 5
    roots["video"] = np.arange(len(roots))
    roots["parent"] = NOBODY
    live.platform.exchange.waiting.append(roots)
    live.env.run(until=live.end)
    inbox = live.platform.exchange.inbox
    assert inbox.lost == 0
    assert (inbox.kind == NOBODY).all()  # it is over
    assert live.platform.view.totals[0] == links_of(live)["opened_s"].drop_nulls().len()
    found = cascades(links_of(live))
    # who sent from outside counts as the root of a cascade, so one less
    sizes = found.size[found.size > 1] - 1
    assert len(sizes) > 600
    error = sizes.std() / math.sqrt(len(sizes))
    assert abs(sizes.mean() - 1.0 / (1.0 - ratio)) < 2.0 * error


def test_its_stream_is_its_own() -> None:
    s = key(1, "react")
    assert stream(s, sharing._STREAM) != s
    assert surface_code("shared_link") == sharing._PAGE
