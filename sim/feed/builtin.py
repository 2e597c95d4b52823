"""The built-in components: thin batch loops over the compiled functions of one request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.counts import FIRST_ACTION, IMPRESSIONS, WATCH_MS
from sim.feed.access import TO_FOLLOWERS, TO_FRIENDS
from sim.feed.belief import SOUND_SLOTS, TAG_SLOTS, affinity, new_taste, read_taste
from sim.feed.cold_start import WAITING, reserved_places
from sim.feed.component import Candidates, Prediction
from sim.feed.percentile import RANK_ONE, rank_at
from sim.feed.retrieve import (
    RUN,
    from_following,
    from_groups,
    from_interest,
    from_list,
)
from sim.feed.spaced import (
    GROUP,
    best_by_group,
    nearest_first,
    room_for_tops,
    score_key,
    select_spaced,
    set_apart,
)
from sim.feed.tables import base_and_lift
from sim.feed.view import FeedView, Requests
from sim.machine.compiled import njit
from sim.scenario.feed import SOURCES
from sim.world.access import ANYBODY, FOLLOWERS, FRIENDS
from sim.world.state import NOBODY

__all__ = [
    "Blocked", "BuiltinSource", "Ineligible", "Own", "Seen", "Smoothed", "SmoothedPrediction",
    "Spaced", "TooOld", "Value", "affinities",
]  # fmt: skip

Ids = NDArray[np.int32]
_FRESH = SOURCES.index("fresh")


@dataclass(frozen=True)
class BuiltinSource:
    """One of the built-in sources; ``code`` is its position in SOURCE_NAMES."""

    name: str
    code: int

    @classmethod
    def named(cls, name: str) -> BuiltinSource:
        """The source with this name."""
        return cls(name, SOURCES.index(name))

    def candidates(self, requests: Requests, view: FeedView, count: int) -> Ids:
        """Up to ``count`` candidates for each request."""
        out = np.empty((len(requests), count), np.int32)
        for b in range(len(requests)):
            found = self._one(out[b], count, requests.stream[b], int(requests.user[b]), view)
            out[b, found:] = NOBODY
        return out

    def _one(self, out: Ids, count: int, r: np.uint64, user: int, view: FeedView) -> Any:
        """Write the candidates of one request; returns how many."""
        index, beliefs, code = view.index, view.beliefs, self.code
        ids, words = beliefs.slot_id, beliefs.slot_word
        runs = np.empty(count + RUN, np.int8)
        match self.name:
            case "interest":
                return from_interest(
                    out,
                    runs,
                    0,
                    count,
                    r,
                    code,
                    beliefs.profile,
                    beliefs.doubt,
                    user,
                    view.topics,
                    *index.topic,
                )
            case "sound":
                return from_groups(
                    out, runs, 0, count, r, code, ids, words, user, SOUND_SLOTS, *index.sound
                )
            case "hashtag":
                return from_groups(
                    out, runs, 0, count, r, code, ids, words, user, TAG_SLOTS, *index.tag
                )
            case "following":
                follows = view.follows.of(user)
                return from_following(
                    out, 0, count, r, code, follows, 0, len(follows), *index.creator
                )
        videos = {"fresh": index.fresh, "trending": index.trending, "random": index.live}
        return from_list(out, 0, count, r, code, videos[self.name])


class Seen:
    """Removes what the user was shown before."""

    def keep(self, requests: Requests, candidates: Candidates, view: FeedView) -> NDArray[np.bool_]:
        """False for a video that this user has had on the screen."""
        return ~view.exposures.contains(requests.user, candidates.video)


class Own:
    """Removes the user's own videos."""

    def keep(self, requests: Requests, candidates: Candidates, view: FeedView) -> NDArray[np.bool_]:
        """False for a video by the user."""
        creator = view.videos.creator[candidates.video]
        return np.asarray(view.creators.user[creator] != requests.user[:, None])


