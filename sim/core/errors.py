"""Errors that a user can cause, and what the command line does with them.

    ForyouError                 base; the command line prints it and exits with 2
    ├── ScenarioError           one or more problems in a scenario text
    ├── ComponentError          a feed component returned something unusable, or was not found
    │   └── ConsentError        code that a scenario names was not allowed to run
    ├── RunFolderError          a run folder is missing, foreign or unfinished
    ├── StudyError              a study folder is foreign or cannot be written, or its workers fail
    └── ResourceError           a run would not fit this machine

All take positional arguments only: SimPy rebuilds an exception that passed through
a process from its ``args``, so a keyword-only class would turn into a ``TypeError``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "ComponentError",
    "ConsentError",
    "ForyouError",
    "Problem",
    "ResourceError",
    "RunFolderError",
    "ScenarioError",
    "StudyError",
]


class ForyouError(Exception):
    """Something the user can mend; shown without a traceback, exit code 2."""


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
        place = self.file if self.line < 1 else f"{self.file}:{self.line}:{self.column}"
        return f"{place}  {self.path}  {self.message}" if self.path else f"{place}  {self.message}"


class ScenarioError(ForyouError):
    """A scenario cannot be used; ``problems`` lists every reason at once."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        super().__init__(source, tuple(problems))
        self.source = source
        self.problems = tuple(problems)

    def __str__(self) -> str:
        count = len(self.problems)
        head = f"{self.source}: {count} problem{'' if count == 1 else 's'}"
        blocks = []
        for problem in self.problems:
            place = (
                problem.file
                if problem.line < 1
                else f"{problem.file}:{problem.line}:{problem.column}"
            )
            first = f"  {place}    {problem.path}".rstrip()
            blocks.append(f"{first}\n      {problem.message}")
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
