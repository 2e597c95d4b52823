"""Fit watching, acting and coming to the facts on what the simulated feed shows.

    python docs/fitting/in_the_loop.py [--rounds 6] [--users 20000] [--mean 200]
        [--seeds 1 2 3] [--scenario scenarios/zero_followers.yaml] [--folder build/in_the_loop]
    python docs/fitting/in_the_loop.py --check --users 200000 --mean 2000

The exposures behind the facts were chosen by a real ranker, and a simulated one chooses as well,
so people are fitted to what For You shows them after the warm-up. A round plays the worlds,
compares them with the facts of ``published.py`` and changes the settings of behaviour by a part of
each miss, on the scale of ln. What each world was found to be is kept in the folder, and each round
with its settings: the same command goes on where it was stopped. A folder belongs to one state of
the code. At the end the settings of the best round are printed, as they stand in a scenario, beside
a table of misses.

``--check`` only measures, with the settings as they are in the scenario.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml
from numpy.typing import NDArray
from published import (
    ACTIVE,
    BINS,
    E9,
    ON_PAGES,
    PER_100,
    SECONDS,
    SHORTEST,
    VISITS,
    W1,
    W4,
    W15,
    W16,
    W17,
)

from sim import assemble as parts
from sim.analysis import Tables
from sim.analysis.engagement import TIER_LABELS, tiers
from sim.analysis.tables import mature
from sim.analysis.watch import shares_by, watch_summary
from sim.core.actions import ACTION_INDEX
from sim.core.errors import ForyouError
from sim.core.surfaces import FOR_YOU
from sim.engine.estimate import default_shards
from sim.machine.compiled import code_hash
from sim.record.recorders import EventLog
from sim.scenario import Scenario, load
from sim.scenario.behaviour import BehaviourConfig
from sim.simulate import compile_engine, tables_in_memory

sys.path.append(str(Path(__file__).resolve().parents[1]))
from facts_of_a_run import together

ROOT: Final = Path(__file__).resolve().parents[2]
DAMPING: Final = 0.6
"""Which part of a miss a round takes away, on the scale of ln."""
LONGEST_STEP: Final = 0.7
"""Most that a round changes a setting, on the scale of ln."""
FEWEST: Final = 1_000
"""Impressions, of a bin of duration, from which its rates are looked at."""
LONGEST_S: Final = 3_600.0
"""Where the last bins of duration end, or further."""
HOOK_S: Final = 3.0
"""How long the first seconds are, s."""
FIRST: Final = ((0.0, HOOK_S), (0.0, 7.0))
"""Spans of seconds that say how many leave a video early; short videos have only the first."""
W1_ENDS: Final = [high for _, high in W1]
"""Upper ends of the bins of duration of W1, s."""

Counts = dict[str, NDArray[np.float64]]
"""What worlds were found to be, as sums over them, by name."""


# ---- playing ------------------------------------------------------------------------------------


class Tally(EventLog):
    """An event log that counts what For You showed after the warm-up, and keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        del path
        super().__init__(None)
        self.start_s = 0.0
        self.duration_of: Callable[[NDArray[np.int32]], NDArray[np.float64]] = np.asarray
        self.playing = np.zeros((len(W4), len(SECONDS) + 1))
        self.finished = np.zeros((len(W4), 2))
        self.views = 0
        self.acts = np.zeros(len(PER_100))
        self.visits = np.zeros(2)

    @property
    def wanted(self) -> bool:
        """It is."""
        return True

    def keep(self, events: NDArray[Any]) -> None:
        """Count a window's events."""
        shown = (events["surface"] == FOR_YOU) & (events["time_s"] >= self.start_s)
        events = events[shown]
        duration = self.duration_of(events["video"])
        add_watching(self.playing, self.finished, duration, events["watch_ms"])
        self.views += int(events["views"].sum())
        visited = (events["actions"] >> ACTION_INDEX["profile_visit"]) & 1
        self.visits += visited.sum(), len(events)
        for i, name in enumerate(PER_100):
            self.acts[i] += ((events["actions"] >> ACTION_INDEX[name]) & 1).sum()


def add_watching(
    playing: NDArray[np.float64], finished: NDArray[np.float64], duration_s: NDArray[np.float64],
    watch_ms: NDArray[np.int32],
) -> None:  # fmt: skip
    """Add impressions [N] of videos so long, watched so long, replays included.

    ``playing`` [bins of W4, SECONDS + 1] counts them by how many of SECONDS they reached,
    ``finished`` [bins of W4, 2] all of them, and those that reached the end.
    """
    columns = len(SECONDS) + 1
    reached = np.searchsorted(SECONDS, watch_ms / 1000.0, side="right")
    place = np.searchsorted(BINS, duration_s) - 1
    playing += np.bincount(place * columns + reached, minlength=playing.size).reshape(playing.shape)
    done = watch_ms >= np.floor(duration_s * 1000.0 + 0.5)
    finished[:, 0] += np.bincount(place, minlength=len(W4))
    finished[:, 1] += np.bincount(place, done, minlength=len(W4))


