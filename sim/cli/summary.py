"""The summary of a run, in words and numbers for people, and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.cli.words import amount, number, span

if TYPE_CHECKING:
    from sim.run import Run

__all__ = ["Row", "Section", "as_json", "print_summary", "sections"]

Node = Mapping[str, Any]

CAUTION = (
    "This is one world. The intervals take its videos as independent of each other; "
    "another seed shows how much more luck there is."
)


@dataclass(frozen=True)
class Row:
    """One line: what, how much, and what to make of it."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Section:
    """Lines about one thing."""

    title: str
    rows: tuple[Row, ...]


def as_json(run: Run) -> str:
    """Give the folder, the manifest and the summary as one JSON object."""
    content = {"run": str(run.path), "manifest": run.manifest, "summary": run.summary}
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)


def print_summary(run: Run) -> None:
    """Print what happened, and where the results are."""
    from rich.padding import Padding
    from rich.table import Table

    from sim.cli.console import console

    screen = console()
    for section in sections(run.manifest, run.summary):
        screen.print()
        screen.print(section.title, style="bold", markup=False)
        table = Table.grid(padding=(0, 2))
        table.add_column(min_width=34)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(style="dim")
        for row in section.rows:
            table.add_row(row.label, row.value, row.note)
        screen.print(Padding(table, (0, 0, 0, 2)), markup=False)
    screen.print()
    screen.print(CAUTION, style="dim")
    screen.print()
    screen.print(_ending(run), markup=False, soft_wrap=True)


def sections(manifest: Node, summary: Node) -> list[Section]:
    """Everything that the summary table says, from the content of the two JSON files."""
    found = [
        _probe(name, probe, users=summary["population"]["users"], reach=manifest["viral_reach"])
        for name, probe in summary["probes"].items()
    ]
    return [*found, _uploads(summary), _platform(summary)]


def _probe(name: str, probe: Node, *, users: int, reach: float) -> Section:
    count = probe["count"]
    needed = f"seen by {amount(reach, 'share')} of users, {number(reach * users)}"
    rows = [
        Row(
            f"went viral ({needed})",
            f"{probe['viral']} of {count}",
            _share_with_interval(probe, "viral_share"),
        ),
        _typical("views", probe, "views_median", ("views_p25", "views_p75")),
        *_steps(probe["time_to_reach"]),
        Row(
            "engagement by views", _percent(probe["engagement_by_views"]), "likes, comments, shares"
        ),
        Row("watched to the end", _share(probe["completion_rate"]), "of impressions"),
        Row("swiped away within 3 seconds", _share(probe["skip_rate"]), "of impressions"),
    ]
    since = f", each watched for {span(probe['observed_s'])} or more" if probe["observed_s"] else ""
    return Section(f"The {count:,} videos of “{name}”{since}", tuple(rows))


def _steps(steps: list[Node]) -> list[Row]:
    """Rows about how many reached how many users, up to the first number that none reached."""
    rows = []
    for step in steps:
        after = f"after {span(step['median_s'])}, the middle one" if step["median_s"] else ""
        rows.append(Row(f"reached {step['reach']:,} users", _share(step["share"]), after))
        if not step["share"]:
            break
    return rows


def _uploads(summary: Node) -> Section:
    reach, inequality = summary["reach"], summary["inequality"]
    age = span(summary["population"]["min_age_s"])
    if not reach["videos"]:
        return Section(
            f"Ordinary uploads, at least {age} old",
            (Row("none", "", "the run is too short: nothing that was posted is that old"),),
        )
    rows = (
        Row("went viral", _share(reach["viral_share"]), _interval(reach, "viral_share")),
        Row("not seen by anyone", _share(reach["unseen_share"]), _interval(reach, "unseen_share")),
        _typical("views", reach, "views_median", ()),
        Row(
            "views of the best 1 % of videos",
            _share(inequality["top1_share_views"]),
            "of all views",
        ),
        Row("widest reach", _share(reach["max_share_of_users"]), "of users"),
    )
    return Section(
        f"For comparison: {reach['videos']:,} ordinary uploads, at least {age} old", rows
    )


def _platform(summary: Node) -> Section:
    watch, population = summary["watch"], summary["population"]
    rows = (
        Row(
            "people, and creators among them",
            f"{population['users']:,}",
            f"{population['creators']:,}",
        ),
        Row("impressions", number(watch["impressions"]), f"in {span(population['measured_s'])}"),
        Row(
            "watch time of an active user",
            _with_unit(watch["minutes_per_active_user_day"], "min"),
            "a day",
        ),
        Row("watched to the end", _share(watch["completion_rate"]), "of impressions"),
        Row("swiped away within 3 seconds", _share(watch["skip_rate"]), "of impressions"),
        Row(
            "engagement by views",
            _percent(summary["engagement"]["by_views"]),
            "of ordinary uploads",
        ),
        *_origins(summary["sources"]),
    )
    return Section("The platform, after the warm-up", rows)


def _origins(sources: Node) -> list[Row]:
    """The three sources that most views came from."""
    ranked = sorted(
        ((share, name) for name, share in sources.items() if share), key=lambda pair: -pair[0]
    )
    return [Row(f"views from the source “{name}”", _share(share)) for share, name in ranked[:3]]


def _ending(run: Run) -> str:
    manifest = run.manifest
    wall = sum(seconds for seconds in manifest["wall_seconds"].values() if seconds)
    lines = [
        f"Results: {run.path}",
        "  plots/         pictures",
        "  summary.json   every number, with its interval",
        "  *.parquet      tables of videos, creators, users, probes and more",
        f"Seed {manifest['seed']}, {number(manifest['impressions'])} impressions in {span(wall)}, "
        f"event log {manifest['event_log_hash'][:16]}",
    ]
    return "\n".join(lines)


def _typical(what: str, node: Node, median: str, middle: tuple[str, ...]) -> Row:
    if node[median] is None:
        return Row(f"{what} of the middle video", "–")
    note = ""
    if middle and all(node[key] is not None for key in middle):
        note = f"half of them had {' to '.join(amount(round(node[key])) for key in middle)}"
    return Row(f"{what} of the middle video", amount(round(node[median])), note)


def _share(value: float | None) -> str:
    return "–" if value is None else amount(value, "share")


def _percent(value: float | None) -> str:
    return "–" if value is None else amount(value / 100.0, "share")


def _with_unit(value: float | None, unit: str) -> str:
    return "–" if value is None else amount(value, unit)


def _interval(node: Node, name: str) -> str:
    low, high = node[f"{name}_low"], node[f"{name}_high"]
    if low is None or high is None:
        return ""
    return f"95 % interval {amount(low, 'share')} to {amount(high, 'share')}"


def _share_with_interval(node: Node, name: str) -> str:
    return f"{_share(node[name])}; {_interval(node, name)}".removesuffix("; ")
