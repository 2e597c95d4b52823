"""A scenario and a seed to a world before its first second."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.core.maths import exp
from sim.core.random import key, normal, stream, uniform
from sim.machine.compiled import njit
from sim.scenario import Scenario
from sim.world.challenges import new_hashtags
from sim.world.draw import draw_creator, draw_user, main_topic, pick
from sim.world.expected import creator_count, expected_posts, further_accounts
from sim.world.follow import draw_follows, planted_followers, pull_of_topics, with_followers
from sim.world.leaning import leaning_weights
from sim.world.planted import planted_accounts
from sim.world.publish import RECENT_SOUNDS, Posts, PublishSettings, publish, topic_weights
from sim.world.state import (
    NOBODY,
    Creators,
    FollowGraph,
    SoundListing,
    UserAccounts,
    UserTruth,
    VideoListing,
    VideoTruth,
    World,
    padded,
)  # fmt: skip

__all__ = ["build_world", "joined_s"]

_SECONDS_A_WEEK = 7 * 86_400.0


def build_world(scenario: Scenario, seed: int) -> World:
    """Draw users, creators, the follow graph and the first catalogue."""
    users = scenario.population.users
    topics = scenario.population.topics
    truth, accounts = _users(scenario, seed, users, topics)
    creators = _creators(scenario, seed, truth, accounts)
    creators, follows = _follow_graph(scenario, seed, truth, accounts, creators)
    before, during = expected_posts(scenario)
    rows = int(1.1 * (before + during)) + sum(p.videos for p in scenario.probes) + 64
    dims = padded(topics)
    world = World(
        users=users, topics=topics, truth=truth, accounts=accounts, creators=creators,
        video_truth=VideoTruth(rows, 0, D=dims), videos=VideoListing(rows, 0, D=dims),
        sounds=_no_sounds(rows), hashtags=new_hashtags(scenario, seed), follows=follows,
        utc_offset_s=np.array([place.utc_offset for place in scenario.population.locales], float),
        categories=tuple(row.name for row in scenario.population.kinds),
        probe_names=tuple(probe.name for probe in scenario.probes),
        twin_labels=tuple(probe.labels for probe in scenario.probes),
    )  # fmt: skip
    _first_catalogue(world, scenario, seed)
    return world


def _users(
    scenario: Scenario, seed: int, users: int, topics: int
) -> tuple[UserTruth, UserAccounts]:
    population = scenario.population
    truth = UserTruth(users, D=padded(topics))
    accounts = UserAccounts(users)
    _draw_places(
        key(seed, "device"), np.cumsum([device.share for device in population.devices]),
        accounts.device,
    )  # fmt: skip
    _fill_users(
        key(seed, "user"), key(seed, "trait"), users, topics, population.declared_interests,
        leaning_weights(population, key(seed, "leaning")), accounts.device,
        np.cumsum([place.share for place in population.locales]),
        scenario.behaviour.session.chronotype_spread_h,
        truth.interests, truth.generosity, truth.patience, truth.activity, truth.chronotype,
        accounts.locale, accounts.declared,
    )  # fmt: skip
    _untick(key(seed, "tick"), scenario.population.ticking, accounts.declared)
    joining = scenario.population.joining
    _draw_joining(key(seed, "join"), joining, scenario.duration, accounts.joined_s)
    return truth, accounts


@njit()
def _untick(k, ticking, declared):
    """Take back what those ticked who tick nothing: all but the share ``ticking``."""
    for u in range(declared.size):
        if uniform(stream(k, u), 0) >= ticking:
            declared[u] = 0


@njit()
def _draw_joining(k, share, duration, joined_s):
    """When people join: some during the run, evenly over it, all others before."""
    for u in range(joined_s.size):
        s = stream(k, u)
        joined_s[u] = duration * uniform(s, 1) if uniform(s, 0) < share else 0.0


@njit()
def _fill_users(
    user_key, trait_key, users, topics, declared_count, topic_cdf, device, locale_cdf,
    chronotype_spread,
    interests, generosity, patience, activity, chronotype, locale, declared,
):  # fmt: skip
    strength = np.empty(topics)
    for u in range(users):
        s = stream(trait_key, u)
        locale[u] = pick(locale_cdf, uniform(s, 5))
        draw_user(
            user_key, u, topics, declared_count, topic_cdf[locale[u], device[u]], strength,
            interests[u], declared,
        )  # fmt: skip
        generosity[u] = normal(s, 0)
        patience[u] = normal(s, 1)
        activity[u] = normal(s, 2)
        chronotype[u] = chronotype_spread * normal(s, 3)


def _creators(scenario: Scenario, seed: int, truth: UserTruth, accounts: UserAccounts) -> Creators:
    """Creators among the users, further accounts, then those of the probes, in their order."""
    people, further = creator_count(scenario), further_accounts(scenario)
    ordinary, planted = people + further, planted_accounts(scenario)
    total = ordinary + len(planted)
    topics = scenario.population.topics
    fixed_topic = np.full(total, NOBODY, np.int64)
    keys = np.full(total, key(seed, "creator"))
    identity = np.arange(total)
    ids = np.arange(total)
    for c, account in enumerate(planted, ordinary):
        identity[c] = ids[c] = account.identity
        if account.config.topic is not None:
            fixed_topic[c] = account.config.topic
        if account.config.seed is not None:  # the same accounts in every world
            keys[c], ids[c] = key(account.config.seed, "probe-creator"), account.pair
    creators = Creators(total, D=padded(topics))
    creators.identity[:] = identity
    creators.user[:] = np.where(np.arange(total) < people, np.arange(total), NOBODY)
    creators.next_post_s[:] = np.inf
    creators.probe[:ordinary] = NOBODY
    creators.probe[ordinary:] = [account.probe for account in planted]
    creators.twin[ordinary:] = [account.twin for account in planted]
    creators.locale[:people] = accounts.locale[:people]
    _draw_places(
        key(seed, "account-locale"), np.cumsum([p.share for p in scenario.population.locales]),
        creators.locale[people:ordinary],
    )  # fmt: skip
    _fill_creators(
        keys, ids, people, ordinary, topics, topic_weights(scenario.population), truth.interests,
        fixed_topic, scenario.creators.posts_per_week, scenario.creators.posts_spread,
        scenario.creators.trend_uptake,
        creators.niche, creators.skill, creators.popularity, creators.trend_uptake,
        creators.posts_per_week,
    )  # fmt: skip
    return creators


@njit()
def _draw_places(k, cumulative, place):
    """A locale or a device of each row, by cumulative shares; rows are keyed by their number."""
    for i in range(place.size):
        place[i] = pick(cumulative, uniform(stream(k, i), 0))


@njit()
def _fill_creators(
    keys, ids, people, ordinary, topics, topic_cdf, interests, fixed_topic, posts_per_week,
    posts_spread, mean_uptake, niche, skill, popularity, uptake, rhythm,
):  # fmt: skip
    strength = np.empty(topics)
    for c in range(keys.size):
        own = interests[c] if c < people else interests[0][:0]
        ability, fame, readiness = draw_creator(
            keys[c], ids[c], topics, topic_cdf, own, fixed_topic[c], strength, niche[c]
        )
        skill[c] = ability
        popularity[c] = fame
        # 2 u: creators differ between never and twice the mean
        uptake[c] = min(1.0, 2.0 * mean_uptake * readiness)
        if c < ordinary:
            rhythm[c] = posts_per_week * exp(posts_spread * normal(stream(keys[c], c), 90))


def _follow_graph(
    scenario: Scenario, seed: int, truth: UserTruth, accounts: UserAccounts, creators: Creators
) -> tuple[Creators, FollowGraph]:
    topics = scenario.population.topics
    users = scenario.population.users
    ordinary = int((creators.probe == NOBODY).sum())
    later = np.zeros(ordinary, bool)
    people = int((creators.user != NOBODY).sum())
    later[:people] = accounts.joined_s[:people] > 0
    main = np.array(
        [main_topic(creators.niche[c], topics) for c in range(creators.count)], np.int64
    )
    follows = draw_follows(
        key(seed, "follow"), users, scenario.population.follows, truth.interests, topics,
        main[:ordinary], creators.popularity[:ordinary], scenario.creators.popularity_sigma, later,
        accounts.joined_s > 0,
    )  # fmt: skip
    wanted = [account.config.followers for account in planted_accounts(scenario)]
    if any(wanted):
        pull = pull_of_topics(
            main[:ordinary], creators.popularity[:ordinary], scenario.creators.popularity_sigma,
            topics,
        )  # fmt: skip
        planted = planted_followers(
            key(seed, "planted-follow"), wanted, creators.identity[ordinary:], main[ordinary:],
            follows, truth.interests, pull, accounts.joined_s > 0,
        )  # fmt: skip
        follows = with_followers(follows, planted, ordinary)
    creators.followers[:] = np.bincount(follows.creator, minlength=creators.count)
    creators.followers_start[:] = creators.followers
    return creators, follows


def _first_catalogue(world: World, scenario: Scenario, seed: int) -> None:
    """What creators posted in the time before the start, evenly spread over it."""
    k = key(seed, "history")
    history = scenario.catalogue.history
    creators = world.creators
    counts = np.zeros(creators.count, np.int64)
    rhythm = creators.posts_per_week * (joined_s(world) <= 0.0)
    _count_history(k, rhythm, history / _SECONDS_A_WEEK, counts)
    owner = np.repeat(np.arange(creators.count), counts)
    times = np.empty(len(owner))
    _history_times(k, counts, history, times)
    order = np.lexsort((owner, times))
    settings = PublishSettings.of(scenario, key(seed, "video"), key(seed, "sound"))
    publish(world, Posts.ordinary(owner[order].astype(np.int32), times[order]), settings)


def joined_s(world: World) -> NDArray[np.float64]:
    """joined_s [C] when each creator opened the account, s; 0 for accounts of probes."""
    joined = np.zeros(world.creators.count)
    people = world.creators.user != NOBODY
    joined[people] = world.accounts.joined_s[world.creators.user[people]]
    return joined


@njit()
def _count_history(k, posts_per_week, weeks, counts):
    for c in range(counts.size):
        expected = posts_per_week[c] * weeks
        counts[c] = int(expected + uniform(stream(k, c), 0)) if expected > 0.0 else 0


@njit()
def _history_times(k, counts, history, times):
    i = 0
    for c in range(counts.size):
        s = stream(k, c)
        for number in range(counts[c]):
            times[i] = -history * uniform(s, 1 + number)
            i += 1


def _no_sounds(rows: int) -> SoundListing:
    sounds = SoundListing(rows, 0)
    sounds.recent = np.zeros(RECENT_SOUNDS, np.int32)
    return sounds
