"""The event log of a run that can stop: in segments, a new one after each checkpoint.

A Parquet file cannot be gone on with, so each segment is a whole one; they are joined at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from sim.core.errors import RunFolderError
from sim.record.files import Written, measure, open_new
from sim.record.recorders import event_schema

__all__ = ["Segment", "join", "rows_in"]


class Segment(NamedTuple):
    """A file of events."""

    name: str
    """under the run folder"""
    rows: int
    """how many of its first rows count"""
    digest: str
    """of the file; empty when that is not known, and only its pages are verified"""


def rows_in(segments: Sequence[Segment]) -> int:
    """Rows of all of them."""
    return sum(segment.rows for segment in segments)


def join(run: Path, segments: Sequence[Segment], out: Path) -> Written:
    """Write the events of some segments to one file.

    Raises RunFolderError for a file that is damaged or has fewer, and OSError.
    """
    with open_new(out) as file, pq.ParquetWriter(
        file, event_schema(), compression="zstd", write_page_checksum=True
    ) as writer:  # fmt: skip
        for segment in segments:
            for table in _first_rows(run / segment.name, segment):
                writer.write_table(table)
    return file.written


def _first_rows(path: Path, segment: Segment) -> Iterator[pa.Table]:
    """The first rows of a file, one row group after the other."""
    left = segment.rows
    try:
        if segment.digest and measure(path).digest != segment.digest:
            raise RunFolderError(f"{path}: is damaged, it has changed since it was written")
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for group in range(file.num_row_groups):
                if left <= 0:
                    return
                table = file.read_row_group(group).slice(0, left)
                left -= table.num_rows
                yield table
    except (OSError, pa.ArrowException) as error:
        raise RunFolderError(f"{path}: is damaged: {error}") from error
    if left > 0:
        raise RunFolderError(f"{path}: is damaged: it lacks {left} of {segment.rows} events")
