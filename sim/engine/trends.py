"""Trends: the platform looks every hour at what is used and seen, and lists what rises.

For each sound and each hashtag

    momentum  <- momentum * 2^(-hour / memory) + new uses + new views / views_a_use
    draw      =  momentum * pull * 2^(-age / life)

and the list has the MOST with the highest draw, the largest rise of it since the last look, or the
largest rise of that rise (``catalogue.trends.detector``). Creators take up what stands there in
proportion to its draw. Of hashtags those of challenges are listed: those of a topic are always in
use (S8). A new challenge counts as if it had been used BEGINS times more, or nobody would ever join
it first. Nothing else is scripted.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sim.core.counts import VIEWS
from sim.core.maths import exp
from sim.feed.grouping import top_of
from sim.machine.compiled import njit
from sim.machine.keep import Kept
from sim.scenario.trends import TrendsConfig
from sim.world.state import HashtagListing, SoundListing, VideoListing

__all__ = ["MOST", "TREND_INTERVAL_S", "Trends"]

TREND_INTERVAL_S: Final = 3_600.0
"""How often the lists are made anew (trends rise within hours; assumption)."""
MOST: Final = 30
"""Length of a list (assumption)."""
BEGINS: Final = 2.0
"""Uses that a new challenge is worth to those who look for one; fades with its age (assumption)."""
_LN2 = 0.6931471805599453


class Trends(Kept):
    """What was looked at, and what stood on the lists, hour by hour."""

    KEPT = ("_last_s",)
    ROWS = ("_seen",)

    def __init__(
        self, config: TrendsConfig, sounds: SoundListing, hashtags: HashtagListing, rows: int
    ) -> None:
        self._config = config
        self._sounds, self._hashtags = sounds, hashtags
        self._seen = np.zeros(rows, np.int64)  # views of each video at the last look
        self._last_s = 0.0
        self._rows: list[NDArray[np.float64]] = []

    def begin(self, videos: VideoListing) -> None:
        """Momentum of what was posted before the start, as if somebody had looked all the time."""
        _begin(
            _LN2 / float(self._config.memory), videos.count, videos.uploaded_s, videos.sound,
            videos.tags, self._sounds.momentum, self._hashtags.momentum,
        )  # fmt: skip
        for table in (self._sounds, self._hashtags):
            table.seen_uses[: table.count] = table.uses[: table.count]

    def grow(self, rows: int) -> None:
        """Room for more videos."""
        if len(self._seen) < rows:
            self._seen = np.concatenate([self._seen, np.zeros(rows - len(self._seen), np.int64)])

    def look(self, now: float, videos: VideoListing, counts: NDArray[np.int64]) -> None:
        """Bring momentum and lists up to date at the time ``now``, s."""
        c, hours = self._config, (now - self._last_s) / 3_600.0
        keep = exp(-_LN2 * (now - self._last_s) / float(c.memory))
        self._last_s = now
        sounds, tags = self._sounds, self._hashtags
        sounds.life_s[: sounds.count] = float(c.sound_life)
        plays_s = np.zeros(sounds.count, np.int64)
        plays_h = np.zeros(tags.count, np.int64)
        _new_views(videos.count, counts, self._seen, videos.sound, videos.tags, plays_s, plays_h)
        both: tuple[tuple[Any, NDArray[np.int64]], ...] = ((sounds, plays_s), (tags, plays_h))
        for kind, (table, plays) in enumerate(both):
            begins = BEGINS if kind else 0.0
            draw, rise, faster, new = _follow(
                now, keep, float(c.views_a_use), begins, plays, table.count, table.uses,
                table.seen_uses, table.momentum, table.rise, table.pull, table.born_s, table.life_s,
                table.peak, table.peak_s,
            )  # fmt: skip
            if isinstance(table, HashtagListing):
                draw[table.challenge[: table.count] == 0] = 0.0
            order = {"level": draw, "difference": rise, "acceleration": faster}[c.detector]
            listed = np.flatnonzero((order > 0.0) & (draw > 0.0)).astype(np.int32)
            table.trending = np.asarray(top_of(order, listed, MOST))
            table.draws = np.cumsum(draw[table.trending].astype(np.float64))
            _note(table, now)
            self._record(now, kind, table, plays, new, hours)

    def _record(
        self, now: float, kind: int, table: Any, plays: NDArray[np.int64], new: NDArray[np.int64],
        hours: float,
    ) -> None:  # fmt: skip
        """Write down what stands on a list."""
        top = table.trending
        if len(top) and hours > 0.0:
            self._rows.append(
                np.column_stack([
                    np.full(len(top), now), np.full(len(top), kind), top,
                    np.arange(1, len(top) + 1),
                    new[top], plays[top], table.momentum[top],
                ]).astype(np.float64)
            )  # fmt: skip

    def put_down(self) -> Any:
        """All of it."""
        yield from super().put_down()
        yield "rows", self._all_rows()

    def take_up(self, kept: Any) -> None:
        """Become what was put down."""
        super().take_up(kept)
        self._rows = [kept["rows"]] if len(kept["rows"]) else []

    def _all_rows(self) -> NDArray[np.float64]:
        return np.concatenate([np.zeros((0, 7)), *self._rows])

    def columns(self) -> dict[str, Any]:
        """Columns of the table of trends."""
        rows = self._all_rows()
        return {
            "time_s": rows[:, 0],
            "kind": np.array(["sound", "hashtag"], object)[rows[:, 1].astype(np.int64)],
            "number": rows[:, 2].astype(np.int64), "rank": rows[:, 3].astype(np.int64),
            "uses": rows[:, 4].astype(np.int64), "views": rows[:, 5].astype(np.int64),
            "momentum": rows[:, 6],
        }  # fmt: skip


def _note(table: Any, now: float) -> None:
    """Remember since when and how long things stand on the list."""
    top = table.trending
    first = top[np.isnan(table.trended_s[top])]
    table.trended_s[first] = now
    table.until_s[top] = now
    table.looks[top] += 1


@njit()
def _begin(rate, count, uploaded_s, sound, tags, of_sounds, of_tags):
    for v in range(count):
        left = np.float32(exp(rate * uploaded_s[v]))
        of_sounds[sound[v]] += left
        for i in range(tags.shape[1]):
            if tags[v, i] >= 0:
                of_tags[tags[v, i]] += left


@njit()
def _new_views(count, counts, seen, sound, tags, of_sounds, of_tags):
    for v in range(count):
        new = counts[v, VIEWS] - seen[v]
        seen[v] = counts[v, VIEWS]
        if new == 0:
            continue
        of_sounds[sound[v]] += new
        for i in range(tags.shape[1]):
            if tags[v, i] >= 0:
                of_tags[tags[v, i]] += new


@njit()
def _follow(
    now, keep, views_a_use, begins, plays, count, uses, seen, momentum, rises, pull, born_s, life_s,
    peak, peak_s,
):  # fmt: skip
    """(draw, its rise, the rise of that [N] float32, new uses [N]) of all that is born."""
    draw, rise = np.zeros(count, np.float32), np.zeros(count, np.float32)
    faster, new_uses = np.zeros(count, np.float32), np.zeros(count, np.int64)
    for i in range(count):
        if born_s[i] > now:
            continue
        new = uses[i] - seen[i]
        seen[i] = uses[i]
        new_uses[i] = new
        before = momentum[i]
        momentum[i] = np.float32(keep * before + float(new) + float(plays[i]) / views_a_use)
        if new > peak[i]:
            peak[i], peak_s[i] = new, now
        rise[i] = momentum[i] - before
        faster[i] = rise[i] - rises[i]
        rises[i] = rise[i]
        young = 1.0 if np.isinf(life_s[i]) else exp(-_LN2 * (now - born_s[i]) / life_s[i])
        extra = begins if life_s[i] < np.inf else 0.0
        draw[i] = np.float32((float(momentum[i]) + extra) * pull[i] * young)
    return draw, rise, faster, new_uses
