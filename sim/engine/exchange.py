"""What a refresh does with the messages that people have written (see ``sim.world.exchange``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.messages import KINDS, LANDS
from sim.core.room import PEOPLE
from sim.machine.keep import Arrays, Kept
from sim.world.exchange import MESSAGE, Inbox, deliver, in_order

__all__ = ["Exchange", "new_outbox"]

_ROUNDS = 64
"""Rounds of a full room that fit into the outbox of a thread."""


def new_outbox(most: int, people: int = PEOPLE) -> NDArray[Any]:
    """Room for the messages of some rounds; ``most`` is how many one impression can send."""
    return np.zeros(most * people * _ROUNDS, MESSAGE)


class Exchange(Kept):
    """Numbers, delivers and writes down all messages of a run."""

    KEPT = ("inbox", "_links")

    def __init__(self, users: int, *, used: bool) -> None:
        self.used = used
        """whether anything of the scenario sends messages; else there is no inbox"""
        self.inbox = Inbox(users if used else 0)
        self.waiting: list[NDArray[Any]] = []
        """messages of this window, as the engine hands them over"""
        self._links = 0
        self._delivered: list[NDArray[Any]] = []

    def put_down(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """Between two windows nothing waits."""
        yield from super().put_down()
        yield "delivered", self.log()

    def take_up(self, kept: Arrays) -> None:
        """Become what was put down."""
        super().take_up(kept)
        self._delivered = [kept["delivered"]]

    def add(self, messages: NDArray[Any]) -> None:
        """Take what is to be delivered at the next refresh."""
        if len(messages):
            self.waiting.append(messages)

    def refresh(self) -> NDArray[Any]:
        """Deliver what was written in the window, and return it in the order of sending.

        What lands in an inbox gets a number, counted up in that order.
        """
        if not self.waiting:
            return np.zeros(0, MESSAGE)
        messages = _by_time(np.concatenate(self.waiting))
        self.waiting.clear()
        lands = np.array(LANDS)[messages["kind"]]
        messages["link"][lands] = self._links + np.arange(lands.sum())
        self._links += int(lands.sum())
        self._delivered.append(messages)
        deliver(self.inbox, in_order(messages))
        return messages

    def counts(self) -> dict[str, int]:
        """Messages of each kind that were sent, and those that found an inbox full."""
        sent = np.bincount(self.log()["kind"], minlength=len(KINDS)).tolist()
        return {**{k.name: n for k, n in zip(KINDS, sent, strict=True)}, "lost": self.inbox.lost}

    def log(self) -> NDArray[Any]:
        """All messages that were delivered so far, window by window, in the order of sending."""
        return np.concatenate([np.zeros(0, MESSAGE), *self._delivered])


def _by_time(messages: NDArray[Any]) -> NDArray[Any]:
    """Messages in the order of sending."""
    order: Iterable[str] = ("video", "kind", "to", "sender", "sent")
    return messages[np.lexsort([messages[name] for name in order])]
