"""Observers of a run: the timeline, the paths of single videos, the event log.

They read what the engine hands them and never touch the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sim.core.actions import ACTION_NAMES, ACTIONS
from sim.core.counts import (
    FIRST_ACTION,
    FOLLOWERS,
    IMPRESSIONS,
    PART_COUNTS,
    PARTS,
    REACH,
    VIEWS,
    WATCH_MS,
    WIDTH,
)
from sim.core.stages import AGES_S, KINDS, STAGES
from sim.core.surfaces import FOR_YOU
from sim.feed.cold_start import WORTH_ONE
from sim.feed.control import CONTROL, ROWS
from sim.machine.keep import Arrays, Kept
from sim.record.arrow import ARROW, to_arrow
from sim.record.columns import BY_PART, BY_SURFACE_SHORT, EVENTS, SOURCE_NAMES, SURFACE_NAMES
from sim.record.events import MOST_AGO, hash_all, hash_text
from sim.record.files import NewFile, Written
from sim.world.state import NOBODY, TOPIC_ONE

__all__ = [
    "Controls", "EventLog", "Paths", "Regrets", "Timeline", "count_columns", "event_schema",
    "part_columns",
    "parts_of",
]  # fmt: skip

_TEST = SOURCE_NAMES.index("fresh")
_LIKES = FIRST_ACTION + ACTION_NAMES.index("like")
_CHUNK = 1_000_000


class Timeline(Kept):
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

    def put_down(self) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """The bins that are closed, and those that a window may still add to."""
        keys, counts = self._closed()
        yield "keys", keys
        yield "counts", counts
        yield "open", np.array(list(self._open), np.int64)
        shape = (0, len(SURFACE_NAMES), len(SOURCE_NAMES), WIDTH)
        yield "opened", np.array([*self._open.values()], np.int64).reshape(-1, *shape[1:])

    def take_up(self, kept: Arrays) -> None:
        """Become what was put down."""
        self._cells = [(kept["keys"], kept["counts"])]
        self._open = {
            int(number): cell.copy()
            for number, cell in zip(kept["open"], kept["opened"], strict=True)
        }

    def _closed(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(bin, surface, source) [N, 3] and counters [N, F] of the cells of closed bins."""
        keys = np.concatenate([np.empty((0, 3), np.int64), *(k for k, _ in self._cells)])
        width = FIRST_ACTION + len(ACTIONS)
        return keys, np.concatenate([np.empty((0, width), np.int64), *(c for _, c in self._cells)])

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
        keys, counts = self._closed()
        return {
            "time_s": keys[:, 0] * self.bin_s,
            "surface": np.array(SURFACE_NAMES, object)[keys[:, 1]],
            "source": np.array(SOURCE_NAMES, object)[keys[:, 2]],
            **count_columns(counts),
        }


class Controls(Kept):
    """What people did with slates that have controls, after the warm-up."""

    KEPT = ("_counts",)

    def __init__(self, warmup_s: float) -> None:
        self._warmup_s = warmup_s
        self._counts = np.zeros((ROWS, WIDTH + 1), np.int64)

    def add(self, start_s: float, counts: NDArray[np.int64]) -> None:
        """Add a window's counters [ROWS, F + 1]; ``start_s`` is when it began."""
        if start_s >= self._warmup_s:
            self._counts += counts

    def columns(self) -> dict[str, Any]:
        """The columns of the table of controls, a row for each stage and kind."""
        return {
            "seen_from": np.repeat(STAGES, len(KINDS)),
            "kind": np.array(KINDS * len(STAGES), object),
            **count_columns(self._counts),
            "match": self._counts[:, WIDTH] / TOPIC_ONE**2,
        }


class Regrets(Kept):
    """What slates that an oracle was shown are worth, after the warm-up."""

    KEPT = ("_sums",)

    def __init__(self, warmup_s: float) -> None:
        self._warmup_s = warmup_s
        self._sums = np.zeros((len(STAGES) + len(AGES_S), 4), np.int64)

    def add(self, start_s: float, sums: NDArray[np.int64]) -> None:
        """Add a window's sums (see ``sim.engine.regret``); ``start_s`` is when it began."""
        if start_s >= self._warmup_s:
            self._sums += sums

    def columns(self) -> dict[str, Any]:
        """The columns of the table of regret: each stage of people, then each age of videos."""
        places, *worths = self._sums.T
        shown, best, random = (column / WORTH_ONE for column in worths)
        return {
            "by": np.array(["person"] * len(STAGES) + ["video"] * len(AGES_S), object),
            "from": np.array([*STAGES, *AGES_S], float),
            "places": places, "shown": shown, "best": best, "random": random,
        }  # fmt: skip


