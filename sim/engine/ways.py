"""Ways in which functions of a moment act: for each person, in vector lanes, as a sum, as a funnel.

A moment lists scalar functions, each about one place ``k`` of the room. A *way* makes two compiled
functions of them: ``fast(frame, p, room, n)`` acts for the first n people side by side, and
``plain(frame, p, room, k)`` for one person, one function after the other. The order is that of the
list in both, and stands nowhere else.

The names of its first arguments say what a function is handed: ``(p, room, ..)`` arithmetic on
lanes, ``(world, p, room, ..)`` the truth too, ``(feed, seen, ..)`` what the platform knows and has
seen, ``(frame, p, room, ..)`` everything, for the engine alone.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import numpy as np

from sim.core.actions import ACTIONS, bit
from sim.core.errors import ForyouError
from sim.core.random import uniform
from sim.core.room import round_up
from sim.machine.compiled import njit
from sim.machine.twins import has_twin, twin_of

__all__ = ["Decide", "Each", "Funnel", "Lanes", "Sum", "Way", "When", "in_turn", "view_of"]

Step = Callable[..., Any]


def view_of(function: Any) -> str:
    """What a function is handed: ``lanes``, ``world``, ``feed`` or ``frame``."""
    names = tuple(inspect.signature(getattr(function, "py_func", function)).parameters)[:-1]
    views = {
        ("p", "room"): "lanes", ("world", "p", "room"): "world", ("feed", "seen"): "feed",
        ("frame", "p", "room"): "frame",
    }  # fmt: skip
    if names not in views:
        raise ForyouError(f"{function}: takes {names}; a moment hands over none of that")
    return views[names]


def _handed(function: Any) -> Step:
    """The function with the arguments of a moment, ``(frame, p, room, k)``."""
    view = view_of(function)
    if view == "frame":
        return function  # type: ignore[no-any-return]

    @njit(forceinline=True)
    def lanes(frame: Any, p: Any, room: Any, k: int) -> Any:
        return function(p, room, k)

    @njit(forceinline=True)
    def world(frame: Any, p: Any, room: Any, k: int) -> Any:
        return function(frame.world, p, room, k)

    @njit(forceinline=True)
    def feed(frame: Any, p: Any, room: Any, k: int) -> Any:
        return function(frame.feed, room.seen, k)

    return {"lanes": lanes, "world": world, "feed": feed}[view]


@njit(forceinline=True)
def _nothing(frame: Any, p: Any, room: Any, k: int) -> None:
    pass


def in_turn(steps: tuple[Step, ...]) -> Step:
    """One function ``(frame, p, room, k)`` that calls all of them, one after the other."""
    if not steps:
        return _nothing
    if len(steps) == 1:
        return steps[0]
    first, rest = steps[0], in_turn(steps[1:])

    @njit(forceinline=True)
    def both(frame: Any, p: Any, room: Any, k: int) -> None:
        first(frame, p, room, k)
        rest(frame, p, room, k)

    return both


class Way(ABC):
    """Some functions, and how they act."""

    def __init__(self, *functions: Any) -> None:
        self.functions: tuple[Any, ...] = functions

    def plain(self) -> Step:
        """For one person."""
        return in_turn(tuple(_handed(f) for f in self.functions))

    def one(self, function: Any) -> Any:
        """One of its functions for one person: compiled, or plain Python as it is."""
        return type(self)(function).plain() if hasattr(function, "py_func") else function

    @abstractmethod
    def fast(self) -> Step:
        """For the first n people."""


def _over_people(step: Step) -> Step:
    @njit(forceinline=True)
    def for_each(frame: Any, p: Any, room: Any, n: int) -> None:
        for k in range(n):
            step(frame, p, room, np.uint64(k))

    return for_each


def _in_lanes(step: Step) -> Step:
    @njit(forceinline=True)
    def for_all(frame: Any, p: Any, room: Any, n: int) -> None:
        for k in range(round_up(n)):
            step(frame, p, room, np.uint64(k))

    return for_all


class Each(Way):
    """Each function for all people, then the next one; a faster twin takes its place."""

    def fast(self) -> Step:
        """Function after function."""
        return in_turn(
            tuple(
                _handed(twin_of(f)) if has_twin(f) else _over_people(_handed(f))
                for f in self.functions
            )
        )


class Lanes(Way):
    """Arithmetic without look-ups or branches: one loop in vector registers."""

    def fast(self) -> Step:
        """All functions for eight people at a time."""
        return _in_lanes(self.plain())


class Sum(Way):
    """A lane is the sum of what the functions give, added up in their order."""

    def __init__(self, lane: str, *functions: Any) -> None:
        super().__init__(*functions)
        self.lane = lane

    def plain(self) -> Step:
        """The sum for one person."""
        total, lane = _total(tuple(_handed(f) for f in self.functions)), _SETTERS[self.lane]

        @njit(forceinline=True)
        def put(frame: Any, p: Any, room: Any, k: int) -> None:
            lane(room, k, total(frame, p, room, k))

        return put

    def fast(self) -> Step:
        """In vector registers."""
        return _in_lanes(self.plain())


def _total(steps: tuple[Step, ...]) -> Step:
    if len(steps) == 1:
        return steps[0]
    last, before = steps[-1], _total(steps[:-1])

    @njit(forceinline=True)
    def add(frame: Any, p: Any, room: Any, k: int) -> float:
        return before(frame, p, room, k) + last(frame, p, room, k)  # type: ignore[no-any-return]

    return add


@njit(forceinline=True)
def _set_appeal(room: Any, k: int, value: float) -> None:
    room.appeal[k] = value


_SETTERS: Mapping[str, Step] = {"appeal": _set_appeal}


class Funnel(Way):
    """Each function says who goes on to the next one."""

    def plain(self) -> Step:
        """Until one says that it is over."""
        return _until(tuple(_handed(f) for f in self.functions))

    def fast(self) -> Step:
        """All people at the first function, then those who are left at the second, ..."""
        first, *others = (_handed(f) for f in self.functions)
        rest = _narrowing(tuple(others))

        @njit(forceinline=True)
        def narrow(frame: Any, p: Any, room: Any, n: int) -> None:
            left = 0
            for j in range(n):
                on = first(frame, p, room, np.uint64(j))
                room.left[np.uint64(left)] = j
                left += 1 if on else 0
            rest(frame, p, room, left)

        return narrow


def _until(steps: tuple[Step, ...]) -> Step:
    if len(steps) == 1:
        return steps[0]
    first, rest = steps[0], _until(steps[1:])

    @njit(forceinline=True)
    def go_on(frame: Any, p: Any, room: Any, k: int) -> None:
        if first(frame, p, room, k):
            rest(frame, p, room, k)

    return go_on


def _narrowing(steps: tuple[Step, ...]) -> Step:
    """For those on the list ``room.left``, which gets shorter from function to function."""
    if not steps:
        return _nothing
    first, rest = steps[0], _narrowing(steps[1:])

    @njit(forceinline=True)
    def narrow(frame: Any, p: Any, room: Any, n: int) -> None:
        left = 0
        for j in range(n):
            k = room.left[np.uint64(j)]
            on = first(frame, p, room, np.uint64(k))
            room.left[np.uint64(left)] = k
            left += 1 if on else 0
        rest(frame, p, room, left)

    return narrow


class When(Way):
    """A way that is gone only while ``condition(frame)`` holds: what is off costs nothing."""

    def __init__(self, condition: Any, way: Way) -> None:
        super().__init__(*way.functions)
        self.condition, self.way = condition, way

    def plain(self) -> Step:
        """The way, or nothing."""
        return _guarded(self.condition, self.way.plain())

    def one(self, function: Any) -> Any:
        """The same for one of its functions."""
        found = self.way.one(function)
        if hasattr(function, "py_func"):
            return _guarded(self.condition, found)
        condition = self.condition.py_func

        @wraps(function)
        def guarded(view: Any, *others: Any) -> None:
            if condition(view):
                function(view, *others)

        return guarded

    def fast(self) -> Step:
        """One question for all people."""
        return _guarded(self.condition, self.way.fast())


def _guarded(condition: Any, step: Step) -> Step:
    @njit(forceinline=True)
    def guarded(frame: Any, p: Any, room: Any, k: int) -> None:
        if condition(frame):
            step(frame, p, room, k)

    return guarded


class Decide(Way):
    """One draw for each click of the action table, against the chance that its formula gives.

    Clicks in ``rare`` are decided only while a condition of theirs, ``(p) -> bool``, holds.
    """

    def __init__(self, chances: Mapping[str, Any], rare: Mapping[str, Any] | None = None) -> None:
        rare = rare or {}
        clicks = [a for a in ACTIONS if a.kind == "click"]
        for action in clicks:
            if action.name not in chances:
                raise ForyouError(f"{action.name}: is a click of the action table without formula")
        for name in chances:
            if name not in {a.name for a in clicks}:
                raise ForyouError(f"{name}: has a formula, but no row as a click")
        super().__init__(*(chances[a.name] for a in clicks))
        rows = {a.name: (bit(a.name), a.draw, _handed(chances[a.name])) for a in clicks}
        self.usual = _act(tuple(row for name, row in rows.items() if name not in rare))
        self.rare = tuple((condition, _act((rows[name],))) for name, condition in rare.items())

    def plain(self) -> Step:
        """All decisions of one person."""
        return in_turn((self.usual, *(_if_may(may, act) for may, act in self.rare)))

    def fast(self) -> Step:
        """In vector registers."""
        rare = (_if_may(may, _in_lanes(act)) for may, act in self.rare)
        return in_turn((_in_lanes(self.usual), *rare))


def _act(rows: tuple[tuple[int, int, Step], ...]) -> Step:
    decide = _decisions(rows)

    @njit(forceinline=True)
    def act(frame: Any, p: Any, room: Any, k: int) -> None:
        room.seen.actions[k] |= decide(frame, p, room, k)

    return act


def _if_may(may: Any, step: Step) -> Step:
    @njit(forceinline=True)
    def if_may(frame: Any, p: Any, room: Any, k: int) -> None:
        if may(p):
            step(frame, p, room, k)

    return if_may


def _decisions(rows: tuple[tuple[int, int, Step], ...]) -> Step:
    mask, draw, chance = rows[0]

    @njit(forceinline=True)
    def one(frame: Any, p: Any, room: Any, k: int) -> int:
        yes = uniform(room.stream[k], draw) < chance(frame, p, room, k)
        return np.int64(mask) if yes else np.int64(0)  # type: ignore[return-value]

    if len(rows) == 1:
        return one
    rest = _decisions(rows[1:])

    @njit(forceinline=True)
    def more(frame: Any, p: Any, room: Any, k: int) -> int:
        return one(frame, p, room, k) | rest(frame, p, room, k)  # type: ignore[no-any-return]

    return more
