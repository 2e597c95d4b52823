"""Whom people know well enough to send a link to.

Ties are mutual. Each user puts forward half of the contacts that they want, and is put forward by
others for the other half. A partner is drawn from one of three pools, in proportion to how many
contacts the partner wants:

    interest    same locale and same main interest
    locale      same locale
    co-follower follows one of the creators that the user follows, anywhere

The draws go in turns. Within a turn nobody sees what another one draws, so users can be taken in
any order. Two who put each other forward in one turn have one tie: it counts for the one with the
smaller id, and the other draws again in the next turn. Whoever finds too few in these pools draws
from everybody in the last turns.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.maths import exp
from sim.core.random import below, normal, stream, stream3, uniform
from sim.machine.compiled import njit
from sim.world.draw import main_topic
from sim.world.state import I32, I64, ContactGraph, FollowGraph

__all__ = ["draw_contacts"]

_SPREAD = 1.14
"""sd of ln of the number of contacts wanted: sqrt(2 ln(mean / median)) with 190 and 99 friends
(Ugander, Karrer, Backstrom, Marlow 2011, arXiv 1111.4503). Mutual follows at Kuaishou spread
wider, median 16 and mean 119 (KuaiRand-Pure users, n = 27,285); many of them are people who follow
back whoever follows, not people to send a video to, so they are not taken here (assumption).
"""
_INTEREST = 0.5
"""Share of ties put forward within the same locale and main interest (assumption)."""
_CO_FOLLOWER = 0.2
"""Share put forward among those who follow the same creator (assumption); the rest is drawn from
the same locale."""
_TURNS = 4
"""Turns that draw from the three pools."""
_LAST_TURNS = 8
"""Turns that draw from everybody, for those who are still short; often none is needed."""
_GRAIN = 64
"""Weight of a user who wants the mean number of contacts. Weights are whole numbers, so that
sums are exact and fit 32 bits up to 33 million users; the least is 1, a 64th of the mean."""


class _Pool(NamedTuple):
    """Groups of users, each with the running sum of its weights."""

    start: I64
    """start [G + 1] first place of each group"""
    member: I32
    """member [N] user"""
    mass: I32
    """mass [N] weights of the group up to and with this member"""


class _Pools(NamedTuple):
    """All pools of partners."""

    interest: _Pool
    locale: _Pool
    follower: _Pool
    """follower: the followers of each creator"""
    everybody: _Pool
    """everybody: one group"""


class _Ties(NamedTuple):
    """What users put forward; the row of user u has room for as many as they want to."""

    start: I64
    """start [U + 1] first place of each row"""
    partner: I32
    """partner [E] the other user"""
    settled: I64
    """settled [U] ties in the row from earlier turns"""
    have: I64
    """have [U] ties in the row"""


class _Home(NamedTuple):
    """In which groups a user looks for partners."""

    interest: I64
    """interest [U] group of their locale and main interest"""
    locale: I64
    """locale [U] group of their locale"""
    follows_start: I64
    """follows_start [U + 1] first place of each user's row in ``followed``"""
    followed: I32
    """followed [F] creators followed"""


@njit()
def _wanted(k, users, mean):
    """Contacts wanted [U] (a real number, at most ``users`` - 1), summing to ``users * mean``.

    Log-normal, with one factor for all that makes up for what the limit takes away.
    """
    raw = np.empty(users)
    wanted = np.empty(users)
    for u in range(users):
        raw[u] = exp(_SPREAD * normal(stream(k, u), 0))
    factor = mean
    for _ in range(60):
        total = 0.0
        for u in range(users):
            wanted[u] = min(factor * raw[u], users - 1.0)
            total += wanted[u]
        if abs(total - mean * users) <= 1e-6 * total:
            break
        factor *= mean * users / total
    return wanted


@njit()
def _halves(k, wanted):
    """Ties that each user puts forward [U]: half of those wanted, rounded at random."""
    counts = np.empty(wanted.size, np.int64)
    for u in range(wanted.size):
        counts[u] = int(0.5 * wanted[u] + uniform(stream(k, u), 1))
    return counts


@njit()
def _weights(wanted, mean):
    weight = np.empty(wanted.size, np.int32)
    for u in range(wanted.size):
        weight[u] = max(1, int(_GRAIN * wanted[u] / mean + 0.5))
    return weight