def played(scenario: Scenario, seed: int) -> Counts:
    """Play one world and count."""
    compile_engine()  # which plays a world of its own, so it comes first
    parts.EventLog = Tally  # type: ignore[misc]
    live = parts.assemble(scenario, seed, engine="fast", shards=default_shards(scenario))
    log, videos = live.log, live.world.videos
    assert isinstance(log, Tally)
    log.start_s = float(scenario.warmup)
    log.duration_of = lambda video: videos.duration_s[video]
    live.env.run(until=live.end)
    tables = tables_in_memory(live)
    return {
        "worlds": np.array(1.0), "playing": log.playing, "finished": log.finished,
        "views": np.array(float(log.views)), "acts": log.acts, "visits": log.visits,
        **of_tables(tables),
    }  # fmt: skip


def of_tables(tables: Tables) -> Counts:
    """What the tables of a world tell, all surfaces.

    Days, sessions, videos and minutes are over the whole run, since the users' table has no time
    in it; the share of people who come on a day is after the warm-up. ``tiers`` [tiers, 4] has the
    videos with views enough for a rate of their own and the sum of these (E1), then all videos, and
    these times the rate of all; ``together`` [pairs, 2] the correlations of E9, and worlds.
    """
    watch, users = watch_summary(tables), tables.users
    used = users.select("active_days", "sessions", "impressions", "watch_s").sum().row(0)
    rates = [(t.rated, t.mean or 0.0, t.videos, t.total or 0.0) for t in tiers(mature(tables))]
    by_tier = np.array(rates, float)
    by_tier[:, 1] *= by_tier[:, 0]
    by_tier[:, 3] *= by_tier[:, 2]
    correlations = [(row.found or 0.0, 1.0) for row in together(tables)]
    return {
        "used": np.array(used, float) / (1.0, 1.0, 1.0, 60.0),
        "active": np.array(
            (watch.minutes_per_user_day or 0.0) / (watch.minutes_per_active_user_day or math.inf)
        ),
        "pages": np.array([shares_by(tables, "surface").get(name, 0.0) for name in ON_PAGES]),
        "tiers": by_tier,
        "together": np.array(correlations or np.zeros((len(E9), 2))),
    }


def added(counts: Sequence[Counts]) -> Counts:
    """The sum over worlds."""
    return {name: np.sum([c[name] for c in counts], axis=0) for name in counts[0]}


# ---- misses -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Miss:
    """One fact beside what was found."""

    fact: str
    """Id of the fact; empty for an assumption."""
    what: str
    published: float
    found: float
    """NaN where there is too little for it."""
    most: float
    """How far off it may be, on the scale of ``off``."""
    kind: str = "ratio"
    """``ratio``: off is ln(found / published); ``gap``: it is what was found, a distance; ``floor``
    as ratio, and more is not too much."""

    @property
    def off(self) -> float:
        """How far off it is; NaN where there is too little for it."""
        if self.kind == "gap":
            return self.found
        if not self.found > 0.0:
            return math.nan if math.isnan(self.found) else -math.inf
        off = math.log(self.found / self.published)
        return min(off, 0.0) if self.kind == "floor" else off

    @property
    def met(self) -> bool:
        """Whether it is near enough, or there is too little to tell."""
        return not abs(self.off) > self.most


