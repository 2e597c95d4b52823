"""Which points are tried next: a pure function of the seed and of what was tried before.

Optuna's sampler is asked in a copy of the study that is made anew from the records, with a seed of
its own for each trial. So it cannot remember anything that the records do not say, and a search
that was killed and goes on proposes what it would have proposed anyway.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from sim.core.random import key
from sim.study.tune.objective import Start
from sim.study.tune.space import Space
from sim.study.tune.trial import Trial

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.study import Study
    from optuna.trial import FrozenTrial

__all__ = ["DIRECTIONS", "copy_of", "propose", "quiet"]

DIRECTIONS: Final[Mapping[bool, Literal["maximize", "minimize"]]] = {
    True: "maximize",
    False: "minimize",
}
"""Whether more is better, in Optuna's words."""
_THEN: Final = datetime(2000, 1, 1)
"""Optuna wants a time for each trial; nothing reads it."""
_GENERATION: Final = "NSGAIISampler:generation"
"""What a sampler notes about a trial and needs again."""


@contextmanager
def quiet() -> Iterator[None]:
    """Inside, Optuna prints nothing; its messages are for people who program with it."""
    from optuna import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(before)


def propose(
    space: Space,
    start: Start,
    told: Sequence[Trial],
    opened: Sequence[Trial],
    sampler: str,
    startup: int,
    seed: int,
) -> Trial:
    """The next trial. ``told`` are the trials of all batches before its own, ``opened`` those of
    its own batch that were proposed already, whatever is known of them by now.
    """
    number = len(told) + len(opened)
    if number == 0 and space.holds_start:
        # the start is one of the first generation, so that it may have offspring
        born = {_GENERATION: 0} if sampler == "nsga2" else {}
        return Trial(0, space.tidy(space.start), memory=born)
    with quiet():
        study = copy_of(space, start, told, opened)
        study.sampler = _sampler(sampler, startup, seed, number)
        study.ask(space.distributions())
        asked = study.trials[-1]
    memory = {k: v for k, v in asked.system_attrs.items() if k == _GENERATION}
    return Trial(number, space.tidy(asked.params), memory=memory)


def copy_of(
    space: Space, start: Start, told: Sequence[Trial], opened: Sequence[Trial] = ()
) -> Study:
    """The search so far as an Optuna study in memory.

    A trial that was stopped early is complete there, with the paired estimate of its objectives:
    a sampler should know that it was tried, and how it did.
    """
    import optuna

    directions = [DIRECTIONS[o.maximise] for o in start.aim.objectives]
    study = optuna.create_study(
        storage=optuna.storages.InMemoryStorage(),
        directions=directions,
        sampler=optuna.samplers.RandomSampler(seed=0),
    )
    distributions = space.distributions()
    for trial in told:
        study.add_trial(_frozen(trial, start, distributions))
    for trial in opened:
        study.add_trial(_frozen(Trial(trial.number, trial.params), start, distributions))
    return study


def _frozen(trial: Trial, start: Start, distributions: Mapping[str, Any]) -> FrozenTrial:
    import optuna

    states = optuna.trial.TrialState
    state = states.RUNNING if trial.state == "open" else states.COMPLETE
    values, constraints = None, None
    if trial.state == "failed":
        state = states.FAIL
    elif trial.state != "open":
        values = start.estimates(trial.values)
        constraints = {
            str(i): violation for i, violation in enumerate(start.violations(trial.values))
        }
    made = optuna.trial.create_trial(
        state=state,
        values=values,
        params=trial.params,
        distributions=dict(distributions),
        constraints=constraints,
        system_attrs=dict(trial.memory),
    )
    made.datetime_start = _THEN
    return made


def _sampler(name: str, startup: int, seed: int, number: int) -> BaseSampler:
    """A fresh sampler whose luck belongs to this trial alone."""
    from optuna import samplers

    own = int(key(seed, f"tune/trial/{number}")) % 2**32
    if name == "random":
        return samplers.RandomSampler(seed=own)
    if name == "nsga2":
        return samplers.NSGAIISampler(population_size=startup, seed=own)
    return samplers.TPESampler(n_startup_trials=startup, constant_liar=True, seed=own)