@njit()
def _main_topics(interests, topics):
    found = np.empty(len(interests), np.int64)
    for u in range(len(interests)):
        found[u] = main_topic(interests[u], topics)
    return found


@njit()
def _gather(group, groups, weight):
    """Start, member and mass of the users of each of ``groups``; ``group`` [U] of each."""
    start = np.zeros(groups + 1, np.int64)
    for u in range(group.size):
        start[group[u] + 1] += 1
    for g in range(groups):
        start[g + 1] += start[g]
    fill = start[:-1].copy()
    member = np.empty(group.size, np.int32)
    for u in range(group.size):
        member[fill[group[u]]] = u
        fill[group[u]] += 1
    return start, member, _running(start, member, weight)


@njit()
def _followers(follows_start, followed, creators, weight):
    """Start, member and mass of the followers of each of the first ``creators``."""
    start = np.zeros(creators + 1, np.int64)
    for c in followed:
        start[c + 1] += 1
    for c in range(creators):
        start[c + 1] += start[c]
    fill = start[:-1].copy()
    member = np.empty(followed.size, np.int32)
    for u in range(follows_start.size - 1):
        for i in range(follows_start[u], follows_start[u + 1]):
            c = followed[i]
            member[fill[c]] = u
            fill[c] += 1
    return start, member, _running(start, member, weight)


@njit()
def _running(start, member, weight):
    mass = np.empty(member.size, np.int32)
    for g in range(start.size - 1):
        total = 0
        for i in range(start[g], start[g + 1]):
            total += weight[member[i]]
            mass[i] = total
    return mass


@njit()
def _partner(pool, group, s, n):
    """A member of a ``group`` that is not empty, in proportion to weight: draw ``n`` of ``s``."""
    low = pool.start[group]
    high = pool.start[group + 1] - 1
    target = below(s, n, np.int64(pool.mass[high]))
    while low < high:
        middle = (low + high) // 2
        if pool.mass[middle] > target:
            high = middle
        else:
            low = middle + 1
    return pool.member[low]


@njit()
def _candidate(s, u, home, pools):
    """Whom user ``u`` puts forward with the stream ``s``; may be ``u``, or one already known."""
    kind = uniform(s, 0)
    if kind < _INTEREST:
        return _partner(pools.interest, home.interest[u], s, 1)
    follows = home.follows_start[u + 1] - home.follows_start[u]
    if kind < _INTEREST + _CO_FOLLOWER and follows > 0:
        c = home.followed[home.follows_start[u] + below(s, 2, follows)]
        return _partner(pools.follower, c, s, 1)
    return _partner(pools.locale, home.locale[u], s, 1)


@njit()
def _known(ties, u, v):
    """Whether ``u`` and ``v`` are tied, as far as ``u`` can know within a turn."""
    for i in range(ties.start[u], ties.start[u] + ties.have[u]):
        if ties.partner[i] == v:
            return True
    known = False
    # what v draws in this turn is none of u's business, or the order of users would matter
    for i in range(ties.start[v], ties.start[v] + ties.settled[v]):
        known = known or ties.partner[i] == u
    return known


@njit()
def _draw_turn(k, turn, first, last, ties, home, pools):
    """Users ``first`` to before ``last`` put forward as many as are missing, if they find them."""
    for u in range(first, last):
        missing = ties.start[u + 1] - ties.start[u] - ties.have[u]
        attempts = 3 * missing + 8 if missing > 0 else 0
        for attempt in range(attempts):
            s = stream3(k, u, turn, attempt)
            if turn < _TURNS:
                v = _candidate(s, u, home, pools)
            else:
                v = _partner(pools.everybody, 0, s, 1)
            if v == u or _known(ties, u, v):
                continue
            ties.partner[ties.start[u] + ties.have[u]] = v
            ties.have[u] += 1
            missing -= 1
            if missing == 0:
                break


@njit()
def _settle(ties):
    """End a turn: a tie that both put forward counts for the smaller id. Returns ties missing.

    A row loses partners with smaller ids only and is asked about larger ones only, so rows can
    be taken in any order.
    """
    left = np.int64(0)
    for u in range(ties.have.size):
        first = ties.start[u]
        kept = first + ties.settled[u]
        for i in range(kept, first + ties.have[u]):
            v = ties.partner[i]
            twice = False
            if v < u:
                for j in range(ties.start[v] + ties.settled[v], ties.start[v] + ties.have[v]):
                    twice = twice or ties.partner[j] == u
            if not twice:
                ties.partner[kept] = v
                kept += 1
        ties.have[u] = kept - first
        left += ties.start[u + 1] - kept
    for u in range(ties.have.size):
        ties.settled[u] = ties.have[u]
    return left


