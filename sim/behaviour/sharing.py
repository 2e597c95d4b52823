"""Sharing: who shares a video sends a link to contacts, and who opens it passes it on or does not.

The action ``share`` sends links to n contacts, P(n >= k) = k^-a for k up to MOST, with the a by
which ``recipients`` get one on average, or all contacts if there are fewer: most send a video to
one person, few to everybody they know. They are drawn evenly, without the one from whom the
sender has the video and without whoever has not joined yet (assumptions). A link can be read an
exponential time after it was sent, on average ``delay``, and not before the next refresh. When its
receiver next wants something to watch it is opened with the probability ``opened``, or never.
Opened, it is a page with one video. Who has it from a contact shares it more readily, by the factor
``pass_on`` on the odds.

A contact is whoever one knows well enough to send links to (``sim.world.contacts``). With R links
opened for each one that was opened, the mean cascade has 1 / (1 - R) people while R < 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.core.actions import bit
from sim.core.maths import exp, log
from sim.core.messages import kind_code
from sim.core.random import exponential, key, stream, stream3, uniform
from sim.core.surfaces import surface_code
from sim.machine.compiled import njit
from sim.machine.table import Side, Table, column
from sim.scenario import Scenario
from sim.world.contacts import draw_contacts
from sim.world.exchange import earliest_due, new_message
from sim.world.state import NOBODY, ContactGraph, World

__all__ = [
    "MESSAGES", "MOST", "RECORDS", "TABLES", "Links", "build", "is_on", "open_link", "recipients",
    "send", "share_columns", "tail_of", "used",
]  # fmt: skip

MOST: Final = 32
"""Contacts who get a link at once, at most (assumption)."""
MESSAGES: Final = MOST + 1
"""Messages of an impression: links, and that one was opened."""

_SHARE, _LINK, _OPENED = bit("share"), kind_code("link"), kind_code("opened")
_PAGE = surface_code("shared_link")
_STREAM = 1
_COUNT, _CHOICE, _DELAY = 0, 1_000_000, 2_000_000
"""Draws of a stream of its own for each impression: how many, who, and when."""


class Links(Table, name="links", owner="user", side=Side.LOG):
    """The link that each person opened last."""

    number: NDArray[np.int64] = column(np.int64, "number of the link", fill=NOBODY)
    sender: NDArray[np.int32] = column(np.int32, "who sent it", fill=NOBODY)


TABLES = (ContactGraph, Links)


def is_on(scenario: Scenario) -> bool:
    """Whether people have contacts."""
    return scenario.behaviour.sharing.contacts > 0.0


@njit(forceinline=True)
def used(frame: Any) -> bool:
    """The same, in compiled code."""
    return frame.links.number.size > 0  # type: ignore[no-any-return]


def build(
    scenario: Scenario, world: World, seed: int, state: Mapping[type[Table], Table]
) -> tuple[Table, ...]:
    """Who knows whom."""
    del state
    ordinary = int((world.creators.probe == NOBODY).sum())
    contacts = draw_contacts(
        key(seed, "contacts"), float(scenario.behaviour.sharing.contacts), world.accounts.locale,
        world.truth.interests, world.topics, world.follows, ordinary,
    )  # fmt: skip
    return contacts, Links(world.users)


@njit(forceinline=True)
def open_link(world: Any, p: Any, room: Any, k: int) -> None:
    """Who wants something to watch looks at the links that have come, the earliest first."""
    inbox = world.inbox
    if world.links.number.size == 0 or room.opens[k] != NOBODY:
        return
    u, t = room.seen.user[k], room.seen.time_s[k]
    while room.opens[k] == NOBODY:
        i = earliest_due(world, u, _LINK, t)
        if i == NOBODY:
            return
        inbox.kind[u, i] = NOBODY
        sender, video = inbox.sender[u, i], inbox.video[u, i]
        luck = stream3(world.keys.exchange, sender, u, world.videos.luck[video])
        if uniform(luck, 0) < p.sharing.opened:
            world.links.number[u], world.links.sender[u] = inbox.link[u, i], sender
            room.opens[k], room.subject[k] = _PAGE, video


@njit(forceinline=True)
def _may_get(world: Any, to: int, from_whom: int, t: float) -> bool:
    """Whether a contact has an account by now, and is not the one who sent the link."""
    return (to != from_whom) & (world.accounts.joined_s[to] <= t)  # type: ignore[no-any-return]


def tail_of(mean: float) -> float:
    """The exponent a with which a share is sent to ``mean`` contacts on average, 1 to 5.

    With P(n >= k) = k^-a for k = 1 ... MOST the mean is the sum of these.
    """
    low, high = 0.0, 64.0
    for _ in range(64):
        middle = (low + high) / 2.0
        found = sum(float(exp(-middle * float(log(float(k))))) for k in range(1, MOST + 1))
        low, high = (middle, high) if found > mean else (low, middle)
    return high


@njit(forceinline=True)
def recipients(p: Any, luck: float) -> int:
    """How many contacts get a link, by a uniform draw."""
    return int(min(exp(-log(luck) / p.sharing.tail), float(MOST)))


@njit()
def _send_links(world: Any, p: Any, room: Any, k: int, link: int, from_whom: int) -> None:
    """Links to some contacts of the person in place ``k``."""
    seen, contacts = room.seen, world.contacts
    u = seen.user[k]
    first, last = contacts.start[u], contacts.start[u + 1]
    luck = stream(room.stream[k], _STREAM)
    wanted = recipients(p, uniform(luck, _COUNT))
    left = 0
    for i in range(first, last):
        left += 1 if _may_get(world, contacts.contact[i], from_whom, seen.time_s[k]) else 0
    for i in range(first, last):
        to = contacts.contact[i]
        if wanted == 0 or not _may_get(world, to, from_whom, seen.time_s[k]):
            continue
        # of ``left`` people each one is as likely to be among the ``wanted``
        if uniform(luck, _CHOICE + i - first) * left < wanted:
            message = new_message(world)
            message.kind, message.to, message.sender = _LINK, to, u
            message.video, message.parent, message.sent = seen.video[k], link, seen.time_s[k]
            wait = p.sharing.delay * exponential(luck, _DELAY + i - first)
            message.at = seen.time_s[k] + wait
            wanted -= 1
        left -= 1


@njit(forceinline=True)
def send(world: Any, p: Any, room: Any, k: int) -> None:
    """Tell the sender that a link was opened, and send links to others."""
    seen = room.seen
    u = seen.user[k]
    link, from_whom = NOBODY, NOBODY
    if seen.surface[k] == _PAGE:
        link, from_whom = world.links.number[u], world.links.sender[u]
        message = new_message(world)
        message.kind, message.to, message.sender = _OPENED, from_whom, u
        message.video, message.link = seen.video[k], link
        message.sent, message.at = seen.time_s[k], seen.time_s[k]
    if seen.actions[k] & _SHARE:
        _send_links(world, p, room, k, link, from_whom)


def share_columns(messages: NDArray[Any]) -> dict[str, Any]:
    """Columns of the table of links, from all messages of a run in the order of sending."""
    links = messages[messages["kind"] == _LINK]
    opened_s = np.full(len(links), np.nan)
    read = messages[messages["kind"] == _OPENED]
    opened_s[np.searchsorted(links["link"], read["link"])] = read["sent"]
    return {
        "share": links["link"], "video": links["video"], "sender": links["sender"],
        "receiver": links["to"], "sent_s": links["sent"], "due_s": links["at"],
        "opened_s": [None if np.isnan(t) else t for t in opened_s.tolist()],
        "parent": [None if p == NOBODY else p for p in links["parent"].tolist()],
    }  # fmt: skip


RECORDS: Mapping[str, Callable[[NDArray[Any]], dict[str, Any]]] = {"shares": share_columns}
"""Tables of a run folder."""
