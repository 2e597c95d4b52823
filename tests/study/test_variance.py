"""Quality and luck: closed forms, published examples, missing cells, invariances."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.analysis.inequality import gini
from sim.core.random import key
from sim.study.statistics.intervals import mean_interval
from sim.study.statistics.unpredictability import gini_of_worlds, market_shares, unpredictability
from sim.study.statistics.variance import VarianceComponents, variance_components

Floats = npt.NDArray[np.float64]

# Six people judged by four judges: Shrout and Fleiss 1979, Psychol. Bull. 86:420, table 2.
JUDGED = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
).T  # fmt: skip

tables = arrays(
    np.float64,
    st.tuples(st.integers(3, 6), st.integers(3, 6)),
    elements=st.floats(-100, 100).map(lambda x: round(x, 2)),
)
counts = arrays(
    np.int64, st.tuples(st.integers(3, 6), st.integers(1, 6)), elements=st.integers(0, 1000)
)


def draws(purpose: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(int(key(0, f"tests/study/{purpose}"))))


def table(
    generator: np.random.Generator, worlds: int, videos: int, parts: tuple[float, float, float]
) -> Floats:
    """[worlds, videos] with these standard deviations of videos, worlds, and the rest."""
    of_videos, of_worlds, rest = parts
    return np.asarray(
        of_videos * generator.standard_normal(videos)
        + of_worlds * generator.standard_normal((worlds, 1))
        + rest * generator.standard_normal((worlds, videos))
    )


def parts_of(found: VarianceComponents) -> list[float]:
    return [found.between_videos, found.between_worlds, found.rest]


def ends_of(found: VarianceComponents) -> list[float]:
    return [found.quality.value, found.quality.low, found.quality.high]


def test_published_example() -> None:
    found = variance_components(JUDGED)
    # Their mean squares: people 11.24, judges 32.49, the rest 1.02.
    assert found.between_videos == pytest.approx((11.2417 - 1.0194) / 4, abs=1e-3)
    assert found.between_worlds == pytest.approx((32.4861 - 1.0194) / 6, abs=1e-3)
    assert found.rest == pytest.approx(1.0194, abs=1e-3)
    # ICC(2, 1), which they print as .29
    assert found.quality.value == pytest.approx(0.2898, abs=1e-4)
    assert (found.worlds, found.videos, found.missing) == (4, 6, 0)


def test_luck_is_the_rest_of_quality() -> None:
    found = variance_components(JUDGED)
    assert found.luck.value == pytest.approx(1 - found.quality.value)
    assert (found.luck.low, found.luck.high) == (1 - found.quality.high, 1 - found.quality.low)
    total = sum(parts_of(found))
    assert found.quality.value == pytest.approx(found.between_videos / total)
    assert 0 <= found.quality.low < found.quality.value < found.quality.high <= 1


def test_interval_by_hand() -> None:
    def scaled(y: Floats) -> float:
        luck = float(y.var(axis=0, ddof=1).mean())
        mean_w, mean_v = y.mean(axis=1, keepdims=True), y.mean(axis=0)
        rest = float(((y - mean_w - mean_v + y.mean()) ** 2).sum())
        rest /= (y.shape[0] - 1) * (y.shape[1] - 1)
        between = float(y.var(axis=1, ddof=1).mean()) - rest
        return math.log(1 + 4 * between / luck)

    def error(values: list[float]) -> float:
        n = len(values)
        return math.sqrt((n - 1) / n * float(np.square(values - np.mean(values)).sum()))

    y = JUDGED.astype(float)
    by_world = error([scaled(np.delete(y, i, axis=0)) for i in range(4)])
    by_video = error([scaled(np.delete(y, i, axis=1)) for i in range(6)])
    both = by_world**2 + by_video**2
    free = both**2 / (by_world**4 / 3 + by_video**4 / 5)
    half = float(scipy.stats.t.ppf(0.975, free)) * math.sqrt(both)
    low, high = (math.exp(scaled(y) + way * half) - 1 for way in (-1, 1))
    found = variance_components(y).quality
    assert found.low == pytest.approx(max(0, low / (low + 4)))
    assert found.high == pytest.approx(high / (high + 4))


def test_two_extremes() -> None:
    videos = np.array([1.0, 5.0, 2.0, 9.0])
    same_everywhere = variance_components(np.tile(videos, (3, 1)))
    assert ends_of(same_everywhere) == [1, 1, 1]
    assert parts_of(same_everywhere) == pytest.approx([videos.var(ddof=1), 0, 0])
    all_alike = variance_components(np.tile(videos[:, None], (1, 3)))
    assert all_alike.quality.value == 0
    assert parts_of(all_alike) == pytest.approx([0, videos.var(ddof=1), 0])


@pytest.mark.parametrize("lucky", [([0], [0]), ([0, 0], [0, 1]), ([0, 1], [0, 0])])
def test_luck_of_one_world_or_video_alone_says_nothing_of_how_common_it_is(
    lucky: tuple[list[int], list[int]],
) -> None:
    y = np.tile([1.0, 2.0, 3.0], (4, 1))
    y[lucky] = 9.0
    assert ends_of(variance_components(y))[1:] == [0, 1]


def test_what_a_world_gives_to_all_is_no_quality() -> None:
    # A one-way table of videos would find (MS between - MS within) / W, far too little.
    y = table(draws("tide"), 6, 200, (1.0, 3.0, 0.5))
    found = variance_components(y)
    assert found.between_videos == pytest.approx(1.0, abs=0.25)
    one_way = y.mean(axis=0).var(ddof=1) - y.var(axis=0, ddof=1).mean() / 6
    assert one_way < 0
    assert found.rest == pytest.approx(0.25, abs=0.03)


@given(tables, st.floats(0.1, 100), st.floats(-100, 100), st.data())
def test_components_do_not_depend_on_unit_origin_or_order(
    y: Floats, factor: float, shift: float, data: st.DataObject
) -> None:
    y = y + 1000.0 * np.eye(*y.shape)  # never without variance
    found = variance_components(y)
    worlds = data.draw(st.permutations(range(y.shape[0])))
    videos = data.draw(st.permutations(range(y.shape[1])))
    scale = sum(parts_of(found))
    for other, square in (
        (variance_components(factor * y + shift), factor**2),
        (variance_components(y[worlds][:, videos]), 1.0),
        (variance_components(-y), 1.0),
    ):
        expected = [square * part for part in parts_of(found)]
        assert parts_of(other) == pytest.approx(expected, rel=1e-6, abs=1e-8 * square * scale)
        assert ends_of(other) == pytest.approx(ends_of(found), abs=1e-6)
    assert 0 <= found.quality.low <= found.quality.value <= found.quality.high <= 1
    assert min(parts_of(found)) >= 0


# Missing cells


def holes(generator: np.random.Generator, y: Floats, share: float) -> Floats:
    return np.where(generator.random(y.shape) < share, np.nan, y)


def test_missing_cells_are_left_out_of_the_fit() -> None:
    # The same sums of squares, from a regression on dummies of worlds and videos.
    generator = draws("holes")
    y = holes(generator, table(generator, 5, 8, (1.0, 0.7, 0.5)), 0.2)
    w, v = np.nonzero(~np.isnan(y))
    values = y[w, v]
    dummies = np.hstack([np.eye(5)[w], np.eye(8)[v]])
    fitted = dummies @ np.linalg.lstsq(dummies, values, rcond=None)[0]
    cells = values.size
    rest = ((values - fitted) ** 2).sum() / (cells - 12)
    within_v = sum(((col - col.mean()) ** 2).sum() for col in (values[v == i] for i in range(8)))
    within_w = sum(((row - row.mean()) ** 2).sum() for row in (values[w == i] for i in range(5)))
    found = variance_components(y)
    assert found.missing == 40 - cells
    assert found.rest == pytest.approx(rest)
    assert found.between_worlds == pytest.approx(within_v / (cells - 8) - rest)
    assert found.between_videos == pytest.approx(within_w / (cells - 5) - rest)


def test_worlds_and_videos_without_any_value_do_not_count() -> None:
    y = np.full((6, 8), np.nan)
    y[:4, 1:7] = JUDGED
    found, plain = variance_components(y), variance_components(JUDGED)
    assert (found.worlds, found.videos, found.missing) == (4, 6, 0)
    assert parts_of(found) == pytest.approx(parts_of(plain))
    assert ends_of(found) == pytest.approx(ends_of(plain))


def test_one_hole_changes_little() -> None:
    y = table(draws("hole"), 10, 40, (1.0, 0.5, 1.0))
    plain = variance_components(y)
    y[3, 7] = np.nan
    found = variance_components(y)
    assert found.missing == 1
    assert parts_of(found) == pytest.approx(parts_of(plain), rel=0.02)
    assert ends_of(found) == pytest.approx(ends_of(plain), abs=0.01)


def test_estimates_are_unbiased_with_a_quarter_missing() -> None:
    generator = draws("unbiased")
    found = []
    for _ in range(400):
        y = holes(generator, table(generator, 6, 12, (2.0, 1.0, 1.0)), 0.25)
        found.append(parts_of(variance_components(y)))
    means, errors = np.mean(found, axis=0), np.std(found, axis=0) / 20
    assert (np.abs(means - [4.0, 1.0, 1.0]) < 3 * errors).all()


def test_quality_is_covered_with_a_tenth_missing() -> None:
    generator = draws("covered holes")
    inside = 0
    for _ in range(2_000):
        y = holes(generator, table(generator, 4, 8, (1.0, 0.5, 1.0)), 0.1)
        found = variance_components(y).quality
        inside += found.low <= 1 / 2.25 <= found.high
    # 95 % and more: it errs to the wide side with few worlds
    assert inside / 2_000 >= 0.95


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([1.0, 2.0], r"a table \[worlds, videos\]"),
        (np.zeros((0, 0)), "got 0 and 0"),
        (np.eye(2), "at least 3 worlds and 3 videos; got 2 and 2"),
        (np.eye(5)[:2], "got 2 and 5"),
        (np.full((4, 4), np.nan), "got 0 and 0"),
        (np.full((4, 4), 0.1), "all values are the same"),
        (np.where(np.eye(4) > 0, 0.3, 0.1 + 0.2), "all values are the same"),
        (np.where(np.eye(3) > 0, np.inf, 1.0), "finite"),
        (np.where(np.eye(5) > 0, 1.0, np.nan), "too few videos"),
        # two halves that share no video
        (np.where(np.kron(np.eye(2), np.ones((3, 3))) > 0, 1.0, np.nan), "too few videos"),
    ],
)
def test_what_cannot_be_split_is_refused(values: npt.ArrayLike, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        variance_components(values)


# Unpredictability


def test_market_shares() -> None:
    shares = market_shares([[1, 3], [2, 2]])
    assert shares.tolist() == [[0.25, 0.75], [0.5, 0.5]]


def test_unpredictability_by_hand() -> None:
    # shares of video 0: 0.2, 0.5, 0.6 -> pairs 0.3, 0.4, 0.1; of video 1 the same
    found = unpredictability([[2, 8], [5, 5], [6, 4]])
    assert found.each == pytest.approx([0.8 / 3, 0.8 / 3])
    assert found.overall.value == pytest.approx(0.8 / 3)
    # without one world a single pair is left: 0.1, 0.4, 0.3; t(0.975, 2) = 4.30265
    spread = math.sqrt(2 / 3 * np.square(np.array([0.1, 0.4, 0.3]) - 0.8 / 3).sum())
    assert found.overall.high == pytest.approx(0.8 / 3 + 4.30265 * spread, abs=1e-5)
    assert found.overall.low == 0
    assert found.each_high == pytest.approx([found.overall.high] * 2)


def test_unpredictability_at_its_extremes() -> None:
    nothing = unpredictability(np.tile([1, 5, 2], (4, 1)))
    assert (nothing.overall.value, nothing.overall.low, nothing.overall.high) == (0, 0, 0)
    # another winner takes all in every world: 2 of 4 videos differ by 1 in each pair
    winners = unpredictability(np.eye(4))
    assert winners.overall.value == pytest.approx(0.5)


@given(counts, st.data())
def test_unpredictability_against_all_pairs(
    views: npt.NDArray[np.int64], data: st.DataObject
) -> None:
    views = views + 1
    found = unpredictability(views)
    shares = views / views.sum(axis=1, keepdims=True)
    worlds = views.shape[0]
    pairs = [(j, k) for j in range(worlds) for k in range(j)]
    each = np.mean([np.abs(shares[j] - shares[k]) for j, k in pairs], axis=0)
    assert found.each == pytest.approx(each)
    assert found.overall.value == pytest.approx(each.mean())
    left_out = [
        np.mean([np.abs(shares[j] - shares[k]) for j, k in pairs if w not in (j, k)], axis=0)
        for w in range(worlds)
    ]
    point = float(scipy.stats.t.ppf(0.975, worlds - 1))
    half = point * np.sqrt(
        (worlds - 1) / worlds * np.square(left_out - np.mean(left_out, axis=0)).sum(axis=0)
    )
    assert found.each_high == pytest.approx(each + half)
    assert found.each_low == pytest.approx(np.maximum(0, each - half), abs=1e-12)

    # What counts is shares: a world with more views is the same, and so is another order.
    more = np.array(data.draw(st.lists(st.integers(1, 9), min_size=worlds, max_size=worlds)))
    order = data.draw(st.permutations(range(views.shape[1])))
    other = unpredictability((views * more[:, None])[::-1][:, order])
    assert other.each == pytest.approx(each[order])
    assert other.overall.low == pytest.approx(found.overall.low, abs=1e-9)
    assert other.overall.high == pytest.approx(found.overall.high, abs=1e-9)


@given(counts)
def test_gini_of_worlds_is_that_of_the_views(views: npt.NDArray[np.int64]) -> None:
    assume(bool((views.sum(axis=1) > 0).all()))
    each, mean = gini_of_worlds(views)
    assert each == pytest.approx([gini(row) for row in views])
    assert mean == mean_interval(each)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([1, 2, 3], r"a table \[worlds, videos\]"),
        (np.zeros((3, 0)), r"a table \[worlds, videos\]"),
        ([[1, 2], [-1, 2], [1, 1]], "not negative"),
        ([[1, 2], [math.nan, 2], [1, 1]], "finite"),
        ([[1, 2], [0, 0], [1, 1]], "world 1 gave nothing"),
    ],
)
def test_what_has_no_market_shares_is_refused(values: npt.ArrayLike, what: str) -> None:
    for function in (market_shares, unpredictability, gini_of_worlds):
        with pytest.raises(ValueError, match=what):
            function(values)


def test_few_worlds_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 3 worlds; got 2"):
        unpredictability([[1, 2], [2, 1]])
    with pytest.raises(ValueError, match="at least 2 worlds; got 1"):
        gini_of_worlds([[1, 2]])
