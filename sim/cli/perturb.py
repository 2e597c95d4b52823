"""``foryou perturb``: many weights screened in one world, and checked in separate ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.console import console, one_line
from sim.cli.options import ScenarioFile, Seed, Set, StudyFolder
from sim.cli.study import How, playing, study_command, tell
from sim.cli.table import table

if TYPE_CHECKING:
    from rich.console import Console

    from sim.core.estimates import Scale
    from sim.study.perturb.result import Check, Effect, Perturb
    from sim.study.statistics.intervals import Interval

__all__ = ["EXAMPLES", "perturb"]

EXAMPLES = (
    "foryou perturb scenarios/baseline.yaml",
    "foryou perturb scenarios/baseline.yaml --size '30 %' --weight like --weight share -n 10",
    "foryou perturb scenarios/baseline.yaml -n 10 --check completion",
)
"""Shown under the help of the command."""


@study_command
def perturb(  # noqa: PLR0913  its arguments are its options
    scenario: ScenarioFile,
    n: Annotated[
        int,
        typer.Option(
            "-n", "--worlds", metavar="N", min=1, max=100_000, help="How many worlds to play."
        ),
    ] = 5,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="How far a weight goes up or down, of itself; 20 % if the scenario does not say.",
            show_default=False,
        ),
    ] = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Perturb this weight, such as like. May be given several times. All weights "
            "that are not 0 by default.",
            show_default=False,
        ),
    ] = None,
    outcome: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Count this of each user instead of the usual outcomes, such as saves. May be "
            "given several times.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|all|none",
            help="Measure the effect of this weight in separate worlds too: two more runs a "
            "world. May be given several times.",
            show_default=False,
        ),
    ] = None,
    control: Annotated[
        bool,
        typer.Option(
            "--control/--no-control",
            help="Play each world without perturbation too, for much narrower intervals.",
        ),
    ] = True,
    out: StudyFolder = None,
    seed: Seed = None,
    changes: Set = None,
    *,
    how: How,
) -> None:
    """Give every user weights a little up or down and tell which weight moves what.

    One run screens all weights at once. Its users share the same videos and counters, which makes
    the effects differ from those of a ranker for all: --check tells by how much. The study folder
    keeps every run, so checks, outcomes and worlds can be added later.
    """
    from sim.cli.playable import load_playable
    from sim.study.perturb.study import plan_perturb, run_perturb
    from sim.study.runs.start import new_study_folder, subject

    load_playable(scenario, changes)
    about = subject(scenario, changes or (), seed=seed, allow_code=how.allow_code)
    plan = plan_perturb(
        about, n, size=size, weight=weight, outcome=outcome, check=check, control=control,
        level=how.level,
    )  # fmt: skip
    folder = new_study_folder(out, "perturb", plan.scenario.name)
    with playing("Perturbing", folder, how, plan.runs) as (hands, progress):
        result = run_perturb(
            plan, out=folder, executor=hands, force=how.force, plots=how.plots, progress=progress
        )
    tell(result, how, _print, result.failed)


def _print(result: Perturb) -> None:
    """The screening, what it is worth, the checks, and where everything is."""
    from sim.study.statistics.multiple import say_comparisons

    screen, plan = console(), result.plan
    size, limit = f"{100 * plan.size:g} %", 1 - plan.level
    count = "1 weight" if len(plan.weights) == 1 else f"{len(plan.weights)} weights"
    worlds = "1 world" if len(result.seeds) == 1 else f"{len(result.seeds)} worlds"
    screen.print()
    screen.print(
        f"“{plan.scenario.name}”: {count}, {size} up or down for each user, in {worlds}",
        style="bold", markup=False,
    )  # fmt: skip
    _screening(screen, result)
    screen.print()
    known = [e.p for e in result.effects if e.p is not None]
    told = [
        f"Effects in % of the outcome: weight up against weight down. "
        f"±: half of the {100 * plan.level:g} % interval. *: p < {limit:.3g} after Holm's "
        f"correction. {say_comparisons(known, plan.level) if known else ''}"
    ]
    if plan.control:
        told.append(
            "saved: so many times more users it would take without playing each world "
            "unperturbed too."
        )
    if result.scatter is not None:
        told.append(
            f"Their variance between worlds is {result.scatter:.2f} times what these intervals "
            "expect."
        )
    screen.print(" ".join(told), style="dim", markup=False)
    _checks(screen, result)
    screen.print()
    bias = "  bias.parquet      a row a check\n" if result.checks else ""
    screen.print(
        f"Results: {one_line(result.folder)}\n"
        "  plots/            a picture\n"
        "  perturb.json      all of this, and the effects in each world\n"
        f"{bias}"
        "  perturb.parquet   a row an effect",
        markup=False, soft_wrap=True,
    )  # fmt: skip


def _screening(screen: Console, result: Perturb) -> None:
    """A row an outcome, a column a weight; in several tables where the screen is narrow."""
    plan = result.plan
    by_name = {(e.outcome.name, e.weight): e for e in result.effects}
    rows = {
        one.name: [by_name[one.name, name] for name in plan.weights] for one in plan.outcomes
    }  # fmt: skip
    room = screen.width - 4 - max(map(len, rows)) - 2 * len("  saved ")
    chunks: list[list[int]] = [[]]
    for place, name in enumerate(plan.weights):
        used = sum(max(len(plan.weights[i]), 7) + 2 for i in chunks[-1])
        if chunks[-1] and used + max(len(name), 7) + 2 > room:
            chunks.append([])
        chunks[-1].append(place)
    for number, chunk in enumerate(chunks):
        if number:
            screen.print()
        head = ["", *(plan.weights[i] for i in chunk), "±", *(["saved"] if plan.control else [])]
        lines = []
        for name, effects in rows.items():
            scale, half = _scale(effects)
            cells = [_cell(effects[i], scale, plan.level) for i in chunk]
            lines.append([name, *cells, half, *([_saved(effects)] if plan.control else [])])
        table(screen, head, lines)


def _scale(effects: Sequence[Effect]) -> tuple[Scale, str]:
    """How the effects of one outcome are written, and the half width of their intervals."""
    from sim.core.estimates import scale_of

    known = [e.effect for e in effects if e.effect is not None]
    half = max((one.half_width for one in known), default=0.0)
    scale = scale_of("share", half or None, max((abs(one.value) for one in known), default=0.0))
    return scale, scale.plain(half).removesuffix(scale.points) if half > 0 else ""


def _cell(effect: Effect, scale: Scale, level: float) -> str:
    """``+0.42*``; a dash where nobody had the outcome."""
    if effect.effect is None:
        return "– "
    if effect.p is None:
        return "0 "
    sure = effect.adjusted_p is not None and effect.adjusted_p < 1 - level
    return scale.change(effect.effect.value).removesuffix(scale.points) + ("*" if sure else " ")


def _saved(effects: Sequence[Effect]) -> str:
    from sim.core.estimates import times

    # beyond a million there was next to nothing to tell apart
    known = [e.saved for e in effects if e.saved is not None and e.saved < 1e6]
    return times(sum(known) / len(known)) if known else ""


def _checks(screen: Console, result: Perturb) -> None:
    """A section for each checked weight, or how to ask for one."""
    from sim.study.statistics.multiple import say_comparisons

    plan = result.plan
    screen.print()
    if not result.checks:
        more = 2 * max(plan.worlds, 2)
        screen.print(
            "How far these effects are from those of a ranker for all: the same command with "
            f"--check NAME and --out {result.folder}, {more} more runs a weight.",
            style="dim", markup=False,
        )  # fmt: skip
        return
    for name in plan.checks:
        weight = float(plan.scenario.feed.weights[name])
        low, high = weight * (1 - plan.size), weight * (1 + plan.size)
        screen.print(
            f"{name}: {high:g} against {low:g}, in %", style="bold", markup=False,
        )  # fmt: skip
        rows = [_check(c, plan.level) for c in result.checks if c.weight == name]
        table(screen, ("", "in one world", "in separate worlds", "difference"), rows)
        screen.print()
    known = [c.p for c in result.checks if c.p is not None]
    counted = say_comparisons(known, plan.level) if known else ""
    screen.print(
        "In one world half of the users have the weight up, in separate worlds all or none. The "
        f"difference is the bias from what users of one world share. {counted}",
        style="dim", markup=False,
    )  # fmt: skip


def _check(check: Check, level: float) -> tuple[str, ...]:
    """The name, and three numbers with their intervals, all as fine as the least sure one."""
    from sim.core.estimates import scale_of

    three = (check.one_world, check.separate, check.bias)
    known = [of for of in three if of is not None]
    half = max((of.half_width for of in known), default=0.0)
    scale = scale_of("share", half or None, max((abs(of.value) for of in known), default=0.0))

    def cell(of: Interval | None) -> str:
        if of is None:
            return "–"
        if of.value == of.low == of.high == 0:
            return "0"
        ends = scale.changes(of.low, of.high).removesuffix(scale.points)
        return f"{scale.change(of.value).removesuffix(scale.points)} ({ends})"

    sure = check.adjusted_p is not None and check.adjusted_p < 1 - level
    one, separate, bias = map(cell, three)
    return check.outcome.name, one, separate, bias + ("*" if sure else " ")
