"""Reactions of several people at once: :func:`sim.behaviour.reaction.react`, stage by stage.

One reaction is a chain in which each result waits for the one before, and its turns cannot be
foreseen; alone it leaves most of a processor idle. People do not depend on each other between two
refreshes. So some of them watch a video each, and every stage is done for all before the next one:
what is arithmetic runs in vector registers, and only those whose reaction takes a turn go on to
the stage behind it.

The numbers are those of ``react``, to the last bit: the same functions in the same order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.behaviour import draws
from sim.behaviour.act import chance, comment_shape, like_shape, not_interested_shape, warmth
from sim.behaviour.interest import appeal as appeal_of
from sim.behaviour.params import (
    HOOK_S,
    ActParams,
    BehaviourParams,
    SessionParams,
    WatchParams,
)
from sim.behaviour.reaction import SKIP_MS
from sim.behaviour.session import leave_probability, swipe_gap_s
from sim.behaviour.tables import look_up
from sim.behaviour.watch import (
    early_factor,
    early_hazard,
    ending_start,
    late_factor,
    late_hazard,
    play_ending,
    view_count,
    watch_ms,
)
from sim.core.actions import bit
from sim.core.maths import CENTRAL, central_quantile, exp, normal_quantile
from sim.core.random import exponential, uniform
from sim.machine.borrow import stay_apart
from sim.machine.compiled import njit

__all__ = ["PEOPLE", "SIDE", "react_all", "round_up"]

PEOPLE = 32
"""Most people side by side, a multiple of eight: enough to keep a processor busy, few enough that
the memory they need stays in the cache near the core."""
_STEP = 8
"""Vector loops go on to a multiple of this; what they compute behind the last person is unused."""

assert PEOPLE % _STEP == 0

SIDE = np.dtype(
    [
        (name, kind, (PEOPLE,))
        for name, kind in (
            # who watches what, for the caller alone
            ("user", np.int64),
            ("video", np.int64),
            ("place", np.int64),  # of the video in the slate
            ("first", np.int64),  # 1 for the first impression of this video on this user
            ("time_s", np.float64),
            ("taught", np.int64),  # places of those whom something strong is learnt of
            ("follows", np.int64),  # places of those who follow the creator from now on
            ("signal", np.float64),
            ("square", np.float32),
            ("scale", np.float32),
            # what goes in: the arguments of react
            ("stream", np.uint64),
            ("affinity", np.float64),
            ("quality", np.float64),
            ("hook", np.float64),
            ("duration_s", np.float64),
            ("generosity", np.float64),
            ("patience", np.float64),
            ("same_locale", np.int64),
            ("followed", np.int64),
            ("videos", np.int64),  # shown in this session, this one included
            # what comes out
            ("watch_ms", np.int64),
            ("views", np.int64),
            ("actions", np.int64),
            ("leaves", np.int64),  # 1 when the session ends with this video
            ("gap_s", np.float64),  # until the next video otherwise
            # in between
            ("luck", np.float64),
            ("taste", np.float64),
            ("appeal", np.float64),
            ("budget", np.float64),
            ("early", np.float64),
            ("late", np.float64),
            ("factor", np.float64),
            ("level", np.float64),
            ("later", np.float64),
            ("seconds", np.float64),
            ("ratio", np.float64),
            ("shape", np.float64),
            ("comment_shape", np.float64),
            ("past_hook", np.int64),  # places of those who are not done in the first seconds
            ("at_end", np.int64),  # places of those who come near the end
        )
    ],
    align=True,
)
"""People side by side: a row [PEOPLE] of each quantity, in one block of memory."""

_COMPLETION, _SKIP, _LOOP = bit("completion"), bit("skip"), bit("loop")
_LIKE, _COMMENT, _SHARE, _SAVE = bit("like"), bit("comment"), bit("share"), bit("save")
_FOLLOW, _SOUND_TAP = bit("follow"), bit("sound_tap")
_NOT_INTERESTED = bit("not_interested")


@njit(forceinline=True)
def round_up(n: int) -> int:
    """How far a vector loop over the first ``n`` people goes."""
    return min((n + _STEP - 1) // _STEP * _STEP, PEOPLE)


@njit()
def react_all(p: BehaviourParams, side: Any, n: int) -> None:
    """Play one impression each for the first ``n`` people of ``side``, a record SIDE.

    Beyond ``react`` it draws what comes after: whether the person leaves, and the gap until the
    next video.
    """
    stay_apart()
    full = round_up(n)
    _draw_taste(side, n, full)
    _find_appeal(p, side, full)
    _watch(p.watch, side, n)
    _see_what_follows(p.act, side, n, full)
    _decide(p.act, side, full)
    _stay_or_leave(p.session, side, full)


@njit(forceinline=True)
def _draw_taste(side: Any, n: int, full: int) -> None:
    """The pair's fixed taste. Quantiles in the tails are rare, and mended afterwards."""
    for k in range(full):
        i = np.uint64(k)
        side.luck[i] = uniform(side.stream[i], draws.TASTE)
        side.taste[i] = central_quantile(side.luck[i])
    for k in range(n):
        i = np.uint64(k)
        if abs(side.luck[i] - 0.5) > CENTRAL:
            side.taste[i] = normal_quantile(side.luck[i])


