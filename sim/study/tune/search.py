"""The search: batches of trials, each trial a few worlds, stopped early when it is hopeless.

A batch is proposed from all batches before it and from nothing else. When its runs finish, and in
which order, decides nothing. So the trials are the same whatever the number of workers and of
machines, and after any number of interruptions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from sim.core.errors import ForyouError, StudyError
from sim.scenario import Scenario
from sim.scenario.tune import TuneConfig
from sim.study.runs.execute import Executor, Report
from sim.study.runs.leases import Leases
from sim.study.runs.outcome import Outcome
from sim.study.runs.plan import RunSpec, with_changes
from sim.study.runs.runner import Runner
from sim.study.runs.start import Subject
from sim.study.runs.store import Store
from sim.study.tune.early import EarlyStop
from sim.study.tune.front import best_so_far
from sim.study.tune.objective import Start
from sim.study.tune.space import Params, Space
from sim.study.tune.storage import Book
from sim.study.tune.suggest import propose
from sim.study.tune.trial import Trial

__all__ = ["Search", "scenario_of"]

_PAUSE_S: Final = 0.5
"""Longest time between two reports, and between two looks at what others do, s."""


def scenario_of(base: Scenario, space: Space, params: Params) -> Scenario:
    """The scenario of a point; the base itself where the search starts. Raises ForyouError."""
    if params == space.start:
        return base
    return with_changes(base, space.changes(params))


@dataclass
class _Game:
    """A trial that is being played by this process."""

    trial: Trial
    specs: list[RunSpec]
    asked: int = 0
    """Worlds asked for."""
    arrived: dict[int, Outcome] = field(default_factory=dict)
    """Outcomes that wait for those of worlds before them."""
    values: dict[str, list[float]] = field(default_factory=dict)
    """Metric to its values in the worlds that were looked at."""
    looked: int = 0
    """Worlds that were looked at."""
    over: bool = False


class Search:
    """One search, played by this process and perhaps by others at the same time."""

    def __init__(
        self,
        about: Subject,
        space: Space,
        tune: TuneConfig,
        start: Start,
        store: Store,
        book: Book,
        executor: Executor,
        progress: Callable[[Report], None],
    ) -> None:
        self._about = about
        self._space = space
        self._tune = tune
        self._start = start
        self._book = book
        self._runner = Runner(store, executor)
        self._progress = progress
        self._began = time.monotonic()
        self._before: int | None = None
        self._note: tuple[int, str] | None = None
        self._waiting: dict[str, list[tuple[_Game, int]]] = {}

    def run(self) -> list[Trial]:
        """All trials, every one of them over. Raises StudyError and what the progress raises."""
        with self._book.told():
            leases = Leases(self._book.engine, self._book.name)
        try:
            while (trials := self._next(leases)) is None:
                pass
        except BaseException:
            self._runner.cancel()
            raise
        finally:
            leases.close()
        return trials

    # ---- batches ----

    def _next(self, leases: Leases) -> list[Trial] | None:
        """Play one batch, or wait for others; the trials when there is nothing left to do."""
        trials = self._trials()
        size, wanted = self._tune.batch, self._tune.trials
        opened = [trial.number for trial in trials if trial.state == "open"]
        first = (opened[0] if opened else len(trials)) // size * size
        self._refuse_when_all_fail(trials[:first])
        if not opened and (len(trials) >= wanted or self._is_late()):
            return trials
        last = min(first + size, wanted)
        if len(trials) < last:
            with self._book.told(), leases.held("ask") as mine:
                if mine:
                    self._propose(first, last)
            if not mine:
                self._pause(trials)
                return None
            trials = self._trials()
        self._play(trials, first, leases)
        return None

    def _trials(self) -> list[Trial]:
        return self._book.trials()[: self._tune.trials]

    def _propose(self, first: int, last: int) -> None:
        """Write down the trials of a batch that are not there yet."""
        trials = self._trials()
        distributions = self._space.distributions()
        for _ in range(len(trials), last):
            trial = propose(
                self._space, self._start, trials[:first], trials[first:],
                self._tune.sampler, self._tune.startup, self._about.seed,
            )  # fmt: skip
            self._book.add(trial, distributions)
            trials.append(trial)

    def _is_late(self) -> bool:
        limit = self._tune.time_limit
        return limit is not None and time.monotonic() - self._began >= limit

    @staticmethod
    def _refuse_when_all_fail(told: Sequence[Trial]) -> None:
        if told and all(trial.state == "failed" for trial in told):
            raise StudyError(
                f"all {len(told)} trials so far failed; the first: {told[0].why}. "
                "Look at what varies, and at its bounds"
            )

    # ---- one batch ----

    def _play(self, trials: Sequence[Trial], first: int, leases: Leases) -> None:
        """Play the open trials of a batch, together with whoever else works on them."""
        rule = EarlyStop(self._start, trials[:first], self._tune.startup)
        left = [trial for trial in trials[first:] if trial.state == "open"]
        games: list[_Game] = []
        while left or any(not game.over for game in games):
            while self._runner.free and self._begin(games, left, leases):
                pass
            if not self._runner.busy:
                # what is left is in the hands of others
                self._pause(trials)
                known = self._trials()
                left = [trial for trial in left if known[trial.number].state == "open"]
                continue
            for outcome in self._runner.wait(_PAUSE_S):
                for game, world in self._waiting.pop(outcome.key, []):
                    game.arrived[world] = outcome
                    self._look(game, rule, leases)
            self._report(trials, games)

    def _begin(self, games: list[_Game], left: list[Trial], leases: Leases) -> bool:
        """Ask for one more run, the most useful first; False when there is none."""
        playing = [game for game in games if not game.over and game.asked < len(game.specs)]
        needed = [game for game in playing if game.asked == game.looked]
        if not needed:
            for trial in list(left):
                with self._book.told():
                    mine = leases.take(_lease(trial))
                if mine:
                    left.remove(trial)
                    # somebody else may have ended it since this process looked
                    if self._trials()[trial.number].state == "open":
                        games.append(self._game(trial, leases))
                    else:
                        with self._book.told():
                            leases.give_back(_lease(trial))
                    return True
        # with workers to spare, worlds are played that an early stop may make useless
        ahead = sorted(playing, key=lambda game: (game.asked - game.looked, game.trial.number))
        if not ahead:
            return False
        game = (needed or ahead)[0]
        spec = game.specs[game.asked]
        self._waiting.setdefault(spec.key, []).append((game, game.asked))
        game.asked += 1
        self._runner.ask(spec)
        return True

    def _game(self, trial: Trial, leases: Leases) -> _Game:
        """A trial as runs; one that is no possible scenario is over at once."""
        base = self._about.scenario
        game = _Game(trial, [])
        try:
            scenario = scenario_of(base, self._space, trial.params)
        except ForyouError as error:
            self._end(game, "failed", str(error), leases)
            return game
        about = Subject(scenario, self._about.code)
        worlds = range(self._tune.worlds)
        game.specs = [about.run(world, f"trial {trial.number}") for world in worlds]
        return game

    def _look(self, game: _Game, rule: EarlyStop, leases: Leases) -> None:
        """Look at the worlds that are there, in their order, until the trial ends or one lacks."""
        while not game.over and (outcome := game.arrived.pop(game.looked, None)) is not None:
            if outcome.error is not None:
                why = f"world {game.looked}: {outcome.error}"
                self._end(game, "failed", why, leases)
                return
            try:
                found = self._start.aim.measure(outcome)
            except ForyouError as error:
                self._end(game, "failed", f"world {game.looked}: {error}", leases)
                return
            for name, value in found.items():
                game.values.setdefault(name, []).append(value)
            game.looked += 1
            if game.looked == len(game.specs):
                self._end(game, "complete", "", leases)
            elif self._tune.prune and (why := rule.why(game.values)):
                self._end(game, "pruned", why, leases)

    def _end(self, game: _Game, state: Literal["complete", "pruned", "failed"], why: str,
             leases: Leases) -> None:  # fmt: skip
        """Write down how a trial ended."""
        game.over = True
        values = {name: tuple(row) for name, row in game.values.items()}
        trial = replace(game.trial, state=state, values=values, why=why)
        self._book.finish(trial, self._start)
        with self._book.told():
            leases.give_back(_lease(trial))

    # ---- progress ----

    def _pause(self, trials: Sequence[Trial]) -> None:
        self._report(trials, ())
        time.sleep(_PAUSE_S)

    def _report(self, trials: Sequence[Trial], games: Sequence[_Game]) -> None:
        """Report how far it is; a trial that was stopped early counts as all of its worlds."""
        worlds = self._tune.worlds
        over = [trial for trial in trials if trial.state != "open"]
        done = worlds * len(over)
        done += sum(worlds if game.over else game.looked for game in games)
        if self._before is None:
            self._before = done
        now = done - self._before
        total = worlds * self._tune.trials
        passed = time.monotonic() - self._began
        rate = now / passed if now and passed > 0 else 0.0
        left = (total - done) / rate if rate else None
        if self._tune.time_limit is not None and left is not None:
            left = min(left, max(self._tune.time_limit - passed, 0.0))
        if self._note is None or self._note[0] != len(over):
            self._note = len(over), best_so_far(self._start, over)
        note = "\n".join(text for text in (self._runner.notice, self._note[1]) if text)
        runner = self._runner
        rate_of_runs = runner.done / passed if passed > 0 else 0.0
        self._progress(Report(done, total, self._before, runner.failed, rate_of_runs, left, note))


def _lease(trial: Trial) -> str:
    return f"trial/{trial.number}"
