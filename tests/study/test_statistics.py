"""Intervals over worlds: closed forms, invariances, and refusals."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats
from hypothesis import assume, given
from hypothesis import strategies as st

from sim.analysis.intervals import wilson
from sim.core.random import key
from sim.study.statistics.bootstrap import bootstrap_interval
from sim.study.statistics.intervals import Interval, mean_interval, share_interval, worlds_needed
from sim.study.statistics.jackknife import jackknife_half_width, without_each
from sim.study.statistics.multiple import holm, say_comparisons
from sim.study.statistics.paired import paired_difference, relative_difference, variance_saved

Floats = npt.NDArray[np.float64]

TENTHS = 0.1 * np.arange(1, 13)

numbers = st.floats(-1e3, 1e3).map(lambda x: round(x, 3))
samples = st.lists(numbers, min_size=2, max_size=12)
pairs = st.lists(st.tuples(numbers, numbers), min_size=4, max_size=12)
factors = st.floats(0.1, 100)
shifts = st.floats(-100, 100)


def draws(purpose: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(int(key(0, f"tests/study/{purpose}"))))


def same(a: Interval | None, b: Interval | None, scale: float = 1.0) -> None:
    """Both None, or the same three numbers up to rounding at this scale."""
    if a is None or b is None:
        assert a is b
        return
    close = {"rel": 1e-6, "abs": 1e-9 * max(scale, 1.0)}
    assert (a.value, a.low, a.high) == (
        pytest.approx(b.value, **close),
        pytest.approx(b.low, **close),
        pytest.approx(b.high, **close),
    )


def moved(interval: Interval, factor: float = 1.0, shift: float = 0.0) -> Interval:
    a, b = factor * interval.low + shift, factor * interval.high + shift
    return Interval(factor * interval.value + shift, min(a, b), max(a, b), interval.level)


def test_mean_of_two_worlds() -> None:
    # sd √2, standard error 1, t(0.975, 1) = 12.7062
    found = mean_interval([1, 3])
    assert found.value == 2
    assert found.low == pytest.approx(2 - 12.7062, abs=1e-4)
    assert found.half_width == pytest.approx(12.7062, abs=1e-4)
    assert found.excludes(15)
    assert found.excludes(-11)
    assert not found.excludes(0)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
def test_mean_is_that_of_scipy(level: float) -> None:
    values = draws("mean").normal(3, 2, 9)
    low, high = scipy.stats.t.interval(level, 8, values.mean(), scipy.stats.sem(values))
    same(mean_interval(values, level), Interval(values.mean(), low, high, level))


@given(samples, factors, shifts)
def test_mean_moves_with_its_values(values: list[float], factor: float, shift: float) -> None:
    x = np.array(values)
    found = mean_interval(x)
    same(mean_interval(factor * x + shift), moved(found, factor, shift), 1e5)
    same(mean_interval(-x), moved(found, -1), 1e5)
    same(mean_interval(np.sort(x)), found, 1e5)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ([], "at least 2 worlds; got 0"),
        ([1.0], "at least 2 worlds; got 1"),
        ([1.0, math.nan, 2.0], "world 1 is not"),
        ([1.0, math.inf], "finite"),
        ([[1.0, 2.0]], "one a world"),
    ],
)
def test_what_is_no_sample_is_refused(values: list[float], what: str) -> None:
    for function in (
        mean_interval,
        lambda x: share_interval(x, x),
        lambda x: worlds_needed(x, 1.0),
        lambda x: paired_difference(x, x),
        lambda x: relative_difference(x, x),
        lambda x: variance_saved(x, x),
    ):
        with pytest.raises(ValueError, match=what):
            function(values)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, math.nan])
def test_an_impossible_level_is_refused(level: float) -> None:
    x = [1.0, 2.0, 4.0]
    for call in (
        lambda: mean_interval(x, level),
        lambda: share_interval([1, 2], [5, 5], level),
        lambda: share_interval([0, 0], [5, 5], level),
        lambda: worlds_needed(x, 1.0, level),
        lambda: paired_difference(x, x, level),
        lambda: variance_saved(x, x, level),
        lambda: variance_saved(x[:2], x[:2], level),
        lambda: bootstrap_interval(x, lambda r: r.mean(axis=1), 0, level=level),
    ):
        with pytest.raises(ValueError, match="level must be between 0 and 1"):
            call()


# Shares


@pytest.mark.parametrize("counts", [[0, 0, 0], [50, 50, 50], [5, 5, 5], [5, 5, 6]])
def test_a_share_of_worlds_that_are_alike_is_wilsons(counts: list[int]) -> None:
    found = share_interval(counts, [50, 50, 50])
    plain = wilson(sum(counts), 150)
    assert (found.value, found.low, found.high) == (plain.share, plain.low, plain.high)


def test_worlds_that_differ_widen_a_share() -> None:
    found, plain = share_interval([0, 5, 40], [50, 50, 50]), wilson(45, 150)
    assert plain.low is not None
    assert plain.high is not None
    assert found.low < plain.low
    assert found.high > plain.high
    assert found.low >= 0
    # The effective number n' = 150 / d, with t in place of z, by hand: s² of the shares / 3.
    shares = np.array([0, 0.1, 0.8])
    square = float(scipy.stats.t.ppf(0.975, 2) ** 2 * shares.var(ddof=1) / 3)
    k = square / (0.3 * 0.7)
    middle, half = (0.3 + k / 2) / (1 + k), math.sqrt(square + k * k / 4) / (1 + k)
    assert (found.low, found.high) == pytest.approx((middle - half, middle + half))


def test_a_share_counts_videos_not_worlds() -> None:
    assert share_interval([1, 0], [10, 90]).value == 0.01


@pytest.mark.parametrize(
    ("counts", "totals", "what"),
    [
        ([1, 2], [3], "as many|at least"),
        ([1, 2], [3, 3, 3], "as many"),
        ([1, 4], [3, 3], "whole numbers"),
        ([-1, 2], [3, 3], "whole numbers"),
        ([0.5, 2], [3, 3], "whole numbers"),
        ([0, 0], [0, 0], "none in any world"),
    ],
)
def test_impossible_counts_are_refused(counts: list[float], totals: list[float], what: str) -> None:
    with pytest.raises(ValueError, match=what):
        share_interval(counts, totals)


# Worlds needed


@given(samples, st.floats(0.5, 1e3), st.sampled_from([0.8, 0.95, 0.99]))
def test_worlds_needed_are_enough_and_no_more(
    values: list[float], half_width: float, level: float
) -> None:
    needed, spread = worlds_needed(values, half_width, level), np.std(values, ddof=1)

    def reached(worlds: int) -> float:
        point = scipy.stats.t.ppf((1 + level) / 2, worlds - 1)
        return float(point * spread / math.sqrt(worlds))

    assert reached(needed) <= half_width * (1 + 1e-9)
    assert needed == 2 or reached(needed - 1) > half_width * (1 - 1e-9)


def test_worlds_needed_at_the_edges() -> None:
    assert worlds_needed([3, 3, 3], 0.1) == 2
    # s = 1: 1.96² / 0.01² is close for so many
    assert worlds_needed([-1, 0, 1], 0.01) == pytest.approx(38_417, abs=5)
    assert worlds_needed([-1, 0, 1], 1e-12) > 10**15
    for width in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="half_width must be positive"):
            worlds_needed([1, 2], width)
    for assurance in (0.0, 1.0):
        with pytest.raises(ValueError, match="assurance must be between"):
            worlds_needed([1, 2], 1, assurance=assurance)


def test_an_assurance_keeps_its_word() -> None:
    # 10 worlds played, then as many as were asked for: how often is the interval narrow enough?
    generator, kept, plain = draws("assurance"), 0, 0
    for _ in range(2_000):
        first = generator.standard_normal(10)
        for assurance in (0.8, None):
            needed = worlds_needed(first, 0.25, assurance=assurance)
            spread = math.sqrt(generator.chisquare(needed - 1) / (needed - 1))
            point = scipy.stats.t.ppf(0.975, needed - 1)
            narrow = point * spread / math.sqrt(needed) <= 0.25
            if assurance is None:
                plain += narrow
            else:
                kept += narrow
    assert 0.76 <= kept / 2_000 <= 0.84
    assert 0.35 <= plain / 2_000 <= 0.55


# Bootstrap


def mean(x: Floats) -> Floats:
    return np.asarray(x.mean(axis=1))


def test_bootstrap_is_fixed_by_its_seed() -> None:
    values = draws("bootstrap").normal(0, 1, 12)
    first = bootstrap_interval(values, mean, seed=1)
    assert first == bootstrap_interval(values, mean, seed=1)
    assert first != bootstrap_interval(values, mean, seed=2)
    assert first.value == values.mean()


def test_bootstrap_takes_worlds_as_a_whole() -> None:
    values = np.arange(24.0).reshape(4, 3, 2)
    seen = []

    def watching(x: Floats) -> Floats:
        seen.append(x)
        return np.asarray(x.mean(axis=(1, 2, 3)))

    bootstrap_interval(values, watching, seed=3, draws=200)
    assert [x.shape for x in seen] == [(1, 4, 3, 2), (200, 4, 3, 2), (4, 3, 3, 2)]
    worlds = (seen[1][..., 0, 0] / 6).astype(int)
    assert (seen[1] == values[worlds]).all()
    assert set(worlds.ravel()) == {0, 1, 2, 3}
    assert (np.sort(seen[2][:, :, 0, 0] / 6) == without_each(4)).all()


def test_bootstrap_in_blocks_is_the_same() -> None:
    wide = np.tile(draws("blocks").normal(0, 1, (5, 1)), (1, 40_000))
    narrow = bootstrap_interval(wide[:, 0], mean, seed=4, draws=100)
    found = bootstrap_interval(wide, lambda x: x.mean(axis=(1, 2)), seed=4, draws=100)
    same(found, narrow)


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_bootstrap_of_a_mean_is_near_student(method: str) -> None:
    values = draws("student").normal(5, 2, 30)
    found = bootstrap_interval(values, mean, 5, method=method)  # type: ignore[arg-type]
    student = mean_interval(values)
    assert found.low == pytest.approx(student.low, abs=0.1 * student.half_width)
    assert found.high == pytest.approx(student.high, abs=0.1 * student.half_width)


def test_bca_follows_the_skew() -> None:
    values = np.exp(draws("skew").standard_normal(30))
    bca = bootstrap_interval(values, mean, 6)
    plain = bootstrap_interval(values, mean, 6, method="percentile")
    assert bca.low > plain.low
    assert bca.high > plain.high
    # For a mean, the percentile interval leans the same way, but less.
    assert plain.high - plain.value > plain.value - plain.low


def test_bca_is_that_of_scipy() -> None:
    # The variance divided by W is biased and skewed, so that both corrections matter.
    values = np.exp(draws("bca").normal(0, 0.5, 15))
    found = bootstrap_interval(values, lambda x: x.var(axis=1), 7, draws=20_000)
    # Its plain interval, at the level that the expanded ends stand for.
    level = 1 - 2 * scipy.stats.norm.sf(math.sqrt(15 / 14) * scipy.stats.t.ppf(0.975, 14))
    other = scipy.stats.bootstrap(
        (values,), np.var, confidence_level=level, n_resamples=20_000, method="BCa",
        vectorized=True, rng=draws("scipy"),
    ).confidence_interval  # fmt: skip
    assert (found.low, found.high) == pytest.approx((other.low, other.high), rel=0.03)


@given(samples, factors, shifts)
def test_bootstrap_moves_with_its_values(values: list[float], factor: float, shift: float) -> None:
    x = np.array(values)
    assume(x.std() > 0.1)
    found = bootstrap_interval(x, mean, 7, draws=200, method="percentile")
    other = bootstrap_interval(factor * x + shift, mean, 7, draws=200, method="percentile")
    same(other, moved(found, factor, shift), 1e5)


def test_bootstrap_of_worlds_that_are_all_the_same_is_a_point() -> None:
    found = bootstrap_interval([0.1] * 5, mean, 8)
    assert (found.low, found.high) == pytest.approx((0.1, 0.1))


def test_bootstrap_leaves_out_what_is_not_defined() -> None:
    def spread_ratio(x: Floats) -> Floats:
        return np.asarray(x[:, :, 0].var(axis=1) / x[:, :, 1].var(axis=1))

    values = draws("undefined").normal(0, 1, (3, 2))
    found = bootstrap_interval(values, spread_ratio, 9)
    assert found.low <= found.value <= found.high
    assert np.isfinite([found.low, found.high]).all()


@pytest.mark.parametrize(
    ("values", "statistic", "what"),
    [
        ([1.0], mean, "at least 2 worlds"),
        (1.0, mean, "one a world"),
        ([1.0, math.nan], mean, "finite"),
        ([1.0, 2.0], lambda x: x, "one number a resample"),
        ([1.0, 2.0], lambda x: x.mean(), "one number a resample"),
        ([1.0, 2.0], lambda x: np.full(x.shape[0], np.nan), "not defined on these worlds"),
        ([1.0, 2.0, 3.0], lambda x: 1 / (x[:, 0] == 1) / (x[:, 1] == 2), "on most resamples"),
    ],
)
def test_bootstrap_refuses(values: object, statistic: object, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        bootstrap_interval(values, statistic, 1)  # type: ignore[arg-type]


def test_bootstrap_refuses_too_few_draws() -> None:
    with pytest.raises(ValueError, match="draws must be at least 100"):
        bootstrap_interval([1.0, 2.0], mean, 1, draws=99)


def test_jackknife_of_a_mean_is_student() -> None:
    values = draws("jackknife").normal(0, 1, (7, 2))
    half = jackknife_half_width(np.array([values[i].mean(axis=0) for i in without_each(7)]))
    assert half == pytest.approx([mean_interval(values[:, j]).half_width for j in (0, 1)])
    with pytest.raises(ValueError, match="at least 3 worlds; got 2"):
        jackknife_half_width([1.0, 2.0])


# Pairs


def test_paired_difference_is_the_paired_t_test() -> None:
    generator = draws("paired")
    before = generator.normal(10, 3, 8)
    after = before + generator.normal(1, 1, 8)
    found = paired_difference(before, after)
    test = scipy.stats.ttest_rel(after, before)
    low, high = test.confidence_interval(0.95)
    assert found.p == pytest.approx(test.pvalue)
    same(found.interval, Interval((after - before).mean(), low, high, 0.95))
    assert found.before == before.mean()
    assert found.after == after.mean()
    assert found.difference == found.interval.value
    assert found.pairs == 8
    same(found.relative, relative_difference(before, after))
    same(found.variance_saved, variance_saved(before, after))


@given(pairs, factors, shifts)
def test_what_both_worlds_share_cancels(
    values: list[tuple[float, float]], factor: float, shift: float
) -> None:
    before, after = np.array(values).T
    assume((after - before).std() > 0.01)
    found = paired_difference(before, after)
    world = shift * np.arange(before.size)
    same(paired_difference(before + world, after + world).interval, found.interval, 1e5)
    turned = paired_difference(after, before)
    same(turned.interval, moved(found.interval, -1), 1e5)
    assert turned.p == pytest.approx(found.p)
    scaled = paired_difference(factor * before, factor * after)
    same(scaled.interval, moved(found.interval, factor), 1e5)
    assert scaled.p == pytest.approx(found.p)
    order = np.argsort(before, kind="stable")
    same(paired_difference(before[order], after[order]).interval, found.interval, 1e5)


def test_no_difference_and_a_constant_one() -> None:
    before = np.array([8.0, 9.0, 11.0])
    nothing = paired_difference(before, before)
    assert (nothing.difference, nothing.p, nothing.variance_saved) == (0, 1, None)
    assert nothing.relative is not None
    assert nothing.relative.value == 0
    constant = paired_difference(before, before + 0.5)
    assert (constant.difference, constant.p, constant.variance_saved) == (0.5, 0, None)
    assert constant.interval.half_width == 0


def test_pairs_must_match() -> None:
    for function in (paired_difference, relative_difference, variance_saved):
        with pytest.raises(ValueError, match="as many values before as after; got 3 and 2"):
            function([1, 2, 3], [1, 2])


def test_fieller_ends_are_where_the_t_test_turns() -> None:
    generator = draws("fieller")
    before = generator.normal(5, 1, 9)
    after = 1.5 * before + generator.normal(0, 0.5, 9)
    found = relative_difference(before, after)
    assert found is not None
    assert found.value == pytest.approx(after.mean() / before.mean() - 1)
    for end in (found.low, found.high):
        p = scipy.stats.ttest_1samp(after - (1 + end) * before, 0).pvalue
        assert p == pytest.approx(0.05)
    assert found.low < found.value < found.high


def test_relative_to_nothing_is_not_said() -> None:
    assert relative_difference([-1, 1], [1, 2]) is None
    assert relative_difference([-1.0, 1.2, 0.1], [1, 2, 3]) is None
    assert relative_difference([0, 0, 0], [1, 2, 3]) is None
    assert relative_difference([5e-324] * 3, [1, 2, 3]) is None
    assert relative_difference([1e-320] * 3, [1e-320] * 3) is not None


@given(pairs, factors)
def test_relative_difference_has_no_unit(values: list[tuple[float, float]], factor: float) -> None:
    before, after = np.array(values).T
    before = np.abs(before) + 500  # its mean is clearly not 0
    found = relative_difference(before, after)
    assume(found is not None)
    assert found is not None
    assert found.low - 1e-9 <= found.value <= found.high + 1e-9
    same(relative_difference(factor * before, factor * after), found)
    same(relative_difference(before[::-1], after[::-1]), found)
    # More is more, also where the numbers are negative: the sign is that of the difference.
    same(relative_difference(-before, -after), moved(found, -1))


def test_variance_saved_by_hand() -> None:
    before = np.array([1.0, 2.0, 3.0, 4.0])
    after = np.array([1.0, 3.0, 2.0, 4.0])
    # both 5/3; differences 0, 1, -1, 0: 2/3
    found = variance_saved(before, after)
    assert found is not None
    assert found.value == pytest.approx(5.0)
    logs = []
    for i in range(4):
        a, b = np.delete(before, i), np.delete(after, i)
        logs.append(math.log((a.var(ddof=1) + b.var(ddof=1)) / (b - a).var(ddof=1)))
    spread = math.sqrt(3 / 4 * sum((x - np.mean(logs)) ** 2 for x in logs))
    half = float(scipy.stats.t.ppf(0.975, 3)) * spread
    assert found.low == pytest.approx(5 * math.exp(-half))
    assert found.high == pytest.approx(5 * math.exp(half))


@given(pairs, factors, shifts, shifts)
def test_variance_saved_has_neither_unit_nor_origin(
    values: list[tuple[float, float]], factor: float, one: float, other: float
) -> None:
    before, after = np.array(values).T
    found = variance_saved(before, after)
    assume(found is not None)
    assert found is not None
    assume(found.high < 1e6)
    same(variance_saved(factor * before + one, factor * after + other), found, found.high)
    same(variance_saved(after, before), found, found.high)
    same(variance_saved(before[::-1], after[::-1]), found, found.high)


def test_pairing_independent_worlds_saves_nothing() -> None:
    before, after = draws("independent").normal(0, 1, (2, 200))
    found = variance_saved(before, after)
    assert found is not None
    assert found.low < 1 < found.high
    assert found.half_width < 0.3


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([1, 2], [2, 4]),  # too few to leave one out
        ([1, 1, 1], [2, 2, 2]),  # nothing varies
        ([1, 2, 3], [2, 3, 4]),  # all differ alike
        (TENTHS, TENTHS + 0.7),  # all differ alike but for rounding
        ([1, 2, 3], [2, 3, 5]),  # all but one differ alike
    ],
)
def test_variance_saved_that_cannot_be_said(before: list[float], after: list[float]) -> None:
    assert variance_saved(before, after) is None
    assert paired_difference(before, after).variance_saved is None


# Several comparisons


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.6]) == pytest.approx([1.0, 1.0])
    assert holm([0.02]) == pytest.approx([0.02])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_keeps_the_order(p_values: list[float]) -> None:
    p = np.array(p_values)
    found = holm(p)
    assert (found >= p).all()
    assert (found <= np.minimum(1, p * p.size)).all()
    assert (np.diff(found[np.argsort(p)]) >= 0).all()
    assert (holm(p[::-1]) == found[::-1]).all()


def test_holm_makes_one_false_call_in_twenty_studies() -> None:
    # 10 comparisons without any effect that share a common part
    generator = draws("holm")
    common = generator.standard_normal((4_000, 1))
    z = math.sqrt(0.3) * common + math.sqrt(0.7) * generator.standard_normal((4_000, 10))
    p = 2 * scipy.stats.norm.sf(np.abs(z))
    plain = (p < 0.05).any(axis=1).mean()
    held = np.mean([(holm(row) < 0.05).any() for row in p])
    assert plain > 0.25
    assert 0.03 < held < 0.055


@pytest.mark.parametrize("p_values", [[], [[0.1]], [1.1], [-0.1], [math.nan]])
def test_what_is_no_list_of_probabilities_is_refused(p_values: list[float]) -> None:
    for function in (holm, say_comparisons):
        with pytest.raises(ValueError, match="p-value"):
            function(p_values)


def test_comparisons_are_said() -> None:
    assert say_comparisons([0.01, 0.04, 0.03, 0.005]) == (
        "4 comparisons were made. 4 of them have p < 0.05, 2 after Holm's correction; "
        "without any effect 0.2 would be expected."
    )
    assert "1 of them has p < 0.01, 0 after" in say_comparisons([0.009, 0.5], 0.99)
    assert say_comparisons([0.5]).startswith("1 comparison was made")
