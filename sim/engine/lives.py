"""Lives: creators look back at their posts, and post more, less, something else, or no more.

A creator sees the views of a post when it is ``after`` old, and nothing of what others get. With

    x = ln(1 + views) - usual,      usual <- usual + x / memory

the rate of posting follows a drive that fades with every post, and each post may be the last for a
while, or for good. Whoever has no post yet hopes for ``hope`` views; for those who posted before
the start the first post that they look back at is as usual. With a drive of 0 at first,

    ln posts a week = as at the start + drive,      drive <- keep * drive + gain * tanh(x)
    P(pause) = pause * exp(-failure * x),           P(quit) = quit * exp(-failure * x), at most 1

A pause and the time away of those who come back are exponential; at the start so many are on a
pause as there are in the long run. A post about another topic that did better by ``shift`` makes
that topic what the creator posts about. All of ``creators.react``; assumptions. Accounts of probes
do as the scenario says.

Draws are keyed by the creator and by how many posts they have looked back at, so that the n-th
look back has the same luck whatever the ranker showed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.core.counts import VIEWS
from sim.core.maths import exp, log
from sim.core.random import exponential, stream2, uniform
from sim.machine.compiled import njit
from sim.machine.keep import Kept
from sim.scenario.creators import ReactConfig
from sim.world.draw import main_topic
from sim.world.state import NOBODY, Creators, World

__all__ = ["AWAY", "DID", "PAUSED", "QUIT", "SHIFTED", "Lives"]

PAUSED: Final = 0
AWAY: Final = 1
QUIT: Final = 2
SHIFTED: Final = 3
DID: Final = ("paused", "went away", "quit", "shifted")
"""What a creator may do on looking back, by its code."""
_WEEK_S = 7 * 86_400.0
_PAUSE, _QUIT, _BACK, _LENGTH = 0, 1, 2, 3
"""Draws of the stream of a look back."""


class Lives(Kept):
    """How it has gone for every creator, and what they did about it."""

    KEPT = ("_next",)
    ROWS = ("usual", "drive", "looked", "_rate")

    def __init__(self, config: ReactConfig, key: np.uint64, world: World) -> None:
        self._config, self._key = config, key
        rows = len(world.creators.user) if config.enabled else 0
        hope = float(log(1.0 + float(config.hope)))
        self.usual = np.where(world.creators.post_number[:rows] > 0, np.nan, hope)
        """[C] ln of 1 + the views that each creator is used to; NaN when nobody has looked yet"""
        self.drive = np.zeros(rows)
        """[C] ln of posts a week over those at the start"""
        self.looked = np.zeros(rows, np.int32)
        """[C] posts that they have looked back at"""
        self._rate = world.creators.posts_per_week[:rows].copy()
        # what was posted before the start is not looked back at
        self._next = world.videos.count
        self._rows: list[NDArray[np.float64]] = []

    def begin(self, creators: Creators) -> None:
        """Put those on a pause who are on one at the start, when all have a time to post."""
        c = self._config
        _begin(
            self._key, float(c.pause), float(c.pause_length), creators.probe, self._rate,
            creators.next_post_s,
        )  # fmt: skip

    def look_back(self, now: float, world: World, counts: NDArray[np.int64]) -> None:
        """Let creators look back at their posts that have come of age."""
        if not len(self.usual):
            return
        videos, creators, c = world.videos, world.creators, self._config
        first = self._next
        # ids follow upload times
        due = np.searchsorted(videos.uploaded_s[: videos.count], now - float(c.after), "right")
        self._next = max(first, int(due))
        if self._next == first:
            return
        rows = _look_back(
            self._key, now, first, self._next, float(c.memory), float(c.drive), float(c.keep),
            float(c.pause), float(c.pause_length), float(c.quit), float(c.failure),
            float(c.come_back), float(c.away), float(c.shift), world.topics, videos.creator,
            counts, world.video_truth.main_topic, creators.probe, creators.niche,
            self._rate, creators.posts_per_week, creators.next_post_s, self.usual, self.drive,
            self.looked,
        )  # fmt: skip
        if len(rows):
            self._rows.append(rows)

    def columns(self) -> dict[str, Any]:
        """Columns of the table of what creators did."""
        rows = self._all_rows()
        return {
            "time_s": rows[:, 0],
            "creator": rows[:, 1].astype(np.int32),
            "video": rows[:, 2].astype(np.int32),
            "views": rows[:, 3].astype(np.int64),
            "usual_views": np.array([float(exp(x)) - 1.0 for x in rows[:, 4]]),
            "did": np.array(DID, object)[rows[:, 5].astype(np.int64)],
            "until_s": [None if np.isinf(t) or np.isnan(t) else t for t in rows[:, 6].tolist()],
        }

    def put_down(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """All of it."""
        yield from super().put_down()
        yield "rows", self._all_rows()

    def take_up(self, kept: Any) -> None:
        """Become what was put down."""
        super().take_up(kept)
        self._rows = [kept["rows"]] if len(kept["rows"]) else []

    def _all_rows(self) -> NDArray[np.float64]:
        """[R, 7] time, creator, video, views, usual, what they did, until when."""
        return np.concatenate([np.zeros((0, 7)), *self._rows])


@njit()
def _begin(k, pause, pause_s, probe, posts_per_week, next_post_s):
    """Pauses that began before the start; what is left of one is exponential again."""
    for c in range(posts_per_week.size):
        if probe[c] == NOBODY and next_post_s[c] < np.inf:
            s, often = stream2(k, c, -1), pause * posts_per_week[c] / _WEEK_S * pause_s
            if uniform(s, _PAUSE) < often / (1.0 + often):
                next_post_s[c] += pause_s * exponential(s, _LENGTH)


@njit()
def _note(rows, n, now, creator, video, views, usual, did, until):
    """Write a row, and return the number of the next one."""
    row = rows[n]
    row[0], row[1], row[2], row[3] = now, creator, video, views
    row[4], row[5], row[6] = usual, did, until
    return n + 1


@njit()
def _look_back(
    k, now, first, last, memory, gain, keep, pause, pause_s, quits, failure, come_back, away_s,
    shift, topics, creator, counts, main_topics, probe, niche, rate, posts_per_week, next_post_s,
    usual, drive, looked,
):  # fmt: skip
    """Rows [R, 7] of what those did whose videos ``first`` to ``last`` have come of age."""
    found = np.empty((2 * (last - first), 7))
    n = 0
    for v in range(first, last):
        c = creator[v]
        if probe[c] != NOBODY or next_post_s[c] == np.inf:
            continue
        s = stream2(k, c, looked[c])
        looked[c] += 1
        views = counts[v, VIEWS]
        if np.isnan(usual[c]):
            usual[c] = log(1.0 + views)
        before = usual[c]
        x = log(1.0 + views) - before
        usual[c] += x / memory
        # tanh, by the portable exponential
        e = exp(-2.0 * abs(x))
        well = (1.0 - e) / (1.0 + e)
        drive[c] = keep * drive[c] + (gain * well if x > 0.0 else -gain * well)
        posts_per_week[c] = rate[c] * exp(drive[c])
        own = main_topic(niche[c], topics)
        other = main_topics[v]
        if x >= shift and other != own:
            niche[c, own], niche[c, other] = niche[c, other], niche[c, own]
            n = _note(found, n, now, c, v, views, before, SHIFTED, np.nan)
        worse = exp(min(-failure * x, 50.0))
        until, did = np.nan, -1
        if uniform(s, _QUIT) < quits * worse:
            until, did = np.inf, QUIT
            if uniform(s, _BACK) < come_back:
                until, did = now + away_s * exponential(s, _LENGTH), AWAY
        elif uniform(s, _PAUSE) < pause * worse:
            until, did = now + pause_s * exponential(s, _LENGTH), PAUSED
        if did >= 0:
            next_post_s[c] = max(next_post_s[c], until)
            n = _note(found, n, now, c, v, views, before, did, until)
    return found[:n]
