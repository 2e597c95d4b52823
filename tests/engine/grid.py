"""The grid of small scenarios on which all engines have to agree.

One case for each option of each axis, the other axes as in the tiny world, and mixtures that
take one option of every axis.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from sim.feed.candidate import FIELDS
from sim.scenario.feed import SOURCES

Overrides = Mapping[str, Any]

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
MIXTURES = 16

EVERY_FIELD = " + ".join(
    # a stream is so large that beside it nothing else would count
    f"{0.3 + 0.7 * n:.1f} * (c.{f.name}{' % np.uint64(1009)' if f.name == 'stream' else ''})"
    for n, f in enumerate(FIELDS)
)

CODE = '''
"""Components of the user's own, one of every stage."""
import numba
import numpy as np
from pydantic import BaseModel

from sim.core.random import uniform


class Mood:
    """Depends on everything that a request says."""

    class Config(BaseModel):
        strength: float = 0.1

    def __init__(self, config):
        self.strength = config.strength

    def score(self, requests, candidates, prediction, scores, view):
        luck = (requests.stream % np.uint64(97)).astype(float) + requests.subject
        luck += np.sin(requests.time_s) + requests.user
        return scores + self.strength * np.cos(luck[:, None] * (candidates.video + 1.0))


class Picky:
    def keep(self, requests, candidates, view):
        likes = view.counts[candidates.video, 3]
        return (candidates.video + requests.user[:, None] + likes) % 3 != 0


class Rates:
    def predict(self, requests, candidates, view):
        rows = view.counts[candidates.video]
        rate = (rows[..., 4:] + 0.3) / (rows[..., :1] + 7.0)
        watch = np.sqrt(rows[..., 2] + 1.0) / 3.0
        match = np.einsum(
            "bd,bkd->bk", view.beliefs.profile[requests.user], view.videos.caption[candidates.video]
        )
        return np.clip(rate * (0.5 + match[..., None]), 0.0, 1.0), watch


class Backwards:
    def select(self, requests, candidates, scores, view, length):
        worst = np.where(candidates.present & (scores > -np.inf), scores, np.inf)
        order = np.argsort(worst, axis=1, kind="stable")[:, :length]
        chosen = np.where(np.isinf(np.take_along_axis(worst, order, 1)), -1, order)
        return np.pad(chosen, ((0, 0), (0, length - order.shape[1])), constant_values=-1)


def spread(requests, view, count):
    """Some ids twice, some of no video."""
    step = (requests.stream % np.uint64(13)).astype(np.int64)[:, None] + 1
    sound = requests.subject.astype(np.int64)[:, None]
    known = view.exposures.contains(requests.user, np.arange(count)[None].repeat(len(step), 0))
    return np.arange(count)[None] * step // 2 - 3 + sound + known


def bonus(requests, candidates, prediction, scores, view, amount=0.0):
    followed = np.array([len(view.follows.of(int(user))) for user in requests.user])
    return scores + np.where(candidates.video % 7 == 0, amount * followed[:, None], 0.0)


def never(requests, candidates, prediction, scores, view):
    return np.where(candidates.video % 5 == 0, -np.inf, scores)


@numba.njit
def everything(score, c, strength=0.3, phase=0.0):
    """Depends on all that a compiled score is told."""
    return score + strength * np.sin(EVERY_FIELD + phase)


@numba.njit
def halved(score, candidate):
    """Not a sum, so the order counts; a whole number now and then."""
    return score / 2 + candidate.likes - 0.01 * candidate.age_s / 3600


@numba.njit
def lucky(score, candidate, size=0.1):
    return np.float32(score + size * uniform(candidate.stream, 10_000_000 + candidate.video))


@numba.njit
def extremes(score, candidate):
    """Some are never shown, some always; and what is filtered out is never asked about."""
    if candidate.creator == candidate.user:
        raise ValueError("the filter own took these")
    if candidate.video % 5 == 0:
        return -np.inf
    return 1e300 if candidate.video % 11 == 0 else np.float64(score)
