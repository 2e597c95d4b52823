"""Compare the numbers of a finished run with published ones, misses included.

    python docs/facts_of_a_run.py runs/some-run

Prints a Markdown table. It reads nothing but the run folder. The ids are those that the
reference of scenarios cites; ``SOURCES`` says where each number was published.

A number is called near when |ln(run / published)| is within the tolerance of its source: 0.2 for
peer-reviewed or official data (A), 0.35 for a large stated sample (B), 0.5 for anything else (C).
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from scipy.stats import spearmanr

from sim.analysis import Tables, load_tables, summarise, value_at
from sim.analysis.tables import mature, measured, measured_timeline, ordinary

SOURCES: Final = {
    "E1": "industry mean by size of the account, given without its source",
    "E2": "Steel, Schirmer, Ruths, Pfeffer: 12,618 random TikTok posts of one hour, 2024",
    "E9": "KuaiRand-Pure item statistics, as E4, videos with 20,000 plays and more",
    "E4": "KuaiRand-Pure item statistics, Gao et al., CIKM 2022, doi 10.1145/3511808.3557624",
    "F1": "scrape of 108 Vietnamese TikTok creators, 2023 to 2025",
    "F8": "the same scrape",
    "F11": "quso.ai, median over 31,059 posts",
    "F14": "KuaiRand-Pure users, n = 27,285",
    "S1": "the same scrape as F1; trending feed of 2020",
    "S3": "the same scrape as F1, 1,783 sounds",
    "V1": "the same posts as E2",
    "V2": "the same posts as E2",
    "V6": "Buffer 2025, 11.4 million TikToks of 150,000 accounts",
    "W1": "KuaiRand-Pure exposures, n = 170,339",
    "W4": "KuaiRand-Pure exposures, n = 170,339",
    "W15": "KuaiRec, 188,322 user-days; a floor, for only some videos were logged",
    "W16": "eMarketer 2024, minutes a day on TikTok",
    "W19": "KuaiRand-Pure, 228,329 views by local hour",
}
"""Where each number comes from."""

TOLERANCE: Final = {"A": 0.2, "B": 0.35, "C": 0.5}
HOURS_W19: Final = {
    0: 4.1, 2: 1.6, 4: 0.8, 6: 1.6, 8: 3.2, 10: 4.5, 12: 5.8, 14: 5.2, 17: 5.9, 19: 5.3,
    22: 6.5, 23: 6.2,
}  # fmt: skip
"""Share of exposures in these local hours, percent."""


@dataclass(frozen=True)
class Row:
    """One published number beside the run's."""

    fact: str
    """Id, a key of SOURCES."""
    what: str
    published: float
    found: float | None
    """The run's number; None when the run has too little for it."""
    trust: str
    """Key of TOLERANCE."""
    floor: bool = False
    """The published number is a lower bound."""

    @property
    def verdict(self) -> str:
        """``near`` or how many times too low or too high."""
        if self.found is None or not math.isfinite(self.found):
            return "cannot be computed"
        if self.found <= 0:
            return "miss: none at all"
        ratio = self.found / self.published
        if self.floor and ratio >= 1:
            return "above the floor"
        if abs(math.log(ratio)) <= TOLERANCE[self.trust]:
            return "near"
        return f"miss: {ratio:.2g} times" if ratio > 1 else f"miss: {ratio:.2g} of it"


def rows_of(tables: Tables) -> list[Row]:
    """All comparisons."""
    summary = summarise(tables)

    def number(path: str, factor: float = 1.0) -> float | None:
        value = value_at(summary, path)
        return None if value is None else factor * float(value)

    return [
        Row("W16", "minutes per active user-day", 58.4, number(
            "watch.minutes_per_active_user_day"), "C"),
        Row("W15", "videos per active user-day, mean", 66.5, videos_a_day(tables), "A", True),
        Row("W1", "swiped away within 3 s, per 100 impressions", 33.6, number(
            "watch.skip_rate", 100), "A"),
        *completion(tables),
        Row("E2", "likes per 100 views", 6.76, number("actions.like.per_100_views"), "B"),
        Row("E2", "comments per 100 views", 0.183, number("actions.comment.per_100_views"), "B"),
        Row("E2", "shares per 100 views", 0.228, number("actions.share.per_100_views"), "B"),
        Row("E4", "saves per 100 views", 0.379, number("actions.save.per_100_views"), "A"),
        Row("E4", "follows per 100 views", 0.231, number("actions.follow.per_100_views"), "A"),
        *together(tables),
        *tiers(summary),
        Row("F11", "share of views from For You, percent", 85.1, number(
            "surfaces.for_you", 100), "C"),
        *views(tables),
        Row("F1", "sd of log10 views around the creator's mean", 0.467, number(
            "luck.sd_log10_views_pooled"), "C"),
        Row("F8", "slope of log views over log followers, creators", 0.60, follower_slope(
            tables), "C"),
        *followers(tables),
        *sounds(tables),
        *hours(tables),
    ]  # fmt: skip


