"""The platform between the swipes: what both engines share.

It holds the world, the feed's view of it and the counters, and does what the clock asks for:
admit uploads, fold the counters of a finished window, judge the cold start, refresh scores and
indexes, follow trends. Engines hand over each window's counters and get the next frozen view.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from sim.behaviour import notify
from sim.behaviour.notify import Bells, Subscribers
from sim.behaviour.params import BehaviourParams, behaviour_params
from sim.core.counts import IMPRESSIONS, PACKED, PART_WIDTH, WIDTH
from sim.core.maths import exp
from sim.core.random import key
from sim.core.stages import AGES_S, STAGES
from sim.engine.events import Events
from sim.engine.exchange import Exchange
from sim.engine.fold import add_cells, fold_counts, update_momentum
from sim.engine.injections import Injections
from sim.engine.keys import KEYS, Keys, make_keys
from sim.engine.lives import Lives
from sim.engine.moments import new_tables, uses_inbox
from sim.engine.notices import Notices
from sim.engine.posting import chosen, due_posts, first_posts, joined, planted_posts
from sim.engine.trends import Trends
from sim.engine.window import REGRET_COLUMNS, WindowCounts
from sim.feed.arms import arm_weights, user_arms, value_weights
from sim.feed.belief import LearnParams, believed_in, first_beliefs, learn_params
from sim.feed.control import ROWS
from sim.feed.index import IndexBuilder, empty_index
from sim.feed.learn import LEARNING
from sim.feed.percentile import CELLS, LENGTHS_S, first_times, ranks_of
from sim.feed.pipeline import StageCounts
from sim.feed.place import Places, places_of
from sim.feed.policies import cold_start_of
from sim.feed.posts import learn_of_posts
from sim.feed.slopes import START_SLOPES, SUMS, learned_slopes
from sim.feed.tables import (
    START_RATES,
    Rates,
    ScoreTables,
    mean_signals,
    platform_rates,
    prior_of,
    refresh_tables,
    refresh_usual,
)
from sim.feed.view import Blocks, CreatorAccounts, Exposures, FeedView, Follows, FriendLists
from sim.machine.aligned import aligned_zeros
from sim.machine.keep import Arrays, Kept, part_of, put_down, take_up
from sim.machine.marks import new_marks
from sim.machine.table import Table
from sim.record.columns import SOURCE_NAMES, SURFACE_NAMES
from sim.scenario import Scenario
from sim.scenario.amounts import settled
from sim.scenario.feed import Spaced, TooOld
from sim.world.access import ANYBODY, NOT_SHOWN
from sim.world.build import joined_s
from sim.world.challenges import first_challenge
from sim.world.mentions import mention_friends
from sim.world.past import past_tests
from sim.world.publish import Posts, PublishSettings, publish
from sim.world.state import NOBODY, Friends, World

__all__ = ["People", "Platform"]

Number = TypeVar("Number", bound=np.generic)
T = TypeVar("T", bound=Table)

_MOMENTUM_HALF_LIFE_S = 6 * 3600.0
"""Half-life of a video's momentum in the trending source (assumption)."""
_FRESH_S = 24 * 3600.0
"""Age up to which the fresh source shows a video when there are no pools (assumption)."""


@dataclass(frozen=True)
class People:
    """What the engine keeps of people, as the feed may ask for it."""

    exposures: Exposures
    follows: Follows
    blocks: Blocks


