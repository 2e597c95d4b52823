"""``foryou tune``: search for settings that do better, and test what is found."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.console import console, one_line
from sim.cli.options import From, ScenarioFile, Seed, Set, StudyFolder
from sim.cli.study import How, playing, study_command, tell
from sim.cli.table import table

if TYPE_CHECKING:
    from sim.core.estimates import Scale
    from sim.study.tune.confirm import Bound, Candidate, Confirmed
    from sim.study.tune.result import Tuned

__all__ = ["EXAMPLES", "caution", "tune", "verdict"]

EXAMPLES = (
    "foryou tune scenarios/tune_newcomers.yaml --out studies/newcomers",
    "foryou tune scenarios/tune_newcomers.yaml --trials 40 --set population.users=2_000",
)
"""Shown under the help of the command."""


@study_command
def tune(  # noqa: PLR0913  its arguments are its options
    scenario: ScenarioFile,
    trials: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Trials, instead of tune.trials of the scenario; more than before go on.",
            show_default=False,
        ),
    ] = None,
    worlds: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Worlds of a trial, instead of tune.worlds of the scenario.",
            show_default=False,
        ),
    ] = None,
    time_limit: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Begin no batch of trials after this time of searching, such as '20 min'.",
            show_default=False,
        ),
    ] = None,
    storage: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="FORYOU_STORAGE",
            show_envvar=True,
            help="Keep the trials in this database, for several machines that search together: "
            "postgresql://user@host/database. By default they are in a file of the folder.",
            show_default=False,
        ),
    ] = None,
    out: StudyFolder = None,
    seed: Seed = None,
    changes: Set = None,
    past: From = None,
    *,
    how: How,
) -> None:
    """Search for settings that do better; test the best on fresh worlds.

    The section "tune" of the scenario says what varies, what is wanted and what must be kept.
    The study folder keeps every run: the same command goes on where it was stopped. The best is
    written to best.yaml, a scenario to run.
    """
    from sim.core.errors import ForyouError
    from sim.core.units import UnitError, parse_duration
    from sim.study.runs.start import new_study_folder
    from sim.study.tune.study import prepare, search

    try:
        limit = None if time_limit is None else parse_duration(time_limit)
    except UnitError as error:
        raise ForyouError(f"--time-limit: {error}") from None
    plan = prepare(
        scenario,
        trials,
        worlds=worlds,
        time_limit_s=limit,
        storage=storage,
        overrides=changes or (),
        seed=seed,
        level=how.level,
        allow_code=how.allow_code,
        past=past,
    )
    folder = new_study_folder(out, "tune", plan.scenario.name)
    with playing("Search", folder, how, plan.runs) as (hands, progress):
        result = search(
            plan, out=folder, executor=hands, force=how.force, plots=how.plots, progress=progress
        )
    tell(result, how, _print)


def _print(result: Tuned) -> None:
    """The best with its test, the candidates, what matters, and where everything is."""
    screen = console()
    states = [trial.state for trial in result.trials]
    early, failed = states.count("pruned"), states.count("failed")
    parts = [f"{early} stopped early"] if early else []
    parts += [f"{failed} failed"] if failed else []
    tail = f" ({', '.join(parts)})" if parts else ""
    screen.print()
    screen.print(
        f"“{result.scenario.name}”: {len(states)} trials{tail}", style="bold", markup=False
    )
    screen.print(verdict(result), markup=False)
    if (best := result.best) is not None:
        screen.print()
        screen.print(
            f"The best, trial {best.trial.number}, on fresh worlds", style="bold", markup=False
        )
        level = f"{100 * result.level:g} % interval"
        head = ("", "before", "after", "difference", level, "the search said")
        known = [number for number in best.numbers if number.difference is not None]
        table(screen, head, [_row(number) for number in known])
        screen.print()
        table(screen, ("setting", "from", "to"), _settings(result, best))
    if len(result.candidates) > 1:
        screen.print()
        screen.print("Candidates on fresh worlds", style="bold", markup=False)
        table(screen, *_candidates(result))
    if result.importances:
        screen.print()
        screen.print("Which settings make a trial good", style="bold", markup=False)
        table(screen, *_importances(result))
    screen.print()
    screen.print(caution(result), style="dim", markup=False)
    screen.print()
    screen.print(_ending(result), markup=False, soft_wrap=True)


def verdict(result: Tuned) -> str:
    """What came out, in a sentence or two."""
    if not result.candidates:
        whole = [t for t in result.trials if t.state == "complete"]
        if whole and not any(result.start.feasible(t.values) for t in whole):
            return (
                "No trial kept the constraints in the worlds of the search. The front shows what "
                "could be had for which price."
            )
        return "No trial was better than the start, with all constraints kept."
    best = result.best
    if best is None:
        return (
            "On fresh worlds no candidate is better than the start with all constraints kept: "
            "what the search saw was luck. The front shows what could be had for which price."
        )
    said = []
    for objective in result.start.aim.objectives:
        number = best.number(objective.metric.path)
        d = number.difference
        if d is None:
            continue
        sure = d.interval.excludes(0.0)
        better = objective.sign * d.difference > 0
        word = "better" if better else "worse"
        relative = "" if d.relative is None else f" ({100 * d.relative.value:+.0f} %)"
        scale = _scale(number)
        said.append(
            f"{objective.metric.path} goes from {scale.value(d.before)} to "
            f"{scale.value(d.after)}{relative}, "
            + (f"clearly {word}" if sure else f"which may be luck: {d.pairs} worlds cannot tell")
        )
    for bound in best.bounds:
        how = "clearly kept" if bound.holds_clearly else "kept, but not by the whole interval"
        said.append(f"{bound.limit} is {how}{_fraction(best, bound)}")
    return f"On fresh worlds {'; '.join(said)}."


def _fraction(best: Candidate, bound: Bound) -> str:
    """What fraction of the start a number is, for a bound that is one."""
    d = best.number(bound.limit.metric.path).difference
    if not bound.limit.relative or d is None or d.before <= 0:
        return ""
    return f" ({100 * d.after / d.before:.3g} %)"


def caution(result: Tuned) -> str:
    """How the numbers are to be read."""
    count = len(result.candidates)
    if not count:
        return "Estimates of a search are for its own worlds; the best of many looks too good."
    together = f" Intervals hold for all {count} candidates together." if count > 1 else ""
    return (
        "Before and after are the same worlds, which no trial saw; differences are those of "
        f"pairs.{together} The search's own estimate of its best is too good: luck helped to "
        f"choose it. {result.comparisons}"
    )


def _scale(number: Confirmed) -> Scale:
    from sim.core.estimates import scale_of

    d = number.difference
    if d is None:
        return scale_of(number.metric.unit, None, 0.0)
    largest = max(abs(d.before), abs(d.after))
    return scale_of(number.metric.unit, d.interval.half_width, largest)


def _row(number: Confirmed) -> tuple[str, ...]:
    d, scale = number.difference, _scale(number)
    change = number.search_after - number.search_before
    promised = scale.change(change) if change == change else ""
    assert d is not None
    return (
        number.metric.path,
        scale.value(d.before),
        scale.value(d.after),
        scale.change(d.difference),
        scale.changes(d.interval.low, d.interval.high),
        promised if number.role != "other" else "",
    )


def _settings(result: Tuned, best: Candidate) -> list[tuple[str, ...]]:
    before, after = result.space.start_texts(), result.space.texts(best.trial.params)
    return [(path, before[path] or "other", after[path]) for path in after]


def _candidates(result: Tuned) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    objectives = result.start.aim.objectives
    head = ["", *(f"{o.metric.path.rpartition('.')[2]}" for o in objectives)]
    head += ["interval"] if len(objectives) == 1 else []
    head += ["the search said", "constraints"]
    rows = []
    for candidate in result.candidates:
        star = " *" if candidate is result.best else ""
        row = [f"trial {candidate.trial.number}{star}"]
        promised = []
        for objective in objectives:
            number = candidate.number(objective.metric.path)
            d, scale = number.difference, _scale(number)
            row.append(scale.change(None if d is None else d.difference))
            if len(objectives) == 1:
                row.append("" if d is None else scale.changes(d.interval.low, d.interval.high))
            promised.append(scale.change(number.search_after - number.search_before))
        row.append(", ".join(promised))
        row.append(
            "" if not candidate.bounds
            else "clearly kept" if candidate.holds_clearly
            else "kept" if candidate.holds else "broken"
        )  # fmt: skip
        rows.append(tuple(row))
    return tuple(head), rows


def _importances(result: Tuned) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    names = list(result.importances)
    first = result.importances[names[0]]
    paths = sorted(first, key=lambda path: -first[path])[:10]
    rows = [
        (path, *(f"{100 * result.importances[name][path]:.0f} %" for name in names))
        for path in paths
    ]
    return ("", *(name.rpartition(".")[2] for name in names)), rows


def _ending(result: Tuned) -> str:
    lines = [f"Results: {one_line(result.folder)}"]
    if result.best is not None:
        best = one_line(shlex.quote(str(result.folder / "best.yaml")))
        lines.append(f"  best.yaml        the best; run it with: foryou run {best}")
    if len(result.start.aim.objectives) > 1 and result.candidates:
        lines.append("  front/           a scenario for each candidate of the front")
    return "\n".join(
        [
            *lines,
            "  plots/           pictures",
            "  tune.json        all of this, and every trial",
            "  tune.parquet     a row a candidate and number: before, after, difference, interval",
            "  trials.parquet   a row a trial",
        ]
    )
