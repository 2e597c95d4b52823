"""One run being played: built or gone on with, simulated, written, summarised, drawn."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from sim.checkpoint.keeper import Keeper, Plan
from sim.checkpoint.past import FOUNDED
from sim.checkpoint.segments import Segment
from sim.core.errors import RunFolderError
from sim.core.helper import Helper, cores
from sim.record.code import code_digests
from sim.record.files import Written, ledger, measure, write_json, write_text
from sim.record.folder import entries, finish
from sim.record.manifest import first_manifest, peak_rss_bytes
from sim.scenario import Scenario, dump

if TYPE_CHECKING:
    from sim.assemble import Live
    from sim.feed.pipeline import Pipeline

__all__ = ["Beginning", "Execution", "How", "Phase", "Progress", "compile_engine", "ignore"]

Phase = Literal["compile", "build", "past", "simulate", "write", "plot"]


@dataclass(frozen=True)
class Progress:
    """How far a run is."""

    phase: Phase
    now_s: float
    """simulated time, s"""
    end_s: float
    """simulated time at the end, s"""
    impressions: int
    folder: Path | None = None
    """The run folder; None before it is made."""


def ignore(report: Progress) -> None:
    """Show no progress."""
    del report


@dataclass(frozen=True)
class How:
    """How a run is played and what is told of it; none of it changes a result."""

    engine: str
    shards: int
    allow_code: bool = False
    base_dir: Path | None = None
    """where ``module:Class`` of the scenario is looked for"""
    plots: bool = True
    command: str = ""
    progress: Callable[[Progress], None] = ignore
    checkpoints: Plan | None = None


class Beginning(Protocol):
    """What a run begins from."""

    def claim(self, manifest: dict[str, Any]) -> Path:
        """The folder of the run, which is its own from now on. Raises RunFolderError."""

    def hold(self, folder: Path) -> AbstractContextManager[None]:
        """Keep other processes out of the folder. Raises RunFolderError if one is in it."""

    def live(self, folder: Path, how: How, pipeline: Pipeline) -> tuple[Live, list[Segment]]:
        """The world, ready to go on, and where the events before that are."""

    def about(self) -> dict[str, Any]:
        """What the manifest tells of it."""


@dataclass
class Execution:
    """One run, from its beginning to its pictures."""

    scenario: Scenario
    seed: int
    how: How
    beginning: Beginning
    where: Path | str
    """What is named when nothing can be written at all."""
    compile_s: float = 0.0
    """Time of a first compilation, s; not part of ``wall_seconds``."""
    drawer: Helper | None = None
    """Who draws the pictures, when it is not this process."""
    folder: Path = Path()
    """The run folder, once it is made."""
    claimed: bool = False
    """Whether it is made."""
    written: dict[Path, Written] = field(default_factory=dict)
    """What each file holds that was written so far."""

    def run(self) -> dict[str, Any]:
        """All of it, and the finished manifest; a disk that fails is told with the folder."""
        try:
            with ledger() as self.written:
                return self._run()
        except OSError as error:
            if not self.claimed:
                raise RunFolderError(
                    f"{self.where}: cannot be written: {error}; see to the disk, and start again"
                ) from error
            raise RunFolderError(
                f"{self.folder}: cannot be written: {error}; what is there is not a whole run. See "
                f"to the disk, and go on with: {shlex.join(['foryou', 'resume', str(self.folder)])}"
            ) from error
        finally:
            if self.drawer is not None:
                self.drawer.stop()

    def _run(self) -> dict[str, Any]:
        """Build, simulate, write, summarise, draw."""
        from sim.assemble import make_pipeline

        how, began = self.how, time.perf_counter()
        # everything that can be refused is refused before the folder is made
        pipeline = make_pipeline(self.scenario, how.base_dir, how.allow_code, engine=how.engine)
        self._compile()
        self._call_drawer()
        self._report("build")
        # what to go on with is there as soon as the folder is
        said = {"resolved": dump(self.scenario.model_copy(update={"seed": self.seed}))}
        self.folder = self.beginning.claim({**self._manifest(), **said})
        self.claimed = True
        with self.beginning.hold(self.folder):
            self._report("build")
            return self._run_alone(pipeline, began)

    def _run_alone(self, pipeline: Pipeline, began: float) -> dict[str, Any]:
        """The same in a folder that no other process touches."""
        self._keep_scenario()
        keeper = self._begin(pipeline)
        built = time.perf_counter()
        self._simulate(keeper)
        played = time.perf_counter()
        manifest = self._write(keeper)
        if self.drawer is not None:
            self.drawer.begin({"folder": str(self.folder), "manifest": manifest})
        self._summarise(manifest)
        manifest["wall_seconds"] = {
            "build": round(built - began - self.compile_s, 3),
            "simulate": round(played - built, 3),
            "write": round(time.perf_counter() - played, 3),
        }
        manifest["peak_rss_bytes"] = peak_rss_bytes()
        try:
            if self.how.plots:
                self._draw(manifest)
        finally:
            # the numbers are whole, whatever becomes of the pictures
            manifest["finished"] = True
            manifest["files"] = entries(self.folder, self.written)
            finish(self.folder, manifest)
            keeper.tidy()
        return manifest

    def _report(self, phase: Phase, now: float = 0.0, impressions: int = 0) -> None:
        folder = self.folder if self.claimed else None
        end = float(self.scenario.duration)
        self.how.progress(Progress(phase, now, end, impressions, folder))

    def _manifest(self) -> dict[str, Any]:
        how = self.how
        manifest = first_manifest(
            self.scenario, self.seed, how.engine, shards=how.shards, command=how.command
        )
        if how.allow_code:
            folder = (how.base_dir or Path.cwd()).resolve()
            manifest["code"] = {
                "folder": str(folder), "files": code_digests(self.scenario, folder)
            }  # fmt: skip
        if how.checkpoints is not None:
            manifest["checkpoints"] = how.checkpoints.to_dict()
        return {**manifest, **self.beginning.about()}

    def _keep_scenario(self) -> None:
        """The scenario as it is played; a run that goes on has it already."""
        path = self.folder / "scenario.yaml"
        text = dump(self.scenario.model_copy(update={"seed": self.seed}))
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_text(path, text)
        for known in (path, self.folder / FOUNDED):
            if known.is_file():
                self.written[known] = measure(known)

    def _compile(self) -> None:
        """The first run ever compiles the engine; say so, and do it before the clock starts."""
        if self.how.engine == "fast":
            self.compile_s = compile_engine(lambda: self._report("compile"))

    def _call_drawer(self) -> None:
        """With a core to spare another process draws: it imports all it needs meanwhile.

        Not when this one has imported it already, as in a notebook.
        """
        if self.how.plots and "sim.plots" not in sys.modules and cores() > 1:
            self.drawer = Helper("sim.plots")

    def _begin(self, pipeline: Pipeline) -> Keeper:
        """The world, and who makes its checkpoints."""
        live, segments = self.beginning.live(self.folder, self.how, pipeline)
        keeper = Keeper(self.folder, live, self.how.checkpoints, segments)
        keeper.start()
        return keeper

    def _simulate(self, keeper: Keeper) -> None:
        """Let the clock run to the end, with a report now and then."""
        from sim.engine.clock import SNAPSHOT, every

        live, end = keeper.live, float(self.scenario.duration)
        every(
            live.env, max(float(self.scenario.refresh), end / 2000.0), end, SNAPSHOT,
            lambda now: self._report("simulate", now, live.platform.impressions),
        )  # fmt: skip
        self._report("simulate", float(live.env.now), live.platform.impressions)
        live.env.run(until=live.end)

    def _write(self, keeper: Keeper) -> dict[str, Any]:
        """All tables, and the manifest as far as it is known."""
        from sim.record.tables import write_table

        live = keeper.live
        self._report("write", float(self.scenario.duration), live.platform.impressions)
        keeper.finish()
        for name, columns in live.columns().items():
            write_table(self.folder, name, columns)
        stages = live.platform.stages
        manifest = self._manifest()
        manifest.update(
            impressions=live.platform.impressions,
            event_log_hash=live.log.hash,
            videos=live.world.videos.count,
            creators=live.world.creators.count,
            pipeline={
                "requests": stages.requests,
                "retrieved": stages.retrieved,
                "duplicates": stages.duplicates,
                "removed": {
                    f"{number}:{named.use}": count
                    for number, (named, count) in enumerate(
                        zip(self.scenario.feed.filters, stages.removed, strict=True)
                    )
                },
                "kept": stages.kept,
                "selected": stages.selected,
            },
        )
        if live.platform.exchange.used:
            manifest["messages"] = live.platform.exchange.counts()
        manifest["files"] = entries(self.folder, self.written)
        return manifest

    def _summarise(self, manifest: dict[str, Any]) -> None:
        from sim.analysis import read_tables, summarise

        write_json(self.folder / "summary.json", summarise(read_tables(self.folder, manifest)))

    def _draw(self, manifest: dict[str, Any]) -> None:
        from sim.analysis import read_tables

        self._report("plot", float(self.scenario.duration))
        folder = self.folder / "plots"
        if self.drawer is not None and self.drawer.finish():
            self.written.update({path: measure(path) for path in folder.glob("*.png")})
            return
        from sim.plots import draw_plots

        draw_plots(read_tables(self.folder, manifest), folder)


def compile_engine(starts: Callable[[], None] = lambda: None) -> float:
    """Compile the fast engine if it is not compiled yet; the time that it took, s.

    ``starts`` is called before it begins.
    """
    from sim.assemble import assemble
    from sim.engine.warm import WARM_UP, needs_compiling
    from sim.machine.compiled import keep

    if not needs_compiling():
        return 0.0
    began = time.perf_counter()
    starts()
    tiny = assemble(WARM_UP, 0, engine="fast")
    tiny.env.run(until=tiny.end)
    keep()
    return time.perf_counter() - began
