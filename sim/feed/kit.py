"""Two kits of components, from which a pipeline is made: one that is fast, and one that is plain.

Components that have only one form are in no kit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sim.feed import builtin, pages, pipeline
from sim.feed.component import Candidates, Page, Predictor, Selector, Source
from sim.feed.plain import components as plain
from sim.feed.plain import hydrate as plain_hydrate

__all__ = ["FAST", "PLAIN", "Kit"]


@dataclass(frozen=True)
class Kit:
    """The components that have a fast form and a plain one, which give the same bits."""

    source: Callable[[str], Source]
    """(name) -> one of the built-in sources"""
    smoothed: Callable[[float], Predictor]
    """(prior) -> the predictor ``smoothed``"""
    spaced: Callable[[int, int], Selector]
    """(creator_gap, sound_gap) -> the selector ``spaced``"""
    pages: Mapping[str, Page]
    """what pages list, by ``Surface.lists``"""
    hydrate: Callable[[Candidates], Candidates]
    """drops repeated candidates"""


FAST: Final = Kit(
    builtin.BuiltinSource.named,
    builtin.Smoothed,
    builtin.Spaced,
    {
        "follows": pages.Following(),
        "friends": pages.Friends(),
        "video": pages.Subject(),
        "query": pages.Query(),
        "sound": pages.Group("sound"),
        "hashtag": pages.Group("hashtag"),
        "creator": pages.Group("creator"),
    },
    pipeline.hydrate,
)
PLAIN: Final = Kit(
    plain.PlainSource.named,
    plain.PlainSmoothed,
    plain.PlainSpaced,
    {
        "follows": plain.PlainFollowing(), "friends": plain.PlainFriends(),
        "video": plain.PlainSubject(), "query": plain.PlainQuery(),
        "sound": plain.PlainGroup("sound"), "hashtag": plain.PlainGroup("hashtag"),
        "creator": plain.PlainGroup("creator"),
    },
    plain_hydrate.hydrate,
)  # fmt: skip
"""What the reference engine runs on."""