def videos_a_day(tables: Tables) -> float | None:
    """Impressions per day with a session."""
    users = tables.users
    days = int(users["active_days"].sum())
    return int(users["impressions"].sum()) / days if days else None


def completion(tables: Tables) -> list[Row]:
    """Completion in some bins of duration, over all that was shown."""
    rows = []
    for low, high, fact in ((10, 15, 29.1), (20, 30, 25.0), (45, 60, 18.1), (90, 120, 11.1)):
        part = tables.videos.filter(pl.col("duration_s").is_between(low, high, closed="right"))
        shown = int(part["impressions"].sum())
        found = 100 * int(part["completions"].sum()) / shown if shown else None
        rows.append(Row("W4", f"completion of {low} to {high} s videos, percent", fact, found, "A"))
    return rows


def together(tables: Tables) -> list[Row]:
    """Rank correlations of the rates of videos with many plays; none where those are few."""
    played = tables.videos.filter(pl.col("views") >= 20_000)
    if played.height < 100:
        return []
    rates = {
        name: np.log((played[name].to_numpy() + 0.5) / played["views"].to_numpy())
        for name in ("likes", "comments", "shares", "saves", "follows")
    }
    pairs = (
        ("likes", "comments", 0.62), ("likes", "shares", 0.54), ("likes", "saves", 0.63),
        ("follows", "saves", 0.68), ("shares", "saves", 0.62),
    )  # fmt: skip
    return [
        Row("E9", f"rank correlation of {a} and {b} a play", fact, float(
            spearmanr(rates[a], rates[b]).statistic), "A")
        for a, b, fact in pairs
    ]  # fmt: skip


def selected(tables: Tables) -> list[str]:
    """The rank correlation of the rates of likes and of finishing, by how far uploads got.

    What a ranker selects by goes apart among what it has selected.
    """
    lines = []
    for least, most in ((300, 500), (1_000, 3_000), (5_000, 10_000), (20_000, None)):
        some = tables.videos.filter(pl.col("views") >= least)
        if most is not None:
            some = some.filter(pl.col("views") < most)
        if some.height < 100:
            continue
        likes = some["likes"].to_numpy() / some["views"].to_numpy()
        done = some["completions"].to_numpy() / some["impressions"].to_numpy()
        among = f"{least:,} and more" if most is None else f"{least:,} to {most:,}"
        found = spearmanr(likes, done).statistic
        lines.append(f"Liking and finishing, {some.height:,} videos of {among} plays: {found:.2f}")
    return lines


def tiers(summary: dict) -> list[Row]:
    """Engagement by size of the account; only tiers with enough videos."""
    published = {"1-5K": 5.60, "5-20K": 2.43, "20-100K": 2.15}
    rows = []
    for size, rate in published.items():
        tier = summary["engagement"]["tiers"][size]
        if tier["rated"] >= 10:
            name = f"engagement by views, {size} followers, percent"
            rows.append(Row("E1", name, rate, tier["mean"], "C"))
    return rows


def views(tables: Tables) -> list[Row]:
    """How unequal the views of videos are; uploads of the creators, at least a day old."""
    sizes = np.sort(mature(tables)["views"].to_numpy())[::-1].astype(float)
    if len(sizes) < 100 or sizes.sum() == 0:
        return []
    top = max(1, round(0.0036 * len(sizes)))
    mean, median = sizes.mean(), float(np.median(sizes))
    return [
        Row("V2", "views held by the top 0.36 % of videos, percent", 66.0,
            100 * sizes[:top].sum() / sizes.sum(), "B"),
        Row("V1", "videos above 47 times the mean, percent", 0.36,
            100 * float((sizes > 47 * mean).mean()), "B"),
        Row("V6", "90 % quantile over median of views", 7.6,
            float(np.quantile(sizes, 0.9)) / median if median else None, "C"),
    ]  # fmt: skip


