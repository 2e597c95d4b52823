"""Pictures: the numbers behind them, that they draw without a warning, that text is apart."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

from sim.analysis.tables import Locale, Tables, mature
from sim.core.errors import ForyouError
from sim.core.stages import STAGE_NAMES
from sim.plots import PLOTS, draw_plots, learning, style
from sim.plots.ccdf import ccdf_data
from sim.plots.daily_activity import daily_activity_data
from sim.plots.engagement_by_tier import engagement_by_tier_data
from sim.plots.learning import learning_data
from sim.plots.lorenz import lorenz_data
from sim.plots.newcomers import finding, newcomers_data
from sim.plots.reach_by_pool import reach_by_pool_data
from sim.plots.view_spread import LEVELS, view_spread_data
from sim.plots.views_by_source import views_by_source_data

SHAPES: dict[str, dict[str, Any]] = {
    "plain": {"users": 1_000},
    "few probes": {"users": 500, "probes": {"newcomer": 3}},
    "heavy tail": {"users": 5_000, "probes": {"newcomer": 300}, "sigma": 3.0, "median": 200.0},
    "nothing": {"users": 200, "probes": {}, "pools": 0},
    "one pool": {"users": 500, "pools": 1, "probes": {"with-sound": 30, "without-sound": 30}},
    "many probes": {
        "users": 500,
        "probes": {f"a-probe-with-a-long-name-{i}": 20 for i in range(6)},
    },
    "short": {"users": 100, "duration_s": 5 * 3600.0, "warmup_s": 0.0},
    "long": {"users": 300, "duration_s": 20 * 86_400.0, "timeline_s": 3_600.0},
    "silent": {"users": 50, "median": 1e-9},
    "newcomers": {"users": 300, "joined": 120},
    "one newcomer": {"users": 300, "joined": 1},
    "no newcomer after all": {"users": 300, "joined": 0},
    "two clocks": {"users": 300, "locales": (Locale("a", 0.7, 5400.0), Locale("b", 0.3, 0.0))},
}


@pytest.fixture(scope="module")
def tables(synthetic: ModuleType) -> Tables:
    made: Tables = synthetic.make_tables(seed=5, users=1_500, probes={"newcomer": 60})
    return made


def texts(figure: Any) -> list[tuple[str, Any]]:
    """Every text that is drawn, with its place in pixels. Ticks out of view are not drawn."""
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                    hidden |= {id(tick.label1), id(tick.label2)}
    renderer = figure.canvas.get_renderer()
    return [
        (text.get_text(), text.get_window_extent(renderer))
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden
    ]


def drawn(name: str, made: Tables) -> Any:
    plot = PLOTS[name]
    figure = style.new_figure()
    plot.draw(plot.data(made), figure)
    figure.canvas.draw()
    return figure


@pytest.mark.parametrize("name", list(PLOTS))
@pytest.mark.parametrize("shape", list(SHAPES))
def test_no_text_overlaps_or_is_cut_off(name: str, shape: str, synthetic: ModuleType) -> None:
    with style.style():
        figure = drawn(name, synthetic.make_tables(seed=8, **SHAPES[shape]))
        shown = texts(figure)
    assert len(shown) >= 3
    width, height = figure.canvas.get_width_height()
    for words, box in shown:
        assert box.x0 >= 0, f"{words!r} is cut off on the left"
        assert box.x1 <= width, f"{words!r} is cut off on the right"
        assert box.y0 >= 0, f"{words!r} is cut off at the bottom"
        assert box.y1 <= height, f"{words!r} is cut off at the top"
    for (a, box), (b, other) in combinations(shown, 2):
        # Boxes hold the room for letters such as g; a touch of two pixels is not seen.
        apart = (
            box.x1 <= other.x0 + 2
            or other.x1 <= box.x0 + 2
            or box.y1 <= other.y0 + 3
            or other.y1 <= box.y0 + 3
        )
        assert apart, f"{a!r} overlaps {b!r}"


@pytest.mark.parametrize("shape", ["plain", "heavy tail", "one pool"])
def test_labels_of_pool_bars_stay_in_their_panel(shape: str, synthetic: ModuleType) -> None:
    with style.style():
        figure = drawn("reach_by_pool", synthetic.make_tables(seed=8, **SHAPES[shape]))
        left, right = figure.axes
        labels = [box for words, box in texts(figure) if " = " in words]
    assert len(labels) == (0 if shape == "one pool" else 5)
    assert all(box.x1 < right.get_window_extent().x0 - 10 for box in labels)
    assert all(box.x1 < left.get_window_extent().x1 + 10 for box in labels)


def test_all_pictures_are_files_and_leave_no_state(tables: Tables, tmp_path: Path) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    files = draw_plots(tables, tmp_path / "plots")
    assert [f.name for f in files] == [f"{name}.png" for name in PLOTS if name != "newcomers"]
    assert sorted(p.name for p in (tmp_path / "plots").iterdir()) == sorted(f.name for f in files)
    assert all(f.read_bytes().startswith(b"\x89PNG") for f in files)
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("fmt", ["svg", "pdf", "png"])
def test_the_same_run_gives_the_same_file(tables: Tables, tmp_path: Path, fmt: str) -> None:
    first = draw_plots(tables, tmp_path / "a", names=["lorenz"], fmt=fmt)
    second = draw_plots(tables, tmp_path / "b", names=["lorenz", "lorenz"], fmt=fmt)
    assert len(second) == 1
    assert first[0].read_bytes() == second[0].read_bytes()


def test_unknown_pictures_and_formats(tables: Tables, tmp_path: Path) -> None:
    with pytest.raises(ForyouError, match="did you mean 'lorenz'"):
        draw_plots(tables, tmp_path, names=["lorentz"])
    with pytest.raises(ForyouError, match="format 'gif'"):
        draw_plots(tables, tmp_path, fmt="gif")
    assert list(tmp_path.iterdir()) == []


def test_view_spread_numbers(tables: Tables) -> None:
    data = view_spread_data(tables)
    (one,) = data.probes
    assert one.views.shape == (60, one.ages_s.size)
    assert (np.diff(one.views, axis=1) >= 0).all()
    assert (np.diff(one.fan, axis=0) >= 0).all()
    end = (
        tables.paths.filter(pl.col("probe") == "newcomer")
        .group_by("video")
        .agg(pl.col("views").max())["views"]
    )
    assert one.fan[2, -1] == end.median()
    assert one.fan[:, 0].tolist() == [0.0] * len(LEVELS)
    assert one.viral.count == tables.probes["viral"].sum()


def test_ccdf_numbers(tables: Tables) -> None:
    data = ccdf_data(tables)
    views = mature(tables)["views"]
    assert data.videos == views.len()
    assert data.unseen == (views == 0).sum()
    assert data.share[0] == pytest.approx(1 - data.unseen / data.videos)
    middle = len(data.views) // 2
    assert data.share[middle] == pytest.approx((views >= data.views[middle]).mean())
    # The fits begin where the data are at xmin.
    assert data.fit.xmin is not None
    assert data.power_law[0] == pytest.approx((views >= data.fit.xmin).mean())
    assert data.lognormal[0] == pytest.approx(data.power_law[0])


def test_lorenz_numbers(tables: Tables) -> None:
    data = lorenz_data(tables)
    assert data.videos is not None
    assert data.creators is not None
    views = mature(tables)["views"].sort(descending=True)
    assert data.videos.n == views.len()
    assert data.creators.n == mature(tables)["creator"].n_unique()
    area = np.trapezoid(data.videos.held, data.videos.items)
    assert 1 - 2 * area == pytest.approx(data.videos.gini, abs=0.01)
    assert data.videos.top1 < data.videos.top10 < 1


def test_reach_by_pool_numbers(tables: Tables) -> None:
    data = reach_by_pool_data(tables)
    old = mature(tables).filter(pl.col("pool") >= 1)
    assert data.pools[0].entered.count == old.height
    assert sum(one.reach.size for one in data.pools) == old.height
    for one in data.pools:
        assert one.reach.size == (old["pool"] == one.pool).sum()
        assert (np.diff(one.reach) >= 0).all()


@pytest.mark.parametrize("shape", ["plain", "long", "short"])
def test_views_by_source_add_up(synthetic: ModuleType, shape: str) -> None:
    made = synthetic.make_tables(seed=9, **SHAPES[shape])
    data = views_by_source_data(made)
    hours = np.diff(data.edges_s) / 3600
    totals = {n: float(r @ hours) for n, r in zip(data.sources, data.per_hour, strict=True)}
    for name, total in totals.items():
        assert total == pytest.approx(made.timeline.filter(pl.col("source") == name)["views"].sum())
    assert data.edges_s[-1] == made.duration_s
    assert data.per_hour.shape[1] <= 120
    if shape == "long":
        assert hours[0] == 24


def test_daily_activity_numbers(tables: Tables) -> None:
    data = daily_activity_data(tables)
    assert data.value.sum() == pytest.approx(100.0)
    assert data.days == pytest.approx(2.0)
    assert data.peak == int(np.argmax(data.value))
    assert (
        "UTC-5 h"
        in daily_activity_data(replace(tables, locales=(Locale("x", 1.0, -5 * 3600.0),))).clock
    )


def test_engagement_by_tier_numbers(tables: Tables) -> None:
    data = engagement_by_tier_data(tables)
    assert sum(tier.videos for tier in data.tiers) == mature(tables).height
    assert data.rated == (mature(tables)["views"] >= 100).sum()


@given(
    st.lists(st.floats(0, 1), max_size=12),
    st.floats(0.01, 0.4),
)
def test_labels_are_spread_out(places: list[float], gap: float) -> None:
    moved = style.spread_out(places, gap, 0.0, 1.0)
    assert len(moved) == len(places)
    assert all(-1e-9 <= m <= 1 + 1e-9 for m in moved)
    order = sorted(range(len(places)), key=lambda i: (places[i], i))
    steps = np.diff([moved[i] for i in order])
    room = (len(places) - 1) * gap <= 1.0
    assert (steps >= (gap if room else 1 / max(1, len(places) - 1)) - 1e-9).all()


def test_labels_with_room_stay_where_they_are() -> None:
    assert style.spread_out([0.8, 0.1, 0.5], 0.1, 0.0, 1.0) == [0.8, 0.1, 0.5]
    assert style.spread_out([0.5, 0.5], 0.2, 0.0, 1.0) == pytest.approx([0.4, 0.6])


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(1, 5_000, [1, 10, 100, 1_000]), (211, 3_000, [200, 500, 1_000, 2_000]), (1, 1, [1, 10])],
)
def test_a_narrow_log_axis_still_has_ticks(low: float, high: float, ticks: list[float]) -> None:
    axes = style.new_figure().add_subplot()
    style.log_counts(axes, "x", high, low=low)
    start, end = axes.get_xlim()
    assert start < low
    assert end > high
    assert set(ticks) <= set(axes.get_xticks())
    assert len(axes.get_xticks()) >= 3 or high < 3


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (7, "7"), (6.75, "6.8"), (1234, "1,234"), (20_000, "20K"), (4_560_000, "4.56M")],
)
def test_counts_in_words(value: float, text: str) -> None:
    assert style.count(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.01, "1 %"), (0.0123, "1.2 %"), (0.0996, "10 %"), (0.5, "50 %"), (1.0, "100 %")],
)
def test_shares_in_words(share: float, text: str) -> None:
    assert style.percent(share) == text


def test_newcomers_are_drawn_where_somebody_joins(
    tables: Tables, synthetic: ModuleType, tmp_path: Path
) -> None:
    found = replace(tables, newcomers=synthetic.newcomers(60))
    files = draw_plots(found, tmp_path)
    assert [file.stem for file in files] == list(PLOTS)
    assert newcomers_data(tables).reason is not None
    assert draw_plots(tables, tmp_path / "asked", names=["newcomers"])


def test_newcomers_numbers(tables: Tables, synthetic: ModuleType) -> None:
    late = pl.when(pl.col("user") % 3 == 0).then(pl.lit(5.0)).otherwise(pl.col("joined_s"))
    tables = replace(tables, users=tables.users.with_columns(joined_s=late))
    data = newcomers_data(replace(tables, newcomers=synthetic.newcomers(100)))
    assert data.ticked.first == [1, 11, 36, 101, 201]
    assert data.unticked.last == [10, 35, 100, 200, 350]
    assert data.unticked.match == pytest.approx([0.20, 0.35, 0.52, 0.60, 0.68])
    assert data.unticked.match_se == pytest.approx([0.02] * 5)
    assert (data.ranked, data.chance) == pytest.approx((0.4, 0.2))
    there = tables.users.filter(pl.col("joined_s") == 0)
    assert data.completed == there["completions"].sum() / there["impressions"].sum()


@pytest.mark.parametrize(
    ("people", "ticked", "unticked", "title"),
    [
        (400, (5, 6, 7, 7, 7), (2, 3, 5, 6, 7), "nothing needs over 35 videos to be where others"),
        (400, (5, 6, 7, 7, 7), (2, 5, 5, 6, 7), "nothing needs over 10 videos"),
        (400, (5, 6, 7, 7, 7), (1, 1, 2, 2, 3), "After 350 videos who ticked none are below"),
        (400, (5, 6, 7, 7, 7), (5, 6, 7, 7, 7), "No clear difference"),
        # a gap of 0.3 is nothing beside an error of 0.14 each, when five are looked at
        (2, (5, 6, 7, 7, 7), (2, 3, 5, 6, 7), "No clear difference"),
        (400, (5, 6, 7, 7, 7), (7, 6, 7, 7, 7), "change the match of some of the first videos"),
        (1, (5, 6, 7, 7, 7), (2, 3, 5, 6, 7), "First videos of people who joined"),
    ],
)
def test_the_title_says_what_is_clear(
    tables: Tables, synthetic: ModuleType, people: int, ticked: Any, unticked: Any, title: str
) -> None:
    tenths = [tuple(value / 10 for value in group) for group in (ticked, unticked)]
    found = finding(newcomers_data(replace(tables, newcomers=synthetic.newcomers(people, *tenths))))
    assert title in found
    assert len(found) <= style.TITLE_CHARS


def test_learning_numbers(tables: Tables) -> None:
    data = learning_data(tables)
    assert data.stages == STAGE_NAMES
    shown = tables.control.filter(pl.col("kind") == "control")["impressions"].sum()
    assert data.impressions == shown
    assert data.ranked == pytest.approx([0.4] * 4)
    assert data.control == pytest.approx([0.2] * 4)
    assert list(data.by_person.values()) == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert list(data.by_video.values()) == pytest.approx([0.3, 0.4, 0.5, 0.6, 0.7])
    wanted = "Ranking goes 20 % of the way to the best at first, 80 % later"
    assert learning._finding(data) == wanted
    nothing = replace(tables, control=tables.control.clear())
    assert learning_data(nothing).reason is not None
