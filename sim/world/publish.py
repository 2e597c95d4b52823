"""Posting: new rows in the tables of videos and sounds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.core.random import key, stream, stream2
from sim.machine.compiled import njit
from sim.scenario import Scenario
from sim.scenario.population import PopulationConfig
from sim.world.access import AccessParams, access_params, apply_access
from sim.world.craft import FIXED, CraftParams, apply_craft, craft_params, gives_of
from sim.world.draw import (
    NEW_LIBRARY_SOUND,
    NEW_ORIGINAL_SOUND,
    choose_sound,
    draw_traits,
    draw_video,
    main_topic,
)
from sim.world.joint import choose_parent, inherited
from sim.world.state import MAX_TAGS, NOBODY, World
from sim.world.uptake import UptakeParams, apply_tags, uptake_params

__all__ = [
    "RECENT_SOUNDS", "SKILL_SHARE", "Posts", "PublishSettings", "popularity", "publish",
    "topic_weights",
]  # fmt: skip

RECENT_SOUNDS = 2_000
"""Posts with a library sound that a creator may copy from (assumption)."""
SKILL_SHARE = 0.35
"""Share of the variance of quality that belongs to the creator (F4 says 0.5 of log views; the
followers of a creator account for the rest; assumption)."""


@dataclass(frozen=True)
class Posts:
    """Uploads to publish, in the order of their time. NaN and 0 mean: as the creator would."""

    creator: NDArray[np.int32]
    """creator [N]"""
    time_s: NDArray[np.float64]
    """time_s [N] upload time"""
    sound_mode: NDArray[np.int8]
    """sound_mode [N] 0 free choice, 1 original, 2 library, 3 trending"""
    quality: NDArray[np.float64]
    """quality [N] fixed quality, or NaN"""
    hook: NDArray[np.float64]
    """hook [N] fixed hook, or NaN"""
    duration_s: NDArray[np.float64]
    """duration_s [N] fixed length, s, or NaN"""
    probe: NDArray[np.int16]
    """probe [N] probe, or NOBODY"""
    probe_number: NDArray[np.int32]
    """probe_number [N] number within the probe"""
    craft: NDArray[np.float64]
    """craft [N, FIXED] what is given of the craft, or NaN (see ``sim.world.craft``)"""

    @classmethod
    def ordinary(cls, creator: NDArray[np.int32], time_s: NDArray[np.float64]) -> Posts:
        """Posts that nobody scripted."""
        n = len(creator)
        nan = np.full(n, np.nan)
        return cls(
            creator, time_s, np.zeros(n, np.int8), nan, nan, nan,
            np.full(n, NOBODY, np.int16), np.zeros(n, np.int32), np.full((n, len(FIXED)), np.nan),
        )  # fmt: skip


@dataclass(frozen=True)
class PublishSettings:
    """What publishing needs to know of the scenario."""

    video_key: np.uint64
    sound_key: np.uint64
    probe_keys: NDArray[np.uint64]
    """probe_keys [probes, 2] keys of the videos and of the sounds of a probe with its own seed"""
    twins: NDArray[np.int64]
    """twins [probes] that each video of a probe has, at least 1"""
    probe_fixed: NDArray[np.bool_]
    """probe_fixed [probes] whether it has one, so that its videos are the same in every world"""
    topic_weights: NDArray[np.float64]
    tags_per_topic: int
    original_share: float
    new_share: float
    sound_fit: float
    duration_median: float
    duration_spread: float
    duration_min: float
    duration_max: float
    traits: NDArray[np.float64]
    """traits [6] sds over videos of ln odds: what all kind actions share, and what like, comment,
    share, save and follow have each alone"""
    joint: tuple[float, float]
    """shares of posts that are a duet and that are a stitch"""
    uptake: UptakeParams
    access: AccessParams
    craft: CraftParams
    gives: NDArray[np.float64]
    """gives [topics + 1, 2] shares of videos that teach and inspire"""

    @classmethod
    def of(cls, scenario: Scenario, video_key: np.uint64, sound_key: np.uint64) -> PublishSettings:
        """The settings of a scenario, with the keys of the purposes ``video`` and ``sound``."""
        catalogue, act = scenario.catalogue, scenario.behaviour.act
        seeds = [probe.seed for probe in scenario.probes]
        keys = [[key(seed or 0, "probe-video"), key(seed or 0, "probe-sound")] for seed in seeds]
        return cls(
            video_key, sound_key, np.array(keys, np.uint64).reshape(-1, 2),
            np.array([len(probe.labels) for probe in scenario.probes], np.int64),
            np.array([seed is not None for seed in seeds], np.bool_),
            topic_weights(scenario.population), catalogue.hashtags_per_topic,
            catalogue.original_sounds, catalogue.new_library_sounds, catalogue.sound_fit,
            catalogue.duration.median, catalogue.duration.spread,
            catalogue.duration.min, catalogue.duration.max,
            np.array(
                [
                    act.common_trait, act.like_trait, act.comment_trait, act.share_trait,
                    act.save_trait, act.follow_trait,
                ]
            ),
            (catalogue.duets, catalogue.stitches), uptake_params(scenario),
            access_params(scenario), craft_params(scenario), gives_of(scenario),
        )  # fmt: skip


def topic_weights(population: PopulationConfig) -> NDArray[np.float64]:
    """cumulative [D] popularity of topics."""
    return np.cumsum(popularity(population))


def popularity(population: PopulationConfig) -> NDArray[np.float64]:
    """weight [D] of topics."""
    return np.array([row.weight for row in population.kinds])


def publish(
    world: World, posts: Posts, settings: PublishSettings, popular: NDArray[np.int32] | None = None
) -> NDArray[np.int64]:
    """Add the posts to the world; returns their video ids, in the order given.

    ``popular`` are the videos of which somebody may make a duet or a stitch, the best known first.
    """
    n = len(posts.creator)
    world.videos.grow(world.videos.count + n)
    world.video_truth.grow(world.videos.count + n)
    world.sounds.grow(world.sounds.count + n)
    first = world.videos.count
    v, s, c, t = world.videos, world.sounds, world.creators, world.video_truth
    streams = np.empty(n, np.uint64)
    counts = _publish(
        settings.video_key, settings.sound_key, settings.probe_keys, settings.twins,
        settings.probe_fixed,
        world.topics, settings.topic_weights,
        settings.tags_per_topic, settings.original_share, settings.new_share, settings.sound_fit,
        settings.duration_median, settings.duration_spread, settings.duration_min,
        settings.duration_max, settings.traits, posts.creator, posts.time_s, posts.sound_mode,
        posts.quality, posts.hook, posts.duration_s, posts.probe, posts.probe_number, first,
        s.count, c.identity,
        s.recent_pushed, c.niche, c.skill, c.trend_uptake, c.locale, c.post_number, c.followers,
        t.topics, t.main_topic, t.quality, t.hook, t.like_trait, t.comment_trait, t.share_trait,
        t.save_trait, t.follow_trait, t.author, t.tune, v.creator, v.uploaded_s,
        v.duration_s, v.sound, v.tags, v.caption, v.luck, v.locale, v.eligible,
        v.followers_at_upload, t.probe, t.probe_number,
        s.topic, s.born_s, s.original, s.uses, s.origin, s.trending, s.draws, s.recent, streams,
        *settings.joint, np.empty(0, np.int32) if popular is None else popular, v.parent, v.joint,
        v.closed,
    )  # fmt: skip
    given = ~np.isnan(np.column_stack([posts.quality, posts.hook]))
    apply_craft(world, first, streams, posts.craft, given, settings.craft, settings.gives)
    apply_tags(world, first, streams, settings.uptake, settings.topic_weights)
    apply_access(world, first, streams, settings.access)
    s.count, s.recent_pushed = counts
    v.count = t.count = first + n
    v.owner[first : v.count] = c.user[posts.creator]
    return np.arange(first, first + n)


@njit()
def _publish(
    video_key, sound_key, probe_keys, twins, probe_fixed, topics, topic_cdf, tags_per_topic,
    original_share, new_share, sound_fit,
    duration_median, duration_spread, duration_min, duration_max, traits, post_creator, post_time,
    post_mode, post_quality, post_hook, post_duration, post_probe, post_probe_number, first,
    sound_count, identity, recent_pushed, niche, skill, uptake, creator_locale, post_number,
    followers, mixes, main_topics, qualities, hooks, like_traits, comment_traits, share_traits,
    save_traits, follow_traits, authors, tunes, creators, uploaded, durations, sounds, tags,
    captions,
    lucks, locales, eligible, followers_at_upload, probes, probe_numbers, sound_topic, sound_born,
    sound_original, sound_uses, sound_origin, trending, draws, recent, streams, duets, stitches,
    popular, parents, joints, closed,
):  # fmt: skip
    recent_size = recent.size
    strength = np.empty(topics)
    for i in range(post_creator.size):
        c = post_creator[i]
        v = first + i
        number = np.int64(post_number[c])
        who, of_video, of_sound = identity[c], video_key, sound_key
        lucks[v] = np.int32(stream2(np.uint64(0), who, number) >> np.uint64(32))
        authors[v] = np.int32(stream(np.uint64(0), who) >> np.uint64(32))
        planted = post_probe[i]
        if planted >= 0 and probe_fixed[planted]:
            who = np.int64(post_probe_number[i]) // twins[planted]
            of_video, of_sound = probe_keys[planted, 0], probe_keys[planted, 1]
        streams[i] = stream2(of_video, who, number)
        quality, hook, duration = draw_video(
            of_video, who, number, topics, topic_cdf, tags_per_topic, skill[c], SKILL_SHARE,
            duration_median, duration_spread, duration_min, duration_max,
            niche[c], strength, mixes[v], captions[v], tags[v],
        )  # fmt: skip
        parent = NOBODY
        if post_probe[i] < 0:
            joint, parent = choose_parent(
                streams[i], duets, stitches, popular, main_topic(mixes[v], topics), main_topics,
                creators, c, closed,
            )  # fmt: skip
        if parent != NOBODY:
            parents[v], joints[v] = parent, joint
            quality = inherited(quality, qualities[parent])
            mixes[v, :] = mixes[parent]
            captions[v, :] = captions[parent]
            tags[v, :] = tags[parent]
        main_topics[v] = main_topic(mixes[v], topics)
        (
            like_traits[v], comment_traits[v], share_traits[v], save_traits[v], follow_traits[v]
        ) = draw_traits(of_video, who, number, traits)  # fmt: skip
        sound = choose_sound(
            of_sound, who, number, post_mode[i], uptake[c], original_share, new_share,
            trending, draws, recent, min(recent_pushed, recent_size), sound_fit,
            main_topic(captions[v], topics), sound_topic,
        )  # fmt: skip
        if parent != NOBODY:
            sound = np.int64(sounds[parent])
        if sound in (NEW_ORIGINAL_SOUND, NEW_LIBRARY_SOUND):
            original = sound == NEW_ORIGINAL_SOUND
            sound = sound_count
            sound_count += 1
            sound_topic[sound] = main_topic(captions[v], topics)
            sound_born[sound] = post_time[i]
            sound_original[sound] = 1 if original else 0
            sound_origin[sound] = lucks[v]
        sound_uses[sound] += 1
        if sound_original[sound] == 0:
            recent[recent_pushed % recent_size] = sound
            recent_pushed += 1
        qualities[v] = quality if np.isnan(post_quality[i]) else post_quality[i]
        hooks[v] = hook if np.isnan(post_hook[i]) else post_hook[i]
        durations[v] = duration if np.isnan(post_duration[i]) else post_duration[i]
        creators[v] = c
        uploaded[v] = post_time[i]
        sounds[v] = sound
        tunes[v] = sound_origin[sound]
        locales[v] = creator_locale[c]
        eligible[v] = 1
        followers_at_upload[v] = followers[c]
        probes[v] = post_probe[i]
        probe_numbers[v] = post_probe_number[i]
        post_number[c] = number + 1
    return sound_count, recent_pushed


assert MAX_TAGS == 3, "draw_video fills three places"
