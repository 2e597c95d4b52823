"""What is left of a run in a study: its summary and the hash of its events, or why it failed."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sim.core.errors import ForyouError
from sim.study.runs.plan import RunSpec

if TYPE_CHECKING:
    from sim.assemble import Live

__all__ = ["PROBE_COLUMNS", "PROBE_VIDEOS", "Outcome", "evaluate", "failure"]

PROBE_COLUMNS: Final = (
    "number", "quality", "hook", "duration_s", "topic", "views", "reach", "viral",
)  # fmt: skip
"""What is kept of each video of a probe: its traits, and what became of it."""
PROBE_VIDEOS: Final = 2_000
"""Most videos of a probe that are kept: 100,000 of them would be megabytes a run."""


@dataclass(frozen=True)
class Outcome:
    """A run of a study that is over."""

    key: str
    """``RunSpec.key``."""
    seed: int
    summary: dict[str, Any] | None
    """Exactly the content of ``summary.json``; None when the run failed."""
    event_log_hash: str | None
    """Hash of all events; None when the run failed."""
    impressions: int
    seconds: float
    """Time that the run took, s. For people to read: it differs from machine to machine."""
    error: str | None
    """One line; None when the run worked."""
    probes: dict[str, dict[str, list[Any]]] | None = None
    """The videos of each probe, by its name: the columns ``PROBE_COLUMNS`` of the probes table, by
    number of the video, the first ``PROBE_VIDEOS`` of them."""
    users: dict[str, str] | None = None
    """What each user did, packed by ``sim.study.runs.users``; None unless the study asked for
    it."""

    def value(self, path: str) -> float:
        """The number at a dotted path of the summary, such as ``reach.viral_share``.

        Raises ForyouError when the run failed or has no such number.
        """
        from sim.analysis import value_at

        if self.summary is None:
            raise ForyouError(f"{path}: the run failed: {self.error}")
        try:
            found = value_at(self.summary, path)
        except KeyError as error:
            raise ForyouError(f"{path}: the run has no number {error.args[0]!r}") from None
        if isinstance(found, bool) or not isinstance(found, int | float):
            got = "none could be computed" if found is None else f"it is {type(found).__name__}"
            raise ForyouError(f"{path}: the run has no number there; {got}")
        return float(found)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; :meth:`from_dict` gives an equal outcome back."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_dict(cls, data: Any) -> Outcome:
        """The outcome of plain JSON. Raises ValueError for anything else."""
        if not isinstance(data, Mapping):
            raise ValueError("is not an outcome")
        wanted = _WORKED if data.get("error") is None else _FAILED
        for name, kinds in wanted.items():
            if not isinstance(data.get(name), kinds):
                raise ValueError(f"{name} is not that of an outcome")
        probes = data.get("probes")
        if not isinstance(probes, dict | None):
            raise ValueError("probes is not that of an outcome")
        users = data.get("users")
        if not isinstance(users, dict | None):
            raise ValueError("users is not that of an outcome")
        known: dict[str, Any] = {name: data.get(name) for name in wanted}
        return cls(**known, probes=probes, users=users)


_NOTHING: Final = (type(None),)
_FAILED: Final[Mapping[str, tuple[type, ...]]] = {
    "key": (str,),
    "seed": (int,),
    "summary": _NOTHING,
    "event_log_hash": _NOTHING,
    "impressions": (int,),
    "seconds": (int, float),
    "error": (str,),
}
_WORKED: Final = {**_FAILED, "summary": (dict,), "event_log_hash": (str,), "error": _NOTHING}
"""Types of the fields of an outcome."""


def evaluate(spec: RunSpec) -> Outcome:
    """Run a specification in memory, in one thread and without a folder.

    A run that fails gives an outcome with its error. Raises nothing but what stops a program:
    KeyboardInterrupt and SystemExit.
    """
    began = time.perf_counter()
    try:
        live = _played(spec)
        summary, probes, users = _numbers(live, spec.users)
    except Exception as error:
        return failure(spec, _one_line(error), time.perf_counter() - began)
    seconds = time.perf_counter() - began
    return Outcome(
        spec.key, spec.seed, summary, live.log.hash, live.platform.impressions, seconds, None,
        probes, users,
    )  # fmt: skip


def _played(spec: RunSpec) -> Live:
    """The world of a specification, played to its end in one thread."""
    from sim.assemble import assemble
    from sim.checkpoint.branch import branched
    from sim.checkpoint.moment import Means, world_at
    from sim.simulate import DEFAULT_ENGINE

    consent = spec.code is not None
    if spec.past is None:
        live = assemble(
            spec.scenario, spec.seed, engine=DEFAULT_ENGINE, base_dir=spec.code, allow_code=consent
        )
    else:
        how = Means(allow_code=consent, base_dir=spec.code)
        kept = world_at(spec.past, spec.seed, how)
        live = branched(spec.past, spec.scenario, spec.seed, kept, how)
    live.env.run(until=live.end)
    return live


def _numbers(
    live: Live, with_users: bool
) -> tuple[dict[str, Any], dict[str, dict[str, list[Any]]], dict[str, str] | None]:
    """The summary of a played world, the videos of its probes, and its users if wanted."""
    import polars as pl

    from sim.analysis import summarise
    from sim.simulate import tables_in_memory
    from sim.study.runs.users import pack_users

    tables = tables_in_memory(live)
    videos = tables.probes.filter(pl.col("number") < PROBE_VIDEOS).sort("number")
    probes = {
        name: videos.filter(probe=name).select(PROBE_COLUMNS).to_dict(as_series=False)
        for name in videos["probe"].unique().sort().to_list()
    }
    return summarise(tables), probes, pack_users(tables.users) if with_users else None


def failure(spec: RunSpec, error: str, seconds: float = 0.0) -> Outcome:
    """The outcome of a run that did not work."""
    return Outcome(spec.key, spec.seed, None, None, 0, seconds, error)


def _one_line(error: Exception) -> str:
    """What went wrong; for what is no message to the user also where, in short."""
    if isinstance(error, MemoryError):
        return "there was not enough memory"
    text = " ".join(str(error).split())
    if isinstance(error, ForyouError):
        return text
    last = traceback.extract_tb(error.__traceback__)[-1]
    file = last.filename.replace("\\", "/").rpartition("/")[2]
    return f"{type(error).__name__}: {text} ({file}:{last.lineno})"
