"""Pictures of a search: the numbers behind them, and that no text hides another."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from sim.plots import style
from sim.plots.files import draw_file
from sim.plots.study.tune import MAX_SLICES, PICTURES, history_data, slices_data
from sim.plots.study.tune_confirmed import confirmed_data
from sim.plots.study.tune_front import front_data
from sim.plots.study.tune_importance import importance_data

LONG = "a-probe-with-a-long-name-in-it: reached the viral share of users and stayed there"


def made(
    trials: int = 60, settings: int = 8, objectives: int = 1, constraints: int = 1,
    candidates: int = 3, label: str = "newcomer: reached the viral share of users",
    size: float = 1.0, states: tuple[str, ...] = ("complete", "complete", "pruned", "failed"),
) -> dict[str, Any]:  # fmt: skip
    """A ``tune.json`` of made-up numbers."""
    draw = np.random.default_rng(trials + settings)
    units = ("share", "min", "0..1")
    names = [f"objective.number.{i}" for i in range(objectives)]
    limits = [f"limit.number.{i}" for i in range(constraints)]
    vary = []
    for i in range(settings):
        choice = ["pools", "none", "a-custom-module:WithLongName"] if i == 2 else []
        vary.append(
            {
                "path": f"feed.weights.setting_{i}" + "_long" * (i == 1),
                "label": f"feed.weights.setting_{i}" + "_long" * (i == 1) + " (min)" * (i == 3),
                "low": None if choice else 0.01, "high": None if choice else 100.0,
                "log": i % 3 == 1, "choice": choice, "start": "pools" if choice else "1",
                "start_value": "pools" if choice else None if i == 4 else 1.0,
            }
        )  # fmt: skip
    told = []
    for number in range(trials):
        state = states[number % len(states)] if number else "complete"
        known = state != "failed"
        gains = (0.1 * size * draw.normal(0.3, 1.0, objectives)).tolist()
        margins = (3.0 * size * draw.normal(0.5, 1.0, constraints)).tolist()
        params: dict[str, Any] = {
            v["path"]: v["choice"][number % 3] if v["choice"] else float(10 ** draw.uniform(-2, 2))
            for v in vary
        }
        told.append(
            {
                "trial": number, "state": state, "worlds": 4, "why": "", "params": params,
                "estimates": [0.3 + g for g in gains] if known else None,
                "gains": gains if known else None, "margins": margins if known else None,
                "feasible": all(m >= 0 for m in margins) if known else None,
                "means": {
                    **{n: 0.3 + g if known else None for n, g in zip(names, gains, strict=True)},
                    **{n: 40 + m if known else None for n, m in zip(limits, margins, strict=True)},
                },
            }
        )  # fmt: skip
    whole = [t for t in told if t["state"] == "complete"]

    def number_of(path: str, unit: str, role: str) -> dict[str, Any]:
        low, middle, high = np.sort(0.1 * size * draw.normal(0.5, 1.0, 3)).tolist()
        return {
            "path": path, "unit": unit, "label": label, "role": role, "worlds": 16,
            "search_before": 0.3, "search_after": 0.5, "search_difference": 0.2 * size,
            "before": 0.3, "after": 0.3 + middle, "difference": middle, "low": low, "high": high,
            "relative": None, "relative_low": None, "relative_high": None, "p": 0.01,
            "adjusted_p": 0.03,
        }  # fmt: skip

    tested = [
        {
            "trial": t["trial"], "settings": {}, "holds": True, "holds_clearly": i == 0,
            "numbers": [
                *(number_of(n, units[k % 3], "objective") for k, n in enumerate(names)),
                *(number_of(n, "min", "constraint") for n in limits),
            ],
            "bounds": [
                {"constraint": "", "path": n, "margin": 1.0, "low": -0.5, "high": 2.5,
                 "holds": True, "holds_clearly": False} for n in limits
            ],
        }
        for i, t in enumerate(whole[:candidates])
    ]  # fmt: skip
    weight = {v["path"]: 1.0 / (i + 1) for i, v in enumerate(vary)}
    return {
        "study": "tune", "scenario": "a-scenario-with-a-name", "seed": 2**62, "worlds": 4,
        "fresh_worlds": 16, "sampler": "tpe", "level": 0.95,
        "objectives": [
            {"path": n, "unit": units[i % 3], "label": label, "goal": "maximise", "start": 0.3}
            for i, n in enumerate(names)
        ],
        "constraints": [
            {"path": n, "unit": "min", "label": "watch time per user and day", "says": "",
             "bound": 0.98, "lower": True, "relative": True, "start": 40.0} for n in limits
        ],
        "vary": vary, "trials": told, "front": [t["trial"] for t in whole[:4]],
        "candidates": tested, "best": tested[0]["trial"] if tested else None, "comparisons": "",
        "importances": dict.fromkeys([*names, *limits], weight) if trials >= 30 else {},
    }  # fmt: skip


SHAPES: dict[str, dict[str, Any]] = {
    "plain": {},
    "long names": {"label": LONG, "settings": 20, "constraints": 2},
    "several objectives": {"objectives": 3, "constraints": 0, "candidates": 8},
    "one of all": {"trials": 1, "settings": 1, "constraints": 0, "candidates": 0},
    "few": {"trials": 12, "settings": 3, "candidates": 1},
    "many": {"trials": 900, "settings": 30, "candidates": 10, "objectives": 2, "constraints": 3},
    "tiny changes": {"size": 1e-4},
    "large changes": {"size": 40.0},
    "nothing but failures": {"states": ("failed",), "trials": 40, "candidates": 0},
}


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


def drawn(name: str, content: dict[str, Any]) -> Figure:
    data, draw = PICTURES[name]
    figure = style.new_figure()
    draw(data(content), figure)
    figure.canvas.draw()
    return figure


@pytest.mark.parametrize("name", list(PICTURES))
@pytest.mark.parametrize("shape", list(SHAPES))
def test_no_text_overlaps_or_is_cut_off(name: str, shape: str) -> None:
    with style.style():
        figure = drawn(name, made(**SHAPES[shape]))
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


def test_the_history_follows_the_best_that_keeps_the_constraints() -> None:
    content = made(trials=8)
    for number, (value, feasible) in enumerate(
        [(0.3, True), (0.5, False), (0.4, True), (0.6, True), (0.9, True), (0.2, True),
         (0.8, True), (0.7, True)]
    ):  # fmt: skip
        state = "pruned" if number == 4 else "failed" if number == 5 else "complete"
        content["trials"][number].update(
            state=state, feasible=feasible, estimates=None if state == "failed" else [value]
        )
    found = history_data(content)
    np.testing.assert_allclose(found.best, [0.3, 0.3, 0.4, 0.6, 0.6, 0.6, 0.8, 0.8])
    assert np.isnan(found.value[5])
    content["objectives"][0]["goal"] = "minimise"
    np.testing.assert_allclose(history_data(content).best, [0.3] * 8)


def test_slices_put_what_matters_first_and_know_choices() -> None:
    content = made(settings=20)
    found = slices_data(content)
    assert len(found.slices) == MAX_SLICES
    assert found.left_out == 8
    assert found.slices[0].label == "feed.weights.setting_0"
    choice = found.slices[2]
    assert choice.choice == ("pools", "none", "a-custom-module:WithLongName")
    assert choice.place[:4].tolist() == [0, 1, 2, 0]
    assert choice.start == 0
    assert found.slices[4].start is None


def test_the_front_has_the_bound_as_a_change() -> None:
    content = made()
    found = front_data(content)
    assert found.bound == pytest.approx(-0.8)
    assert found.x.size == sum(t["state"] == "complete" for t in content["trials"])
    assert found.x[0] == pytest.approx(content["trials"][0]["margins"][0])
    assert len(found.tested) == 3
    assert found.best == 0
    assert front_data(made(objectives=2)).bound is None
    assert front_data(made(constraints=0)).reason is not None


def test_importances_and_claims_say_what_the_file_says() -> None:
    found = importance_data(made(settings=20))
    assert found.left_out == 4
    assert (np.diff(found.panels[0].share) < 0).all()
    assert importance_data(made(trials=12)).reason is not None
    claims = confirmed_data(made()).claims
    assert [claim.search.size for claim in claims] == [3, 3]
    assert claims[0].search.tolist() == [0.2] * 3
    assert claims[1].fresh.tolist() == [1.0] * 3
    assert confirmed_data(made(candidates=0)).reason is not None


def test_the_same_numbers_give_the_same_file(tmp_path: Path) -> None:
    content = json.loads(json.dumps(made()))
    for name, (data, draw) in PICTURES.items():
        first = draw_file(tmp_path / "a" / f"{name}.png", draw, data(content))
        second = draw_file(tmp_path / "b" / f"{name}.png", draw, data(content))
        assert first.read_bytes() == second.read_bytes()
