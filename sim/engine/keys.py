"""The named purposes of random draws in a run."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.core.random import key

__all__ = ["KEYS", "Keys", "make_keys"]


class Keys(NamedTuple):
    """One key a purpose; see ``sim.core.random``."""

    react: np.uint64
    """(user, video): what happens in one impression"""
    session: np.uint64
    """(user, session): when the next session starts"""
    request: np.uint64
    """(user, request): draws of the feed"""
    surface: np.uint64
    """(user, request): which surface is opened"""
    post: np.uint64
    """(creator, post): when the next post comes"""
    perturb: np.uint64
    """(user): which weights are up and which are down"""
    cold_start: np.uint64
    """(video, refresh): how good a new video may be"""
    exchange: np.uint64
    """(sender, receiver, video): what becomes of a message"""
    taste: np.uint64
    """(user): what they think of each creator, sound and hashtag"""
    notify: np.uint64
    """(sender, receiver, video): what becomes of a notification"""


def make_keys(seed: int) -> Keys:
    """The keys of a world."""
    return Keys(*(key(seed, purpose) for purpose in Keys._fields))


KEYS = np.dtype([(purpose, np.uint64) for purpose in Keys._fields])
"""All keys as a record, for compiled code."""
