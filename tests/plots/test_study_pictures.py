"""Pictures of worlds and comparisons: the numbers behind them, and that text is apart."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text

from sim.plots import style
from sim.plots.files import draw_file
from sim.plots.study.compare import MAX_LINES, compare_data, draw_compare
from sim.plots.study.worlds import MAX_STRIPS, draw_strips, draw_videos, strips_data, videos_data
from sim.scenario.viral import Viral

UNITS = ("share", "users", "min", "percent", "0..1", "s", "count", "")
LONG = "a-probe-with-a-long-name: share that reached so many users and stayed there"


def numbers(count: int, worlds: int, size: float = 1.0) -> list[dict[str, Any]]:
    """So many numbers as in ``worlds.json``, of all units."""
    draw = np.random.default_rng(count + worlds)
    made = []
    for i in range(count):
        unit = UNITS[i % len(UNITS)]
        scale = {"s": 9e4, "count": 3e6, "users": 300.0, "min": 40.0}.get(unit, 0.3) * size
        values: list[Any] = (scale * draw.beta(2, 5, worlds)).tolist()
        if i == 2:
            values = [None] * worlds
        if i == 3:
            values = [0.0] * worlds
        known = [v for v in values if v is not None]
        mean = float(np.mean(known)) if known else None
        half = float(np.std(known)) if known else 0.0
        made.append(
            {
                "path": f"a.b{i}", "unit": unit, "label": LONG if i % 3 == 0 else "Gini of views",
                "values": values, "mean": mean,
                "low": None if mean is None else mean - half,
                "high": None if mean is None else mean + half,
            }
        )  # fmt: skip
    return made


def worlds_content(count: int, worlds: int, size: float = 1.0) -> dict[str, Any]:
    return {
        "scenario": "zero-followers", "seed": 2**62, "worlds": worlds, "level": 0.95,
        "viral": Viral.by_reach(0.05, 1_000).to_dict(), "numbers": numbers(count, worlds, size),
    }  # fmt: skip


def compare_content(count: int, arms: list[str], *, paired: bool = True) -> dict[str, Any]:
    draw = np.random.default_rng(count)
    contrasts = []
    for i in range(count):
        unit = UNITS[i % len(UNITS)]
        for arm in arms:
            steps = 0.1 * draw.normal(0.3, 1, 20) * (i != 1)
            mean, half = float(steps.mean()), float(steps.std()) / 4
            missing = i == 3
            contrasts.append(
                {
                    "path": f"a.b{i}", "unit": unit, "label": LONG if i % 2 else "Gini of views",
                    "arm": arm, "before": 0.2, "after": 0.2 + mean,
                    "difference": None if missing else mean,
                    "low": None if missing else mean - half,
                    "high": None if missing else mean + half,
                    "differences": [] if missing or not paired else steps.tolist(),
                }
            )  # fmt: skip
    return {
        "arms": ["baseline", *arms], "first": "baseline", "seed": 7, "worlds": 20,
        "paired": paired, "level": 0.9, "contrasts": contrasts,
    }  # fmt: skip


def probe(same: bool, quality: float | None = 0.4) -> dict[str, Any]:
    share = None if quality is None else {"value": quality}
    return {"probe": "newcomer", "same_videos": same, "quality": share}


def columns(worlds: int, videos: int, top: float, *, same: bool) -> dict[str, Any]:
    draw = np.random.default_rng(videos)
    quality = draw.normal(size=(1 if same else worlds, videos)) * np.ones((worlds, 1))
    reach = np.floor(
        top * (draw.uniform(size=quality.shape) < 0.3) * draw.uniform(size=quality.shape)
    )
    return {"reach": reach, "quality": quality, "viral": reach >= 50}


DRAWN: dict[str, Any] = {
    "worlds": lambda f: draw_strips(strips_data(worlds_content(7, 30)), f),
    "one number": lambda f: draw_strips(strips_data(worlds_content(1, 2)), f),
    "many numbers": lambda f: draw_strips(strips_data(worlds_content(20, 200, 1e-3)), f),
    "large numbers": lambda f: draw_strips(strips_data(worlds_content(8, 5, 1e4)), f),
    "one arm": lambda f: draw_compare(compare_data(compare_content(7, ["shares"])), f),
    "three arms": lambda f: draw_compare(compare_data(compare_content(8, ["a", "b", "d" * 40])), f),
    "many arms": lambda f: draw_compare(
        compare_data(compare_content(4, [f"arm-{i}" for i in range(20)])), f
    ),
    "unpaired": lambda f: draw_compare(compare_data(compare_content(5, ["x"], paired=False)), f),
    "same videos": lambda f: draw_videos(
        videos_data(worlds_content(1, 9), probe(True), columns(9, 60, 900, same=True)), f
    ),
    "other videos": lambda f: draw_videos(
        videos_data(worlds_content(1, 9), probe(False), columns(9, 60, 9e5, same=False)), f
    ),
    "one video": lambda f: draw_videos(
        videos_data(worlds_content(1, 3), probe(False, None), columns(3, 1, 0, same=False)), f
    ),
    "no videos": lambda f: draw_videos(
        videos_data(worlds_content(1, 3), probe(False, None), {}), f
    ),
}  # fmt: skip


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


@pytest.mark.parametrize("name", DRAWN)
def test_no_text_overlaps_or_is_cut_off(name: str) -> None:
    with style.style():
        figure = style.new_figure()
        DRAWN[name](figure)
        figure.canvas.draw()
        shown = texts(figure)
    assert len(shown) >= 3
    width, height = figure.canvas.get_width_height()
    for words, box in shown:
        assert box.x0 >= 0, f"{words!r} is cut off on the left"
        assert box.x1 <= width, f"{words!r} is cut off on the right"
        assert box.y0 >= 0, f"{words!r} is cut off at the bottom"
        assert box.y1 <= height, f"{words!r} is cut off at the top"
    for (a, box), (b, other) in combinations(shown, 2):
        apart = (
            box.x1 <= other.x0 + 2
            or other.x1 <= box.x0 + 2
            or box.y1 <= other.y0 + 3
            or other.y1 <= box.y0 + 3
        )
        assert apart, f"{a!r} overlaps {b!r}"


def test_strips_have_the_values_of_the_worlds() -> None:
    data = strips_data(worlds_content(9, 12))
    assert len(data.strips) == MAX_STRIPS
    assert data.more == 1
    assert data.strips[0].values.size == 12
    assert data.strips[2].values.size == 0
    assert data.strips[2].mean is None


def test_changes_keep_arms_together_and_leave_out_what_has_no_room() -> None:
    data = compare_data(compare_content(6, ["a", "b", "c"]))
    assert len(data.changes) == MAX_LINES // 3
    assert data.more == 1
    assert [line.arm for line in data.changes[0].lines] == ["a", "b", "c"]
    assert data.changes[0].lines[0].steps.size == 20


def test_the_same_videos_are_put_in_order_of_how_often_they_went_viral() -> None:
    reach = np.array([[0.0, 90.0, 60.0, 10.0], [1.0, 80.0, 5.0, 12.0]])
    columns = {"reach": reach, "quality": reach, "viral": reach >= 50}
    data = videos_data(worlds_content(1, 2), probe(True), columns)
    assert data.viral.least == 50
    assert data.share.tolist() == [1.0, 0.5, 0.0, 0.0]
    assert data.reach[0].tolist() == [90.0, 60.0, 10.0, 0.0]
    assert data.x[1].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_other_videos_are_grouped_by_quality() -> None:
    quality = np.arange(200.0).reshape(2, 100)
    reach = np.where(quality >= 100, 70.0, 0.0)
    columns = {"reach": reach, "quality": quality, "viral": reach >= 50}
    data = videos_data(worlds_content(1, 2), probe(False), columns)
    assert (np.diff(data.at) > 0).all()
    assert data.share[0] == 0.0
    assert data.share[-1] == 1.0
    assert ((data.low <= data.share) & (data.share <= data.high)).all()


def test_a_file_is_whole_and_always_the_same(tmp_path: Path) -> None:
    data = strips_data(worlds_content(3, 5))
    for fmt in ("png", "svg", "pdf"):
        one = draw_file(tmp_path / "a" / f"x.{fmt}", draw_strips, data)
        two = draw_file(tmp_path / "b" / f"x.{fmt}", draw_strips, data)
        assert one.read_bytes() == two.read_bytes()
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == ["x.pdf", "x.png", "x.svg"]
