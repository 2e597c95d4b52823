"""What a study of perturbed weights plays: whose weights, how far, in which worlds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from sim.core.errors import ForyouError
from sim.core.units import shown, suggest
from sim.feed.arms import perturbed_names, signs_of_arms
from sim.scenario import Scenario
from sim.scenario.feed import WEIGHT_NAMES, PerturbConfig, Value
from sim.study.perturb.per_user import UserOutcome, user_outcomes
from sim.study.runs.plan import RunSpec, with_changes
from sim.study.runs.start import MAX_WORLDS, Subject, check_level

__all__ = ["CONTROL", "DOWN", "PERTURBED", "UP", "PerturbPlan", "plan_perturb"]

PERTURBED: Final = "perturbed"
CONTROL: Final = "same weights"
UP: Final = "{} up"
DOWN: Final = "{} down"
"""Arms of the runs: some weights up for some users; all as they are; one up, or down, for all."""

USERS_PER_ARM: Final = 4
"""Fewest users of an arm, on average; with fewer, errors of effects are guesswork. Assumption."""


@dataclass(frozen=True)
class PerturbPlan:
    """A study of perturbed weights, checked and ready to run."""

    subject: Subject
    """The scenario as it is, all users with the same weights."""
    size: float
    """How far a weight goes up or down, of itself."""
    weights: tuple[str, ...]
    """[J] the weights that are perturbed."""
    outcomes: tuple[UserOutcome, ...]
    checks: tuple[str, ...]
    """The weights whose effect is measured in separate worlds too."""
    worlds: int
    control: bool
    """Whether each world is also played with the same weights for all."""
    level: float

    @property
    def scenario(self) -> Scenario:
        """The scenario without perturbation."""
        return self.subject.scenario

    @cached_property
    def signs(self) -> npt.NDArray[np.int8]:
        """signs [G, J] of the arms of users."""
        return signs_of_arms(len(self.weights))

    @cached_property
    def _perturbed(self) -> Scenario:
        return _with_perturb(
            self.scenario, PerturbConfig(size=self.size, weights=tuple(self.weights))
        )

    @cached_property
    def _separate(self) -> dict[str, tuple[Scenario, Scenario]]:
        """Scenarios with a weight up, and down, for all, by name."""
        found = {}
        for name in self.checks:
            weight = float(self.scenario.feed.weights[name])
            path = f"feed.weights.{name}"
            up, down = (
                with_changes(self.scenario, {path: weight * (1 + sign * self.size)})
                for sign in (1, -1)
            )
            found[name] = (up, down)
        return found

    def _spec(self, scenario: Scenario, world: int, arm: str) -> RunSpec:
        return replace(Subject(scenario, self.subject.code).run(world, arm), users=True)

    @property
    def specs(self) -> list[RunSpec]:
        """All runs: first the screening, world by world, then what checks it."""
        specs = []
        for world in range(self.worlds):
            specs.append(self._spec(self._perturbed, world, PERTURBED))
            if self.control:
                specs.append(self._spec(self.scenario, world, CONTROL))
        for world in range(self.worlds):
            for name, (up, down) in self._separate.items():
                specs.append(self._spec(up, world, UP.format(name)))
                specs.append(self._spec(down, world, DOWN.format(name)))
        return specs

    @property
    def runs(self) -> int:
        """How many runs that is."""
        return self.worlds * (1 + self.control + 2 * len(self.checks))

    @property
    def identity(self) -> dict[str, Any]:
        """What tells this study from others; worlds, outcomes and checks may change later."""
        return {**self.subject.identity, "size": self.size, "weights": list(self.weights)}


def _with_perturb(scenario: Scenario, perturb: PerturbConfig | None) -> Scenario:
    """The scenario with other perturbation, or none."""
    feed = scenario.feed.model_copy(update={"perturb": perturb})
    return scenario.model_copy(update={"feed": feed})


def plan_perturb(
    about: Subject,
    n: int = 5,
    *,
    size: float | str | None = None,
    weight: Sequence[str] | None = None,
    outcome: Sequence[str] | None = None,
    check: Sequence[str] | None = None,
    control: bool = True,
    level: float = 0.95,
) -> PerturbPlan:
    """The plan that ``perturb`` would run. Nothing is run or written.

    Raises ForyouError for a size that is not between 0 and 1, an unknown weight or outcome, a
    weight that is 0, one to be checked that is not perturbed, too few users, and a scenario whose
    ranking has no weights.
    """
    own = about.scenario.feed.perturb
    scenario = _with_perturb(about.scenario, None)
    if not any(isinstance(part, Value) for part in scenario.feed.score):
        raise ForyouError(
            f'"{scenario.name}" ranks without weights (feed.score has no "value"); there is '
            "nothing to perturb"
        )
    size = _size(scenario, size, own)
    if not weight and own is not None:
        weight = own.weights
    weights = _weights(scenario, weight or ())
    checks = _checks(check or (), weights)
    if not 1 <= n <= MAX_WORLDS:
        raise ForyouError(f"a study takes 1 to {MAX_WORLDS:,} worlds; got {n}")
    if checks and n < 2:
        raise ForyouError(
            "a check against separate worlds needs at least 2 worlds, as there is no interval "
            f"otherwise; got {n}"
        )
    check_level(level)
    plan = PerturbPlan(
        Subject(scenario, about.code), size, weights, user_outcomes(outcome), checks, n, control,
        level,
    )  # fmt: skip
    arms, users = len(plan.signs), int(scenario.population.users)
    if users < USERS_PER_ARM * arms:
        raise ForyouError(
            f"{len(weights)} weights make {arms} groups of users, which takes at least "
            f"{USERS_PER_ARM * arms} users; there are {users}. Give more with "
            "--set population.users=N, or name fewer weights"
        )
    _ = plan._separate  # a weight that cannot go up is refused here
    return plan


def _size(scenario: Scenario, size: float | str | None, own: PerturbConfig | None) -> float:
    """The size asked for, else that of the scenario, else the default one."""
    if size is None:
        return float((own or PerturbConfig()).size)
    found = with_changes(scenario, {"feed.perturb": {"size": size}}).feed.perturb
    assert found is not None
    return float(found.size)


def _weights(scenario: Scenario, names: Sequence[str]) -> tuple[str, ...]:
    """The weights of these names, or all that are not 0, in their own order."""
    for name in names:
        if name not in WEIGHT_NAMES:
            hint = suggest(name, WEIGHT_NAMES) or f"known are {', '.join(WEIGHT_NAMES)}"
            raise ForyouError(f"no weight is called {shown(name)}; {hint}")
        if float(scenario.feed.weights.get(name, 0.0)) == 0.0:
            raise ForyouError(
                f'the weight {name} is 0 in "{scenario.name}", and a share of 0 is no change; give '
                f"it a value with --set feed.weights.{name}=VALUE, or leave it out"
            )
    found = perturbed_names(
        _with_perturb(scenario, PerturbConfig(weights=tuple(dict.fromkeys(names)))).feed
    )
    if not found:
        raise ForyouError(f'all weights of "{scenario.name}" are 0; there is nothing to perturb')
    return found


def _checks(names: Sequence[str], weights: tuple[str, ...]) -> tuple[str, ...]:
    """The weights to be checked: these, or ``all``, or ``none``."""
    if list(names) == ["none"]:
        return ()
    if list(names) == ["all"]:
        return weights
    for name in names:
        if name not in weights:
            alone = "all and none stand alone; " if name in ("all", "none") else ""
            hint = suggest(name, weights) or f"perturbed are {', '.join(weights)}"
            raise ForyouError(f"{shown(name)} is not among the perturbed weights; {alone}{hint}")
    return tuple(name for name in weights if name in names)
