"""Craft: what videos are made of, and that an ordinary post stays as it is."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

from sim.scenario.craft import CALLS, FORMS, VALUES
from sim.testing.mechanisms import MechanismContract
from sim.testing.worlds import tiny_world
from sim.world.craft import HOLD_ONE
from sim.world.state import World

BIG: dict[str, Any] = {
    "population": {"users": 3_000, "creators": 0.5, "topics": 16},
    "creators": {"posts_per_week": 7},
}
NEUTRAL: dict[str, Any] = {
    "polish": 0.0, "question": 0.0, "poll": 0.0, "sticker": 0.0, "teach_saves": 1.0,
    "inspire_shares": 1.0, "inspire_follows": 1.0, "authentic_comments": 0.0,
    "authentic_follows": 0.0, "original_follows": 0.0, "selling": 0.0, "photo": 0.0,
    "effects": 0.0, "voice_over": 0.0, "promises": 0.0,
}  # fmt: skip


def made(**craft: Any) -> World:
    """A large catalogue with these settings of the craft."""
    return tiny_world(**BIG, catalogue={"history": 7 * 86_400.0, "craft": craft})


def column(world: World, name: str) -> Any:
    table = world.videos if name == "cover" else world.video_truth
    return getattr(table, name)[: world.videos.count].astype(np.float64)


@pytest.fixture(scope="module")
def usual() -> World:
    return made()


@pytest.fixture(scope="module")
def plain() -> World:
    return made(**NEUTRAL)


def test_shares_are_those_of_the_settings(usual: World) -> None:
    n = usual.videos.count
    near = 4 * np.sqrt(0.25 / n)
    for name, words, shares in (
        ("call", CALLS, (0.84, 0.10, 0.02, 0.04)), ("form", FORMS, (0.59, 0.06, 0.2, 0.15)),
    ):  # fmt: skip
        found = np.bincount(column(usual, name).astype(int), minlength=len(words)) / n
        np.testing.assert_allclose(found, shares, atol=near)
    assert column(usual, "selling").mean() == pytest.approx(0.08, abs=near)
    assert column(usual, "promises").mean() == pytest.approx(0.1, abs=near)


def test_what_videos_give_goes_by_category(usual: World) -> None:
    topic, value = usual.video_truth.main_topic[: usual.videos.count], column(usual, "value")
    teaches = value == VALUES.index("teaches")
    for name, share in (("comedy", 0.0), ("education", 0.8), ("diy", 0.65)):
        own = topic == usual.categories.index(name)
        assert own.sum() > 100
        assert teaches[own].mean() == pytest.approx(share, abs=0.1)


def test_an_ordinary_post_stays_as_it_is(usual: World, plain: World) -> None:
    for name in ("quality", "hook"):
        assert column(usual, name).mean() == pytest.approx(column(plain, name).mean(), abs=0.05)
        assert column(usual, name).std() == pytest.approx(column(plain, name).std(), abs=0.05)
    for name in ("comment_trait", "share_trait", "save_trait", "follow_trait"):
        ratio = column(usual, name) / np.maximum(column(plain, name), 1e-12)
        open_ = column(plain, name) > 0.0
        assert ratio[open_].mean() == pytest.approx(1.0, abs=0.03), name


def test_neutral_settings_leave_what_was_drawn(plain: World) -> None:
    # the hook and quality of the draws: correlated 0.4, and neither is moved by form or selling
    other = made(**{**NEUTRAL, "photo": 1.0, "photo_hold": 0.0})
    np.testing.assert_array_equal(column(other, "quality"), column(plain, "quality"))
    np.testing.assert_array_equal(column(other, "hook"), column(plain, "hook"))


def test_a_question_raises_comments_by_its_factor_over_the_mean(plain: World) -> None:
    asked = made(**{**NEUTRAL, "question": 0.5, "question_comments": 1.8})
    ratio = column(asked, "comment_trait") / np.maximum(column(plain, "comment_trait"), 1e-12)
    question, open_ = column(asked, "call") == 1, column(plain, "comment_trait") > 0.0
    np.testing.assert_allclose(ratio[question & open_], 1.8 / 1.4, rtol=1e-5)
    np.testing.assert_allclose(ratio[~question & open_], 1.0 / 1.4, rtol=1e-5)


def test_polish_is_a_part_of_quality(plain: World) -> None:
    polished = made(**{**NEUTRAL, "polish": 0.6})
    quality, polish = column(polished, "quality"), column(polished, "polish")
    wanted = 0.8 * column(plain, "quality") + 0.6 * polish
    np.testing.assert_allclose(quality, wanted, atol=1e-5)
    assert np.corrcoef(quality, polish)[0, 1] == pytest.approx(0.6, abs=0.05)


def test_selling_and_form_move_what_they_say(plain: World) -> None:
    sold = made(**{**NEUTRAL, "selling": 0.5, "selling_quality": -0.4, "selling_shares": 0.5})
    shift = column(sold, "quality") - column(plain, "quality")
    sells = column(sold, "selling") == 1
    np.testing.assert_allclose(shift[sells], -0.2, atol=1e-5)
    np.testing.assert_allclose(shift[~sells], 0.2, atol=1e-5)
    shares = column(sold, "share_trait") / column(plain, "share_trait")
    np.testing.assert_allclose(shares[sells], 0.5 / 0.75, rtol=1e-5)
    effects = made(**{**NEUTRAL, "effects": 0.5, "effects_hook": 0.4})
    moved = column(effects, "hook") - column(plain, "hook")
    with_effects = column(effects, "form") == FORMS.index("effects")
    np.testing.assert_allclose(moved, np.where(with_effects, 0.2, -0.2), atol=1e-5)


def test_hold_goes_with_quality_and_covers_draw_more_when_they_promise(usual: World) -> None:
    hold = column(usual, "hold") / HOLD_ONE
    assert np.corrcoef(hold, column(usual, "quality"))[0, 1] == pytest.approx(0.4, abs=0.05)
    assert hold.std() == pytest.approx(1.0, abs=0.05)
    cover, promises = column(usual, "cover"), column(usual, "promises") == 1
    assert cover.mean() == pytest.approx(0.0, abs=0.05)
    assert cover[promises].mean() - cover[~promises].mean() == pytest.approx(1.0, abs=0.15)


class TestContract(MechanismContract):
    on: ClassVar = {
        "catalogue": {"craft": {"question": 0.5, "question_comments": 5.0, "selling": 0.5}},
        "behaviour": {"watch": {"hold": 1.0}},
    }
    off: ClassVar = {"catalogue": {"craft": NEUTRAL}, "behaviour": {"watch": {"hold": 0.0}}}
    base: ClassVar = off
