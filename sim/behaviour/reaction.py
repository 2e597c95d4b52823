"""Reaction: one impression, from what the person and the video are to what happens."""

from __future__ import annotations

import numpy as np

from sim.behaviour import draws
from sim.behaviour.act import chance, comment_shape, like_shape, not_interested_shape, warmth
from sim.behaviour.interest import appeal as appeal_of
from sim.behaviour.params import BehaviourParams
from sim.behaviour.signatures import REACT
from sim.behaviour.watch import view_count, watch_ms, watch_seconds
from sim.core.actions import bit
from sim.core.maths import exp
from sim.core.random import normal, uniform
from sim.machine.compiled import njit

__all__ = ["SKIP_MS", "react"]

SKIP_MS = 3000
"""A skip is a watch of less than this, ms."""

_COMPLETION = bit("completion")
_SKIP = bit("skip")
_LOOP = bit("loop")
_LIKE = bit("like")
_COMMENT = bit("comment")
_SHARE = bit("share")
_SAVE = bit("save")
_FOLLOW = bit("follow")
_SOUND_TAP = bit("sound_tap")
_NOT_INTERESTED = bit("not_interested")


@njit(REACT, forceinline=True)
def react(
    p: BehaviourParams,
    s: np.uint64,
    affinity: float,
    quality: float,
    hook: float,
    duration_s: float,
    generosity: float,
    patience: float,
    same_locale: bool,
    followed: bool,
) -> tuple[int, int, int, float]:
    """Play one impression: (watch ms, views, action bits of ``core.actions``, appeal in sd).

    ``s`` is the stream of the pair (user, video), so that the same person reacts to the same
    video with the same luck under every ranker.

    1. appeal, with the pair's fixed taste;  2. seconds watched;  3. what follows from them:
    completion, skip, loop, views;  4. one draw for each decision.
    """
    taste = normal(s, draws.TASTE)
    appeal = appeal_of(p.interest, affinity, quality, taste, same_locale)
    ms = watch_ms(watch_seconds(p.watch, s, duration_s, appeal, hook, patience))
    views = view_count(ms, duration_s)

    actions = 0
    if ms >= watch_ms(duration_s):
        actions |= _COMPLETION
    elif ms < SKIP_MS:
        actions |= _SKIP
    if views > 1:
        actions |= _LOOP

    a = p.act
    ratio = float(ms) / (1000.0 * duration_s)
    warm = warmth(a, appeal, generosity, followed)
    shape = like_shape(a, ratio)
    if uniform(s, draws.LIKE) < chance(a.like, shape, warm):
        actions |= _LIKE
    if uniform(s, draws.COMMENT) < chance(a.comment, comment_shape(a, ratio), warm):
        actions |= _COMMENT
    if uniform(s, draws.SHARE) < chance(a.share, shape, warm):
        actions |= _SHARE
    if uniform(s, draws.SAVE) < chance(a.save, shape, warm):
        actions |= _SAVE
    if not followed and uniform(s, draws.FOLLOW) < chance(a.follow, shape, warm):
        actions |= _FOLLOW
    if uniform(s, draws.SOUND_TAP) < chance(a.sound_tap, shape, warm):
        actions |= _SOUND_TAP
    if ratio < 1.0:
        coldness = exp(-a.dislike_appeal * appeal)
        if uniform(s, draws.NOT_INTERESTED) < chance(
            a.not_interested, not_interested_shape(ratio), coldness
        ):
            actions |= _NOT_INTERESTED
    return ms, views, actions, appeal
