"""Whether the checkpoints of a run are what it wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sim.checkpoint.disk import FOLDER, checkpoints, read_arrays
from sim.checkpoint.moment import PASTS
from sim.core.errors import RunFolderError
from sim.record.files import measure
from sim.record.verify import Verdict

__all__ = ["verify_checkpoints"]


def verify_checkpoints(run: Path) -> Verdict:
    """Look at every file of the checkpoints of a run, and of the pasts that are kept beside it."""
    right, wrong = 0, list[str]()
    for folder in (run, *sorted((run / PASTS).glob("*"))):
        for found in checkpoints(folder):
            if isinstance(found, RunFolderError):
                wrong.append(f"{found}; {_WAY_OUT}")
                continue
            try:
                read_arrays(found)
            except RunFolderError as error:
                wrong.append(f"{error}; {_WAY_OUT}")
            else:
                right += len(found.files) + 2
        segments = list(_damaged_segments(folder))
        wrong += segments
    return Verdict(right, tuple(wrong))


_WAY_OUT = "what goes on from it goes on from the one before, or from the start"


def _damaged_segments(run: Path) -> Iterator[str]:
    """A line for each segment of events that a checkpoint names and that has changed."""
    told = set()
    for found in checkpoints(run):
        for segment in () if isinstance(found, RunFolderError) else found.segments:
            path = run / segment.name
            if path.parent.name != FOLDER or path in told or not path.is_file():
                continue
            told.add(path)
            if measure(path).digest != segment.digest:
                yield (
                    f"{path}: is damaged; the events of the run are lost with it: remove the "
                    f"folder {path.parent}, and foryou resume plays it from the start"
                )
