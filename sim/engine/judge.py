"""What the feed makes of the candidates of one request, compiled: filters and scores.

one look at each card -> filters, if one may object -> keys in the order of the scores
"""

from __future__ import annotations

import numpy as np

from sim.engine.memory import has_blocked, has_seen, seen_from
from sim.engine.scratch import AHEAD
from sim.feed.access import may_see
from sim.feed.belief import affinity_of
from sim.feed.match import hold, match_sum
from sim.feed.spaced import NEVER, score_key
from sim.machine.borrow import at, prefetch_near, stay_apart
from sim.machine.compiled import njit
from sim.machine.lanes import STEP, more_dot

__all__ = [
    "DUPLICATES", "FILTERS", "GONE", "KEPT", "REMOVED", "REQUESTS", "RETRIEVED", "SELECTED",
    "judge", "may_be_shown", "score",
]  # fmt: skip

REQUESTS, RETRIEVED, DUPLICATES, KEPT, SELECTED, REMOVED = 0, 1, 2, 3, 4, 5
"""Columns of the stage counters; filters have one each from REMOVED on."""
FILTERS = {"seen": 0, "own": 1, "ineligible": 2, "too_old": 3, "blocked": 4}
_SEEN, _OWN, _INELIGIBLE, _TOO_OLD, _BLOCKED = 0, 1, 2, 3, 4
GONE = np.int32(-(2**31))
"""Stands for the sum of a candidate that a filter removed."""


@njit(forceinline=True)
def _rules(filters, max_age, t):
    """(number of the first filter ``seen`` or -1, earliest upload time that may pass)."""
    asked = -1
    oldest = -np.inf
    for number in range(filters.size):
        if filters[number] == _SEEN and asked < 0:
            asked = number
        if filters[number] == _TOO_OLD:
            oldest = max(oldest, t - max_age[number])
    return asked, oldest


@njit()
def _look(feed, j, start, size, oldest):
    """Look at the card of each candidate of request ``j`` once; see :func:`judge`.

    ``start`` and ``size`` are those of the table of shown videos; a size of 0 when no filter
    asks. Returns whether another filter may object to any. The loop has no branch that the
    processor could not foresee and as few steps as can be, and is a function of its own, so that
    it has all registers.
    """
    stay_apart()
    asked = feed.asked[j]
    u, n = asked.user, asked.candidates
    cards, data = feed.cards, feed.arena.data
    ids, groups = feed.ids[j], feed.groups[j]
    sums, worth = feed.scores_of.sum, feed.scores_of.worth
    last = at(ids, max(n - 1, 0))
    for i in range(n, n + AHEAD):
        ids[np.uint64(i)] = last
    taste = hold(feed.taste.profile, 0, feed.beliefs.slot_id, u, feed.taste.weights)
    who = np.int32(u)
    earliest = np.inf
    eligible = np.int8(1)
    own = False
    for i in range(n):
        place = np.uint64(i)
        v = ids[place]
        prefetch_near(cards, at(ids, i + AHEAD))
        card = at(cards, v)
        seen = size > 0 and seen_from(data, start, size, np.int64(groups[place]), v)
        total = match_sum(
            cards, v, taste, card.sound, card.tags[0], card.tags[1], card.tags[2], card.creator
        )
        sums[place] = GONE if seen else total
        worth[place].base, worth[place].lift = card.base, card.lift
        earliest = card.uploaded_s if card.uploaded_s < earliest else earliest
        eligible &= np.int8(card.eligible == 1)
        own |= card.owner == who
    return earliest < oldest or eligible != 1 or own


@njit()
def _ask_filters(feed, j):
    """Ask all filters in turn about each candidate; returns how many they remove.

    Who was shown before has the sum GONE; whoever is removed gets it.
    """
    stay_apart()
    asked = feed.asked[j]
    u, t, n = asked.user, asked.time_s, asked.candidates
    filters, max_age, cards = feed.filter, feed.max_age, feed.cards
    user, data = at(feed.users, u), feed.arena.data
    ids, sums, stages, codes = feed.ids[j], feed.scores_of.sum, feed.stages, feed.codes[j]
    gone = 0
    for i in range(n):
        place = np.uint64(i)
        card = at(cards, ids[place])
        for number in range(filters.size):
            code = filters[number]
            if (
                (code == _SEEN and sums[place] == GONE)
                or (code == _OWN and card.owner == u)
                or (code == _INELIGIBLE and not may_see(card.eligible, codes[place]))
                or (code == _TOO_OLD and not card.uploaded_s >= t - max_age[number])
                or (code == _BLOCKED and has_blocked(data, user, card.creator))
            ):
                sums[place] = GONE
                stages[REMOVED + number] += 1
                gone += 1
                break
    return gone