class Ineligible:
    """Removes videos that may not be recommended."""

    def keep(self, requests: Requests, candidates: Candidates, view: FeedView) -> NDArray[np.bool_]:
        """False for a video that is not, or no longer, for this person."""
        eligible, source = view.videos.eligible[candidates.video], candidates.source
        to_followers = (eligible == FOLLOWERS) & np.isin(source, TO_FOLLOWERS)
        to_friends = (eligible == FRIENDS) & (source == TO_FRIENDS)
        return np.asarray((eligible == ANYBODY) | to_followers | to_friends)


@dataclass(frozen=True)
class TooOld:
    """Removes videos older than ``max_age`` seconds."""

    max_age: float

    def keep(self, requests: Requests, candidates: Candidates, view: FeedView) -> NDArray[np.bool_]:
        """False for a video uploaded more than ``max_age`` before the request."""
        uploaded = view.videos.uploaded_s[candidates.video]
        return np.asarray(uploaded >= requests.time_s[:, None] - self.max_age)


class Blocked:
    """Removes videos of creators whom the user has blocked."""

    def keep(self, requests: Requests, candidates: Candidates, view: FeedView) -> NDArray[np.bool_]:
        """False for a video by somebody whom this user has blocked."""
        creator = np.where(
            candidates.video >= 0, view.videos.creator[candidates.video], np.int32(NOBODY)
        )
        return ~view.blocks.blocked(requests.user, creator)


@dataclass(frozen=True)
class SmoothedPrediction:
    """Counts smoothed with a prior, moved by affinity; see ``sim.feed.tables``."""

    affinity: NDArray[np.float32]
    """affinity [B, K] in [-1, 1]"""
    video: Ids
    user: NDArray[np.int32]
    """user [B]"""
    view: FeedView
    prior: float

    @property
    def _rows(self) -> NDArray[np.int64]:
        return self.view.counts[self.video]

    @property
    def probability(self) -> NDArray[np.float64]:
        """probability [B, K, A]"""
        rows = self._rows
        shown = rows[..., IMPRESSIONS, None] + self.prior
        rate = (rows[..., FIRST_ACTION:] + self.prior * self.view.rates.action) / shown
        moved = self.view.slopes[:-1] * self.affinity[..., None].astype(float)
        return np.asarray(np.clip(rate + moved * rate * (1.0 - rate), 0.0, 1.0))

    @property
    def watch_s(self) -> NDArray[np.float64]:
        """watch_s [B, K]"""
        rows = self._rows
        shown = rows[..., IMPRESSIONS] + self.prior
        watch = (rows[..., WATCH_MS] / 1000.0 + self.prior * self.view.rates.watch_s) / shown
        return np.asarray(watch * (1.0 + 0.5 * self.affinity.astype(float)))

    @property
    def watch_percentile(self) -> NDArray[np.float64]:
        """watch_percentile [B, K]"""
        view = self.view
        shown = self._rows[..., IMPRESSIONS] + self.prior
        ranks = view.percentiles[self.video] / RANK_ONE
        middle = (ranks + self.prior * view.rates.watch_percentile) / shown
        return np.asarray(np.clip(middle + view.slopes[-1] * self.affinity.astype(float), 0.0, 1.0))

    def value(self) -> NDArray[np.float32]:
        """[B, K] the linear value model in its fast form: base + affinity x lift."""
        arm = self.view.arm[self.user][:, None]
        base, lift = base_and_lift(self.view.tables, arm, self.video)
        return base + self.affinity * lift


@njit()
def _affinities(
    profile, ids, words, believed, taste_profile, taste_weights, users, caption, sound, tags,
    creator, video, out,
):  # fmt: skip
    for b in range(users.size):
        u = users[b]
        read_taste(profile, words, u, believed, taste_profile, taste_weights)
        for k in range(video.shape[1]):
            v = video[b, k]
            if v >= 0:
                out[b, k] = affinity(
                    taste_profile, taste_weights, ids, u, caption, v, sound[v], tags[v, 0],
                    tags[v, 1], tags[v, 2], creator[v],
                )  # fmt: skip


