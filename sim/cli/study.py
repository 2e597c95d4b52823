"""The frame of every command that runs a study: its last options, who plays it, how it is told."""

from __future__ import annotations

import functools
import inspect
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, get_type_hints

from sim.cli.console import complain, say
from sim.cli.options import (
    Address,
    AllowCode,
    Executors,
    Force,
    Json,
    Level,
    Plots,
    Quiet,
    Where,
    Workers,
)
from sim.cli.study_progress import going_on

if TYPE_CHECKING:
    from sim.study.runs.execute import Executor, Report
    from sim.study.runs.start import Failure

__all__ = [
    "How", "Result", "as_json", "executor_of", "failed_runs", "playing", "study_command", "tell",
]  # fmt: skip


@dataclass(frozen=True)
class How:
    """The last options of every study: how sure, played by whom, shown in which way."""

    level: Level = 0.95
    workers: Workers = None
    executor: Where = Executors.auto
    address: Address = None
    allow_code: AllowCode = False
    force: Force = False
    quiet: Quiet = False
    json: Json = False
    plots: Plots = True

    @property
    def shown(self) -> bool:
        """Whether a person watches."""
        return not self.quiet and not self.json


def study_command(command: Callable[..., None]) -> Callable[..., None]:
    """The command with each option of its argument ``how`` as one of its own, at the end.

    Typer reads options from a signature; this writes those of :class:`How` there.
    """
    hints = get_type_hints(How, include_extras=True)
    own = inspect.signature(command, eval_str=True).parameters.values()
    parameters = [one for one in own if one.name != "how"] + [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=hints[field.name],
        )
        for field in fields(How)
    ]

    @functools.wraps(command)
    def flat(**given: Any) -> None:
        how = How(**{field.name: given.pop(field.name) for field in fields(How)})
        command(**given, how=how)

    flat.__annotations__ = {one.name: one.annotation for one in parameters}
    flat.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return flat


@contextmanager
def playing(
    title: str, folder: Path, how: How, runs: int
) -> Iterator[tuple[Executor, Callable[[Report], None]]]:
    """Who plays so many ``runs``, and where their progress goes; Ctrl-C leaves all in order."""
    try:
        with going_on(title, folder, shown=how.shown) as progress, executor_of(how, runs) as hands:
            yield hands, progress
    finally:
        with suppress(OSError):
            folder.rmdir()  # only when nothing was written


def executor_of(how: How, runs: int) -> Executor:
    """The executor that the options ask for, for so many ``runs``; to be used with ``with``."""
    from sim.study.runs.execute import make_executor

    return make_executor(how.executor.value, how.workers, how.address, runs=runs)


class Result(Protocol):
    """What a study found."""

    @property
    def folder(self) -> Path:
        """The study folder."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""


R = TypeVar("R", bound=Result)


def tell(result: R, how: How, show: Callable[[R], None], failed: Sequence[Failure] = ()) -> None:
    """Tell what came out, by ``show`` for a person or as JSON, and which runs ``failed``."""
    if how.json:
        say(as_json(result.folder, result.to_dict()))
    elif not how.quiet:
        show(result)
    failed_runs(result.folder, failed)


def as_json(folder: Path, content: Mapping[str, Any]) -> str:
    """The folder and the result of a study as one JSON object."""
    import json

    from sim.study.runs.store import plain_json

    found = plain_json({"folder": folder, **content})
    return json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False)


def failed_runs(folder: Path, failed: Sequence[Failure]) -> None:
    """Tell, on standard error, which runs failed and how to see one alone."""
    if not failed:
        return
    one = failed[0]
    alone = shlex.join(["foryou", "run", str(folder / one.scenario)])
    which = f"{one.arm}, world {one.world}" if one.arm else f"world {one.world}"
    count = "1 run" if len(failed) == 1 else f"{len(failed)} runs"
    complain(
        f"{count} failed and {'is' if len(failed) == 1 else 'are'} left out; {which}: {one.error}; "
        f"see it with: {alone}"
    )
