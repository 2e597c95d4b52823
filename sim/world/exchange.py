"""The exchange: the one way in which a person reaches another.

Within a window nobody sees what others do. Who has something for somebody writes a message into an
*outbox*; at the refresh all of them are sorted by (to, at, sender, kind, video, sent) and delivered
into the *inboxes* of their receivers. Who wrote it first, and on which thread, makes no difference.

A message can be read from the time ``at`` on, but not before the refresh that delivers it. An inbox
has PLACES places. When it is full what lies there stays; what comes is lost and counted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.messages import LANDS
from sim.machine.compiled import njit
from sim.machine.table import Side, Table, column, number
from sim.world.state import NOBODY

__all__ = ["MESSAGE", "PLACES", "Inbox", "deliver", "earliest_due", "in_order", "new_message"]

PLACES = 8
"""Messages that an inbox holds (assumption)."""

MESSAGE = np.dtype(
    [
        ("at", np.float64),  # from when on it can be read, s
        ("sent", np.float64),  # when it was written, s
        ("link", np.int64),  # its own number, given at the refresh; of what was opened, that link's
        ("parent", np.int64),  # the link through which the sender got the video, or NOBODY
        ("to", np.int32),
        ("sender", np.int32),
        ("video", np.int32),
        ("kind", np.int32),  # position in KINDS
    ],
    align=True,
)
"""What one person sends another: 48 bytes."""


class Inbox(Table, name="inbox", owner="user", side=Side.LOG):
    """What was sent to each person and is not read yet."""

    kind: NDArray[np.int8] = column(
        np.int8, "kind of message; NOBODY in empty places", shape=(PLACES,), fill=NOBODY
    )
    at: NDArray[np.float64] = column(
        np.float64, "from when on it can be read", unit="s", shape=(PLACES,)
    )
    sender: NDArray[np.int32] = column(np.int32, "who sent it", shape=(PLACES,))
    video: NDArray[np.int32] = column(np.int32, "what it is about", shape=(PLACES,))
    link: NDArray[np.int64] = column(np.int64, "number of the link", shape=(PLACES,))
    lost: int = number("messages that found the inbox full")


@njit(forceinline=True)
def new_message(world: Any) -> Any:
    """A message in the outbox, to be filled in; the engine has made sure that there is room."""
    outbox = world.outbox
    place = outbox.count[0]
    outbox.count[0] = place + 1
    message = outbox.messages[place]
    message.link = NOBODY
    message.parent = NOBODY
    return message


@njit(forceinline=True)
def earliest_due(world: Any, u: int, kind: int, t: float) -> int:
    """Place of the earliest message of a kind that ``u`` can read at time ``t``, or NOBODY."""
    inbox = world.inbox
    found = NOBODY
    for i in range(PLACES):
        due = inbox.kind[u, i] == kind and inbox.at[u, i] <= t
        if due and (found == NOBODY or inbox.at[u, i] < inbox.at[u, found]):
            found = i
    return found


def in_order(messages: NDArray[Any]) -> NDArray[Any]:
    """Messages in the order of delivery."""
    columns = ("sent", "video", "kind", "sender", "at", "to")
    return messages[np.lexsort([messages[name] for name in columns])]


def deliver(inbox: Inbox, messages: NDArray[Any]) -> None:
    """Put messages, in the order of delivery, into the inboxes of their receivers."""
    for message in messages[np.array(LANDS)[messages["kind"]]]:
        row = int(message["to"])
        empty = np.flatnonzero(inbox.kind[row] == NOBODY)
        if len(empty) == 0:
            inbox.lost += 1
            continue
        place = (row, int(empty[0]))
        inbox.kind[place], inbox.at[place] = message["kind"], message["at"]
        inbox.sender[place], inbox.video[place] = message["sender"], message["video"]
        inbox.link[place] = message["link"]
