"""What settings of mechanisms move, as tables in the pages of docs/explanation that speak of them.

    python docs/measure_doses.py [--users 5_000] [--days 3] [--worlds 3] [--only search,open]

Plays ``scenarios/zero_followers.yaml`` with each dose of each setting, in the same worlds, and puts
the tables between the marks of the pages, in place. A difference is the mean over pairs of worlds,
with its 95 % interval; what is compared within a world is a ratio, some videos against the others.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from sim.analysis import summarise, value_at
from sim.analysis.tables import measured
from sim.assemble import assemble
from sim.scenario import load
from sim.simulate import tables_in_memory
from sim.study.statistics.intervals import mean_interval

ROOT: Final = Path(__file__).resolve().parents[1]
PAGES: Final = ROOT / "docs" / "explanation"
SCENARIO: Final = ROOT / "scenarios" / "zero_followers.yaml"
SEED: Final = 601


class Column(NamedTuple):
    """A number of the summary, as it is printed.

    A ``path`` of three parts with ``:`` between them is of the videos of the run: which ones, a
    counter, and what it is divided by, as a ratio of these videos to all others.
    """

    title: str
    path: str
    times: float = 1.0
    unit: str = ""
    digits: int = 1


class Dose(NamedTuple):
    """One setting, the values it is given beside its default, and what is looked at."""

    page: str
    setting: str
    values: tuple[str, ...]
    columns: tuple[Column, ...]


def _views(surface: str, title: str) -> Column:
    return Column(title, f"surfaces.{surface}", 100.0, "%", 2)


def _done(action: str, title: str, times: float = 1.0, digits: int = 2) -> Column:
    return Column(title, f"actions.{action}.per_100_impressions", times, "", digits)


def _against(which: str, counter: str, of: str, title: str) -> Column:
    """Some videos against the others, by a counter for each of something."""
    return Column(title, f"{which}:{counter}:{of}", 1.0, "×", 2)


FOR_YOU: Final = Column("views on For You", "surfaces.for_you", 100.0, "%")
MINUTES: Final = Column("watch time, a person and day", "watch.minutes_per_user_day", 1.0, "min")
COMPLETED: Final = Column("watched to the end", "watch.completion_rate", 100.0, "%")

DOSES: Final[Mapping[str, Dose]] = {
    "search": Dose(
        "surfaces.md", "behaviour.browse.search", ("0", "0.01", "0.04", "0.08"),
        (FOR_YOU, _views("search", "views in search"), COMPLETED, MINUTES),
    ),
    "friends": Dose(
        "surfaces.md", "behaviour.browse.friends", ("0", "0.1", "0.2"),
        (FOR_YOU, _views("friends", "views on Friends"), COMPLETED, MINUTES),
    ),
    "open": Dose(
        "surfaces.md", "behaviour.browse.open", ("0", "0.7", "1"),
        (FOR_YOU, _views("profile", "views on profiles"), COMPLETED, MINUTES),
    ),
    "following": Dose(
        "surfaces.md", "behaviour.session.following_share", ("0", "0.05", "0.2"),
        (FOR_YOU, _views("following", "views on Following"), COMPLETED, MINUTES),
    ),
    "profile_visit": Dose(
        "surfaces.md", "behaviour.act.profile_visit", ("0", "0.0008", "0.0032"),
        (
            _done("profile_visit", "visits per 100 impressions"),
            _views("profile", "views on profiles"), FOR_YOU, MINUTES,
        ),
    ),
    "block": Dose(
        "surfaces.md", "behaviour.act.block", ("0", "0.00005", "0.0005"),
        (
            _done("block", "blocks per 100,000 impressions", 1_000.0, 1),
            _done("unfollow", "unfollows per 100,000 impressions", 1_000.0, 1), COMPLETED, MINUTES,
        ),
    ),
    "hold": Dose(
        "videos.md", "behaviour.watch.hold", ("0", "0.6"),
        (COMPLETED, _against("hold > 0.43", "completions", "impressions", "completion, well told"),
         _against("hold > 0.43", "impressions", "videos", "impressions, well told")),
    ),
    "polish": Dose(
        "videos.md", "catalogue.craft.polish", ("0", "0.7"),
        (_against("polish > 0.43", "impressions", "videos", "impressions, polished"),),
    ),
    "question": Dose(
        "videos.md", "catalogue.craft.question_comments", ("1", "4"),
        (_against("call = question", "comments", "impressions", "comments, with a question"),
         _against("call = question", "impressions", "videos", "impressions, with a question")),
    ),
    "teaches": Dose(
        "videos.md", "catalogue.craft.teach_saves", ("1", "4"),
        (_against("value = teaches", "saves", "impressions", "saves, where it teaches"),
         _against("value = teaches", "impressions", "videos", "impressions, where it teaches")),
    ),
    "original": Dose(
        "videos.md", "catalogue.craft.original_follows", ("0", "0.6"),
        (_against("originality > 0.43", "follows", "impressions", "follows, original"),
         _against("originality > 0.43", "impressions", "videos", "impressions, original")),
    ),
    "selling": Dose(
        "videos.md", "catalogue.craft.selling_quality", ("0", "-1"),
        (_against("selling = true", "impressions", "videos", "impressions, selling"),
         _against("selling = true", "shares", "impressions", "shares, selling")),
    ),
    "cover": Dose(
        "videos.md", "behaviour.browse.cover", ("0", "2"),
        (_against("cover > 0.43", "impressions_profile", "videos", "on profiles, strong cover"),
         _against("cover > 0.43", "impressions", "videos", "impressions, strong cover")),
    ),
    "duets": Dose(
        "videos.md", "catalogue.duets", ("0", "0.1"),
        (_views("parent", "views on parents"),
         _against("joint = duet", "impressions", "videos", "impressions, duets")),
    ),
    "niche": Dose(
        "videos.md", "population.categories", (),
        (_against("category = energy", "impressions", "videos", "impressions, energy"),
         _against("category = energy", "completions", "impressions", "completion, energy")),
    ),
    "authentic": Dose(
        "videos.md", "catalogue.craft.authentic_follows", ("0", "0.4"),
        (_against("authenticity > 0.43", "follows", "impressions", "follows, authentic"),
         _against("authenticity > 0.43", "impressions", "videos", "impressions, authentic")),
    ),
    "effects": Dose(
        "videos.md", "catalogue.craft.effects_hook", ("0", "0.6"),
        (_against("form = effects", "impressions", "videos", "impressions, with effects"),
         _against("form = effects", "skips", "impressions", "skips, with effects")),
    ),
    "mentions": Dose(
        "videos.md", "catalogue.mentions", ("0", "0.3"),
        (_views("notification", "views from notifications"), MINUTES),
    ),
    "private": Dose(
        "videos.md", "catalogue.access.followers_only", ("0", "0.1"),
        (COMPLETED, MINUTES),
    ),
    "settled": Dose(
        "videos.md", "catalogue.settled", ("false",), (COMPLETED, MINUTES),
    ),
    "challenges": Dose(
        "trends.md", "catalogue.trends.challenge_share", ("0", "0.2"),
        (_against("challenge >= 0", "impressions", "videos", "impressions, in a challenge"),
         Column("uses, top 1 % of challenges", "trends.challenges.top1_share_uses", 100.0, "%"),
         MINUTES),
    ),
    "uptake": Dose(
        "trends.md", "creators.trend_uptake", ("0", "0.5"),
        (Column("uses, top 1 % of sounds", "trends.sounds.top1_share_uses", 100.0, "%"),
         Column("Gini of uses", "trends.sounds.gini_uses", 1.0, "", 2), MINUTES),
    ),
    "unfitting": Dose(
        "trends.md", "catalogue.trends.unfitting_tags", ("0", "0.5"),
        (COMPLETED, MINUTES),
    ),
}  # fmt: skip
"""The tables, by the names of their marks."""


class Size(NamedTuple):
    """How large the worlds are."""

    users: int
    days: float
    worlds: int


class Found(NamedTuple):
    """What a world was found to be."""

    summary: Mapping[str, object]
    videos: pl.DataFrame


@cache
def numbers(size: Size, changes: tuple[str, ...]) -> tuple[Found, ...]:
    """The summary of each world, and its ordinary uploads."""
    span = (f"population.users={size.users}", f"duration={size.days:g} d", *changes)
    # the first third warms up
    scenario = load(SCENARIO, (*span, f"warmup={size.days / 3:g} d"))
    found = []
    for world in range(size.worlds):
        live = assemble(scenario, SEED + world, engine="fast", shards=2)
        live.env.run(until=live.end)
        tables = tables_in_memory(live)
        found.append(Found(summarise(tables), measured(tables)))
        print(f"  world {SEED + world} {' '.join(changes)}", file=sys.stderr, flush=True)
    return tuple(found)


def values_of(column: Column, worlds: tuple[Found, ...]) -> np.ndarray:
    """One number of each world; 0 for a surface that nobody saw."""
    if ":" in column.path:
        return np.array([_ratio(world.videos, *column.path.split(":")) for world in worlds])
    above, _, name = column.path.rpartition(".")
    if above == "surfaces":  # those that nobody saw are not in the summary
        found = [value_at(world.summary, above).get(name, 0.0) for world in worlds]
    else:
        found = [value_at(world.summary, column.path) for world in worlds]
    return column.times * np.array(found, float)


def _ratio(videos: pl.DataFrame, which: str, counter: str, of: str) -> float:
    """A counter of some videos, for each of something, over that of the others."""
    name, sign, value = which.split()
    column = pl.col(name)
    if sign == "=":
        some = column == (value == "true") if value in ("true", "false") else column == value
    else:
        some = column > float(value) if sign == ">" else column >= float(value)
    rates = []
    for group in (videos.filter(some), videos.filter(~some)):
        whole = group.height if of == "videos" else group[of].sum()
        rates.append(float(group[counter].sum()) / whole if whole else float("nan"))
    return rates[0] / rates[1] if rates[1] else float("nan")


def cell(column: Column, found: np.ndarray, usual: np.ndarray | None) -> str:
    """A mean, or with ``usual`` a difference from it and its interval."""
    unit = f" {column.unit}" if column.unit else ""
    if not np.isfinite(found if usual is None else found - usual).all():
        return "–"  # there were none
    if usual is None:
        return f"{found.mean():.{column.digits}f}{unit}"
    change = found - usual
    sign = f"+.{column.digits}f"
    unit = " points" if column.unit == "%" else unit
    if len(change) < 2:
        return f"{change.mean():{sign}}{unit}"
    interval = mean_interval(change)
    return f"{change.mean():{sign}}{unit} ({interval.low:{sign}} to {interval.high:{sign}})"


def _number(value: object) -> float:
    """What rows are put in order by; 0 for what is no number."""
    try:
        return float(str(value))
    except ValueError:
        return 0.0


def _plain(value: object) -> str:
    """A number without an exponent, another value as in a scenario."""
    if value is None:
        return "default"
    if isinstance(value, bool):
        return str(value).lower()
    return np.format_float_positional(float(str(value)), trim="-")


def table(dose: Dose, size: Size) -> str:
    """One dose-response table in Markdown."""
    usual = numbers(size, ())
    group: object = load(SCENARIO)
    for name in dose.setting.split("."):
        group = getattr(group, name)
    lines = [
        "| " + " | ".join([f"`{dose.setting}`", *(c.title for c in dose.columns)]) + " |",
        "|---:" * (1 + len(dose.columns)) + "|",
    ]
    means = [cell(c, values_of(c, usual), None) for c in dose.columns]
    rows = [(_number(group), [f"{_plain(group)} (as it is)", *means])]
    for value in dose.values:
        found = numbers(size, (f"{dose.setting}={value}",))
        cells = [cell(c, values_of(c, found), values_of(c, usual)) for c in dose.columns]
        rows.append((_number(value), [value, *cells]))
    lines += ["| " + " | ".join(cells) + " |" for _, cells in sorted(rows, key=lambda row: row[0])]
    return "\n".join(lines)


def fill(page: Path, name: str, text: str) -> None:
    """Put ``text`` between the marks of the table ``name``."""
    old = page.read_text(encoding="utf-8")
    pattern = rf"(<!-- made by docs/measure_doses\.py: {name} -->\n)((?!<!--).)*(<!-- end -->)"
    new, count = re.subn(pattern, lambda m: f"{m[1]}{text}\n{m[3]}", old, flags=re.S)
    if count != 1:
        sys.exit(f"{page}: has {count} places for the table {name}, not one")
    page.write_text(new, encoding="utf-8")


def main() -> None:
    """Play, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--users", type=int, default=5_000, help="people of a world")
    parser.add_argument("--days", type=float, default=3.0, help="length of a run")
    parser.add_argument("--worlds", type=int, default=3, help="worlds of each dose")
    parser.add_argument("--only", default=",".join(DOSES), help="tables, with commas between")
    parser.add_argument("--pages", type=Path, default=PAGES, help="where the pages are")
    given = parser.parse_args()
    for name in given.only.split(","):
        text = table(DOSES[name], Size(given.users, given.days, given.worlds))
        print(f"{text}\n", flush=True)
        fill(given.pages / DOSES[name].page, name, text)


if __name__ == "__main__":
    main()
