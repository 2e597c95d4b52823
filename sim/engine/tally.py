"""Tally: an impression is counted wherever it counts, hashed, and written down."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.core.counting import count_impression
from sim.core.counts import (
    FIRST_ACTION,
    FOLLOWERS,
    IMPRESSIONS,
    PART_COUNTS,
    REACH,
    VIEWS,
    WATCH_MS,
    WIDTH,
)
from sim.core.sources import source_code
from sim.core.surfaces import FOR_YOU
from sim.feed import percentile
from sim.feed.cold_start import worth_of
from sim.feed.control import CONTROL, row_beside
from sim.feed.percentile import RANKED, TEST, time_cell
from sim.feed.slopes import count_guess, guess_of
from sim.machine.compiled import njit
from sim.machine.marks import mark
from sim.machine.twins import side_by_side
from sim.record.columns import SOURCE_NAMES, SURFACE_NAMES
from sim.record.events import MOST_AGO, add_to_hash, hash_event
from sim.world.state import NOBODY, TOPIC_ONE

__all__ = ["FRESH", "log", "log_all", "settle", "whole_match"]

FRESH = source_code("fresh")
"""Its impressions of videos that are or were in a pool are those of test audiences."""

_PART = len(PART_COUNTS)
_SURFACES, _SOURCES = len(SURFACE_NAMES), len(SOURCE_NAMES)


def log(frame: Any, p: Any, room: Any, k: int) -> None:
    """Write the impression down; whoever reads the log counts."""
    del p
    seen, shown = room.seen, frame.shown
    frame.journal.append((
        float(seen.time_s[k]), int(seen.user[k]), int(seen.video[k]), int(seen.watch_ms[k]),
        int(seen.actions[k]), int(seen.views[k]), shown.surface, shown.source, shown.pool,
        int(seen.first[k]), min(shown.ago, MOST_AGO),
    ))  # fmt: skip
    shown_before = int(frame.people_counts[seen.user[k], IMPRESSIONS])
    row = row_beside(shown.source, shown.pool, shown_before)
    frame.beside.append(row if shown.controls else NOBODY)
    frame.matches.append(whole_match(room.affinity[k]))
    frame.guesses.append(guess_of(seen.expected[k]))
    frame.by_followers.append(bool(room.followed[k]))


@side_by_side(log)
@njit(forceinline=True)
def log_all(frame: Any, p: Any, room: Any, n: int) -> None:
    """Count in the tables of the window, and write to the buffer when a log is wanted."""
    seen, tally, window = room.seen, frame.tally, frame.window
    for j in range(n):
        k = np.uint64(j)
        u, v, t = seen.user[k], seen.video[k], seen.time_s[k]
        watch_ms, views = seen.watch_ms[k], seen.views[k]
        actions, first = seen.actions[k], seen.first[k]
        row = np.uint64(u)
        surface = np.int64(frame.users[row].surface)
        slot = frame.slates[row, np.uint64(seen.place[k])]
        source, pool = np.int64(slot.source), np.int64(slot.pool)
        bin_ = np.int64(np.floor(t / window.bin_s)) - window.first_bin
        place = (bin_ * _SURFACES + surface) * _SOURCES + source
        if frame.users[row].controls != 0:
            beside = row_beside(source, pool, np.int64(tally.users[row, IMPRESSIONS]))
            _count_beside(tally.control, beside, views, watch_ms, first, actions)
            tally.control[beside, WIDTH] += whole_match(room.affinity[k])
        if surface != FOR_YOU:
            _count_part(tally.elsewhere, np.uint64(v), surface, views, first)
        if room.followed[k] != 0:
            _count_part(tally.elsewhere, np.uint64(v), FOLLOWERS, views, first)
        count_impression(
            tally.videos, v, tally.users, u, tally.timeline, place, views, watch_ms, first, actions
        )  # fmt: skip
        mark(tally.touched, v)
        tested = (source == FRESH) & (pool > 0)
        filled = TEST if tested else (percentile.CONTROL if source == CONTROL else RANKED)
        cell = time_cell(watch_ms, room.duration_s[k], actions, filled)
        rank = np.int64(frame.ranks[cell])
        tally.times[cell] += 1
        tally.percentiles[np.uint64(v)] += rank
        if tested:
            tests = tally.tests
            tests[np.uint64(v), 0] += 1
            tests[np.uint64(v), 1] += worth_of(actions, watch_ms, rank, frame.judged)
        if filled != RANKED:
            count_guess(tally.guesses, guess_of(seen.expected[k]), actions, rank)
        h = hash_event(t, u, v, watch_ms, actions, views, surface, source, pool)
        add_to_hash(h, tally.sums)
        if tally.events.size > 0:
            event = tally.events[tally.logged[0]]
            event.time_s = t
            event.user = u
            event.video = v
            event.watch_ms = watch_ms
            event.actions = actions
            event.views = views
            event.surface = surface
            event.source = source
            event.pool = pool
            event.first = first
            event.ago = min(window.number - np.int64(frame.users[row].asked), MOST_AGO)
            tally.logged[0] += 1


@njit(forceinline=True)
def whole_match(affinity: Any) -> Any:
    """The match of interests and topics as the whole number that it was made of."""
    return np.int64(np.floor(affinity * (TOPIC_ONE * TOPIC_ONE) + 0.5))


@njit(forceinline=True)
def _count_part(rows: Any, row: Any, part: Any, views: Any, reach: Any) -> None:
    """Count an impression of a surface that is not For You, or of a follower."""
    first = part * _PART
    rows[row, np.uint64(first)] += 1
    rows[row, np.uint64(first + 1)] += views
    rows[row, np.uint64(first + 2)] += reach


@njit()
def _count_beside(rows: Any, row: Any, views: Any, watch_ms: Any, reach: Any, actions: Any) -> None:
    """Count an impression of a slate that has controls."""
    rows[row, IMPRESSIONS] += 1
    rows[row, VIEWS] += views
    rows[row, WATCH_MS] += watch_ms
    rows[row, REACH] += reach
    for a in range(WIDTH - FIRST_ACTION):
        rows[row, FIRST_ACTION + a] += (actions >> a) & 1


@njit()
def settle(events: Any, logged: Any) -> None:
    """Sort the events behind the last settled one by user; each user's stay in order of time.

    They are of a few users who were played side by side. ``logged`` [2] counts the events in the
    buffer and those that are settled.
    """
    for i in range(logged[1] + 1, logged[0]):
        user = events[i].user
        place = i
        while place > logged[1] and events[place - 1].user > user:
            place -= 1
        if place < i:
            late = events[i : i + 1].copy()
            for j in range(i, place, -1):
                events[j] = events[j - 1]
            events[place] = late[0]
    logged[1] = logged[0]
