"""Uptake: which hashtags posts carry beyond those of their topic: a challenge, a trend, a mistake.

A post joins a challenge that trends with the probability ``challenge_share`` times how readily its
creator takes up trends; it carries the hashtag of one without joining it, whatever it is about,
with the probability ``trending_tags``; and with
``unfitting_tags`` one of another topic, drawn as those of the own topic are, by which its caption
is misread: the other topic is read into it at UNFITTING of the strength of its own. Where all
places are taken the last hashtag gives way.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.random import uniform
from sim.machine.compiled import njit
from sim.scenario import Scenario
from sim.world.draw import pick, pick_trend, write_row
from sim.world.state import MAX_TAGS, NOBODY, TOPIC_ONE, World

__all__ = ["UNFITTING", "UptakeParams", "apply_tags", "uptake_params"]

UNFITTING: Final = 0.4
_FIRST = 440
"""Draw numbers of a video's stream from here on are those of its uptake."""


class UptakeParams(NamedTuple):
    """The settings as compiled code takes them."""

    challenge_share: float
    challenge_fit: float
    trending_tags: float
    unfitting_tags: float
    mean_uptake: float
    tags_per_topic: float


def uptake_params(scenario: Scenario) -> UptakeParams:
    """Those of a scenario."""
    t = scenario.catalogue.trends
    return UptakeParams(
        float(t.challenge_share), float(t.challenge_fit), float(t.trending_tags),
        float(t.unfitting_tags), float(scenario.creators.trend_uptake),
        float(scenario.catalogue.hashtags_per_topic),
    )  # fmt: skip


def apply_tags(
    world: World, first: int, streams: NDArray[np.uint64], params: UptakeParams,
    topic_weights: NDArray[np.float64],
) -> None:  # fmt: skip
    """Let the videos from number ``first`` on take up hashtags, a stream each, and count them."""
    v, h = world.videos, world.hashtags
    _apply(
        params, first, streams, topic_weights, world.topics, world.video_truth.probe,
        world.video_truth.main_topic, world.creators.trend_uptake, v.creator, v.joint, v.caption,
        v.tags, h.topic, h.uses, h.trending, h.draws,
    )  # fmt: skip


@njit()
def _put(tags, tag):
    """Add a hashtag to a post; the last one gives way when there is no room."""
    for i in range(MAX_TAGS):
        if tags[i] == tag:
            return
        if tags[i] == NOBODY or i == MAX_TAGS - 1:
            tags[i] = tag
            return


@njit()
def _apply(
    p, first, streams, topic_weights, topics, probe, main_topic, uptake, creator, joint, caption,
    tags, tag_topic, uses, trending, draws,
):  # fmt: skip
    strength = np.empty(topics)
    for i in range(streams.size):
        v, s = first + i, streams[i]
        if probe[v] == NOBODY and joint[v] == 0:
            topic = main_topic[v]
            readiness = uptake[creator[v]] / p.mean_uptake if p.mean_uptake > 0.0 else 0.0
            if uniform(s, _FIRST) < p.challenge_share * readiness:
                tag = pick_trend(s, _FIRST + 1, trending, draws, p.challenge_fit, topic, tag_topic)
                if tag != NOBODY:
                    # a challenge is what the post is about: it stands first
                    tags[v, 2], tags[v, 1] = tags[v, 1], tags[v, 0]
                    tags[v, 0] = tag
            if uniform(s, _FIRST + 3) < p.trending_tags:
                tag = pick_trend(s, _FIRST + 4, trending, draws, 0.0, topic, tag_topic)
                if tag != NOBODY:
                    _put(tags[v], np.int32(tag))
            if uniform(s, _FIRST + 6) < p.unfitting_tags:
                other = pick(topic_weights, uniform(s, _FIRST + 7))
                x = uniform(s, _FIRST + 8)
                _put(
                    tags[v], np.int32(other * p.tags_per_topic + int(p.tags_per_topic * x * x * x))
                )
                for d in range(topics):
                    strength[d] = caption[v, d] / TOPIC_ONE
                strength[other] += UNFITTING * strength[main_topic[v]]
                write_row(strength, topics, caption[v])
        for j in range(MAX_TAGS):
            if tags[v, j] != NOBODY:
                uses[tags[v, j]] += 1
