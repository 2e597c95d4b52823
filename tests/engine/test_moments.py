"""The list of moments is what both engines play."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sim.core.actions import ACTIONS
from sim.core.errors import ForyouError
from sim.engine import moments
from sim.engine.ways import Decide, Each, view_of

SWAPPED = """
import sys
from sim.engine import moments
from sim.engine.ways import Each, When
from sim.behaviour import boredom
from sim.engine import exposure

# boredom with this video is remembered before it is looked up
assert moments.acting("meet") == (
    "exposure.show", "exposure.note_surface", "exposure.note_tags", "facts.meet", "covers.find",
    "tastes.find", "boredom.find", "satisfaction.find", "inject.find",
)
assert moments.acting("remember") == (
    "exposure.follow", "exposure.part", "browse.turn", "boredom.note", "satisfaction.remember"
)
swapped = dict(moments.MOMENTS)
swapped["meet"] = (moments.MOMENTS["meet"][0], When(boredom.used, Each(*ORDER)))
swapped["remember"] = (moments.MOMENTS["remember"][0],)
moments.MOMENTS = swapped

from sim.assemble import assemble
from sim.testing.worlds import tiny_scenario

scenario = tiny_scenario(
    duration=7_200.0, population={"users": 30},
    # moods would be left over from whoever sat in the same place
    behaviour={"boredom": {"creator": 0.5}, "satisfaction": {"enabled": False}},
)
for engine in ("reference", "fast"):
    live = assemble(scenario, 1, engine=engine)
    live.env.run(until=live.end)
    print(live.log.hash)
"""


def _hashes(order: str, cache: Path) -> list[str]:
    """Hashes of both engines with ``find`` and ``note`` in an order, each compiled anew."""
    done = subprocess.run(
        [sys.executable, "-c", SWAPPED.replace("ORDER", order)],
        capture_output=True, text=True, timeout=500, check=False,
        env={**os.environ, "FORYOU_CACHE_DIR": str(cache), "NUMBA_CACHE_DIR": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.large
def test_another_order_of_lines_changes_both_engines_alike(tmp_path: Path) -> None:
    one = _hashes("(boredom.find, boredom.note)", tmp_path / "one")
    # looked up behind it too, since what is noted goes where the first look found its place
    other = _hashes("(boredom.find, boredom.note, boredom.find)", tmp_path / "other")
    assert one[0] == one[1]
    assert other[0] == other[1]
    assert one[0] != other[0]


def test_the_moments_say_who_acts() -> None:
    assert moments.acting("meet")[:2] == ("exposure.show", "exposure.note_surface")
    assert "boredom.find" in moments.acting("meet")
    assert moments.acting("appeal")[0] == "interest.draw_taste"
    clicks = [a.name for a in ACTIONS if a.kind == "click"]
    assert moments.acting("act")[2:] == (
        *(f"act.{name}" for name in clicks), "browse.let_go", "inject.do_as_told"
    )  # fmt: skip


def test_a_click_without_formula_is_refused_and_a_formula_without_row_too() -> None:
    chances = dict(zip(("like",), moments.MOMENTS["act"][2].functions, strict=False))
    with pytest.raises(ForyouError, match="comment: is a click of the action table without"):
        Decide(chances)
    every = {
        name.removeprefix("act."): function
        for name, function in zip(
            moments.acting("act")[2:-2], moments.MOMENTS["act"][2].functions, strict=True
        )
    }
    with pytest.raises(ForyouError, match="applause: has a formula, but no row"):
        Decide({**every, "applause": every["like"]})


def test_a_function_that_takes_something_else_is_refused() -> None:
    def odd(world: Any, k: int) -> None:
        del world, k

    with pytest.raises(ForyouError, match="a moment hands over none of that"):
        view_of(odd)
    with pytest.raises(ForyouError, match="a moment hands over none of that"):
        Each(odd).fast()