def affinities(requests: Requests, video: Ids, view: FeedView) -> NDArray[np.float32]:
    """affinity [B, K] in [-1, 1] of videos [B, K]; 0 where there is none."""
    videos, beliefs = view.videos, view.beliefs
    out = np.zeros(video.shape, np.float32)
    _affinities(
        beliefs.profile, beliefs.slot_id, beliefs.slot_word, np.array(view.believed, np.float32),
        *new_taste(beliefs.profile.shape[1]), requests.user,
        videos.caption, videos.sound, videos.tags, videos.creator, video, out,
    )  # fmt: skip
    return out


@dataclass(frozen=True)
class Smoothed:
    """Predicts from each video's own counts and the user's affinity."""

    prior: float

    def predict(
        self, requests: Requests, candidates: Candidates, view: FeedView
    ) -> SmoothedPrediction:
        """Affinities of all candidates; probabilities are worked out when asked for."""
        found = affinities(requests, candidates.video, view)
        return SmoothedPrediction(found, candidates.video, requests.user, view, self.prior)


class Value:
    """The value model: sum of weight x predicted probability, watch time and percentile."""

    def score(
        self,
        requests: Requests,
        candidates: Candidates,
        prediction: Prediction,
        scores: NDArray[np.float32],
        view: FeedView,
    ) -> NDArray[np.float32]:
        """Adds the value of each candidate to its score."""
        if isinstance(prediction, SmoothedPrediction):
            return scores + prediction.value()
        # action by action: a matrix product adds up in an order that depends on the machine
        weights = view.weights[None, None]
        if len(view.arm_weights) > 1:
            weights = view.arm_weights[view.arm[requests.user]][:, None]
        actions = weights.shape[-1] - 2
        value = weights[..., actions] * prediction.watch_s
        value = value + weights[..., actions + 1] * _percentile(prediction, candidates, view)
        for a in range(actions):
            value = value + weights[..., a] * prediction.probability[..., a]
        return scores + value.astype(np.float32)


def _percentile(
    prediction: Prediction, candidates: Candidates, view: FeedView
) -> NDArray[np.float64]:
    """[B, K] expected watch percentile; that of the expected watch time where none is given."""
    given = getattr(prediction, "watch_percentile", None)
    if given is not None:
        return np.asarray(given)
    duration_s = view.videos.duration_s[candidates.video]
    return rank_at(view.ranks, np.asarray(prediction.watch_s), duration_s)


@dataclass(frozen=True)
class Spaced:
    """Best first with distance between creators and sounds, and slots for the cold start."""

    creator_gap: int
    sound_gap: int

    def select(
        self,
        requests: Requests,
        candidates: Candidates,
        scores: NDArray[np.float32],
        view: FeedView,
        length: int,
    ) -> NDArray[np.int64]:
        """[B, length] positions; see :func:`select_spaced`."""
        out = np.full((len(requests), length), NOBODY, np.int64)
        videos = view.videos
        matched = view.cold.matched
        suits = affinities(requests, candidates.video, view) if matched else scores
        for b in range(len(requests)):
            places = np.flatnonzero(candidates.present[b])
            ids, k = candidates.video[b, places], len(places)
            waits = candidates.source[b, places] == _FRESH
            waits &= view.cold.state[ids] == WAITING
            kept = np.empty(k + 1, np.int64)
            keys, tops = np.empty(k + GROUP, np.int64), np.empty(room_for_tops(k), np.int64)
            n_kept = _fill_keys(scores[b, places], waits, keys, kept)
            # called from Python, compiled code hands out a plain number: make it 64 bits again
            reserved = np.uint64(reserved_places(requests.stream[b], view.cold.reserved, length))
            if matched:
                nearest_first(kept, n_kept, suits[b, places], reserved)
            slate = np.empty(length, np.int64)
            n = select_spaced(
                keys, k, best_by_group(keys, k, tops), kept, n_kept, ids, videos.creator,
                videos.sound, reserved, length, self.creator_gap, self.sound_gap, tops, slate,
            )  # fmt: skip
            out[b, :n] = places[slate[:n]]
        return out


@njit()
def _fill_keys(scores, waits, keys, kept):
    n_kept = 0
    for i in range(scores.size):
        keys[i] = score_key(scores[i], i)
        n_kept = set_apart(i, keys, kept, n_kept, waits[i])
    return n_kept
