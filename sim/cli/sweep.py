"""``foryou sweep``: what numbers do when settings take other values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.console import console, one_line
from sim.cli.options import From, Metrics, ScenarioFile, Seed, Set, StudyFolder, WorldsWanted
from sim.cli.study import How, playing, study_command, tell
from sim.cli.table import last_parts, table

if TYPE_CHECKING:
    from sim.study.sweep.response import Answer
    from sim.study.sweep.result import Cell
    from sim.study.sweep.study import Sweep

__all__ = ["EXAMPLES", "sweep"]

EXAMPLES = (
    "foryou sweep scenarios/zero_followers.yaml --vary feed.weights.share=0.5,1,2,4",
    "foryou sweep scenarios/zero_followers.yaml --vary feed.cold_start.policy=none,pools -n 8",
    "foryou sweep scenarios/baseline.yaml --vary feed.weights.share=log:0.25..4:5 "
    "--vary 'feed.cold_start.slots=0..30 %:4' --metric watch.minutes_per_user_day",
    "foryou sweep scenarios/baseline.yaml --vary feed.weights.share=log:0.1..10 "
    "--vary feed.slate=5..20 --samples 32",
)
"""Shown under the help of the command."""

MAX_ROWS = 40
"""Most points that are printed; more are in the files only."""
WIDE = 110
"""Columns of a terminal from which on intervals of means are printed too."""


@study_command
def sweep(  # noqa: PLR0913  its arguments are its options
    scenario: ScenarioFile,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            metavar="PATH=VALUES",
            help="A setting and its values: a list such as 0.5,1,2 or none,pools; a range with its "
            "steps such as '0..30 %:4' or log:0.1..10:5; a range alone for samples. May be given "
            "several times.",
            show_default=False,
        ),
    ] = None,
    n: WorldsWanted = 4,
    samples: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Take N points of a Latin hypercube instead of a grid.",
            show_default=False,
        ),
    ] = None,
    out: StudyFolder = None,
    metric: Metrics = None,
    changes: Set = None,
    seed: Seed = None,
    past: From = None,
    *,
    how: How,
) -> None:
    """Run a scenario with other values of some settings, and compare.

    Every combination of the values is played in the same worlds as the scenario as it is, so
    that differences are those of pairs of worlds. A unit behind the last number of a range holds
    for both ends.
    """
    from sim.cli.forecast import Forecast
    from sim.study.runs.start import new_study_folder, subject
    from sim.study.sweep.study import plan_sweep, run_sweep

    about = subject(scenario, changes or (), seed=seed, allow_code=how.allow_code, past=past)
    plan = plan_sweep(about, vary or (), n, samples=samples, metric=metric, level=how.level)
    folder = new_study_folder(out, "sweep", about.scenario.name)
    with playing("Sweeping", folder, how, plan.runs) as (hands, progress):
        forecast = Forecast(hands, shown=how.shown)
        points = f"{len(plan.points):,} points and the scenario as it is"
        forecast.runs(f"{points}, {n} worlds each", plan.runs)
        result = run_sweep(
            plan,
            out=folder,
            executor=hands,
            plots=how.plots,
            force=how.force,
            progress=forecast.after_first(progress),
            heard=forecast.heard,
        )
    tell(result, how, _print, result.failed)


def _print(result: Sweep) -> None:
    """A table for each number, then what has to be said, then where the files are."""
    plan, screen = result.plan, console()
    percent = f"{100 * plan.level:g} % interval"
    wide = screen.width >= WIDE
    paths = [variable.path for variable in plan.variables]
    names = last_parts(paths) if len(paths) > 1 else paths
    for metric in plan.metrics:
        screen.print()
        screen.print(f"{metric.label} ({metric.path})", style="bold", markup=False)
        if len(plan.points) <= MAX_ROWS:
            head = (*names, "mean", *([percent] * wide), "difference", percent, "p (Holm)")
            table(screen, head, _rows(result, metric.path, metric.unit, wide))
        if len(paths) > 1 or plan.samples is not None:
            for path, along in zip(paths, result.answers[metric.path], strict=True):
                screen.print(f"  along {path}, over all else", style="dim", markup=False)
                table(screen, ("", "points", "mean", "difference", percent),
                      _along(along, metric.unit))  # fmt: skip
    screen.print()
    if len(plan.points) > MAX_ROWS:
        screen.print(f"All {len(plan.points):,} points are in sweep.parquet.", style="dim")
    for note in result.notes:
        screen.print(note, style="dim", markup=False)
    screen.print()
    screen.print(
        f"Results: {one_line(result.folder)}\n"
        "  plots/           a picture for each number\n"
        "  sweep.json       all of this\n"
        "  sweep.parquet    a row for each number at each point",
        markup=False, soft_wrap=True,
    )  # fmt: skip


def _rows(result: Sweep, path: str, unit: str, wide: bool) -> Iterator[list[str]]:
    """The scenario as it is, then each point; intervals of means where there is room for them."""
    from statistics import median

    from sim.core.estimates import chance, scale_of

    cells = result.cells[path]
    of = [cell.number.interval for cell in cells if cell.number.interval is not None]
    than = [cell.difference.interval for cell in cells if cell.difference is not None]
    largest = max((abs(value) for cell in cells for value in cell.number.known), default=0.0)
    values = scale_of(unit, median(i.half_width for i in of) if of else None, largest)
    changes = scale_of(unit, median(i.half_width for i in than) if than else None, largest)

    def row(cell: Cell) -> list[str]:
        interval, difference = cell.number.interval, cell.difference
        known = cell.number.known
        mean = values.value(sum(known) / len(known) if known else None)
        within = "" if interval is None else values.interval(interval.low, interval.high)
        first = [mean, within] if wide else [mean]
        if difference is None:
            return [*first, "", "", ""]
        ends = changes.changes(difference.interval.low, difference.interval.high)
        return [*first, changes.change(difference.difference), ends, chance(cell.p_holm)]

    blank = [""] * (len(result.plan.variables) - 1)
    yield ["as it is", *blank, *row(cells[0])]
    for point, cell in zip(result.plan.points, cells[1:], strict=True):
        yield [*(at.text for at in point), *row(cell)]


def _along(answers: Sequence[Answer], unit: str) -> Iterator[list[str]]:
    """The values of one setting, each a mean over the points that share it."""
    from statistics import median

    from sim.core.estimates import scale_of

    halves = [answer.difference.half_width for answer in answers if answer.difference is not None]
    largest = max((abs(answer.mean) for answer in answers), default=0.0)
    scale = scale_of(unit, median(halves) if halves else None, largest)
    for answer in answers:
        than = answer.difference
        yield [
            answer.text,
            str(answer.points),
            scale.value(answer.mean),
            "" if than is None else scale.change(than.value),
            "" if than is None else scale.changes(than.low, than.high),
        ]
