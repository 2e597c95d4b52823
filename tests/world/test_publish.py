"""Videos and sounds: the first catalogue and what publishing adds."""

from __future__ import annotations

import numpy as np
import pytest

from sim.core.random import key
from sim.testing.worlds import tiny_scenario, tiny_world
from sim.world.publish import Posts, PublishSettings, publish
from sim.world.state import NOBODY, TOPIC_ONE, SoundListing, World


@pytest.fixture(scope="module")
def world() -> World:
    return tiny_world(
        population={"users": 3_000, "creators": 0.5, "topics": 16},
        creators={"posts_per_week": 7},
        catalogue={"history": 7 * 86_400.0},
    )


def test_the_catalogue_has_the_expected_size(world: World) -> None:
    # 1,500 creators, log-normal around 7 a week
    assert world.videos.count == pytest.approx(1_500 * 7 * np.exp(0.55**2 / 2), rel=0.1)
    made = np.bincount(world.videos.creator[: world.videos.count], minlength=1_500)
    np.testing.assert_array_equal(made, world.creators.post_number)


def test_ids_follow_upload_times(world: World) -> None:
    uploaded = world.videos.uploaded_s[: world.videos.count]
    assert (np.diff(uploaded) >= 0).all()
    assert uploaded[0] >= -7 * 86_400.0
    assert uploaded[-1] < 0.0
    # evenly over the week
    assert abs(uploaded.mean() / (-3.5 * 86_400.0) - 1) < 0.05


def test_durations_keep_their_bounds_and_are_whole_milliseconds(world: World) -> None:
    duration = world.videos.duration_s[: world.videos.count]
    assert duration.min() >= 5.0
    assert duration.max() <= 600.0
    np.testing.assert_array_equal(np.round(duration * 1000.0) / 1000.0, duration)
    assert np.median(duration) == pytest.approx(25.0, rel=0.05)
    assert np.log(duration).std() == pytest.approx(0.8, rel=0.1)


def test_quality_is_standard_normal_and_shares_variance_with_skill(world: World) -> None:
    n = world.videos.count
    quality, hook = world.video_truth.quality[:n], world.video_truth.hook[:n]
    skill = world.creators.skill[world.videos.creator[:n]]
    # a creator's videos share luck, so the mean has fewer than n independent parts
    assert abs(quality.mean()) < 5 / np.sqrt(1_500)
    assert quality.var() == pytest.approx(1.0, abs=0.1)
    assert np.corrcoef(quality, skill)[0, 1] == pytest.approx(np.sqrt(0.35), abs=0.05)
    assert np.corrcoef(quality, hook)[0, 1] == pytest.approx(0.4, abs=0.05)
    assert hook.var() == pytest.approx(1.0, abs=0.1)


def test_captions_tell_the_topic_but_not_exactly(world: World) -> None:
    n = world.videos.count
    mix, caption = world.video_truth.topics[:n], world.videos.caption[:n]
    np.testing.assert_allclose(np.linalg.norm(mix, axis=1), TOPIC_ONE, atol=2.0)
    np.testing.assert_allclose(np.linalg.norm(caption, axis=1), TOPIC_ONE, atol=2.0)
    cosine = (mix.astype(float) * caption).sum(axis=1) / TOPIC_ONE**2
    assert 0.85 < cosine.mean() < 0.99
    assert not np.shares_memory(world.video_truth.topics, world.videos.caption)


