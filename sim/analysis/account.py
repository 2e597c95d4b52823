"""Accounts as the platform shows them to who owns them: their own numbers, and nothing else.

What is known day by day, hour by hour and second by second comes from the log of events
(``record.events: true``); without one there are totals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from sim.analysis.engagement import engagement_by_followers, engagement_by_views
from sim.analysis.tables import Tables
from sim.core.counts import PARTS
from sim.core.errors import ForyouError
from sim.record.columns import SOURCE_NAMES, SURFACE_NAMES

__all__ = [
    "MEAN_RATE", "SECONDS", "TIER_RATES", "Account", "Log", "account_of", "creators_of", "in_words",
]  # fmt: skip

MEAN_RATE: Final = 3.30
"""Engagement by views, percent: the mean of all accounts (E1)."""
TIER_RATES: Final = (
    (1_000_000, "above 1M", 1.97), (100_000, "100K-1M", 2.05), (20_000, "20-100K", 2.15),
    (5_000, "5-20K", 2.43), (1_000, "1-5K", 5.60),
)  # fmt: skip
"""(fewest followers, name, engagement by views in percent) of sizes of accounts (E1)."""
SECONDS: Final = (0, 1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 60)
"""Seconds of a video at which the share of people who still watch is told."""
_USUAL: Final = (0.8, 1.25)
"""A rate within these multiples of what is known of its size is usual (assumption)."""
_LAST: Final = (5, 10)
"""Numbers of last posts whose engagement is told."""
_DAY_S: Final = 86_400.0


@dataclass(frozen=True)
class Log:
    """What is known of an account with a log of events."""

    days: pl.DataFrame
    """day (from 0), views, likes, comments, shares, follows, unfollows, followers at its end"""
    hours: pl.DataFrame
    """hour of the day by the clock of the first locale, views; 24 rows"""
    sources: dict[str, float]
    """share of views by source, largest first"""
    retention: pl.DataFrame
    """second, watching (share of impressions of videos so long that are still watched), of"""
    qualified_views: int
    """views that a rewards programme pays for"""


@dataclass(frozen=True)
class Account:
    """One account, or several of a probe together."""

    name: str
    creators: tuple[int, ...]
    videos: pl.DataFrame
    """its posts, newest last"""
    followers_start: int
    followers: int
    surfaces: dict[str, float]
    """share of views by surface, largest first"""
    by_views: float | None
    """engagement by views over all its posts, percent"""
    by_followers: float | None
    """engagement by followers over the posts of the run, percent"""
    last: tuple[tuple[int, float | None], ...]
    """(n, engagement by views of the last n posts with views, percent)"""
    log: Log | None

    @property
    def views(self) -> int:
        """Views of all its posts."""
        return int(self.videos["views"].sum())


def creators_of(tables: Tables, creator: int | None, probe: str | None) -> tuple[str, list[int]]:
    """(name, creators) of an account by its number, or of all accounts of a probe.

    Raises ForyouError when there is none.
    """
    if probe is not None:
        found = tables.creators.filter(pl.col("probe").cast(pl.String) == probe)["creator"]
        if found.is_empty():
            probes = tables.creators["probe"].cast(pl.String).unique().sort()
            names = ", ".join(name for name in probes if name) or "none"
            raise ForyouError(f"--probe {probe}: the run has no such probe; it has {names}")
        return f"probe {probe}", found.to_list()
    if creator is None or not 0 <= creator < tables.creators.height:
        raise ForyouError(
            f"--creator {creator}: creators of this run have numbers from 0 to "
            f"{tables.creators.height - 1:,}"
        )
    return f"creator {creator}", [creator]


def account_of(
    tables: Tables, name: str, creators: Sequence[int], events: Path | None = None
) -> Account:
    """The account of some creators together; ``events`` is the log of events, if there is one."""
    videos = tables.videos.filter(pl.col("creator").is_in(list(creators))).sort("uploaded_s")
    theirs = tables.creators.filter(pl.col("creator").is_in(list(creators)))
    followers = int(theirs["followers_end"].sum())
    posted = videos.filter(pl.col("uploaded_s") >= 0.0)
    likes, comments, shares, views = _sums(videos)
    seen = videos.filter(pl.col("views") > 0)
    last = tuple(
        (n, engagement_by_views(*_sums(seen.tail(n)))) for n in (5, 10) if seen.height >= n
    )
    return Account(
        name=name,
        creators=tuple(creators),
        videos=videos,
        followers_start=int(theirs["followers_start"].sum()),
        followers=followers,
        surfaces=_shares({
            part: int(videos[f"views_{part}"].sum()) for part in PARTS if part != "followers"
        }),
        by_views=engagement_by_views(likes, comments, shares, views),
        by_followers=engagement_by_followers(
            int(posted["likes"].sum()), int(posted["comments"].sum()), posted.height, followers,
        ),
        last=last,
        log=None if events is None else _log_of(tables, videos, events, followers),
    )  # fmt: skip


def in_words(by_views: float | None, followers: int) -> str:
    """What a rate means for an account of this size, beside what is known of such (E1)."""
    if by_views is None:
        return "nobody has seen it yet"
    known = next(((name, rate) for low, name, rate in TIER_RATES if followers >= low), None)
    if known is None:
        return f"nothing is known of accounts so small; the mean of all is {MEAN_RATE:.2f} %"
    name, rate = known
    low, high = _USUAL
    times = by_views / rate
    word = "low" if times < low else "good" if times > high else "usual"
    return f"{word} for an account of this size ({rate:.2f} % among {name} followers)"


def _sums(videos: pl.DataFrame) -> tuple[float, float, float, float]:
    return videos.select("likes", "comments", "shares", "views").sum().row(0)


def _shares(counts: dict[str, int]) -> dict[str, float]:
    """Shares of what there is, the largest first."""
    whole = sum(counts.values())
    ranked = sorted(((n, name) for name, n in counts.items() if n), key=lambda p: (-p[0], p[1]))
    return {name: n / whole for n, name in ranked}


def _log_of(tables: Tables, videos: pl.DataFrame, events: Path, followers: int) -> Log:
    own = videos.select("video", "duration_s")
    rows = (
        pl.scan_parquet(events)
        .filter(pl.col("video").is_in(own["video"].to_list()))
        .select(
            "time_s", "user", "video", "surface", "source", "watch_s", "views", "like", "comment",
            "share", "follow", "unfollow",
        )
        .collect()
        .join(own, on="video", how="left", maintain_order="left")
    )  # fmt: skip
    days = _days(rows, tables.duration_s, followers)
    offset = float(tables.locales[0].utc_offset_s)
    hour = ((pl.col("time_s") + offset) % _DAY_S / 3_600.0).floor().cast(pl.Int64)
    by_hour = rows.group_by(hour=hour).agg(pl.col("views").cast(pl.Int64).sum())
    hours = pl.DataFrame({"hour": range(24)}).join(by_hour, on="hour", how="left")
    found = rows.group_by("source").agg(pl.col("views").cast(pl.Int64).sum())
    sources = {SOURCE_NAMES[code]: int(views) for code, views in found.iter_rows()}
    return Log(
        days=days,
        hours=hours.with_columns(pl.col("views").fill_null(0)),
        sources=_shares(sources),
        retention=_retention(rows),
        qualified_views=_qualified(rows),
    )


def _days(rows: pl.DataFrame, duration_s: float, followers: int) -> pl.DataFrame:
    """Sums of each day; followers are counted back from the end."""
    last = max(0, int(-(-duration_s // _DAY_S)) - 1)
    names = {"views": "views", "likes": "like", "comments": "comment", "shares": "share",
             "follows": "follow", "unfollows": "unfollow"}  # fmt: skip
    sums = rows.group_by(day=(pl.col("time_s") // _DAY_S).cast(pl.Int64)).agg(
        pl.col(column).cast(pl.Int64).sum().alias(name) for name, column in names.items()
    )
    days = pl.DataFrame({"day": range(last + 1)}).join(sums, on="day", how="left")
    days = days.with_columns(pl.col(*names).fill_null(0)).sort("day")
    came = pl.col("follows") - pl.col("unfollows")
    later = came.reverse().cum_sum().reverse() - came
    return days.with_columns(followers=followers - later)


def _retention(rows: pl.DataFrame) -> pl.DataFrame:
    """Of impressions of videos that are so long, the share that is watched to that second."""
    found: list[dict[str, Any]] = []
    for second in SECONDS:
        long = rows.filter(pl.col("duration_s") >= second)
        watched = int((long["watch_s"] >= second).sum())
        share = watched / long.height if long.height else None
        found.append({"second": second, "watching": share, "of": long.height})
    schema = {"second": pl.Int64, "watching": pl.Float64, "of": pl.Int64}
    return pl.DataFrame(found, schema=schema)


def _qualified(rows: pl.DataFrame) -> int:
    """Views that a rewards programme pays for: on For You, five seconds or more, of a video of a
    minute or more, each person once a video, those after the first thousand of a video (K5).
    """
    kept = rows.filter(
        (pl.col("surface") == SURFACE_NAMES.index("for_you"))
        & (pl.col("watch_s") >= 5.0)
        & (pl.col("duration_s") >= 60.0)
    )
    people = kept.group_by("video").agg(pl.col("user").n_unique().alias("people"))
    return int((people["people"].cast(pl.Int64) - 1_000).clip(lower_bound=0).sum())
