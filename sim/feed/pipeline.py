"""The feed request: sources -> hydrate -> filters -> predict -> score -> select.

On a surface that is not ranked: page -> hydrate -> filters -> the first that are left.

The runner knows no component and no surface by name. It is the definition of a request; a compiled
engine has to return the same slates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import ComponentError, ForyouError
from sim.core.sources import source_code
from sim.core.surfaces import (
    FOLLOWING,
    FOR_YOU,
    SOUND_PAGE,
    Surface,
    surface_at,
)
from sim.feed.compiled import CompiledScore
from sim.feed.component import (
    Candidates,
    Filter,
    Page,
    Predictor,
    Scorer,
    Selector,
    Source,
    checked,
    checked_prediction,
)
from sim.feed.control import Control, Slot
from sim.feed.view import FeedView, Requests
from sim.machine.compiled import njit
from sim.machine.keep import Arrays, Kept
from sim.world.state import NOBODY

T = TypeVar("T")

__all__ = [
    "FOLLOWING", "FOR_YOU", "SOUND_PAGE", "Named", "Notice", "Pipeline", "Slates", "StageCounts",
    "first_present", "hydrate", "source_counts",
]  # fmt: skip


@dataclass(frozen=True)
class Named(Generic[T]):
    """A component and the name under which it stands in the scenario."""

    name: str
    component: T
    custom: bool


@dataclass(frozen=True)
class Slates:
    """What a batch of requests returns."""

    video: NDArray[np.int32]
    """video [B, P]; NOBODY beyond the length"""
    source: NDArray[np.int8]
    """source [B, P] position in SOURCE_NAMES"""
    pool: NDArray[np.int8]
    """pool [B, P] cold-start pool of the video"""
    length: NDArray[np.int64]
    """length [B]"""


Notice = Callable[[Requests, Candidates, Slates], None]


@dataclass
class StageCounts(Kept):
    """Candidates in and out of the stages, summed over all requests of a run."""

    KEPT: ClassVar[tuple[str, ...]] = ("requests", "retrieved", "duplicates", "kept", "selected")

    filters: int
    requests: int = 0
    retrieved: int = 0
    duplicates: int = 0
    kept: int = 0
    selected: int = 0
    removed: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.removed = self.removed or [0] * self.filters

    def put_down(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """All counters."""
        yield from super().put_down()
        yield "removed", np.array(self.removed, np.int64)

    def take_up(self, kept: Arrays) -> None:
        """Become what was put down; with other filters those start from nothing."""
        super().take_up(kept)
        removed = kept["removed"].tolist()
        self.removed = removed if len(removed) == self.filters else [0] * self.filters

    def note(
        self, requests: Requests, found: Candidates, unique: Candidates, left: Candidates
    ) -> None:
        """Add what a batch of requests found, what of it was left, and what the filters left."""
        retrieved, different = int(found.present.sum()), int(unique.present.sum())
        self.requests += len(requests)
        self.retrieved += retrieved
        self.duplicates += retrieved - different
        self.kept += int(left.present.sum())


@dataclass(frozen=True)
class Pipeline:
    """The components of one scenario, in order."""

    sources: tuple[tuple[Named[Source], int, int], ...]
    """(source, code, candidates a request)"""
    filters: tuple[Named[Filter], ...]
    predict: Named[Predictor]
    score: tuple[Named[Scorer], ...]
    select: Named[Selector]
    pages: Mapping[int, Page]
    """what each surface lists that is not ranked, by its code"""
    hydrate: Callable[[Candidates], Candidates]
    """drops repeated candidates"""
    control: Control
    """puts videos drawn by chance into ranked slates"""
    slate: int
    candidates: int

    @property
    def needs_python(self) -> bool:
        """Whether a component is the user's own and has to be asked in Python."""
        flags = [named.custom for named, _, _ in self.sources]
        flags += [named.custom for named in self.filters]
        flags += [
            named.custom and not isinstance(named.component, CompiledScore) for named in self.score
        ]
        asks = getattr(self.predict.component, "IN_PYTHON", False)
        return any([*flags, self.predict.custom, asks, self.select.custom])

    def run(
        self, requests: Requests, view: FeedView, counts: StageCounts, notice: Notice | None = None
    ) -> Slates:
        """Slates for a batch of requests on one surface.

        ``notice`` is told which candidates of ranked slates were left, and the slates.
        """
        surface = surface_at(int(requests.surface[0]))
        found = self._gather(surface, requests, view)
        unique = self.hydrate(found)
        left = self._filter(requests, unique, view, counts.removed)
        chosen = self._choose(surface, requests, left, view)
        slates = _slates(left, chosen)
        if surface.ranked:
            slates = self.control.fill(
                requests, slates, view, self.slate,
                lambda asked, drawn: self._filter(asked, drawn, view, None).present,
            )  # fmt: skip
        result = _as_arrays(slates, self.slate, view)
        counts.note(requests, found, unique, left)
        counts.selected += int(result.length.sum())
        if notice is not None and surface.ranked:
            notice(requests, left, result)
        return result

    def _gather(self, surface: Surface, requests: Requests, view: FeedView) -> Candidates:
        """What the sources find, or what the page lists."""
        if surface.ranked:
            return self._retrieve(requests, view)
        code = int(requests.surface[0])
        if code not in self.pages:
            raise ForyouError(f'the feed has no page for the surface "{surface.name}"')
        ids = self.pages[code].candidates(requests, view, self.candidates)
        return Candidates(ids, np.full(ids.shape, source_code(surface.source), np.int8))

    def _choose(
        self, surface: Surface, requests: Requests, candidates: Candidates, view: FeedView
    ) -> NDArray[np.int64]:
        """[B, P] positions: the best by score, or the first of a page."""
        if surface.ranked:
            scores = self._score(requests, candidates, view)
            return self._select(requests, candidates, scores, view)
        length = self.slate if surface.length is None else min(self.slate, surface.length)
        return first_present(candidates, self.slate, length)

    def _retrieve(self, requests: Requests, view: FeedView) -> Candidates:
        """All sources side by side, in the order of the scenario."""
        ids = np.full((len(requests), self.candidates), NOBODY, np.int32)
        codes = np.zeros((len(requests), self.candidates), np.int8)
        place = 0
        for source, code, count in self.sources:
            if count == 0:
                continue
            found = source.component.candidates(requests, view, count)
            if source.custom:
                found = checked(source.name, found, (len(requests), count), np.int64)
                found = np.where((found >= 0) & (found < view.videos.count), found, NOBODY)
            ids[:, place : place + count] = found
            codes[:, place : place + count] = code
            place += count
        return Candidates(ids, codes)

    def _filter(
        self, requests: Requests, candidates: Candidates, view: FeedView, removals: list[int] | None
    ) -> Candidates:
        """Each filter in turn; a candidate is booked to the first one that removes it."""
        for number, named in enumerate(self.filters):
            keep = named.component.keep(requests, candidates, view)
            if named.custom:
                keep = checked(named.name, keep, candidates.video.shape, np.bool_)
            removed = candidates.present & ~keep
            if removals is not None:
                removals[number] += int(removed.sum())
            candidates = Candidates(
                np.where(removed, np.int32(NOBODY), candidates.video), candidates.source
            )
        return candidates

    def _score(
        self, requests: Requests, candidates: Candidates, view: FeedView
    ) -> NDArray[np.float32]:
        """Predict, then each scorer in turn."""
        shape = (candidates.video.shape[0], candidates.video.shape[1])
        prediction = self.predict.component.predict(requests, candidates, view)
        if self.predict.custom:
            prediction = checked_prediction(self.predict.name, prediction, shape)
        scores = np.zeros(shape, np.float32)
        for named in self.score:
            scores = named.component.score(requests, candidates, prediction, scores, view)
            if named.custom:
                scores = checked(named.name, scores, shape, np.float32)
        return scores

    def _select(
        self,
        requests: Requests,
        candidates: Candidates,
        scores: NDArray[np.float32],
        view: FeedView,
    ) -> NDArray[np.int64]:
        chosen = self.select.component.select(requests, candidates, scores, view, self.slate)
        if self.select.custom:
            chosen = checked(self.select.name, chosen, (len(requests), self.slate), np.int64)
            ordered = np.sort(chosen, axis=1)
            if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any():
                raise ComponentError(f"{self.select.name}: returned a position more than once")
        return chosen


