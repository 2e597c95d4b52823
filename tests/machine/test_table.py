"""Tables: what follows from a declaration; state on disk; frames."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest

from sim.machine.frame import Frame, Layout
from sim.machine.pack import line_type, members_of, row_writer
from sim.machine.table import Side, Table, column, listing, number


class Things(Table, name="things", owner="thing", side=Side.TRUTH):
    """For tests."""

    weight: Any = column(np.float32, "how heavy", unit="kg", fill=2.5, line="near")
    topics: Any = column(np.int8, "what of", shape=("D",), line="near")
    tags: Any = column(np.int32, "three of them", shape=(3,), fill=-1, line="near", lively=True)
    seen: Any = column(np.int64, "how often", side=Side.LOG)
    best: Any = listing(np.int32, "the best ones")
    turns: int = number("so many turns")


class Beliefs(Table, name="views", owner="thing", side=Side.BELIEF):
    """The other side."""

    score: Any = column(np.float64, "worth", line="near")


def table(rows: int = 5) -> Things:
    return Things(rows, D=16)


def test_a_declaration_gives_rows() -> None:
    things = table()
    assert things.weight.tolist() == [2.5] * 5
    assert things.topics.shape == (5, 16)
    assert (things.tags == -1).all()
    assert (len(things.best), things.turns, things.count, things.rows) == (0, 0, 5, 5)
    assert Things.row_bytes({"D": 16}) == 4 + 16 + 12 + 8
    assert Things.COLUMNS["weight"].side is Side.TRUTH
    assert Things.COLUMNS["seen"].side is Side.LOG
    assert things.weight.ctypes.data % 64 == 0


def test_growing_keeps_what_is_there_and_fills_the_rest() -> None:
    things = table()
    things.weight[:] = range(5)
    things.best = np.arange(3, dtype=np.int32)
    before = things.weight
    things.grow(4)
    assert things.weight is before
    things.grow(300)
    assert things.rows >= 300
    assert things.weight[:6].tolist() == [0, 1, 2, 3, 4, 2.5]
    assert things.best.tolist() == [0, 1, 2]
    assert things.count == 5


def test_a_part_is_a_view() -> None:
    things = table()
    part = things.part(1, 3)
    part.weight[:] = 9
    assert things.weight.tolist() == [2.5, 9, 9, 2.5, 2.5]
    assert part.count == 2


# ---- frames ---------------------------------------------------------------------------------

LAYOUT = Layout("table-test", {"feed": (Side.LOG, Side.BELIEF), "world": (Side.LOG, Side.TRUTH)})
LAYOUT.add_table(Things)
LAYOUT.add_table(Beliefs)
NEAR = members_of("near", (Things, Beliefs))
LAYOUT.add("lines", line_type(NEAR), 1, Side.TRUTH)
LAYOUT.add("plan", np.dtype([("slate", np.int64)]), 1, Side.LOG, record=True)
open_frame: Any = LAYOUT.opener()
write = row_writer(LAYOUT, "lines", NEAR, lively=False)
refresh = row_writer(LAYOUT, "lines", NEAR, lively=True)


def frame() -> Any:
    made: Any = Frame(LAYOUT)
    made.bind_table(table())
    made.bind_table(Beliefs(5))
    made.bind("lines", np.zeros(5, line_type(NEAR)))
    made.bind("plan", np.array([(7,)], LAYOUT.entries["plan"].dtype))
    return made


@numba.njit
def _use(words: Any, v: int) -> Any:
    frame = open_frame(words)
    frame.things.seen[v] += frame.plan.slate
    return frame.things.topics[v, 3] + frame.feed.things.seen[v] + frame.things.tags.shape[1]


def test_compiled_code_finds_columns_by_name() -> None:
    made = frame()
    made.things.topics[2, 3] = 5
    assert _use(made.words, 2) == 5 + 7 + 3
    assert made.things.seen.tolist() == [0, 0, 7, 0, 0]
    assert made.feed.things.seen is made.things.seen
    assert not hasattr(made.feed.things, "weight")
    assert not hasattr(made.world, "views")


@numba.njit
def _truth_in_the_feed(words: Any) -> Any:
    return open_frame(words).feed.things.weight[0]


@numba.njit
def _belief_in_the_world(words: Any) -> Any:
    return open_frame(words).world.views.score[0]


@pytest.mark.parametrize("function", [_truth_in_the_feed, _belief_in_the_world])
def test_what_is_behind_the_wall_does_not_compile(function: Any) -> None:
    with pytest.raises(numba.TypingError, match="Unknown attribute"):
        function(frame().words)


def test_a_frame_refuses_what_was_not_declared() -> None:
    made = frame()
    with pytest.raises(TypeError, match="declared are float32"):
        made.bind("things.weight", np.zeros(5))
    with pytest.raises(TypeError, match="one piece"):
        made.bind("things.weight", np.zeros(10, np.float32)[::2])
    with pytest.raises(ValueError, match="twice"):
        LAYOUT.add("things.weight", np.float32, 1, Side.LOG)
    assert Frame(LAYOUT).missing() == list(LAYOUT.entries)
    assert made.missing() == []


@numba.njit
def _write(words: Any, v: int, lively: bool) -> None:
    opened = open_frame(words)
    if lively:
        refresh(opened, v)
    else:
        write(opened, v)


def test_a_line_holds_what_its_columns_hold() -> None:
    made = frame()
    made.things.topics[3], made.things.weight[3], made.views.score[3] = np.arange(16), 8.0, 0.5
    _write(made.words, 3, False)
    line = made.lines[3]
    assert line["topics"].tolist() == list(range(16))
    assert (line["weight"], line["score"], line["tags"].tolist()) == (8.0, 0.5, [-1] * 3)
    assert made.lines.dtype.itemsize == 64
    made.things.tags[3], made.things.weight[3] = 4, 9.0
    _write(made.words, 3, True)
    assert (made.lines[3]["weight"], made.lines[3]["tags"].tolist()) == (8.0, [4] * 3)
    assert not made.lines[2]["tags"].any()
