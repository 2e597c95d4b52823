"""``foryou sensitivity``: which setting matters for which number."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.console import console, one_line
from sim.cli.options import Metrics, ScenarioFile, Seed, Set, StudyFolder
from sim.cli.study import How, playing, study_command, tell
from sim.cli.table import last_parts, table

if TYPE_CHECKING:
    from sim.core.estimates import Scale
    from sim.study.sensitivity.study import Sensitivity

__all__ = ["EXAMPLES", "Methods", "sensitivity"]

EXAMPLES = (
    "foryou sensitivity scenarios/zero_followers.yaml",
    "foryou sensitivity scenarios/zero_followers.yaml --vary feed.weights.share=0.5..4 "
    "--vary 'feed.cold_start.slots=0..30 %' --samples 20 -n 4",
    "foryou sensitivity scenarios/baseline.yaml --method sobol --samples 128 "
    "--metric watch.minutes_per_user_day",
)
"""Shown under the help of the command."""


class Methods(StrEnum):
    """Ways to say how much a setting matters."""

    morris = "morris"
    sobol = "sobol"


@study_command
def sensitivity(  # noqa: PLR0913  its arguments are its options
    scenario: ScenarioFile,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            metavar="PATH=RANGE",
            help="A setting and its range, such as 0.5..4, log:0.1..10 or '0..30 %'; morris can "
            "do with up to four values as well. May be given several times. Without it "
            "every weight of the ranker that is not zero varies from half to double.",
            show_default=False,
        ),
    ] = None,
    method: Annotated[
        Methods,
        typer.Option(
            help="morris: a screening, samples x (settings + 2) points. "
            "sobol: shares of the variance, samples x (settings + 3) points, many more samples."
        ),
    ] = Methods.morris,
    samples: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Trajectories of morris (10), base samples of sobol (64, a power of two).",
            show_default=False,
        ),
    ] = None,
    n: Annotated[
        int,
        typer.Option(
            "-n", "--worlds", metavar="N", min=1, max=100_000, help="Worlds at every point."
        ),
    ] = 2,
    out: StudyFolder = None,
    metric: Metrics = None,
    changes: Set = None,
    seed: Seed = None,
    *,
    how: How,
) -> None:
    """Tell which setting matters for which number, and what is luck.

    One more column changes nothing but the worlds. What it does is the floor: a setting
    that does not rise above it cannot be told from one without effect.
    """
    from sim.cli.forecast import Forecast
    from sim.study.runs.start import new_study_folder, subject
    from sim.study.sensitivity.study import plan_sensitivity, run_sensitivity

    about = subject(scenario, changes or (), seed=seed, allow_code=how.allow_code)
    plan = plan_sensitivity(
        about, vary, n, method=method.value, samples=samples, metric=metric, level=how.level
    )
    folder = new_study_folder(out, "sensitivity", about.scenario.name)
    with playing("Sampling", folder, how, plan.runs) as (hands, progress):
        forecast = Forecast(hands, shown=how.shown)
        count = len(plan.variables)
        settings = f"{count} setting{'s' * (count != 1)} and luck"
        points = f"{plan.count} samples, {len(plan.scenarios):,} points"
        each = f"{n} world{'s' * (n != 1)} each"
        forecast.runs(f"{settings}, {points}, {each}", plan.runs)
        result = run_sensitivity(
            plan,
            out=folder,
            executor=hands,
            plots=how.plots,
            force=how.force,
            progress=forecast.after_first(progress),
            heard=forecast.heard,
        )
    tell(result, how, _print, result.failed)


def _print(result: Sensitivity) -> None:
    """A table for each number, the most important setting first."""
    screen, morris = console(), result.plan.method == "morris"
    percent = f"{100 * result.plan.level:g} % interval"
    names = ("mu*", percent, "sigma", "mu") if morris else ("total", percent, "first", percent)
    content = result.to_dict()
    paths = [variable.path for variable in result.plan.variables]
    short = dict(zip(paths, last_parts(paths), strict=True))
    for number in content["numbers"]:
        if number["settings"]:
            screen.print()
            title = f"{number['label']} ({number['path']}){_in_unit(number) if morris else ''}"
            screen.print(title, style="bold", markup=False)
            table(screen, ("", *names, "above luck"), _rows(number, morris, short))
    screen.print()
    meaning = (
        "mu*: how much the whole range of a setting changes the number, without its sign; "
        "sigma: how much that differs with the other settings; mu: with its sign."
        if morris
        else "Shares of the variance over all samples. first: the setting alone; "
        "total: with everything that it does together with others."
    )
    screen.print(f"{meaning} luck: what other worlds do.", style="dim", markup=False)
    for note in result.notes:
        screen.print(note, style="dim", markup=False)
    screen.print()
    screen.print(
        f"Results: {one_line(result.folder)}\n"
        "  plots/                 pictures\n"
        "  sensitivity.json       all of this\n"
        "  sensitivity.parquet    a row for each number and setting",
        markup=False, soft_wrap=True,
    )  # fmt: skip


def _rows(number: dict[str, Any], morris: bool, short: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Rows of the table; the words of a number's unit come from its scale."""
    from sim.core.estimates import Scale

    rows = number["settings"]
    if not morris:
        share = Scale(1.0, "", "", 2)
        return [
            (
                short.get(row["setting"], row["setting"]),
                share.value(row["total"]),
                share.interval(row["total_low"], row["total_high"]),
                share.value(row["first"]),
                share.interval(row["first_low"], row["first_high"]),
                _said(row["above_luck"]),
            )
            for row in rows
        ]
    scale = _scale(number)
    points = Scale(scale.factor, "", "", scale.decimals)
    return [
        (
            short.get(row["setting"], row["setting"]),
            points.value(row["mu_star"]),
            points.interval(row["mu_star_low"], row["mu_star_high"]),
            points.value(row["sigma"]),
            "" if row["above_luck"] is None else points.change(row["mu"]),
            _said(row["above_luck"]),
        )
        for row in rows
    ]


def _scale(number: dict[str, Any]) -> Scale:
    """How the changes of a number are written."""
    from sim.core.estimates import scale_of

    rows = number["settings"]
    halves = sorted((row["mu_star_high"] - row["mu_star_low"]) / 2 for row in rows)
    largest = max(row["mu_star_high"] for row in rows)
    return scale_of(number["unit"], halves[len(halves) // 2], largest)


def _in_unit(number: dict[str, Any]) -> str:
    unit = _scale(number).points.strip()
    return f", in {unit}" if unit else ""


def _said(above: bool | None) -> str:
    return "" if above is None else "yes" if above else "no"