'''.replace("EVERY_FIELD", EVERY_FIELD)
"""A plug-in file; it is written beside the scenario as ``mine.py``."""

BASE: Overrides = {"population": {"users": 60}, "duration": 4 * HOUR}


def merged(base: Overrides, over: Overrides) -> dict[str, Any]:
    """Deep merge; what says its ``use`` or ``policy``, and sources and weights, is replaced."""
    result = dict(base)
    for name, value in over.items():
        below = result.get(name)
        whole = name in ("sources", "weights", "signals")
        whole |= isinstance(value, Mapping) and bool({"use", "policy"} & set(value))
        if isinstance(below, Mapping) and isinstance(value, Mapping) and not whole:
            result[name] = merged(below, value)
        else:
            result[name] = value
    return result


def _feed(**feed: Any) -> Overrides:
    return {"feed": feed}


def _pools(**options: Any) -> Overrides:
    usual = {"policy": "pools", "first": 3, "growth": 1.5, "promote": 0.6, "levels": 4, "fill": 0.0}
    return {"feed": {"cold_start": {**usual, "slots": 0.3, **options}}, "creators": _PROLIFIC}


def _behave(users: int = 20, hours: float = 2, **groups: Any) -> Overrides:
    session = {"sessions_per_day": 10.0, **groups.pop("session", {})}
    return {
        "behaviour": {**groups, "session": session},
        "population": {"users": users},
        "duration": hours * HOUR,
    }


_PROLIFIC = {"posts_per_week": 140}
_MANY_VIDEOS = {"creators": {"posts_per_week": 90}}
_ADDICTS = {"sessions_per_day": 100, "activity_min": 50, "activity_max": 1000, "leave": 1e-4}

_SOURCES: dict[str, Overrides] = {
    **{f"only {name}": _feed(sources={name: 1.0}) for name in SOURCES},
    "only fresh, much posted": {
        **_feed(sources={"fresh": 1.0}, cold_start={"policy": "none"}),
        "creators": {"posts_per_week": 300},
    },
    "much sound": _feed(sources={"sound": 5.0, "random": 1.0}),
    "much hashtag": _feed(sources={"hashtag": 5.0, "random": 1.0}),
    "all the same": _feed(sources=dict.fromkeys(SOURCES, 1.0)),
    "some of weight 0": _feed(
        sources={"random": 0.0, "interest": 2.0, "sound": 0.0, "fresh": 1.0, "trending": 0.3}
    ),
    "most of weight 0": _feed(sources={"random": 1e-6, "interest": 1e6, "hashtag": 0.0}),
}

_PERTURBED: dict[str, Overrides] = {
    "perturbed": _feed(perturb={"size": 0.5}),
    "perturbed, two weights, watch time too": _feed(
        weights={"like": 1.0, "watch": 0.1, "skip": -2.0},
        perturb={"size": 0.9, "weights": ["watch", "skip"]},
    ),
    "perturbed, much posted": {**_feed(perturb={"size": 0.3}), "creators": _PROLIFIC},
    "perturbed, own predictor": _feed(perturb={"size": 0.5}, predict="mine:Rates"),
}

_FILTERS: dict[str, Overrides] = {
    "none": _feed(filters=[]),
    "only seen": _feed(filters=["seen"]),
    "only own": {**_feed(filters=["own"]), "population": {"creators": 1.0}},
    "only ineligible": _feed(filters=["ineligible"]),
    "only too old": _feed(filters=[{"use": "too_old", "max_age": 2 * DAY}]),
    "another order": _feed(filters=[{"use": "too_old", "max_age": DAY}, "own", "seen"]),
    "twice too old": _feed(
        filters=[
            {"use": "too_old", "max_age": 2 * DAY},
            "seen",
            {"use": "too_old", "max_age": 6 * HOUR},
            "seen",
        ]
    ),
}

_COLD_STARTS: dict[str, Overrides] = {
    "none": {"feed": {"cold_start": {"policy": "none"}}, "creators": _PROLIFIC},
    "pools of 3": merged(
        _pools(promote=0.9, growth=1.0), {"population": {"users": 120}, "duration": 6 * HOUR}
    ),
    "pools of 10": _pools(first=10, promote=0.3),
    "all are promoted": _pools(promote=1.0, growth=1.0, levels=6),
    "none is promoted": _pools(promote=0.0),
    "all graduate": merged(
        _pools(first=1, promote=1.0, growth=1.0, levels=2, slots=0.5),
        {"population": {"users": 120}, "duration": 6 * HOUR},
    ),
    "one level": _pools(levels=1, first=2),
    "no slots": _pools(slots=0.0),
    "filled slowly": _pools(fill=2 * HOUR),
    "all slots": _pools(slots=1.0),
    "twenty levels": merged(
        _pools(levels=20, first=1, growth=1.0, promote=1.0, slots=1.0),
        {"population": {"users": 120}, "duration": 8 * HOUR},
    ),
}

_SELECTORS: dict[str, Overrides] = {
    f"gaps {creator} and {sound}": _feed(
        select={"use": "spaced", "creator_gap": creator, "sound_gap": sound}
    )
    for creator, sound in ((0, 0), (0, 5), (5, 0), (2, 1), (3, 4), (64, 64))
}

_SIZES: dict[str, Overrides] = {
    "slate 1": _feed(slate=1, candidates=20),
    "slate 1 of 1": _feed(slate=1, candidates=1),
    "slate 3 of 3": _feed(slate=3, candidates=3),
    "slate 10 of 500": _feed(slate=10, candidates=500),
    "slate 64 of 64": _feed(slate=64, candidates=64),
    "slate 64 of 300": _feed(slate=64, candidates=300, cold_start={"policy": "none"}),
}

_TOPICS: dict[str, Overrides] = {
    "2 topics": {"population": {"topics": 2, "declared_interests": 2}},
    "7 topics, none ticked": {"population": {"topics": 7, "declared_interests": 0}},
    "16 topics": {"population": {"topics": 16}, "catalogue": {"hashtags_per_topic": 1}},
    "64 topics, all ticked": {"population": {"topics": 64, "declared_interests": 64}},
    "1000 hashtags a topic": {"catalogue": {"hashtags_per_topic": 1000}},
}

_VALUES: dict[str, Overrides] = {
    "watch time": _feed(weights={"watch": 1.0}),
    "watch time and actions": _feed(weights={"watch": 0.02, "like": 3.0, "skip": -1.0}),
    "all negative": _feed(weights={"completion": -1.0, "like": -2.0, "watch": -0.1}),
    "no weights": _feed(weights={}),
    "watch percentile": _feed(weights={"watch_percentile": 2.0, "share": 1.0}),
    "watch percentile alone, watch time against it": _feed(
        weights={"watch_percentile": 1.0, "watch": -0.01}
    ),
    "huge weights": _feed(weights={"completion": 1e6, "skip": -1e6}),
    "twice the value": _feed(score=["value", "value"]),
    "small prior": _feed(predict={"use": "smoothed", "prior": 0.5}),
    "large prior": _feed(predict={"use": "smoothed", "prior": 1e9}),
}

_LEARNING: dict[str, Overrides] = {
    "at once": _feed(learning={"noise": 0.01, "spread": 1.0}),
    "never": _feed(learning={"enabled": False}),
    "of nothing": _feed(learning={"signals": {}}),
    "slowly": _feed(learning={"noise": 100.0, "spread": 0.01, "drift": 0.0}),
    "dislikes": _feed(
        learning={"noise": 0.3, "drift": 1.0, "signals": {"completion": -3.0, "skip": -3.0}}
    ),
    "skips are liked": _feed(learning={"signals": {"skip": 1.0, "like": 1e6, "follow": -1e6}}),
}

_PLACES: dict[str, Overrides] = {
    "three locales": {
        "population": {
            "locales": [
                {"name": "west", "share": 0.3, "utc_offset": -7 * HOUR},
                {"name": "east", "share": 0.5, "utc_offset": 19.5 * HOUR},
                {"name": "far", "share": 0.2, "utc_offset": 24 * HOUR},
            ]
        }
    },
    "nobody in one": {
        "population": {
            "locales": [
                {"name": "empty", "share": 0.0, "utc_offset": -24 * HOUR},
                {"name": "full", "share": 1.0, "utc_offset": 20 * HOUR},
            ]
        }
    },
}

_TIMES: dict[str, Overrides] = {
    "refresh 1 s": {
        "refresh": 1.0,
        "duration": 10 * MINUTE,
        "behaviour": {"session": {"sessions_per_day": 40.0, "activity_max": 100.0}},
    },
    "refresh 7 s": {"refresh": 7.0, "duration": HOUR, "record": {"timeline": 90.0}},
    "refresh 60 s": {"refresh": MINUTE, "warmup": HOUR},
    "refresh 5 h": {"refresh": 5 * HOUR, "duration": 12 * HOUR, "population": {"users": 40}},
    "one window": {"refresh": 3 * HOUR, "duration": 3 * HOUR},
    "reindex below refresh": {"refresh": 300.0, "feed": {"reindex": 1.0}},
    "reindex once": {"feed": {"reindex": DAY}},
    "uneven": {"refresh": 777.7, "duration": 9_999.9, "record": {"timeline": 0.7}},
    "duration above refresh by a hair": {"refresh": 600.0, "duration": 2 * HOUR + 1e-3},
    "tiny bins": {
        "refresh": 100.0,
        "record": {"timeline": 0.1},
        "duration": 1_500.0,
        "behaviour": {"session": {"sessions_per_day": 20.0}},
    },
    "wide bins": {"record": {"timeline": 7 * HOUR}},
}

_PROBES: dict[str, Overrides] = {
    "with a seed of their own": {
        "probes": [{"name": "same", "count": 4, "post_at": HOUR, "seed": 7}]
    },
    "many": {
        "probes": [
            {"name": "first", "count": 3, "post_at": 0.0},
            {"name": "known", "count": 2, "followers": 30, "post_at": 900.0, "quality": 3.0},
            {"name": "weak", "count": 9, "post_at": 600.0, "spread": 1_500.0, "hook": -3.0},
            {"name": "short", "post_at": 700.0, "video_duration": 1.0, "topic": 1},
            {"name": "own-sound", "count": 2, "post_at": 800.0, "sound": "original"},
            {"name": "library", "count": 2, "post_at": 800.0, "sound": "library"},
            {"name": "trend", "count": 2, "post_at": 3_000.0, "sound": "trending"},
        ]
    },
    "all follow": {
        "probes": [{"name": "star", "followers": 40, "post_at": 10.0, "quality": 10.0}],
        "population": {"users": 40},
    },
    "at the refresh": {"probes": [{"name": "edge", "count": 5, "post_at": 600.0}]},
}

_WORLDS: dict[str, Overrides] = {
    "one user": {
        "population": {"users": 1, "follows": 1},
        "feed": {"filters": ["seen"]},
        "behaviour": {"session": _ADDICTS},
        **_MANY_VIDEOS,
    },
    "three users": {
        "population": {"users": 3, "creators": 1.0},
        "behaviour": {"session": _ADDICTS},
        **_MANY_VIDEOS,
    },
    "all are creators": {"population": {"creators": 1.0}},
    "one creator": {"population": {"creators": 0.0}},
    "empty catalogue": {"catalogue": {"history": 0.0}, "creators": _PROLIFIC},
    "everything too old": _feed(filters=[{"use": "too_old", "max_age": 1.0}]),
    "only probes": {
        "probes": [{"name": "long", "count": 40, "post_at": 0.0, "video_duration": 10 * HOUR}],
        "creators": {"posts_per_week": 0.0},
        "feed": {"cold_start": {"policy": "none"}},
    },
    "nothing ever": {"catalogue": {"history": 0.0}, "creators": {"posts_per_week": 0.0}},
    "no follows": {"population": {"follows": 0}},
    "follow everybody": {"population": {"follows": 100, "creators": 0.8}},
    "one sound": {"catalogue": {"original_sounds": 0.0, "new_library_sounds": 0.0}},
    "own sounds": {"catalogue": {"original_sounds": 1.0}},
    "trends": {
        "catalogue": {"original_sounds": 0.1, "new_library_sounds": 0.05},
        "creators": {"posts_per_week": 300, "trend_uptake": 1.0, "posts_spread": 2.0},
    },
    "much is posted": {"creators": {"posts_per_week": 1500}, "duration": 3 * HOUR},
}

_PEOPLE: dict[str, Overrides] = {
    "sound pages": _behave(act={"sound_tap": 10.0, "generosity_spread": 0.5}),
    "many follows": {
        **_behave(act={"follow": 10.0}, session={**_ADDICTS, "following_share": 0.3}, users=8),
        **_MANY_VIDEOS,
        "population": {"users": 60, "creators": 1.0, "follows": 1},
        "duration": HOUR,
    },
    "following surface": _behave(session={"following_share": 1.0, "following_half": 1e-3}),
    "following nobody": {
        "behaviour": {"session": {"following_share": 1.0, "following_half": 1e-3}},
        "population": {"follows": 0.4},
        "feed": {"filters": ["seen"]},
    },
    "addicts": {
        **_behave(session=_ADDICTS),
        **_MANY_VIDEOS,
        "population": {"users": 10, "creators": 1.0},
    },
    "addicts who see it all": _behave(session=_ADDICTS, users=10),
    "addicts, nothing filtered": {
        **_behave(session=_ADDICTS, users=6, hours=1), **_feed(filters=[]),
    },
    "no patience": _behave(
        session={"leave": 1.0, "leave_skip": 1000.0, "sessions_per_day": 200, "activity_max": 1000,
                 "rest_s": 1.0},
        hours=1,
    ),
    "everything is done": _behave(
        act=dict.fromkeys(
            ("like", "comment", "share", "save", "follow", "sound_tap", "not_interested"), 10.0
        ),
        session={"sessions_per_day": 20},
    ),
    "loops": _behave(
        watch={"hazard": [[0.0, 0.001], [3.0, 0.001]], "replay": [[0.0, 0.01]], "max_plays": 50},
    ),
    "for days": {
        **_behave(watch={"hazard": [[0.0, 1e-6], [3.0, 1e-6]], "replay": [[0.0, 1e-6]],
                         "max_plays": 1000, "ending_hazard": 0.0}),
        "catalogue": {"duration": {"median": 10 * HOUR, "min": HOUR, "max": 10 * HOUR}},
        "population": {"users": 120},
        "duration": 8 * HOUR,
    },
    "at once": _behave(watch={"hazard": [[0.0, 999.0], [3.0, 999.0]]}, users=30, hours=1),
    "extremes": _behave(
        interest={"affinity": 5, "quality": -5, "taste": 5, "locale_gap": 5},
        watch={"early_appeal": 5, "late_appeal": -5, "hook": 5, "late_patience": 5},
        act={"appeal": 5, "generosity_spread": 5, "followed": 1000},
    ),
}  # fmt: skip

_OWN_CODE: dict[str, Overrides] = {
    "scorer": _feed(score=["value", {"use": "mine:Mood", "strength": 0.7}]),
    "function": _feed(score=["value", {"use": "mine:bonus", "amount": 0.01}, "value"]),
    "what is never shown": _feed(score=["value", "mine:never"]),
    "filter": _feed(filters=["seen", "mine:Picky", "own"]),
    "source": _feed(sources={"mine:spread": 1.0, "interest": 1.0, "fresh": 0.5}),
    "predictor": _feed(
        predict="mine:Rates", weights={"like": 1.0, "skip": -0.3, "completion": 0.1, "watch": 0.01}
    ),
    "selector": _feed(select="mine:Backwards"),
    "every stage": {
        **_behave(
            act={"sound_tap": 10.0, "follow": 1.0}, session={"following_share": 0.5}, users=40
        ),
        "feed": {
            "sources": {"mine:spread": 1.0, "random": 1.0},
            "filters": ["mine:Picky", "seen"],
            "predict": "mine:Rates",
            "score": ["value", "mine:Mood", "mine:bonus"],
            "select": "mine:Backwards",
        },
    },
    "empty pages": {
        **_behave(act={"sound_tap": 10.0}, session={"following_share": 0.9}, users=40),
        "feed": {
            "sources": {"mine:spread": 1.0, "random": 1.0},
            "filters": ["seen"],
            "score": ["value", "mine:Mood"],
        },
    },
}

_COMPILED: dict[str, Overrides] = {
    "with perturbed weights": _feed(
        score=["value", "mine:everything"], perturb={"size": 0.5}
    ),
    "behind the value": _feed(score=["value", "mine:everything"]),
    "alone": _feed(score=["mine:lucky"]),
    "around it": _feed(
        score=[{"use": "mine:everything", "phase": 1.0}, "value", "mine:halved", "value",
               {"use": "mine:lucky", "size": 3}]
    ),
    "never and always shown": {
        **_feed(score=["value", "mine:extremes"], filters=["own", "seen"]),
        "population": {"creators": 1.0},
    },
    "on every surface": {
        **_behave(
            act={"sound_tap": 10.0, "follow": 1.0}, session={"following_share": 0.5}, users=40
        ),
        "feed": {
            "sources": dict.fromkeys(SOURCES, 1.0),
            "filters": [{"use": "too_old", "max_age": DAY}, "seen"],
            "score": ["mine:everything", "value"],
        },
    },
    "with pools and many topics": merged(
        _pools(first=10, promote=0.3),
        {"population": {"topics": 40}, "feed": {"score": ["value", "mine:everything"]}},
    ),
    "without pools, in three locales": merged(
        {**_PLACES["three locales"], "creators": _PROLIFIC},
        _feed(cold_start={"policy": "none"}, score=["mine:halved", "mine:everything", "value"]),
    ),
    "among Python": _feed(
        score=["mine:everything", "mine:Mood", "value", "mine:halved", "mine:never", "mine:lucky"]
    ),
    "behind a Python predictor": _feed(
        predict="mine:Rates", score=["mine:everything", "value", "mine:halved"],
        weights={"like": 1.0, "watch": 0.01},
    ),
}  # fmt: skip

_AXES: dict[str, dict[str, Overrides]] = {
    "sources": _SOURCES,
    "filters": _FILTERS,
    "weights": _PERTURBED,
    "cold start": _COLD_STARTS,
    "select": _SELECTORS,
    "sizes": _SIZES,
    "topics": _TOPICS,
    "values": _VALUES,
    "learning": _LEARNING,
    "places": _PLACES,
    "times": _TIMES,
    "probes": _PROBES,
    "worlds": _WORLDS,
    "people": _PEOPLE,
    "own code": _OWN_CODE,
    "compiled score": _COMPILED,
}
_UNMIXED = ("times", "worlds", "people", "own code", "compiled score")
_MIXED = [name for name in _AXES if name not in _UNMIXED]
"""Axes of the mixtures; the others would make them too large or leave nothing to play."""


def _mixtures() -> Iterator[tuple[str, Overrides]]:
    """One option of every axis, each option about equally often."""
    for number in range(MIXTURES):
        rng = np.random.default_rng(number)
        mixture: dict[str, Any] = {}
        for axis in _MIXED:
            options = list(_AXES[axis].values())
            mixture = merged(mixture, options[int(rng.integers(len(options)))])
        # some sources alone find nothing before somebody has watched something
        weights = mixture["feed"].get("sources", {})
        if weights:
            mixture["feed"]["sources"] = {"random": 0.5 * max(weights.values()), **weights}
        people = {"population": {"users": 50}, "duration": 2 * HOUR, "refresh": 200.0}
        odds = {"follow": 0.02, "sound_tap": 0.05}
        session = {"following_share": 0.3, "sessions_per_day": 8.0}
        yield (
            f"mixture {number}",
            merged(mixture, {**people, "behaviour": {"act": odds, "session": session}}),
        )


_MECHANISMS: dict[str, Overrides] = {
    "every slate is shown to an oracle": {"record": {"regret": 1.0}},
    "creators look back": {
        "creators": {
            "posts_per_week": 60,
            "react": {
                "enabled": True,
                "after": HOUR,
                "pause": 0.2,
                "pause_length": 2 * HOUR,
                "quit": 0.1,
                "shift": 0.5,
                "drive": 0.5,
            },
        }
    },
    "an oracle, boredom, tastes and own code": {
        **_behave(interest={"creator_taste": 1.0}, boredom={"creator": 0.5, "half_life": 3_600.0}),
        **_feed(score=["value", "mine:everything"]),
        "record": {"regret": 0.5},
    },
    "test audiences drawn evenly": _feed(
        cold_start={"policy": "pools", "first": 20, "audience": "even"}
    ),
    "Thompson's audiences drawn evenly": _feed(
        cold_start={"policy": "thompson", "until": 30, "audience": "even"}
    ),
    "an oracle beside own Python": {**_feed(predict="mine:Rates"), "record": {"regret": 0.5}},
    "the oracle ranks": {**_feed(predict={"use": "oracle"}), "record": {"regret": 0.3}},
    "reports": _behave(act={"report": 0.5, "not_interested": 1.0}),
    "strong tastes": _behave(
        interest={"creator_taste": 3.0, "sound_taste": 2.0, "hashtag_taste": 2.5}, users=60
    ),
    "no tastes": _behave(
        interest={"creator_taste": 0.0, "sound_taste": 0.0, "hashtag_taste": 0.0}, users=60
    ),
    "tastes for hashtags alone": _behave(
        interest={"creator_taste": 0.0, "sound_taste": 0.0, "hashtag_taste": 2.0}, users=60
    ),
    "no traits": _behave(
        act={
            "common_trait": 0.0,
            "like_trait": 0.0,
            "comment_trait": 0.0,
            "share_trait": 0.0,
            "save_trait": 0.0,
            "follow_trait": 0.0,
        },
        users=60,
    ),
    "large traits": _behave(
        act={
            "like_trait": 2.0,
            "comment_trait": 3.0,
            "share_trait": 2.5,
            "save_trait": 5.0,
            "follow_trait": 2.0,
            "common_trait": 1.5,
            "comment": 0.05,
            "share": 0.05,
            "save": 0.05,
        },
        users=60,
    ),
    "boredom": _behave(
        boredom={"creator": 0.3, "topic": 0.1, "sound": 0.1, "format": 0.3, "half_life": 6 * HOUR},
        users=60,
    ),
    "nobody gets bored": _behave(
        boredom={"creator": 0.0, "topic": 0.0, "sound": 0.0, "format": 0.0}, users=60
    ),
    "people go from page to page": _behave(
        act={
            "profile_visit": 0.05,
            "hashtag_tap": 0.05,
            "sound_tap": 0.03,
            "block": 0.02,
            "unfollow": 0.1,
            "follow": 0.02,
        },
        browse={
            "friends": 0.3,
            "friends_half": 0.5,
            "search": 0.2,
            "search_sound": 0.3,
            "open": 0.9,
        },
        users=60,
    ),
    "no pages beside the feed": _behave(
        act={"profile_visit": 0.0, "hashtag_tap": 0.0, "block": 0.0, "unfollow": 0.0},
        browse={"friends": 0.0, "search": 0.0},
        users=60,
    ),
    "blocks and bells, no filter of blocked creators": {
        **_behave(
            act={"block": 0.1, "unfollow": 0.5, "follow": 0.1},
            notifications={"post": 1.0},
            users=60,
        ),
        **_feed(filters=["seen", "ineligible"]),
    },
    "own Python and blocks": {
        **_behave(act={"block": 0.1, "unfollow": 0.3, "profile_visit": 0.05}, users=60),
        **_feed(predict="mine:Rates"),
    },
    "what videos are made of": {
        **_behave(
            watch={"hold": 1.5},
            act={"parent_tap": 0.5},
            browse={
                "covers": 0.3,
                "cover": 2.0,
                "let_down": 2.0,
                "open": 1.0,
                "search": 0.2,
            },
            users=60,
        ),
        "catalogue": {
            "craft": {
                "question": 0.5,
                "question_comments": 9.0,
                "selling": 0.5,
                "promises": 0.5,
                "polish": 0.9,
            },
            "access": {
                "followers_only": 0.2,
                "friends_only": 0.2,
                "refused": 0.1,
                "taken_down": 0.3,
                "taken_down_after": 3_600.0,
                "comments_closed": 0.3,
            },
            "duets": 0.3,
            "stitches": 0.3,
            "mentions": 0.9,
        },
    },
    "own Python, private videos and covers": {
        **_behave(browse={"covers": 0.5, "search": 0.3, "friends": 0.3}, users=60),
        **_feed(predict="mine:Rates"),
        "catalogue": {"access": {"followers_only": 0.3, "friends_only": 0.3}, "duets": 0.3},
    },
    "plain videos": {
        **_behave(watch={"hold": 0.0}, browse={"covers": 1.0, "let_down": 0.0}, users=60),
        "catalogue": {
            "craft": {
                "polish": 0.0,
                "question": 0.0,
                "poll": 0.0,
                "sticker": 0.0,
                "teach_saves": 1.0,
                "inspire_shares": 1.0,
                "inspire_follows": 1.0,
                "authentic_comments": 0.0,
                "authentic_follows": 0.0,
                "original_follows": 0.0,
                "selling": 0.0,
                "photo": 0.0,
                "effects": 0.0,
                "voice_over": 0.0,
                "promises": 0.0,
            },
            "access": {
                "followers_only": 0.0,
                "friends_only": 0.0,
                "comments_closed": 0.0,
                "duets_closed": 0.0,
                "refused": 0.0,
                "taken_down": 0.0,
            },
            "duets": 0.0,
            "stitches": 0.0,
            "mentions": 0.0,
        },
    },
    "a settled catalogue": {"catalogue": {"settled": True}, "population": {"users": 100}},
    "many short trends": {
        "creators": {"trend_uptake": 0.8},
        "catalogue": {
            "trends": {
                "challenges": 100.0,
                "challenge_share": 0.6,
                "challenge_life": "3 h",
                "trending_tags": 0.5,
                "unfitting_tags": 0.5,
                "sound_life": "6 h",
                "memory": "1 h",
                "detector": "acceleration",
            }
        },
    },
    "no trends": {
        "creators": {"trend_uptake": 0.0},
        "catalogue": {
            "trends": {
                "challenges": 0.0,
                "challenge_share": 0.0,
                "trending_tags": 0.0,
                "unfitting_tags": 0.0,
                "detector": "difference",
            }
        },
    },
    "no satisfaction": _behave(satisfaction={"enabled": False}, users=60),
    "strong moods": _behave(
        satisfaction={"leave": 3.0, "back": 2.0, "habit_mood": 3.0, "pace": 0.5, "memory": 1.0},
        users=60,
    ),
    "people who are lost and come back": {
        **_behave(
            satisfaction={"lost": 0.5, "pause": HOUR, "for_good": 0.1, "newcomer": 10.0}, hours=8
        ),
        "population": {"users": 80, "joining": 0.5, "creators": 0.3},
    },
    "moods of people who see it all, and own code": {
        **_behave(session=_ADDICTS, satisfaction={"leave": 2.0, "lost": 0.3}, users=10),
        "feed": {"score": ["value", {"use": "mine:Mood", "strength": 0.5}]},
    },
    "boredom with creators alone": _behave(boredom={"creator": 2.0, "half_life": 600.0}, users=60),
    "no notifications": _behave(notifications={"enabled": False}, users=60),
    "notifications that bring people back": {
        **_behave(
            notifications={
                "reply": 0.9,
                "post": 0.7,
                "opened": 0.8,
                "brings": 0.9,
                "delay": 20.0,
                "reply_delay": 30.0,
            },
            act={"comment": 0.1, "follow": 0.05},
            users=60,
        ),
        "creators": {"posts_per_week": 150.0},
    },
    "notifications, links, pauses and own code": {
        **_behave(
            notifications={"post": 1.0, "opened": 0.5, "brings": 0.5, "delay": 0.0},
            act={"share": 0.3, "follow": 0.05},
            sharing={"contacts": 6, "delay": 60.0},
            satisfaction={"lost": 0.3, "pause": 5 * HOUR},
            hours=6,
        ),
        "population": {"users": 60, "joining": 0.3, "creators": 0.4},
        "creators": {"posts_per_week": 100.0},
        "feed": {"score": ["value", {"use": "mine:Mood", "strength": 0.5}]},
    },
    "links": _behave(
        act={"share": 0.3}, sharing={"contacts": 6, "recipients": 3, "delay": 60.0}, users=60
    ),
    "links at once, to all, all opened": {
        **_behave(
            act={"share": 2.0},
            session=_ADDICTS,
            sharing={"contacts": 30, "recipients": 5, "delay": 0.0, "opened": 1.0},
            users=20,
        ),
        "feed": {"filters": []},
    },
    "half join during the run": {
        "population": {"users": 80, "joining": 0.5, "creators": 0.5},
        "duration": 6 * HOUR,
        "creators": {"posts_per_week": 70.0},
    },
    "all join during the run, with links": {
        **_behave(act={"share": 0.3}, sharing={"contacts": 6, "delay": 60.0}, hours=6),
        "population": {"users": 60, "joining": 1.0, "creators": 0.5},
        "creators": {"posts_per_week": 300.0},
        "feed": {"cold_start": {"policy": "none"}},
    },
    "newcomers who see more than is counted of them, some with ticked interests": {
        **_behave(
            session=_ADDICTS,
            act={"like": 0.1},
            boredom={"creator": 0.0, "topic": 0.0, "sound": 0.0, "format": 0.0},
            hours=2,
        ),
        "population": {"users": 20, "joining": 0.7, "ticking": 0.5, "creators": 1.0},
        "feed": {"filters": []},
    },
    "newcomers who tick nothing, beside own code": {
        **_behave(users=60),
        "population": {"users": 60, "joining": 0.5, "ticking": 0.0},
        "feed": {"score": ["value", {"use": "mine:Mood", "strength": 0.5}]},
    },
    "newcomers who are believed to like what their locale and device do": {
        "population": {
            "users": 160,
            "joining": 0.5,
            "leaning": 2.0,
            "locales": [{"name": "a", "share": 0.6}, {"name": "b", "share": 0.4}],
        },
        "duration": 6 * HOUR,
        **_feed(learning={"place": 2.0, "spread": 1.0, "noise": 0.5}),
    },
    "newcomers in a world of phones, beside own code": {
        "population": {
            "users": 60,
            "joining": 0.5,
            "leaning": 0.0,
            "locales": [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5}],
            "devices": [{"name": "phone", "share": 1.0}],
        },
        "feed": {
            "score": ["value", {"use": "mine:Mood", "strength": 0.5}],
            "learning": {"place": 3.0, "spread": 1.0, "noise": 0.5},
        },
    },
    "boredom of people who see it all": {
        **_behave(boredom={"topic": 0.5, "sound": 1.0}, session=_ADDICTS, users=10),
        **_MANY_VIDEOS,
    },
    "thompson": {
        **_feed(cold_start={"policy": "thompson", "until": 10, "slots": 0.3}),
        "creators": _PROLIFIC,
    },
    "thompson, some at a time": {
        **_feed(
            cold_start={"policy": "thompson", "share": 0.01, "slots": 1.0, "age": HOUR},
            control=0.1,
        ),
        "creators": {"posts_per_week": 1_500},
    },
    "some of what is believed": {
        **_feed(
            predict={
                "use": "smoothed",
                "topics": 0.5,
                "sound": 3.0,
                "hashtag": 0.0,
                "creator": 10.0,
            },
            sources={"interest": 1.0, "sound": 3.0, "hashtag": 1.0, "following": 1.0, "fresh": 1.0},
            learning={"sound_spread": 1.0, "creator_spread": 0.5, "noise": 0.5, "posts": 3.0},
        ),
        **_MANY_VIDEOS,
    },
    "nothing of what is believed": {
        **_feed(
            predict={"use": "smoothed", "topics": 0, "sound": 0, "hashtag": 0, "creator": 0},
            learning={"posts": 0.0},
        ),
        "catalogue": {"sound_fit": 0.0, "original_sounds": 0.2},
    },
    "no controls": _feed(control=0.0),
    "half are controls": {
        **_feed(control=0.5, filters=["own", {"use": "too_old", "max_age": 2 * DAY}, "seen"]),
        "population": {"creators": 0.5},
    },
    "all are controls": _feed(control=1.0, slate=64, candidates=64),
    "controls of addicts": {
        **_behave(session={**_ADDICTS, "following_share": 0.3}, users=10, act={"sound_tap": 1.0}),
        **_feed(control=0.2, slate=3),
        **_MANY_VIDEOS,
    },
    "controls beside own code": _feed(
        control=0.3,
        filters=["mine:Picky", "seen"],
        score=["value", "mine:Mood"],
        select="mine:Backwards",
    ),
    "controls and a compiled score": _feed(control=0.3, score=["value", "mine:everything"]),
    "twins": {
        "probes": [
            {
                "name": "known",
                "count": 3,
                "post_at": 600.0,
                "spread": HOUR,
                "seed": 5,
                "twins": {"followers": [0, 10, 50]},
            },
            {
                "name": "sounds",
                "count": 4,
                "post_at": 900.0,
                "twins": {"sound": ["trending", "original"]},
            },
        ],
    },
    "forced events": {
        "probes": [
            {
                "name": "pushed",
                "count": 3,
                "post_at": 600.0,
                "twins": {
                    "inject": [[], [{"likes": 20, "skips": 20}, {"after": HOUR, "likes": 5}]]
                },
            },
            {
                "name": "shown",
                "post_at": 900.0,
                "video_duration": 2.0,
                "inject": [{"after": 100.0, "impressions": 30, "skips": 20}],
            },
        ],
        **_behave(users=60),
    },
    "forced events beside links and own code": {
        "probes": [
            {
                "name": "pushed",
                "count": 5,
                "post_at": 0.0,
                "inject": [{"impressions": 20, "likes": 20, "skips": 20}],
            }
        ],
        **_behave(act={"share": 0.3}, sharing={"contacts": 6, "delay": 60.0}, users=60),
        "feed": {"score": ["value", {"use": "mine:Mood", "strength": 0.5}]},
    },
    # slates that are made outside, after a page was chosen inside
    "links and a score in Python": {
        **_behave(act={"share": 0.3}, sharing={"contacts": 6, "delay": 60.0}, users=40),
        "feed": {"score": ["value", {"use": "mine:Mood", "strength": 0.5}]},
    },
}
"""One case or more for each mechanism that is off elsewhere; not part of the mixtures, so that a
new one leaves them as they are."""

CASES: dict[str, dict[str, Any]] = {
    name: merged(BASE, overrides)
    for name, overrides in [
        ("usual", {}),
        *(
            (f"{axis}: {name}", over)
            for axis, cases in _AXES.items()
            for name, over in cases.items()
        ),
        *_mixtures(),
        *((f"mechanisms: {name}", over) for name, over in _MECHANISMS.items()),
    ]
}
"""Overrides of the tiny scenario, by name."""
