"""The request as a whole: conservation, filters, prediction, and what a slate may hold."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from sim.assemble import make_pipeline
from sim.core.actions import ACTION_NAMES
from sim.core.counts import FIRST_ACTION, IMPRESSIONS, WATCH_MS
from sim.core.errors import ForyouError
from sim.core.surfaces import SURFACES
from sim.engine.slate import PAGES
from sim.feed.builtin import Ineligible, Own, Seen, Smoothed, TooOld, Value
from sim.feed.component import Candidates, GivenPrediction
from sim.feed.kit import FAST, PLAIN
from sim.feed.percentile import RANK_ONE
from sim.feed.pipeline import (
    FOLLOWING,
    SOUND_PAGE,
    Pipeline,
    StageCounts,
    hydrate,
)
from sim.feed.view import FeedView
from sim.testing.contracts import situation
from sim.testing.worlds import requests_of, tiny_platform, tiny_scenario
from tests.conftest import Played

USERS = list(range(0, 150, 3))


@pytest.fixture(scope="module")
def view(played: Played) -> FeedView:
    return played.live.platform.view


def pipeline_of(**feed: Any) -> Pipeline:
    return make_pipeline(tiny_scenario(feed=feed), None, False)


def ask(pipeline: Pipeline, view: FeedView, users: list[int], **fields: Any) -> tuple[Any, Any]:
    counts = StageCounts(len(pipeline.filters))
    requests = requests_of(users, view)
    for name, value in fields.items():
        getattr(requests, name)[:] = value
    return pipeline.run(requests, view, counts), counts


@pytest.mark.parametrize("surface", range(len(SURFACES)))
def test_candidates_out_and_removed_are_candidates_in(view: FeedView, surface: int) -> None:
    slates, counts = ask(pipeline_of(), view, USERS, surface=surface, subject=0)
    assert counts.requests == len(USERS)
    assert counts.retrieved > 0
    assert counts.retrieved == counts.duplicates + sum(counts.removed) + counts.kept
    assert counts.selected == slates.length.sum() <= counts.kept
    assert counts.selected == (slates.video >= 0).sum()


def test_a_run_conserves_candidates(played: Played) -> None:
    stages = played.live.platform.stages
    assert stages.retrieved == stages.duplicates + sum(stages.removed) + stages.kept
    assert stages.selected <= stages.kept
    assert played.live.platform.impressions <= stages.selected


def test_slates_hold_each_video_once_and_nothing_that_was_seen(view: FeedView) -> None:
    slates, _ = ask(pipeline_of(), view, USERS)
    assert (slates.length > 0).any()
    for user, row, n in zip(USERS, slates.video, slates.length, strict=True):
        shown = row[:n]
        assert (row[n:] == -1).all()
        assert (shown >= 0).all()
        assert (shown < view.videos.count).all()
        assert len(set(shown.tolist())) == n
        one = np.array([user], np.int32)
        assert not view.exposures.contains(one, shown[None]).any()
        assert (view.creators.user[view.videos.creator[shown]] != user).all()
    np.testing.assert_array_equal(
        slates.pool[slates.video >= 0], view.cold.pool[slates.video[slates.video >= 0]]
    )


def test_a_batch_is_its_requests_one_by_one(view: FeedView) -> None:
    pipeline = pipeline_of()
    together, counts = ask(pipeline, view, USERS)
    single = StageCounts(len(pipeline.filters))
    for b, user in enumerate(USERS):
        alone = pipeline.run(requests_of([user], view), view, single)
        np.testing.assert_array_equal(alone.video[0], together.video[b])
        np.testing.assert_array_equal(alone.source[0], together.source[b])
    assert single == counts


def test_sources_fill_their_quota_and_no_more(view: FeedView) -> None:
    pipeline = pipeline_of(sources={"random": 1.0}, filters=[])
    _, counts = ask(pipeline, view, USERS)
    assert counts.retrieved == 40 * len(USERS)
    pipeline = pipeline_of(sources={"random": 0.25, "trending": 0.75}, control=0.0)
    assert [count for _, _, count in pipeline.sources] == [30, 10]
    slates, _ = ask(pipeline, view, USERS)
    assert set(slates.source[slates.video >= 0].tolist()) <= {5, 6}


def test_the_first_source_keeps_a_repeated_candidate() -> None:
    found = hydrate(
        Candidates(np.array([[4, 7, 4, -1, 7, 9]], np.int32), np.arange(6, dtype=np.int8)[None])
    )
    assert found.video.tolist() == [[4, 7, -1, -1, -1, 9]]


def test_the_following_surface_is_newest_first(view: FeedView) -> None:
    slates, _ = ask(pipeline_of(filters=[]), view, USERS, surface=FOLLOWING)
    for user, row, n in zip(USERS, slates.video, slates.length, strict=True):
        followed = set(view.follows.of(user).tolist())
        assert {int(view.videos.creator[v]) for v in row[:n]} <= followed
    assert (slates.source[slates.video >= 0] == 3).all()


def test_a_sound_page_is_short_and_of_one_sound(view: FeedView) -> None:
    sound = int(np.bincount(view.videos.sound[: view.videos.count]).argmax())
    slates, _ = ask(pipeline_of(filters=[]), view, USERS, surface=SOUND_PAGE, subject=sound)
    assert 0 < slates.length.max() <= (SURFACES[SOUND_PAGE].length or 0)
    assert (view.videos.sound[slates.video[slates.video >= 0]] == sound).all()


def test_every_page_has_its_component() -> None:
    lists = {surface.lists for surface in SURFACES if not surface.ranked}
    assert lists <= set(FAST.pages)
    assert set(FAST.pages) == set(PLAIN.pages) == set(PAGES)


def test_a_surface_without_a_page_is_an_error(view: FeedView) -> None:
    with pytest.raises(ForyouError, match='no page for the surface "following"'):
        ask(replace(pipeline_of(), pages={}), view, USERS, surface=FOLLOWING)
    with pytest.raises(ForyouError, match="unknown surface 99"):
        ask(pipeline_of(), view, USERS, surface=99)


@pytest.mark.parametrize("surface", range(len(SURFACES)))
def test_a_plain_pipeline_gives_the_same_slates(view: FeedView, surface: int) -> None:
    found = []
    for engine in ("fast", "reference"):
        pipeline = make_pipeline(tiny_scenario(), None, False, engine=engine)
        slates, counts = ask(pipeline, view, USERS, surface=surface, subject=3)
        found.append(([getattr(slates, f.name).tolist() for f in fields(slates)], counts))
    assert found[0] == found[1]
    with pytest.raises(ForyouError, match='unknown engine "fats"'):
        make_pipeline(tiny_scenario(), None, False, engine="fats")


# ---- filters --------------------------------------------------------------------------------


def test_seen_removes_what_was_on_the_screen() -> None:
    part = situation()
    keep = Seen().keep(part.requests, part.candidates, part.view)
    for user, row, video in zip(part.requests.user, keep, part.candidates.video, strict=True):
        before = part.view.exposures._seen[user]  # type: ignore[attr-defined]
        assert row.tolist() == [v not in before for v in video.tolist()]
    assert not keep[part.candidates.present].all()


def test_own_removes_the_user_s_videos(view: FeedView) -> None:
    mine = np.flatnonzero(view.videos.creator[: view.videos.count] == 4)[:3]
    others = np.flatnonzero(view.videos.creator[: view.videos.count] != 4)[:2]
    candidates = Candidates(
        np.concatenate([mine, others, [-1]])[None].astype(np.int32), np.zeros((1, 6), np.int8)
    )
    keep = Own().keep(requests_of([4], view), candidates, view)
    assert keep[0, :5].tolist() == [False] * 3 + [True] * 2


def test_too_old_keeps_what_is_exactly_at_the_limit() -> None:
    part = situation()
    v = int(part.candidates.video.max())
    candidates = Candidates(np.array([[v]], np.int32), np.zeros((1, 1), np.int8))
    requests = requests_of([3], part.view)
    age = requests.time_s[0] - part.view.videos.uploaded_s[v]
    for limit, kept in [(age * 1.001, True), (age * 0.999, False)]:
        assert TooOld(limit).keep(requests, candidates, part.view).tolist() == [[kept]]


def test_ineligible_videos_are_removed_and_leave_the_lists() -> None:
    live = tiny_platform(duration=600.0)
    view = live.platform.view
    view.videos.eligible[:8] = 1
    view.videos.eligible[:5] = 0
    candidates = Candidates(np.arange(8, dtype=np.int32)[None], np.zeros((1, 8), np.int8))
    keep = Ineligible().keep(requests_of([3], view), candidates, view)
    assert keep.tolist() == [[False] * 5 + [True] * 3]


# ---- prediction and value -------------------------------------------------------------------


def test_smoothed_predictions_are_probabilities() -> None:
    prediction = situation().prediction
    assert (prediction.probability >= 0).all()
    assert (prediction.probability <= 1).all()
    assert (prediction.watch_s >= 0).all()
    assert prediction.probability.shape == (5, 24, len(ACTION_NAMES))


def test_smoothed_is_the_documented_formula() -> None:
    part = situation()
    prediction = Smoothed(20.0).predict(part.requests, part.candidates, part.view)
    b, k = 0, int(np.flatnonzero(part.candidates.present[0])[0])
    row = part.view.counts[part.candidates.video[b, k]]
    affinity = float(prediction.affinity[b, k])
    rates = part.view.rates
    for a in range(len(ACTION_NAMES)):
        r = (row[FIRST_ACTION + a] + 20.0 * rates.action[a]) / (row[IMPRESSIONS] + 20.0)
        slope = part.view.slopes[a]
        wanted = min(max(r + slope * affinity * r * (1 - r), 0.0), 1.0)
        assert prediction.probability[b, k, a] == pytest.approx(wanted, rel=1e-9)
    watch = (row[WATCH_MS] / 1000 + 20.0 * rates.watch_s) / (row[IMPRESSIONS] + 20.0)
    assert prediction.watch_s[b, k] == pytest.approx(watch * (1 + 0.5 * affinity), rel=1e-9)
    ranks = part.view.percentiles[part.candidates.video[b, k]] / RANK_ONE
    middle = (ranks + 20.0 * rates.watch_percentile) / (row[IMPRESSIONS] + 20.0)
    moved = middle + part.view.slopes[-1] * affinity
    assert prediction.watch_percentile[b, k] == pytest.approx(min(max(moved, 0), 1), rel=1e-9)


@pytest.mark.parametrize(("watch", "percentile"), [(0.0, 0.0), (0.03, 0.0), (0.03, 0.7)])
def test_base_and_lift_are_the_value_model(watch: float, percentile: float) -> None:
    """Two numbers a video give the same value as all the probabilities."""
    weights = {
        "completion": 1.0, "like": 0.6, "skip": -0.5, "follow": 1.2, "watch": watch,
        "watch_percentile": percentile,
    }  # fmt: skip
    live = tiny_platform(feed={"weights": weights, "predict": {"use": "smoothed", "prior": 30.0}})
    view = live.platform.view
    value = Value()
    rng = np.random.default_rng(1)
    video = rng.choice(view.videos.count, (3, 40)).astype(np.int32)
    candidates = Candidates(video, np.zeros(video.shape, np.int8))
    requests = requests_of([1, 50, 100], view)
    prediction = Smoothed(30.0).predict(requests, candidates, view)
    zeros = np.zeros(video.shape, np.float32)
    fast = value.score(requests, candidates, prediction, zeros, view)
    plain = GivenPrediction(prediction.probability, prediction.watch_s, prediction.watch_percentile)
    slow = value.score(requests, candidates, plain, zeros, view)
    np.testing.assert_allclose(fast, slow, atol=1e-5)
    by_hand = prediction.probability @ view.weights[:-2] + watch * prediction.watch_s
    by_hand += percentile * prediction.watch_percentile
    np.testing.assert_allclose(fast, by_hand, atol=1e-5)
    assert slow.std() > 1e-3


def test_the_value_is_added_to_the_scores_before() -> None:
    part = situation()
    value = Value()
    arguments = (part.requests, part.candidates, part.prediction)
    zero = value.score(*arguments, np.zeros_like(part.scores), part.view)
    two = value.score(*arguments, np.full_like(part.scores, 2.0), part.view)
    np.testing.assert_allclose(two - zero, 2.0, atol=1e-5)
