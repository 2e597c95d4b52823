"""A moment of a run, from which other runs go on: ``RUN@36h``.

The state at that moment is read from the checkpoints of the run. Where there is none of that very
moment, the run is played up to it, from the nearest one before or from its start, and the state
is kept beside the run, under ``pasts/SEED``: so for any other seed too, which is the past that the
same scenario has in a parallel world.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sim.assemble import Live, assemble
from sim.checkpoint.disk import world_hash, write_checkpoint
from sim.checkpoint.keeper import next_segment
from sim.checkpoint.past import Past, latest, scenario_in, segments_of, world_of
from sim.checkpoint.segments import Segment, join, rows_in
from sim.core.errors import ForyouError, RunFolderError
from sim.core.quantities import format_duration
from sim.core.units import parse_duration
from sim.engine.clock import KEEP, stop_at
from sim.machine.keep import Arrays
from sim.record.code import code_digests
from sim.record.files import alone, make_folder, measure
from sim.record.folder import read_manifest
from sim.scenario import Scenario

__all__ = [
    "PASTS", "Means", "Moment", "moment_of", "play_to", "recorded_past", "silent", "world_at",
]  # fmt: skip

PASTS: Final = "pasts"


def silent(text: str) -> None:
    """Say nothing."""
    del text


@dataclass(frozen=True)
class Means:
    """How a world is played; none of it changes a result."""

    shards: int = 1
    allow_code: bool = False
    base_dir: Path | None = None
    """where ``module:Class`` of the scenario is looked for"""
    notice: Callable[[str], None] = silent
    """told of checkpoints that are damaged"""


@dataclass(frozen=True)
class Moment:
    """A moment of a run."""

    run: Path
    scenario: Scenario
    """that of the run, with its seed"""
    founded: Scenario
    """the one from which its world was built"""
    now_s: float
    code: Mapping[str, str]
    """digests of the files of the code of its own that the run was played with"""

    @property
    def world(self) -> str:
        """The hash by which its checkpoints are known."""
        return self.world_of(self.scenario.seed)

    def world_of(self, seed: int) -> str:
        """The same of a parallel world."""
        return world_hash(self.scenario, seed)

    @property
    def words(self) -> str:
        """As it is written on the command line."""
        return f"{self.run}@{format_duration(self.now_s).replace(' ', '')}"


def moment_of(text: str) -> Moment:
    """The moment that ``RUN@36h`` names. Raises ForyouError."""
    name, at, time = text.rpartition("@")
    if not (at and name and time):
        raise ForyouError(f'--from wants RUN@TIME, such as runs/base@36h; got "{text}"')
    try:
        now_s = float(parse_duration(time))
    except ValueError as error:
        raise ForyouError(f"--from {text}: the time {error}") from error
    run = Path(name)
    manifest = read_manifest(run)
    if manifest.get("engine") != "fast":
        raise RunFolderError(
            f"{run}: was played by the engine {manifest.get('engine')}, whose people are in "
            "mid-life at any moment; runs of the fast engine can be gone on from"
        )
    scenario = scenario_in(run, manifest)
    refresh, end = float(scenario.refresh), float(scenario.duration)
    if now_s <= 0.0 or abs(now_s / refresh - round(now_s / refresh)) > 1e-9:
        raise ForyouError(
            f"--from {text}: {format_duration(now_s)} is not a whole number of refreshes "
            f"({format_duration(refresh)}) after the start"
        )
    if now_s > end:
        raise ForyouError(f"--from {text}: the run ends at {format_duration(end)}")
    code = manifest.get("code", {}).get("files", {})
    return Moment(run.resolve(), scenario, world_of(run, scenario), now_s, code)


def play_to(live: Live, now_s: float) -> None:
    """Play a world up to a refresh, all of it included."""
    if now_s > live.env.now:
        live.env.run(until=stop_at(live.env, now_s, KEEP))


def world_at(moment: Moment, seed: int, how: Means) -> Arrays:
    """The state of the world of a seed at a moment; what had to be played is kept.

    Where the run cannot be found, as on another machine, all of it is played. Raises OSError.
    """
    if not moment.run.is_dir():
        return _played(moment, seed, None, how)
    own = None
    if seed == moment.scenario.seed:
        own = latest(moment.run, moment.world, how.notice, moment.now_s)
        if own is not None and own.checkpoint.now_s == moment.now_s:
            return own.arrays
    folder = moment.run / PASTS / str(seed)
    make_folder(folder)
    with alone(folder):  # who wants the same waits for it
        past = latest(folder, moment.world_of(seed), how.notice, moment.now_s)
        if past is None or (own is not None and own.checkpoint.now_s > past.checkpoint.now_s):
            past = own
        if past is not None and past.checkpoint.now_s == moment.now_s:
            return past.arrays
        arrays = _played(moment, seed, past, how)
        write_checkpoint(folder, iter(arrays.items()), moment.world_of(seed), None, ())
        return arrays


def _played(
    moment: Moment, seed: int, past: Past | None, how: Means, log: Path | None = None
) -> Arrays:
    """The state at a moment, played from a past or from the start.

    Raises RunFolderError when the code of its own that the run was played with is another now.
    """
    if how.allow_code:
        folder = (how.base_dir or Path.cwd()).resolve()
        if code_digests(moment.scenario, folder) != dict(moment.code):
            raise RunFolderError(
                f"{moment.run}: its own code has changed since, and no checkpoint is of "
                f"{format_duration(moment.now_s)}: its past cannot be played again"
            )
    live = assemble(
        moment.scenario, seed, engine="fast", shards=how.shards, events=log,
        base_dir=how.base_dir, allow_code=how.allow_code, founded=moment.founded,
    )  # fmt: skip
    if past is not None:
        live.take_up(past.arrays)
    play_to(live, moment.now_s)
    if log is not None:
        live.log.close()
    return dict(live.put_down())


def recorded_past(moment: Moment, run: Path, how: Means) -> tuple[Arrays, list[Segment]]:
    """The state at a moment, and its events in segments of a new run in the folder ``run``.

    Raises RunFolderError and OSError.
    """
    past = latest(moment.run, moment.world, how.notice, moment.now_s, events=True)
    segments: list[Segment] = []
    if past is not None:
        path = next_segment(run, segments)
        before = segments_of(moment.run, past.checkpoint)
        written = join(moment.run, before, path)
        segments.append(Segment(path.relative_to(run).as_posix(), rows_in(before), written.digest))
        if past.checkpoint.now_s == moment.now_s:
            return past.arrays, segments
    path = next_segment(run, segments)
    make_folder(path.parent)
    arrays = _played(moment, moment.scenario.seed, past, how, path)
    rows = int(arrays["log.impressions"]) - rows_in(segments)
    name = path.relative_to(run).as_posix()
    segments.append(Segment(name, rows, measure(path).digest))
    return arrays, segments
