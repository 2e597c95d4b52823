"""What a run goes on from: its latest checkpoint that is whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any, Final

from sim.checkpoint.disk import Checkpoint, checkpoints, read_arrays
from sim.checkpoint.segments import Segment
from sim.core.errors import RunFolderError
from sim.machine.keep import Arrays
from sim.record.folder import read_manifest
from sim.record.verify import check_file
from sim.scenario import Scenario, load_file, load_text

__all__ = ["FOUNDED", "Past", "latest", "scenario_in", "segments_of", "world_of"]

FOUNDED: Final = "founded.yaml"
"""The scenario from which the world of a run was built, where it is not that of the run."""


@dataclass(frozen=True)
class Past:
    """A kept moment of a run."""

    checkpoint: Checkpoint
    arrays: Arrays


def scenario_in(folder: Path, manifest: Mapping[str, Any]) -> Scenario:
    """The scenario of a run, as it is in its folder.

    That of a run that has not finished stands in its manifest too, and its file may not be written
    yet. Raises RunFolderError when it is in neither place, and when the file has changed since.
    """
    path, resolved = folder / "scenario.yaml", manifest.get("resolved")
    if manifest.get("finished") is True:
        check_file(folder, manifest, path.name)
    elif resolved is not None:
        if path.is_file() and path.read_text(encoding="utf-8") != resolved:
            raise RunFolderError(
                f"{path}: has changed since the run began; what goes on would be another run. Put "
                "it back, or run it into another folder"
            )
        return load_text(str(resolved), str(path)).scenario
    if not path.is_file():
        raise RunFolderError(f"{path}: is missing; put it back, or run the scenario again")
    return load_file(path).scenario


def latest(
    run: Path, world: str, notice: Callable[[str], None], at_most: float = inf, *,
    events: bool = False,
) -> Past | None:  # fmt: skip
    """The latest whole checkpoint of a run, not after ``at_most``, s; None if there is none.

    ``world`` is the hash of what is played, and ``notice`` is told of each that is damaged, or of
    something else. With ``events`` only one counts up to which the event log was written.
    """
    for found in checkpoints(run):
        if isinstance(found, RunFolderError):
            notice(f"{found}; it is left out")
            continue
        if found.now_s > at_most + 1e-9 or (events and found.events is None):
            continue
        if found.world != world:
            notice(f"{found.path}: is of another scenario or seed; it is left out")
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