@njit(forceinline=True)
def _find_appeal(p: BehaviourParams, side: Any, full: int) -> None:
    """Appeal, and what watching needs of it."""
    w = p.watch
    for k in range(full):
        i = np.uint64(k)
        appeal = appeal_of(
            p.interest, side.affinity[i], side.quality[i], side.taste[i], side.same_locale[i] != 0
        )
        side.appeal[i] = appeal
        side.budget[i] = exponential(side.stream[i], draws.WATCH)
        side.early[i] = early_factor(w, side.hook[i], appeal, side.patience[i])
        side.late[i] = late_factor(w, appeal, side.patience[i])


@njit(forceinline=True)
def _watch(w: WatchParams, side: Any, n: int) -> None:
    """Seconds watched: the parts of ``play_until``, each for those who come to it."""
    more = 0
    for k in range(n):
        i = np.uint64(k)
        duration_s = side.duration_s[i]
        factor = look_up(w.duration, duration_s)
        level = early_hazard(side.budget[i], side.early[i], factor)
        t = look_up(w.hazard_inverse, level if level < w.hook_sum else 0.0)
        side.factor[i], side.level[i], side.seconds[i] = factor, level, t
        side.past_hook[np.uint64(more)] = k
        more += 0 if (level < w.hook_sum) & (t < duration_s) else 1
    last = 0
    for j in range(more):
        k = side.past_hook[np.uint64(j)]
        i = np.uint64(k)
        duration_s = side.duration_s[i]
        later = late_hazard(w, side.budget[i], side.level[i], side.late[i], side.factor[i])
        t = look_up(w.hazard_inverse, max(later, 0.0))
        side.seconds[i] = t
        side.at_end[np.uint64(last)] = k
        done = (duration_s > HOOK_S) & (t < ending_start(w, duration_s))
        side.later[i] = later
        last += 0 if done else 1
    for j in range(last):
        i = np.uint64(side.at_end[np.uint64(j)])
        side.seconds[i] = play_ending(
            w, side.budget[i], side.level[i], side.later[i], side.late[i], side.factor[i],
            side.duration_s[i], side.appeal[i],
        )  # fmt: skip


@njit(forceinline=True)
def _see_what_follows(a: ActParams, side: Any, n: int, full: int) -> None:
    """Completion, skip and loop; watch ratio, and the shapes of the odds over it."""
    for k in range(full):
        i = np.uint64(k)
        ms = watch_ms(side.seconds[i])
        whole = ms >= watch_ms(side.duration_s[i])
        side.watch_ms[i] = ms
        side.ratio[i] = float(ms) / (1000.0 * side.duration_s[i])
        views = view_count(ms, side.duration_s[i])
        side.views[i] = views
        done = _COMPLETION | (_LOOP if views > 1 else 0)
        side.actions[i] = done if whole else (_SKIP if ms < SKIP_MS else 0)
    for k in range(n):
        i = np.uint64(k)
        side.shape[i] = like_shape(a, side.ratio[i])
        side.comment_shape[i] = comment_shape(a, side.ratio[i])


@njit(forceinline=True)
def _decide(a: ActParams, side: Any, full: int) -> None:
    """One draw for each decision."""
    for k in range(full):
        i = np.uint64(k)
        s, shape = side.stream[i], side.shape[i]
        followed = side.followed[i] != 0
        actions = side.actions[i]
        warm = warmth(a, side.appeal[i], side.generosity[i], followed)
        actions |= _LIKE if uniform(s, draws.LIKE) < chance(a.like, shape, warm) else 0
        comments = chance(a.comment, side.comment_shape[i], warm)
        actions |= _COMMENT if uniform(s, draws.COMMENT) < comments else 0
        actions |= _SHARE if uniform(s, draws.SHARE) < chance(a.share, shape, warm) else 0
        actions |= _SAVE if uniform(s, draws.SAVE) < chance(a.save, shape, warm) else 0
        follows = uniform(s, draws.FOLLOW) < chance(a.follow, shape, warm)
        actions |= _FOLLOW if follows & (not followed) else 0
        taps = uniform(s, draws.SOUND_TAP) < chance(a.sound_tap, shape, warm)
        actions |= _SOUND_TAP if taps else 0
        coldness = exp(-a.dislike_appeal * side.appeal[i])
        ratio = side.ratio[i]
        dislike = chance(a.not_interested, not_interested_shape(ratio), coldness)
        dislikes = uniform(s, draws.NOT_INTERESTED) < dislike
        actions |= _NOT_INTERESTED if dislikes & (ratio < 1.0) else 0
        side.actions[i] = actions


@njit(forceinline=True)
def _stay_or_leave(p: SessionParams, side: Any, full: int) -> None:
    """Whether the session ends, and the gap until the next video."""
    for k in range(full):
        i = np.uint64(k)
        s = side.stream[i]
        skipped = (side.actions[i] & _SKIP) != 0
        leave = leave_probability(p, side.appeal[i], side.videos[i], skipped)
        side.leaves[i] = 1 if uniform(s, draws.LEAVE) < leave else 0
        side.gap_s[i] = swipe_gap_s(p, s)