def follower_slope(tables: Tables) -> float | None:
    """Least squares over creators: log10 of median views over log10 of followers."""
    each = (
        mature(tables)
        .group_by("creator")
        .agg(pl.col("views").median(), pl.col("followers_at_upload").median())
        .filter((pl.col("views") > 0) & (pl.col("followers_at_upload") > 0))
    )
    if each.height < 30:
        return None
    x = np.log10(each["followers_at_upload"].to_numpy())
    y = np.log10(each["views"].to_numpy())
    return float(np.polyfit(x, y, 1)[0])


def followers(tables: Tables) -> list[Row]:
    """Followers of creators at the start, accounts of probes left out."""
    own = tables.creators.filter(pl.col("user") >= 0)["followers_start"].to_numpy()
    counts = np.sort(own)[::-1].astype(float)
    if len(counts) < 100:
        return []
    rows = [
        Row("F14", f"followers, {q:.0%} quantile".replace("%", " %"), fact,
            float(np.quantile(counts, q)), "A")
        for q, fact in ((0.25, 10.0), (0.5, 48.0), (0.75, 221.0), (0.9, 660.0), (0.99, 4374.0))
    ]  # fmt: skip
    top = counts[: max(1, len(counts) // 100)].sum()
    return [*rows, Row("F14", "followers held by the top 1 %, percent", 64.0,
                       100 * top / counts.sum(), "A")]  # fmt: skip


def sounds(tables: Tables) -> list[Row]:
    """Original sounds, and how the others are shared out."""
    new = measured(tables)
    library = ordinary(tables).filter(~pl.col("original_sound"))["sound"].value_counts()
    uses = np.sort(library["count"].to_numpy())[::-1].astype(float)
    if new.height < 30 or len(uses) < 100:
        return []
    share = float(new["original_sound"].mean())  # type: ignore[arg-type]
    top = uses[: max(1, len(uses) // 100)].sum()
    return [
        Row("S1", "posts on an original sound, percent", 67.0, 100 * share, "C"),
        Row("S3", "library sounds used once, percent", 62.0, 100 * float((uses == 1).mean()), "C"),
        Row("S3", "uses held by the top 1 % of library sounds, percent", 47.0,
            100 * top / uses.sum(), "C"),
    ]  # fmt: skip


def hours(tables: Tables) -> list[Row]:
    """The busiest and the quietest of the published hours; whole days after the warm-up."""
    days = int(tables.measured_s // 86_400)
    if days == 0 or len(tables.locales) > 1:
        return []
    start = tables.duration_s - 86_400 * days
    offset = tables.locales[0].utc_offset_s
    timeline, _ = measured_timeline(tables)
    each = (
        timeline.filter(pl.col("time_s") >= start)
        .group_by((((pl.col("time_s") + offset) // 3600) % 24).cast(pl.Int64).alias("hour"))
        .agg(pl.col("impressions").sum())
    )
    total = int(each["impressions"].sum())
    share = {hour: 100 * n / total for hour, n in each.iter_rows()}
    return [
        Row("W19", f"share of exposures from {hour}:00 to {hour + 1}:00, percent",
            HOURS_W19[hour], share.get(hour, 0.0), "A")
        for hour in (4, 8, 12, 17, 22)
    ]  # fmt: skip


def shown(value: float | None) -> str:
    """Three digits, as people write them."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def markdown(rows: list[Row]) -> str:
    """The comparison as a table."""
    lines = ["| fact | what | published | run | |", "|---|---|---:|---:|---|"]
    lines += [
        f"| {r.fact} | {r.what} | {shown(r.published)} | {shown(r.found)} | {r.verdict} |"
        for r in rows
    ]
    near = sum(r.verdict == "near" for r in rows)
    return "\n".join([*lines, "", f"{near} of {len(rows)} are near."])


def main() -> None:
    """Print the table of one run."""
    if len(sys.argv) != 2:
        sys.exit("usage: python docs/facts_of_a_run.py RUN_FOLDER")
    tables = load_tables(Path(sys.argv[1]))
    print(markdown(rows_of(tables)))
    print("\n".join(["", *selected(tables)]))


if __name__ == "__main__":
    main()
