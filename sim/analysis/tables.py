"""A finished run folder as tables, and the populations that the numbers speak about.

Three populations of videos are used throughout, so that no number is without its name:

    ordinary    uploads by the platform's own creators, not planted by a probe, that everybody may
                see: not for followers or friends alone, not refused, not taken down
    measured    ordinary uploads posted after the warm-up
    mature      measured uploads at least ``Tables.min_age_s`` old when the run ended
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from sim.core.errors import RunFolderError
from sim.record.columns import TABLES
from sim.record.folder import read_manifest
from sim.record.verify import check_file, unfinished
from sim.scenario.viral import Viral

__all__ = [
    "MATURE_AGE_S",
    "MATURE_SHARE",
    "Locale",
    "Tables",
    "bin_width_s",
    "load_tables",
    "make_tables",
    "mature",
    "measured",
    "measured_timeline",
    "ordinary",
    "read_manifest",
    "read_tables",
    "rows_where",
    "timeline_since",
]

MATURE_AGE_S: Final = 86_400.0
"""Age at which a video counts as mature, s. Assumption: about a third of the views of 90 days
come on the first day (V9), so a day is the youngest age at which videos can be compared."""

MATURE_SHARE: Final = 0.5
"""In a short run: the mature age is at most this share of the time after the warm-up."""

READ: Final = ("videos", "creators", "users", "timeline", "paths", "probes", "control", "regret")
"""Tables that every finished run folder has. The event log is never needed here."""
READ_IF_THERE: Final = ("shares", "newcomers", "reactions", "sounds", "hashtags", "trends")
"""Tables that only some have."""

_HOUR = 3_600.0


@dataclass(frozen=True)
class Locale:
    """A part of the population that shares a clock."""

    name: str
    share: float
    """Share of users, 0..1."""
    utc_offset_s: float
    """Local time minus the time of the run, s."""


@dataclass(frozen=True)
class Tables:
    """What a run left behind. Columns: ``sim.record.columns.TABLES``."""

    videos: pl.DataFrame
    creators: pl.DataFrame
    users: pl.DataFrame
    timeline: pl.DataFrame
    paths: pl.DataFrame
    probes: pl.DataFrame
    control: pl.DataFrame
    regret: pl.DataFrame
    shares: pl.DataFrame | None
    """Links that people sent each other; None where the scenario has none."""
    newcomers: pl.DataFrame | None
    """First videos of people who joined during the run; None where nobody does."""
    reactions: pl.DataFrame | None
    """What creators did on looking back at posts; None where they do not."""
    sounds: pl.DataFrame | None
    """Sounds; None in runs of earlier versions, as are hashtags and trends."""
    hashtags: pl.DataFrame | None
    trends: pl.DataFrame | None
    """What stood on the lists of what trends, hour by hour."""
    users_count: int
    """U, users in the world."""
    warmup_s: float
    """First part of the run that summary numbers leave out, s."""
    duration_s: float
    """Length of the run, warm-up included, s."""
    viral: Viral
    """What counts as viral."""
    mean_impressions: float | None = None
    """Supply that the scenario states, impressions a day for each post of a day; or None."""
    name: str = ""
    """Name of the scenario; empty when unknown."""
    seed: int | None = None
    """Seed of the run; None when unknown."""
    timeline_s: float | None = None
    """Width of a time bin, s; None: taken from the table."""
    locales: tuple[Locale, ...] = (Locale("home", 1.0, 0.0),)
    """Clocks of the population, at least one."""
    pools: int = 0
    """Cold-start pools of the scenario; 0 without any, and when unknown."""

    @property
    def measured_s(self) -> float:
        """Time after the warm-up, s."""
        return self.duration_s - self.warmup_s

    @property
    def min_age_s(self) -> float:
        """Age from which a video counts as mature in this run, s."""
        return min(MATURE_AGE_S, MATURE_SHARE * self.measured_s)


def load_tables(folder: Path | str) -> Tables:
    """The tables of a finished run folder.

    Raises ``RunFolderError`` when the folder is missing, is no run folder, or its run
    did not finish, and when a table is damaged.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    if manifest.get("finished") is not True:
        raise RunFolderError(unfinished(folder))
    return read_tables(folder, manifest)


def read_tables(folder: Path | str, manifest: Mapping[str, Any]) -> Tables:
    """The tables in ``folder`` with the facts about the run from ``manifest``.

    Keys read: ``users``, ``warmup_s``, ``duration_s``, ``viral``; and when present
    ``scenario`` (name), ``seed``, ``timeline_s``, ``pools``, ``locales`` (a list of
    ``{name, share, utc_offset_s}``) and ``files``, the digests, with which every table is compared
    first. The run itself calls this before its manifest is final.
    """
    folder = Path(folder)
    known = manifest.get("files", ())
    there = [
        name
        for name in READ_IF_THERE
        if f"{name}.parquet" in known or (folder / f"{name}.parquet").is_file()
    ]
    frames = {name: _read(folder, name, manifest) for name in (*READ, *there)}
    return make_tables(frames, manifest, str(folder))


