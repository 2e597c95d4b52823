"""Observers of a run: the timeline, the paths of single videos, the event log.

They read what the engine hands them and never touch the model.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sim.core.actions import ACTION_NAMES, ACTIONS
from sim.core.counts import FIRST_ACTION, IMPRESSIONS, REACH, VIEWS, WATCH_MS
from sim.record.arrow import ARROW, to_arrow
from sim.record.columns import EVENTS, SOURCE_NAMES, SURFACE_NAMES
from sim.record.events import hash_all, hash_text

__all__ = ["EventLog", "Paths", "Timeline", "count_columns"]

_LIKES = FIRST_ACTION + ACTION_NAMES.index("like")
_CHUNK = 1_000_000


class Timeline:
    """Counters by time bin, surface and source; only the cells that are not empty are kept."""

    def __init__(self, bin_s: float) -> None:
        self.bin_s = bin_s
        self._open: dict[int, NDArray[np.int64]] = {}
        self._cells: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []

    def add(self, first_bin: int, counts: NDArray[np.int64]) -> None:
        """Add a window's counters [T, surfaces, sources, F], bins from ``first_bin`` on."""
        for number, window in enumerate(counts, first_bin):
            cell = self._open.get(number)
            if cell is None:
                self._open[number] = window
            else:
                cell += window
        if min(self._open) < first_bin:
            for number in sorted(n for n in self._open if n < first_bin):
                self._close(number)

    def _close(self, number: int) -> None:
        counts = self._open.pop(number)
        where = np.argwhere(counts[..., IMPRESSIONS] > 0)
        if len(where):
            keys = np.column_stack([np.full(len(where), number), where])
            self._cells.append((keys, counts[where[:, 0], where[:, 1]]))

    def columns(self) -> dict[str, Any]:
        """The columns of the timeline table, in order of time, surface and source."""
        for number in sorted(self._open):
            self._close(number)
        keys = np.concatenate([np.empty((0, 3), np.int64), *(k for k, _ in self._cells)])
        width = FIRST_ACTION + len(ACTIONS)
        counts = np.concatenate([np.empty((0, width), np.int64), *(c for _, c in self._cells)])
        return {
            "time_s": keys[:, 0] * self.bin_s,
            "surface": np.array(SURFACE_NAMES, object)[keys[:, 1]],
            "source": np.array(SOURCE_NAMES, object)[keys[:, 2]],
            **count_columns(counts),
        }


class Paths:
    """Counts of chosen videos at every snapshot."""

    def __init__(self, tracked: int, warmup_s: float) -> None:
        self._wanted = tracked
        self._warmup_s = warmup_s
        self._checked = 0
        self._videos = np.empty(0, np.int64)
        self._ordinary = 0
        self._rows: list[tuple[float, NDArray[np.int64], NDArray[np.int64]]] = []

    def notice(self, uploaded_s: NDArray[np.float64], probe: NDArray[np.int16], count: int) -> None:
        """Look at the videos that are new: all probes, and the first ordinary ones."""
        if count == self._checked:
            return
        new = np.arange(self._checked, count)
        self._checked = count
        planted = probe[new] >= 0
        ordinary = ~planted & (uploaded_s[new] >= self._warmup_s)
        ordinary &= np.cumsum(ordinary) <= self._wanted - self._ordinary
        self._ordinary += int(ordinary.sum())
        self._videos = np.concatenate([self._videos, new[planted | ordinary]])

    def snapshot(self, time_s: float, counts: NDArray[np.int64], pool: NDArray[np.int8]) -> None:
        """Remember the counts [V, F] of the chosen videos as they are now."""
        if len(self._videos):
            rows = counts[self._videos][:, [IMPRESSIONS, VIEWS, REACH, _LIKES]]
            rows = np.column_stack([rows, pool[self._videos]])
            self._rows.append((time_s, self._videos, rows))

    def columns(self, uploaded_s: NDArray[np.float64], probe: NDArray[Any]) -> dict[str, Any]:
        """The columns of the paths table; ``probe`` [V] holds names."""
        if not self._rows:
            videos, times, rows = np.empty(0, np.int64), np.empty(0), np.empty((0, 5), np.int64)
        else:
            videos = np.concatenate([v for _, v, _ in self._rows])
            times = np.concatenate([np.full(len(v), t) for t, v, _ in self._rows])
            rows = np.concatenate([r for _, _, r in self._rows])
        return {
            "time_s": times, "video": videos, "age_s": times - uploaded_s[videos],
            "impressions": rows[:, 0], "views": rows[:, 1], "reach": rows[:, 2],
            "likes": rows[:, 3], "pool": rows[:, 4], "probe": probe[videos],
        }  # fmt: skip

    def first_reaching(self, counter: str, least: int) -> dict[int, float]:
        """Time of the first snapshot at which each chosen video had at least so much.

        ``counter`` is ``impressions`` or ``reach``.
        """
        column = {"impressions": 0, "reach": 2}[counter]
        found: dict[int, float] = {}
        for time_s, videos, rows in self._rows:
            for video in videos[rows[:, column] >= least]:
                found.setdefault(int(video), time_s)
        return found


class EventLog:
    """Hash of all events, and the events themselves when a file is wanted."""

    def __init__(self, path: Path | None) -> None:
        self.sums = np.zeros(2, np.uint64)
        self.impressions = 0
        self._buffer: list[NDArray[Any]] = []
        self._buffered = 0
        self._writer: pq.ParquetWriter | None = None
        self._schema = pa.schema([(c.name, ARROW[c.dtype]) for c in EVENTS])
        if path is not None:
            self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")

    @property
    def wanted(self) -> bool:
        """Whether events are kept, not only hashed."""
        return self._writer is not None

    def add(self, events: NDArray[Any]) -> None:
        """Take the events of a window, in their fixed order."""
        hash_all(events, self.sums)
        self.keep(events)
        self.impressions += len(events)

    def keep(self, events: NDArray[Any]) -> None:
        """Write events that are hashed already."""
        if self._writer is None or len(events) == 0:
            return
        self._buffer.append(events)
        self._buffered += len(events)
        if self._buffered >= _CHUNK:
            self._flush()

    def _flush(self) -> None:
        if self._writer is None or self._buffered == 0:
            return
        events = np.concatenate(self._buffer)
        self._buffer, self._buffered = [], 0
        columns = [_event_column(events, c.name, c.dtype) for c in EVENTS]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))

    def close(self) -> None:
        """Finish the file."""
        self._flush()
        if self._writer is not None:
            self._writer.close()

    @property
    def hash(self) -> str:
        """The event-log hash."""
        return hash_text(self.sums, self.impressions)


def _event_column(events: NDArray[Any], name: str, dtype: str) -> pa.Array:
    if name in ACTION_NAMES:
        return to_arrow((events["actions"] >> ACTION_NAMES.index(name)) & 1, "bool")
    if name == "watch_s":
        return to_arrow(events["watch_ms"] / 1000.0, "float64")
    return to_arrow(events[name], dtype)


def count_columns(counts: NDArray[np.int64]) -> dict[str, Any]:
    """Counter columns, in the order of the tables, of rows [N, F]."""
    return {
        "impressions": counts[:, IMPRESSIONS],
        "views": counts[:, VIEWS],
        "watch_s": counts[:, WATCH_MS] / 1000.0,
        **{a.plural: counts[:, FIRST_ACTION + i] for i, a in enumerate(ACTIONS)},
    }