class Platform(Kept):
    """One simulated platform while it runs."""

    KEPT = (
        "stages", "trends", "lives", "impressions", "promotions", "exchange", "notices", "places",
        "_shown", "_next_index_s", "_next_upload_s", "_indexed_s", "_mean_value", "_guesses",
        "_times", "_rank_sum", "_usual",
    )  # fmt: skip
    ROWS = ("_indexed_views", "_probe_done")

    def __init__(self, scenario: Scenario, seed: int, world: World, people: People) -> None:
        self.scenario = scenario
        self.world = world
        self.keys: Keys = make_keys(seed)
        self.behaviour: BehaviourParams = behaviour_params(
            scenario.behaviour, first_challenge=first_challenge(scenario)
        )
        self.mechanisms = new_tables(scenario, world, seed)
        self.learning: LearnParams = learn_params(scenario)
        self.exchange = Exchange(world.users, used=uses_inbox(scenario))
        self.notices = Notices(
            self.behaviour, self.keys, self._table(Bells), self._table(Subscribers),
            used=notify.is_on(scenario),
        )  # fmt: skip
        self.places: Places = places_of(scenario, world.accounts, self.learning)
        self._create = self.behaviour.create  # a look into a record costs more than a small kernel
        self.weights = value_weights(scenario.feed)
        self.stages = StageCounts(len(scenario.feed.filters))
        self.impressions = 0
        self.promotions = 0
        self._shown = 0  # impressions of the last window
        self.bin_s = float(scenario.record.timeline)
        self._publish = PublishSettings.of(scenario, key(seed, "video"), key(seed, "sound"))
        self._tag_count = world.hashtags.count
        self._prior = prior_of(settled(scenario.feed.predict, scenario))
        ages = [float(f.max_age) for f in scenario.feed.filters if isinstance(f, TooOld)]
        self._max_age = min(ages, default=np.inf)
        self._next_index_s = -np.inf
        self._next_upload_s = -np.inf
        self._indexed_s = 0.0
        self._builder = IndexBuilder()
        rows = len(world.videos.creator)
        weights = arm_weights(scenario.feed)
        arms = len(weights)
        self.view = FeedView(
            users=world.users, topics=world.topics, refreshed_s=0.0, accounts=world.accounts,
            creators=CreatorAccounts(world.creators.user, world.creators.followers.copy()),
            videos=world.videos, sounds=world.sounds, counts=np.zeros((rows, WIDTH), np.int64),
            totals=np.zeros(WIDTH, np.int64), rates=platform_rates(np.zeros(WIDTH, np.int64), 0),
            percentiles=np.zeros(rows, np.int64), ranks=ranks_of(first_times()),
            tables=ScoreTables(rows, G=arms if arms > 1 else 0),
            index=empty_index(world.topics),
            cold=cold_start_of(
                settled(scenario.feed.cold_start, scenario), rows, world.videos,
                self.keys.cold_start,
            ),
            momentum=np.zeros(rows, np.float32), beliefs=first_beliefs(world.accounts,
            world.topics, self.learning), believed=believed_in(scenario.feed.predict),
            slopes=START_SLOPES, weights=self.weights,
            arm_weights=weights,
            arm=user_arms(self.keys.perturb, world.users, arms),
            exposures=people.exposures, follows=people.follows, blocks=people.blocks,
            friends=FriendLists(self._table(Friends)),
        )  # fmt: skip
        cold = self.view.cold
        if scenario.catalogue.settled and len(cold.budgets):
            cold.begin(past_tests(world, key(seed, "past"), cold.budgets))
        self._mean_value = self._value_of(self.view.rates)
        self._learn_posts(np.arange(world.videos.count))
        self._guesses = np.zeros(SUMS, np.int64)
        self._times = first_times()
        self._rank_sum = 0
        self._usual = np.zeros(len(LENGTHS_S) + 1)
        self._indexed_views = np.zeros(rows, np.int64)
        self.trends = Trends(scenario.catalogue.trends, world.sounds, world.hashtags, rows)
        self.trends.begin(world.videos)
        self.lives = Lives(scenario.creators.react, key(seed, "lives"), world)
        self.events = Events(scenario, self.weights, weights)
        self.window = self._empty_window(0.0, float(scenario.refresh))
        self._pending: list[Posts] = []
        self._creator_utc_s = world.utc_offset_s[world.creators.locale]
        first_planted = int((world.creators.probe == NOBODY).sum())
        self._probe_posts = planted_posts(scenario, first_planted)
        self._probe_done = np.zeros(len(self._probe_posts.time_s), bool)
        self._injections = Injections(scenario, seed, first_planted)
        first_posts(
            self.behaviour.create, self.keys.post, world.creators.posts_per_week,
            self._creator_utc_s, joined_s(world), world.creators.next_post_s,
        )  # fmt: skip
        self.lives.begin(world.creators)
        self.rising = world.sounds.trending
        """rising [N] sounds that people have heard of, the highest first"""
        self.changed = np.arange(world.videos.count, dtype=np.int32)
        """videos of which the last refresh may have changed something"""
        self._refresh_scores(self.changed, 0.0)

    def constants(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """(name in the frame, array) of what stays as it is for the whole run."""
        behaviour = np.zeros(1, self.behaviour.dtype)  # type: ignore[attr-defined]
        behaviour[0] = cast(Any, self.behaviour)
        learning = np.zeros(1, LEARNING)
        for name in LEARNING.fields or ():
            learning[name] = getattr(self.learning, name)
        yield "behaviour", behaviour
        yield "learning", learning
        yield "keys", np.array([tuple(self.keys)], KEYS)
        yield "utc_offset_s", self.world.utc_offset_s
        yield "judged", self.weights

    def tables(self) -> tuple[Table, ...]:
        """All tables of the world, of what the feed made of it, and of mechanisms."""
        world = self.world
        return (
            world.truth, world.accounts, world.creators, world.video_truth, world.videos,
            world.follows, self.view.tables, self.exchange.inbox, *self.mechanisms,
        )  # fmt: skip

    def _table(self, kind: type[T]) -> T:
        """The table of a mechanism."""
        return next(table for table in self.mechanisms if isinstance(table, kind))

    def arrays(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """(name in the frame, array) of what the feed knows and keeps outside of tables."""
        view = self.view
        for name, array in zip(view.beliefs._fields, view.beliefs, strict=True):
            yield f"beliefs.{name}", array
        yield "rising", self.rising
        yield "cold.pool", view.cold.pool
        yield "cold.state", view.cold.state
        yield "arm", view.arm
        yield "ranks", view.ranks
        index = view.index
        yield "index.every", index.every
        yield "index.live", index.live
        yield "index.trending", index.trending
        yield "index.fresh", index.fresh
        for group in ("topic", "sound", "tag", "creator"):
            yield f"{group}.start", getattr(index, group).start
            yield f"{group}.video", getattr(index, group).video

    # ---- to stop, and to go on ----------------------------------------------------------------

    def put_down(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """All state as it is after a refresh, when the next window is empty yet."""
        for table in self._own_tables():
            yield from put_down(table.NAME, table)
        yield from put_down("view", self.view)
        yield from super().put_down()
        window = self.window
        yield from put_down("window.number", window.number)
        yield "window.elsewhere", window.elsewhere
        yield "window.percentiles", window.percentiles
        yield "rising", self.rising

    def take_up(self, kept: Arrays) -> None:
        """Become what was put down."""
        for table in self._own_tables():
            if not table.FIXED:
                take_up(table, part_of(kept, table.NAME), table.NAME)
        # a longer run has challenges that were not there
        self.world.hashtags.count = max(self.world.hashtags.count, len(self.world.hashtags.topic))
        self._make_room()
        self.view.take_up(part_of(kept, "view"))
        super().take_up(kept)
        # what the feed sees of creators is brought up to date by each refresh
        self.view.creators.followers[:] = self.world.creators.followers
        self.rising = kept["rising"].astype(np.int32)
        now = self.view.refreshed_s
        self._injections.go_on(self.world.videos, now)
        self.events.go_on(now)
        self.window = self._empty_window(now, now + float(self.scenario.refresh))
        window = self.window
        window.number = int(kept["window.number"])
        for name in ("elsewhere", "percentiles"):
            array = kept[f"window.{name}"]
            getattr(window, name)[: len(array)] = array
        self.changed = np.arange(self.world.videos.count, dtype=np.int32)

    def set_up_anew(self) -> None:
        """Scores and indexes of all videos, for a feed that changes at the time of this refresh."""
        now = self.view.refreshed_s
        self._next_index_s = -np.inf
        self.changed = self._refresh_scores(self.changed, now)

    def _own_tables(self) -> tuple[Table, ...]:
        """The tables that are not part of something else with state."""
        world = self.world
        return (
            world.truth, world.accounts, world.creators, world.video_truth, world.videos,
            world.sounds, world.hashtags, *self.mechanisms,
        )  # fmt: skip

    def chances(self) -> tuple[float, float]:
        """With which probability a draw of chance names one certain video for a place, now.

        As a control, and as a test of a video in a pool; NaN where there are none, and where the
        audience is matched.
        """
        control, cold = float(self.scenario.feed.control), self.view.cold
        every, seeking = len(self.view.index.every), len(cold.seeking)
        spaced = isinstance(self.scenario.feed.select, Spaced)  # others keep no places
        return (
            control / every if every and control > 0.0 else np.nan,
            cold.reserved / seeking if seeking and spaced and not cold.matched else np.nan,
        )

    # ---- what the clock calls ---------------------------------------------------------------

    def admit_uploads(self, now: float) -> None:
        """Publish all posts of the time before ``now`` that are not published yet."""
        if self._next_upload_s >= now:
            return
        creators = self.world.creators
        owner, times, self._next_upload_s = due_posts(
            self._create, self.keys.post, now, creators.posts_per_week,
            self._creator_utc_s, creators.next_post_s, creators.post_number,
        )  # fmt: skip
        posts = Posts.ordinary(owner, times)
        if len(self._probe_done):
            planned = self._probe_posts.time_s
            planted = (planned < now) & ~self._probe_done
            self._probe_done |= planted
            left = planned[~self._probe_done]
            self._next_upload_s = min(self._next_upload_s, float(left.min(initial=np.inf)))
            if planted.any():
                posts = joined(posts, chosen(self._probe_posts, planted))
        if len(posts.creator):
            order = np.lexsort((posts.creator, posts.time_s))
            self._pending.append(chosen(posts, order))

    def refresh(self, now: float) -> None:
        """Make the finished window visible: counters, messages, uploads, cold start, scores."""
        changed = self._fold()
        uploaded = self._publish_pending()
        self._learn_posts(uploaded)
        self._injections.notice(self.world.videos, uploaded)
        self.exchange.add(self._injections.due(now))
        self.exchange.add(self.notices.announce(self.world.videos, uploaded, now))
        self.notices.hear(self.exchange.refresh(), self.world.videos, now)
        view = self.view
        if len(uploaded):
            view.cold.enter(uploaded[self.world.videos.eligible[uploaded] == ANYBODY], now)
            changed = np.concatenate([changed, uploaded]).astype(np.int32)
        if self.events.happen(now, self.world):
            self._next_index_s = -np.inf
        # whoever is judged was shown in this window, so the changed ones hold them all
        self.promotions += view.cold.step(now, self._mean_value)
        self.changed = self._refresh_scores(changed, now)
        view.refreshed_s = now
        self.rising = self.world.sounds.trending
        self.places.welcome(view.beliefs, now, now + float(self.scenario.refresh))
        self.window = self._empty_window(now, now + float(self.scenario.refresh))

    def follow_trends(self, now: float) -> None:
        """Let creators see which sounds and hashtags rise, and how their own posts did."""
        self.trends.look(now, self.world.videos, self.view.counts)
        self.lives.look_back(now, self.world, self.view.counts)

    # ---- steps ------------------------------------------------------------------------------

    def _fold(self) -> NDArray[np.int32]:
        """Add the window's counters to the totals; returns the videos that were shown."""
        view, window = self.view, self.window
        touched, grown = fold_counts(
            window.videos, window.touched, view.counts, window.percentiles, view.percentiles,
            window.followers, self.world.creators.followers, view.creators.followers,
        )  # fmt: skip
        self._rank_sum += int(grown)
        view.cold.note(touched, window.tests)
        self._guesses += window.guesses
        self._times += window.times
        add_cells(window.timeline.reshape(-1, WIDTH), view.totals)
        self._shown = int(view.totals[IMPRESSIONS]) - self.impressions
        self.impressions = int(view.totals[IMPRESSIONS])
        return np.asarray(touched)

    def _value_of(self, rates: Rates) -> float:
        """Mean value of an impression on the whole platform."""
        # term by term: a matrix product adds up in an order that depends on the machine
        value = 0.0
        for weight, rate in zip(self.weights.tolist(), rates.row.tolist(), strict=True):
            value += weight * rate
        return value

    def _publish_pending(self) -> NDArray[np.int64]:
        """Give the pending posts their ids, and room in every table."""
        if not self._pending:
            return np.empty(0, np.int64)
        popular = self.view.index.trending
        new = [publish(self.world, posts, self._publish, popular) for posts in self._pending]
        self._pending = []
        self._make_room()
        share = self.scenario.catalogue.mentions
        mention_friends(
            self.keys.notify, share, self.world.videos, np.concatenate(new),
            self.world.creators.user, self._table(Friends),
        )  # fmt: skip
        return np.concatenate([np.empty(0, np.int64), *new])

    def _make_room(self) -> None:
        """Room for all videos and sounds in every array beside their tables."""
        rows = len(self.world.videos.creator)
        view = self.view
        if len(view.counts) < rows:
            view.counts = _longer(view.counts, rows)
            view.percentiles = _longer(view.percentiles, rows)
            view.momentum = _longer(view.momentum, rows)
            view.tables.grow(rows)
            self._indexed_views = _longer(self._indexed_views, rows)
            view.cold.grow(rows)
        self.trends.grow(rows)

    def _learn_posts(self, videos: NDArray[np.int64]) -> None:
        """Let what people post say something about what they like."""
        beliefs, learning = self.view.beliefs, self.learning
        if learning.enabled and learning.posts > 0.0:
            learn_of_posts(
                beliefs.profile, beliefs.doubt, self.world.videos.owner,
                self.world.videos.caption, videos, learning.posts,
                np.float32(learning.noise), np.float32(learning.drift),
            )  # fmt: skip

    def _refresh_scores(self, changed: NDArray[np.int32], now: float) -> NDArray[np.int32]:
        """Scores of changed videos; every ``reindex`` those of all, and the indexes.

        Returns the videos whose scores were made.
        """
        view, world = self.view, self.world
        videos = world.videos
        reindex = now >= self._next_index_s
        if reindex:
            self._next_index_s = now + float(self.scenario.feed.reindex)
            down = world.video_truth.down_s[: videos.count] <= now
            videos.eligible[: videos.count][down] = NOT_SHOWN
            self.places.look(view.beliefs)
            view.rates = platform_rates(view.totals, self._rank_sum)
            view.slopes = learned_slopes(self._guesses)
            view.ranks = ranks_of(self._times)
            self._usual = mean_signals(
                view.counts, videos.count, videos.duration_s, self.learning.signals, START_RATES
            )
            self._mean_value = self._value_of(view.rates)
            changed = np.arange(videos.count, dtype=np.int32)
        refresh_tables(
            changed, view.counts, view.percentiles, self._prior, view.rates.row, self.weights,
            view.arm_weights, view.slopes, view.tables.base, view.tables.lift, view.tables.arms,
        )  # fmt: skip
        refresh_usual(
            changed, view.counts, videos.duration_s, self._usual, self._prior,
            self.learning.signals, view.tables.usual,
        )  # fmt: skip
        fresh = self._fresh(now)
        if not reindex:
            if fresh is not view.index.fresh:
                view.index = view.index._replace(fresh=fresh)
            return changed
        keep = exp(-0.6931471805599453 * (now - self._indexed_s) / _MOMENTUM_HALF_LIFE_S)
        self._indexed_s = now
        update_momentum(view.counts, self._indexed_views, keep, view.momentum, videos.count)
        view.index = self._builder.build(
            videos.count, videos.eligible, view.cold.open_to_all, videos.uploaded_s,
            now - self._max_age, videos.caption, world.topics, view.tables.base, view.momentum,
            videos.sound, world.sounds.count, videos.tags, self._tag_count,
            videos.creator, world.creators.count, fresh,
        )  # fmt: skip
        return changed

    def _fresh(self, now: float) -> NDArray[np.int32]:
        """Videos for the fresh source: those in pools, or without pools those of the last day."""
        if self.view.cold.finds_audience:
            self.view.cold.seek(now, float(self.scenario.refresh), self._shown)
            return self.view.cold.seeking
        videos = self.world.videos
        # ids follow upload times, so the last day is the tail of the table
        first = np.searchsorted(videos.uploaded_s[: videos.count], now - _FRESH_S)
        tail = np.arange(first, videos.count, dtype=np.int32)
        return np.asarray(tail[videos.eligible[tail] == 1])

    def _empty_window(self, start: float, end: float) -> WindowCounts:
        """Cleared counters for the window [start, end); arrays are used again."""
        # as the engines find the bin of an event; the last window may be a hair longer
        first_bin = floor(start / self.bin_s)
        last_bin = floor((end + 1e-6 * (end - start)) / self.bin_s)
        bins = last_bin - first_bin + 1
        shape = (bins, len(SURFACE_NAMES), len(SOURCE_NAMES), WIDTH)
        window = getattr(self, "window", None)
        rows = len(self.world.videos.creator)
        if window is None or len(window.videos) != rows:
            videos, touched = aligned_zeros((rows, PACKED), np.int32), new_marks(rows)
            followers = np.zeros(len(self.world.creators.user), np.int32)
            tests = np.zeros((rows if self.view.cold.finds_audience else 0, 2), np.int64)
            none = np.zeros((0, PART_WIDTH), np.int32)
            elsewhere = _longer(none if window is None else window.elsewhere, rows)
            before = np.zeros(0, np.int64) if window is None else window.percentiles
            percentiles = _longer(before, rows)
        else:
            videos, touched, followers = window.videos, window.touched, window.followers
            tests, elsewhere, percentiles = window.tests, window.elsewhere, window.percentiles
        timeline, control = np.zeros(shape, np.int64), np.zeros((ROWS, WIDTH + 1), np.int64)
        regret = np.zeros((len(STAGES) + len(AGES_S), REGRET_COLUMNS), np.int64)
        number = 0 if window is None else window.number + 1
        return WindowCounts(
            videos, touched, tests, elsewhere, percentiles, np.zeros(CELLS, np.int32),
            np.zeros(SUMS, np.int64), control, regret, timeline, followers, first_bin, number,
        )  # fmt: skip


def _longer(array: NDArray[Number], rows: int) -> NDArray[Number]:
    """The array with zero rows appended up to ``rows``."""
    if len(array) >= rows:
        return array
    longer = np.zeros((rows, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    return longer