def make_tables(
    frames: Mapping[str, pl.DataFrame], facts: Mapping[str, Any], source: str = "run"
) -> Tables:
    """The tables of a run from frames with the columns of ``sim.record.columns.TABLES``.

    ``facts`` are the keys of a manifest that :func:`read_tables` names; ``source`` is what
    messages call the run. Raises ``RunFolderError`` for facts that describe no run.
    """
    users = int(_number(source, facts, "users"))
    warmup = _number(source, facts, "warmup_s")
    duration = _number(source, facts, "duration_s")
    if users < 1 or not 0 <= warmup < duration:
        raise RunFolderError(f"{source}: manifest.json does not describe a run that is possible")
    seed = facts.get("seed")
    supply = facts.get("mean_impressions")
    width = facts.get("timeline_s")
    return Tables(
        **{name: _words(name, frames[name]) for name in READ},
        shares=frames.get("shares"),
        newcomers=frames.get("newcomers"),
        reactions=frames.get("reactions"),
        sounds=frames.get("sounds"),
        hashtags=frames.get("hashtags"),
        trends=frames.get("trends"),
        users_count=users,
        warmup_s=warmup,
        duration_s=duration,
        viral=_viral(source, facts),
        mean_impressions=float(supply) if supply is not None else None,
        name=str(facts.get("scenario") or ""),
        seed=int(seed) if seed is not None else None,
        timeline_s=float(width) if width is not None else None,
        locales=_locales(source, facts),
        pools=int(_number(source, {"pools": 0, **facts}, "pools")),
    )


def _number(source: str, manifest: Mapping[str, Any], key: str) -> float:
    value = manifest.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RunFolderError(f"{source}: is not a run folder, manifest.json has no number {key!r}")
    return float(value)


def _viral(source: str, manifest: Mapping[str, Any]) -> Viral:
    try:
        return Viral.of_facts(manifest)
    except (KeyError, TypeError, ValueError) as error:
        raise RunFolderError(
            f"{source}: is not a run folder, manifest.json does not say what counts as viral"
        ) from error


def _locales(source: str, manifest: Mapping[str, Any]) -> tuple[Locale, ...]:
    rows = manifest.get("locales")
    if not rows:
        return Tables.locales
    try:
        return tuple(
            Locale(str(row["name"]), float(row["share"]), float(row["utc_offset_s"]))
            for row in rows
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RunFolderError(f"{source}: manifest.json: bad entry in locales: {error}") from error


def _read(folder: Path, name: str, manifest: Mapping[str, Any]) -> pl.DataFrame:
    path = folder / f"{name}.parquet"
    check_file(folder, manifest, path.name)
    columns = TABLES[name]
    try:
        present = pl.read_parquet_schema(path)
        missing = [c.name for c in columns if c.name not in present]
        if missing:
            raise RunFolderError(
                f"{path}: column {missing[0]!r} is missing; made by another version?"
            )
        return pl.read_parquet(path, columns=[c.name for c in columns])
    except (pl.exceptions.PolarsError, OSError) as error:
        raise RunFolderError(f"{path}: cannot be read: {error}") from error


def _words(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame in one piece, with its categories as text."""
    words = [c.name for c in TABLES[name] if c.dtype == "category"]
    if words:
        frame = frame.with_columns(pl.col(words).cast(pl.String).fill_null(""))
    return frame.rechunk()


def rows_where(frame: pl.DataFrame, condition: pl.Expr) -> pl.DataFrame:
    """The rows that meet a condition, in one piece.

    A filtered frame comes in as many pieces as there are cores, and sums of floats go piece by
    piece: without this the last digit of a number would depend on the machine.
    """
    return frame.filter(condition).rechunk()


def ordinary(tables: Tables) -> pl.DataFrame:
    """Videos for everybody that no probe planted, the first catalogue included.

    In runs of earlier versions all videos are for everybody.
    """
    own = rows_where(tables.videos, pl.col("probe") == "")
    return rows_where(own, pl.col("audience") == "everybody") if "audience" in own else own


def measured(tables: Tables) -> pl.DataFrame:
    """Ordinary uploads posted after the warm-up: uploaded in [warmup, duration)."""
    return rows_where(ordinary(tables), pl.col("uploaded_s") >= tables.warmup_s)


def mature(tables: Tables) -> pl.DataFrame:
    """Measured uploads whose age at the end of the run is at least ``min_age_s``."""
    latest = tables.duration_s - tables.min_age_s
    return rows_where(measured(tables), pl.col("uploaded_s") <= latest)


def bin_width_s(tables: Tables) -> float:
    """Width of a bin of the timeline, s: as the manifest says, else the smallest step."""
    if tables.timeline_s is not None:
        return tables.timeline_s
    times = tables.timeline["time_s"].unique().sort()
    step = times.diff().drop_nulls().min()
    return float(step) if isinstance(step, int | float) else tables.duration_s


def measured_timeline(tables: Tables) -> tuple[pl.DataFrame, float]:
    """Time bins that start after the warm-up, and the time that they cover, s.

    A bin that the warm-up cuts in two is left out, and so is its time.
    """
    return timeline_since(tables, tables.warmup_s)


def timeline_since(tables: Tables, start_s: float) -> tuple[pl.DataFrame, float]:
    """Time bins that start at ``start_s`` or later, and the time that they cover, s.

    A bin that this cuts in two is left out, and so is its time.
    """
    width = bin_width_s(tables)
    bins_before = -(-start_s // width)
    start = min(bins_before * width, tables.duration_s)
    return rows_where(tables.timeline, pl.col("time_s") >= start - 1e-6), tables.duration_s - start
