"""Notifications: what happens elsewhere in the app reaches people, and brings some back.

Three things make one, beside a link that a contact sent (``sim.behaviour.sharing``):

    reply   somebody answers a comment, with the probability ``reply``, an exponential time later
    post    a creator has posted whom one follows with the bell on, as is so for a share ``post`` of
            all follows: drawn once for each pair, and off when the follow ends
    mention a friend has posted a video that mentions one (``catalogue.mentions``)

A notification lies in the inbox. When its receiver next wants something to watch it is opened
with the probability ``opened``, or never; opened, it is a page with the video. It brings back who
is away with the probability ``brings``, an exponential time after it can be read, on average
``delay``, unless they come before. Who has left for good is not reached. All is an assumption.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.core.actions import bit
from sim.core.messages import kind_code
from sim.core.random import exponential, key, stream, stream3, uniform
from sim.core.surfaces import surface_code
from sim.machine.compiled import njit
from sim.machine.table import Side, Table, column, listing
from sim.scenario import Scenario
from sim.world.exchange import earliest_due, new_message
from sim.world.state import NOBODY, World

__all__ = [
    "MESSAGES", "SUBSCRIBED", "TABLES", "UNSUBSCRIBED", "Bells", "Subscribers", "build", "calls",
    "is_on", "leave", "open_notification", "send", "used",
]  # fmt: skip

MESSAGES: Final = 2
"""Messages of an impression: the reply to a comment, and that a bell was switched on or off."""

_COMMENT, _FOLLOW, _UNFOLLOW = bit("comment"), bit("follow"), bit("unfollow")
_LINK, _REPLY, _POST = kind_code("link"), kind_code("reply"), kind_code("post")
_MENTION = kind_code("mention")
SUBSCRIBED: Final = kind_code("subscribed")
UNSUBSCRIBED: Final = kind_code("unsubscribed")
_PAGE = surface_code("notification")
_STREAM = 2
_REPLIED, _WHEN = 0, 1
"""Draws of a stream of its own for each impression."""
_OPENED, _DELAY = 0, 1
"""Draws of a message."""


class Bells(Table, name="bells", owner="user", side=Side.LOG):
    """Which follows have the bell on, and whom a notification can call."""

    luck: NDArray[np.uint64] = column(np.uint64, "stream of the person, a draw for each creator")
    left_s: NDArray[np.float64] = column(
        np.float64,
        "when the last session ended; it can end after the refresh that is next",
        unit="s",
    )


class Subscribers(Table, name="subscribers", owner="creator", side=Side.LOG, fixed=True):
    """Who followed each creator at the start with the bell on, in compressed rows."""

    start: NDArray[np.int64] = listing(np.int64, "[C + 1] first position of each creator's row")
    user: NDArray[np.int32] = listing(np.int32, "[E] followers with the bell on, rising in a row")


TABLES = (Bells, Subscribers)


def is_on(scenario: Scenario) -> bool:
    """Whether there are notifications."""
    return scenario.behaviour.notifications.enabled


@njit(forceinline=True)
def used(frame: Any) -> bool:
    """The same, in compiled code."""
    return frame.bells.luck.size > 0  # type: ignore[no-any-return]


def build(
    scenario: Scenario, world: World, seed: int, state: Mapping[type[Table], Table]
) -> tuple[Table, ...]:
    """Whose bell is on at the start."""
    del state
    bells, subscribers = Bells(world.users), Subscribers()
    k = key(seed, "bells")
    _fill(k, bells.luck)
    graph = world.follows
    wanted = np.empty(len(graph.creator), bool)
    share = float(scenario.behaviour.notifications.post)
    _wanted(share, bells.luck, graph.start, graph.creator, wanted)
    user = np.repeat(np.arange(world.users, dtype=np.int32), np.diff(graph.start))[wanted]
    creator = graph.creator[wanted]
    order = np.argsort(creator, kind="stable")
    subscribers.user = user[order]
    counts = np.bincount(creator, minlength=world.creators.count)
    subscribers.start = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    return bells, subscribers


@njit()
def _fill(k: Any, luck: Any) -> None:
    for u in range(luck.size):
        luck[u] = stream(k, u)


@njit(forceinline=True)
def _bell(luck: Any, creator: int, share: float) -> bool:
    """Whether the bell is on when the person follows this creator."""
    return uniform(luck, creator) < share


@njit()
def _wanted(share: float, luck: Any, start: Any, creator: Any, wanted: Any) -> None:
    for u in range(luck.size):
        for i in range(start[u], start[u + 1]):
            wanted[i] = _bell(luck[u], int(creator[i]), share)


@njit(forceinline=True)
def open_notification(world: Any, p: Any, room: Any, k: int) -> None:
    """Who wants something to watch looks at the notifications that have come."""
    if world.bells.luck.size == 0 or room.opens[k] != NOBODY:
        return
    inbox, u, t = world.inbox, room.seen.user[k], room.seen.time_s[k]
    for kind in (_REPLY, _POST, _MENTION):
        i = earliest_due(world, u, kind, t)
        while i != NOBODY and room.opens[k] == NOBODY:
            inbox.kind[u, i] = NOBODY
            sender, video = inbox.sender[u, i], inbox.video[u, i]
            luck = stream3(world.keys.notify, sender, u, world.videos.luck[video])
            if uniform(luck, _OPENED) < p.notifications.opened:
                room.opens[k], room.subject[k] = _PAGE, video
            i = earliest_due(world, u, kind, t)


@njit(forceinline=True)
def leave(world: Any, p: Any, room: Any, k: int) -> None:
    """From now on the person is away."""
    world.bells.left_s[room.seen.user[k]] = room.seen.time_s[k]


@njit(forceinline=True)
def send(world: Any, p: Any, room: Any, k: int) -> None:
    """A comment may be answered, and a new follow may have the bell on."""
    seen, n = room.seen, p.notifications
    u, v, t, creator = seen.user[k], seen.video[k], seen.time_s[k], room.creator[k]
    if seen.actions[k] & _COMMENT:
        luck = stream(room.stream[k], _STREAM)
        if uniform(luck, _REPLIED) < n.reply:
            message = new_message(world)
            message.kind, message.to, message.sender = _REPLY, u, creator
            message.video, message.sent = v, t
            message.at = t + n.reply_delay * exponential(luck, _WHEN)
    changed = seen.actions[k] & (_FOLLOW | _UNFOLLOW)
    if changed != 0 and _bell(world.bells.luck[u], int(creator), n.post):
        message = new_message(world)
        message.kind = SUBSCRIBED if changed & _FOLLOW else UNSUBSCRIBED
        message.to, message.sender = u, creator
        message.video, message.sent, message.at = v, t, t


@njit()
def calls(
    n: Any, k_link: Any, k: Any, messages: Any, luck_of: Any, now: float, who: Any, at: Any
) -> int:
    """Whom the messages of a refresh bring back, and when; how many they are.

    ``luck_of`` [V] is the luck of each video, and ``k_link`` the key of what becomes of links. The
    first places of ``who`` and ``at``, which have room for a place a message, are filled.
    """
    found = 0
    for i in range(messages.size):
        message = messages[i]
        kind = message.kind
        if kind not in (_LINK, _REPLY, _POST, _MENTION):
            continue
        sender, to = int(message.sender), int(message.to)
        luck = stream3(k_link if kind == _LINK else k, sender, to, luck_of[message.video])
        if uniform(luck, _OPENED) < n.brings:
            who[found] = to
            at[found] = max(message.at, now) + n.delay * exponential(luck, _DELAY)
            found += 1
    return found