class Paths(Kept):
    """Counts of chosen videos at every snapshot."""

    KEPT = ("_checked", "_videos", "_ordinary")

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

    def snapshot(
        self, time_s: float, counts: NDArray[np.int64], elsewhere: NDArray[np.int32],
        pool: NDArray[np.int8],
    ) -> None:  # fmt: skip
        """Remember the counts [V, F] and [V, PART_WIDTH] of the chosen videos as they are now."""
        if len(self._videos):
            shown = counts[self._videos]
            by_part = parts_of(shown, elsewhere[self._videos])
            rows = np.column_stack([
                shown[:, [IMPRESSIONS, VIEWS, REACH, _LIKES]], pool[self._videos],
                by_part[:, :FOLLOWERS, 0], by_part[:, FOR_YOU, 2], by_part[:, FOLLOWERS, [0, 2]],
            ])  # fmt: skip
            self._rows.append((time_s, self._videos, rows))

    def put_down(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """Which videos are chosen, and all snapshots."""
        yield from super().put_down()
        yield from zip(("times", "videos", "rows"), self._all_rows(), strict=True)

    def take_up(self, kept: Arrays) -> None:
        """Become what was put down."""
        super().take_up(kept)
        times = kept["times"]
        ends = [*(np.flatnonzero(np.diff(times)) + 1), len(times)] if len(times) else []
        self._rows = [
            (float(times[first]), kept["videos"][first:last], kept["rows"][first:last])
            for first, last in pairwise([0, *ends])
        ]

    def _all_rows(self) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
        """(time [N], video [N], counts [N, ...]) of all snapshots."""
        nothing = np.empty((0, 8 + len(SURFACE_NAMES)), np.int64)
        return (
            np.concatenate([np.empty(0), *(np.full(len(v), t) for t, v, _ in self._rows)]),
            np.concatenate([np.empty(0, np.int64), *(v for _, v, _ in self._rows)]),
            np.concatenate([nothing, *(r for _, _, r in self._rows)]),
        )

    def columns(self, uploaded_s: NDArray[np.float64], probe: NDArray[Any]) -> dict[str, Any]:
        """The columns of the paths table; ``probe`` [V] holds names."""
        times, videos, rows = self._all_rows()
        return {
            "time_s": times, "video": videos, "age_s": times - uploaded_s[videos],
            "impressions": rows[:, 0], "views": rows[:, 1], "reach": rows[:, 2],
            "likes": rows[:, 3], "pool": rows[:, 4], "probe": probe[videos],
            **dict(zip((c.name for c in BY_SURFACE_SHORT), rows[:, 5:].T, strict=True)),
        }  # fmt: skip

    def first_reaching(self, counter: str, least: int, among: str = "all") -> dict[int, float]:
        """Time of the first snapshot at which each chosen video had at least so much.

        ``counter`` is ``impressions`` or ``reach``; ``among`` is ``all``, ``for_you`` for what
        happened there alone, or ``strangers`` for people who did not follow the creator.
        """
        found: dict[int, float] = {}
        for time_s, videos, rows in self._rows:
            for video in videos[_among(rows, counter, among) >= least]:
                found.setdefault(int(video), time_s)
        return found


def event_schema() -> pa.Schema:
    """The columns of the event log."""
    return pa.schema([(c.name, ARROW[c.dtype]) for c in EVENTS])


class EventLog(Kept):
    """Hash of all events, and the events themselves when a file is wanted."""

    KEPT = ("sums", "impressions")

    def __init__(self, path: Path | None) -> None:
        self.sums = np.zeros(2, np.uint64)
        self.impressions = 0
        self._buffer: list[tuple[NDArray[Any], NDArray[np.float64]]] = []
        self._buffered = 0
        self._chances: list[tuple[float, float]] = []
        self._writer: pq.ParquetWriter | None = None
        if path is not None:
            self.open(path)

    def open(self, path: Path) -> None:
        """Go on in a new file; the last one was closed."""
        self._file = NewFile(path)
        self._writer = pq.ParquetWriter(
            self._file, event_schema(), compression="zstd", write_page_checksum=True
        )

    def put_down(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """What was counted, and the probabilities of all windows; not the events."""
        yield from super().put_down()
        yield "chances", np.array(self._chances, np.float64).reshape(-1, 2)

    def take_up(self, kept: Arrays) -> None:
        """Become what was put down."""
        super().take_up(kept)
        self._chances = [(a, b) for a, b in kept["chances"].tolist()]

    @property
    def wanted(self) -> bool:
        """Whether events are kept, not only hashed."""
        return self._writer is not None

    def begin(self, chances: tuple[float, float]) -> None:
        """A window begins: with which probability a draw of chance names one certain video.

        Those of a control, and of a place kept for videos in pools; NaN for what there is not.
        """
        if self._writer is not None:
            self._chances.append(chances)

    def add(self, events: NDArray[Any]) -> None:
        """Take the events of a window, in their fixed order."""
        hash_all(events, self.sums)
        self.keep(events)
        self.impressions += len(events)

    def keep(self, events: NDArray[Any]) -> None:
        """Write events that are hashed already."""
        if self._writer is None or len(events) == 0:
            return
        self._buffer.append((events, self._chances_of(events)))
        self._buffered += len(events)
        if self._buffered >= _CHUNK:
            self._flush()

    def _flush(self) -> None:
        if self._writer is None or self._buffered == 0:
            return
        events = np.concatenate([events for events, _ in self._buffer])
        chances = np.concatenate([chances for _, chances in self._buffer])
        self._buffer, self._buffered = [], 0
        columns = [
            pa.array(chances, mask=np.isnan(chances)) if c.name == "chance"
            else _event_column(events, c.name, c.dtype)
            for c in EVENTS
        ]  # fmt: skip
        self._writer.write_table(pa.Table.from_arrays(columns, schema=event_schema()))

    def _chances_of(self, events: NDArray[Any]) -> NDArray[np.float64]:
        """[N] with which probability chance filled the place; NaN where it did not."""
        # slates older than an event can tell have no known probability
        window = len(self._chances) - 1 - events["ago"].astype(np.int64)
        window[events["ago"] == MOST_AGO] = NOBODY
        table = np.array([*self._chances, (np.nan, np.nan)])
        found = np.full(len(events), np.nan)
        for kind, which in enumerate((
            events["source"] == CONTROL, (events["source"] == _TEST) & (events["pool"] > 0)
        )):  # fmt: skip
            found[which] = table[window[which], kind]
        return found

    def close(self) -> Written | None:
        """Finish the file; it appears under its name. What it holds; None without a file."""
        self._flush()
        if self._writer is None:
            return None
        self._writer.close()
        return self._file.commit()

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


def parts_of(counts: NDArray[np.int64], elsewhere: NDArray[Any]) -> NDArray[np.int64]:
    """[N, parts, 3] impressions, views and reach by PARTS, of counters [N, F] and those of
    everything but For You [N, PART_WIDTH].
    """
    found = elsewhere.astype(np.int64).reshape(len(elsewhere), len(PARTS), len(PART_COUNTS))
    total = counts[:, [IMPRESSIONS, VIEWS, REACH]]
    found[:, FOR_YOU] = total - found[:, :FOLLOWERS].sum(axis=1)
    return found


def part_columns(
    counts: NDArray[np.int64], elsewhere: NDArray[Any]
) -> dict[str, NDArray[np.int64]]:
    """Impressions, views and reach by surface, and of followers, as columns [N]."""
    found = parts_of(counts, elsewhere).transpose(2, 1, 0).reshape(len(BY_PART), len(counts))
    return dict(zip((column.name for column in BY_PART), found, strict=True))


def _among(rows: NDArray[np.int64], counter: str, among: str) -> NDArray[np.int64]:
    """A counter [N] of snapshots among all, on For You, or among strangers."""
    of_reach = counter == "reach"
    everybody = rows[:, 2 if of_reach else 0]
    for_you, followers = rows[:, -3], rows[:, -1]
    if not of_reach:
        for_you, followers = rows[:, 5 + FOR_YOU], rows[:, -2]
    return {"all": everybody, "for_you": for_you, "strangers": everybody - followers}[among]
