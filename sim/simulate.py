"""One run: a scenario in, a run folder out."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sim.core.errors import ForyouError, RunFolderError
from sim.core.helper import Helper, cores
from sim.record.files import Written, ledger, measure, write_json, write_text
from sim.record.folder import claim_run_folder, entries, finish, read_manifest, refuse_used
from sim.record.manifest import facts, first_manifest, peak_rss_bytes
from sim.record.verify import check_file, read_checked, unfinished
from sim.scenario import Scenario, dump

if TYPE_CHECKING:
    from sim.analysis import Tables
    from sim.assemble import Live

__all__ = [
    "DEFAULT_ENGINE", "Progress", "Run", "compile_engine", "simulate", "tables_in_memory",
]  # fmt: skip

DEFAULT_ENGINE = "fast"

Phase = Literal["compile", "build", "simulate", "write", "plot"]


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


@dataclass(frozen=True)
class Run:
    """A finished run in its folder."""

    path: Path
    manifest: dict[str, Any]
    summary: dict[str, Any]

    @classmethod
    def open(cls, path: Path | str) -> Run:
        """The run in a folder.

        Raises RunFolderError when there is none, or an unfinished one, and when its manifest or
        its summary is damaged.
        """
        folder = Path(path)
        manifest = read_manifest(folder)
        if manifest.get("finished") is not True:
            raise RunFolderError(unfinished(folder))
        try:
            summary = json.loads(read_checked(folder, manifest, "summary.json"))
        except ValueError as error:
            raise RunFolderError(f"{folder}: summary.json cannot be read: {error}") from error
        return cls(folder, manifest, summary)

    def table(self, name: str) -> Any:
        """One table of the run as a Polars frame: videos, creators, users, timeline, ...

        Raises RunFolderError when there is no such table, and when it is damaged.
        """
        import polars as pl

        path = self.path / f"{name}.parquet"
        if path.name not in self.manifest.get("files", ()) and not path.is_file():
            raise RunFolderError(f"{self.path}: has no table {name}")
        check_file(self.path, self.manifest, path.name)
        return pl.read_parquet(path)


def simulate(  # noqa: PLR0913  each is one decision of the caller, given by its name
    scenario: Scenario,
    *,
    seed: int | None = None,
    engine: str = DEFAULT_ENGINE,
    shards: int | None = None,
    out: Path | str | None = None,
    allow_code: bool = False,
    base_dir: Path | None = None,
    force: bool = False,
    plots: bool = True,
    command: str = "",
    progress: Callable[[Progress], None] | None = None,
) -> Run:
    """Run a scenario from end to end and write its folder.

    ``seed`` overrides the scenario's. ``shards`` is the number of threads, by default as many as
    there are cores; it changes no result. ``out`` is the run folder itself, which is this run's
    alone from the moment at which it is made. ``base_dir`` is where ``module:Class`` of the
    scenario is looked for, with ``allow_code`` only.

    Raises ForyouError for what the user can mend. When it is interrupted, what is in the folder
    stays, and its manifest says that the run did not finish; only pictures may be lacking in one
    that did.
    """
    from sim.assemble import ENGINES
    from sim.engine.estimate import default_shards

    if engine not in ENGINES:
        raise ForyouError(f'unknown engine "{engine}"; known are {", ".join(ENGINES)}')
    shards = default_shards(scenario) if shards is None else shards
    if not force:
        _refuse_what_cannot_fit(scenario, engine, shards, plots)
    seed = scenario.seed if seed is None else seed
    refuse_used(out)
    return _Execution(
        scenario, seed, engine, shards, out, allow_code, base_dir, plots, command,
        progress or _ignore,
    ).run()  # fmt: skip


def _refuse_what_cannot_fit(scenario: Scenario, engine: str, shards: int, plots: bool) -> None:
    import psutil

    from sim.engine.estimate import refuse_what_cannot_fit

    free = psutil.virtual_memory().available
    refuse_what_cannot_fit(scenario, engine, shards, free, plots=plots)


def _ignore(report: Progress) -> None:
    del report


@dataclass
class _Execution:
    scenario: Scenario
    seed: int
    engine: str
    shards: int
    out: Path | str | None
    allow_code: bool
    base_dir: Path | None
    plots: bool
    command: str
    progress: Callable[[Progress], None]
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

    def run(self) -> Run:
        """All of it; a disk that fails is told with the folder, which stays unfinished."""
        try:
            with ledger() as self.written:
                return self._run()
        except OSError as error:
            where = self.folder if self.claimed else self.out or "runs"
            raise RunFolderError(
                f"{where}: cannot be written: {error}; what is there is not a whole run. Remove "
                "it, see to the disk, and start the run again"
            ) from error
        finally:
            if self.drawer is not None:
                self.drawer.stop()

    def _run(self) -> Run:
        """Build, simulate, write, summarise, draw."""
        began = time.perf_counter()
        live = self._build()
        built = time.perf_counter()
        self._simulate(live)
        played = time.perf_counter()
        manifest = self._write(live)
        if self.drawer is not None:
            self.drawer.begin({"folder": str(self.folder), "manifest": manifest})
        summary = self._summarise(manifest)
        manifest["wall_seconds"] = {
            "build": round(built - began - self.compile_s, 3),
            "simulate": round(played - built, 3),
            "write": round(time.perf_counter() - played, 3),
        }
        manifest["peak_rss_bytes"] = peak_rss_bytes()
        try:
            if self.plots:
                self._draw(manifest)
        finally:
            # the numbers are whole, whatever becomes of the pictures
            manifest["finished"] = True
            manifest["files"] = entries(self.folder, self.written)
            finish(self.folder, manifest)
        return Run(self.folder, manifest, summary)

    def _report(self, phase: Phase, now: float = 0.0, impressions: int = 0) -> None:
        folder = self.folder if self.claimed else None
        self.progress(Progress(phase, now, float(self.scenario.duration), impressions, folder))

    def _build(self) -> Any:
        """Everything that can be refused is refused before the folder is made."""
        from sim.assemble import assemble, make_pipeline

        pipeline = make_pipeline(self.scenario, self.base_dir, self.allow_code, engine=self.engine)
        self._compile()
        self._call_drawer()
        self._report("build")
        self.folder = claim_run_folder(self.out, self.scenario.name, self._manifest())
        self.claimed = True
        resolved = dump(self.scenario.model_copy(update={"seed": self.seed}))
        write_text(self.folder / "scenario.yaml", resolved)
        self._report("build")
        return assemble(
            self.scenario,
            self.seed,
            engine=self.engine,
            shards=self.shards,
            events=self.folder / "events.parquet" if self.scenario.record.events else None,
            pipeline=pipeline,
        )

    def _compile(self) -> None:
        """The first run ever compiles the engine; say so, and do it before the clock starts."""
        if self.engine == "fast":
            self.compile_s = compile_engine(lambda: self._report("compile"))

    def _call_drawer(self) -> None:
        """With a core to spare another process draws: it imports all it needs meanwhile.

        Not when this one has imported it already, as in a notebook.
        """
        if self.plots and "sim.plots" not in sys.modules and cores() > 1:
            self.drawer = Helper("sim.plots")

    def _simulate(self, live: Any) -> None:
        """Let the clock run to the end, with a report now and then."""
        from sim.engine.clock import SNAPSHOT, every

        end = float(self.scenario.duration)
        every(
            live.env, max(float(self.scenario.refresh), end / 2000.0), end, SNAPSHOT,
            lambda now: self._report("simulate", now, live.platform.impressions),
        )  # fmt: skip
        self._report("simulate")
        live.env.run(until=live.end)

    def _write(self, live: Any) -> dict[str, Any]:
        """All tables, and the manifest as far as it is known."""
        from sim.record.tables import write_table

        self._report("write", float(self.scenario.duration), live.platform.impressions)
        world = live.world
        live.log.close()
        for name, columns in live.columns().items():
            write_table(self.folder, name, columns)
        stages = live.platform.stages
        manifest = self._manifest()
        manifest.update(
            impressions=live.platform.impressions,
            event_log_hash=live.log.hash,
            videos=world.videos.count,
            creators=world.creators.count,
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

    def _manifest(self) -> dict[str, Any]:
        return first_manifest(
            self.scenario, self.seed, self.engine, shards=self.shards, command=self.command
        )

    def _summarise(self, manifest: dict[str, Any]) -> dict[str, Any]:
        from sim.analysis import read_tables, summarise

        summary = summarise(read_tables(self.folder, manifest))
        write_json(self.folder / "summary.json", summary)
        return summary

    def _draw(self, manifest: dict[str, Any]) -> None:
        from sim.analysis import read_tables

        self._report("plot", float(self.scenario.duration))
        folder = self.folder / "plots"
        if self.drawer is not None and self.drawer.finish():
            self.written.update({path: measure(path) for path in folder.glob("*.png")})
            return
        from sim.plots import draw_plots

        draw_plots(read_tables(self.folder, manifest), folder)


def tables_in_memory(live: Live) -> Tables:
    """The tables of a world that was played to its end: those that its run folder would have.

    An event log is not among them.
    """
    import polars as pl

    from sim.analysis import make_tables
    from sim.record.tables import to_table

    frames = {name: pl.DataFrame(to_table(name, c)) for name, c in live.columns().items()}
    known = facts(live.scenario)
    return make_tables(frames, {**known, "scenario": live.scenario.name, "seed": live.seed})


def compile_engine(starts: Callable[[], None] = lambda: None) -> float:
    """Compile the fast engine if it is not on disk yet; the time that it took, s.

    ``starts`` is called before it begins.
    """
    from sim.assemble import assemble
    from sim.engine.warm import WARM_UP, needs_compiling

    if not needs_compiling():
        return 0.0
    began = time.perf_counter()
    starts()
    tiny = assemble(WARM_UP, 0, engine="fast")
    tiny.env.run(until=tiny.end)
    return time.perf_counter() - began
