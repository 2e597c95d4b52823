"""Quality and luck: known shares are found again, and what cannot be known is said."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from sim.study.runs.outcome import PROBE_COLUMNS, Outcome
from sim.study.worlds.luck import ProbeLuck, probe_columns, probe_luck

Floats = npt.NDArray[np.float64]


def outcomes(reach: Floats, quality: Floats, hook: Floats | None = None) -> list[Outcome]:
    """Worlds with one probe from tables [W, V]; the other traits are those of the quality."""
    made = []
    for w, (reached, good) in enumerate(zip(reach, quality, strict=True)):
        n = len(reached)
        columns = {
            "number": list(range(n)),
            "quality": good.tolist(),
            "hook": (good if hook is None else hook[w]).tolist(),
            "duration_s": (20.0 + 5.0 * np.tanh(good)).tolist(),
            "topic": (good > 0).astype(int).tolist(),
            "views": (2 * reached).tolist(),
            "reach": reached.tolist(),
            "viral": (reached >= 50).tolist(),
        }
        assert set(columns) == set(PROBE_COLUMNS)
        made.append(Outcome(f"{w:032x}", w, {}, "0", 0, 0.0, None, {"p": columns}))
    return made


def drawn(
    seed: int, worlds: int, videos: int, share: float, *, same: bool, world: float = 0.0
) -> list[Outcome]:
    """Videos whose log reach has this share of variance from quality, and one from the world."""
    draw = np.random.default_rng(seed)
    quality = draw.normal(size=(1 if same else worlds, videos)) * np.ones((worlds, 1))
    luck = np.sqrt(1 - share - world) * draw.normal(size=(worlds, videos))
    common = np.sqrt(world) * draw.normal(size=(worlds, 1))
    y = 5.0 + 0.5 * (np.sqrt(share) * quality + luck + common)  # far from 0, so rounding is small
    return outcomes(np.round(10**y - 1), quality)


def found(*args: float, same: bool, world: float = 0.0) -> ProbeLuck:
    seed, worlds, videos, share = args
    made = drawn(int(seed), int(worlds), int(videos), share, same=same, world=world)
    return probe_luck("p", made, 1)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("same", [True, False])
def test_a_known_share_is_inside_the_interval(share: float, same: bool) -> None:
    luck = found(4, 30, 80, share, same=same)
    assert luck.same_videos == same
    assert luck.quality is not None
    assert luck.luck is not None
    assert luck.quality.low < share < luck.quality.high
    assert luck.quality.value == pytest.approx(share, abs=0.12)
    assert luck.luck.value == pytest.approx(1 - luck.quality.value)
    assert luck.luck.low == pytest.approx(1 - luck.quality.high)
    assert luck.world == pytest.approx(0.0, abs=0.02)
    assert (luck.unpredictability is not None) == same


@pytest.mark.parametrize("same", [True, False])
def test_the_world_as_a_whole_is_part_of_luck(same: bool) -> None:
    luck = found(8, 60, 60, 0.3, same=same, world=0.4)
    assert luck.quality is not None
    assert luck.world == pytest.approx(0.4, abs=0.1)
    assert luck.quality.value == pytest.approx(0.3, abs=0.12)
    # few videos a world have a mean that differs by chance, which is not the world's doing
    assert found(8, 200, 4, 0.3, same=same).world == pytest.approx(0.0, abs=0.05)


def test_traits_that_do_nothing_explain_nothing_on_average() -> None:
    shares = [found(seed, 5, 12, 0.0, same=False).quality for seed in range(60)]
    values = [share.value for share in shares if share is not None]
    assert len(values) == 60
    # cut at 0, so the mean of those above is what little the cut leaves
    assert np.mean(values) < 0.06
    assert np.median(values) < 0.05


def test_traits_explain_also_what_is_not_linear() -> None:
    draw = np.random.default_rng(3)
    quality, hook = draw.normal(size=(2, 20, 60))
    y = 3.0 + 0.4 * quality**2 + 0.1 * draw.normal(size=quality.shape)
    luck = probe_luck("p", outcomes(np.round(10**y), quality, hook), 1)
    assert luck.quality is not None
    assert luck.quality.value > 0.9


def test_unpredictability_is_the_mean_difference_of_shares_between_two_worlds() -> None:
    made = drawn(2, 5, 7, 0.4, same=True)
    luck = probe_luck("p", made, 1)
    views = probe_columns("p", made)["views"]
    shares = views / views.sum(axis=1, keepdims=True)
    pairs = [np.abs(shares[j] - shares[k]).mean() for j, k in combinations(range(5), 2)]
    assert luck.unpredictability is not None
    assert luck.unpredictability.value == pytest.approx(np.mean(pairs))


def test_the_same_worlds_give_the_same_intervals() -> None:
    made = drawn(5, 12, 30, 0.5, same=False)
    assert probe_luck("p", made, 1) == probe_luck("p", made, 1)
    assert probe_luck("p", made, 1).quality != probe_luck("p", made, 2).quality


def test_failed_runs_and_videos_that_a_world_lacks_are_left_out() -> None:
    made = drawn(5, 6, 10, 0.5, same=True)
    short = {name: column[:-1] for name, column in (made[2].probes or {})["p"].items()}
    some = [*made[:2], Outcome("k", 2, {}, "0", 0, 0.0, None, {"p": short}), None, *made[4:]]
    luck = probe_luck("p", some, 1)
    assert (luck.worlds, luck.videos) == (5, 9)
    assert luck.quality is not None


@pytest.mark.parametrize(
    ("worlds", "videos", "reason"),
    [(1, 5, "too few"), (4, 1, "too few"), (3, 2, "too few to fit"), (0, 5, "too few")],
)
def test_too_little_is_said(worlds: int, videos: int, reason: str) -> None:
    luck = probe_luck("p", drawn(1, max(worlds, 1), videos, 0.5, same=False)[:worlds], 1)
    assert luck.quality is None
    assert reason in luck.reason


def test_equal_reach_has_no_variance_to_split() -> None:
    quality = np.random.default_rng(1).normal(size=(4, 6))
    luck = probe_luck("p", outcomes(np.full((4, 6), 7.0), quality), 1)
    assert luck.quality is None
    assert "equally many" in luck.reason
    silent = probe_luck("p", outcomes(np.zeros((4, 6)), quality), 1)
    assert silent.gini is None


def test_a_probe_that_is_not_there_is_no_error() -> None:
    assert probe_luck("q", drawn(1, 3, 4, 0.5, same=True), 1).worlds == 0