@njit()
def _both_ways(ties):
    """Rows of both ends: (start [U + 1], contact [E]), each row increasing."""
    users = ties.have.size
    start = np.zeros(users + 1, np.int64)
    for u in range(users):
        start[u + 1] += ties.have[u]
        for i in range(ties.start[u], ties.start[u] + ties.have[u]):
            start[ties.partner[i] + 1] += 1
    for u in range(users):
        start[u + 1] += start[u]
    fill = start[:-1].copy()
    mixed = np.empty(start[users], np.int32)
    for u in range(users):
        for i in range(ties.start[u], ties.start[u] + ties.have[u]):
            v = ties.partner[i]
            mixed[fill[u]] = v
            fill[u] += 1
            mixed[fill[v]] = u
            fill[v] += 1
    # the table is symmetric: written once more by columns, its rows come out sorted
    fill = start[:-1].copy()
    contact = np.empty(start[users], np.int32)
    for u in range(users):
        for i in range(start[u], start[u + 1]):
            v = mixed[i]
            contact[fill[v]] = u
            fill[v] += 1
    return start, contact


def draw_contacts(
    k: np.uint64, mean: float, locale: NDArray[np.int8], interests: NDArray[np.int8],
    topics: int, follows: FollowGraph, creators: int,
) -> ContactGraph:  # fmt: skip
    """Contacts of all users: ``mean`` on average, log-normal, mostly people who are alike.

    ``locale`` [U], ``interests`` [U, D] with the first ``topics`` in use, and ``follows`` before
    the start. Only creators with an id below ``creators`` make co-followers: an account that a
    probe plants comes after them, and its followers must not change who knows whom.

    With ``mean`` of at least U - 1 everybody knows everybody.
    """
    users = len(locale)
    if mean <= 0.0:
        return _graph(np.zeros(users + 1, np.int64), np.empty(0, np.int32))
    if mean >= users - 1:
        return _everybody_knows_everybody(users)
    wanted = _wanted(k, users, mean)
    home, pools = _places(_weights(wanted, mean), locale, interests, topics, follows, creators)
    start = np.concatenate([[0], np.cumsum(_halves(k, wanted))])
    ties = _Ties(
        start, np.empty(start[-1], np.int32), np.zeros(users, np.int64), np.zeros(users, np.int64)
    )
    for turn in range(_TURNS + _LAST_TURNS):
        _draw_turn(k, turn, 0, users, ties, home, pools)
        if _settle(ties) == 0:
            break
    return _graph(*_both_ways(ties))


def _places(
    weight: NDArray[np.int32], locale: NDArray[np.int8], interests: NDArray[np.int8],
    topics: int, follows: FollowGraph, creators: int,
) -> tuple[_Home, _Pools]:  # fmt: skip
    """Where everybody looks for partners, and who is found there."""
    ordinary = follows.creator < creators
    before = np.concatenate([[0], np.cumsum(ordinary)])
    start, followed = before[follows.start], follows.creator[ordinary]
    place = locale.astype(np.int64)
    places = int(place.max()) + 1
    home = _Home(place * topics + _main_topics(interests, topics), place, start, followed)
    return home, _Pools(
        interest=_Pool(*_gather(home.interest, places * topics, weight)),
        locale=_Pool(*_gather(home.locale, places, weight)),
        follower=_Pool(*_followers(start, followed, creators, weight)),
        everybody=_Pool(*_gather(np.zeros_like(place), 1, weight)),
    )


def _graph(start: NDArray[np.int64], contact: NDArray[np.int32]) -> ContactGraph:
    return ContactGraph.of({"start": start, "contact": contact})


def _everybody_knows_everybody(users: int) -> ContactGraph:
    others = np.tile(np.arange(users, dtype=np.int32), (users, 1))
    return _graph(np.arange(users + 1) * max(users - 1, 0), others[~np.eye(users, dtype=bool)])