def misses(counts: Counts) -> list[Miss]:
    """All facts beside what was found."""
    shown, done = counts["finished"].T
    enough = shown >= FEWEST
    rows = [
        Miss("W4", f"watched to the end, {between(low, high)}, percent", fact,
             100.0 * done[i] / shown[i] if enough[i] else math.nan, 0.2)
        for i, (low, high, fact) in enumerate(zip(BINS, BINS[1:], W4, strict=False))
    ]  # fmt: skip
    rows += [
        Miss("W1", f"still playing, {between(*ends)}, largest gap", 0.0,
             float(np.abs(curve - np.array(fact)).max()) if n >= FEWEST else math.nan, 0.07, "gap")
        for (ends, fact), curve, n in zip(W1.items(), *survival(counts["playing"]), strict=True)
    ]  # fmt: skip
    for (name, fact), acts in zip(PER_100.items(), counts["acts"], strict=True):
        of = "E2" if name in ("like", "comment", "share") else "E4"
        of = "" if name == "sound_tap" else of
        per_100 = 100.0 * float(acts / counts["views"])
        rows.append(Miss(of, per_100_views(name), fact, per_100, 0.35))
    visits, shown_for_you = counts["visits"]
    rows.append(Miss("E5", "profile visits per 100 impressions", VISITS,
                     100.0 * float(visits / shown_for_you), 0.35))  # fmt: skip
    for (name, fact), share in zip(ON_PAGES.items(), counts["pages"], strict=True):
        found = 100.0 * float(share / counts["worlds"])
        rows.append(Miss("F11", on_page(name), fact, found, 0.35))
    days, sessions, videos, minutes = counts["used"]
    active = float(counts["active"] / counts["worlds"])
    rows += [
        Miss("W16", "minutes per active user-day", W16, minutes / days, 0.35),
        Miss("", "people who come on a day, percent", 100.0 * ACTIVE, 100.0 * active, 0.35),
        Miss("W15", "videos per active user-day", W15, videos / days, 0.2, "floor"),
        Miss("W17", "minutes a session", W17[0], minutes / sessions, 1.0),
        Miss("W17", "videos a session", W17[1], videos / sessions, 1.0),
    ]
    return rows + [
        Miss("E9", name, fact, total / worlds if worlds else math.nan, 0.2)
        for (name, fact), (total, worlds) in zip(E9.items(), counts["together"], strict=True)
    ]


def per_100_views(name: str) -> str:
    """An action in words."""
    return f"{name.replace('_', ' ')} per 100 views"


def on_page(name: str) -> str:
    """Views on a surface in words."""
    return f"views on {name}, percent"


def between(low: float, high: float) -> str:
    """A bin of duration in words."""
    return f"above {low:g} s" if high >= LONGEST_S else f"{low:g} to {high:g} s"


