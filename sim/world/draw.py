"""Keyed draws that fill single rows of the state: a user, a creator, a video.

Each function writes one row and depends on nothing but its key and ids, so rows can be filled in
any order and by any number of threads. Numbers without a fact id are assumptions.
"""

from __future__ import annotations

import math

import numpy as np

from sim.core.maths import exp
from sim.core.random import normal, stream, stream2, uniform
from sim.machine.compiled import njit
from sim.world.state import MAX_TAGS, TOPIC_ONE

__all__ = [
    "NEW_LIBRARY_SOUND",
    "NEW_ORIGINAL_SOUND",
    "choose_sound",
    "draw_creator",
    "draw_traits",
    "draw_user",
    "draw_video",
    "main_topic",
    "pick",
    "pick_trend",
    "write_row",
]

NEW_ORIGINAL_SOUND = -1
"""Answer of :func:`choose_sound`: the post brings a sound of its own."""
NEW_LIBRARY_SOUND = -2
"""Answer of :func:`choose_sound`: a library sound that nobody used before."""


@njit()
def pick(cumulative, u):
    """First position whose cumulative weight exceeds ``u`` times the total (``u`` in (0, 1))."""
    target = u * cumulative[cumulative.size - 1]
    low = 0
    high = cumulative.size - 1
    while low < high:
        middle = (low + high) // 2
        if cumulative[middle] > target:
            high = middle
        else:
            low = middle + 1
    return low


@njit()
def pick_trend(s, n, trends, draws, fit, topic, topics):
    """One of ``trends``, by the cumulative weights ``draws``; -1 where there is none.

    With the probability ``fit`` the next one about ``topic``, where there is one; ``topics`` are
    those of all that can trend. Draws ``n`` and ``n + 1`` of the stream.
    """
    if trends.size == 0 or draws[draws.size - 1] <= 0.0:
        return -1
    place = pick(draws, uniform(s, n))
    if uniform(s, n + 1) < fit:
        for i in range(trends.size):
            other = trends[(place + i) % trends.size]
            if topics[other] == topic:
                return np.int64(other)
    return np.int64(trends[place])


@njit()
def main_topic(row, topics):
    """Position of the largest of the first ``topics`` entries; the first one on a tie."""
    best = 0
    for d in range(1, topics):
        if row[d] > row[best]:
            best = d
    return best


@njit()
def write_row(strength, topics, row):
    """Scale ``strength`` [topics] to norm 1 and write it to ``row`` [D] in 1/127."""
    total = 0.0
    for d in range(topics):
        total += strength[d] * strength[d]
    scale = TOPIC_ONE / math.sqrt(total)
    for d in range(topics):
        row[d] = np.int8(strength[d] * scale + 0.5)


@njit()
def draw_user(k, u, topics, declared_count, topic_weights, strength, interests, declared):
    """Interests [D] of user ``u`` and the bit set of the topics ticked at sign-up.

    ``strength`` [topics] float64 is working memory, here and below.

    Three topics matter to a person, chosen by the popularity of topics; all others a little.
    What is ticked are mostly the strongest ones, sometimes anything (assumption).
    """
    s = stream(k, u)
    for d in range(topics):
        strength[d] = 0.12 * uniform(s, d)
    level = 1.0
    for i in range(3):
        chosen = pick(topic_weights, uniform(s, 64 + i))
        strength[chosen] += level * (0.7 + 0.6 * uniform(s, 70 + i))
        level *= 0.62
    write_row(strength, topics, interests)
    bits = np.uint64(0)
    for i in range(declared_count):
        if uniform(s, 80 + 2 * i) < 0.8:
            best = -1
            for d in range(topics):
                taken = (bits >> np.uint64(d)) & np.uint64(1)
                if taken == np.uint64(0) and (best < 0 or strength[d] > strength[best]):
                    best = d
        else:
            best = pick(topic_weights, uniform(s, 81 + 2 * i))
        bits |= np.uint64(1) << np.uint64(best)
    declared[u] = bits


@njit()
def draw_creator(k, c, topics, topic_weights, own_interests, fixed_topic, strength, niche):
    """Niche [D] of creator ``c`` and three standard normals: (skill, popularity, uptake).

    A creator posts mostly about one topic, usually one that they like themselves
    (``own_interests``; an empty row for an account without a user). ``fixed_topic`` >= 0 sets it.
    """
    s = stream(k, c)
    first = pick(topic_weights, uniform(s, 0))
    if own_interests.size > 0 and uniform(s, 1) < 0.75:
        first = main_topic(own_interests, topics)
    if fixed_topic >= 0:
        first = fixed_topic
    second = pick(topic_weights, uniform(s, 2))
    for d in range(topics):
        strength[d] = 0.06 * uniform(s, 10 + d)
    strength[second] += 0.35
    strength[first] += 1.0
    write_row(strength, topics, niche)
    skill = normal(s, 80)
    # skilled creators had more followers already: correlation 0.4 (assumption)
    popularity = 0.4 * skill + math.sqrt(1.0 - 0.16) * normal(s, 81)
    return skill, popularity, uniform(s, 82)


