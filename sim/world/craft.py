"""Craft: what videos are made of, and what that does to what people make of them.

Of each post are drawn, beside topic, length, hook and sound:

    hold          how well the story is told to its end, sd; correlated with quality as the hook is
    polish        technical quality, sd, the part ``polish`` of quality
    authenticity, originality    sd
    value         entertains, teaches or inspires, in the shares of its category
    call          none, or a question, a poll, a sticker: what it asks people to do
    form          plain, photos, effects or voice-over
    selling       whether it sells something
    cover         how much the cover draws the eye, sd, and whether it promises too much

They act where the video is made: on its quality, hook and hold, and on its factors on the odds of
comment, share, save and follow. Each factor is divided by its mean over posts and each shift is
taken from its mean, so that an ordinary post stays as it is. What stands in ``fixed`` is given by a
probe. All sizes are assumptions.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.maths import exp
from sim.core.random import normal, uniform
from sim.machine.compiled import njit
from sim.scenario import Scenario
from sim.scenario.craft import CALLS, FORMS, VALUES
from sim.world.state import World

__all__ = ["FIXED", "HOLD_ONE", "CraftParams", "apply_craft", "craft_params", "gives_of"]

FIXED: Final = (
    "hold", "polish", "authenticity", "originality", "value", "call", "form", "selling", "cover",
)  # fmt: skip
"""What a probe may give; columns of ``fixed``, NaN where it is as other creators do."""
HOLD_ONE: Final = 32
"""A hold of one sd, as a whole number of one byte."""
_TEACHES, _INSPIRES = VALUES.index("teaches"), VALUES.index("inspires")
_QUESTION, _POLL, _STICKER = (CALLS.index(name) for name in ("question", "poll", "sticker"))
_PHOTO, _EFFECTS, _VOICE = (FORMS.index(name) for name in ("photo", "effects", "voice_over"))
_WITH_QUALITY = 0.4
"""Correlation of hold with quality, as that of the hook (assumption)."""
_FIRST = 300
"""Draw numbers of a video's stream from here on are those of its craft."""


class CraftParams(NamedTuple):
    """The settings as compiled code takes them, with what an ordinary post has."""

    polish: float
    question: float
    poll: float
    sticker: float
    question_comments: float
    poll_comments: float
    sticker_comments: float
    comments_mean: float
    teach_saves: float
    inspire_shares: float
    inspire_follows: float
    authentic_comments: float
    authentic_follows: float
    original_follows: float
    selling: float
    selling_quality: float
    selling_shares: float
    photo: float
    photo_hold: float
    effects: float
    effects_hook: float
    voice_over: float
    voice_over_hold: float
    hold_mean: float
    hook_mean: float
    promises: float


def craft_params(scenario: Scenario) -> CraftParams:
    """Those of a scenario."""
    c = scenario.catalogue.craft
    asked = sum(
        getattr(c, name) * (getattr(c, f"{name}_comments") - 1.0)
        for name in ("question", "poll", "sticker")
    )
    derived = {
        "comments_mean": 1.0 + asked,
        "hold_mean": c.photo * c.photo_hold + c.voice_over * c.voice_over_hold,
        "hook_mean": c.effects * c.effects_hook,
    }
    return CraftParams(
        **{
            name: float(derived[name] if name in derived else getattr(c, name))
            for name in CraftParams._fields
        }
    )


def apply_craft(
    world: World, first: int, streams: NDArray[np.uint64], fixed: NDArray[np.float64],
    given: NDArray[np.bool_], params: CraftParams, gives: NDArray[np.float64],
) -> None:  # fmt: skip
    """Make the videos from number ``first`` on; a stream and a row of ``fixed`` each.

    ``given`` [N, 2] says whose quality and hook a probe has set; ``gives`` [topics, 2] are the
    shares of the videos of a category that teach and that inspire, in the last row those of all.
    """
    truth = world.video_truth
    _apply(
        params, gives, first, streams, fixed, given, truth.main_topic, truth.quality, truth.hook,
        truth.hold, truth.comment_trait, truth.share_trait, truth.save_trait, truth.follow_trait,
        truth.polish, truth.authenticity, truth.originality, truth.value, truth.call, truth.form,
        truth.selling, world.videos.cover, truth.promises,
    )  # fmt: skip


