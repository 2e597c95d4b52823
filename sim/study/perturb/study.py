"""``perturb``: many weights screened in one world, as production systems do it.

Every user gets each weight a little up or a little down, by a keyed sign. Users whose weight is
up are then compared with those whose weight is down: one run tells about all weights at once.

Two things are measured besides. The same world without perturbation takes out what makes users
differ anyway: draws are keyed, so the same user has nearly the same day in both. And all users
share the videos, their counters, the trends and the cold start of one world, which one ranker for
all would have made otherwise. How much that matters is told by separate worlds, in which a weight
is up or down for everybody.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar, Unpack

import numpy as np
import numpy.typing as npt

from sim.core.errors import StudyError
from sim.scenario import Scenario, dump
from sim.study.perturb.per_user import UserOutcome
from sim.study.perturb.plan import CONTROL, DOWN, PERTURBED, UP, PerturbPlan, plan_perturb
from sim.study.perturb.regression import SignFit, fit_signs
from sim.study.perturb.result import Check, Effect, Perturb, check_of, effect_of, scatter
from sim.study.runs.execute import Executor, Report, execute, silent
from sim.study.runs.options import Options, split
from sim.study.runs.outcome import Outcome
from sim.study.runs.plan import RunSpec
from sim.study.runs.start import failures, new_study_folder, subject, working
from sim.study.runs.store import Store
from sim.study.runs.users import unpack_users
from sim.study.statistics.multiple import holm

__all__ = ["Perturb", "perturb", "plan_perturb", "run_perturb"]

NAME: Final = "perturb"

Users = Mapping[str, npt.NDArray[Any]]
T = TypeVar("T", Effect, Check)


def perturb(
    scenario: Scenario | str | os.PathLike[str],
    n: int = 5,
    *,
    size: float | str | None = None,
    weight: Sequence[str] | None = None,
    outcome: Sequence[str] | None = None,
    check: Sequence[str] | None = None,
    control: bool = True,
    level: float = 0.95,
    **options: Unpack[Options],
) -> Perturb:
    """Which weight moves what users do, within ``n`` worlds whose users have weights up or down.

    ``weight`` names the weights, all that are not 0 by default; ``size`` is how far they go,
    ``"20 %"`` by default; both may also stand in the scenario under ``feed.perturb``. ``outcome``
    names what is counted of each user (``sim.study.perturb.per_user``). ``check`` names weights
    whose effect is measured in separate worlds too, or is ``["all"]``: two more runs a weight and
    world. ``control`` plays each world without perturbation as well, for narrower intervals. The
    ``options`` are those of every study, see ``sim.study.runs.options``; a study that is there
    already goes on, with more worlds, checks or outcomes.

    Raises ForyouError for everything that the user can mend, StudyError for the folder and when no
    world is left.
    """
    opening, playing = split(options)
    about = subject(scenario, **opening)
    plan = plan_perturb(
        about, n, size=size, weight=weight, outcome=outcome, check=check, control=control,
        level=level,
    )  # fmt: skip
    return run_perturb(plan, **playing)


def run_perturb(
    plan: PerturbPlan,
    *,
    out: Path | str | None = None,
    executor: Executor | None = None,
    force: bool = False,
    plots: bool = True,
    progress: Callable[[Report], None] | None = None,
) -> Perturb:
    """Do the runs of a plan that are not done yet, and write the result into the study folder.

    Raises StudyError for the folder and when no world is left.
    """
    store = Store.open(
        new_study_folder(out, NAME, plan.scenario.name), {"study": NAME, **plan.identity}
    )
    store.write_text("scenario.yaml", dump(plan.scenario))
    books = _Books(plan, store.folder)
    specs = plan.specs
    with working(executor, len(specs)) as workers:
        outcomes = execute(
            specs, store, workers, progress or silent, books.note, force=force
        )  # fmt: skip
    failed = failures(specs, outcomes)
    if not books.complete:
        raise StudyError(
            f"{store.folder}: {len(failed)} of {len(specs)} runs failed and no world is left; the "
            f"first: {failed[0].error} (its scenario: {store.folder / failed[0].scenario})"
        )
    effects = books.effects()
    result = Perturb(
        folder=store.folder,
        plan=plan,
        seeds=tuple(spec.seed for spec in specs if spec.arm == PERTURBED),
        effects=_adjusted(effects),
        checks=_adjusted(books.checks(effects)),
        scatter=scatter([_sorted(of) for of in books.fits.values()]),
        failed=failed,
    )
    with store.results():
        store.write_json(NAME, result.to_dict())
        store.write_table(NAME, result.table)
        if result.checks:
            store.write_table("bias", result.bias)
        else:
            store.remove("bias.parquet")
        if plots:
            from sim.plots.files import draw_file
            from sim.plots.study.perturb import draw_perturb, perturb_data

            content = result.to_dict()
            draw_file(store.folder / "plots" / "perturb.png", draw_perturb, perturb_data(content))
    return result


class _Books:
    """What has come in: users of unfinished worlds, regressions of whole ones, means of others.

    The users of a world are let go as soon as its regressions are made.
    """

    def __init__(self, plan: PerturbPlan, folder: Path) -> None:
        self._plan = plan
        self._folder = folder
        self._waiting: dict[int, dict[str, Users]] = {}
        self.fits: dict[str, dict[int, SignFit]] = {o.name: {} for o in plan.outcomes}
        """Regressions by outcome and world."""
        self._plain: dict[str, dict[int, SignFit]] = {o.name: {} for o in plan.outcomes}
        """The same without covariate."""
        self._means: dict[str, dict[str, dict[int, float]]] = {o.name: {} for o in plan.outcomes}
        """Mean outcomes of worlds in which all have a weight up or down: by outcome, arm, world."""

    @property
    def complete(self) -> list[int]:
        """The worlds whose regressions are made, in order."""
        return sorted(next(iter(self.fits.values())))

    def note(self, spec: RunSpec, outcome: Outcome) -> str | None:
        """Take a run; what the first outcome says so far when that has changed."""
        if outcome.error is not None:
            return None
        users = self._users(outcome)
        if spec.arm not in (PERTURBED, CONTROL):
            for one in self._plan.outcomes:
                of_arm = self._means[one.name].setdefault(spec.arm, {})
                of_arm[spec.world] = float(self._of(one, users).mean())
            return None
        here = self._waiting.setdefault(spec.world, {})
        here[spec.arm] = users
        if PERTURBED not in here or (self._plan.control and CONTROL not in here):
            return None
        del self._waiting[spec.world]
        self._fit(spec.world, here[PERTURBED], here.get(CONTROL))
        return self._so_far()

    def _users(self, outcome: Outcome) -> Users:
        try:
            return unpack_users(outcome.users or {})
        except ValueError as error:
            path = self._folder / "runs" / f"{outcome.key}.json"
            raise StudyError(
                f"{path}: its users cannot be read ({error}); remove the file and start the same "
                "study again to do the run once more"
            ) from error

    def _of(self, outcome: UserOutcome, users: Users) -> npt.NDArray[np.float64]:
        return outcome.of(users, float(self._plan.scenario.duration))

    def _fit(self, world: int, users: Users, control: Users | None) -> None:
        signs = self._plan.signs[users["arm"]]
        for one in self._plan.outcomes:
            y = self._of(one, users)
            try:
                plain = fit_signs(y, signs)
                if control is None:
                    self.fits[one.name][world] = plain
                    continue
                self._plain[one.name][world] = plain
                self.fits[one.name][world] = fit_signs(y, signs, self._of(one, control))
            except ValueError as error:
                raise StudyError(f"world {world}: {error}; give more users") from error

    def _so_far(self) -> str:
        """The strongest weight for the first outcome."""
        first = self._plan.outcomes[0]
        found = [(e.effect, e.weight) for e in self.effects([first]) if e.effect is not None]
        if not found:
            return ""
        of, weight = max(found, key=lambda pair: abs(pair[0].value))
        return (
            f"{first.name} is moved most by {weight}: {100 * of.value:+.2f} % "
            f"({100 * of.low:+.2f} to {100 * of.high:+.2f})"
        )

    def effects(self, outcomes: Sequence[UserOutcome] | None = None) -> list[Effect]:
        """Every weight for these outcomes, or for all."""
        plan = self._plan
        return [
            effect_of(
                one, name, place, _sorted(self.fits[one.name]), _sorted(self._plain[one.name]),
                plan.worlds, plan.level,
            )
            for one in outcomes or plan.outcomes
            for place, name in enumerate(plan.weights)
        ]  # fmt: skip

    def checks(self, effects: Sequence[Effect]) -> list[Check]:
        """Every checked weight for every outcome."""
        plan, found = self._plan, []
        for name in plan.checks:
            for effect in (e for e in effects if e.weight == name):
                means = self._means[effect.outcome.name]
                up, down = (means.get(arm.format(name), {}) for arm in (UP, DOWN))
                fits = _sorted(self.fits[effect.outcome.name])
                place = plan.weights.index(name)
                found.append(check_of(effect, place, fits, up, down, plan.level))
        return found


def _sorted(by_world: Mapping[int, SignFit]) -> dict[int, SignFit]:
    """In the order of worlds, whatever the order in which they came: sums depend on it."""
    return {world: by_world[world] for world in sorted(by_world)}


def _adjusted(items: Sequence[T]) -> tuple[T, ...]:
    """With p adjusted for being that many."""
    known = [one.p for one in items if one.p is not None]
    adjusted = iter(holm(known).tolist() if known else ())
    return tuple(one if one.p is None else replace(one, adjusted_p=next(adjusted)) for one in items)
