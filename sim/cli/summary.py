"""The summary of a run, in words and numbers for people, and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.analysis.intervals import Z95
from sim.analysis.multiples import MULTIPLES
from sim.analysis.twins import key_of
from sim.cli.console import one_line
from sim.cli.traced import Reading
from sim.cli.words import amount, number, span
from sim.core.errors import RunFolderError
from sim.core.surfaces import SURFACES

if TYPE_CHECKING:
    from sim.simulate import Run

__all__ = ["Row", "Section", "as_json", "print_summary", "sections", "warnings"]

Node = Mapping[str, Any]

ENGAGEMENT = "likes, comments, shares"

MEAN = "Mean and rank: by impressions, among ordinary uploads of comparable age."

MEAN_OF = "the mean of ordinary uploads"

_DAY_S = 86_400.0
_FAR_OFF = 0.15
"""How far the realised supply may be from the stated one before it is said."""

CAUTION = (
    "One run is one world. The intervals take its videos as independent of each other; "
    "another --seed shows how much more luck there is."
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
    """Give the folder, the manifest and the summary as one JSON object.

    Raises RunFolderError when the files hold what JSON cannot say, such as NaN.
    """
    content = {"run": str(run.path), "manifest": run.manifest, "summary": run.summary}
    try:
        return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise RunFolderError(
            f"{run.path}: manifest.json or summary.json is not as a run writes it: {error}"
        ) from error


def print_summary(run: Run) -> None:
    """Print what happened, and where the results are.

    Raises RunFolderError, before anything is printed, when the files are not those of a run.
    """
    from sim.cli.console import console
    from sim.cli.table import table

    reading = Reading(run.path)
    manifest = reading.watched("manifest.json", run.manifest)
    summary = reading.watched("summary.json", run.summary)
    with reading.told():
        told = sections(manifest, summary)
        viral = _meaning_of_viral(manifest)
        wary = warnings(summary)
        ending = _ending(run.path, manifest)
    screen = console()
    for section in told:
        screen.print()
        screen.print(one_line(section.title), style="bold", markup=False)
        table(screen, (), [(row.label, row.value, row.note) for row in section.rows], first=28)
    screen.print()
    screen.print(one_line(viral), MEAN, CAUTION, style="dim", markup=False)
    screen.print()
    for text in wary:
        screen.print(f"Warning: {one_line(text)}.", style="yellow", markup=False)
        screen.print()
    screen.print(ending, markup=False, soft_wrap=True)


def sections(manifest: Node, summary: Node) -> list[Section]:
    """Everything that the summary table says, from the content of the two JSON files."""
    probes = [
        section
        for name, probe in summary["probes"].items()
        for section in (_probe(name, probe), *_twins(name, probe))
    ]
    return [
        *probes, _uploads(summary), _platform(manifest, summary), *_ranking(summary),
        *_creators(summary), *_newcomers(summary),
    ]  # fmt: skip


def warnings(summary: Node) -> list[str]:
    """What may make these numbers say something else than they seem to."""
    population = summary["population"]
    off = _off(population)
    if off is None:
        return []
    found, stated = population["supply_realised"], population["supply_stated"]
    nearer = stated**2 / found if found else stated
    instead = "" if off > 0 else "; if creators among the people post too much, lower their share"
    return [
        f"a post got {amount(round(found))} impressions a day, while "
        f"catalogue.mean_impressions states {amount(stated)} ({100 * off:+.0f} %). Read the "
        f"results as of {amount(round(found))}, or run again with --set "
        f"catalogue.mean_impressions={max(1.0, float(f'{nearer:.2g}')):.10g}{instead}"
    ]


def _meaning_of_viral(manifest: Node) -> str:
    from sim.scenario.viral import Viral

    return f"Viral: {Viral.of_facts(manifest)}."


def _probe(name: str, probe: Node) -> Section:
    others = probe["compared_videos"]
    among = f"of {others:,} uploads had fewer" if others else "no upload is old enough"
    rows = (
        Row("impressions of middle video", _times(probe["multiple_median"]), MEAN_OF),
        Row("rank of middle video", _share(probe["rank_median"]), among),
        *_above(probe),
        Row("went viral", f"{probe['viral']} of {probe['count']}", _viral(probe)),
        *_told_apart(probe),
        _typical(probe, ("views_p25", "views_p75")),
        *_steps(probe["time_to_reach"].values()),
        Row("engagement by views", _percent(probe["engagement_by_views"]), ENGAGEMENT),
        Row("watched to the end", _share(probe["completion_rate"]), "of impressions"),
        Row("swiped away within 3 seconds", _share(probe["skip_rate"]), "of impressions"),
    )
    age = f", at least {span(probe['observed_s'])} old at the end" if probe["observed_s"] else ""
    many = "The video" if probe["count"] == 1 else f"The {probe['count']:,} videos"
    return Section(f"{many} of “{name}”{age}", rows)


def _told_apart(probe: Node) -> list[Row]:
    """Where the audience came from, and what the verdict would be without some of it."""
    rows = []
    for among, label in (("for_you", "on For You alone"), ("strangers", "without followers")):
        if probe[f"viral_{among}"] != probe["viral"]:
            note = _interval(probe, f"viral_{among}_share")
            rows.append(Row(f"  {label}", f"{probe[f'viral_{among}']} of {probe['count']}", note))
    parts = probe["parts"]
    shown = {surface.name: surface.label for surface in SURFACES} | {"followers": "to followers"}
    found = sorted(
        (name for name in shown if parts[name]["share"]), key=lambda n: -parts[n]["share"]
    )
    rows += [
        Row(f"  {shown[name]}", _share(parts[name]["share"]), "of impressions")
        for name in found
        if parts[name]["share"] >= _WORTH_A_ROW
    ]
    return rows


_WORTH_A_ROW = 0.005
_SIDES = {
    "impressions_early": "impressions, early",
    "impressions": "impressions",
    **{f"impressions_{surface.name}": f"  on {surface.label}" for surface in SURFACES},
}
"""What twins are compared by, beside whether they were promoted."""


def _twins(name: str, probe: Node) -> list[Section]:
    """What each value of the attribute does, against the first."""
    if (twins := probe.get("twins")) is None:
        return []
    age = f"at the age of {span(twins['final_s'])}, early at {span(twins['early_s'])}"
    found = []
    for label, contrast in twins["contrasts"].items():
        here, there = twins["values"][label], twins["values"][key_of(twins["against"])]
        rows = [_promoted(contrast["promoted"], here, there)]
        rows += [
            Row(
                text,
                _times(contrast[side]["ratio"]),
                _ratio(contrast[side], here[side], there[side]),
            )
            for side, text in _SIDES.items()
            if here[side] or there[side]
        ]
        title = f"“{name}”: {label} against {twins['against']}, {twins['pairs']:,} pairs, {age}"
        found.append(Section(title, tuple(rows)))
    return found


def _promoted(contrast: Node, here: Node, there: Node) -> Row:
    if contrast["difference"] is None:
        return Row("promoted", "–")
    note = f"{_share(here['promoted'])} against {_share(there['promoted'])}"
    if contrast["difference_low"] is not None:
        ends = (100 * contrast[f"difference_{end}"] for end in ("low", "high"))
        note += "; 95 % interval {:+.1f} to {:+.1f} points".format(*ends)
    return Row("promoted", f"{100 * contrast['difference']:+.1f} points", note)


def _ratio(contrast: Node, here: float, there: float) -> str:
    note = f"means {amount(round(here))} against {amount(round(there))}"
    if contrast["ratio_low"] is None:
        return note
    return (
        f"{note}; 95 % interval {amount(contrast['ratio_low'])} to {amount(contrast['ratio_high'])}"
    )


def _above(node: Node) -> list[Row]:
    """Rows about how many had so many times the mean, up to the first number that none had."""
    rows = []
    for times in MULTIPLES:
        name = f"above_{times}x_share"
        label = f"at least {times} times the mean"
        rows.append(Row(label, _share(node[name]), _interval(node, name)))
        if not node[name]:
            break
    return rows


def _steps(steps: Iterable[Node]) -> list[Row]:
    """Rows about how many reached how many users, up to the first number that none reached."""
    rows = []
    for step in steps:
        after = f"the middle one after {span(step['median_s'])}" if step["median_s"] else ""
        rows.append(Row(f"reached {step['reach']:,} users", _share(step["share"]), after))
        if not step["share"]:
            break
    return rows


def _uploads(summary: Node) -> Section:
    reach, inequality = summary["reach"], summary["inequality"]
    age = span(summary["population"]["min_age_s"])
    if not reach["videos"]:
        why = f"nothing posted after the warm-up is {age} old"
        return Section("For comparison: ordinary uploads", (Row("none", "", why),))
    mean = f"the mean, {amount(reach['impressions_mean'])}" if reach["impressions_mean"] else ""
    rows = (
        Row("impressions of middle video", _times(reach["multiple_median"]), mean),
        Row("impressions of the largest", _times(reach["multiple_max"]), "the mean"),
        *_above(reach),
        Row("went viral", _share(reach["viral_share"]), _interval(reach, "viral_share")),
        Row("not seen by anyone", _share(reach["unseen_share"]), _interval(reach, "unseen_share")),
        _typical(reach, ()),
        Row("share of the top 1 %", _share(inequality["top1_share_views"]), "of all views"),
        Row("widest reach", _share(reach["max_share_of_users"]), "of people"),
    )
    return Section(
        f"For comparison: {reach['videos']:,} ordinary uploads, at least {age} old", rows
    )


def _platform(manifest: Node, summary: Node) -> Section:
    watch, population = summary["watch"], summary["population"]
    minutes = watch["minutes_per_active_user_day"]
    rows = (
        Row("people", f"{population['users']:,}", f"{population['creators']:,} accounts post"),
        Row("impressions", number(watch["impressions"]), f"in {span(population['measured_s'])}"),
        *_supply(population),
        Row("watch time", "–" if minutes is None else f"{minutes:.3g} min", "per active day"),
        Row("watched to the end", _share(watch["completion_rate"]), "of impressions"),
        Row("swiped away within 3 seconds", _share(watch["skip_rate"]), "of impressions"),
        Row("engagement by views", _percent(summary["engagement"]["by_views"]), ENGAGEMENT),
        *_origins(summary["sources"]),
    )
    after = ", after the warm-up" if manifest["warmup_s"] else ""
    return Section(f"The platform{after}", rows)


_COMPARED = {
    "completion": "watched to the end",
    "skip": "swiped away within 3 seconds",
    "like": "likes",
    "comment": "comments",
    "share": "shares",
    "follow": "follows",
    "not_interested": "not interested",
}
"""Actions that ranking is judged by."""


def _ranking(summary: Node) -> list[Section]:
    """What people do with ranked videos, over what they do with videos drawn by chance."""
    lifts = summary["ranked_over_random"]
    count = lifts["control_impressions"]
    if not count:
        return []
    rows = [Row(label, _times(lifts[name]["ratio"]), _lift(lifts[name]))
            for name, label in _COMPARED.items()]  # fmt: skip
    title = f"Ranked over random, beside {count:,} videos drawn by chance (95 % interval)"
    return [Section(title, tuple(rows))]


def _creators(summary: Node) -> list[Section]:
    """What creators made of their numbers."""
    if (found := summary.get("creators")) is None:
        return []
    rows = [
        Row(label, _share(found[f"{name}_share"]), _interval(found, f"{name}_share"))
        for name, label in (
            ("paused", "on a pause at the end"), ("quit", "quit for good"),
            ("away", "quit, and will come back"), ("shifted", "changed their topic"),
        )
    ]  # fmt: skip
    for name, label in (
        ("small", "the half with fewest followers"),
        ("large", "the tenth with most"),
    ):
        rows.append(Row(f"  of {label}", _share(found[name]["quit_share"]),
                        _interval(found[name], "quit_share")))  # fmt: skip
    if found["posts_first_day"]:
        change = found["posts_last_day"] / found["posts_first_day"] - 1.0
        rows.append(Row("posts a day", f"{found['posts_last_day']:,}",
                        f"on the last day, {100 * change:+.0f} % since the first"))  # fmt: skip
    title = f"Creators who look back, {found['looked_back']:,} who posted"
    return [Section(title, tuple(rows))]


def _newcomers(summary: Node) -> list[Section]:
    """What people who joined found in their first videos, with ticked interests and without."""
    if (found := summary.get("newcomers")) is None:
        return []
    rows = [
        Row(f"first {last}, {words}", _cosine(part["match"], part["match_se"]),
            f"{_share(part['completed'])} to the end, {part['people']:,} people")
        for last in (100, 350)
        for group, words in (("ticked", "interests ticked"), ("unticked", "none ticked"))
        for part in (found[group][f"first_{last}"],)
    ]  # fmt: skip
    title = "First videos of people who joined: how well they match (95 % interval)"
    return [Section(title, tuple(rows))]


def _cosine(mean: float | None, error: float | None) -> str:
    if mean is None:
        return "–"
    return f"{mean:.3f}" if error is None else f"{mean:.3f} ± {Z95 * error:.3f}"


def _lift(lift: Node) -> str:
    if lift["ranked"] is None or lift["control"] is None:
        return ""
    rates = f"{amount(lift['ranked'], 'share')} against {amount(lift['control'], 'share')}"
    if lift["ratio_low"] is None:
        return rates
    return f"{rates}; {amount(lift['ratio_low'])} to {amount(lift['ratio_high'])}"


def _supply(population: Node) -> list[Row]:
    """Impressions for each post, beside what the scenario states where that is far off."""
    found, off = population["supply_realised"], _off(population)
    if found is None:
        return []
    note = f"people are {population['headroom']:.3g} times that"
    if off is not None:
        note = f"stated are {amount(population['supply_stated'])}: {100 * off:+.0f} %"
    return [Row("impressions a post", amount(round(found)), note)]


def _off(population: Node) -> float | None:
    """How far the realised supply is from the stated one where that is far; hours do not tell."""
    found, stated = population["supply_realised"], population["supply_stated"]
    if found is None or stated is None or population["measured_s"] < _DAY_S:
        return None
    off = float(found / stated - 1.0)
    return off if abs(off) > _FAR_OFF else None


def _origins(sources: Node) -> list[Row]:
    """The three sources that most views came from."""
    ranked = sorted(
        ((share, name) for name, share in sources.items() if share), key=lambda pair: -pair[0]
    )
    return [Row(f"from source “{name}”", _share(share), "of views") for share, name in ranked[:3]]


def _ending(folder: Path, manifest: Node) -> str:
    wall = sum(seconds for seconds in manifest["wall_seconds"].values() if seconds)
    lines = [
        f"Results: {one_line(folder)}",
        *(["  plots/         pictures"] if (folder / "plots").is_dir() else []),
        "  summary.json   every number, with its interval",
        "  *.parquet      tables of videos, creators, users, probes and more",
        one_line(
            f"Seed {manifest['seed']}, {number(manifest['impressions'])} impressions in "
            f"{span(wall)}, event log {manifest['event_log_hash'][:16]}"
        ),
    ]
    return "\n".join(lines)


def _typical(node: Node, quartiles: tuple[str, ...]) -> Row:
    if node["views_median"] is None:
        return Row("views of the middle video", "–")
    ends = [amount(round(node[key])) for key in quartiles if node[key] is not None]
    note = f"half of them had {ends[0]} to {ends[1]}" if len(ends) == 2 else ""
    return Row("views of the middle video", amount(round(node["views_median"])), note)


def _times(value: float | None) -> str:
    return "–" if value is None else f"{amount(value)}×"


def _share(value: float | None) -> str:
    return "–" if value is None else amount(value, "share")


def _percent(value: float | None) -> str:
    return "–" if value is None else amount(value / 100.0, "share")


def _interval(node: Node, name: str) -> str:
    low, high = node[f"{name}_low"], node[f"{name}_high"]
    if low is None or high is None:
        return ""
    return f"95 % interval {amount(low, 'share').removesuffix(' %')} to {amount(high, 'share')}"


def _viral(node: Node) -> str:
    interval = _interval(node, "viral_share")
    share = _share(node["viral_share"])
    return f"{share}; {interval}" if interval else share
