"""``foryou worlds``: one scenario in many parallel worlds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.console import console, one_line
from sim.cli.options import Metrics, ScenarioFile, Seed, Set, StudyFolder, WorldsWanted
from sim.cli.study import How, playing, study_command, tell
from sim.cli.table import table

if TYPE_CHECKING:
    from sim.study.statistics.intervals import Interval
    from sim.study.worlds.luck import ProbeLuck
    from sim.study.worlds.study import Worlds

__all__ = ["EXAMPLES", "worlds"]

EXAMPLES = (
    "foryou worlds scenarios/zero_followers.yaml -n 20 --set population.users=5_000",
    "foryou worlds scenarios/baseline.yaml --metric watch.hours --precision '1 %'",
)
"""Shown under the help of the command."""


@study_command
def worlds(
    scenario: ScenarioFile,
    n: WorldsWanted = 50,
    out: StudyFolder = None,
    seed: Seed = None,
    changes: Set = None,
    metric: Metrics = None,
    precision: Annotated[
        str,
        typer.Option(
            metavar="AMOUNT",
            help="Say how many worlds this precision takes: such as '5 %' of each mean, or 0.01 "
            "in the unit of the number.",
        ),
    ] = "5 %",
    *,
    how: How,
) -> None:
    """Play a scenario in many worlds: numbers with intervals, quality and luck.

    The worlds differ in the seed alone. The study folder keeps every run: the same command goes
    on where it was stopped, and a larger -n plays only the new worlds.
    """
    from sim.cli.playable import load_playable
    from sim.study.runs.start import new_study_folder, subject
    from sim.study.worlds.study import plan_worlds, run_worlds

    load_playable(scenario, changes)
    about = subject(scenario, changes or (), seed=seed, allow_code=how.allow_code)
    plan = plan_worlds(about, n, metric=metric, level=how.level, precision=precision)
    folder = new_study_folder(out, "worlds", about.scenario.name)
    with playing("Worlds", folder, how, n) as (hands, progress):
        result = run_worlds(
            plan, out=folder, executor=hands, force=how.force, plots=how.plots, progress=progress
        )
    tell(result, how, _print, result.failed)


def _print(result: Worlds) -> None:
    """The numbers, then quality and luck of each probe, then where everything is."""
    screen = console()
    level = f"{100 * result.level:g} %"
    screen.print()
    screen.print(
        f"“{result.scenario.name}” in {len(result.seeds)} worlds", style="bold", markup=False
    )
    rows = []
    for number in result.numbers:
        scale, of = number.scale, number.interval
        few = f" in {len(number.known)}" if len(number.known) < len(result.seeds) else ""
        rows.append(
            (
                number.metric.path,
                scale.value(None if of is None else of.value) + few,
                scale.interval(None if of is None else of.low, None if of is None else of.high),
                scale.plain(number.sd),
                "–" if number.needed is None else f"{number.needed:,}",
            )
        )
    head = ("", "mean", f"{level} interval", "sd", f"for {result.precision}")
    table(screen, head, rows)
    for probe in result.probes:
        screen.print()
        screen.print(
            f"Why the {probe.videos:,} videos of “{probe.probe}” differ in reach",
            style="bold", markup=False,
        )  # fmt: skip
        table(screen, (), _luck(probe))
    screen.print()
    screen.print(
        "Intervals are of means over worlds. sd: how far one world alone is off. "
        f"for {result.precision}: worlds that give such an interval.",
        style="dim", markup=False,
    )  # fmt: skip
    screen.print()
    screen.print(
        f"Results: {one_line(result.folder)}\n"
        "  plots/           pictures\n"
        "  worlds.json      all of this, and each world's values\n"
        "  worlds.parquet   a row a world",
        markup=False, soft_wrap=True,
    )  # fmt: skip


def _luck(probe: ProbeLuck) -> list[tuple[str, ...]]:
    """Rows about quality and luck."""
    rows: list[tuple[str, ...]] = []
    if probe.quality is not None and probe.luck is not None:
        if probe.same_videos:
            of = ("of the variance of log reach lies between videos", "between worlds")
        else:
            of = (
                "of the variance of log reach: quality, hook, length",
                "anything else: mostly luck",
            )
        rows.append(_share("quality", probe.quality, of[0]))
        rows.append(_share("luck", probe.luck, of[1]))
        if probe.world is not None:
            common = f"{100 * probe.world:.1f} %"
            rows.append(("", common, "", "common to all videos of a world, part of luck"))
    else:
        rows.append(("quality", "–", "", probe.reason))
    if (u := probe.unpredictability) is not None:
        even = f"{100 * u.value * probe.videos:.0f} % of an even share"
        what = f"a video's share of views in two worlds differs by {even}"
        rows.append(("unpredictability", f"{u.value:.2g}", f"{u.low:.2g} to {u.high:.2g}", what))
    if (g := probe.gini) is not None:
        ends = f"{g.low:.2f} to {g.high:.2f}"
        rows.append(("inequality", f"{g.value:.2f}", ends, "Gini coefficient of their views"))
    return rows


def _share(name: str, of: Interval, what: str) -> tuple[str, ...]:
    return (name, f"{100 * of.value:.0f} %", f"{100 * of.low:.0f} to {100 * of.high:.0f} %", what)
