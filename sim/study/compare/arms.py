"""The arms of a comparison: scenarios by name, and whether their worlds can be paired."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sim.core.errors import ForyouError
from sim.core.random import key
from sim.core.units import HUMAN, Multiple
from sim.scenario import Scenario, dump
from sim.scenario.load import load_text
from sim.study.runs.plan import RunSpec
from sim.study.runs.start import Subject, subject

__all__ = ["Arm", "arms_of", "parse_arms", "refuse_unpairable", "unlike"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

PAIRED: Final = (
    "seed",
    "duration",
    "warmup",
    "refresh",
    "population.users",
    "population.creators",
    "population.topics",
    "population.locales",
    "population.devices",
    "viral.reach",
    "viral.impressions",
    "viral.age",
)
"""Settings that paired worlds share: who is there, for how long, and how it is measured. With
other people, user 17 of one world has nothing in common with user 17 of the other."""


@dataclass(frozen=True)
class Arm:
    """One side of a comparison."""

    name: str
    subject: Subject

    def run(self, world: int, place: int, paired: bool) -> RunSpec:
        """Its run of a world; ``place`` is that of the arm, 0 for the first.

        Paired arms have the same seed in a world. Unpaired ones have seeds of their own.
        """
        base = None if paired or place == 0 else int(key(self.subject.seed, f"arm/{place}")) >> 1
        return self.subject.run(world, self.name, base)


def parse_arms(texts: Sequence[str]) -> dict[str, list[str]]:
    """``NAME:PATH=VALUE`` texts as changes by name of the arm, in the order given.

    The same name may come several times. Raises ForyouError for anything else.
    """
    arms: dict[str, list[str]] = {}
    for text in texts:
        name, colon, change = text.partition(":")
        if not (colon and _NAME.fullmatch(name) and "=" in change):
            raise ForyouError(
                'an arm is NAME:PATH=VALUE, such as "shares:feed.weights.share=3"; '
                f'got "{text[:80]}"'
            )
        arms.setdefault(name, []).append(change)
    return arms


def arms_of(
    scenarios: Sequence[Scenario | str | os.PathLike[str]],
    changes: Mapping[str, Sequence[str]],
    overrides: Sequence[str] = (),
    *,
    seed: int | None = None,
    allow_code: bool = False,
    base_dir: Path | None = None,
    past: str | None = None,
) -> tuple[Arm, ...]:
    """The arms of several scenarios, or of one scenario and its changed copies.

    ``changes`` has ``PATH=VALUE`` texts by the name of the arm. ``overrides`` hold for all.
    Raises ForyouError for fewer than two arms, for two of one name, and for an arm that is the
    same scenario as the first.
    """
    if changes and len(scenarios) != 1:
        raise ForyouError(
            f"arms are changed copies of one scenario; got {len(scenarios)} scenarios. Give one, "
            "or write the change into the files"
        )
    if len(scenarios) + len(changes) < 2:
        raise ForyouError(
            "a comparison needs two arms: give a second scenario, or an arm such as "
            "--arm shares:feed.weights.share=3"
        )
    common: dict[str, Any] = {
        "seed": seed, "allow_code": allow_code, "base_dir": base_dir, "past": past,
    }  # fmt: skip
    subjects = [_subject(scenario, overrides, common) for scenario in scenarios]
    names = _names(scenarios, subjects)
    for name, texts in changes.items():
        subjects.append(_subject(scenarios[0], [*overrides, *texts], common))
        names.append(name)
    for i, name in enumerate(names):
        if name in names[:i]:
            raise ForyouError(f'two arms are called "{name}"; give them names of their own')
        if i and subjects[i].run(0).key == subjects[0].run(0).key:
            raise ForyouError(f'"{name}" is the same scenario as "{names[0]}"; nothing to compare')
    return tuple(Arm(name, about) for name, about in zip(names, subjects, strict=True))


def _subject(
    scenario: Scenario | str | os.PathLike[str], overrides: Sequence[str], common: dict[str, Any]
) -> Subject:
    if isinstance(scenario, Scenario) and overrides:
        scenario = load_text(dump(scenario), scenario.name, overrides).scenario
        overrides = ()
    return subject(scenario, overrides, **common)


def _names(
    scenarios: Sequence[Scenario | str | os.PathLike[str]], subjects: Sequence[Subject]
) -> list[str]:
    """Names of the scenarios, or of their files when two scenarios have one name."""
    names = [about.scenario.name for about in subjects]
    if len(set(names)) < len(names):
        return [
            name if isinstance(s, Scenario) else Path(s).stem
            for s, name in zip(scenarios, names, strict=True)
        ]
    return names


def unlike(first: Scenario, other: Scenario) -> list[str]:
    """What keeps the worlds of two scenarios from being paired, as ``path: this, not that``."""
    found = []
    one, two = (scenario.model_dump(context=HUMAN) for scenario in (first, other))
    for path in PAIRED:
        a, b = _at(one, path), _at(two, path)
        if a != b:
            found.append(f"{path} is {_shown(b)}, not {_shown(a)}")
    if first.viral == other.viral and isinstance(first.viral.impressions, Multiple):
        a, b = (one.catalogue.mean_impressions for one in (first, other))
        if a != b:
            found.append(f"viral.impressions is a multiple of {_shown(b)}, not of {_shown(a)}")
    return found


def _at(tree: Any, path: str) -> Any:
    for part in path.split("."):
        tree = tree[part]
    return tree


def _shown(value: Any) -> str:
    if value is None:
        return "left out"
    return str(value) if len(str(value)) <= 60 else f"{str(value)[:57]}..."


def refuse_unpairable(arms: Sequence[Arm]) -> None:
    """ForyouError, with what differs, when worlds of an arm cannot be paired with the first's."""
    first = arms[0]
    lines = [
        f'"{arm.name}": {"; ".join(differ)}'
        for arm in arms[1:]
        if (differ := unlike(first.subject.scenario, arm.subject.scenario))
    ]
    if lines:
        raise ForyouError(
            f'worlds of "{first.name}" cannot be paired with those of\n  '
            + "\n  ".join(lines)
            + "\nGive all the same with --set PATH=VALUE (the seed with --seed N), or compare "
            "worlds that have nothing in common with --unpaired"
        )