def survival(playing: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share still playing by bin of W1 [bins, SECONDS], NaN in an empty one; impressions [bins].

    The first bin is two of W4, in the mix in which they were published.
    """
    at_least = np.cumsum(playing[:, ::-1], axis=1)[:, ::-1]
    shown = at_least[:, 0]
    curves = at_least[:, 1:] / np.where(shown > 0, shown, np.nan)[:, None]
    first = np.array(SHORTEST) @ curves[:2]
    return np.vstack([first, curves[2:]]), np.array([shown[:2].sum(), *shown[2:]])


def score(rows: Sequence[Miss]) -> tuple[int, float]:
    """How many facts are missed, and how far, in units of what is allowed; smaller is better."""
    known = [row.off / row.most for row in rows if not math.isnan(row.off)]
    return sum(not row.met for row in rows), float(np.sum(np.minimum(np.square(known), 100.0)))


# ---- a step -------------------------------------------------------------------------------------


def step(config: BehaviourConfig, counts: Counts, damping: float = DAMPING) -> BehaviourConfig:
    """Change the settings by a part of each miss.

    Levels of actions follow E2, E4 and E5, the pages F11. The hazard of swiping follows W1, second
    by second, over all durations. Its factor by duration follows what is left in each bin: half of
    the miss of W4, and half of that of the first seconds. How soon people leave follows the minutes
    of a day (W16) and of a session (W17), and how often they come the minutes of a day and the
    share of people who come, half of each, since no two settings can meet all three.
    """
    rows = misses(counts)
    found = {row.what: row.off for row in rows}

    def times(value: float, *offs: float) -> float:
        """The value times a factor: ln of it is the mean of what it should be, damped."""
        known = [off for off in offs if math.isfinite(off)]
        change = damping * float(np.mean(known)) if known else 0.0
        return float(f"{value * math.exp(min(max(change, -LONGEST_STEP), LONGEST_STEP)):.4g}")

    data = config.model_dump()
    watch, act, session = data["watch"], data["act"], data["session"]
    for name in PER_100:
        act[name] = times(act[name], -found[per_100_views(name)])
    act["profile_visit"] = times(act["profile_visit"], -found["profile visits per 100 impressions"])
    browse = data["browse"]
    browse["open"] = min(times(browse["open"], -found[on_page("profile")]), 1.0)
    browse["search"] = min(times(browse["search"], -found[on_page("search")]), 1.0)
    playing = counts["playing"]
    w4 = [row.off for row in rows if row.fact == "W4"]
    first = np.ma.masked_invalid(hazard_misses(playing, FIRST, apart=True)).mean(axis=1)
    first = first.filled(np.nan)
    watch["duration_factor"] = tuple(
        (at, times(factor, w4[bin_of(BINS, at)], -first[bin_of([0, *W1_ENDS], at)]))
        for at, factor in watch["duration_factor"]
    )
    starts = [start for start, _ in watch["hazard"]]
    offs = hazard_misses(playing, list(pairwise([*starts, math.inf])))[0]
    watch["hazard"] = tuple(
        (at, times(rate, -off)) for (at, rate), off in zip(watch["hazard"], offs, strict=True)
    )
    day, a_session = found["minutes per active user-day"], found["minutes a session"]
    session["leave"] = times(session["leave"], day, a_session)
    session["sessions_per_day"] = times(
        session["sessions_per_day"], -day, -found["people who come on a day, percent"]
    )
    return BehaviourConfig.model_validate(data)


def bin_of(ends: Sequence[float], duration_s: float) -> int:
    """The bin of a duration; the first one has 0 too."""
    return max(int(np.searchsorted(ends, duration_s)) - 1, 0)


def hazard_misses(
    playing: NDArray[np.float64], spans: Sequence[tuple[float, float]], *, apart: bool = False
) -> NDArray[np.float64]:
    """[1, spans] ln of the hazard found over that published, from second to second.

    Over those bins of duration whose videos have not ended by then, as they were shown; NaN where
    there is too little. With ``apart`` it is [bins, spans], each for itself.
    """
    at = np.array([0.0, *SECONDS])
    found_curves, shown = survival(playing)
    curves = np.nan_to_num(found_curves), np.array(list(W1.values()))
    spent = np.full((2, len(W1), len(spans)), np.nan)
    for i, (low, _) in enumerate(W1):
        for j, (start, end) in enumerate(spans):
            # every video lasts for the first seconds; which second the last row ends is not said
            if shown[i] < FEWEST or end > max(low, HOOK_S):
                continue
            for k, curve in enumerate(curves):
                total = -np.log(np.maximum([1.0, *curve[i]], 1e-9))
                spent[k, i, j] = np.diff(np.interp([start, end], at, total)).item()
    if not apart:
        weight = np.where(np.isnan(spent[0]), 0.0, shown[:, None])
        spent = np.nansum(spent * weight, axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.log(spent[0] / spent[1])
    return np.where(np.isfinite(found), found, np.nan)


# ---- rounds -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Round:
    """One round of a fit."""

    config: BehaviourConfig
    counts: Counts

    @property
    def misses(self) -> list[Miss]:
        """All facts beside what was found."""
        return misses(self.counts)


@dataclass(frozen=True)
class Fit:
    """What is fitted, and where it is kept."""

    scenario: Scenario
    seeds: Sequence[int]
    folder: Path
    play: Callable[[Scenario, int], Counts] = played

    def begin(self) -> None:
        """Make the folder, or refuse one that holds something else."""
        about = {
            "scenario": json.loads(self.scenario.model_dump_json()), "seeds": list(self.seeds),
            "code": code_hash(),
        }  # fmt: skip
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "about.json"
        if not file.exists():
            write(file, about)
        elif json.loads(file.read_text(encoding="utf-8")) != about:
            sys.exit(f"{self.folder}: holds a fit of another scenario or code; give another folder")

    def rounds(self, wanted: int, damping: float) -> list[Round]:
        """Play so many rounds, or read those that were played already."""
        config, done = self.scenario.behaviour, []
        for number in range(wanted):
            done.append(self.round(number, config))
            rows = done[-1].misses
            write(self.folder / f"round_{number}.json", {
                "settings": fitted(config), "score": score(rows),
                "misses": [{**asdict(row), "off": row.off, "met": row.met} for row in rows],
            })  # fmt: skip
            missed, far = score(rows)
            print(f"round {number}: {missed} of {len(rows)} missed, {far:.1f}", flush=True)
            config = step(config, done[-1].counts, damping)
        return done

    def round(self, number: int, config: BehaviourConfig) -> Round:
        """Play the worlds of one round, or read them."""
        scenario = self.scenario.model_copy(update={"behaviour": config})
        counts = []
        for seed in self.seeds:
            file = self.folder / f"round_{number}_seed_{seed}.json"
            if not file.exists():
                found = self.play(scenario, seed)
                write(file, {"settings": fitted(config), "counts": plain(found)})
            kept = json.loads(file.read_text(encoding="utf-8"))
            if kept["settings"] != json.loads(json.dumps(fitted(config))):
                sys.exit(f"{file}: was played with other settings; give another folder")
            counts.append({k: np.array(value, float) for k, value in kept["counts"].items()})
        return Round(config, added(counts))


def write(file: Path, data: Mapping[str, Any]) -> None:
    """Write JSON, all of it or nothing."""
    part = file.with_suffix(".part")
    part.write_text(json.dumps(data, indent=1), encoding="utf-8")
    part.replace(file)


def plain(counts: Counts) -> dict[str, Any]:
    """Counts as lists."""
    return {name: np.asarray(values).tolist() for name, values in counts.items()}


def fitted(config: BehaviourConfig) -> dict[str, Any]:
    """The settings that a step changes."""
    data = config.model_dump()
    chosen = {
        "watch": ("hazard", "duration_factor"), "act": (*PER_100, "profile_visit"),
        "browse": ("open", "search"),
        "session": ("leave", "sessions_per_day"),
    }  # fmt: skip
    return {
        group: {name: listed(data[group][name]) for name in names}
        for group, names in chosen.items()
    }


def listed(value: Any) -> Any:
    """A curve as lists, anything else as it is."""
    return [list(row) for row in value] if isinstance(value, tuple) else value


# ---- printing -----------------------------------------------------------------------------------


def table(rows: Sequence[Miss]) -> str:
    """Facts, what was found, and how far off that is."""
    lines = ["| fact | what | published | found | off | |", "|---|---|---:|---:|---:|---|"]
    for row in rows:
        published = "" if row.kind == "gap" else f"{row.published:.4g}"
        told = ("", "", "too few") if math.isnan(row.off) else (
            f"{row.found:.3g}", f"{row.off:+.2f}", "" if row.met else "miss",
        )  # fmt: skip
        lines.append(f"| {row.fact} | {row.what} | {published} | {' | '.join(told)} |")
    return "\n".join(lines)


def verdicts(counts: Counts) -> str:
    """What a fit is judged by, and engagement by the followers of the creator."""
    rows = misses(counts)
    offs = {fact: [r.off for r in rows if r.fact == fact] for fact in ("W4", "W1")}
    w4, w1 = (np.abs([x for x in offs[fact] if not math.isnan(x)]) for fact in ("W4", "W1"))
    missed, _ = score(rows)
    lines = [
        f"W4: {int((w4 <= 0.2).sum())} of {len(w4)} bins within 0.2, at most {w4.max():.2f} off",
        f"W1: {int((w1 <= 0.07).sum())} of {len(w1)} bins within 0.07, at most {w1.max():.3f} off",
        f"all: {missed} of {sum(not math.isnan(row.off) for row in rows)} facts missed",
        "",
        "| followers | videos | rate of all, percent | with enough views | mean rate, percent |",
        "|---|---:|---:|---:|---:|",
    ]
    for label, (rated, rates, videos, total) in zip(TIER_LABELS, counts["tiers"], strict=True):
        if videos:
            mean = f"{rates / rated:.2f}" if rated else ""
            lines.append(
                f"| {label} | {videos:.0f} | {total / videos:.2f} | {rated:.0f} | {mean} |"
            )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, or only measure, and print."""
    parser = argparse.ArgumentParser(description="Fits behaviour on what the feed shows.")
    parser.add_argument("--scenario", type=Path, default=ROOT / "scenarios" / "zero_followers.yaml")
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--mean", type=float, default=200, help="impressions a post")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--rounds", type=int, default=6, help="the last one only measures")
    parser.add_argument("--damping", type=float, default=DAMPING, help="part of a miss a round")
    parser.add_argument("--folder", type=Path, default=Path("build") / "in_the_loop")
    parser.add_argument("--check", action="store_true", help="only measure")
    wanted = parser.parse_args(arguments)
    changes = [
        f"population.users={wanted.users}", f"catalogue.mean_impressions={wanted.mean:g}",
    ]  # fmt: skip
    try:
        scenario = load(wanted.scenario, changes)
    except ForyouError as error:
        sys.exit(str(error))
    fit = Fit(scenario, wanted.seeds, wanted.folder)
    if wanted.check:
        found = added([played(fit.scenario, seed) for seed in fit.seeds])
        print(table(misses(found)), verdicts(found), sep="\n\n")
        return
    fit.begin()
    done = fit.rounds(wanted.rounds, wanted.damping)
    best = min(done, key=lambda one: score(one.misses))
    print(f"\nThe settings of round {done.index(best)}:\n")
    print(
        yaml.safe_dump(
            {"behaviour": fitted(best.config)}, sort_keys=False, default_flow_style=None, width=96
        )
    )
    print(table(best.misses), verdicts(best.counts), sep="\n\n")


if __name__ == "__main__":
    main()