@njit()
def _blank_repeated(ids):
    """Put NOBODY in place of ids that stand earlier in the same row."""
    for b in range(ids.shape[0]):
        known = set()
        for k in range(ids.shape[1]):
            v = ids[b, k]
            if v >= 0 and v in known:
                ids[b, k] = NOBODY
            known.add(v)


def hydrate(candidates: Candidates) -> Candidates:
    """Drop repeated candidates; the first source that found a video keeps it."""
    ids = candidates.video.copy()
    _blank_repeated(ids)
    return Candidates(ids, candidates.source)


def first_present(candidates: Candidates, width: int, length: int) -> NDArray[np.int64]:
    """[B, width] positions of the first ``length`` candidates of each request."""
    chosen = np.full((len(candidates.video), width), NOBODY, np.int64)
    for b, present in enumerate(candidates.present):
        places = np.flatnonzero(present)[:length]
        chosen[b, : len(places)] = places
    return chosen


def _slates(candidates: Candidates, chosen: NDArray[np.int64]) -> list[list[Slot]]:
    """The chosen videos of each request, without gaps, and the source of each."""
    slates = []
    for row, videos, sources in zip(chosen, candidates.video, candidates.source, strict=True):
        places = row[(row >= 0) & (row < len(videos))]
        places = places[videos[places] >= 0]
        slates.append(list(zip(videos[places].tolist(), sources[places].tolist(), strict=True)))
    return slates


def _as_arrays(slates: list[list[Slot]], width: int, view: FeedView) -> Slates:
    """Slates [B, width], with what the log wants to know of each place."""
    video = np.full((len(slates), width), NOBODY, np.int32)
    source = np.zeros(video.shape, np.int8)
    for b, slate in enumerate(slates):
        for place, slot in enumerate(slate):
            video[b, place], source[b, place] = slot
    pool = np.where(video >= 0, view.cold.pool[video], 0).astype(np.int8)
    return Slates(video, source, pool, (video >= 0).sum(axis=1))


def source_counts(weights: dict[str, float], candidates: int) -> dict[str, int]:
    """Whole numbers of candidates a source, in proportion to the weights (largest remainders)."""
    total = sum(weights.values())
    if total <= 0:
        return dict.fromkeys(weights, 0)
    exact = {name: candidates * weight / total for name, weight in weights.items()}
    counts = {name: int(value) for name, value in exact.items()}
    rest = candidates - sum(counts.values())
    for name in sorted(exact, key=lambda n: (counts[n] - exact[n], n))[:rest]:
        counts[name] += 1
    return counts
