"""The picture of perturbed weights: both ways, nothing that overlaps, and what is left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text

from sim.plots import style
from sim.plots.study.perturb import MAX_PANELS, draw_perturb, perturb_data
from sim.study.perturb.per_user import USER_OUTCOMES

NAMES = ("completion", "skip", "like", "comment", "share", "follow")


def content(outcomes: int, weights: int, checked: int, size: float = 1.0) -> dict[str, Any]:
    """Like a ``perturb.json``."""
    draw = np.random.default_rng(outcomes + weights)
    names = list(USER_OUTCOMES)[:outcomes]
    labels = {name: USER_OUTCOMES[name].label for name in names}
    every = ["watch", *NAMES, "not_interested", "sound_tap", "save", "loop"][:weights]

    def ends(name: str) -> dict[str, float]:
        value, half = draw.normal(0, 0.02 * size), 0.015 * size * draw.uniform(0.5, 2)
        return {name: value, f"{name}_low": value - half, f"{name}_high": value + half}

    return {
        "scenario": "a-scenario", "users": 20_000, "worlds": 30, "seed": 2**62, "size": 0.2,
        "level": 0.95, "outcomes": names, "checked": every[:checked],
        "effects": [
            {"weight": w, "outcome": o, "label": labels[o], **ends("effect")}
            for o in names for w in every
        ],
        "checks": [
            {"weight": w, "outcome": o, "label": labels[o], **ends("separate")}
            for w in every[:checked] for o in names
        ],
    }  # fmt: skip


def test_the_picture_has_both_ways_and_says_what_it_leaves_out() -> None:
    one = content(11, 3, 2)
    for row in one["effects"] + one["checks"]:
        name = "effect" if "effect" in row else "separate"
        if row["outcome"] == "active_days":
            row.update({name: 0.0, f"{name}_low": 0.0, f"{name}_high": 0.0})
        if row["outcome"] == "views":
            row.update({name: None, f"{name}_low": None, f"{name}_high": None})
    data = perturb_data(one)
    assert len(data.panels) == MAX_PANELS
    assert data.still == ("days with a session", "views")
    assert data.more == 0
    lines = data.panels[0].lines
    assert [line.weight for line in lines] == ["watch", "completion", "skip"]
    assert lines[0].within == pytest.approx(
        [100 * one["effects"][0][k] for k in ("effect", "effect_low", "effect_high")]
    )
    assert lines[1].separate is not None
    assert lines[2].separate is None
    assert perturb_data(content(15, 2, 0)).more == 6


@pytest.mark.parametrize(
    ("outcomes", "weights", "checked", "size"),
    [(9, 6, 6, 1.0), (9, 11, 2, 0.01), (1, 1, 0, 1.0), (2, 3, 3, 40.0), (4, 6, 0, 1e-4)],
)
def test_no_text_of_the_picture_overlaps(
    outcomes: int, weights: int, checked: int, size: float
) -> None:
    with style.style():
        figure = style.new_figure()
        draw_perturb(perturb_data(content(outcomes, weights, checked, size)), figure)
        figure.canvas.draw()
        shown = list(texts(figure))
    assert all(len(axes.get_xticks()) >= 2 for axes in figure.axes), "one tick is no scale"
    width, height = figure.canvas.get_width_height()
    for i, (words, box) in enumerate(shown):
        assert box.x0 >= 0, words
        assert box.y0 >= 0, words
        assert box.x1 <= width, words
        assert box.y1 <= height, words
        for other, that in shown[i + 1 :]:
            apart = (
                box.x1 <= that.x0 + 2 or that.x1 <= box.x0 + 2
                or box.y1 <= that.y0 + 3 or that.y1 <= box.y0 + 3
            )  # fmt: skip
            assert apart, f"{words!r} overlaps {other!r}"


def texts(figure: Any) -> Any:
    """Every text that is drawn, with its place in pixels."""
    renderer = figure.canvas.get_renderer()
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip():
            yield text.get_text(), text.get_window_extent(renderer)


def test_a_picture_of_nothing_says_so() -> None:
    with style.style():
        figure = style.new_figure()
        draw_perturb(perturb_data({**content(2, 2, 0), "outcomes": []}), figure)
    assert any("No weight moved" in text.get_text() for text in figure.texts)
