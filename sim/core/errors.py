"""Errors that a user can cause, and what the command line does with them.

    ForyouError                 base; the command line prints it and exits with 2
    ├── ScenarioError           one or more problems in a scenario text
    ├── ComponentError          a feed component returned something unusable, or was not found
    │   └── ConsentError        code that a scenario names was not allowed to run
    ├── RunFolderError          a run folder is missing, foreign or unfinished
    ├── StudyError              a study folder is foreign or cannot be written, or its workers fail
    └── ResourceError           a run would not fit this machine

``MachineError``, of the layer below, is the one further error of that kind: that Python is set up
so that nothing can run.

All take positional arguments only: SimPy rebuilds an exception that passed through
a process from its ``args``, so a keyword-only class would turn into a ``TypeError``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sim.core.printable import one_line
from sim.machine.notice import MachineError

__all__ = [
    "ComponentError",
    "ConsentError",
    "ForyouError",
    "MachineError",
    "Problem",
    "ResourceError",
    "RunFolderError",
    "ScenarioError",
    "StudyError",
]


class ForyouError(Exception):
    """Something the user can mend; shown without a traceback, exit code 2."""

    several_lines: ClassVar[bool] = False
    """Whether the message has lines. Then whatever a stranger wrote in it must be ``one_line``."""


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong in a scenario, with its place."""

    file: str
    """File name as the user gave it, or ``--set`` / ``<text>`` when there is no file."""
    line: int
    """Line, counted from 1; 0 when the problem is the file itself."""
    column: int
    """Column, counted from 1."""
    path: str
    """Dotted path of the value, such as ``feed.weights.lik``; may be empty."""
    message: str
    """What is wrong; what was found; a way out."""

    def __str__(self) -> str:
        parts = (self.place, self.path, self.message)
        return "  ".join(one_line(part) for part in parts if part)

    @property
    def place(self) -> str:
        """File, line and column, as far as they are known."""
        return self.file if self.line < 1 else f"{self.file}:{self.line}:{self.column}"


class ScenarioError(ForyouError):
    """A scenario cannot be used; ``problems`` lists every reason at once."""

    several_lines = True

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        super().__init__(source, tuple(problems))
        self.source = source
        self.problems = tuple(problems)

    def __str__(self) -> str:
        count = len(self.problems)
        head = f"{one_line(self.source)}: {count} problem{'' if count == 1 else 's'}"
        blocks = []
        for problem in self.problems:
            first = f"  {one_line(problem.place)}    {one_line(problem.path)}".rstrip()
            blocks.append(f"{first}\n      {one_line(problem.message)}")
        return "\n".join([head, "", *blocks])


class ComponentError(ForyouError):
    """A feed component misbehaved; the message starts with its name."""


class ConsentError(ComponentError):
    """A scenario names code of its own and the user did not allow it."""


class RunFolderError(ForyouError):
    """A run folder cannot be read or written."""


class StudyError(ForyouError):
    """A study cannot go on: its folder is of another one, or cannot be written."""


class ResourceError(ForyouError):
    """A run needs more than this machine has."""
