"""What the kernel reads and writes: all tables of a run, as one frame.

Columns that a candidate's ranking reads lie together as a *card*, those that the person in front
of the screen finds as a *reel*, those of the person as a *person* (see ``sim.machine.pack``).

Three ways to look at the frame: engines see all of it, ``frame.feed`` has no truth, and
``frame.world`` has no belief.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.behaviour.params import behaviour_params
from sim.core.room import SEEN, lanes
from sim.engine import moments
from sim.engine.keys import KEYS
from sim.engine.memory import USER
from sim.engine.scratch import ASKED, WORTH
from sim.feed.candidate import TOLD
from sim.feed.learn import LEARNING
from sim.feed.tables import ScoreTables
from sim.machine.frame import Layout
from sim.machine.pack import Member, line_type, members_of, row_writer
from sim.machine.table import Column, Side, Table
from sim.record.events import EVENT
from sim.scenario.behaviour import BehaviourConfig
from sim.world.exchange import MESSAGE, Inbox
from sim.world.state import (
    Creators,
    FollowGraph,
    UserAccounts,
    UserTruth,
    VideoListing,
    VideoTruth,
)

__all__ = [
    "CARD", "LAYOUT", "PERSON", "PLAN", "REEL", "ROOM", "SCORERS", "SLOT", "TABLES", "WINDOW",
    "open_frame", "refresh_card", "write_card", "write_person", "write_reel",
]  # fmt: skip

TRUTH, BELIEF, LOG = Side.TRUTH, Side.BELIEF, Side.LOG

TABLES: tuple[type[Table], ...] = (
    UserTruth, UserAccounts, Creators, VideoTruth, VideoListing, FollowGraph, ScoreTables,
    Inbox, *moments.TABLES,
)  # fmt: skip

_COLD = (
    Member("cold.pool", "pool", Column(np.dtype(np.int8), "", lively=True)),
    Member("cold.state", "state", Column(np.dtype(np.int8), "", lively=True)),
)
_CARD = (*members_of("card", TABLES), *_COLD)
_REEL, _PERSON = members_of("reel", TABLES), members_of("person", TABLES)
CARD, REEL, PERSON = line_type(_CARD), line_type(_REEL), line_type(_PERSON)
"""What the feed reads of a video: one cache line; the truth about it, for behaviour alone: another;
and the truth about a person: half a line."""

SLOT = np.dtype(
    [
        ("video", np.int32),
        ("source", np.int8),
        ("pool", np.int8),
        ("followed", np.int8),  # whether the user follows the creator (see ``sim.engine.followed``)
        ("spare", np.int8),
    ],
    align=True,
)
"""A place of a user's slate."""

ROOM = np.dtype([*lanes(moments.LANES).descr, ("seen", SEEN)], align=True)
"""People side by side: lanes of the truth, and those that the platform sees."""

PLAN = np.dtype(
    [
        ("candidates", np.int64),
        ("slate", np.int64),
        ("topics", np.int64),
        ("dims", np.int64),  # topics in memory, a multiple of 16
        ("slots", np.float64),
        ("control", np.float64),  # share of the places that are controls
        ("matched", np.int64),  # whether test audiences are chosen by how well a video suits
        ("regret", np.float64),  # share of the requests that an oracle is shown
        ("creator_gap", np.int64),
        ("sound_gap", np.int64),
        ("values", np.int64),  # how often the value model stands in the list of scorers
        ("believed", np.float32, (4,)),  # how much counts in a score (``sim.feed.belief.Believed``)
    ],
    align=True,
)
"""The scenario's feed as numbers."""

WINDOW = np.dtype(
    [
        ("place", np.int64),  # in ``order``, to go on with
        ("last", np.int64),  # place behind the last one
        ("end_s", np.float64),  # end of the window, not included
        ("bin_s", np.float64),
        ("first_bin", np.int64),  # of the timeline
        ("number", np.int64),  # refreshes before it
        ("why", np.int64),  # the kernel came back
    ],
    align=True,
)
"""What is to be played now."""

SCORERS = np.dtype(
    [("counts", np.uint64), ("duration", np.uint64), ("followers", np.uint64),
     ("momentum", np.uint64), ("counts_row", np.int64)],
    align=True,
)  # fmt: skip
"""Where scorers of the user's own find what they are told (see ``sim.engine.scorers``)."""

LAYOUT = Layout("run", {"feed": (LOG, BELIEF), "world": (LOG, TRUTH)})
for _table in TABLES:
    LAYOUT.add_table(_table)
