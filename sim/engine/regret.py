"""Regret: what the ranked places of a slate are worth, beside the best that could stand there.

A small share of the requests of For You is shown to an oracle (``sim.engine.foresee``), which says
what each candidate is worth to this person under the weights of the value model. Of the ranked
places are counted: what they are worth, what the best of the candidates would be worth in as many
places, and what candidates drawn by chance would. Feeds are compared by the share of the way from
chance to the oracle that they go. Nobody sees anything else for it.
"""

from __future__ import annotations

from math import floor
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.core.random import uniform
from sim.core.room import PEOPLE
from sim.core.sources import source_code
from sim.core.stages import AGES_S, STAGES
from sim.engine.foresee import POINTS, Oracle, foresee, set_pair
from sim.engine.platform import Platform
from sim.engine.window import REGRET_COLUMNS
from sim.feed.cold_start import WAITING, WORTH_ONE
from sim.feed.component import Candidates
from sim.feed.control import CONTROL
from sim.feed.pipeline import Slates
from sim.feed.view import Requests
from sim.machine.borrow import at, stay_apart
from sim.machine.compiled import njit

__all__ = ["BEST", "PLACES", "RANDOM", "SHOWN", "Regret", "compare", "is_shown"]

PLACES, SHOWN, BEST, RANDOM = range(REGRET_COLUMNS)
"""Columns of what is counted: places, and what they are worth, in units of 1 / WORTH_ONE. There is
a row for each stage of people, then one for each age of videos."""
_DRAW: Final = 6_000_000
"""Draw number of a request that says whether an oracle is asked; all others are below."""
_FRESH: Final = source_code("fresh")
_NOT: Final = -(2**62)
_STAGES = np.array(STAGES, np.int64)
_AGES = np.array(AGES_S, np.float64)


@njit(forceinline=True)
def is_shown(r: Any, share: Any) -> Any:
    """Whether the request of stream ``r`` is shown to the oracle."""
    return uniform(r, _DRAW) < share


@njit(forceinline=True)
def _row_of(limits: Any, value: Any) -> Any:
    """The last row whose limit is not above ``value``."""
    row = 0
    for i in range(1, limits.size):
        row += 1 if value >= limits[i] else 0
    return row


@njit(forceinline=True)
def _worth(sums: Any, k: Any, weights: Any) -> Any:
    """Worth of what is expected in place ``k``, in units of 1 / WORTH_ONE."""
    worth = 0.0
    for w in range(weights.size):
        worth += weights[w] * (sums[w, k] / float(POINTS))
    return np.int64(np.floor(worth * WORTH_ONE + 0.5))


@njit(forceinline=True)
def _follows(frame: Any, user: Any, creator: Any) -> Any:
    row = frame.graph.creator if user.follow_size == 0 else frame.arena.data
    found = np.int64(0)
    for place in range(user.follow_start, user.follow_start + user.follow_count):
        found |= np.int64(1) if at(row, place) == creator else np.int64(0)
    return found


