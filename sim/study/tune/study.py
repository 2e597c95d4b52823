"""``tune``: a search for settings that do better, and the test of what it finds."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Unpack

from sim.core.errors import ForyouError, ScenarioError, StudyError
from sim.scenario import Scenario, dump, load_file
from sim.scenario.tune import TuneConfig
from sim.study.runs.execute import Executor, Report, execute, silent
from sim.study.runs.options import Opening, Options, split
from sim.study.runs.start import Subject, check_level, new_study_folder, subject, working
from sim.study.runs.store import Store
from sim.study.tune.confirm import Candidate, confirmation_plan, confirmed
from sim.study.tune.front import candidates
from sim.study.tune.importance import importances
from sim.study.tune.objective import Aim, Start, aim_of, aim_problems
from sim.study.tune.result import Tuned
from sim.study.tune.search import Search
from sim.study.tune.space import Space, space_of
from sim.study.tune.storage import Book
from sim.study.tune.trial import Trial

__all__ = ["TunePlan", "Tuned", "prepare", "search", "tune"]

NAME: Final = "tune"


@dataclass(frozen=True)
class TunePlan:
    """A search that is ready to begin: everything that can be wrong was looked at."""

    about: Subject
    """The scenario without its section: what is run."""
    scenario: Scenario
    """The same with the section as it was asked for."""
    asked: TuneConfig
    space: Space
    aim: Aim
    storage: str | None
    level: float

    @property
    def runs(self) -> int:
        """Most runs that it takes."""
        tests = self.asked.confirm.worlds * (self.asked.confirm.candidates + 1)
        return self.asked.worlds * (self.asked.trials + 1) + tests

    @property
    def identity(self) -> dict[str, Any]:
        """What tells this search from others; more trials of it are the same search."""
        rest = self.asked.model_dump(exclude={"trials", "time_limit", "confirm", "worlds"})
        return {
            "study": NAME,
            **self.about.identity,
            "worlds": self.asked.worlds,
            "varies": list(self.asked.vary),
            "search": _digest(rest),
        }

    @property
    def name(self) -> str:
        """Name of the search in a database."""
        return f"{self.scenario.name}-{_digest(self.identity)[:12]}"


def tune(
    scenario: Scenario | str | os.PathLike[str],
    trials: int | None = None,
    *,
    worlds: int | None = None,
    time_limit_s: float | None = None,
    storage: str | None = None,
    level: float = 0.95,
    **options: Unpack[Options],
) -> Tuned:
    """Search as the ``tune:`` section of a scenario says, and test the best on fresh worlds.

    ``trials``, ``worlds`` and ``time_limit_s`` stand in for those of the section. ``storage`` is
    the address of a database in which trials are kept, for several machines that search together;
    by default they are in a file of the folder. The ``options`` are those of every study, see
    ``sim.study.runs.options``; a folder of the same search goes on where it was, also with more
    trials than before.

    Raises ForyouError before anything runs for what is wrong in the scenario, and StudyError for
    a folder of another study, a database that does not answer, a disk that is full, and a start
    that does not run. What is done then stays.
    """
    opening, playing = split(options)
    plan = prepare(
        scenario, trials, worlds=worlds, time_limit_s=time_limit_s, storage=storage, level=level,
        **opening,
    )  # fmt: skip
    return search(plan, **playing)


def prepare(
    scenario: Scenario | str | os.PathLike[str],
    trials: int | None = None,
    *,
    worlds: int | None = None,
    time_limit_s: float | None = None,
    storage: str | None = None,
    level: float = 0.95,
    **opening: Unpack[Opening],
) -> TunePlan:
    """What ``tune`` would do, with everything checked and nothing written. Raises ForyouError."""
    check_level(level)
    about = _subject(scenario, opening)
    asked = _asked(about.scenario, trials, worlds, time_limit_s)
    found = about.scenario
    return TunePlan(
        about=replace(about, scenario=found.model_copy(update={"tune": None})),
        scenario=found.model_copy(update={"tune": asked}),
        asked=asked,
        space=space_of(found),
        aim=aim_of(found, asked),
        storage=storage,
        level=level,
    )


def search(
    plan: TunePlan,
    *,
    out: Path | str | None = None,
    executor: Executor | None = None,
    force: bool = False,
    plots: bool = True,
    progress: Callable[[Report], None] | None = None,
) -> Tuned:
    """Do what a plan says; see ``tune``."""
    show = progress or silent
    folder = new_study_folder(out, NAME, plan.scenario.name)
    if plan.storage is not None:  # before there is a folder, for it may not answer
        Book.open(plan.storage, folder, plan.name, plan.aim).close()
    store = Store.open(folder, plan.identity)
    store.write_text("scenario.yaml", dump(plan.scenario))
    book = Book.open(plan.storage, folder, plan.name, plan.aim)
    try:
        with working(executor, plan.runs) as workers:
            start = _start(plan, store, workers, show, force)
            told = Search(
                plan.about, plan.space, plan.asked, start, store, book, workers, show
            ).run()  # fmt: skip
            tested = _confirm(plan, start, told, store, workers, show)
    finally:
        book.close()
    shares = importances(plan.space, start, told)
    result = Tuned(
        store.folder, plan.scenario, plan.space, start, tuple(told), tested, plan.level, shares
    )
    with store.results():
        _write(result, store, plots)
    return result


def _subject(scenario: Scenario | str | os.PathLike[str], opening: Opening) -> Subject:
    """The scenario; an unknown number in its section is told with its place in the file."""
    if isinstance(scenario, Scenario):
        about = subject(scenario, **opening)
        found = about.scenario
        if found.tune is not None and (problems := aim_problems(found, found.tune)):
            raise ForyouError("; ".join(f"{path}: {message}" for path, message in problems))
        return about
    loaded = load_file(scenario, opening.get("overrides", ()))
    found = loaded.scenario
    if found.tune is not None and (problems := aim_problems(found, found.tune)):
        places = [loaded.problem(path, message) for path, message in problems]
        raise ScenarioError(loaded.source, places)
    rest: Opening = {**opening, "overrides": (), "base_dir": loaded.base_dir}
    return subject(found, **rest)


def _asked(
    scenario: Scenario, trials: int | None, worlds: int | None, time_limit_s: float | None
) -> TuneConfig:
    """The section with what the caller wants otherwise. Raises ForyouError."""
    space_of(scenario)
    assert scenario.tune is not None
    changes: dict[str, Any] = {}
    for name, value, most in (("trials", trials, 100_000), ("worlds", worlds, 1_000)):
        if value is None:
            continue
        if not 1 <= value <= most:
            raise ForyouError(f"tune takes 1 to {most:,} {name}; got {value}")
        changes[name] = value
    if time_limit_s is not None:
        if not time_limit_s > 0:
            raise ForyouError(f"the time limit must be more than 0 s; got {time_limit_s:g}")
        changes["time_limit"] = float(time_limit_s)
    return scenario.tune.model_copy(update=changes)


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _start(
    plan: TunePlan,
    store: Store,
    workers: Executor,
    show: Callable[[Report], None],
    force: bool,
) -> Start:
    """What the settings to start from give in the worlds of the search. Raises StudyError."""
    aim = plan.aim
    specs = [plan.about.run(world, "start") for world in range(plan.asked.worlds)]
    outcomes = execute(specs, store, workers, show, force=force)
    rows = []
    for spec in specs:
        outcome = outcomes[spec.key]
        if outcome.error is not None:
            raise StudyError(f"the settings to start from do not run: {spec}: {outcome.error}")
        try:
            rows.append(aim.measure(outcome))
        except ForyouError as error:
            raise StudyError(
                f"the settings to start from give no number to compare with: {spec}: {error}"
            ) from None
    return Start(aim, {m.path: [row[m.path] for row in rows] for m in aim.shown})


def _confirm(
    plan: TunePlan,
    start: Start,
    told: Sequence[Trial],
    store: Store,
    workers: Executor,
    show: Callable[[Report], None],
) -> tuple[Candidate, ...]:
    """Play the best in fresh worlds."""
    confirm = plan.asked.confirm
    chosen = candidates(start, told, confirm.candidates)
    if not chosen:
        return ()
    specs = confirmation_plan(plan.about, plan.space, chosen, confirm.worlds)
    outcomes = execute(specs, store, workers, show)
    return confirmed(start, chosen, specs, outcomes, plan.level)


def _write(result: Tuned, store: Store, plots: bool) -> None:
    """Everything that the folder holds of the result."""
    store.write_json(NAME, result.to_dict())
    store.write_table(NAME, result.table)
    store.write_table("trials", result.trials_table)
    if result.best is None:
        store.remove("best.yaml")
    else:
        store.write_text("best.yaml", result.text_of(result.best.trial))
    several = len(result.start.aim.objectives) > 1
    for candidate in result.candidates if several else ():
        number = candidate.trial.number
        store.write_text(f"front/trial-{number}.yaml", result.text_of(candidate.trial))
    if plots:
        _draw(result, store.folder / "plots")


def _draw(result: Tuned, folder: Path) -> None:
    from sim.plots.files import draw_file
    from sim.plots.study.tune import PICTURES
    from sim.study.runs.store import plain_json

    content = plain_json(result.to_dict())
    try:
        for name, (data, draw) in PICTURES.items():
            draw_file(folder / f"{name}.png", draw, data(content))
    except OSError as error:
        raise StudyError(
            f"{folder}: pictures cannot be written: {error}; the numbers are in tune.json"
        ) from error
