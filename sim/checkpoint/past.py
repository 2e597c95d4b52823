"""What a run goes on from: its latest checkpoint that is whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Final

from sim.checkpoint.disk import Checkpoint, checkpoints, read_arrays
from sim.checkpoint.segments import Segment
from sim.core.errors import RunFolderError
from sim.machine.keep import Arrays
from sim.record.folder import read_manifest
from sim.record.verify import check_file
from sim.scenario import Scenario, load_file

__all__ = ["FOUNDED", "Past", "latest", "segments_of", "world_of"]

FOUNDED: Final = "founded.yaml"
"""The scenario from which the world of a run was built, where it is not that of the run."""


@dataclass(frozen=True)
class Past:
    """A kept moment of a run."""

    checkpoint: Checkpoint
    arrays: Arrays


def latest(
    run: Path, notice: Callable[[str], None], at_most: float = inf, *, events: bool = False
) -> Past | None:
    """The latest whole checkpoint of a run, not after ``at_most``, s; None if there is none.

    ``notice`` is told of each that is damaged. With ``events`` only one counts up to which the
    event log was written.
    """
    for found in checkpoints(run):
        if isinstance(found, RunFolderError):
            notice(f"{found}; it is left out")
            continue
        if found.now_s > at_most + 1e-9 or (events and found.events is None):
            continue
        try:
            return Past(found, read_arrays(found))
        except RunFolderError as error:
            notice(f"{error}; it is left out")
    return None


def segments_of(run: Path, checkpoint: Checkpoint) -> list[Segment]:
    """Where the events before a checkpoint are: in segments, or, of a finished run, in one file.

    Raises RunFolderError when that one is damaged.
    """
    if all((run / segment.name).is_file() for segment in checkpoint.segments):
        return list(checkpoint.segments)
    manifest = read_manifest(run)
    if manifest.get("finished") is True:
        check_file(run, manifest, "events.parquet")
    return [Segment("events.parquet", checkpoint.events or 0, "")]


def world_of(run: Path, scenario: Scenario) -> Scenario:
    """The scenario from which the world of a run was built."""
    path = run / FOUNDED
    return load_file(path).scenario if path.is_file() else scenario
