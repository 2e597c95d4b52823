"""What a study runs: one scenario under one seed, named by the hash of its content.

Two specifications with one key give the same numbers, so a run that lies in a study folder
under its key need never be done again, whichever part of a study asked for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from sim.checkpoint.moment import Moment
from sim.core.errors import ForyouError, Problem
from sim.core.random import key as random_key
from sim.record.code import code_digests
from sim.record.version import RESULTS_VERSION
from sim.scenario import Scenario, scenario_hash
from sim.scenario.nodes import Place, plain, tree
from sim.scenario.overrides import SET, apply_overrides
from sim.scenario.problems import to_problems

__all__ = ["RESULTS_VERSION", "RunSpec", "with_changes", "world_seed"]

_NO_RESULT: Final = ("name", "question", "description", "seed", "tune")
"""Parts of a scenario that change no number of a run."""


@dataclass(frozen=True)
class RunSpec:
    """One run of a study."""

    scenario: Scenario
    """What is run, resolved; its own seed is ignored."""
    seed: int
    """Seed of the run."""
    arm: str = ""
    """Label of the variant; not part of the key."""
    world: int = 0
    """Number of the parallel world; not part of the key."""
    code: Path | None = None
    """Folder in which ``module:Class`` of the scenario is looked for, which is also the consent
    to run that code; None: a scenario with code of its own fails."""
    users: bool = False
    """Whether the outcome keeps what each user did."""
    past: Moment | None = None
    """What it goes on from: the state that the world of this seed has at that moment; None when it
    begins at the beginning."""

    @cached_property
    def key(self) -> str:
        """32 hex digits: the hash of everything that can change a number of the run."""
        scenario, past = self.scenario, self.past
        content = [
            RESULTS_VERSION,
            _content(scenario),
            int(self.seed),
            {} if self.code is None else code_digests(scenario, self.code),
            *(["users"] if self.users else []),
        ]
        if past is not None:
            content += [
                "past", _content(past.scenario), _content(past.founded), past.now_s,
                dict(past.code),
            ]  # fmt: skip
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def __str__(self) -> str:
        arm = f", {self.arm}" if self.arm else ""
        return f"{self.scenario.name}{arm}, world {self.world} (seed {self.seed})"


def _content(scenario: Scenario) -> str:
    """Hash of everything in a scenario that can change a number."""
    fields = type(scenario).model_fields
    same: dict[str, Any] = {
        name: fields[name].get_default(call_default_factory=True)
        for name in _NO_RESULT
        if name in fields and not fields[name].is_required()
    }
    same["name"] = "run"
    same["record"] = scenario.record.model_copy(update={"events": False})
    return scenario_hash(scenario.model_copy(update=same))


def world_seed(seed: int, world: int) -> int:
    """The seed of a parallel world; world 0 has the scenario's own.

    Raises ValueError for a world below 0.
    """
    if world < 0:
        raise ValueError(f"worlds are counted from 0; got {world}")
    return seed if world == 0 else int(random_key(seed, f"world/{world}")) >> 1


def with_changes(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    """The scenario with values put at paths, such as ``{"feed.weights.like": 2.0}``.

    Paths are those of ``--set``. A value is plain data in the inner unit (seconds, shares), or a
    text with a unit as in a scenario file (``"2 d"``, ``"5 %"``). Raises ForyouError for a path
    that does not exist and a value that does not fit, all of them at once.
    """
    if not changes:
        return scenario
    place = Place(SET)
    root = tree(scenario.model_dump(exclude_none=True), place)
    texts = [f"{path}={_text(path, value)}" for path, value in changes.items()]
    root, problems = apply_overrides(root, texts, {})
    if not problems:
        try:
            return Scenario.model_validate(plain(root), strict=True)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            problems = to_problems(found, root, Scenario)
    raise ForyouError(_told(scenario.name, problems))


def _text(path: str, value: Any) -> str:
    """A value as scenario text, exact to the last bit."""
    if hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        raise ForyouError(f"{path}: a scenario cannot hold {value!r}") from None


def _told(name: str, problems: list[Problem]) -> str:
    lines = [f"{p.path}: {p.message}" if p.path else p.message for p in problems]
    return f"{name}: " + "; ".join(dict.fromkeys(lines))
