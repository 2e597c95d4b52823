"""Arguments that every kind of study takes, by name, with the same meaning.

Defaults stand where an argument is read: those of :class:`Opening` in ``start.subject``, those of
:class:`Playing` in the function of a study that does its runs. A name that nobody knows is refused
there, as by any function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypedDict, cast

from sim.study.runs.execute import Executor, Report

__all__ = ["Opening", "Options", "Playing", "split"]


class Opening(TypedDict, total=False):
    """How a scenario is read."""

    overrides: Sequence[str]
    """``PATH=VALUE`` changes of a scenario that is a file."""
    seed: int | None
    """Seed of world 0; None for that of the scenario."""
    allow_code: bool
    """Consent to import the code that the scenario names."""
    base_dir: Path | None
    """Where that code is looked for when the scenario is no file."""
    past: str | None
    """The moment of a run from which all runs go on, such as ``runs/base@36h``: in each world they
    share the past that the scenario of that run has there."""


class Playing(TypedDict, total=False):
    """Where the runs of a study are done and kept; nothing of it changes a result."""

    out: Path | str | None
    """The study folder; one of the same study goes on. None for a new one under ``studies/``."""
    executor: Executor | None
    """Who does the runs; None for the cores of this machine."""
    force: bool
    """Start even if a run seems not to fit this machine."""
    plots: bool
    """Draw the pictures at the end."""
    progress: Callable[[Report], None] | None
    """Called at least twice a second with how far it is."""


class Options(Opening, Playing, total=False):
    """Both."""


def split(options: Options) -> tuple[Opening, Playing]:
    """What opens the scenario, and what plays it; unknown names are left with the former."""
    given: dict[str, Any] = dict(options)
    playing = {name: given.pop(name) for name in Playing.__annotations__ if name in given}
    return cast(Opening, given), cast(Playing, playing)