@njit()
def may_be_shown(feed, asked, video):
    """Whether a video passes all filters of a request."""
    card, user = at(feed.cards, video), at(feed.users, asked.user)
    for number in range(feed.filter.size):
        code = feed.filter[number]
        if code == _SEEN and has_seen(feed.arena.data, user.seen_start, user.seen_size, video):
            return False
        if code == _OWN and card.owner == asked.user:
            return False
        if code == _INELIGIBLE and card.eligible != 1:
            return False
        if code == _TOO_OLD and not card.uploaded_s >= asked.time_s - feed.max_age[number]:
            return False
        if code == _BLOCKED and has_blocked(feed.arena.data, user, card.creator):
            return False
    return True


@njit()
def _add_topics(caption, taste_profile, n, ids, sums):
    """Add what the topics beyond the first STEP have in common."""
    stay_apart()
    for i in range(n):
        place = np.uint64(i)
        more = more_dot(caption, ids[place], taste_profile, 0, taste_profile.shape[1])
        sums[place] = GONE if sums[place] == GONE else sums[place] + more


@njit()
def _of_arm(table, arm, n, ids, worth):
    """Put the base and lift of one arm in place of the common ones."""
    stay_apart()
    for i in range(n):
        place = np.uint64(i)
        v = ids[place]
        worth[place].base, worth[place].lift = table[v, arm, 0], table[v, arm, 1]


@njit(forceinline=True)
def judge(feed, j):
    """Filters, affinity, and what the score needs, for all candidates of request ``j``.

    Fills ``sum`` and ``worth`` of the working memory; who is removed has the sum GONE. Returns
    how many are left. Only when a filter other than ``seen`` may object to somebody are
    the filters asked in turn.
    """
    request = feed.asked[j]
    u, n = request.user, request.candidates
    user, ids = at(feed.users, u), feed.ids[j]
    sums, worth, taste = feed.scores_of.sum, feed.scores_of.worth, feed.taste.profile
    asked, oldest = _rules(feed.filter, feed.max_age, request.time_s)
    size = np.int64(user.seen_size) if asked >= 0 else np.int64(0)
    doubt = _look(feed, j, user.seen_start, size, oldest)
    gone = 0
    if doubt or user.blocks != 0:
        gone = _ask_filters(feed, j)
    elif asked >= 0:
        for i in range(n):  # in vector registers
            gone += 1 if at(sums, i) == GONE else 0
        feed.stages[REMOVED + asked] += gone
    if taste.shape[1] > STEP:
        _add_topics(feed.captions, taste, n, ids, sums)
    if feed.scores.arms.shape[1] > 0:
        _of_arm(feed.scores.arms, feed.arm[u], n, ids, worth)
    return n - gone


@njit()
def score(feed, n):
    """Keys of all candidates: by the value model, as often as it stands in the list of scorers.

    Who was removed gets NEVER. The loops run in vector registers.
    """
    values = feed.plan.values
    sums, worth, keys = feed.scores_of.sum, feed.scores_of.worth, feed.scores_of.keys
    for i in range(n):
        place = np.uint64(i)
        value = worth[place].base + affinity_of(sums[place]) * worth[place].lift
        key = score_key(value if values > 0 else np.float32(0.0), i)
        keys[place] = NEVER if sums[place] == GONE else key
    if values <= 1:
        return
    for i in range(n):
        place = np.uint64(i)
        value = worth[place].base + affinity_of(sums[place]) * worth[place].lift
        score = value
        for _ in range(1, values):
            score += value
        keys[place] = NEVER if sums[place] == GONE else score_key(score, i)
