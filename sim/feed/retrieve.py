"""How each built-in source draws candidates for one request: small compiled functions.

A source works in two steps. ``point_...`` draws: it writes up to ``count`` positions in the
source's list into ``out`` from ``place`` on, and returns how many places it used. :func:`look_up`
replaces positions by videos. Lists are long and far away, so all sources point, and what they
point at is asked for, before the first is looked up. ``from_...`` does both for one source.

``r`` is the stream of the request; source number ``code`` uses its draws from ``code * DRAWS`` on,
so sources never share luck.
"""

from __future__ import annotations

import numpy as np

from sim.core.random import draw32, uniform
from sim.feed.belief import COUNT_BITS, SLOTS, search_weight
from sim.machine.borrow import at, prefetch
from sim.machine.compiled import njit
from sim.world.state import NOBODY

__all__ = [
    "DRAWS",
    "LONG",
    "RUN",
    "draw_creators",
    "first_of_group",
    "from_following",
    "from_groups",
    "from_interest",
    "from_list",
    "latest_of_follows",
    "look_up",
    "point_following",
    "point_groups",
    "point_interest",
    "point_list",
    "prefetch_groups",
]  # fmt: skip

DRAWS = 100_000
"""Draw numbers kept for each source."""
RUN = 16
"""Places of working memory that are written at once."""
LONG = 64
"""Videos of a sound or hashtag from which on more of them are no reason to look there more often
(assumption)."""
_PER_DRAW = 2.0**-32


@njit(forceinline=True)
def _share(passed, total, count, jitter):
    """How many of ``count`` even steps, begun at ``jitter``, lie below passed / total."""
    return np.int64(float(passed) / float(total) * float(count) + jitter)


@njit(forceinline=True)
def _draw_all(out, place, count, r, number):
    """Put the draws ``number`` to ``number + count`` of stream ``r`` into ``out``: 32 bits each.

    They are drawn before anything is looked up, because a loop without look-ups runs in vector
    registers.
    """
    for i in range(count):
        out[np.uint64(place + i)] = np.int32(draw32(r, number + i))


@njit(forceinline=True)
def _drawn(out, place, i, size):
    """Draw ``i`` as a whole number in [0, size)."""
    return np.int64((np.uint64(np.uint32(at(out, place + i))) * np.uint64(size)) >> np.uint64(32))


@njit(forceinline=True)
def _drawn_early(out, place, i, size):
    """Draw ``i`` as a whole number in [0, size): the square of a uniform draw, times the size."""
    x = (float(np.uint32(at(out, place + i))) + 0.5) * _PER_DRAW
    return np.int64(x * x * float(size))


@njit(forceinline=True)
def _point(out, i, where, size, videos):
    """Note that candidate ``i`` is ``videos[where]``, or nothing when its list has size 0."""
    out[np.uint64(i)] = np.int32(where) if size > 0 else np.int32(NOBODY)
    prefetch(videos, where)


@njit(forceinline=True)
def look_up(out, first, count, place, videos, cards):
    """Replace what was pointed at in ``out[first : first + count]`` by videos of the list.

    They are written from ``place`` <= ``first`` on, without gaps; returns how many there are.
    Their rows of ``cards`` are asked for.
    """
    n = 0
    for i in range(first, first + count):
        where = at(out, i)
        v = at(videos, max(where, 0))
        prefetch(cards, v)
        out[np.uint64(place + n)] = v
        n += 1 if where >= 0 else 0
    return n


@njit(forceinline=True)
def _run(runs, first, last, number):
    """Put ``number`` into ``runs`` from ``first`` to ``last``, not included.

    Up to RUN places from ``first`` on are written all the same: the next run overwrites what is
    too much, and a short run costs no loop whose end the processor could not foresee.
    """
    for i in range(first, first + RUN):
        runs[np.uint64(i)] = number
    for i in range(first + RUN, last):
        runs[np.uint64(i)] = number


@njit(forceinline=True)
def point_interest(out, runs, place, count, r, code, profile, doubt, u, topics, start, videos):
    """Point at videos of topics in proportion to what row ``u`` of a profile lets one hope for.

    Systematic sampling: one draw moves even steps over the cumulative profile, so each topic
    gets its share of ``count`` rounded up or down. In a topic's list, which begins with the most
    valuable, the place is the square of a uniform draw. ``runs`` is working memory, int8, of at
    least ``place + count + RUN`` places.
    """
    if videos.size == 0:
        return 0
    row = np.uint64(u)
    total = np.float32(0.0)
    for d in range(topics):
        total += search_weight(profile, doubt, row, np.uint64(d))
    jitter = uniform(r, code * DRAWS)
    _draw_all(out, place, count, r, code * DRAWS + 1)
    done = 0
    passed = np.float32(0.0)
    for d in range(topics):
        passed += search_weight(profile, doubt, row, np.uint64(d))
        upto = count if d == topics - 1 else min(_share(passed, total, count, jitter), count)
        upto = max(done, upto)
        _run(runs, place + done, place + upto, d)
        done = upto
    for i in range(count):
        d = np.int64(at(runs, place + i))
        first = at(start, d)
        size = at(start, d + 1) - first
        _point(out, place + i, first + _drawn_early(out, place, i, size), size, videos)
    return count


@njit(forceinline=True)
def from_interest(out, runs, place, count, r, code, profile, doubt, u, topics, start, videos):
    """Videos of topics in proportion to a profile; see :func:`point_interest`."""
    done = point_interest(
        out, runs, place, count, r, code, profile, doubt, u, topics, start, videos
    )
    return look_up(out, place, done, place, videos, videos)