@njit()
def compare(frame: Any, j: Any, length: Any, gone: Any) -> None:
    """Count the slate of request ``j``, which the user's row holds; the kernel's way.

    Candidates whose sum is ``gone`` were removed by filters.
    """
    stay_apart()
    request = frame.asked[j]
    u, n = np.uint64(request.user), request.candidates
    user, ids, codes, worths = frame.users[u], frame.ids[j], frame.codes[j], frame.worths
    room, sums = frame.oracle, frame.expected
    total, count, asked = 0, 0, 0
    for i in range(n):
        card = frame.cards[ids[i]]
        waits = (codes[i] == _FRESH) & (card.state == WAITING)
        worths[i] = _NOT
        if frame.scores_of.sum[i] != gone and not waits:
            same = 1 if user.locale == card.locale else 0
            followed = _follows(frame, user, card.creator)
            set_pair(
                frame, room, asked, np.int64(request.user), np.int64(ids[i]), same, followed,
                request.time_s,
            )  # fmt: skip
            frame.who[asked] = i
            asked += 1
        if asked == PEOPLE or (i == n - 1 and asked > 0):
            foresee(frame, room, asked, sums)
            for k in range(asked):
                worth = _worth(sums, k, frame.judged)
                worths[frame.who[k]] = worth
                total += worth
            count += asked
            asked = 0
    if count == 0:
        return
    best = np.sort(worths[:n])
    places, shown = 0, 0
    for place in range(length):
        slot = frame.slates[u, place]
        for i in range(n if slot.source != CONTROL else 0):
            if ids[i] == slot.video and worths[i] != _NOT:
                shown += worths[i]
                places += 1
    most = 0
    for i in range(places):
        most += best[n - 1 - i]
    before = np.int64(frame.tally.users[u, 0])
    row = frame.tally.regret[_row_of(_STAGES, before)]
    row[PLACES] += places
    row[SHOWN] += shown
    row[BEST] += most
    row[RANDOM] += total * places // count
    for place in range(length):
        slot = frame.slates[u, place]
        for i in range(n if slot.source != CONTROL else 0):
            if ids[i] == slot.video and worths[i] != _NOT:
                age_s = request.time_s - frame.cards[ids[i]].uploaded_s
                row = frame.tally.regret[_STAGES.size + _row_of(_AGES, age_s)]
                row[PLACES] += 1
                row[SHOWN] += worths[i]
                row[BEST] += most // places
                row[RANDOM] += total // count


class Regret:
    """The same of slates that a pipeline in Python made."""

    def __init__(self, platform: Platform, share: float) -> None:
        self._platform = platform
        self._share = share
        self._oracle = Oracle(platform)

    def note(
        self, requests: Requests, left: Candidates, slates: Slates, before: NDArray[np.int64]
    ) -> None:
        """Count the slates that are shown to the oracle.

        ``left`` are the candidates that no filter removed, and ``before`` [B] says how many videos
        the users had seen.
        """
        for b, stream in enumerate(requests.stream):
            if is_shown(stream, self._share):
                worths = self._worths(int(requests.user[b]), left, b, float(requests.time_s[b]))
                age_s = requests.time_s[b] - self._platform.world.videos.uploaded_s
                self._count(worths, _ranked(slates, b), age_s, int(before[b]))

    def _worths(self, user: int, left: Candidates, b: int, time_s: float) -> dict[int, int]:
        """What each candidate is worth to the user, without those that wait for their audience."""
        state = self._platform.view.cold.state
        present = left.present[b]
        videos, sources = left.video[b, present], left.source[b, present]
        videos = videos[(sources != _FRESH) | (state[videos] != WAITING)]
        weights = self._platform.weights.tolist()
        expected = self._oracle.expect(user, videos, time_s).tolist()
        found = {}
        for video, row in zip(videos.tolist(), expected, strict=True):
            worth = 0.0
            for weight, x in zip(weights, row, strict=True):
                worth += weight * x
            found[video] = floor(worth * WORTH_ONE + 0.5)
        return found

    def _count(
        self, worths: dict[int, int], slate: list[int], age_s: NDArray[np.float64], before: int
    ) -> None:
        """Add one slate to the counters of the window."""
        shown = [video for video in slate if video in worths]
        if not worths:
            return
        best = sum(sorted(worths.values(), reverse=True)[: len(shown)])
        total = sum(worths.values())
        table = self._platform.window.regret
        stage = max(i for i, first in enumerate(STAGES) if first <= before)
        table[stage] += (
            len(shown), sum(worths[v] for v in shown), best, total * len(shown) // len(worths)
        )  # fmt: skip
        for video in shown:
            age = max(i for i, first in enumerate(AGES_S) if i == 0 or first <= age_s[video])
            table[len(STAGES) + age] += (
                1, worths[video], best // len(shown), total // len(worths)
            )  # fmt: skip


def _ranked(slates: Slates, b: int) -> list[int]:
    """The videos of a slate that chance did not put there."""
    videos, sources = slates.video[b], slates.source[b]
    return videos[(videos >= 0) & (sources != CONTROL)].tolist()  # type: ignore[no-any-return]
