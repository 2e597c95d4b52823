"""The exchange: the order of delivery, full inboxes, and that threads make no difference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.core.errors import ForyouError
from sim.core.messages import KINDS, kind_code
from sim.engine.exchange import Exchange
from sim.world.exchange import MESSAGE, PLACES, Inbox, deliver, in_order
from sim.world.state import NOBODY

LINK, OPENED = kind_code("link"), kind_code("opened")


def some(n: int, to: int = 3, seed: int = 1) -> NDArray[Any]:
    rng = np.random.default_rng(seed)
    found = np.zeros(n, MESSAGE)
    found["to"] = rng.integers(0, to, n)
    found["at"] = rng.integers(0, 5, n)
    found["sent"] = rng.random(n)
    found["sender"] = rng.integers(0, 4, n)
    found["video"] = np.arange(n)
    found["kind"] = LINK
    return found


def test_messages_are_delivered_by_receiver_and_time() -> None:
    messages = in_order(some(200))
    keys = [tuple(m[["to", "at", "sender", "kind", "video", "sent"]]) for m in messages]
    assert keys == sorted(keys)


def test_who_wrote_first_makes_no_difference() -> None:
    """Threads hand over what they have in any order and in any pieces."""
    messages = some(40, to=5)
    wanted = Exchange(5, used=True)
    wanted.waiting.append(messages)
    wanted.refresh()
    for seed in range(5):
        mixed = np.random.default_rng(seed).permutation(messages)
        found = Exchange(5, used=True)
        found.waiting += np.array_split(mixed, 3)
        found.refresh()
        np.testing.assert_array_equal(found.log(), wanted.log())
        for name, _, array in wanted.inbox.arrays():
            np.testing.assert_array_equal(getattr(found.inbox, name), array)


def test_numbers_follow_the_time_of_sending() -> None:
    exchange = Exchange(3, used=True)
    for window in range(3):
        exchange.waiting.append(some(10, seed=window))
        exchange.waiting[-1]["sent"] += window
        exchange.refresh()
    log = exchange.log()
    assert log["link"].tolist() == list(range(30))
    assert (np.diff(log["sent"]) >= 0).all()


def test_a_full_inbox_keeps_what_it_has_and_counts_the_rest() -> None:
    inbox = Inbox(2)
    first = some(PLACES - 1, to=1)
    deliver(inbox, in_order(first))
    late = some(4, to=1, seed=2)
    late["at"], late["video"] = [9, 7, 8, 7], [100, 101, 102, 103]
    deliver(inbox, in_order(late))
    # the earliest of the late ones gets the last place; of two at one time the first sender's
    gets = late[late["at"] == 7]
    gets = gets[np.lexsort((gets["video"], gets["sender"]))][0]["video"]
    assert set(inbox.video[0]) == {*first["video"], gets}
    assert inbox.lost == 3
    assert (inbox.kind[1] == NOBODY).all()


def test_what_does_not_land_is_written_down_alone() -> None:
    exchange = Exchange(3, used=True)
    messages = some(6)
    messages["kind"][::2] = OPENED
    messages["link"] = 77
    exchange.waiting.append(messages)
    exchange.refresh()
    assert (exchange.inbox.kind != NOBODY).sum() == 3
    log = exchange.log()
    assert (log["link"][log["kind"] == OPENED] == 77).all()
    assert log["link"][log["kind"] == LINK].tolist() == [0, 1, 2]


def test_nothing_is_kept_where_nobody_sends() -> None:
    exchange = Exchange(1_000, used=False)
    exchange.refresh()
    assert exchange.inbox.rows == 0
    assert len(exchange.log()) == 0


def test_an_unknown_kind_is_an_error() -> None:
    assert [kind_code(kind.name) for kind in KINDS] == list(range(len(KINDS)))
    with pytest.raises(ForyouError, match="kind of message"):
        kind_code("telegram")