_ARRAYS: tuple[tuple[str, Any, int, Side], ...] = (
    ("utc_offset_s", np.float64, 1, LOG),
    ("rising", np.int32, 1, LOG),  # sounds, as people have heard of them by the last refresh
    # records
    ("users", USER, 1, LOG),
    ("cards", CARD, 1, BELIEF),
    ("reels", REEL, 1, TRUTH),
    ("persons", PERSON, 1, TRUTH),
    ("slates", SLOT, 2, LOG),
    # rows of topics: with up to 16 the first bytes of cards, reels and persons
    ("captions", np.int8, 2, LOG),
    ("rows.topics", np.int8, 2, TRUTH),
    ("rows.interests", np.int8, 2, TRUTH),
    # people
    ("next_s", np.float64, 1, LOG),
    ("arena.data", np.int32, 1, LOG),
    ("arena.used", np.int64, 1, LOG),
    ("arena.free", np.int64, 1, LOG),
    # what the platform believes
    ("beliefs.profile", np.float32, 2, BELIEF),
    ("beliefs.doubt", np.float32, 2, BELIEF),
    ("beliefs.level", np.float32, 2, BELIEF),
    ("beliefs.slot_id", np.int32, 2, BELIEF),
    ("beliefs.slot_word", np.int32, 2, BELIEF),
    ("cold.pool", np.int8, 1, BELIEF),
    ("cold.state", np.int8, 1, BELIEF),
    ("arm", np.int8, 1, BELIEF),
    ("index.every", np.int32, 1, BELIEF),
    ("index.live", np.int32, 1, BELIEF),
    ("index.trending", np.int32, 1, BELIEF),
    ("index.fresh", np.int32, 1, BELIEF),
    *(
        (f"{group}.{part}", np.int32, 1, BELIEF)
        for group in ("topic", "sound", "tag", "creator")
        for part in ("start", "video")
    ),
    # the feed's plan
    ("source", np.int64, 1, LOG),
    ("quota", np.int64, 1, LOG),
    ("filter", np.int64, 1, LOG),
    ("max_age", np.float64, 1, LOG),
    ("steps", np.uint64, 1, LOG),
    ("failed", np.int64, 1, LOG),
    # working memory of a thread: requests
    ("asked", ASKED, 1, LOG),
    ("ids", np.int32, 2, LOG),
    ("codes", np.int8, 2, LOG),
    ("groups", np.int32, 2, LOG),
    ("pointed", np.int64, 1, LOG),
    ("marks", np.uint64, 1, LOG),
    ("scores_of.keys", np.int64, 1, BELIEF),
    ("scores_of.tops", np.int64, 1, BELIEF),
    ("scores_of.sum", np.int32, 1, BELIEF),
    ("scores_of.worth", WORTH, 1, BELIEF),
    ("kept", np.int64, 1, LOG),
    ("chosen", np.int64, 1, LOG),
    ("slate_creators", np.int32, 1, LOG),
    ("taste.profile", np.int16, 2, BELIEF),
    ("taste.weights", np.int32, 2, BELIEF),
    # and counters
    ("tally.videos", np.int32, 2, LOG),
    ("tally.touched", np.uint64, 1, LOG),
    ("tally.tests", np.int64, 2, LOG),
    ("tally.control", np.int64, 2, LOG),
    ("tally.guesses", np.int64, 1, LOG),
    ("tally.regret", np.int64, 2, LOG),
    # what an oracle is asked
    ("worths", np.int64, 1, TRUTH),
    ("who", np.int64, 1, TRUTH),
    ("expected", np.float64, 2, TRUTH),
    ("tally.percentiles", np.int64, 1, LOG),
    ("tally.times", np.int32, 1, LOG),
    ("tally.elsewhere", np.int32, 2, LOG),
    ("judged", np.float64, 1, LOG),
    ("ranks", np.int16, 1, LOG),
    ("tally.timeline", np.int64, 2, LOG),
    ("tally.followers", np.int32, 1, LOG),
    ("tally.sums", np.uint64, 1, LOG),
    ("tally.users", np.int32, 2, LOG),
    ("tally.events", EVENT, 1, LOG),
    ("tally.logged", np.int64, 1, LOG),
    ("outbox.messages", MESSAGE, 1, LOG),
    ("outbox.count", np.int64, 1, LOG),
    ("stages", np.int64, 1, LOG),
    ("order", np.int64, 1, LOG),
    ("waiting", np.int64, 1, LOG),
)
for _name, _dtype, _ndim, _side in _ARRAYS:
    LAYOUT.add(_name, _dtype, _ndim, _side)
for _name, _dtype, _side in (
    ("behaviour", behaviour_params(BehaviourConfig()).dtype, TRUTH),  # type: ignore[attr-defined]
    ("room", ROOM, TRUTH),
    ("oracle", ROOM, TRUTH),
    ("seen", SEEN, LOG),
    ("plan", PLAN, LOG),
    ("learning", LEARNING, BELIEF),
    ("keys", KEYS, LOG),
    ("window", WINDOW, LOG),
    ("scorers", SCORERS, LOG),
    ("told", TOLD, BELIEF),
):
    LAYOUT.add(_name, _dtype, 1, _side, record=True)

open_frame: Any = LAYOUT.opener()
"""In compiled code: the frame of its words."""
write_card = row_writer(LAYOUT, "cards", _CARD, lively=False)
refresh_card = row_writer(LAYOUT, "cards", _CARD, lively=True)
write_reel = row_writer(LAYOUT, "reels", _REEL, lively=False)
write_person = row_writer(LAYOUT, "persons", _PERSON, lively=False)
