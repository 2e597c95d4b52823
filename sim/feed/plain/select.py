"""Which candidates make the slate, and in which order: the twin of ``sim.feed.spaced``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from sim.core.random import uniform
from sim.feed.cold_start import RESERVED_DRAW

__all__ = ["Rules", "reserved_places", "select_spaced"]


@dataclass(frozen=True)
class Rules:
    """What a slate keeps to."""

    length: int
    """videos, at most"""
    creator_gap: int
    """places between two videos of one creator"""
    sound_gap: int
    """places between two videos with one sound"""


def select_spaced(
    scores: Sequence[float], creators: Sequence[int], sounds: Sequence[int],
    waiting: Sequence[int], reserved: Collection[int], rules: Rules,
) -> list[int]:  # fmt: skip
    """Positions of the candidates that make the slate.

    Place by place the best that keeps its distance, equal scores by position; if none keeps it,
    the best of all. The candidates ``waiting`` stand at ``reserved`` places alone: there the first
    of them that keeps its distance goes before. A score of -inf or NaN is never shown. Scores,
    creators and sounds [K].
    """
    shown = [i for i in range(len(scores)) if scores[i] > -np.inf]
    tested = [i for i in waiting if i in shown]
    best_first = sorted(set(shown) - set(waiting), key=lambda i: (-scores[i], i))
    slate: list[int] = []

    def keeps_distance(i: int) -> bool:
        place = len(slate)
        near = slate[max(0, place - rules.creator_gap) :]
        if creators[i] in [creators[j] for j in near]:
            return False
        near = slate[max(0, place - rules.sound_gap) :]
        return sounds[i] not in [sounds[j] for j in near]

    while len(slate) < rules.length:
        chosen = next(filter(keeps_distance, tested), None) if len(slate) in reserved else None
        if chosen is not None:
            tested.remove(chosen)
        elif best_first:
            chosen = next(filter(keeps_distance, best_first), best_first[0])
            best_first.remove(chosen)
        else:
            break
        slate.append(chosen)
    return slate


def reserved_places(r: np.uint64, share: float, length: int) -> set[int]:
    """The places of a slate that are kept for waiting videos, spread evenly with jitter.

    On average ``share`` of ``length``; ``r`` is the stream of the request.
    """
    wanted = int(share * length + uniform(r, RESERVED_DRAW))
    jitter = uniform(r, RESERVED_DRAW + 1)
    return {int((i + jitter) * length / wanted) for i in range(wanted)}
