"""``foryou compare``: several scenarios in the same worlds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.console import console, one_line
from sim.cli.options import From, Metrics, Seed, Set, StudyFolder, WorldsWanted
from sim.cli.study import How, playing, study_command, tell
from sim.cli.table import table

if TYPE_CHECKING:
    from sim.study.compare.result import Compare, Contrast

__all__ = ["EXAMPLES", "compare"]

EXAMPLES = (
    "foryou compare scenarios/baseline.yaml --arm shares:feed.weights.share=3 -n 20",
    "foryou compare scenarios/zero_followers.yaml --arm none:feed.cold_start.policy=none",
    "foryou compare scenarios/baseline.yaml scenarios/zero_followers.yaml --unpaired",
)
"""Shown under the help of the command."""


@study_command
def compare(  # noqa: PLR0913  its arguments are its options
    scenarios: Annotated[
        list[Path],
        typer.Argument(
            metavar="SCENARIO...",
            help="Scenarios, YAML files. The first is what the others are compared with.",
            show_default=False,
        ),
    ],
    n: WorldsWanted = 50,
    arm: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME:PATH=VALUE",
            help="Compare with a changed copy of the one scenario, such as "
            "shares:feed.weights.share=3. Again with the same name for a further change of that "
            "copy, with another name for another copy.",
            show_default=False,
        ),
    ] = None,
    out: StudyFolder = None,
    seed: Seed = None,
    changes: Set = None,
    metric: Metrics = None,
    past: From = None,
    unpaired: Annotated[
        bool,
        typer.Option(
            "--unpaired",
            help="Give each scenario worlds of its own: for scenarios that differ in people or "
            "times, so that their worlds cannot be paired.",
        ),
    ] = False,
    *,
    how: How,
) -> None:
    """Play several scenarios in the same worlds and tell what differs.

    World by world the same people with the same luck meet each ranker, so that small differences
    show. The study folder keeps every run: the same command goes on where it was stopped, and a
    larger -n plays only the new worlds.
    """
    from sim.cli.playable import load_playable
    from sim.study.compare.arms import parse_arms
    from sim.study.compare.study import plan_compare, run_compare
    from sim.study.runs.start import new_study_folder

    arms = parse_arms(arm or ())
    plan = plan_compare(
        scenarios, n, arms=arms, metric=metric, level=how.level,
        unpaired=unpaired, overrides=changes or (), seed=seed, allow_code=how.allow_code,
        past=past,
    )  # fmt: skip
    for changed in ([], *arms.values()):
        for scenario in scenarios:
            load_playable(scenario, [*(changes or ()), *changed])
    folder = new_study_folder(out, "compare", plan.name)
    with playing("Comparing", folder, how, len(plan.specs)) as (hands, progress):
        result = run_compare(
            plan, out=folder, executor=hands, force=how.force, plots=how.plots, progress=progress
        )
    tell(result, how, _print, result.failed)


def _print(result: Compare) -> None:
    """A section for each arm, how many comparisons that makes, and where everything is."""
    from sim.study.statistics.multiple import say_comparisons

    screen = console()
    where = "the same" if result.paired else "its own"
    for arm in list(result.arms)[1:]:
        screen.print()
        screen.print(
            f"“{arm}” against “{result.first}” in {where} {len(result.seeds)} worlds",
            style="bold", markup=False,
        )  # fmt: skip
        interval = f"{100 * result.level:g} % interval"
        head = ("", result.first, "difference", interval, "relative", "p", "saved")
        rows = [_row(c) for c in result.contrasts if c.arm == arm]
        # relative differences only where there is room; what nobody has is left out
        kept = [
            i for i, name in enumerate(head)
            if (name != "relative" or screen.width >= 100) and any(row[i] for row in rows)
        ]  # fmt: skip
        table(screen, [head[i] for i in kept], [[row[i] for i in kept] for row in rows])
    screen.print()
    known = [c.difference.p for c in result.contrasts if c.difference is not None]
    if len(known) > 1:
        text = f"p is adjusted by Holm, intervals are not. {say_comparisons(known, result.level)}"
        screen.print(text, style="dim", markup=False)
    if result.paired:
        screen.print(
            "saved: so many times more worlds it would take without pairing them.", style="dim"
        )
    screen.print()
    screen.print(
        f"Results: {one_line(result.folder)}\n"
        "  plots/            pictures\n"
        "  compare.json      all of this, and each world's differences\n"
        "  compare.parquet   a row a difference; runs.parquet: a row a run",
        markup=False, soft_wrap=True,
    )  # fmt: skip


def _row(contrast: Contrast) -> tuple[str, ...]:
    """Cells of one contrast; empty where there is nothing to say."""
    from sim.core.estimates import chance, times

    found, scale = contrast.difference, contrast.scale
    if found is None:
        return (contrast.metric.path, "too few worlds", "–", "", "", "", "")
    of, relative, saved = found.interval, found.relative, found.variance_saved
    return (
        contrast.metric.path,
        scale.value(found.before),
        scale.change(found.difference),
        scale.changes(of.low, of.high).removesuffix(scale.points),
        "" if relative is None else f"{round(100 * relative.value, 1) + 0.0:+.1f} %",
        chance(contrast.adjusted_p),
        "" if saved is None else times(saved.value),
    )
