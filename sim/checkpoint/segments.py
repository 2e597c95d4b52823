"""The event log of a run that can stop: in segments, a new one after each checkpoint.

A Parquet file cannot be gone on with, so each segment is a whole one; they are joined at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sim.core.errors import RunFolderError
from sim.record.files import open_new
from sim.record.recorders import event_schema

__all__ = ["join"]


def join(parts: Sequence[tuple[Path, int]], out: Path) -> None:
    """Write the first rows of some files, so many of each, to one.

    Raises RunFolderError for a file that is damaged or has fewer, and OSError.
    """
    with open_new(out) as file, pq.ParquetWriter(
        file, event_schema(), compression="zstd", write_page_checksum=True
    ) as writer:  # fmt: skip
        for path, rows in parts:
            for table in _first_rows(path, rows):
                writer.write_table(table)


def _first_rows(path: Path, rows: int) -> Iterator[pa.Table]:
    """The first rows of a file, one row group after the other."""
    left = rows
    try:
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
        raise RunFolderError(f"{path}: is damaged: it lacks {left} of {rows} events")
