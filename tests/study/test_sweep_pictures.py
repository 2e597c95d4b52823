"""Pictures of sweeps and of sensitivity: their numbers, and that no text hides another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from sim.plots import style
from sim.plots.response import MAX_PANELS, response_data
from sim.plots.study.sensitivity import (
    PER_PICTURE,
    draw_importances,
    draw_sensitivity,
    sensitivity_data,
)
from sim.plots.study.sweep import draw_response, draw_sweep
from sim.testing.worlds import tiny_scenario

PATH = "watch.minutes_per_user_day"


def sweep_content(
    axes: Mapping[str, Sequence[float | str]],
    *,
    unit: str = "min",
    ends: str = "",
    samples: bool = False,
    flat: bool = False,
    known: bool = True,
) -> dict[str, Any]:
    """A ``sweep.json`` of made-up numbers; the values of ``axes`` are numbers or words."""
    rng = np.random.default_rng(5)
    variables = []
    for path, values in axes.items():
        words = any(isinstance(value, str) for value in values)
        base = None if words else {"text": f"{values[0]:g}", "number": values[0]}
        variables.append(
            {
                "path": path,
                "unit": ends,
                "log": False,
                "values": [f"{v:g} {ends}".strip() if not words else v for v in values],
                "low": None,
                "high": None,
                "as_it_is": base,
            }
        )
    grid = list(product(*axes.values()))
    if samples:
        grid = [tuple(values[int(rng.integers(len(values)))] for values in axes.values())
                for _ in range(24)]  # fmt: skip

    def number(mean: float, compared: bool) -> dict[str, Any]:
        if not known:
            return dict.fromkeys(
                ("mean", "low", "high", "difference", "difference_low", "difference_high")
            )
        than = mean - 20.0
        return {
            "mean": mean, "low": mean - 2.0, "high": mean + 2.0,
            "difference": than if compared else None,
            "difference_low": than - 0.5 if compared else None,
            "difference_high": than + 0.5 if compared else None,
        }  # fmt: skip

    def mean() -> float:
        return 20.0 if flat else 20.0 + float(rng.normal(0, 3))

    points: list[dict[str, Any]] = [
        {"point": 0, "as_it_is": True, "values": {}, "places": {},
         "numbers": {PATH: number(20.0, False)}}
    ]  # fmt: skip
    for i, point in enumerate(grid, start=1):
        as_it_is = i == 1
        points.append(
            {
                "point": i,
                "as_it_is": as_it_is,
                "values": {v["path"]: v["values"][list(axes[v["path"]]).index(at)]
                           for v, at in zip(variables, point, strict=True)},
                "places": {v["path"]: None if isinstance(at, str) else at
                           for v, at in zip(variables, point, strict=True)},
                "numbers": {PATH: number(20.0 if as_it_is else mean(), not as_it_is)},
            }
        )  # fmt: skip
    along = {
        v["path"]: [
            {"text": text, "number": None if isinstance(at, str) else at, "points": 2}
            | number(mean(), True)
            for text, at in zip(v["values"], axes[v["path"]], strict=True)
        ]
        for v in variables
    }
    if not known:
        along = {path: [] for path in along}
    return {
        "scenario": "a-scenario-with-a-name", "seed": 12345, "worlds": 4, "level": 0.95,
        "design": "latin hypercube" if samples else "grid", "variables": variables,
        "metrics": [{"path": PATH, "unit": unit, "label": "watch time per user and day"}],
        "points": points, "along": {PATH: along},
    }  # fmt: skip


LONG = [f"feed.learning.signals.not_interested_{i}" for i in range(12)]
SWEEPS: dict[str, dict[str, Any]] = {
    "one": sweep_content({"feed.weights.share": [0.5, 1, 2, 4]}),
    "two values": sweep_content({"feed.weights.share": [1, 1.001]}),
    "many values": sweep_content({"feed.weights.share": list(np.linspace(0, 1, 30))}),
    "percent": sweep_content({"feed.cold_start.slots": [0, 10, 30]}, unit="share", ends="%"),
    "words": sweep_content({"feed.cold_start": ["none", "{policy: pools, slots: 30 %, first: 5}"]}),
    "flat": sweep_content({"feed.slate": [5, 10]}, flat=True),
    "nothing": sweep_content({"feed.slate": [5, 10]}, known=False),
    "two": sweep_content({"feed.weights.share": [0.5, 1, 2], "feed.slate": [5, 10, 20, 40]}),
    "two, many": sweep_content({"a.b": list(range(12)), "a.c": list(range(12))}),
    "two, very many": sweep_content({"a.b": list(range(14)), "a.c": list(range(13))}),
    "two, words": sweep_content(
        {"feed.cold_start.policy": ["none", "pools"],
         "feed.sources": ["{random: 1}", "{following: 1, fresh: 1}"]}
    ),
    "two, flat": sweep_content({"a.b": [1, 2], "a.c": [1, 2]}, flat=True),
    "two, nothing": sweep_content({"a.b": [1, 2], "a.c": [1, 2]}, known=False),
    "three": sweep_content({path: [0.5, 1, 2] for path in LONG[:3]}),
    "samples": sweep_content({"feed.weights.like": [0.1, 0.5, 1, 5, 10]}, samples=True),
    "samples of four": sweep_content(
        {"feed.weights.like": [0.1, 0.5, 1, 5, 10], "feed.slate": [5, 6, 7],
         "feed.cold_start.policy": ["none", "pools"], "warmup": [1.0, 2.0]}, samples=True
    ),
    "samples of twelve": sweep_content({path: [1, 2, 3] for path in LONG}, samples=True),
}  # fmt: skip


def sensitivity_content(
    numbers: int, settings: int, method: str = "morris", prefix: str = "feed.weights."
) -> dict[str, Any]:
    """A ``sensitivity.json`` of made-up numbers."""
    rng = np.random.default_rng(6)
    main, side = ("mu_star", "sigma") if method == "morris" else ("total", "first")

    def row(name: str, size: float, luck: bool) -> dict[str, Any]:
        return {
            "setting": name, main: size, f"{main}_low": 0.7 * size, f"{main}_high": 1.3 * size,
            side: 0.5 * size, "above_luck": None if luck else size > 0.4,
        }  # fmt: skip

    paths = [f"{prefix}setting_{i}" for i in range(settings)]
    return {
        "method": method, "scenario": "a-scenario-with-a-name", "seed": 12345, "samples": 10,
        "worlds": 2, "level": 0.95, "prefix": prefix if settings > 1 else "",
        "variables": [{"path": path} for path in paths],
        "numbers": [
            {"path": f"x.{n}", "unit": "share" if n % 2 else "",
             "label": "ordinary uploads that went viral in this world",
             "settings": [*(row(p, float(rng.uniform(0, 1)), False) for p in paths),
                          row("luck", 0.2, True)]}
            for n in range(numbers)
        ],
    }  # fmt: skip


SENSITIVITIES: dict[str, dict[str, Any]] = {
    "one of one": sensitivity_content(1, 1),
    "one": sensitivity_content(1, 6),
    "two": sensitivity_content(2, 6, "sobol"),
    "seven": sensitivity_content(7, 6),
    "long names": sensitivity_content(4, 12, prefix="feed.learning.signals.a_long_name."),
    "many": sensitivity_content(6, 30, "sobol"),
    "nothing": {**sensitivity_content(1, 2), "numbers": []},
}


def texts(figure: Figure) -> list[tuple[str, Any]]:
    """Every text that is drawn, with its place in pixels. Ticks out of view are not drawn."""
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                if not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                    hidden |= {id(tick.label1), id(tick.label2)}
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    return [
        (text.get_text(), text.get_window_extent(renderer))
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden
    ]


def check(figure: Figure) -> None:
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


@pytest.mark.parametrize("name", list(SWEEPS))
def test_no_text_of_a_sweep_overlaps_or_is_cut_off(name: str) -> None:
    with style.style():
        figure = style.new_figure()
        draw_response(response_data(SWEEPS[name], PATH), figure)
        check(figure)


@pytest.mark.parametrize("name", list(SENSITIVITIES))
def test_no_text_of_sensitivity_overlaps_or_is_cut_off(name: str) -> None:
    for data in sensitivity_data(SENSITIVITIES[name]):
        with style.style():
            figure = style.new_figure()
            draw_importances(data, figure)
            check(figure)


def test_a_line_has_the_means_and_the_differences() -> None:
    content = SWEEPS["one"]
    data = response_data(content, PATH)
    (along,) = data.along
    answers = content["along"][PATH]["feed.weights.share"]
    assert along.at.tolist() == [0.5, 1, 2, 4]
    assert along.log
    assert along.mean.value.tolist() == [answer["mean"] for answer in answers]
    assert along.difference is not None
    assert along.difference.low.tolist() == [answer["difference_low"] for answer in answers]
    assert along.as_it_is == 0.5
    assert data.base == (20.0, 18.0, 22.0)
    assert data.heat is None


def test_a_heat_map_has_the_grid_in_its_order() -> None:
    content = SWEEPS["two"]
    heat = response_data(content, PATH).heat
    assert heat is not None
    assert heat.mean.shape == (3, 4)
    for point in content["points"][1:]:
        row = heat.rows.index(point["values"]["feed.weights.share"])
        column = heat.columns.index(point["values"]["feed.slate"])
        number = point["numbers"][PATH]
        assert heat.mean[row, column] == number["mean"]
        assert heat.as_it_is[row, column] == point["as_it_is"]
        if number["difference"] is not None:
            assert heat.difference[row, column] == number["difference"]
            assert heat.clear[row, column] == (abs(number["difference"]) > 0.5)
    assert heat.as_it_is.sum() == 1


def test_more_is_darker_in_grey_too() -> None:
    from sim.plots.study.sweep import COLOURS

    grey = COLOURS(np.linspace(0, 1, 50))[:, :3] @ [0.299, 0.587, 0.114]
    assert (np.diff(grey) < 0).all()
    assert grey[0] - grey[-1] > 0.6


def test_samples_are_dots_in_their_places() -> None:
    content = SWEEPS["samples of four"]
    data = response_data(content, PATH)
    points = content["points"][1:]
    places, differences = data.along[0].dots
    assert places.tolist() == [point["places"]["feed.weights.like"] for point in points]
    expected = [point["numbers"][PATH]["difference"] for point in points]
    np.testing.assert_array_equal(
        differences, np.array([np.nan if e is None else e for e in expected])
    )
    words, _ = data.along[2].dots
    assert set(words.tolist()) == {0.0, 1.0}


def test_settings_without_room_are_those_with_the_least_effect() -> None:
    data = response_data(SWEEPS["samples of twelve"], PATH)
    assert len(data.along) == MAX_PANELS
    assert data.left_out == 3
    content = SWEEPS["samples of twelve"]["along"][PATH]
    spans = {path: np.ptp([answer["mean"] for answer in content[path]]) for path in LONG}
    assert {along.label for along in data.along} == set(
        sorted(LONG, key=lambda path: -spans[path])[:MAX_PANELS]
    )


def test_rows_are_ordered_by_what_matters_most_for_any_number() -> None:
    content = sensitivity_content(3, 5)
    (data,) = sensitivity_data(content)
    weights = dict.fromkeys(data.settings, 0.0)
    for number in content["numbers"]:
        rows = number["settings"][:-1]
        most = max(row["mu_star"] for row in rows)
        for row in rows:
            name = row["setting"].removeprefix("feed.weights.")
            weights[name] = max(weights[name], row["mu_star"] / most)
    assert list(data.settings) == sorted(weights, key=lambda name: -weights[name])
    panel, rows = data.panels[1], content["numbers"][1]["settings"]
    by_name = {row["setting"].removeprefix("feed.weights."): row for row in rows}
    assert panel.main.tolist() == [by_name[name]["mu_star"] for name in data.settings]
    assert panel.above.tolist() == [by_name[name]["above_luck"] for name in data.settings]
    assert panel.luck == 0.2


def test_files(tmp_path: Path) -> None:
    assert [p.name for p in draw_sweep(SWEEPS["one"], tmp_path)] == [
        "watch_minutes_per_user_day.png"
    ]
    names = [p.name for p in draw_sensitivity(sensitivity_content(PER_PICTURE + 1, 2), tmp_path)]
    assert names == ["sensitivity.png", "sensitivity_2.png"]
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in names)


def test_a_real_sweep_draws_as_it_stands(tmp_path: Path) -> None:
    from sim.study.runs.local import InProcess
    from sim.study.sweep.study import sweep

    made = sweep(
        tiny_scenario(), ["feed.cold_start.slots=0..50 %", "feed.slate=4..8"], 2, samples=5,
        out=tmp_path / "s", metric=[PATH, "reach.viral_share"], executor=InProcess(),
    )  # fmt: skip
    content = made.to_dict()
    for metric in content["metrics"]:
        with style.style():
            figure = style.new_figure()
            draw_response(response_data(content, metric["path"]), figure)
            check(figure)
