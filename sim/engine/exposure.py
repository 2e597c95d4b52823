"""Exposure: a video comes onto a person's screen, and whom they follow from then on.

The plain functions keep Python sets and lists, which the reference engine hangs into its frame;
the fast ones keep hash tables in an arena (``sim.engine.memory``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.core.actions import bit
from sim.core.counts import IMPRESSIONS
from sim.core.random import stream, stream2
from sim.engine.followed import also_followed
from sim.engine.memory import add_block, add_follow, add_seen, remove_follow
from sim.machine.borrow import at, prefetch
from sim.machine.compiled import njit
from sim.machine.marks import prefetch_mark
from sim.machine.twins import side_by_side

__all__ = [
    "follow", "follow_all", "note_surface", "note_surfaces", "note_tags", "note_tags_of_all",
    "part", "part_all", "show", "show_all",
]  # fmt: skip

_FOLLOW, _UNFOLLOW, _BLOCK = bit("follow"), bit("unfollow"), bit("block")


def show(frame: Any, p: Any, room: Any, k: int) -> None:
    """Note that a video is shown; whether it is the first time, and the luck of the pair.

    The same person meets the same video with the same luck under every ranker. When they meet
    again the taste of the pair is the same, and all other luck is new.
    """
    del p
    seen = room.seen
    user, video = int(seen.user[k]), int(seen.video[k])
    first = frame.exposures.add(user, video)
    pair = stream2(frame.keys.react, user, int(frame.videos.luck[video]))
    luck = pair if first else stream(pair, int(frame.people_counts[user, IMPRESSIONS]))
    creator = int(frame.videos.creator[video])
    seen.first[k] = first
    room.creator[k], room.sound[k] = creator, int(frame.videos.sound[video])
    room.pair[k], room.stream[k] = pair, luck
    room.same_locale[k] = frame.accounts.locale[user] == frame.videos.locale[video]
    room.followed[k] = frame.follows.has(user, creator)


@side_by_side(show)
@njit(forceinline=True)
def show_all(frame: Any, p: Any, room: Any, n: int) -> None:
    """The same for the next video of each slate."""
    users, cards, counts = frame.users, frame.cards, frame.tally.users
    for j in range(n):
        # unsigned rows: an index that could count from the end costs more
        k = np.uint64(j)
        u = room.seen.user[k]
        row = np.uint64(u)
        user = users[row]
        place = np.uint64(user.place)
        user.place += 1
        user.videos += 1
        slot = frame.slates[row, place]
        v: Any = np.int64(slot.video)
        if user.place < user.length:
            after = frame.slates[row, place + np.uint64(1)].video
            prefetch(cards, after)
            prefetch(frame.reels, after)
            prefetch(frame.scores.usual, after)
            prefetch(frame.tally.videos, after)
            prefetch(frame.tally.percentiles, after)
        prefetch_mark(frame.tally.touched, v)
        first = add_seen(frame.arena, user, np.int32(v))
        card = cards[np.uint64(v)]
        pair = stream2(frame.keys.react, u, np.int64(card.luck))  # type: ignore[arg-type]
        room.pair[k] = pair
        if first:
            room.stream[k] = pair
        else:
            shown: Any = np.int64(counts[row, IMPRESSIONS])
            room.stream[k] = stream(pair, shown)
        same = user.locale == card.locale
        room.seen.video[k] = v
        room.seen.place[k] = np.int64(place)
        room.seen.first[k] = np.int64(1) if first else np.int64(0)
        room.same_locale[k] = np.int64(1) if same else np.int64(0)
        room.creator[k], room.sound[k] = card.creator, card.sound
        room.followed[k] = slot.followed
        room.videos[k] = user.videos


@njit(forceinline=True)
def note_tags(frame: Any, p: Any, room: Any, k: int) -> None:
    """The hashtags of the video, as anybody can see them."""
    tags, v = frame.videos.tags, room.seen.video[k]
    room.first_tag[k], room.second_tag[k], room.third_tag[k] = tags[v, 0], tags[v, 1], tags[v, 2]


@side_by_side(note_tags)
@njit(forceinline=True)
def note_tags_of_all(frame: Any, p: Any, room: Any, n: int) -> None:
    """The same from the cards, which lie near at hand."""
    for j in range(n):
        k = np.uint64(j)
        card = frame.cards[np.uint64(room.seen.video[k])]
        room.first_tag[k] = card.tags[0]
        room.second_tag[k] = card.tags[1]
        room.third_tag[k] = card.tags[2]


def note_surface(frame: Any, p: Any, room: Any, k: int) -> None:
    """Note on which surface the video is shown."""
    del p
    room.seen.surface[k] = frame.shown.surface


@side_by_side(note_surface)
@njit(forceinline=True)
def note_surfaces(frame: Any, p: Any, room: Any, n: int) -> None:
    """The same; the slate knows it."""
    for j in range(n):
        k = np.uint64(j)
        room.seen.surface[k] = np.int64(frame.users[np.uint64(room.seen.user[k])].surface)


def follow(frame: Any, p: Any, room: Any, k: int) -> None:
    """Who decided to follow the creator does so from now on."""
    del p
    if room.seen.actions[k] & _FOLLOW:
        creator = int(frame.videos.creator[room.seen.video[k]])
        frame.follows.add(int(room.seen.user[k]), creator)


@side_by_side(follow)
@njit(forceinline=True)
def follow_all(frame: Any, p: Any, room: Any, n: int) -> None:
    """The same; few do, so they are put on a list first."""
    some = 0
    for j in range(n):
        room.left[np.uint64(some)] = j
        some += 1 if room.seen.actions[np.uint64(j)] & _FOLLOW else 0
    for j in range(some):
        k = np.uint64(room.left[np.uint64(j)])
        row = np.uint64(room.seen.user[k])
        creator = np.int64(at(frame.cards, room.seen.video[k]).creator)
        user = frame.users[row]
        add_follow(frame.arena, frame.graph.creator, user, creator)
        also_followed(frame.slates, frame.cards, user, row, creator, 1)
        frame.tally.followers[creator] += 1


def part(frame: Any, p: Any, room: Any, k: int) -> None:
    """Who decided to no longer follow the creator does not; who blocked them sees no more of them.

    What the slate still holds of a blocked creator is gone at once.
    """
    del p
    actions, user = int(room.seen.actions[k]), int(room.seen.user[k])
    if not actions & (_UNFOLLOW | _BLOCK):
        return
    creators = frame.videos.creator
    creator = int(creators[room.seen.video[k]])
    if actions & _UNFOLLOW:
        frame.follows.remove(user, creator)
    if actions & _BLOCK:
        frame.blocks.add(user, creator)
        frame.left[:] = [slot for slot in frame.left if creators[slot[0]] != creator]


@side_by_side(part)
@njit(forceinline=True)
def part_all(frame: Any, p: Any, room: Any, n: int) -> None:
    """The same; hardly anybody does."""
    some = 0
    for j in range(n):
        room.left[np.uint64(some)] = j
        some += 1 if room.seen.actions[np.uint64(j)] & (_UNFOLLOW | _BLOCK) else 0
    for j in range(some):
        _part(frame, room, np.uint64(room.left[np.uint64(j)]))


@njit()
def _part(frame: Any, room: Any, k: Any) -> None:
    row = np.uint64(room.seen.user[k])
    actions, user = room.seen.actions[k], frame.users[row]
    creator = np.int64(at(frame.cards, room.seen.video[k]).creator)
    if actions & _UNFOLLOW:
        remove_follow(frame.arena, frame.graph.creator, user, creator)
        also_followed(frame.slates, frame.cards, user, row, creator, 0)
        frame.tally.followers[creator] -= 1
    if actions & _BLOCK:
        add_block(frame.arena, user, creator)
        kept = user.place
        for i in range(user.place, user.length):
            slot = frame.slates[row, np.uint64(i)]
            there = frame.slates[row, np.uint64(kept)]
            other = at(frame.cards, slot.video).creator != creator
            there.video, there.source, there.pool = slot.video, slot.source, slot.pool
            there.followed = slot.followed
            kept += 1 if other else 0
        user.length = kept