@njit()
def _apply(
    p, gives, first, streams, fixed, given, topics, quality, hook, holds, comment, share, save,
    follow, polishes, authenticities, originalities, values, calls, forms, sells, covers, promises,
):  # fmt: skip
    teach_mean = 1.0 + gives[-1, 0] * (p.teach_saves - 1.0)
    share_mean = 1.0 + gives[-1, 1] * (p.inspire_shares - 1.0)
    follow_mean = 1.0 + gives[-1, 1] * (p.inspire_follows - 1.0)
    sold_mean = 1.0 + p.selling * (p.selling_shares - 1.0)
    for i in range(streams.size):
        v, s = first + i, streams[i]
        polish = _or(fixed[i, 1], normal(s, _FIRST + 1))
        selling = int(_or(fixed[i, 7], 1.0 if uniform(s, _FIRST + 7) < p.selling else 0.0))
        form = int(
            _or(fixed[i, 6], float(_one_of(s, _FIRST + 6, p.photo, p.effects, p.voice_over)))
        )
        if not given[i, 0]:
            part = p.polish
            made = np.sqrt(1.0 - part * part) * quality[v] + part * polish
            quality[v] = made + p.selling_quality * (float(selling) - p.selling)
        if not given[i, 1]:
            hook[v] += (p.effects_hook if form == _EFFECTS else 0.0) - p.hook_mean
        hold = _WITH_QUALITY * quality[v]
        hold += np.sqrt(1.0 - _WITH_QUALITY * _WITH_QUALITY) * normal(s, _FIRST)
        hold += (p.photo_hold if form == _PHOTO else 0.0) - p.hold_mean
        hold += p.voice_over_hold if form == _VOICE else 0.0
        hold = _or(fixed[i, 0], hold)
        holds[v] = np.int8(np.floor(min(max(hold, -3.9), 3.9) * HOLD_ONE + 0.5))
        authentic = _or(fixed[i, 2], normal(s, _FIRST + 2))
        original = _or(fixed[i, 3], normal(s, _FIRST + 3))
        topic = topics[v]
        value = _one_of(s, _FIRST + 4, gives[topic, 0], gives[topic, 1], 0.0)
        value = int(_or(fixed[i, 4], float(value)))
        call = int(_or(fixed[i, 5], float(_one_of(s, _FIRST + 5, p.question, p.poll, p.sticker))))
        asks = p.question_comments if call == _QUESTION else 1.0
        asks = p.poll_comments if call == _POLL else asks
        asks = p.sticker_comments if call == _STICKER else asks
        comment[v] *= asks / p.comments_mean * _log_normal(p.authentic_comments, authentic)
        share[v] *= (p.inspire_shares if value == _INSPIRES else 1.0) / share_mean
        share[v] *= (p.selling_shares if selling else 1.0) / sold_mean
        save[v] *= (p.teach_saves if value == _TEACHES else 1.0) / teach_mean
        follow[v] *= (p.inspire_follows if value == _INSPIRES else 1.0) / follow_mean
        follow[v] *= _log_normal(p.authentic_follows, authentic)
        follow[v] *= _log_normal(p.original_follows, original)
        polishes[v], authenticities[v], originalities[v] = polish, authentic, original
        values[v], calls[v], forms[v], sells[v] = value, call, form, selling
        promises[v] = 1 if uniform(s, _FIRST + 9) < p.promises else 0
        covers[v] = _or(fixed[i, 8], normal(s, _FIRST + 8) + float(promises[v]) - p.promises)


@njit()
def _or(given, drawn):
    """What is given, or what is drawn where that is NaN."""
    return drawn if np.isnan(given) else given


@njit()
def _log_normal(slope, z):
    """A factor with a mean of 1 over standard normal ``z``."""
    return exp(slope * z - 0.5 * slope * slope)


@njit()
def _one_of(s, n, first, second, third):
    """1, 2 or 3 with these probabilities, else 0."""
    u = uniform(s, n)
    if u < first:
        return 1
    if u < first + second:
        return 2
    return 3 if u < first + second + third else 0


def gives_of(scenario: Scenario) -> NDArray[np.float64]:
    """gives [topics + 1, 2] shares of videos that teach and inspire, by topic, then of all."""
    rows = scenario.population.kinds
    gives = np.array([[row.teaches, row.inspires] for row in rows])
    weight = np.array([row.weight for row in rows])
    return np.vstack([gives, (gives * weight[:, None]).sum(axis=0) / weight.sum()])