@njit()
def draw_video(
    k, c, number, topics, topic_weights, tags_per_topic, skill, skill_share,
    duration_median, duration_spread, duration_min, duration_max, niche, strength, mix, caption,
    tags,
):  # fmt: skip
    """Post ``number`` of creator ``c``: fills mix [D], caption [D], tags [3].

    Returns (quality, hook, duration in s). Quality is standard normal over all posts and shares
    ``skill_share`` of its variance with the creator's skill; hook is correlated with it (0.4,
    assumption). The caption is what reading the post tells: the mix with noise.
    """
    s = stream2(k, c, number)
    first = main_topic(niche, topics)
    if uniform(s, 0) < 0.2:
        first = pick(topic_weights, uniform(s, 1))
    second = pick(topic_weights, uniform(s, 2))
    for d in range(topics):
        strength[d] = 0.1 * niche[d] / TOPIC_ONE
    strength[second] += 0.6 * uniform(s, 3)
    strength[first] += 1.0
    write_row(strength, topics, mix)
    for d in range(topics):
        strength[d] = mix[d] / TOPIC_ONE + 0.16 * uniform(s, 100 + d)
    write_row(strength, topics, caption)
    quality = math.sqrt(skill_share) * skill + math.sqrt(1.0 - skill_share) * normal(s, 4)
    hook = 0.4 * quality + math.sqrt(1.0 - 0.16) * normal(s, 5)
    duration = duration_median * exp(duration_spread * normal(s, 6))
    duration = min(max(duration, duration_min), duration_max)
    # whole milliseconds, so that a completion is an exact comparison
    duration = float(int(duration * 1000.0 + 0.5)) / 1000.0
    wanted = int(4.0 * uniform(s, 7))
    for i in range(MAX_TAGS):
        tags[i] = -1
    count = 0
    for i in range(wanted):
        topic = first if i < 2 else second
        skewed = uniform(s, 10 + i)
        tag = topic * tags_per_topic + int(tags_per_topic * skewed * skewed * skewed)
        known = False
        for j in range(count):
            known = known or tags[j] == tag
        if not known:
            tags[count] = tag
            count += 1
    return quality, hook, duration


@njit()
def draw_traits(k, c, number, spreads):
    """Traits of post ``number`` of creator ``c``, factors on the odds of five actions.

    Returns those of (like, comment, share, save, follow). ``spreads`` [6] are sds over videos of
    their logarithms: of the part that all share, and of what each has alone; the mean of a factor
    is 1.
    """
    s = stream2(k, c, number)
    common = _trait(s, 24, spreads[0])
    return (
        common * _trait(s, 20, spreads[1]), common * _trait(s, 21, spreads[2]),
        common * _trait(s, 22, spreads[3]), common * _trait(s, 23, spreads[4]),
        common * _trait(s, 25, spreads[5]),
    )  # fmt: skip


@njit()
def _trait(s, n, spread):
    return exp(spread * normal(s, n) - 0.5 * spread * spread)


@njit()
def choose_sound(
    k, c, number, mode, uptake, original_share, new_share, trending, draws,
    recent, recent_count, fit, topic, sound_topic,
):  # fmt: skip
    """Sound of post ``number`` of creator ``c``: an id, or one of the two sentinels.

    ``mode`` is 0 for a free choice, 1 original, 2 library, 3 trending. A library sound is
    a trending one with probability ``uptake``, by how much it draws; else, as in Simon's process,
    a new one with probability ``new_share`` or that of a recent post (S1, S3). With probability
    ``fit`` the recent post is the next in the ring whose sound began with a video of the same
    ``topic`` (assumption); ``sound_topic`` [S] is the topic that each sound began with.
    """
    s = stream2(k, c, number)
    if mode == 1 or (mode == 0 and uniform(s, 0) < original_share):
        return NEW_ORIGINAL_SOUND
    if trending.size > 0 and (mode == 3 or uniform(s, 1) < uptake):
        sound = pick_trend(s, 6, trending, draws, fit, topic, sound_topic)
        if sound >= 0:
            return sound
    if recent_count == 0 or uniform(s, 3) < new_share:
        return NEW_LIBRARY_SOUND
    place = int(uniform(s, 4) * recent_count)
    if uniform(s, 5) < fit:
        for i in range(recent_count):
            sound = np.int64(recent[(place + i) % recent_count])
            if sound_topic[sound] == topic:
                return sound
    return np.int64(recent[place])
