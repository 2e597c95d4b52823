"""Pages: what the surfaces that are not ranked list, newest first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.feed.retrieve import from_sound_page, latest_of_follows
from sim.feed.view import FeedView, Requests
from sim.world.state import NOBODY

__all__ = ["Following", "SoundPage", "Subject"]


class Following:
    """The following surface."""

    def candidates(self, requests: Requests, view: FeedView, count: int) -> NDArray[np.int32]:
        """The ``count`` newest videos of followed creators, by turns."""
        out = np.full((len(requests), count), NOBODY, np.int32)
        for b, user in enumerate(requests.user.tolist()):
            follows = view.follows.of(user)
            latest_of_follows(out[b], 0, count, follows, 0, len(follows), *view.index.creator)
        return out


class SoundPage:
    """The page of a sound."""

    def candidates(self, requests: Requests, view: FeedView, count: int) -> NDArray[np.int32]:
        """The ``count`` newest videos with the sound."""
        out = np.full((len(requests), count), NOBODY, np.int32)
        for b, sound in enumerate(requests.subject.tolist()):
            from_sound_page(out[b], 0, count, sound, *view.index.sound)
        return out


class Subject:
    """A page that is about one video, and has nothing else."""

    def candidates(self, requests: Requests, view: FeedView, count: int) -> NDArray[np.int32]:
        """That video, if there is room for one."""
        del view
        out = np.full((len(requests), count), NOBODY, np.int32)
        out[:, :1] = requests.subject[:, None]
        return out