@njit(forceinline=True)
def _group_weight(start, thing, word):
    """How many places a thing gets that is liked, in proportion."""
    _, size = _group(start, thing)
    return np.float32(max(word >> COUNT_BITS, 0)) * np.float32(min(size, LONG))


@njit(forceinline=True)
def prefetch_groups(start, ids, u, first):
    """Ask for where the groups begin that :func:`point_groups` will look at."""
    row = np.uint64(u)
    for i in range(first, first + SLOTS):
        prefetch(start, ids[row, np.uint64(i)])


@njit(forceinline=True)
def point_groups(out, runs, place, count, r, code, ids, words, u, first, start, videos):
    """Point at videos that share a sound or hashtag with what user ``u`` liked.

    Groups get candidates in proportion to positive means among the ``SLOTS`` places from ``first``
    on of ``ids`` and ``words`` [U, .], times their sizes up to LONG, by systematic sampling: a
    short list is soon seen to its end. In a group's list, which begins with the most valuable, the
    place is the square of a uniform draw. ``runs`` is working memory as in
    :func:`point_interest`.
    """
    row = np.uint64(u)
    total = np.float32(0.0)
    for i in range(first, first + SLOTS):
        total += _group_weight(start, ids[row, np.uint64(i)], words[row, np.uint64(i)])
    if total <= np.float32(0.0) or videos.size == 0:
        return 0
    jitter = uniform(r, code * DRAWS)
    _draw_all(out, place, count, r, code * DRAWS + 1)
    done = 0
    passed = np.float32(0.0)
    for slot in range(first, first + SLOTS):
        passed += _group_weight(start, ids[row, np.uint64(slot)], words[row, np.uint64(slot)])
        upto = max(done, min(_share(passed, total, count, jitter), count))
        _run(runs, place + done, place + upto, slot)
        done = upto
    for i in range(done):
        begin, size = _group(start, ids[row, np.uint64(at(runs, place + i))])
        _point(out, place + i, begin + _drawn_early(out, place, i, size), size, videos)
    return done


@njit(forceinline=True)
def from_groups(out, runs, place, count, r, code, ids, words, u, first, start, videos):
    """Videos with a sound or hashtag that the user liked; see :func:`point_groups`."""
    done = point_groups(
        out, runs, place, count, r, code, ids, words, u, first, start, videos
    )  # fmt: skip
    return look_up(out, place, done, place, videos, videos)


@njit(forceinline=True)
def _group(start, number):
    """(first place, size) of a group; one that the index does not know is empty."""
    known = (number >= 0) & (number < start.size - 1)
    group = number if known else 0
    begin = at(start, group)
    return begin, at(start, group + 1) - begin if known else 0


@njit(forceinline=True)
def draw_creators(out, place, count, r, code, follows, first, following, start, videos):
    """Put some of the creators ``follows[first : first + following]`` into ``out``.

    Each with the same probability. Where they begin in the index is asked for: they are far
    apart, so :func:`point_following` had better come later.
    """
    if following == 0 or videos.size == 0:
        return
    _draw_all(out, place, count, r, code * DRAWS)
    for i in range(count):
        creator = at(follows, first + _drawn(out, place, i, following))
        out[np.uint64(place + i)] = creator
        prefetch(start, creator)


@njit(forceinline=True)
def point_following(out, place, count, r, code, following, start, videos):
    """Point at recent videos of the creators that :func:`draw_creators` put into ``out``.

    In the creator's list, newest first, the place is the square of a uniform draw.
    """
    if following == 0 or videos.size == 0:
        return 0
    for i in range(count):
        begin, size = _group(start, at(out, place + i))
        x = uniform(r, code * DRAWS + count + i)
        _point(out, place + i, begin + np.int64(x * x * float(size)), size, videos)
    return count


@njit(forceinline=True)
def from_following(out, place, count, r, code, follows, first, following, start, videos):
    """Recent videos of followed creators; see :func:`point_following`."""
    draw_creators(out, place, count, r, code, follows, first, following, start, videos)
    done = point_following(out, place, count, r, code, following, start, videos)
    return look_up(out, place, done, place, videos, videos)


@njit(forceinline=True)
def point_list(out, place, count, r, code, videos):
    """Point at any video of a list, each with the same probability."""
    if videos.size == 0:
        return 0
    _draw_all(out, place, count, r, code * DRAWS)
    for i in range(count):
        _point(out, place + i, _drawn(out, place, i, videos.size), 1, videos)
    return count


@njit(forceinline=True)
def from_list(out, place, count, r, code, videos):
    """Any video of a list; see :func:`point_list`."""
    done = point_list(out, place, count, r, code, videos)
    return look_up(out, place, done, place, videos, videos)


@njit()
def latest_of_follows(out, place, count, follows, first, following, start, videos):
    """The newest videos of each creator in turn, for the following surface.

    Creators are ``follows[first : first + following]``.
    """
    n = 0
    depth = 0
    found = True
    while n < count and found:
        found = False
        for i in range(first, first + following):
            c = follows[i]
            if c < start.size - 1 and start[c] + depth < start[c + 1]:
                found = True
                if n < count:
                    out[place + n] = videos[start[c] + depth]
                    n += 1
        depth += 1
    return n


@njit()
def first_of_group(out, place, count, number, start, videos):
    """The first videos of one group, for the page of a sound, a hashtag or a creator."""
    if number < 0 or number >= start.size - 1:
        return 0
    size = min(count, start[number + 1] - start[number])
    for i in range(size):
        out[place + i] = videos[start[number] + i]
    return size
