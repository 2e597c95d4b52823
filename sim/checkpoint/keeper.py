"""Who makes checkpoints while a run is played, and keeps the last of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import floor
from pathlib import Path
from typing import Any

from sim.assemble import Live
from sim.checkpoint.disk import (
    FOLDER,
    Checkpoint,
    checkpoints,
    forget,
    world_hash,
    write_checkpoint,
)
from sim.checkpoint.segments import Segment, join, rows_in
from sim.engine.clock import KEEP, every
from sim.record.files import remove

__all__ = ["Keeper", "Plan", "first_log", "next_segment", "remove_segments"]

_LAST = 2
"""Checkpoints that are kept unless all are."""


@dataclass(frozen=True)
class Plan:
    """Which checkpoints are wanted."""

    every_s: float
    """simulated time between two of them, s; they are made at the refresh after it has passed"""
    all: bool = False
    """whether all are kept, and not only the last ones"""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"every_s": self.every_s, "all": self.all}


def next_segment(run: Path, segments: Sequence[Segment]) -> Path:
    """The file in which the event log goes on."""
    names = (Path(segment.name) for segment in segments)
    own = (name for name in names if name.parent.name == FOLDER)
    number = 1 + max((int(path.stem.rpartition("-")[2]) for path in own), default=0)
    return run / FOLDER / f"events-{number:06d}.parquet"


def first_log(run: Path, plan: Plan | None) -> Path:
    """The file in which the event log of a new world begins: all of it when nothing stops it."""
    return run / "events.parquet" if plan is None else next_segment(run, ())


def remove_segments(run: Path, used: Sequence[Segment]) -> None:
    """Remove the segments of events that are not among those ``used``."""
    for path in sorted((run / FOLDER).glob("events-*.parquet")):
        if path.relative_to(run).as_posix() not in {segment.name for segment in used}:
            remove(path)


@dataclass
class Keeper:
    """Keeps checkpoints of one run, and its event log in segments."""

    run: Path
    live: Live
    plan: Plan | None
    segments: list[Segment] = field(default_factory=list)
    """finished ones, in order"""
    made: list[Checkpoint] = field(default_factory=list)
    """that are there, the oldest first"""

    def start(self) -> None:
        """Take a place on the clock, behind all that happens at a refresh."""
        live, scenario = self.live, self.live.scenario
        self.made = [found for found in checkpoints(self.run) if isinstance(found, Checkpoint)]
        self.made.reverse()
        if self.plan is not None:
            self._due = self._next(float(live.env.now))
            every(
                live.env, float(scenario.refresh), float(scenario.duration), KEEP, self._turn,
                live.last_s["refresh"],
            )  # fmt: skip

    def _next(self, now: float) -> float:
        assert self.plan is not None
        return (floor(now / self.plan.every_s + 1e-9) + 1) * self.plan.every_s

    def _turn(self, now: float) -> None:
        scenario = self.live.scenario
        whole = float(scenario.duration) % float(scenario.refresh) == 0.0
        if now >= self._due - 1e-9 and (now < float(scenario.duration) or whole):
            self._due = self._next(now)
            self.keep()

    def keep(self) -> Checkpoint:
        """Make a checkpoint of this moment; raises OSError."""
        live = self.live
        if live.log.wanted:
            self._close_segment()
            live.log.open(next_segment(self.run, self.segments))
        events = rows_in(self.segments) if live.log.wanted else None
        world = world_hash(live.scenario, live.seed)
        made = write_checkpoint(self.run, live.put_down(), world, events, self.segments)
        self.made = [kept for kept in self.made if kept.path != made.path] + [made]
        if self.plan is None or not self.plan.all:
            for old in self.made[:-_LAST]:
                forget(old)
            self.made = self.made[-_LAST:]
        return made

    def _close_segment(self) -> None:
        path, log = next_segment(self.run, self.segments), self.live.log
        written = log.close()
        assert written is not None
        rows = log.impressions - rows_in(self.segments)
        name = path.relative_to(self.run).as_posix()
        self.segments.append(Segment(name, rows, written.digest))

    def finish(self) -> None:
        """Put the events of all segments into one file."""
        log = self.live.log
        if not log.wanted:
            return
        if self.plan is None and not self.segments:
            log.close()  # it has been one file from the beginning
            return
        self._close_segment()
        join(self.run, self.segments, self.run / "events.parquet")

    def tidy(self) -> None:
        """Remove what a finished run needs no more; its events lie in one file."""
        remove_segments(self.run, ())
        if self.plan is None:
            for old in self.made:
                forget(old)
            with suppress(OSError):  # there is none, or something else lies in it
                (self.run / FOLDER).rmdir()