def test_tags_are_of_the_video_s_topics_and_come_once(world: World) -> None:
    n = world.videos.count
    tags = world.videos.tags[:n]
    assert tags.max() < 16 * 20
    assert tags.min() == NOBODY
    for row in tags[:500]:
        used = row[row >= 0]
        assert len(set(used.tolist())) == len(used)
        assert (row[len(used) :] == NOBODY).all()
    main = world.video_truth.topics[:n].argmax(axis=1)
    with_tag = tags[:, 0] >= 0
    assert (tags[with_tag, 0] // 20 == main[with_tag]).mean() > 0.8


def test_two_thirds_bring_a_sound_of_their_own(world: World) -> None:
    """S1: 67 % of posts on an original sound."""
    n = world.videos.count
    original = world.sounds.original[world.videos.sound[:n]] == 1
    assert abs(original.mean() - 0.67) < 5 * np.sqrt(0.67 * 0.33 / n)
    # an original sound is born with its video
    np.testing.assert_array_equal(
        world.sounds.born_s[world.videos.sound[:n]][original], world.videos.uploaded_s[:n][original]
    )


def test_library_sounds_are_heavy_tailed_as_in_s3(world: World) -> None:
    """S3: 62 % used once, the top 1 % have 47 % and the top 10 % have 76 % of the uses.

    Within a factor of two for a week of 12,000 posts.
    """
    library = world.sounds.original[: world.sounds.count] == 0
    uses = np.sort(world.sounds.uses[: world.sounds.count][library])[::-1]
    assert len(uses) > 500
    assert (uses == 1).mean() == pytest.approx(0.62, abs=0.12)
    assert 0.76 / 2 < uses[: len(uses) // 10].sum() / uses.sum() < 0.9
    assert 0.47 / 3 < uses[: len(uses) // 100].sum() / uses.sum() < 0.65


def test_uses_are_the_videos_with_the_sound(world: World) -> None:
    counted = np.bincount(
        world.videos.sound[: world.videos.count], minlength=len(world.sounds.uses)
    )
    np.testing.assert_array_equal(counted, world.sounds.uses)
    assert (world.sounds.uses[: world.sounds.count] > 0).all()


def _posts(creators: list[int], mode: int = 0, **fixed: float) -> Posts:
    posts = Posts.ordinary(np.array(creators, np.int32), np.arange(1.0, len(creators) + 1.0))
    columns = {name: getattr(posts, name).copy() for name in Posts.__dataclass_fields__}
    columns["sound_mode"][:] = mode
    for name, value in fixed.items():
        columns[name][:] = value
    return Posts(**columns)


def _settings() -> PublishSettings:
    return PublishSettings.of(tiny_scenario(), key(1, "video"), key(1, "sound"))


def test_publishing_appends_rows_in_order() -> None:
    world = tiny_world()
    before = world.videos.count
    ids = publish(world, _posts([3, 1, 3]), _settings())
    assert ids.tolist() == [before, before + 1, before + 2]
    assert world.videos.count == before + 3
    assert world.videos.creator[ids].tolist() == [3, 1, 3]
    assert world.videos.uploaded_s[ids].tolist() == [1.0, 2.0, 3.0]
    assert (world.videos.eligible[ids] == 1).all()
    assert (world.video_truth.probe[ids] == NOBODY).all()
    np.testing.assert_array_equal(
        world.videos.followers_at_upload[ids], world.creators.followers[[3, 1, 3]]
    )


def test_what_is_fixed_is_taken_and_the_rest_is_not_changed_by_it() -> None:
    free, fixed = tiny_world(), tiny_world()
    a = publish(free, _posts([2, 4]), _settings())
    b = publish(fixed, _posts([2, 4], quality=1.5, hook=-2.0, duration_s=33.0), _settings())
    assert fixed.video_truth.quality[b].tolist() == [1.5, 1.5]
    assert fixed.video_truth.hook[b].tolist() == [-2.0, -2.0]
    assert fixed.videos.duration_s[b].tolist() == [33.0, 33.0]
    np.testing.assert_array_equal(fixed.videos.caption[b], free.videos.caption[a])
    np.testing.assert_array_equal(fixed.videos.sound[b], free.videos.sound[a])


def test_a_post_is_the_same_whoever_posts_before_it() -> None:
    alone, crowd = tiny_world(), tiny_world()
    a = publish(alone, _posts([5]), _settings())
    b = publish(crowd, _posts([9, 7, 5]), _settings())
    for name in ("caption", "duration_s", "tags"):
        np.testing.assert_array_equal(
            getattr(alone.videos, name)[a[0]], getattr(crowd.videos, name)[b[2]]
        )
    assert alone.video_truth.quality[a[0]] == crowd.video_truth.quality[b[2]]


def test_modes_of_sounds() -> None:
    world = tiny_world()
    library = np.flatnonzero(world.sounds.original[: world.sounds.count] == 0)
    world.sounds.trending = library[:2].astype(np.int32)
    first = world.sounds.count
    original = world.videos.sound[publish(world, _posts([1] * 20, 1), _settings())]
    assert original.tolist() == list(range(first, first + 20))
    taken = world.videos.sound[publish(world, _posts([1] * 20, 2), _settings())]
    assert not world.sounds.original[taken].any()
    assert not set(taken.tolist()) <= set(library[:2].tolist())
    taken = world.videos.sound[publish(world, _posts([1] * 20, 3), _settings())]
    assert set(taken.tolist()) <= set(library[:2].tolist())


def test_growing_keeps_the_head_and_the_lists_that_are_not_rows() -> None:
    sounds = tiny_world().sounds
    before = {name: getattr(sounds, name) for name in SoundListing.COLUMNS}
    sounds.grow(5_000)
    assert len(sounds.uses) >= 5_000
    for name in ("topic", "born_s", "original", "uses", "momentum"):
        array = getattr(sounds, name)
        np.testing.assert_array_equal(array[: len(before[name])], before[name])
        assert array.dtype == before[name].dtype
        assert not array[len(before[name]) :].any()
    assert sounds.trending is before["trending"]
    assert sounds.recent is before["recent"]


def test_growing_a_table_with_room_does_nothing() -> None:
    videos = tiny_world().videos
    caption = videos.caption
    videos.grow(3)
    assert videos.caption is caption
