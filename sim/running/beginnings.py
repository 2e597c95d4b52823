"""What a run begins from: the start of its world, a moment of another run, or where it stopped."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.checkpoint.branch import branched, differences, founding, refuse_others, settings_of
from sim.checkpoint.disk import cut, world_hash, write_checkpoint
from sim.checkpoint.keeper import first_log, next_segment, remove_segments
from sim.checkpoint.moment import Means, Moment, moment_of, recorded_past, world_at
from sim.checkpoint.past import FOUNDED, latest, scenario_in, segments_of, world_of
from sim.checkpoint.segments import Segment
from sim.core.errors import ForyouError, RunFolderError
from sim.core.quantities import format_duration
from sim.record.code import code_digests
from sim.record.files import alone, make_folder, remove_leftovers, write_text
from sim.record.folder import claim_run_folder, write_unfinished
from sim.running.execution import How
from sim.scenario import Scenario, dump

if TYPE_CHECKING:
    from sim.assemble import Live
    from sim.feed.pipeline import Pipeline

__all__ = ["FromFolder", "FromMoment", "FromStart"]

Notice = Callable[[str], None]


@dataclass(frozen=True)
class FromStart:
    """A new run of a new world."""

    scenario: Scenario
    seed: int
    out: Path | str | None

    def claim(self, manifest: dict[str, Any]) -> Path:
        """A new folder."""
        return claim_run_folder(self.out, self.scenario.name, manifest)

    def hold(self, folder: Path) -> AbstractContextManager[None]:
        """Keep other processes out of the folder. Raises RunFolderError if one is in it."""
        return alone(folder, wait=False)

    def live(self, folder: Path, how: How, pipeline: Pipeline) -> tuple[Live, list[Segment]]:
        """The world before its first second."""
        return _new_world(self.scenario, self.seed, folder, how, pipeline), []

    def about(self) -> dict[str, Any]:
        """Nothing."""
        return {}


def _new_world(
    scenario: Scenario, seed: int, folder: Path, how: How, pipeline: Pipeline,
    founded: Scenario | None = None,
) -> Live:  # fmt: skip
    """A world before its first second, whose run lies in ``folder``."""
    from sim.assemble import assemble

    events = first_log(folder, how.checkpoints) if scenario.record.events else None
    if events is not None:
        make_folder(events.parent)
    return assemble(
        scenario, seed, engine=how.engine, shards=how.shards, events=events, pipeline=pipeline,
        founded=founded,
    )  # fmt: skip


@dataclass(frozen=True)
class FromMoment:
    """A new run that goes on from a moment of another one, in the same world."""

    scenario: Scenario
    moment: Moment
    out: Path | str | None
    notice: Notice

    @classmethod
    def of(
        cls, text: str, scenario: Scenario, seed: int | None, out: Path | str | None, notice: Notice
    ) -> FromMoment:
        """From ``RUN@TIME``. Raises ForyouError when a run cannot go on from there like that."""
        moment = moment_of(text)
        if seed is not None and seed != moment.scenario.seed:
            raise ForyouError(
                f"--seed {seed}: the world of {moment.run} has the seed {moment.scenario.seed}; "
                "leave --seed out, or compare worlds with foryou compare --from"
            )
        refuse_others(moment, scenario)
        return cls(scenario, moment, out, notice)

    @property
    def seed(self) -> int:
        """That of the other run."""
        return int(self.moment.scenario.seed)

    def claim(self, manifest: dict[str, Any]) -> Path:
        """A new folder."""
        return claim_run_folder(self.out, self.scenario.name, manifest)

    def hold(self, folder: Path) -> AbstractContextManager[None]:
        """Keep other processes out of the folder. Raises RunFolderError if one is in it."""
        return alone(folder, wait=False)

    def live(self, folder: Path, how: How, pipeline: Pipeline) -> tuple[Live, list[Segment]]:
        """The world at that moment; its state is kept, for the other run may be gone later."""
        moment, events, segments = self.moment, None, list[Segment]()
        means = Means(how.shards, how.allow_code, how.base_dir, self.notice)
        write_text(folder / FOUNDED, dump(founding(moment.founded, self.scenario)))
        if self.scenario.record.events:
            kept, segments = recorded_past(moment, folder, means)
            events = next_segment(folder, segments)
        else:
            kept = world_at(moment, self.seed, means)
        live = branched(
            moment, self.scenario, self.seed, kept, means, events=events, pipeline=pipeline
        )
        rows = None if events is None else live.log.impressions
        world = world_hash(self.scenario, self.seed)
        write_checkpoint(folder, live.put_down(), world, rows, segments)
        return live, segments

    def about(self) -> dict[str, Any]:
        """Where it comes from, and what is different."""
        changed = differences(settings_of(self.moment.scenario), settings_of(self.scenario))
        names = ("name", "question", "description", "seed")
        return {
            "from": {
                "run": str(self.moment.run), "at_s": self.moment.now_s,
                "changed": [path for path in changed if path not in names],
            }
        }  # fmt: skip


@dataclass(frozen=True)
class FromFolder:
    """A run that was stopped, or that is to go on beyond its end."""

    folder: Path
    scenario: Scenario
    founded: Scenario
    seed: int
    manifest: dict[str, Any]
    base_dir: Path | None
    notice: Notice

    @classmethod
    def of(
        cls, folder: Path, manifest: dict[str, Any], until: float | None, notice: Notice, *,
        allow_code: bool,
    ) -> FromFolder:  # fmt: skip
        """From a run folder. Raises RunFolderError when it holds no run that can go on."""
        scenario = scenario_in(folder, manifest)
        if scenario.seed != manifest.get("seed"):
            raise RunFolderError(
                f"{folder / 'manifest.json'}: is damaged, it tells two seeds; run the scenario "
                "into another folder"
            )
        founded = world_of(folder, scenario)
        if until is not None:
            end = float(scenario.duration)
            if until < end or (until == end and manifest.get("finished") is True):
                raise ForyouError(
                    f"--until {format_duration(until)}: the run goes to "
                    f"{format_duration(end)} anyway"
                )
            scenario = scenario.model_copy(update={"duration": until})
        code = manifest.get("code")
        base_dir = Path(code["folder"]) if code and allow_code else None
        if code and base_dir is not None and code_digests(scenario, base_dir) != code["files"]:
            raise RunFolderError(
                f"{folder}: its own code in {base_dir} has changed since; what goes on would be "
                "another run. Put the code back, or run the scenario anew"
            )
        return cls(folder, scenario, founded, int(manifest["seed"]), manifest, base_dir, notice)

    def claim(self, manifest: dict[str, Any]) -> Path:
        """The folder as it is, which is unfinished from now on."""
        if self.founded.duration != self.scenario.duration and not (self.folder / FOUNDED).exists():
            write_text(self.folder / FOUNDED, dump(self.founded))
        write_unfinished(self.folder, manifest)
        return self.folder

    def hold(self, folder: Path) -> AbstractContextManager[None]:
        """Nothing: who goes on holds it already."""
        del folder
        return nullcontext()

    def live(self, folder: Path, how: How, pipeline: Pipeline) -> tuple[Live, list[Segment]]:
        """The world as it was at the latest checkpoint that is whole, or at its start."""
        from sim.assemble import assemble

        remove_leftovers(folder, held=True)
        wanted = self.scenario.record.events
        world = world_hash(self.scenario, self.seed)
        past = None
        if how.engine == "fast":
            past = latest(folder, world, self.notice, events=wanted)
        cut(folder, -inf if past is None else past.checkpoint.now_s)
        if past is None:
            remove_segments(folder, ())
            if "from" in self.manifest:
                raise RunFolderError(
                    f"{folder}: went on from {self.manifest['from']['run']}, and was stopped "
                    "before it had kept that; do it again"
                )
            new = _new_world(self.scenario, self.seed, folder, how, pipeline, self.founded)
            return new, []
        segments = segments_of(folder, past.checkpoint) if wanted else []
        remove_segments(folder, segments)
        events = next_segment(folder, segments) if wanted else None
        live = assemble(
            self.scenario, self.seed, engine=how.engine, shards=how.shards, events=events,
            pipeline=pipeline, founded=self.founded,
        )  # fmt: skip
        live.take_up(past.arrays)
        return live, segments

    def about(self) -> dict[str, Any]:
        """What was said before of where it comes from."""
        found = {"from": self.manifest["from"]} if "from" in self.manifest else {}
        return {**found, "resumed": int(self.manifest.get("resumed", 0)) + 1}
