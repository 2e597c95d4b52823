"""What people think of videos, and would do about them, without a run: the moments for any pair."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.assemble import Live
from sim.behaviour import act, facts
from sim.core.random import stream2
from sim.engine import exposure
from sim.engine.layout import LAYOUT, ROOM, open_frame
from sim.engine.moments import MOMENTS
from sim.engine.ways import Sum, When, in_turn
from sim.machine.compiled import njit
from sim.machine.frame import Frame

__all__ = ["CLICKS", "PARTS", "chances", "parts"]

_SUM = next(way for way in MOMENTS["appeal"] if isinstance(way, Sum))
PARTS = tuple(function.__name__ for function in _SUM.functions)
"""Names of the parts of appeal."""
CLICKS = tuple(act.CHANCES)
"""Names of the clicks."""

# what is found when they meet, beside what a person has seen before
_find = in_turn(
    tuple(
        way.plain()
        for way in MOMENTS["meet"]
        if isinstance(way, When) and "tastes" in way.condition.__module__
    )
)
_appeal = in_turn(tuple(way.plain() for way in MOMENTS["appeal"]))


def _columns(functions: tuple[Any, ...]) -> Any:
    """One compiled function that puts what each function gives into a row."""
    if not functions:

        @njit(forceinline=True)
        def none(p: Any, room: Any, row: Any) -> None:
            pass

        return none
    last, before, place = functions[-1], _columns(functions[:-1]), len(functions) - 1

    @njit(forceinline=True)
    def put(p: Any, room: Any, row: Any) -> None:
        before(p, room, row)
        row[place] = last(p, room, 0)

    return put


_put_parts, _put_chances = _columns(_SUM.functions), _columns(tuple(act.CHANCES.values()))


@njit(forceinline=True)
def _meet(frame: Any, p: Any, room: Any, u: int, v: int) -> None:
    room.seen.user[0], room.seen.video[0] = u, v
    room.pair[0] = stream2(frame.keys.react, u, frame.videos.luck[v])
    same = frame.accounts.locale[u] == frame.videos.locale[v]
    room.same_locale[0] = np.int64(1) if same else np.int64(0)
    exposure.note_tags(frame, p, room, 0)
    facts.meet(frame.world, p, room, 0)
    _find(frame, p, room, 0)
    _appeal(frame, p, room, 0)


@njit()
def _parts(words: Any, users: Any, videos: Any, out: Any) -> None:
    frame = open_frame(words)
    p, room = frame.behaviour, frame.room
    for i in range(users.size):
        _meet(frame, p, room, users[i], videos[i])
        _put_parts(p, room, out[i])


@njit()
def _chances(words: Any, users: Any, videos: Any, ratio: Any, out: Any) -> None:
    frame = open_frame(words)
    p, room = frame.behaviour, frame.room
    for i in range(users.size):
        _meet(frame, p, room, users[i], videos[i])
        room.ratio[0] = ratio[i]
        act.find_shapes(p, room, 0)
        act.find_warmth(p, room, 0)
        _put_chances(p, room, out[i])


def _frame(live: Live) -> Any:
    frame: Any = Frame(LAYOUT)
    room = np.zeros(1, ROOM)
    frame.bind_all((("room", room), ("seen", room["seen"])))
    frame.bind_all(live.platform.constants())
    for table in live.platform.tables():
        frame.bind_table(table)
    return frame


def parts(live: Live, users: NDArray[Any], videos: NDArray[Any]) -> NDArray[np.float64]:
    """[N, PARTS] what each part adds to the appeal of video n to person n; nobody is bored."""
    out = np.zeros((len(users), len(PARTS)))
    frame = _frame(live)
    _parts(frame.words, np.asarray(users, np.int64), np.asarray(videos, np.int64), out)
    return out


def chances(
    live: Live, users: NDArray[Any], videos: NDArray[Any], ratio: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[N, CLICKS] probability of each click, by the watch ratio, for who does not follow."""
    out = np.zeros((len(users), len(CLICKS)))
    frame = _frame(live)
    _chances(
        frame.words, np.asarray(users, np.int64), np.asarray(videos, np.int64), ratio, out
    )  # fmt: skip
    return out
